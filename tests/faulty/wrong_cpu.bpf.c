// SPDX-License-Identifier: GPL-2.0
/* Sends tasks to a CPU that does not exist. */
#include "tests/faulty/faulty.bpf.h"

FAULTY_BASE(wrong_cpu)
FAULTY_INIT(wrong_cpu)
FAULTY_DISPATCH(wrong_cpu)

void BPF_STRUCT_OPS(wrong_cpu_enqueue, struct task_struct *p, u64 enq_flags)
{
	if (misbehave())
		dsq_insert(p, DSQ_LOCAL_ON | 60000, SLICE_NS, enq_flags);
	else
		fifo_enqueue(p, enq_flags);
}

FAULTY_OPS(wrong_cpu);
