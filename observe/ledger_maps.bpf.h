/* SPDX-License-Identifier: GPL-2.0 */
/* Maps, switches and counters of ledger.bpf.c. User space sets the sizes before loading; what is off has one entry. */
#ifndef SCHEDLAB_OBSERVE_LEDGER_MAPS_BPF_H
#define SCHEDLAB_OBSERVE_LEDGER_MAPS_BPF_H

#define LEDGER_NO_ROW 0xffffffffu

/* Switches: constants to the verifier, which drops the code of what is off. */
const volatile bool
	cfg_full; /* follow every state (accounts and the finer intervals), not only waits */
const volatile bool cfg_cpu_counts; /* count switches and wakings */
const volatile __u32 cfg_nr_hists;  /* histograms per epoch */
const volatile __u32
	cfg_slot[LEDGER_NR_INTERVALS]; /* 1 + place of the interval's histogram; 0: off */
const volatile __u32 cfg_split;	       /* enum ledger_split */
const volatile __u32 cfg_split_max;
const volatile __u32 cfg_tgid;
const volatile __u64 cfg_cgroup; /* id; 0: all */
const volatile __u32 cfg_cgroup_level;
const volatile bool cfg_rows;
const volatile bool cfg_row_wakers; /* rows are kept apart by who ended the wait */
const volatile bool cfg_edges;
const volatile bool cfg_chains;
const volatile bool cfg_waker_kernel; /* stacks of edges */
const volatile bool cfg_waker_user;
const volatile bool cfg_kernel_stacks;
const volatile bool cfg_user_stacks;
const volatile bool cfg_exact;
const volatile __u64 cfg_min_ns;
const volatile __u64 cfg_max_ns = ~0ULL;
const volatile __u32 cfg_rows_max;
const volatile bool cfg_events;
const volatile __u64 cfg_sample_period_ns;
const volatile bool cfg_slow;
const volatile bool cfg_queue_lengths;
const volatile bool cfg_sched_ext; /* the kernel has it */
const volatile bool cfg_budget;
const volatile bool cfg_know_places = true; /* the stack layout is one we can look at (x86) */
const volatile __u8 cfg_cache_of[LEDGER_MAX_CPUS]; /* last-level cache of a CPU */

/* What user space changes or reads while running. */
__u64 slow_ns;
__u32 stopped; /* the capture has ended, detaching goes on */
__u32 shed_stacks;
__u32 sample_mask; /* budget: follow one wait of mask + 1 */
__u32 epoch;	   /* index of the current one */
__u64 epoch_start_ns[LEDGER_MAX_EPOCHS];
__u64 epoch_kind[LEDGER_MAX_EPOCHS]; /* 0 default, 1 changing, 2 a scheduler: epoch_name */
char epoch_name[LEDGER_MAX_EPOCHS][LEDGER_SCHED_NAME];
__u32 rows_used;
__u32 edges_used;
__u32 chains_used;
__u32 qlens_used;
__u32 splits_used;
struct ledger_open_wait oldest;
__u64 ext_class; /* address of sched_ext's class; 0: none, or not to be known */

/* A user stack, and where user space stood when it was taken: there again, it need not be walked. */
struct user_place {
	__u64 stack; /* id; 0: none */
	__u64 ip, sp, bp;
	__u64 uses;
};

/* What is known of a task; dies with it. About 400 bytes. */
struct task {
	__u64 waking_ns; /* waking of the wait that is open; 0: none */
	__u64 since_ns;	 /* start of the open interval (cfg_full), or of a preempt wait */
	__u64 out_ns;	 /* last switch out */
	__u32 state;
	__u32 cpu;
	__u32 why;
	__u32 named;
	__u32 skip; /* this wait is left out by the budget */
	__u32 edge; /* row of the waking that is open */
	__u32 chain;
	__u32 row; /* last off-CPU row, and its key */
	__u64 row_kernel;
	__u64 row_user;
	__u32 row_why;
	__u32 row_epoch;
	struct user_place user;	      /* of the last switch out */
	struct user_place waker_user; /* of the last waking it did */
	__u32 edge_context;	      /* key of the last edge */
	__u64 edge_waker;
	__u64 edge_stack, edge_user_stack;
	__u32 edge_epoch;
	__u32 waker_cpu;
	__u32 row_edge;
	__u32 woken;	/* since it last blocked it was woken, by: */
	__u64 woken_by; /* pid; 0: an interrupt */
	__u64 woken_context;
	__u64 woken_late_ns;
	__u64 woken_in_ns; /* ... and came in */
	__u64 chain_first_ns, chain_between_ns;
	__u64 in_ns; /* last switch in */
	__u64 first_ns;
	__u64 migrations;
	__u64 ns[LEDGER_NR_STATES];
	__u64 count[LEDGER_NR_STATES];
};

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct task);
} tasks SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct hist_bpf);
} hists SEC(".maps");

struct counters {
	__u64 losses[LEDGER_NR_LOSSES];
	__u64 counts[LEDGER_NR_COUNTS];
	__u64 turn;    /* for sampling and checks */
	__u64 address; /* scratch, see as_number() */
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct counters);
} counters SEC(".maps");

static __always_inline struct counters *my_counters(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&counters, &zero);
}

static __always_inline void lost(enum ledger_loss what)
{
	struct counters *c = my_counters();

	if (c)
		c->losses[what]++;
}

static __always_inline void counted(enum ledger_count what)
{
	struct counters *c = my_counters();

	if (c)
		c->counts[what]++;
}

/*
 * A free row of @table, an array of at most @max rows of which @used are taken, for @key, which @index, a hash, has from
 * now on. Returns the row and, in @at, its number; NULL where the table is full or another CPU has just put in the key.
 */
static __always_inline void *table_new(void *table, void *index, const void *key, __u32 *used,
				       __u32 max, __u32 *at)
{
	void *row;

	*at = *used < max ? __sync_fetch_and_add(used, 1) : LEDGER_NO_ROW;
	row = bpf_map_lookup_elem(table, at);
	return row && !bpf_map_update_elem(index, key, at, BPF_NOEXIST) ? row : NULL;
}

/* Keys of splits, and their histograms: shared by the CPUs, updated atomically. */
struct split_key {
	__u64 a, b;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__type(key, struct split_key);
	__type(value, __u32);
} split_index SEC(".maps");

struct split_name {
	struct split_key key;
	__u64 id;
	char comm[LEDGER_COMM_LEN];
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct split_name);
} split_names SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct hist_bpf);
} split_hists SEC(".maps");

/* Off-CPU rows, wake edges, chains, queue lengths: a row has one writer at a time (its task), save the last. */
struct row_key {
	__u64 pid_why_epoch_edge; /* pid | why << 32 | epoch << 36 | edge << 40 */
	__u64 born_ns;
	__u64 kernel_stack;
	__u64 user_stack;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__type(key, struct row_key);
	__type(value, __u32);
} row_index SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct ledger_row);
} rows SEC(".maps");

struct edge_key {
	__u64 pids;	     /* wakee | waker << 32 */
	__u64 context_epoch; /* context | epoch << 32 */
	__u64 kernel_stack;
	__u64 user_stack;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__type(key, struct edge_key);
	__type(value, __u32);
} edge_index SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct ledger_edge);
} edges SEC(".maps");

struct chain_key {
	__u64 a_context; /* pid of A | context << 32 */
	__u64 b_c;	 /* pid of B | pid of C << 32 */
	__u64 epoch;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__type(key, struct chain_key);
	__type(value, __u32);
} chain_index SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct ledger_chain);
} chains SEC(".maps");

struct qlen_key {
	__u64 dsq, epoch;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__type(key, struct qlen_key);
	__type(value, __u32);
} qlen_index SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct ledger_qlen);
} qlens SEC(".maps");

/* Stacks by content. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__type(key, __u64);
	__type(value, struct ledger_stack);
} stacks SEC(".maps");

/* Accounts of ended tasks, slow waits; and, apart, the timeline. */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 20);
} records SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} events SEC(".maps");

struct history {
	__u64 head;
	struct ledger_run runs[LEDGER_HISTORY];
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct history);
} histories SEC(".maps");

#endif
