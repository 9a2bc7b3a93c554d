/* SPDX-License-Identifier: GPL-2.0 */
/*
 * fifo: first come, first served.
 *
 * Policy. Every runnable task waits on one shared queue in order of arrival; a CPU that needs work takes the oldest task
 * that may run on it. A task runs for slice_us, then goes to the tail; with slice_us=0 it runs until it blocks, which
 * makes one CPU the M/G/1-FCFS server of the textbooks. A task that wakes while a CPU it may use is idle goes there
 * straight away (nobody can be waiting for that CPU), and a CPU that is idle is kicked when work for it is queued.
 *
 * Two exceptions keep the machine alive. A kernel thread that wakes goes to the head: what the machine needs for itself
 * must not wait behind its users. And a task that a real-time task drives from its CPU goes back to the head with what is
 * left of its slice, for any CPU to go on with.
 *
 * Limits. No priorities, no preemption, no locality: nice values and cgroup weights do nothing, a long task delays all
 * behind it, and with slice_us=0 one task that never blocks starves its CPU until the kernel's watchdog ejects the
 * scheduler. Slices end at the scheduler tick (4 ms at HZ=250), so a slice lasts up to one tick longer than asked. A
 * queue of tasks bound to few CPUs is walked by the others in search of one that they may run. A task bound to a CPU that
 * a real-time task holds has to wait: before 7.0 the kernel keeps no time for it, and 30 s of that end any scheduler.
 *
 * Cost: one queue insert and one removal per switch under one lock, the limit of its scaling. It keeps no state per
 * task and measures nothing itself.
 */
#include "bpf/scx.bpf.h"
#include "bpf/exit.bpf.h"
#include "bpf/stats.bpf.h"
#include "bpf/tunable.bpf.h"

char _license[] SEC("license") = "GPL";

TUNABLE(u64, slice_us, 20000, 0, 10000000, "time slice; 0 runs a task until it blocks");

STAT(enqueued, "tasks put on the shared queue");
STAT(direct, "tasks that found an idle CPU when they woke");
STAT(bound, "kernel threads of one CPU put on its own queue");
STAT(kicked, "idle CPUs kicked for a queued task");
STAT(dispatched, "tasks taken from the shared queue");
STAT(displaced, "tasks that a real-time task drove from their CPU, put back at the head");

EXIT_RECORD_DEFINE(exit_record);

#define SHARED_DSQ 0

static u64 slice_ns(void)
{
	return slice_us ? slice_us * NSEC_PER_USEC : SLICE_INF;
}

s32 BPF_STRUCT_OPS(fifo_select_cpu, struct task_struct *p, s32 prev_cpu, u64 wake_flags)
{
	bool idle = false;
	s32 cpu = scx_bpf_select_cpu_dfl(p, prev_cpu, wake_flags, &idle);

	if (idle) {
		STAT_INC(direct);
		dsq_insert(p, DSQ_LOCAL, slice_ns(), 0);
	}
	return cpu;
}

void BPF_STRUCT_OPS(fifo_enqueue, struct task_struct *p, u64 enq_flags)
{
	s32 cpu;

	if (is_percpu_kthread(p)) {
		STAT_INC(bound);
		dsq_insert(p, DSQ_LOCAL, slice_ns(), enq_flags);
		return;
	}

	STAT_INC(enqueued);
	if (enq_flags & ENQ_REENQ)
		dsq_insert(p, SHARED_DSQ, p->scx.slice ?: slice_ns(), enq_flags | ENQ_HEAD);
	else if ((p->flags & PF_KTHREAD) && (enq_flags & ENQ_WAKEUP))
		dsq_insert(p, SHARED_DSQ, slice_ns(), enq_flags | ENQ_HEAD);
	else
		dsq_insert(p, SHARED_DSQ, slice_ns(), enq_flags);

	/* Wakeups have looked for an idle CPU already, but a task bound to one CPU never passes select_cpu(). */
	cpu = scx_bpf_pick_idle_cpu(p->cpus_ptr, 0);
	if (cpu >= 0) {
		STAT_INC(kicked);
		scx_bpf_kick_cpu(cpu, KICK_IDLE);
	}
}

void BPF_STRUCT_OPS(fifo_dispatch, s32 cpu, struct task_struct *prev)
{
	if (dsq_move_to_local(SHARED_DSQ))
		STAT_INC(dispatched);
}

void BPF_STRUCT_OPS(fifo_cpu_release, s32 cpu, struct scx_cpu_release_args *args)
{
	STAT_ADD(displaced, reenqueue_local());
}

s32 BPF_STRUCT_OPS_SLEEPABLE(fifo_init)
{
	return scx_bpf_create_dsq(SHARED_DSQ, -1);
}

void BPF_STRUCT_OPS(fifo_exit, struct scx_exit_info *ei)
{
	EXIT_RECORD(exit_record, ei);
}

/* clang-format off */
SEC(".struct_ops.link")
struct sched_ext_ops fifo_ops = {
	.select_cpu  = (void *)fifo_select_cpu,
	.enqueue     = (void *)fifo_enqueue,
	.dispatch    = (void *)fifo_dispatch,
	.cpu_release = (void *)fifo_cpu_release,
	.init	     = (void *)fifo_init,
	.exit	     = (void *)fifo_exit,
	.flags	     = SCX_OPS_ENQ_MIGRATION_DISABLED, /* see reenqueue_local() */
	.name	     = "fifo",
};
