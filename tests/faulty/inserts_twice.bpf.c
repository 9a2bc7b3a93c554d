// SPDX-License-Identifier: GPL-2.0
/* Puts one task on two queues. */
#include "tests/faulty/faulty.bpf.h"

FAULTY_BASE(inserts_twice)
FAULTY_INIT(inserts_twice)
FAULTY_DISPATCH(inserts_twice)

void BPF_STRUCT_OPS(inserts_twice_enqueue, struct task_struct *p, u64 enq_flags)
{
	fifo_enqueue(p, enq_flags);
	if (misbehave())
		dsq_insert(p, LOST_DSQ, SLICE_NS, enq_flags);
}

FAULTY_OPS(inserts_twice);
