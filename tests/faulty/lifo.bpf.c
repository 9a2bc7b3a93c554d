/* SPDX-License-Identifier: GPL-2.0 */
/*
 * lifo: last come, first served, without preemption. A broken queue on purpose: the oracle check of first come, first
 * served must call it wrong. Its mean sojourn is that of FIFO; only the tail gives it away.
 *
 * Cost: as fifo. It can miss nothing, since it measures nothing; an old task may wait for as long as new ones come.
 */
#include "bpf/scx.bpf.h"
#include "bpf/exit.bpf.h"

char _license[] SEC("license") = "GPL";

EXIT_RECORD_DEFINE(exit_record);

#define SHARED_DSQ 0

void BPF_STRUCT_OPS(lifo_enqueue, struct task_struct *p, u64 enq_flags)
{
	if (is_percpu_kthread(p))
		dsq_insert(p, DSQ_LOCAL, SLICE_INF, enq_flags);
	else
		dsq_insert(p, SHARED_DSQ, SLICE_INF, enq_flags | ENQ_HEAD);
}

void BPF_STRUCT_OPS(lifo_dispatch, s32 cpu, struct task_struct *prev)
{
	dsq_move_to_local(SHARED_DSQ);
}

s32 BPF_STRUCT_OPS_SLEEPABLE(lifo_init)
{
	return scx_bpf_create_dsq(SHARED_DSQ, -1);
}

void BPF_STRUCT_OPS(lifo_exit, struct scx_exit_info *ei)
{
	EXIT_RECORD(exit_record, ei);
}

/* clang-format off */
SEC(".struct_ops.link")
struct sched_ext_ops lifo_ops = {
	.enqueue  = (void *)lifo_enqueue,
	.dispatch = (void *)lifo_dispatch,
	.init	  = (void *)lifo_init,
	.exit	  = (void *)lifo_exit,
	.name	  = "lifo",
};
