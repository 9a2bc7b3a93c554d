// SPDX-License-Identifier: GPL-2.0
/* Keeps no exit record, as an object that knows nothing of ours may; sends tasks to a CPU that does not exist. */
#include "tests/faulty/faulty.bpf.h"

FAULTY_INIT(unrecorded)
FAULTY_DISPATCH(unrecorded)

void BPF_STRUCT_OPS(unrecorded_enqueue, struct task_struct *p, u64 enq_flags)
{
	if (misbehave())
		dsq_insert(p, DSQ_LOCAL_ON | 60000, SLICE_NS, enq_flags);
	else
		fifo_enqueue(p, enq_flags);
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
