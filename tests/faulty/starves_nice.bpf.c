// SPDX-License-Identifier: GPL-2.0
/* Strict priority: a task of positive nice runs only when no other is runnable. A busy machine starves it. */
#include "tests/faulty/faulty.bpf.h"

#define DEFAULT_PRIO 120

FAULTY_BASE(starves_nice)
FAULTY_INIT(starves_nice)

void BPF_STRUCT_OPS(starves_nice_enqueue, struct task_struct *p, u64 enq_flags)
{
	if (p->static_prio > DEFAULT_PRIO && misbehave())
		dsq_insert(p, LOST_DSQ, SLICE_NS, enq_flags);
	else
		fifo_enqueue(p, enq_flags);
}

void BPF_STRUCT_OPS(starves_nice_dispatch, s32 cpu, struct task_struct *prev)
{
	/* The running task too comes before any nice one. */
	if (!dsq_move_to_local(SHARED_DSQ) &&
	    !(prev && (prev->scx.flags & TASK_QUEUED) && prev->static_prio <= DEFAULT_PRIO))
		dsq_move_to_local(LOST_DSQ);
}

FAULTY_OPS(starves_nice);
