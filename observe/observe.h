/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The ledger: where every task's time goes, as histograms, accounts and open waits. Public header of observe/.
 * Definitions of the intervals: docs/measurement.md. Stacks, wake edges and timeline events, which only the views
 * of this room need, are in ledger.h.
 *
 * Order of use: ledger_open, ledger_start, (ledger_poll | ledger_snapshot | ledger_oldest_wait)*, ledger_stop,
 * ledger_snapshot, ledger_close. One thread at a time. Needs CAP_BPF and CAP_PERFMON (or root).
 */
#ifndef SCHEDLAB_OBSERVE_OBSERVE_H
#define SCHEDLAB_OBSERVE_OBSERVE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/hist.h"
#include "observe/ledger_abi.h"

struct ledger;

/* What the histograms are split by, besides epoch and CPU, which always are. */
enum ledger_split {
	LEDGER_SPLIT_NONE,
	LEDGER_SPLIT_THREAD,
	LEDGER_SPLIT_PROCESS,
	LEDGER_SPLIT_COMM,
	LEDGER_SPLIT_CGROUP,
	LEDGER_SPLIT_NICE,
	LEDGER_SPLIT_CLASS, /* scheduling class: stop, deadline, rt, fair, ext, idle */
};

/* Zeroed: histograms of nothing, all tasks, no stacks. ledger_options_all() turns on what a result needs. */
struct ledger_options {
	uint32_t intervals; /* histograms to keep: 1u << enum ledger_interval, or-ed */
	bool accounts;	    /* one account per task */
	enum ledger_split split;
	uint32_t split_max; /* distinct split keys; 0: 512 */

	pid_t tgid; /* only this process; 0: all. Tested against wakee, prev and next, never the current task */
	const char *
		cgroup; /* only tasks at or below this cgroup: absolute path, or one below /sys/fs/cgroup; NULL: all */

	bool offcpu;	    /* rows per thread and place */
	bool wake_edges;    /* rows per waker and wakee */
	bool chains;	    /* with wake_edges: A woke B woke C */
	bool kernel_stacks; /* of rows and samples, and, with waker_stacks, of edges */
	bool user_stacks;
	bool waker_stacks; /* with wake_edges: where the waker stood */
	bool row_wakers;   /* with offcpu and wake_edges: rows also by who ended the wait */
	bool stacks_exact; /* check each whole stack, instead of knowing a place by its innermost part */
	uint64_t offcpu_min_ns, offcpu_max_ns; /* rows only for intervals within; max 0: no limit */
	uint32_t rows_max;		       /* 0: 16384; at most LEDGER_MAX_ROWS */
	uint32_t stacks_max;		       /* 0: 16384 */

	bool events;	       /* timeline events */
	uint32_t events_bytes; /* ring size, a power of two times the page; 0: 16 MiB */
	uint32_t sample_hz;    /* CPU samples with stacks per CPU and second; 0: none */
	bool slow;	       /* report single waits of at least slow_ns */
	uint64_t slow_ns;
	bool queue_lengths;

	double max_overhead; /* the budget: share of all CPUs' time (0.02 = 2 %); 0: no budget */
};

/* The intervals and accounts that go into result files and metrics: everything but stacks, rows and events. */
void ledger_options_all(struct ledger_options *options);

/*
 * Load the instrument, not yet attached. On an error *ledger is NULL and @error (@error_size bytes) holds one line for the user.
 * -ESRCH: no such process. -ENOENT: no such cgroup. -EPERM: privilege. -ENOTSUP: the kernel lacks what it needs.
 * -EINVAL: options that do not go together. -ENOMEM.
 */
int ledger_open(const struct ledger_options *options, struct ledger **ledger, char *error,
		size_t error_size);
/* Attach: the capture begins. Returns 0 or -errno. */
int ledger_start(struct ledger *ledger);
/* Detach: the capture ends; all that was seen stays readable. Returns 0 or -errno. */
int ledger_stop(struct ledger *ledger);
/* Release all; NULL is allowed. */
void ledger_close(struct ledger *ledger);

/*
 * Wait up to @timeout_ms for records and take them in (accounts of ended tasks, events, slow waits), watch the
 * scheduler and the budget. Call it at least every second. Returns records taken, or -errno (-EINTR on a signal).
 */
int ledger_poll(struct ledger *ledger, int timeout_ms);

/* From start_ns to end_ns @scheduler was active: the name in sysfs's root/ops, or "default". */
struct ledger_epoch {
	uint64_t start_ns, end_ns; /* end_ns 0: still is */
	char scheduler[LEDGER_SCHED_NAME];
};

/* One key of a split and its histograms, [epoch * LEDGER_NR_INTERVALS + interval] summed over epochs: by interval only. */
struct ledger_split_hists {
	char name
		[160]; /* as shown: "1234 comm", a cgroup's path, "nice 5", ... not cleaned for terminals */
	uint64_t id;				/* pid, tgid, cgroup id, nice + 20; 0 for a comm */
	struct hist hists[LEDGER_NR_INTERVALS]; /* buckets NULL where not asked for */
};

/* All that the ledger knows at one moment. Owned by the caller; ledger_snapshot_free() releases it. */
struct ledger_snapshot {
	uint64_t start_ns, time_ns; /* the capture's begin; this snapshot, or the capture's end */
	unsigned int nr_cpus;	    /* possible CPUs */
	unsigned int nr_epochs;
	struct ledger_epoch epochs[LEDGER_MAX_EPOCHS];
	uint32_t intervals; /* which histograms are there */
	/* Summed over CPUs; sub_bits HIST_SUB_BITS_LEDGER; buckets NULL where not asked for. */
	struct hist hists[LEDGER_MAX_EPOCHS][LEDGER_NR_INTERVALS];
	/* Per CPU, summed over epochs: [cpu * LEDGER_NR_INTERVALS + interval]; NULL unless asked for. */
	struct hist *cpu_hists;
	struct ledger_split_hists *splits;
	size_t nr_splits;
	struct ledger_account *tasks; /* living and dead, by first_ns; NULL without accounts */
	size_t nr_tasks;
	uint64_t losses[LEDGER_NR_LOSSES];
	uint64_t counts[LEDGER_NR_COUNTS];
};

#define LEDGER_SNAPSHOT_CPUS  1u /* fill cpu_hists */
#define LEDGER_SNAPSHOT_TASKS 2u /* fill tasks (walks all tasks of the system) */

/* Returns 0, -ENOMEM or -errno. */
int ledger_snapshot(struct ledger *ledger, unsigned int flags, struct ledger_snapshot *snapshot);
void ledger_snapshot_free(struct ledger_snapshot *snapshot);
/* A fresh copy of @from without its tasks into @to, to be released like a snapshot. Returns 0 or -ENOMEM (@to is empty). */
int ledger_snapshot_copy(const struct ledger_snapshot *from, struct ledger_snapshot *to);
/* @into -= @earlier of the same ledger: histograms, splits, losses and counts; tasks and epochs stay. Returns 0 or -ERANGE. */
int ledger_snapshot_subtract(struct ledger_snapshot *into, const struct ledger_snapshot *earlier);
/* The histogram of @interval over all epochs of @snapshot into the uninitialised @out. Returns 0, -ENOENT or -ENOMEM. */
int ledger_snapshot_hist(const struct ledger_snapshot *snapshot, enum ledger_interval interval,
			 struct hist *out);

/* The runnable wait that is open the longest (since_ns 0: none). Needs no snapshot; walks all tasks. Returns 0 or -errno. */
int ledger_oldest_wait(struct ledger *ledger, struct ledger_open_wait *wait);

/*
 * The histogram of @interval since the last call for it (or the start) into the uninitialised @out: a sliding window
 * for a guard's rules. Returns 0 or -errno.
 */
int ledger_window(struct ledger *ledger, enum ledger_interval interval, struct hist *out);

/* How the identities hold: sums over the tasks of a snapshot taken with LEDGER_SNAPSHOT_TASKS. */
struct ledger_identities {
	uint64_t wall_ns;	/* of all tasks followed, from first to last */
	uint64_t accounted_ns;	/* closed and open intervals */
	uint64_t worst_task_ns; /* largest |wall - accounted| of one task */
	uint64_t run_delay_ns;	/* queue + preempt waits, closed */
	uint64_t censored;	/* runnable waits still open */
	uint64_t switches;
};
void ledger_identities(const struct ledger_snapshot *snapshot,
		       struct ledger_identities *identities);

/* What the budget has shed so far. */
enum ledger_shed {
	LEDGER_SHED_NOTHING,
	LEDGER_SHED_STACKS,
	LEDGER_SHED_SAMPLES,
	LEDGER_SHED_ALL, /* detached */
};

/* The instrument's own cost. */
struct ledger_cost {
	uint64_t runs;	 /* BPF program runs while measured */
	uint64_t run_ns; /* their time */
	double share; /* of all online CPUs' time, last measured; 0 before the first measurement */
	enum ledger_shed shed;
	uint32_t sample_factor; /* one interval of so many is kept (1: all) */
	uint64_t memory_bytes;	/* of all maps */
};
int ledger_cost(struct ledger *ledger, struct ledger_cost *cost);

/* "running", "blocked", ... as in result files. */
const char *ledger_interval_name(enum ledger_interval interval);
/* "storage", "no_waking", ... */
const char *ledger_loss_name(enum ledger_loss loss);
const char *ledger_count_name(enum ledger_count count);
const char *ledger_split_name(enum ledger_split split);

/*
 * The "ledger", "identities" and "losses" objects of a result. Names are made valid UTF-8. NULL on lack of memory.
 * The first: {"start_ns","time_ns","epochs":[{"scheduler","start_ns","end_ns","intervals":{name:HIST}}],"intervals":{name:HIST},
 * "splits":[{"name","id","intervals"}],"tasks":[{"pid","tgid","comm","first_ns","last_ns","ns":{},"count":{}}],"counts":{}}.
 */
json_t *ledger_to_json(const struct ledger_snapshot *snapshot);
json_t *ledger_identities_to_json(const struct ledger_identities *identities);
json_t *ledger_losses_to_json(const struct ledger_snapshot *snapshot);
/* {"runs","run_ns","share","shed","sample_factor","memory_bytes"} */
json_t *ledger_cost_to_json(const struct ledger_cost *cost);

/* --- pictures of a capture, for a result file's side --------------------------------------------------------- */

/*
 * NAME.offcpu.svg and NAME.wakeups.svg beside a result NAME.json: the off-CPU flame graph and the graph of who wakes
 * whom, as `schedlab offcpu --svg` and `schedlab wakeups --dot` tell them. Order of use:
 *
 *	ledger_options_all(&options);			accounts and histograms as ever
 *	ledger_options_graphs(&options);		and what the pictures need: it costs, so only where asked for
 *	ledger_open(&options, &ledger, ...);
 *	ledger_graphs_open(ledger, &graphs);
 *	ledger_start(ledger);
 *	while (...) { ledger_poll(ledger, 100); ledger_graphs_remember(graphs); }
 *	ledger_stop(ledger);
 *	ledger_graphs_write_offcpu(graphs, title, "NAME.offcpu.svg");
 *	ledger_graphs_write_wakeups(graphs, title, "NAME.wakeups.svg");
 *	ledger_graphs_close(graphs);			before ledger_close()
 */
struct ledger_graphs;

/* Add to @options what the pictures need: off-CPU rows with kernel and user stacks, and wake edges. */
void ledger_options_graphs(struct ledger_options *options);
/* A fresh symbolizer for @ledger, which stays the caller's. Returns 0 or -ENOMEM (*graphs NULL). */
int ledger_graphs_open(struct ledger *ledger, struct ledger_graphs **graphs);
/*
 * Read the mappings of the processes that are there now, so that their addresses can be named after they have ended:
 * once after the start, and every second or so while processes come and go. Cheap when nothing is new.
 */
void ledger_graphs_remember(struct ledger_graphs *graphs);
/*
 * Draw what the ledger has seen so far into @path (written whole or not at all; "-": standard output) under @title
 * (NULL: one of its own). Calls that come after an end of the capture draw the same bytes each time.
 * Returns 0, -ENOMEM or -errno of the file.
 */
int ledger_graphs_write_offcpu(struct ledger_graphs *graphs, const char *title, const char *path);
int ledger_graphs_write_wakeups(struct ledger_graphs *graphs, const char *title, const char *path);
/* NULL is allowed. */
void ledger_graphs_close(struct ledger_graphs *graphs);

/* The room's commands; each gives an exit status. */
int cmd_runqlat(int argc, char **argv);
int cmd_cpudist(int argc, char **argv);
int cmd_wakeups(int argc, char **argv);
int cmd_offcpu(int argc, char **argv);
int cmd_trace(int argc, char **argv);
int cmd_top(int argc, char **argv);

#endif
