/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the BPF side of the ledger and user space share: plain __u64 structs, no pointers, no code.
 * Included after vmlinux.h in BPF programs. Times are CLOCK_MONOTONIC nanoseconds.
 */
#ifndef SCHEDLAB_OBSERVE_LEDGER_ABI_H
#define SCHEDLAB_OBSERVE_LEDGER_ABI_H

#ifndef __bpf__
#include <linux/types.h>
#endif

#define LEDGER_COMM_LEN 16
#define LEDGER_MAX_EPOCHS \
	16 /* changes of scheduler told apart in one capture; later ones share the last */
#define LEDGER_MAX_FRAMES 64 /* deepest stack kept */
#define LEDGER_MAX_ROWS \
	((1u << 24) - 2) /* most rows or edges: a row's key has 24 bits for its edge */
#define LEDGER_SLOTS 48	 /* power-of-two slots of a row: slot i counts [2^i, 2^(i+1)) ns */
#define LEDGER_MAX_CPUS \
	1024 /* CPUs whose cache domain is known; more work, but count as another cache */
#define LEDGER_HISTORY	  16 /* runs remembered per CPU to say who ran while a task waited */
#define LEDGER_SCHED_NAME 128

/* The intervals of docs/measurement: the first five partition a task's life, the others are sums of them. */
enum ledger_interval {
	LEDGER_RUNNING,			  /* switch in -> switch out */
	LEDGER_BLOCKED,			  /* switch out, not runnable -> waking */
	LEDGER_ACTIVATION,		  /* waking -> wakeup (on a run queue) */
	LEDGER_QUEUE,			  /* wakeup -> switch in */
	LEDGER_PREEMPT,			  /* switch out while runnable -> switch in */
	LEDGER_NR_STATES,		  /* how many partition a life */
	LEDGER_WAKEUP = LEDGER_NR_STATES, /* activation + queue: waking -> in */
	LEDGER_RUN_DELAY,		  /* each queue wait or preempt wait: what schedstat sums */
	LEDGER_OFFCPU,			  /* switch out -> switch in */
	LEDGER_NR_INTERVALS,
};

/* What a task is doing now; the interval that is open is the one of the same name. */
enum ledger_state {
	LEDGER_STATE_UNKNOWN,
	LEDGER_STATE_RUNNING,
	LEDGER_STATE_BLOCKED,
	LEDGER_STATE_ACTIVATING,
	LEDGER_STATE_QUEUED,
	LEDGER_STATE_PREEMPTED,
	LEDGER_STATE_DEAD,
};

/* Why a stack-row's task was off (or on) its CPU. */
enum ledger_why {
	LEDGER_WHY_SLEEP,     /* S: interruptible */
	LEDGER_WHY_DISK,      /* D: uninterruptible */
	LEDGER_WHY_OTHER,     /* stopped, traced, idle kernel thread */
	LEDGER_WHY_PREEMPTED, /* off the CPU but runnable */
	LEDGER_WHY_ON_CPU,    /* a CPU sample (--wall) */
};

/* Who wakes: a task, or an interrupt that happened to hit one. */
enum ledger_context {
	LEDGER_CONTEXT_TASK,
	LEDGER_CONTEXT_SOFTIRQ,
	LEDGER_CONTEXT_IRQ,
	LEDGER_CONTEXT_NMI,
};

/* Everything the instrument can lose or had to correct, each with a counter. Names: ledger_loss_name(). */
enum ledger_loss {
	LEDGER_LOSS_STORAGE,   /* task-local storage could not be had: that task is not followed */
	LEDGER_LOSS_RECURSION, /* a program was not run because it was running (kernel's count) */
	LEDGER_LOSS_NO_WAKING, /* a task came in from blocked without a waking: taken as preempted */
	LEDGER_LOSS_UNKNOWN_IN,	 /* first seen as it came in: its wait is not known */
	LEDGER_LOSS_CROSSED,	 /* interval that crossed a change of scheduler: in no histogram */
	LEDGER_LOSS_EPOCHS,	 /* changes of scheduler beyond LEDGER_MAX_EPOCHS */
	LEDGER_LOSS_ACCOUNTS,	 /* accounts of ended tasks that found the buffer full */
	LEDGER_LOSS_EVENTS,	 /* trace events that found the buffer full */
	LEDGER_LOSS_SLOW,	 /* slow waits that found the buffer full */
	LEDGER_LOSS_SPLIT,	 /* samples whose split key found the table full */
	LEDGER_LOSS_ROWS,	 /* off-CPU intervals whose row found the table full */
	LEDGER_LOSS_EDGES,	 /* wakeups whose row found the table full */
	LEDGER_LOSS_CHAINS,	 /* chains whose row found the table full */
	LEDGER_LOSS_STACKS,	 /* stacks that found the table full */
	LEDGER_LOSS_WALK_KERNEL, /* kernel stacks that could not be walked */
	LEDGER_LOSS_WALK_USER,	 /* user stacks that could not be walked */
	LEDGER_LOSS_SAMPLED,	 /* intervals left out by the budget's sampling */
	LEDGER_LOSS_DSQS,	 /* dispatch queues beyond the table */
	LEDGER_NR_LOSSES,
};

/* Not losses: what the instrument did. Per-CPU sums, read together with the losses. */
enum ledger_count {
	LEDGER_COUNT_SWITCHES, /* every sched_switch, idle included: compare with ctxt of /proc/stat */
	LEDGER_COUNT_WAKINGS,
	LEDGER_COUNT_PLACES, /* kernel stacks known again without a walk */
	LEDGER_COUNT_WALKS,  /* kernel stacks walked */
	LEDGER_COUNT_CHECKS, /* known again, and walked to check */
	LEDGER_COUNT_WRONG,  /* of those: how many were wrong */
	LEDGER_COUNT_USER_PLACES,
	LEDGER_COUNT_USER_WALKS,
	LEDGER_COUNT_USER_CHECKS,
	LEDGER_COUNT_USER_WRONG,
	LEDGER_COUNT_BEGUN, /* waits that had begun before the capture: in no histogram */
	LEDGER_COUNT_CTXT, /* the kernel's own count of switches meanwhile (filled in by user space) */
	LEDGER_COUNT_CENSORED, /* tasks' waits still open at the snapshot (filled in by user space) */
	LEDGER_NR_COUNTS,
};

/* One task's account. The sums of ns[] and the open interval add up to the time from first_ns on. */
struct ledger_account {
	__u64 tgid;
	__u64 pid;
	__u64 born_ns;	/* start of the task on CLOCK_BOOTTIME: with pid its identity */
	__u64 first_ns; /* followed since */
	__u64 last_ns; /* dead: when it left its CPU for the last time; alive: time of the snapshot */
	__u64 state;   /* enum ledger_state */
	__u64 since_ns; /* start of the open interval */
	__u64 cpu;	/* last CPU */
	__u64 cgroup;	/* id of its cgroup (v2) */
	__u64 policy;
	__u64 nice_plus_20;
	__u64 migrations;	    /* came in on another CPU than it left */
	__u64 ns[LEDGER_NR_STATES]; /* closed intervals, summed */
	__u64 count[LEDGER_NR_STATES];
	char comm[LEDGER_COMM_LEN];
};

/* A runnable wait that is open now (the guard's view). */
struct ledger_open_wait {
	__u64 tgid, pid;
	__u64 since_ns;	  /* 0: there is none */
	__u64 now_ns;	  /* when it was looked at */
	__u64 state;	  /* QUEUED, ACTIVATING or PREEMPTED */
	__u64 cpu;	  /* the CPU it waits for */
	__u64 sched_ext;  /* the waiting task is of the ext class */
	__u64 runner_pid; /* who has that CPU */
	__u64 runner_rt;  /* ... and whether that is a real-time or deadline task (or stop) */
	__u64 waiting;	  /* how many waits are open */
	char comm[LEDGER_COMM_LEN];
	char runner_comm[LEDGER_COMM_LEN];
};

/* A stack: return addresses from the innermost on. Its id is a hash of the addresses, never 0. */
struct ledger_stack {
	__u64 nr;
	__u64 ip[LEDGER_MAX_FRAMES];
};

/* Off-CPU (and, with --wall, on-CPU) time of one thread at one place. */
struct ledger_row {
	__u64 tgid, pid;
	__u64 born_ns;
	__u64 kernel_stack, user_stack; /* ids; 0: not taken or lost */
	__u64 why;			/* enum ledger_why */
	__u64 edge; /* who ended the waits: 1 + place among ledger_edges(); 0: not asked for, nobody, or lost */
	__u64 epoch;
	__u64 count;
	__u64 total_ns, min_ns, max_ns; /* switch out -> switch in */
	__u64 waiting_ns; /* of total_ns: runnable (waking -> in; all of it where preempted) */
	__u64 slots[LEDGER_SLOTS];
	char comm[LEDGER_COMM_LEN];
};

/* Who wakes whom. Latency is waking -> in. A waker in interrupt context has pid and tgid 0. */
struct ledger_edge {
	__u64 waker_tgid, waker_pid;
	__u64 context;			/* enum ledger_context */
	__u64 tgid, pid;		/* the wakee */
	__u64 kernel_stack, user_stack; /* the waker's */
	__u64 epoch;
	__u64 count;
	__u64 same_cpu, same_cache,
		other_cache; /* waker's CPU against the one the wakee came in on; sum to count */
	__u64 blocked_ns;    /* how long the wakee had been blocked, summed */
	__u64 total_ns, min_ns, max_ns; /* latency */
	__u64 slots[LEDGER_SLOTS];
	char waker_comm[LEDGER_COMM_LEN];
	char comm[LEDGER_COMM_LEN];
};

/* A woke B, B ran and woke C. */
struct ledger_chain {
	__u64 a_pid, a_context, b_pid, c_pid; /* a_pid 0: an interrupt */
	__u64 epoch;
	__u64 count;
	__u64 first_ns;	  /* latency of B after A's waking, summed */
	__u64 between_ns; /* B's coming in until it woke C, summed */
	__u64 second_ns;  /* latency of C after B's waking, summed */
	char a_comm[LEDGER_COMM_LEN], b_comm[LEDGER_COMM_LEN], c_comm[LEDGER_COMM_LEN];
};

/* Timeline events, in the order of their times per CPU. */
enum ledger_event_kind {
	LEDGER_EVENT_SWITCH, /* task: out, other: in; arg0: prev_state (LEDGER_PREEMPT_FLAG), arg1: prios */
	LEDGER_EVENT_WAKING, /* task: wakee, other: waker (0 from an interrupt), arg0: enum ledger_context, arg1: target CPU */
	LEDGER_EVENT_WAKEUP,  /* task: wakee is on a run queue of CPU arg1 */
	LEDGER_EVENT_MIGRATE, /* task, arg0: from CPU, arg1: to CPU */
	LEDGER_EVENT_FORK,    /* task: child, other: parent */
	LEDGER_EVENT_EXIT,    /* task */
	LEDGER_EVENT_NAME, /* task, arg0 and arg1: its comm, 16 bytes; before a task's first other event, and at renames */
	LEDGER_EVENT_EPOCH, /* arg0: epoch that begins */
};

#define LEDGER_PREEMPT_FLAG (1ULL << 63) /* in arg0 of a switch: the kernel preempted the task */

struct ledger_event {
	__u64 time_ns;
	__u64 kind_cpu; /* enum ledger_event_kind, CPU << 32 */
	__u64 task;	/* pid, tgid << 32 */
	__u64 other;	/* the same */
	__u64 arg0;
	__u64 arg1; /* a switch: prio of task, prio of other << 32 */
};

/* One run on a CPU, for "who ran meanwhile". */
struct ledger_run {
	__u64 pid;
	__u64 since_ns;
	char comm[LEDGER_COMM_LEN];
};

/* A wait at least as long as the threshold, told as it ends. */
struct ledger_slow {
	__u64 time_ns; /* its end */
	__u64 wait_ns;
	__u64 interval; /* LEDGER_WAKEUP or LEDGER_PREEMPT */
	__u64 cpu;
	__u64 tgid, pid;
	__u64 epoch;
	__u64 head; /* runs[head % LEDGER_HISTORY] is the oldest of the CPU's last runs */
	char comm[LEDGER_COMM_LEN];
	struct ledger_run runs[LEDGER_HISTORY];
};

/* Queue length met by an arriving task. sched_ext: of the dispatch queue it was put on; else of its CPU's run queue. */
#define LEDGER_QLEN_SLOTS 64
struct ledger_qlen {
	__u64 dsq; /* id of the DSQ; LEDGER_QLEN_RQ | cpu for a CPU's run queue */
	__u64 epoch;
	__u64 count;
	__u64 sum, max;
	__u64 slots[LEDGER_QLEN_SLOTS]; /* exact lengths, the last slot holds all longer ones */
};
#define LEDGER_QLEN_RQ	  (1ULL << 48)
#define LEDGER_QLEN_LOCAL (1ULL << 49) /* | cpu: the CPU's local DSQ */

/* An open wait of the cheapest form (ledger_waits.bpf.h). */
#define LEDGER_OPEN_SLOTS 32768
struct ledger_open_slot {
	__u64 owner;	  /* the task that waits; 0: free */
	__u64 since_kind; /* when it began, << 1, | its kind */
};

_Static_assert(sizeof(struct ledger_open_slot) == 16, "ledger_open_slot");
_Static_assert(sizeof(struct ledger_account) == (12 + 2 * LEDGER_NR_STATES) * 8 + 16,
	       "ledger_account");
_Static_assert(sizeof(struct ledger_open_wait) == 10 * 8 + 32, "ledger_open_wait");
_Static_assert(sizeof(struct ledger_stack) == (1 + LEDGER_MAX_FRAMES) * 8, "ledger_stack");
_Static_assert(sizeof(struct ledger_row) == (13 + LEDGER_SLOTS) * 8 + 16, "ledger_row");
_Static_assert(sizeof(struct ledger_edge) == (16 + LEDGER_SLOTS) * 8 + 32, "ledger_edge");
_Static_assert(sizeof(struct ledger_chain) == 9 * 8 + 48, "ledger_chain");
_Static_assert(sizeof(struct ledger_event) == 48, "ledger_event");
_Static_assert(sizeof(struct ledger_slow) == 8 * 8 + 16 + LEDGER_HISTORY * 32, "ledger_slow");
_Static_assert(sizeof(struct ledger_qlen) == (5 + LEDGER_QLEN_SLOTS) * 8, "ledger_qlen");

#endif
