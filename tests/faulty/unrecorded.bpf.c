// SPDX-License-Identifier: GPL-2.0
/* Keeps no exit record, as an object that knows nothing of ours may; sends tasks to a CPU that does not exist if told to. */
#include "bpf/scx.bpf.h"
#include "bpf/tunable.bpf.h"

char _license[] SEC("license") = "GPL";

TUNABLE(u64, after_ms, 0, 0, 600000, "behave for this long, then misbehave; 0: behave");

#define SHARED_DSQ 0
#define SLICE_NS   (5 * NSEC_PER_MSEC)

u64 started_ns;

void BPF_STRUCT_OPS(unrecorded_enqueue, struct task_struct *p, u64 enq_flags)
{
	if (after_ms && bpf_ktime_get_ns() - started_ns > after_ms * NSEC_PER_MSEC)
		dsq_insert(p, DSQ_LOCAL_ON | 60000, SLICE_NS, enq_flags);
	else if (is_percpu_kthread(p))
		dsq_insert(p, DSQ_LOCAL, SLICE_NS, enq_flags);
	else
		dsq_insert(p, SHARED_DSQ, SLICE_NS, enq_flags);
}

void BPF_STRUCT_OPS(unrecorded_dispatch, s32 cpu, struct task_struct *prev)
{
	dsq_move_to_local(SHARED_DSQ);
}

s32 BPF_STRUCT_OPS_SLEEPABLE(unrecorded_init)
{
	started_ns = bpf_ktime_get_ns();
	return scx_bpf_create_dsq(SHARED_DSQ, -1);
}

/* clang-format off */
SEC(".struct_ops.link")
struct sched_ext_ops unrecorded_ops = {
	.enqueue  = (void *)unrecorded_enqueue,
	.dispatch = (void *)unrecorded_dispatch,
	.init	  = (void *)unrecorded_init,
	.name	  = "unrecorded",
};
/* clang-format on */
