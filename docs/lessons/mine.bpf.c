/* SPDX-License-Identifier: GPL-2.0 */
/*
 * mine: the scheduler of lesson 6 and of docs/writing-a-scheduler.md. Copy it and make it yours.
 *
 * Policy. Tasks wait on one queue, the one that has had the least CPU time (weighted by nice) first. Each runs for
 * slice_us. A task that slept may not claim the time it did not ask for: it joins at most one slice behind the others.
 *
 * Limits. No preemption: a woken task waits for the end of a slice. One lock for all CPUs. Not fair over sleeps.
 *
 * Cost: one sorted insert and one removal per switch. It can miss nothing, as it measures nothing.
 */
#include "bpf/scx.bpf.h"
#include "bpf/exit.bpf.h"
#include "bpf/stats.bpf.h"
#include "bpf/tunable.bpf.h"

char _license[] SEC("license") = "GPL";

TUNABLE(u64, slice_us, 5000, 100, 1000000, "time slice");
TUNABLE(bool, forget, 0, 0, 1, "break it: lose every 1000th task, to see what the guard does");

STAT(queued, "tasks put on the queue");
STAT(forgotten, "tasks lost on purpose");

EXIT_RECORD_DEFINE(exit_record);

#define QUEUE 0

/* The weighted CPU time of the task that was last chosen: "now" on the queue's own clock. */
static u64 vtime_now;

void BPF_STRUCT_OPS(mine_enqueue, struct task_struct *p, u64 enq_flags)
{
	u64 slice_ns = slice_us * NSEC_PER_USEC, vtime = p->scx.dsq_vtime;
	s32 cpu;

	if (is_percpu_kthread(p)) {
		dsq_insert(p, DSQ_LOCAL, slice_ns, enq_flags);
		return;
	}
	STAT_INC(queued);
	if (forget && bpf_get_prandom_u32() % 1000 == 0) {
		STAT_INC(forgotten);
		return; /* on no queue: it never runs again */
	}
	if (time_before(vtime, vtime_now - slice_ns))
		vtime = vtime_now - slice_ns;
	dsq_insert_vtime(p, QUEUE, slice_ns, vtime, enq_flags);
	cpu = scx_bpf_pick_idle_cpu(p->cpus_ptr, 0);
	if (cpu >= 0)
		scx_bpf_kick_cpu(cpu, KICK_IDLE);
}

void BPF_STRUCT_OPS(mine_dispatch, s32 cpu, struct task_struct *prev)
{
	dsq_move_to_local(QUEUE);
}

void BPF_STRUCT_OPS(mine_running, struct task_struct *p)
{
	if (time_before(vtime_now, p->scx.dsq_vtime))
		vtime_now = p->scx.dsq_vtime;
}

void BPF_STRUCT_OPS(mine_stopping, struct task_struct *p, bool runnable)
{
	u64 slice_ns = slice_us * NSEC_PER_USEC, left_ns = p->scx.slice;
	/* The kernel renews the slice of a task that is alone; nobody waited, so that time is not charged. */
	u64 used_ns = left_ns < slice_ns ? slice_ns - left_ns : 0;

	task_set_vtime(p, p->scx.dsq_vtime + used_ns * 100 / p->scx.weight);
}

void BPF_STRUCT_OPS(mine_enable, struct task_struct *p)
{
	task_set_vtime(p, vtime_now);
}

s32 BPF_STRUCT_OPS_SLEEPABLE(mine_init)
{
	return scx_bpf_create_dsq(QUEUE, -1);
}

void BPF_STRUCT_OPS(mine_exit, struct scx_exit_info *ei)
{
	EXIT_RECORD(exit_record, ei);
}

// clang-format off: a table
SEC(".struct_ops.link")
struct sched_ext_ops mine_ops = {
	.enqueue  = (void *)mine_enqueue,
	.dispatch = (void *)mine_dispatch,
	.running  = (void *)mine_running,
	.stopping = (void *)mine_stopping,
	.enable   = (void *)mine_enable,
	.init     = (void *)mine_init,
	.exit     = (void *)mine_exit,
	.name     = "mine",
};
// clang-format on
