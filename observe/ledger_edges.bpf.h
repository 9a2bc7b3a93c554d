/* SPDX-License-Identifier: GPL-2.0 */
/* Who wakes whom, and chains: A woke B, B ran and woke C. Noted at the waking, summed when the wakee comes in. */
#ifndef SCHEDLAB_OBSERVE_LEDGER_EDGES_BPF_H
#define SCHEDLAB_OBSERVE_LEDGER_EDGES_BPF_H

static __always_inline int edge_new(const struct edge_key *key, struct task_struct *p,
				    struct task_struct *waker, __u32 context)
{
	__u32 at;
	struct ledger_edge *edge =
		table_new(&edges, &edge_index, key, &edges_used, cfg_rows_max, &at);

	if (!edge) {
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

static __noinline int edge_find(const struct edge_key *key, struct task_struct *p,
				struct task_struct *waker, __u32 context)
{
	__u32 *known;

	if (!key || !p || !waker)
		return -1;
	known = bpf_map_lookup_elem(&edge_index, key);
	return known ? (int)*known : edge_new(key, p, waker, context);
}

static __always_inline int chain_new(const struct chain_key *key, const struct task *by,
				     struct task_struct *waker, struct task_struct *p)
{
	__u32 at;
	struct ledger_chain *chain =
		table_new(&chains, &chain_index, key, &chains_used, cfg_rows_max, &at);

	if (!chain) {
		lost(LEDGER_LOSS_CHAINS);
		return -1;
	}
	chain->a_pid = by->woken_by;
	chain->a_context = by->woken_context;
	chain->b_pid = waker->pid;
	chain->c_pid = p->pid;
	chain->epoch = epoch;
	bpf_probe_read_kernel_str(chain->b_comm, sizeof(chain->b_comm), waker->comm);
	bpf_probe_read_kernel_str(chain->c_comm, sizeof(chain->c_comm), p->comm);
	return at;
}

/* @waker, itself woken, wakes @p: 1 + the chain's row, 0 where there is none. */
static __noinline int chain_note(struct task *t, struct task_struct *p, struct task *by,
				 struct task_struct *waker, __u64 now)
{
	struct chain_key key = {};
	__u32 *known;
	int at;

	if (!t || !p || !by || !waker)
		return 0;
	if (!by->woken)
		return 0;
	key.a_context = (__u32)by->woken_by | by->woken_context << 32;
	key.b_c = (__u32)waker->pid | (__u64)p->pid << 32;
	key.epoch = epoch;
	known = bpf_map_lookup_elem(&chain_index, &key);
	at = known ? (int)*known : chain_new(&key, by, waker, p);
	if (at < 0)
		return 0;
	t->chain_first_ns = by->woken_late_ns;
	t->chain_between_ns = now - by->woken_in_ns;
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

/* Whether the last edge of the task is the one. */
static __always_inline bool edge_is(const struct task *t, __u64 who, __u32 context, __u64 kernel,
				    __u64 user)
{
	return t->edge && t->edge_waker == who && t->edge_context == context &&
	       t->edge_stack == kernel && t->edge_user_stack == user && t->edge_epoch == epoch;
}

static __always_inline void edge_take(struct task *t, struct task_struct *p,
				      struct task_struct *waker, __u64 who, __u32 context,
				      __u64 kernel, __u64 user)
{
	struct edge_key key = {.pids = (__u32)p->pid | who << 32,
			       .context_epoch = context | (__u64)epoch << 32,
			       .kernel_stack = kernel,
			       .user_stack = user};
	int at = edge_find(&key, p, waker, context);

	t->edge = at < 0 ? 0 : at + 1;
	t->edge_waker = who;
	t->edge_context = context;
	t->edge_stack = kernel;
	t->edge_user_stack = user;
	t->edge_epoch = epoch;
}

/* @p is being woken: remember by whom, so that its coming in can be put on that account. */
static __always_inline void edge_note(void *ctx, struct task *t, struct task_struct *p, __u64 now)
{
	struct task_struct *waker = bpf_get_current_task_btf();
	__u32 context = context_now();
	__u64 who = context == LEDGER_CONTEXT_TASK ? (__u32)waker->pid : 0, kernel = 0, user = 0;
	struct task *by = NULL;

	if ((cfg_chains || cfg_waker_user) && who)
		by = bpf_task_storage_get(&tasks, waker, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (cfg_waker_kernel && !shed_stacks)
		kernel = kernel_stack(ctx, NULL, as_number(ctx),
				      context == LEDGER_CONTEXT_TASK ? 2 : 8 + context * 2);
	if (cfg_waker_user && !shed_stacks && by)
		user = user_stack(ctx, waker, &by->waker_user);
	if (cfg_chains)
		t->chain = by ? chain_note(t, p, by, waker, now) : 0;
	if (!edge_is(t, who, context, kernel, user))
		edge_take(t, p, waker, who, context, kernel, user);
}

static __always_inline __u32 cache_of(__u32 cpu)
{
	asm volatile(""
		     : "+r"(cpu)); /* or the compiler drops the bound before the verifier sees it */
	return cpu < LEDGER_MAX_CPUS ? cfg_cache_of[cpu] : cpu;
}

/* Where the wakee came in against where its waker ran. */
static __always_inline void edge_distance(struct ledger_edge *edge, __u32 from, __u32 cpu)
{
	if (from == cpu)
		edge->same_cpu++;
	else if (cache_of(from) == cache_of(cpu))
		edge->same_cache++;
	else
		edge->other_cache++;
}

/* The task's coming in ends the chain that is open, and may begin one: it was woken by @edge's waker, @ns ago. */
static __always_inline void chain_done(struct task *t, const struct ledger_edge *edge, __u64 ns)
{
	__u32 at = t->chain - 1;
	struct ledger_chain *chain;

	t->woken = 1;
	t->woken_by = edge->waker_pid;
	t->woken_context = edge->context;
	t->woken_late_ns = ns;
	t->woken_in_ns = t->waking_ns + ns;
	chain = t->chain ? bpf_map_lookup_elem(&chains, &at) : NULL;
	if (!chain)
		return;
	chain->count++;
	chain->first_ns += t->chain_first_ns;
	chain->between_ns += t->chain_between_ns;
	chain->second_ns += ns;
}

/* The woken task comes in. */
static __always_inline void edge_done(struct task *t, struct task_struct *p, __u32 cpu, __u64 now)
{
	__u64 ns = now - t->waking_ns;
	__u32 at = t->edge - 1;
	struct ledger_edge *edge = t->edge ? bpf_map_lookup_elem(&edges, &at) : NULL;

	if (!edge)
		return;
	edge->count++;
	edge_distance(edge, t->waker_cpu, cpu);
	if (t->out_ns && t->waking_ns > t->out_ns)
		edge->blocked_ns += t->waking_ns - t->out_ns;
	edge->total_ns += ns;
	if (ns < edge->min_ns)
		edge->min_ns = ns;
	if (ns > edge->max_ns)
		edge->max_ns = ns;
	slot_add(edge->slots, ns);
	if (cfg_chains)
		chain_done(t, edge, ns);
}

#endif
