/* SPDX-License-Identifier: GPL-2.0 */
/* The ledger's user side, shared by ledger*.c and nobody else. */
#ifndef SCHEDLAB_OBSERVE_LEDGER_INTERNAL_H
#define SCHEDLAB_OBSERVE_LEDGER_INTERNAL_H

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "bpf/hist.bpf.h"
#include "observe/ledger.h"
#include "observe/ledger.skel.h"

/* The same as in ledger_maps.bpf.h. */
struct counters {
	uint64_t losses[LEDGER_NR_LOSSES];
	uint64_t counts[LEDGER_NR_COUNTS];
	uint64_t turn, address;
};

struct split_name {
	uint64_t a, b; /* the key */
	unsigned long long id;
	char comm[LEDGER_COMM_LEN];
};

#define LEDGER_MAX_DEAD \
	8192 /* accounts of ended tasks kept; the sums of later ones go into one account */

struct ledger_accounts {
	struct ledger_account *entries;
	size_t nr, capacity;
};

/* A table as it was last read for a difference. */
struct ledger_table_before {
	void *entries;
	size_t nr;
};

enum ledger_tables {
	TABLE_ROWS,
	TABLE_EDGES,
	TABLE_CHAINS,
	TABLE_QLENS,
	NR_TABLES,
};

struct ledger_budget {
	int stats_fd;	     /* keeps the kernel's run time statistics on */
	uint64_t checked_ns; /* time, runs and run time at the last check */
	uint64_t runs, run_ns;
	double share;
	enum ledger_shed shed;
	uint32_t factor;
};

/* What samples one CPU: @link is NULL while that is offline, and owns @fd. */
struct ledger_sample {
	struct bpf_link *link;
	int fd;
	uint64_t clock_ns; /* as last read */
};

struct ledger {
	struct ledger_options options;
	struct ledger_bpf *bpf;
	struct ring_buffer *records, *events;
	unsigned int nr_cpus;		     /* possible */
	uint32_t slots[LEDGER_NR_INTERVALS]; /* as cfg_slot */
	uint32_t nr_hists;
	unsigned int max_epochs; /* 1 without sched_ext */
	bool full;
	bool only_waits; /* the cheapest form */
	bool attached;
	bool epoch_programs; /* else sysfs is watched */
	uint64_t start_ns, stop_ns;
	uint64_t base_ctxt, base_switches; /* read together once all was attached */
	uint64_t stop_ctxt;
	char first_scheduler[LEDGER_SCHED_NAME];
	struct ledger_accounts dead, living; /* living: filled by ledger_stop() */
	struct hist windows[LEDGER_NR_INTERVALS];
	struct ledger_table_before before[NR_TABLES];
	struct ledger_sample *samples; /* one a CPU; NULL: none wanted */
	ledger_event_fn on_event;
	void *event_context;
	ledger_slow_fn on_slow;
	void *slow_context;
	struct ledger_budget budget;
};

/* Program runs and run time so far, and recursion misses, over all programs. */
struct ledger_program_sums {
	uint64_t runs, run_ns, misses;
};
void ledger_program_sums(const struct ledger *ledger, struct ledger_program_sums *sums);

/* Switches, map sizes and optional programs from the options, before loading. */
void ledger_configure(struct ledger *ledger);
/* Check the budget once a second and shed. */
void ledger_budget_check(struct ledger *ledger);
/* The accounts of living tasks, appended. Returns 0 or -errno. */
int ledger_read_living(struct ledger *ledger, struct ledger_accounts *into);
int ledger_accounts_add(struct ledger_accounts *accounts, const struct ledger_account *account);
/* Count the runnable waits that are open, into the bpf side's `oldest`. */
int ledger_find_oldest(struct ledger *ledger);
/* The histogram at @index of @map summed over CPUs, or of @cpu (>= 0), into the initialised @out. */
int ledger_read_hist(const struct ledger *ledger, uint32_t index, int cpu, struct hist *out);
void ledger_add_hist_bpf(struct hist *out, const struct hist_bpf *from);

/* Switches since boot, by /proc/stat; 0 where it cannot be read. */
uint64_t ledger_kernel_switches(void);
/* Losses and counts summed over CPUs. Returns 0, -ENOMEM or -errno. */
int ledger_sum_counters(const struct ledger *ledger, uint64_t losses[LEDGER_NR_LOSSES],
			uint64_t counts[LEDGER_NR_COUNTS]);
/* The path of the cgroup with @id below the root, or its number, into @out. */
void ledger_cgroup_name(uint64_t id, char *out, size_t size);

#endif
