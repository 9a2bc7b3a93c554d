// SPDX-License-Identifier: GPL-2.0
/*
 * The ledger: follows every task through the states of docs/measurement.md and sums what it sees. It decides nothing,
 * symbolizes nothing and never touches a scheduler. Each program states its cost and what it can miss; figures are
 * instructions on x86-64 apart from the tracepoint's own dispatch (about 60) and the clock (about 40).
 */
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "bpf/hist.bpf.h"
#include "observe/ledger_abi.h"

#define PF_KTHREAD	0x00200000
#define TASK_DEAD	0x00000080
#define TASK_NOLOAD	0x00000400
#define PREEMPT_NMI	0x00f00000
#define PREEMPT_HARDIRQ 0x000f0000
#define PREEMPT_SOFTIRQ 0x00000100 /* serving one; the rest of the byte means only "disabled" */

#include "observe/ledger_maps.bpf.h"
#include "observe/ledger_epoch.bpf.h"
#include "observe/ledger_stacks.bpf.h"

/* x86 keeps the preemption count per CPU: in a variable of its own, before 6.15 in a struct. */
struct pcpu_hot___6_14 {
	int preempt_count;
} __attribute__((preserve_access_index));

extern const int __preempt_count __ksym __weak;
extern const struct pcpu_hot___6_14 pcpu_hot __ksym __weak;
extern const struct rq runqueues __ksym __weak;
extern int bpf_iter_task_new(struct bpf_iter_task *it, struct task_struct *task,
			     unsigned int flags) __ksym;
extern struct task_struct *bpf_iter_task_next(struct bpf_iter_task *it) __ksym;
extern void bpf_iter_task_destroy(struct bpf_iter_task *it) __ksym;
extern void bpf_rcu_read_lock(void) __ksym;
extern void bpf_rcu_read_unlock(void) __ksym;

char _license[] SEC("license") = "GPL";

#define KEEP(interval) (cfg_slot[interval] != 0)
#define MUST_WAIT      (cfg_rows || cfg_slow || cfg_full)

static __always_inline __u64 task_id(const struct task_struct *p)
{
	return (__u32)p->pid | (__u64)p->tgid << 32;
}

static __always_inline bool in_cgroup(struct task_struct *p)
{
	struct cgroup *cgroup = p->cgroups->dfl_cgrp, *ancestor;
	__u64 slot;

	if (cgroup->level < (int)cfg_cgroup_level)
		return false;
	slot = (__u64)__builtin_preserve_access_index(&cgroup->ancestors) +
	       cfg_cgroup_level * sizeof(void *);
	if (bpf_probe_read_kernel(&ancestor, sizeof(ancestor), (void *)slot))
		return false;
	return BPF_CORE_READ(ancestor, kn, id) == cfg_cgroup;
}

/* Whether the filters let @p through: always the task the event is about, never just the current one. */
static __always_inline bool followed(struct task_struct *p)
{
	if (cfg_tgid && p->tgid != (int)cfg_tgid)
		return false;
	return !cfg_cgroup || in_cgroup(p);
}

static __always_inline struct task *storage(struct task_struct *p)
{
	struct task *t = bpf_task_storage_get(&tasks, p, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);

	if (!t)
		lost(LEDGER_LOSS_STORAGE);
	return t;
}

/* --- histograms --------------------------------------------------------------------------------------- */

enum sched_classes {
	CLASS_FAIR,
	CLASS_RT,
	CLASS_DEADLINE,
	CLASS_STOP,
	CLASS_EXT,
	CLASS_IDLE
};

static __always_inline __u64 class_of(const struct task_struct *p)
{
	if (p->prio < 0)
		return CLASS_DEADLINE;
	if (p->prio < 100)
		return p->policy == 0 ? CLASS_STOP : CLASS_RT;
	if (p->policy == 7)
		return CLASS_EXT;
	return p->policy == 5 ? CLASS_IDLE : CLASS_FAIR;
}

static __always_inline __u64 split_id(struct task_struct *p)
{
	switch (cfg_split) {
	case 1:
		return p->pid;
	case 2:
		return p->tgid;
	case 4:
		return BPF_CORE_READ(p, cgroups, dfl_cgrp, kn, id);
	case 5:
		return p->static_prio - 100;
	case 6:
		return class_of(p);
	}
	return 0;
}

static __noinline int split_new(struct task_struct *p, const struct split_key *key, __u64 id)
{
	__u32 at = __sync_fetch_and_add(&splits_used, 1);
	struct split_name *name;

	if (!p || !key || at >= cfg_split_max)
		return -1;
	name = bpf_map_lookup_elem(&split_names, &at);
	if (!name || bpf_map_update_elem(&split_index, key, &at, BPF_NOEXIST))
		return -1;
	name->key = *key;
	name->id = id;
	bpf_probe_read_kernel_str(name->comm, sizeof(name->comm), p->comm);
	return at;
}

/* An atomic maximum: @where only grows. */
static __always_inline void raise(__u64 *where, __u64 value)
{
	__u64 seen = *where;
	int i;

	for (i = 0; i < 8 && value > seen; i++) {
		__u64 was = __sync_val_compare_and_swap(where, seen, value);

		if (was == seen)
			return;
		seen = was;
	}
}

static __noinline int split_add(struct task_struct *p, __u32 slot, __u64 ns)
{
	struct split_key key = {};
	struct hist_bpf *hist;
	__u32 at, *known, index;
	__u64 id;

	if (!p)
		return 0;
	id = split_id(p);
	key.a = id;
	if (cfg_split == 1)
		key.b = p->start_boottime;
	else if (cfg_split == 2)
		key.b = BPF_CORE_READ(p, group_leader, start_boottime);
	else if (cfg_split == 3)
		bpf_probe_read_kernel_str(&key, sizeof(key), p->comm);
	known = bpf_map_lookup_elem(&split_index, &key);
	if (known) {
		at = *known;
	} else {
		int fresh = split_new(p, &key, id);

		if (fresh < 0) {
			return -1;
		}
		at = fresh;
	}
	at = at * cfg_nr_hists + slot;
	hist = bpf_map_lookup_elem(&split_hists, &at);
	index = hist_bpf_index(ns);
	asm volatile("" : "+r"(index));
	if (!hist || index >= HIST_BPF_BUCKETS)
		return 0;
	__sync_fetch_and_add(&hist->buckets[index], 1);
	__sync_fetch_and_add(&hist->sum, ns);
	raise(&hist->max, ns);
	raise(&hist->not_min, ~ns);
	return 0;
}

/* One closed interval of @p that began at @start. */
static __always_inline void record(enum ledger_interval interval, struct task_struct *p,
				   __u64 start, __u64 now)
{
	struct hist_bpf *hist;
	__u32 at, e = epoch;

	if (!KEEP(interval))
		return;
	at = cfg_slot[interval] - 1;
	if (e) {
		if (e >= LEDGER_MAX_EPOCHS || start < epoch_start_ns[e]) {
			lost(LEDGER_LOSS_CROSSED);
			return;
		}
		at += e * cfg_nr_hists;
	}
	hist = bpf_map_lookup_elem(&hists, &at);
	if (hist)
		hist_bpf_add(hist, now - start);
	if (cfg_split && split_add(p, cfg_slot[interval] - 1, now - start))
		lost(LEDGER_LOSS_SPLIT);
}

/* Close the interval of @state that is open and add it to the account. */
static __always_inline void close(struct task *t, enum ledger_interval state, struct task_struct *p,
				  __u64 now)
{
	t->ns[state] += now - t->since_ns;
	t->count[state]++;
	record(state, p, t->since_ns, now);
}

/* --- off-CPU rows --------------------------------------------------------------------------------------- */

static __always_inline void slot_add(__u64 *slots, __u64 ns)
{
	__u32 at = hist_bpf_log2_u64(ns);

	if (at >= LEDGER_SLOTS)
		at = LEDGER_SLOTS - 1;
	asm volatile("" : "+r"(at));
	if (at < LEDGER_SLOTS)
		slots[at]++;
}

static __noinline int row_find(struct task_struct *p, __u64 kernel, __u64 user, __u32 why)
{
	struct row_key key = {};
	struct ledger_row *row;
	__u32 *known, at;

	if (!p)
		return -1;
	key.pid_why_epoch = (__u32)p->pid | (__u64)why << 32 | (__u64)epoch << 48;
	key.born_ns = p->start_boottime;
	key.kernel_stack = kernel;
	key.user_stack = user;
	known = bpf_map_lookup_elem(&row_index, &key);
	if (known)
		return *known;
	at = rows_used < cfg_rows_max ? __sync_fetch_and_add(&rows_used, 1) : LEDGER_NO_ROW;
	row = bpf_map_lookup_elem(&rows, &at);
	if (!row || bpf_map_update_elem(&row_index, &key, &at, BPF_NOEXIST)) {
		lost(LEDGER_LOSS_ROWS);
		return -1;
	}
	row->tgid = p->tgid;
	row->pid = p->pid;
	row->born_ns = key.born_ns;
	row->kernel_stack = kernel;
	row->user_stack = user;
	row->why = why;
	row->epoch = epoch;
	row->min_ns = ~0ULL;
	bpf_probe_read_kernel_str(row->comm, sizeof(row->comm), p->comm);
	return at;
}

static __always_inline void row_add(__u32 at, __u64 ns, __u64 waiting_ns)
{
	struct ledger_row *row = bpf_map_lookup_elem(&rows, &at);

	if (!row)
		return;
	row->count++;
	row->total_ns += ns;
	row->waiting_ns += waiting_ns;
	if (ns < row->min_ns)
		row->min_ns = ns;
	if (ns > row->max_ns)
		row->max_ns = ns;
	slot_add(row->slots, ns);
}

/*
 * @p comes in after being off since t->out_ns: its kernel stack is as it was when it left, so only now that the length
 * is known is it taken, and only for waits that are wanted.
 */
static __always_inline void off_cpu(void *ctx, struct task *t, struct task_struct *p, __u64 now)
{
	__u64 ns = now - t->out_ns, kernel = 0, user = 0, waiting;
	int at;

	if (!t->out_ns || t->skip || ns < cfg_min_ns || ns > cfg_max_ns)
		return;
	if (!shed_stacks) {
		if (cfg_kernel_stacks)
			kernel = kernel_stack(ctx, p, p->thread.sp, 0);
		if (cfg_user_stacks)
			user = t->user_stack;
	}
	if (t->row != 0 && t->row_kernel == kernel && t->row_user == user && t->row_why == t->why &&
	    t->row_epoch == epoch) {
		at = t->row - 1;
	} else {
		at = row_find(p, kernel, user, t->why);
		if (at < 0)
			return;
		t->row = at + 1;
		t->row_kernel = kernel;
		t->row_user = user;
		t->row_why = t->why;
		t->row_epoch = epoch;
	}
	waiting = t->why == LEDGER_WHY_PREEMPTED ? ns
		  : t->waking_ns > t->out_ns	 ? now - t->waking_ns
						 : 0;
	row_add(at, ns, waiting);
}

static __always_inline __u32 why_of(bool runnable, unsigned int prev_state)
{
	if (runnable)
		return LEDGER_WHY_PREEMPTED;
	if (prev_state & TASK_NOLOAD)
		return LEDGER_WHY_OTHER;
	if (prev_state & 1)
		return LEDGER_WHY_SLEEP;
	return prev_state & 2 ? LEDGER_WHY_DISK : LEDGER_WHY_OTHER;
}

/* --- wake edges and chains --------------------------------------------------------------------------------- */

/* What runs now: a task, or an interrupt that happened to hit one. */
static __always_inline __u32 context_now(void)
{
	__u32 count = 0;

	if (bpf_ksym_exists(&__preempt_count))
		count = *(int *)bpf_this_cpu_ptr(&__preempt_count);
	else if (bpf_ksym_exists(&pcpu_hot))
		count = ((struct pcpu_hot___6_14 *)bpf_this_cpu_ptr(&pcpu_hot))->preempt_count;
	if (count & PREEMPT_NMI)
		return LEDGER_CONTEXT_NMI;
	if (count & PREEMPT_HARDIRQ)
		return LEDGER_CONTEXT_IRQ;
	return count & PREEMPT_SOFTIRQ ? LEDGER_CONTEXT_SOFTIRQ : LEDGER_CONTEXT_TASK;
}

static __noinline int edge_find(const struct edge_key *key, struct task_struct *p,
				struct task_struct *waker, __u32 context)
{
	struct ledger_edge *edge;
	__u32 *known, at;

	if (!key || !p || !waker)
		return -1;
	known = bpf_map_lookup_elem(&edge_index, key);
	if (known)
		return *known;
	at = edges_used < cfg_rows_max ? __sync_fetch_and_add(&edges_used, 1) : LEDGER_NO_ROW;
	edge = bpf_map_lookup_elem(&edges, &at);
	if (!edge || bpf_map_update_elem(&edge_index, key, &at, BPF_NOEXIST)) {
		lost(LEDGER_LOSS_EDGES);
		return -1;
	}
	edge->context = context;
	if (context == LEDGER_CONTEXT_TASK) {
		edge->waker_tgid = waker->tgid;
		edge->waker_pid = waker->pid;
		bpf_probe_read_kernel_str(edge->waker_comm, sizeof(edge->waker_comm), waker->comm);
	}
	edge->tgid = p->tgid;
	edge->pid = p->pid;
	edge->kernel_stack = key->kernel_stack;
	edge->user_stack = key->user_stack;
	edge->epoch = epoch;
	edge->min_ns = ~0ULL;
	bpf_probe_read_kernel_str(edge->comm, sizeof(edge->comm), p->comm);
	return at;
}

static __noinline int chain_note(struct task *t, struct task_struct *p, struct task *by,
				 struct task_struct *waker, __u64 now)
{
	struct chain_key key = {};
	struct ledger_chain *chain;
	__u32 *known, at;

	if (!t || !p || !by || !waker)
		return 0;
	if (!by->woken)
		return 0;
	key.a_context = (__u32)by->woken_by | by->woken_context << 32;
	key.b_c = (__u32)waker->pid | (__u64)p->pid << 32;
	key.epoch = epoch;
	known = bpf_map_lookup_elem(&chain_index, &key);
	if (known) {
		at = *known;
	} else {
		at = chains_used < cfg_rows_max ? __sync_fetch_and_add(&chains_used, 1)
						: LEDGER_NO_ROW;
		chain = bpf_map_lookup_elem(&chains, &at);
		if (!chain || bpf_map_update_elem(&chain_index, &key, &at, BPF_NOEXIST)) {
			lost(LEDGER_LOSS_CHAINS);
			return 0;
		}
		chain->a_pid = by->woken_by;
		chain->a_context = by->woken_context;
		chain->b_pid = waker->pid;
		chain->c_pid = p->pid;
		chain->epoch = epoch;
		bpf_probe_read_kernel_str(chain->b_comm, sizeof(chain->b_comm), waker->comm);
		bpf_probe_read_kernel_str(chain->c_comm, sizeof(chain->c_comm), p->comm);
	}
	t->chain_first_ns = by->woken_late_ns;
	t->chain_between_ns = now - by->in_ns;
	return at + 1;
}

/* The address of a tracepoint's arguments, which lie on the current stack: through memory, or it stays a pointer. */
static __always_inline __u64 as_number(void *ctx)
{
	struct counters *c = my_counters();

	if (!c)
		return 0;
	*(void *volatile *)&c->address = ctx;
	return *(volatile __u64 *)&c->address;
}

/* @p is being woken: remember by whom, so that its coming in can be put on that account. */
static __always_inline void edge_note(void *ctx, struct task *t, struct task_struct *p, __u64 now)
{
	struct task_struct *waker = bpf_get_current_task_btf();
	__u32 context = context_now();
	__u64 who = context == LEDGER_CONTEXT_TASK ? (__u32)waker->pid : 0, kernel = 0, user = 0;
	struct task *by = NULL;
	struct edge_key key = {};
	int at;

	if ((cfg_chains || cfg_waker_user) && who)
		by = bpf_task_storage_get(&tasks, waker, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (!shed_stacks) {
		if (cfg_waker_kernel)
			kernel = kernel_stack(ctx, NULL, as_number(ctx),
					      context == LEDGER_CONTEXT_TASK ? 2 : 8 + context * 2);
		if (cfg_waker_user && by)
			user = user_stack(ctx, waker, by);
	}
	t->chain = 0;
	if (cfg_chains && by)
		t->chain = chain_note(t, p, by, waker, now);
	if (t->edge && t->edge_waker == who && t->edge_context == context &&
	    t->edge_stack == kernel && t->edge_user_stack == user && t->edge_epoch == epoch)
		return;
	key.pids = (__u32)p->pid | who << 32;
	key.context_epoch = context | (__u64)epoch << 32;
	key.kernel_stack = kernel;
	key.user_stack = user;
	at = edge_find(&key, p, waker, context);
	t->edge = at < 0 ? 0 : at + 1;
	t->edge_waker = who;
	t->edge_context = context;
	t->edge_stack = kernel;
	t->edge_user_stack = user;
	t->edge_epoch = epoch;
}

static __always_inline __u32 cache_of(__u32 cpu)
{
	asm volatile(""
		     : "+r"(cpu)); /* or the compiler drops the bound before the verifier sees it */
	return cpu < LEDGER_MAX_CPUS ? cfg_cache_of[cpu] : cpu;
}

static __always_inline void edge_done(struct task *t, struct task_struct *p, __u32 cpu, __u64 now)
{
	__u64 ns = now - t->waking_ns;
	__u32 at = t->edge - 1, from = t->waker_cpu;
	struct ledger_edge *edge;
	struct ledger_chain *chain;

	edge = t->edge ? bpf_map_lookup_elem(&edges, &at) : NULL;
	if (!edge)
		return;
	edge->count++;
	if (from == cpu)
		edge->same_cpu++;
	else if (cache_of(from) == cache_of(cpu))
		edge->same_cache++;
	else
		edge->other_cache++;
	if (t->out_ns && t->waking_ns > t->out_ns)
		edge->blocked_ns += t->waking_ns - t->out_ns;
	edge->total_ns += ns;
	if (ns < edge->min_ns)
		edge->min_ns = ns;
	if (ns > edge->max_ns)
		edge->max_ns = ns;
	slot_add(edge->slots, ns);
	if (!cfg_chains)
		return;
	t->woken = 1;
	t->woken_by = edge->waker_pid;
	t->woken_context = edge->context;
	t->woken_late_ns = ns;
	at = t->chain - 1;
	chain = t->chain ? bpf_map_lookup_elem(&chains, &at) : NULL;
	if (!chain)
		return;
	chain->count++;
	chain->first_ns += t->chain_first_ns;
	chain->between_ns += t->chain_between_ns;
	chain->second_ns += ns;
}

/* --- timeline ------------------------------------------------------------------------------------------------ */

static __always_inline void emit_name(struct task_struct *p, __u64 now)
{
	__u64 comm[2] = {};

	bpf_probe_read_kernel_str(comm, sizeof(comm), p->comm);
	emit(LEDGER_EVENT_NAME, now, task_id(p), 0, comm[0], comm[1]);
}

/* Each task's name goes before its first event. */
static __always_inline void name_once(struct task *t, struct task_struct *p, __u64 now)
{
	if (!cfg_events || !t || t->named)
		return;
	t->named = 1;
	emit_name(p, now);
}

/* --- slow waits ------------------------------------------------------------------------------------------------ */

static __always_inline void remember_run(struct task_struct *next, __u64 now)
{
	__u32 zero = 0;
	struct history *h = bpf_map_lookup_elem(&histories, &zero);
	struct ledger_run *run;

	if (!h)
		return;
	run = &h->runs[h->head++ % LEDGER_HISTORY];
	run->pid = next->pid;
	run->since_ns = now;
	bpf_probe_read_kernel_str(run->comm, sizeof(run->comm), next->comm);
}

static __noinline int slow_wait(struct task_struct *p, __u64 start, __u64 now, __u64 interval)
{
	__u32 zero = 0;
	struct history *h = bpf_map_lookup_elem(&histories, &zero);
	struct ledger_slow *slow;

	if (!p || !h)
		return 0;
	slow = bpf_ringbuf_reserve(&records, sizeof(*slow), 0);
	if (!slow) {
		lost(LEDGER_LOSS_SLOW);
		return 0;
	}
	slow->time_ns = now;
	slow->wait_ns = now - start;
	slow->interval = interval;
	slow->cpu = bpf_get_smp_processor_id();
	slow->tgid = p->tgid;
	slow->pid = p->pid;
	slow->epoch = epoch;
	slow->head = h->head % LEDGER_HISTORY;
	bpf_probe_read_kernel_str(slow->comm, sizeof(slow->comm), p->comm);
	__builtin_memcpy(slow->runs, h->runs, sizeof(slow->runs));
	bpf_ringbuf_submit(slow, BPF_RB_NO_WAKEUP);
	return 0;
}

static __always_inline void slow_check(struct task_struct *p, __u64 start, __u64 now,
				       enum ledger_interval interval)
{
	if (cfg_slow && now - start >= slow_ns)
		slow_wait(p, start, now, interval);
}

/* --- the states -------------------------------------------------------------------------------------------------- */

/* The budget: whether the wait that begins now is left out. */
static __always_inline bool leave_out(void)
{
	struct counters *c;

	if (!cfg_budget || !sample_mask)
		return false;
	c = my_counters();
	if (!c || (c->turn++ & sample_mask) == 0)
		return false;
	c->losses[LEDGER_LOSS_SAMPLED]++;
	return true;
}

static __always_inline void first_seen(struct task *t, __u64 now)
{
	if (!t->first_ns)
		t->first_ns = now;
}

/* Waking, with every state followed. A waking while running may be of a task that is just leaving its CPU: pending. */
static __always_inline void waking_full(struct task *t, struct task_struct *p, __u64 now)
{
	switch (t->state) {
	case LEDGER_STATE_BLOCKED:
		close(t, LEDGER_BLOCKED, p, now);
		break;
	case LEDGER_STATE_UNKNOWN:
		first_seen(t, now);
		break;
	case LEDGER_STATE_RUNNING:
		t->waking_ns = now;
		return;
	default: /* on a run queue already: nothing changes */
		return;
	}
	t->waking_ns = now;
	t->since_ns = now;
	t->state = LEDGER_STATE_ACTIVATING;
}

static __always_inline void wakeup_full(struct task *t, struct task_struct *p, __u64 now)
{
	switch (t->state) {
	case LEDGER_STATE_ACTIVATING:
		close(t, LEDGER_ACTIVATION, p, now);
		break;
	case LEDGER_STATE_BLOCKED: /* its waking met the task as it left its CPU, on another one */
		if (t->waking_ns < t->since_ns)
			t->waking_ns = t->since_ns;
		close(t, LEDGER_BLOCKED, p, t->waking_ns);
		t->since_ns = t->waking_ns;
		close(t, LEDGER_ACTIVATION, p, now);
		break;
	case LEDGER_STATE_UNKNOWN: /* new, or first seen */
		first_seen(t, now);
		t->waking_ns = now;
		break;
	case LEDGER_STATE_RUNNING: /* it never left its CPU */
		t->waking_ns = 0;
		return;
	default:
		return;
	}
	t->since_ns = now;
	t->state = LEDGER_STATE_QUEUED;
}

/* The account of a task that has left its CPU for good. */
static __always_inline void account_fill(struct ledger_account *a, const struct task *t,
					 struct task_struct *p, __u64 now)
{
	int i;

	a->tgid = p->tgid;
	a->pid = p->pid;
	a->born_ns = p->start_boottime;
	a->first_ns = t->first_ns;
	a->last_ns = now;
	a->state = t->state;
	a->since_ns = t->since_ns;
	a->cpu = t->cpu;
	a->cgroup = BPF_CORE_READ(p, cgroups, dfl_cgrp, kn, id);
	a->policy = p->policy;
	a->nice_plus_20 = p->static_prio - 100;
	a->migrations = t->migrations;
	for (i = 0; i < LEDGER_NR_STATES; i++) {
		a->ns[i] = t->ns[i];
		a->count[i] = t->count[i];
	}
	bpf_probe_read_kernel_str(a->comm, sizeof(a->comm), p->comm);
}

static __noinline int bury(struct task *t, struct task_struct *p, __u64 now)
{
	struct ledger_account *a;

	if (!t || !p)
		return 0;
	a = bpf_ringbuf_reserve(&records, sizeof(*a), 0);
	if (!a) {
		lost(LEDGER_LOSS_ACCOUNTS);
		return 0;
	}
	account_fill(a, t, p, now);
	bpf_ringbuf_submit(a, BPF_RB_NO_WAKEUP);
	return 0;
}

static __always_inline void leave_full(struct task *t, struct task_struct *p, __u64 now,
				       bool runnable, unsigned int state)
{
	if (t->state == LEDGER_STATE_RUNNING)
		close(t, LEDGER_RUNNING, p, now);
	else
		first_seen(t, now);
	t->since_ns = now;
	if (runnable) {
		t->waking_ns = 0;
		t->state = LEDGER_STATE_PREEMPTED;
	} else if (state & TASK_DEAD) {
		t->state = LEDGER_STATE_DEAD;
		bury(t, p, now);
	} else if (t->waking_ns) {
		t->state = LEDGER_STATE_ACTIVATING;
	} else {
		t->state = LEDGER_STATE_BLOCKED;
	}
}

static __always_inline void enter_full(struct task *t, struct task_struct *p, __u64 now)
{
	switch (t->state) {
	case LEDGER_STATE_ACTIVATING: /* no wakeup was seen */
	case LEDGER_STATE_QUEUED:
		close(t, LEDGER_QUEUE, p, now);
		record(LEDGER_WAKEUP, p, t->waking_ns, now);
		record(LEDGER_RUN_DELAY, p, t->since_ns, now);
		slow_check(p, t->waking_ns, now, LEDGER_WAKEUP);
		break;
	case LEDGER_STATE_BLOCKED: /* a signal came as it was about to block: it stayed runnable */
		lost(LEDGER_LOSS_NO_WAKING);
		/* fallthrough */
	case LEDGER_STATE_PREEMPTED:
		close(t, LEDGER_PREEMPT, p, now);
		record(LEDGER_RUN_DELAY, p, t->since_ns, now);
		slow_check(p, t->since_ns, now, LEDGER_PREEMPT);
		break;
	default:
		first_seen(t, now);
		lost(LEDGER_LOSS_UNKNOWN_IN);
	}
	t->since_ns = now;
	t->state = LEDGER_STATE_RUNNING;
}

/* The same with only what waits need: a waking counts until the task comes in, and a later one replaces it. */
static __always_inline void enter_light(struct task *t, struct task_struct *p, __u64 now)
{
	if (t->waking_ns) {
		record(LEDGER_WAKEUP, p, t->waking_ns, now);
		slow_check(p, t->waking_ns, now, LEDGER_WAKEUP);
	} else if (t->since_ns) {
		record(LEDGER_PREEMPT, p, t->since_ns, now);
		slow_check(p, t->since_ns, now, LEDGER_PREEMPT);
	}
	t->since_ns = 0;
}

#define NEED_OUT                                                                   \
	(cfg_full || cfg_rows || cfg_edges || cfg_events || KEEP(LEDGER_OFFCPU) || \
	 KEEP(LEDGER_RUNNING))

static __always_inline void leave(void *ctx, struct task_struct *p, __u64 now, bool runnable,
				  unsigned int state)
{
	struct task *t;

	if (!p->pid || !followed(p) || (!NEED_OUT && !runnable))
		return;
	t = storage(p);
	if (!t)
		return;
	name_once(t, p, now);
	t->out_ns = now;
	if (cfg_full) {
		leave_full(t, p, now, runnable, state);
	} else {
		if (KEEP(LEDGER_RUNNING) && t->in_ns)
			record(LEDGER_RUNNING, p, t->in_ns, now);
		if (runnable) {
			t->waking_ns = 0;
			t->since_ns = leave_out() ? 0 : now;
		}
	}
	t->cpu = bpf_get_smp_processor_id();
	if (!cfg_rows)
		return;
	t->why = why_of(runnable, state);
	if (cfg_user_stacks && !shed_stacks && !(state & TASK_DEAD))
		user_stack(ctx, p, t);
}

static __always_inline void enter(void *ctx, struct task_struct *p, __u64 now)
{
	struct task *t;
	__u32 cpu;

	if (!p->pid || !followed(p))
		return;
	t = storage(p);
	if (!t)
		return;
	name_once(t, p, now);
	if (cfg_rows)
		off_cpu(ctx, t, p, now);
	if (KEEP(LEDGER_OFFCPU) && t->out_ns)
		record(LEDGER_OFFCPU, p, t->out_ns, now);
	if (cfg_edges) {
		t->woken = 0;
		if (t->waking_ns && !t->skip)
			edge_done(t, p, bpf_get_smp_processor_id(), now);
	}
	if (cfg_full) {
		enter_full(t, p, now);
		cpu = bpf_get_smp_processor_id();
		if (t->out_ns && t->cpu != cpu)
			t->migrations++;
	} else {
		enter_light(t, p, now);
	}
	t->waking_ns = 0;
	t->in_ns = now;
}

/* --- queue lengths ------------------------------------------------------------------------------------------------- */

static __noinline int qlen_find(__u64 dsq)
{
	struct qlen_key key = {.dsq = dsq, .epoch = epoch};
	struct ledger_qlen *row;
	__u32 *known, at;

	known = bpf_map_lookup_elem(&qlen_index, &key);
	if (known)
		return *known;
	at = __sync_fetch_and_add(&qlens_used, 1);
	row = bpf_map_lookup_elem(&qlens, &at);
	if (!row || bpf_map_update_elem(&qlen_index, &key, &at, BPF_NOEXIST)) {
		lost(LEDGER_LOSS_DSQS);
		return -1;
	}
	row->dsq = dsq;
	row->epoch = key.epoch;
	return at;
}

/* How long the queue is that @p has just been put on, @p included; not yet on one: nothing. */
static __always_inline bool queue_of(struct task_struct *p, __u64 *dsq, __u64 *length)
{
	__u32 cpu = bpf_get_smp_processor_id();
	struct rq *rq;

	if (cfg_sched_ext && epoch_kind[epoch & (LEDGER_MAX_EPOCHS - 1)] == EPOCH_SCHEDULER &&
	    class_of(p) != CLASS_RT) {
		struct scx_dispatch_q *q = p->scx.dsq;

		if (!q)
			return false;
		*dsq = BPF_CORE_READ(q, id);
		*length = BPF_CORE_READ(q, nr);
		if (*dsq >> 63)
			*dsq = LEDGER_QLEN_LOCAL | p->thread_info.cpu;
		return true;
	}
	if (!bpf_ksym_exists(&runqueues))
		return false;
	cpu = p->thread_info.cpu;
	rq = bpf_per_cpu_ptr(&runqueues, cpu);
	if (!rq)
		return false;
	*dsq = LEDGER_QLEN_RQ | cpu;
	*length = rq->nr_running;
	return true;
}

static __always_inline void sample_queue(struct task_struct *p)
{
	struct ledger_qlen *row;
	__u64 dsq, length;
	__u32 at, slot;
	int found;

	if (!queue_of(p, &dsq, &length))
		return;
	found = qlen_find(dsq);
	if (found < 0)
		return;
	at = found;
	row = bpf_map_lookup_elem(&qlens, &at);
	if (!row)
		return;
	slot = length < LEDGER_QLEN_SLOTS ? length : LEDGER_QLEN_SLOTS - 1;
	asm volatile("" : "+r"(slot));
	if (slot >= LEDGER_QLEN_SLOTS)
		return;
	__sync_fetch_and_add(&row->slots[slot], 1);
	__sync_fetch_and_add(&row->count, 1);
	__sync_fetch_and_add(&row->sum, length);
	raise(&row->max, length);
}

/* --- programs ------------------------------------------------------------------------------------------------------- */

static __always_inline void waking_event(struct task_struct *p, __u64 now)
{
	__u32 context = context_now();
	__u64 who = 0;

	if (context == LEDGER_CONTEXT_TASK)
		who = task_id(bpf_get_current_task_btf());
	emit(LEDGER_EVENT_WAKING, now, task_id(p), who, context, p->thread_info.cpu);
}

static __always_inline int wakeup(struct task_struct *p, bool fresh)
{
	struct task *t;
	__u64 now;

	if (cfg_queue_lengths)
		sample_queue(p);
	if (!followed(p) || (!cfg_full && !cfg_events && !fresh))
		return 0;
	t = storage(p);
	if (!t)
		return 0;
	now = bpf_ktime_get_ns();
	if (cfg_full)
		wakeup_full(t, p, now);
	else if (fresh)
		t->waking_ns = now;
	name_once(t, p, now);
	if (cfg_events)
		emit(LEDGER_EVENT_WAKEUP, now, task_id(p), 0, 0, p->thread_info.cpu);
	return 0;
}

/*
 * About 120 instructions with waits only, 60 more for the states, some 250 for a waker's stack that is known.
 * Fires also for tasks that never left their CPU; those wait for nothing.
 */
SEC("?tp_btf/sched_waking")
int BPF_PROG(on_waking, struct task_struct *p)
{
	struct task *t;
	__u64 now;

	if (cfg_cpu_counts)
		counted(LEDGER_COUNT_WAKINGS);
	if (!followed(p))
		return 0;
	if (!cfg_full && leave_out())
		return 0;
	t = storage(p);
	if (!t)
		return 0;
	now = bpf_ktime_get_ns();
	if (cfg_full)
		waking_full(t, p, now);
	else
		t->waking_ns = now;
	if (cfg_edges) {
		t->waker_cpu = bpf_get_smp_processor_id();
		edge_note(ctx, t, p, now);
	}
	if (cfg_events) {
		name_once(t, p, now);
		waking_event(p, now);
	}
	return 0;
}

/* About 150 instructions; only where activation and queue wait are told apart, queues sampled or a timeline drawn. */
SEC("?tp_btf/sched_wakeup")
int BPF_PROG(on_wakeup, struct task_struct *p)
{
	return wakeup(p, false);
}

/* A new task: it has no waking. */
SEC("?tp_btf/sched_wakeup_new")
int BPF_PROG(on_wakeup_new, struct task_struct *p)
{
	return wakeup(p, true);
}

/*
 * About 170 instructions with waits only (one task looked up), 330 with the states (both). Misses nothing but what the
 * loss counters name: storage that could not be had.
 */
SEC("?tp_btf/sched_switch")
int BPF_PROG(on_switch, bool preempt, struct task_struct *prev, struct task_struct *next,
	     unsigned int prev_state)
{
	__u64 now = bpf_ktime_get_ns();
	bool runnable = preempt || !prev_state;

	if (stopped)
		return 0;
	if (cfg_cpu_counts)
		counted(LEDGER_COUNT_SWITCHES);
	leave(ctx, prev, now, runnable, prev_state);
	if (cfg_slow)
		remember_run(next, now);
	if (cfg_events)
		emit(LEDGER_EVENT_SWITCH, now, task_id(prev), task_id(next),
		     prev_state | (preempt ? LEDGER_PREEMPT_FLAG : 0),
		     (__u32)prev->prio | (__u64)(__u32)next->prio << 32);
	enter(ctx, next, now);
	return 0;
}

#include "observe/ledger_waits.bpf.h"

/* Timeline only. */
SEC("?tp_btf/sched_migrate_task")
int BPF_PROG(on_migrate, struct task_struct *p, int to)
{
	if (followed(p))
		emit(LEDGER_EVENT_MIGRATE, bpf_ktime_get_ns(), task_id(p), 0, p->thread_info.cpu,
		     to);
	return 0;
}

/* Timeline only. */
SEC("?tp_btf/sched_process_fork")
int BPF_PROG(on_fork, struct task_struct *parent, struct task_struct *child)
{
	__u64 now = bpf_ktime_get_ns();

	if (!followed(child))
		return 0;
	emit_name(child, now);
	emit(LEDGER_EVENT_FORK, now, task_id(child), task_id(parent), 0, 0);
	return 0;
}

/* Timeline only. */
SEC("?tp_btf/sched_process_exit")
int BPF_PROG(on_exit, struct task_struct *p)
{
	if (followed(p))
		emit(LEDGER_EVENT_EXIT, bpf_ktime_get_ns(), task_id(p), 0, 0, 0);
	return 0;
}

/* Timeline only: exec and prctl rename a task. */
SEC("?tp_btf/task_rename")
int BPF_PROG(on_rename, struct task_struct *p, const char *comm)
{
	__u64 name[2] = {};

	if (!followed(p))
		return 0;
	bpf_probe_read_kernel_str(name, sizeof(name), comm);
	emit(LEDGER_EVENT_NAME, bpf_ktime_get_ns(), task_id(p), 0, name[0], name[1]);
	return 0;
}

/* One CPU sample (--wall): whoever runs, with stacks; idle is nobody. Two walks, some 7,000 instructions. */
SEC("?perf_event")
int on_sample(struct bpf_perf_event_data *ctx)
{
	struct task_struct *p = bpf_get_current_task_btf();
	struct ledger_stack *stack;
	__u64 kernel = 0, user = 0;
	__u32 zero = 0;
	long bytes;
	int at;

	stack = bpf_map_lookup_elem(&scratch, &zero);
	if (!p->pid || !followed(p) || !stack)
		return 0;
	if (cfg_kernel_stacks && !shed_stacks) {
		bytes = bpf_get_stack(ctx, stack->ip, sizeof(stack->ip), 0);
		stack->nr = bytes > 0 ? (__u64)bytes / 8 : 0;
		if (stack->nr)
			kernel = stack_keep(stack);
	}
	if (cfg_user_stacks && !shed_stacks && !(p->flags & PF_KTHREAD))
		user = user_walk(ctx);
	at = row_find(p, kernel, user, LEDGER_WHY_ON_CPU);
	if (at >= 0)
		row_add(at, cfg_sample_period_ns, 0);
	return 0;
}

/* The accounts of living tasks, read through an iterator. */
SEC("iter/task")
int accounts(struct bpf_iter__task *ctx)
{
	struct task_struct *p = ctx->task;
	struct ledger_account a = {};
	struct task *t;

	if (!p || !p->pid)
		return 0;
	t = bpf_task_storage_get(&tasks, p, 0, 0);
	if (!t || !t->first_ns || t->state == LEDGER_STATE_DEAD)
		return 0;
	account_fill(&a, t, p, bpf_ktime_get_ns());
	bpf_seq_write(ctx->meta->seq, &a, sizeof(a));
	return 0;
}

/* From 7.3 on_cpu is a byte; libbpf adjusts the width of a read only where it is unsigned. */
struct task_struct___7_3 {
	unsigned int on_cpu;
} __attribute__((preserve_access_index));

/* When the runnable wait of @p began that is open; 0: it does not wait. */
static __always_inline __u64 open_since(struct task *t, struct task_struct *p)
{
	if (((struct task_struct___7_3 *)p)->on_cpu)
		return 0;
	if (!cfg_full)
		return t->waking_ns ? t->waking_ns : t->since_ns;
	switch (t->state) {
	case LEDGER_STATE_ACTIVATING:
	case LEDGER_STATE_QUEUED:
		return t->waking_ns;
	case LEDGER_STATE_PREEMPTED:
		return t->since_ns;
	}
	return 0;
}

static __always_inline void oldest_fill(struct task_struct *p, struct task *t, __u64 since)
{
	oldest.tgid = p->tgid;
	oldest.pid = p->pid;
	oldest.since_ns = since;
	oldest.state = cfg_full	      ? t->state
		       : t->waking_ns ? LEDGER_STATE_QUEUED
				      : LEDGER_STATE_PREEMPTED;
	oldest.cpu = p->thread_info.cpu;
	oldest.sched_ext = class_of(p) == CLASS_EXT ||
			   (p->prio >= 100 && epoch_kind[epoch & (LEDGER_MAX_EPOCHS - 1)]);
	bpf_probe_read_kernel_str(oldest.comm, sizeof(oldest.comm), p->comm);
}

/* Who has the CPU that the oldest wait waits for. */
static __always_inline void oldest_runner(void)
{
	struct task_struct *runner;
	struct rq *rq;

	if (!oldest.since_ns || !bpf_ksym_exists(&runqueues))
		return;
	rq = bpf_per_cpu_ptr(&runqueues, (__u32)oldest.cpu);
	if (!rq)
		return;
	runner = rq->curr;
	oldest.runner_pid = runner->pid;
	oldest.runner_rt = runner->prio < 100;
	bpf_probe_read_kernel_str(oldest.runner_comm, sizeof(oldest.runner_comm), runner->comm);
}

/* The runnable wait that is open the longest, into `oldest`: walks all tasks, called by user space. */
SEC("syscall")
int find_oldest(void *unused)
{
	struct task_struct *p;
	struct bpf_iter_task it;

	__builtin_memset(&oldest, 0, sizeof(oldest));
	bpf_rcu_read_lock();
	bpf_iter_task_new(&it, NULL, 1 /* BPF_TASK_ITER_ALL_THREADS */);
	while ((p = bpf_iter_task_next(&it))) {
		struct task *t = bpf_task_storage_get(&tasks, p, 0, 0);
		__u64 since = t ? open_since(t, p) : 0;

		if (!since)
			continue;
		oldest.waiting++;
		if (!oldest.since_ns || since < oldest.since_ns)
			oldest_fill(p, t, since);
	}
	bpf_iter_task_destroy(&it);
	oldest_runner();
	bpf_rcu_read_unlock();
	oldest.now_ns = bpf_ktime_get_ns();
	return 0;
}
