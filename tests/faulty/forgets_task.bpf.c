// SPDX-License-Identifier: GPL-2.0
/* Loses one task, the one called "victim"; everyone else is served. */
#include "tests/faulty/faulty.bpf.h"

FAULTY_BASE(forgets_task)
FAULTY_INIT(forgets_task)
FAULTY_DISPATCH(forgets_task)

void BPF_STRUCT_OPS(forgets_task_enqueue, struct task_struct *p, u64 enq_flags)
{
	if (comm_is(p, "victim", 6) && misbehave())
		dsq_insert(p, LOST_DSQ, SLICE_NS, enq_flags);
	else
		fifo_enqueue(p, enq_flags);
}

FAULTY_OPS(forgets_task);
