/* SPDX-License-Identifier: GPL-2.0 */
/*
 * newest: the exercise of lesson 6. It is meant to serve tasks in the order in which they came. It does not: one
 * character is wrong. Nothing crashes, the verifier is content, and somebody waits for ever.
 *
 * Cost: one sorted insert and one removal per switch. It measures nothing.
 */
#include "bpf/scx.bpf.h"
#include "bpf/exit.bpf.h"

char _license[] SEC("license") = "GPL";

EXIT_RECORD_DEFINE(exit_record);

#define QUEUE	 0
#define SLICE_NS (4 * NSEC_PER_MSEC)

#ifndef ORDER
#define ORDER(now_ns) (-(now_ns)) /* the smallest is served first */
#endif

void BPF_STRUCT_OPS(newest_enqueue, struct task_struct *p, u64 enq_flags)
{
	dsq_insert_vtime(p, QUEUE, SLICE_NS, ORDER(scx_bpf_now()), enq_flags);
}

void BPF_STRUCT_OPS(newest_dispatch, s32 cpu, struct task_struct *prev)
{
	dsq_move_to_local(QUEUE);
}

s32 BPF_STRUCT_OPS_SLEEPABLE(newest_init)
{
	return scx_bpf_create_dsq(QUEUE, -1);
}

void BPF_STRUCT_OPS(newest_exit, struct scx_exit_info *ei)
{
	EXIT_RECORD(exit_record, ei);
}

// clang-format off: a table
SEC(".struct_ops.link")
struct sched_ext_ops newest_ops = {
	.enqueue  = (void *)newest_enqueue,
	.dispatch = (void *)newest_dispatch,
	.init     = (void *)newest_init,
	.exit     = (void *)newest_exit,
	.name     = "newest",
};
// clang-format on
