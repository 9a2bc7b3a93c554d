/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The cheapest form of the ledger, for runqlat without splits and filters: only wakeup latencies and preempt waits.
 * Task-local storage costs 56 instructions a look-up and there would be two for each wait; here an open wait lies in a slot
 * found by pid and owned by its task (claimed atomically, so nothing is lost to a race). Where another task of the
 * same slot waits at that moment, which needs pids 32,768 apart, the wait goes into task-local storage.
 * A later waking replaces an earlier one: a task woken while it runs has nothing to wait for, and what it does next, be
 * preempted or block and be woken, begins a wait of its own.
 */
#ifndef SCHEDLAB_OBSERVE_LEDGER_WAITS_BPF_H
#define SCHEDLAB_OBSERVE_LEDGER_WAITS_BPF_H

#define WAIT_PREEMPT 0 /* their histograms: in the order of enum ledger_interval */
#define WAIT_WAKEUP  1
#define NR_WAITS     2

enum switch_arguments {
	SWITCH_PREEMPT,
	SWITCH_PREV,
	SWITCH_NEXT,
	SWITCH_STATE
};

/* User space makes it LEDGER_OPEN_SLOTS long where it is used. */
struct ledger_open_slot slots[1] SEC(".data.waits");
__u32 waits_elsewhere; /* whether a wait has ever gone into task-local storage */

static __always_inline struct ledger_open_slot *slot_of(const struct task_struct *p)
{
	struct ledger_open_slot *first = slots;

	asm volatile("" : "+r"(first)); /* the compiler knows only one */
	return &first[p->pid & (LEDGER_OPEN_SLOTS - 1)];
}

static __noinline int wait_begins_elsewhere(struct task_struct *p, __u64 now, __u64 kind)
{
	struct task *t;

	if (!p)
		return 0;
	t = storage(p);
	if (!t)
		return 0;
	t->waking_ns = kind == WAIT_WAKEUP ? now : 0;
	t->since_ns = now;
	waits_elsewhere = 1;
	return 0;
}

static __always_inline void wait_begins(struct task_struct *p, __u64 now, __u64 kind)
{
	struct ledger_open_slot *slot = slot_of(p);
	__u64 owner = __sync_val_compare_and_swap(&slot->owner, 0, (__u64)p);

	asm volatile("" : "+r"(owner)); /* or the compiler makes a flag of it and tests that */
	if (owner && owner != (__u64)p) {
		wait_begins_elsewhere(p, now, kind);
		return;
	}
	slot->since_kind = now << 1 | kind;
}

static __noinline int wait_ends_elsewhere(struct task_struct *p, __u64 now)
{
	struct task *t;

	if (!p)
		return 0;
	t = bpf_task_storage_get(&tasks, p, 0, 0);
	if (!t || !t->since_ns)
		return 0;
	record(t->waking_ns ? LEDGER_WAKEUP : LEDGER_PREEMPT, p, t->since_ns, now);
	t->waking_ns = 0;
	t->since_ns = 0;
	return 0;
}

static __always_inline void wait_ends(struct ledger_open_slot *slot, __u64 now)
{
	__u64 opened = slot->since_kind;
	struct hist_bpf *hist;
	__u32 at = opened & 1, e = epoch;

	slot->owner = 0;
	opened >>= 1;
	if (e) {
		if (e >= LEDGER_MAX_EPOCHS || opened < epoch_start_ns[e]) {
			lost(LEDGER_LOSS_CROSSED);
			return;
		}
		at += e * NR_WAITS;
	}
	now -= opened;
	hist = bpf_map_lookup_elem(&hists, &at);
	if (hist)
		hist_bpf_add(hist, now);
}

/* About 30 instructions. */
SEC("?tp_btf/sched_waking")
int BPF_PROG(waits_waking, struct task_struct *p)
{
	wait_begins(p, bpf_ktime_get_ns(), WAIT_WAKEUP);
	return 0;
}

/* A new task has no waking. */
SEC("?tp_btf/sched_wakeup_new")
int BPF_PROG(waits_new, struct task_struct *p)
{
	wait_begins(p, bpf_ktime_get_ns(), WAIT_WAKEUP);
	return 0;
}

/* About 80 instructions where a wait ends, 25 where not. The idle task is never woken and waits for nothing. */
SEC("?tp_btf/sched_switch")
int waits_switch(__u64 *ctx) /* raw arguments: read when needed, not all of them kept */
{
	__u64 now = bpf_ktime_get_ns();
	struct task_struct *prev = (void *)ctx[SWITCH_PREV], *next;
	struct ledger_open_slot *slot;

	if ((ctx[SWITCH_PREEMPT] & 1 || !(__u32)ctx[SWITCH_STATE]) && prev->pid)
		wait_begins(prev, now, WAIT_PREEMPT);
	next = (void *)ctx[SWITCH_NEXT];
	slot = slot_of(next);
	if (slot->owner == (__u64)next)
		wait_ends(slot, now);
	else if (waits_elsewhere)
		wait_ends_elsewhere(next, now);
	return 0;
}

#endif
