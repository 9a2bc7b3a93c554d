/* SPDX-License-Identifier: GPL-2.0 */
/*
 * slowfifo: a FIFO that wastes a known time before each task runs. It exists to be called worse by the comparison.
 *
 * Policy. As scheds/fifo, with one shared queue and no shortcuts; before a task runs the CPU counts to `delay`.
 * Limits. All of fifo's; and it is slow on purpose.
 * Cost: one queue insert and removal per switch, and `delay` calls of an empty function.
 */
#include "bpf/scx.bpf.h"
#include "bpf/exit.bpf.h"
#include "bpf/tunable.bpf.h"

char _license[] SEC("license") = "GPL";

TUNABLE(u32, delay, 0, 0, 100000, "calls of an empty function before a task runs");

EXIT_RECORD_DEFINE(exit_record);

#define SHARED_DSQ 0

void BPF_STRUCT_OPS(slowfifo_enqueue, struct task_struct *p, u64 enq_flags)
{
	if (is_percpu_kthread(p))
		dsq_insert(p, DSQ_LOCAL, 20 * NSEC_PER_MSEC, enq_flags);
	else
		dsq_insert(p, SHARED_DSQ, 20 * NSEC_PER_MSEC, enq_flags);
}

void BPF_STRUCT_OPS(slowfifo_dispatch, s32 cpu, struct task_struct *prev)
{
	dsq_move_to_local(SHARED_DSQ);
}

static long waste(u64 index, void *context)
{
	return 0;
}

void BPF_STRUCT_OPS(slowfifo_running, struct task_struct *p)
{
	if (delay)
		bpf_loop(delay, waste, NULL, 0);
}

s32 BPF_STRUCT_OPS_SLEEPABLE(slowfifo_init)
{
	return scx_bpf_create_dsq(SHARED_DSQ, -1);
}

void BPF_STRUCT_OPS(slowfifo_exit, struct scx_exit_info *ei)
{
	EXIT_RECORD(exit_record, ei);
}

/* clang-format off */
SEC(".struct_ops.link")
struct sched_ext_ops slowfifo_ops = {
	.enqueue  = (void *)slowfifo_enqueue,
	.dispatch = (void *)slowfifo_dispatch,
	.running  = (void *)slowfifo_running,
	.init	  = (void *)slowfifo_init,
	.exit	  = (void *)slowfifo_exit,
	.name	  = "slowfifo",
};
/* clang-format on */
