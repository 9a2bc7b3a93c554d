// SPDX-License-Identifier: GPL-2.0
/* Holds kernel threads for batch work: one runs when nothing else does. A hog per CPU stops the kernel's own work. */
#include "tests/faulty/faulty.bpf.h"

FAULTY_BASE(starves_kthreads)
FAULTY_INIT(starves_kthreads)

void BPF_STRUCT_OPS(starves_kthreads_enqueue, struct task_struct *p, u64 enq_flags)
{
	if ((p->flags & PF_KTHREAD) && misbehave())
		dsq_insert(p, LOST_DSQ, SLICE_NS, enq_flags);
	else
		fifo_enqueue(p, enq_flags);
}

void BPF_STRUCT_OPS(starves_kthreads_dispatch, s32 cpu, struct task_struct *prev)
{
	if (!dsq_move_to_local(SHARED_DSQ) && !(prev && (prev->scx.flags & TASK_QUEUED)))
		dsq_move_to_local(LOST_DSQ);
}

FAULTY_OPS(starves_kthreads);
