// SPDX-License-Identifier: GPL-2.0
/*
 * The ledger: follows every task through the states of docs/measurement.md and sums what it sees. It decides nothing,
 * symbolizes nothing and never touches a scheduler. Here are its programs at the kernel's waking and switching; what
 * they do with an event stands in a header for each duty. Each program states its cost and what it can miss; figures
 * are instructions on x86-64 apart from the tracepoint's own dispatch (about 90) and the clock (about 55).
 */
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "bpf/context.bpf.h"
#include "bpf/hist.bpf.h"
#include "observe/ledger_abi.h"

/* In the order of their needs, so it matters. */
#include "observe/ledger_maps.bpf.h"	 /* maps, switches, counters */
#include "observe/ledger_task.bpf.h"	 /* filters, classes, storage */
#include "observe/ledger_timeline.bpf.h" /* events for trace */
#include "observe/ledger_epoch.bpf.h"	 /* which scheduler is active */
#include "observe/ledger_hists.bpf.h"	 /* closed intervals */
#include "observe/ledger_stacks.bpf.h"	 /* kernel and user stacks */
#include "observe/ledger_rows.bpf.h"	 /* off-CPU rows, CPU samples */
#include "observe/ledger_edges.bpf.h"	 /* wake edges, chains */
#include "observe/ledger_slow.bpf.h"	 /* single long waits */
#include "observe/ledger_states.bpf.h"	 /* the intervals of a task */
#include "observe/ledger_queues.bpf.h"	 /* queue lengths */
#include "observe/ledger_open.bpf.h"	 /* what user space asks for */
#include "observe/ledger_waits.bpf.h"	 /* runqlat's cheapest form */

char _license[] SEC("license") = "GPL";

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
	if (cfg_chains && !runnable)
		t->woken = 0;
	if (!cfg_rows)
		return;
	t->why = why_of(runnable, state);
	t->skip = leave_out();
	if (cfg_user_stacks && !shed_stacks && !t->skip && !(state & TASK_DEAD))
		user_stack(ctx, p, &t->user);
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
	if (cfg_edges && t->waking_ns && !t->skip)
		edge_done(t, p, bpf_get_smp_processor_id(), now);
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

/* --- programs ------------------------------------------------------------------------------------------------------- */

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
	if (!cfg_full && !cfg_rows && leave_out())
		return 0;
	t = storage(p);
	if (!t)
		return 0;
	now = bpf_ktime_get_ns();
	if (cfg_full)
		waking_full(t, p, now);
	else
		t->waking_ns = now;
	if (cfg_edges && (t->skip || (cfg_full && leave_out()))) {
		t->edge = 0;
	} else if (cfg_edges) {
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
	if (cfg_events && (followed(prev) || followed(next)))
		emit(LEDGER_EVENT_SWITCH, now, task_id(prev), task_id(next),
		     prev_state | (preempt ? LEDGER_PREEMPT_FLAG : 0),
		     (__u32)prev->prio | (__u64)(__u32)next->prio << 32);
	enter(ctx, next, now);
	return 0;
}
