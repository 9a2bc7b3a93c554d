/* SPDX-License-Identifier: GPL-2.0 */
/* Off-CPU time by thread, place and state; CPU samples (--wall) go into the same rows. Stacks: ledger_stacks.bpf.h. */
#ifndef SCHEDLAB_OBSERVE_LEDGER_ROWS_BPF_H
#define SCHEDLAB_OBSERVE_LEDGER_ROWS_BPF_H

static __always_inline void slot_add(__u64 *slots, __u64 ns)
{
	__u32 at = hist_bpf_log2_u64(ns);

	if (at >= LEDGER_SLOTS)
		at = LEDGER_SLOTS - 1;
	asm volatile("" : "+r"(at));
	if (at < LEDGER_SLOTS)
		slots[at]++;
}

/* A place of a task: what one row is for. @edge: who ended the wait, 1 + row of the edge; 0 where not asked for. */
struct row_of {
	__u64 kernel, user;
	__u32 why, edge;
};

static __always_inline int row_new(struct task_struct *p, const struct row_key *key,
				   const struct row_of *of)
{
	__u32 at;
	struct ledger_row *row = table_new(&rows, &row_index, key, &rows_used, cfg_rows_max, &at);

	if (!row) {
		lost(LEDGER_LOSS_ROWS);
		return -1;
	}
	row->tgid = p->tgid;
	row->pid = p->pid;
	row->born_ns = key->born_ns;
	row->kernel_stack = of->kernel;
	row->user_stack = of->user;
	row->why = of->why;
	row->edge = of->edge;
	row->epoch = epoch;
	row->min_ns = ~0ULL;
	bpf_probe_read_kernel_str(row->comm, sizeof(row->comm), p->comm);
	return at;
}

static __noinline int row_find(struct task_struct *p, const struct row_of *of)
{
	struct row_key key = {};
	__u32 *known;

	if (!p || !of)
		return -1;
	key.pid_why_epoch_edge =
		(__u32)p->pid | (__u64)of->why << 32 | (__u64)epoch << 36 | (__u64)of->edge << 40;
	key.born_ns = p->start_boottime;
	key.kernel_stack = of->kernel;
	key.user_stack = of->user;
	known = bpf_map_lookup_elem(&row_index, &key);
	return known ? (int)*known : row_new(p, &key, of);
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

/* Whether the last row of the task is the one. */
static __always_inline bool row_is(const struct task *t, __u64 kernel, __u64 user, __u32 edge)
{
	return t->row != 0 && t->row_kernel == kernel && t->row_user == user &&
	       t->row_why == t->why && t->row_epoch == epoch &&
	       (!cfg_row_wakers || t->row_edge == edge);
}

static __always_inline int row_take(struct task *t, struct task_struct *p, __u64 kernel, __u64 user,
				    __u32 edge)
{
	struct row_of of = {.kernel = kernel, .user = user, .why = t->why, .edge = edge};
	int at = row_find(p, &of);

	if (at < 0)
		return at;
	t->row = at + 1;
	t->row_kernel = kernel;
	t->row_user = user;
	t->row_why = t->why;
	t->row_epoch = epoch;
	t->row_edge = edge;
	return at;
}

/* How much of the @ns that @t was off it was runnable. */
static __always_inline __u64 waiting_of(const struct task *t, __u64 ns, __u64 now)
{
	if (t->why == LEDGER_WHY_PREEMPTED)
		return ns;
	return t->waking_ns > t->out_ns ? now - t->waking_ns : 0;
}

/*
 * @p comes in after being off since t->out_ns: its kernel stack is as it was when it left, so only now that the length
 * is known is it taken, and only for waits that are wanted.
 */
static __always_inline void off_cpu(void *ctx, struct task *t, struct task_struct *p, __u64 now)
{
	__u64 ns = now - t->out_ns, kernel = 0, user = 0;
	__u32 edge = 0;
	int at;

	if (!t->out_ns || t->skip || ns < cfg_min_ns || ns > cfg_max_ns)
		return;
	if (!shed_stacks) {
		if (cfg_kernel_stacks)
			kernel = kernel_stack(ctx, p, p->thread.sp, 0);
		if (cfg_user_stacks)
			user = t->user.stack;
	}
	if (cfg_row_wakers && t->why != LEDGER_WHY_PREEMPTED && t->waking_ns > t->out_ns)
		edge = t->edge;
	if (row_is(t, kernel, user, edge)) {
		at = t->row - 1;
	} else {
		at = row_take(t, p, kernel, user, edge);
		if (at < 0)
			return;
	}
	row_add(at, ns, waiting_of(t, ns, now));
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

static __always_inline __u64 sampled_kernel_stack(void *ctx)
{
	__u32 zero = 0;
	struct ledger_stack *stack = bpf_map_lookup_elem(&scratch, &zero);
	long bytes;

	if (!stack)
		return 0;
	bytes = bpf_get_stack(ctx, stack->ip, sizeof(stack->ip), 0);
	stack->nr = bytes > 0 ? (__u64)bytes / 8 : 0;
	return stack->nr ? stack_keep(stack) : 0;
}

/* One CPU sample (--wall): whoever runs, with stacks; idle is nobody. Two walks, some 7,000 instructions. */
SEC("?perf_event")
int on_sample(struct bpf_perf_event_data *ctx)
{
	struct task_struct *p = bpf_get_current_task_btf();
	struct row_of of = {.why = LEDGER_WHY_ON_CPU};
	int at;

	if (!p->pid || !followed(p) || leave_out())
		return 0;
	if (cfg_kernel_stacks && !shed_stacks)
		of.kernel = sampled_kernel_stack(ctx);
	if (cfg_user_stacks && !shed_stacks && !(p->flags & PF_KTHREAD))
		of.user = user_walk(ctx);
	at = row_find(p, &of);
	if (at >= 0)
		row_add(at, cfg_sample_period_ns, 0);
	return 0;
}

#endif
