/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The states of docs/measurement, one after the other: what a waking, a wakeup, a switch out and a switch in close and
 * open. Every interval of a followed task goes through here.
 */
#ifndef SCHEDLAB_OBSERVE_LEDGER_STATES_BPF_H
#define SCHEDLAB_OBSERVE_LEDGER_STATES_BPF_H

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
	case LEDGER_STATE_UNKNOWN:
		first_seen(t, now);
		counted(LEDGER_COUNT_BEGUN);
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

#endif
