// SPDX-License-Identifier: GPL-2.0
/* Finds an error of its own and says so. */
#include "tests/faulty/faulty.bpf.h"

FAULTY_BASE(reports_error)
FAULTY_INIT(reports_error)
FAULTY_DISPATCH(reports_error)

void BPF_STRUCT_OPS(reports_error_enqueue, struct task_struct *p, u64 enq_flags)
{
	if (misbehave())
		scx_error("lost count at task %d", p->pid);
	fifo_enqueue(p, enq_flags);
}

FAULTY_OPS(reports_error);
