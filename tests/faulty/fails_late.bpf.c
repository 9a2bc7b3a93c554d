// SPDX-License-Identifier: GPL-2.0
/*
 * Serves 999 tasks, those that were there before it among them, and from the thousandth on sends whoever is queued to a
 * queue that was never made.
 */
#include "tests/faulty/faulty.bpf.h"

u64 born;

FAULTY_BASE(fails_late)
FAULTY_INIT(fails_late)
FAULTY_DISPATCH(fails_late)

s32 BPF_STRUCT_OPS_SLEEPABLE(fails_late_init_task, struct task_struct *p,
			     struct scx_init_task_args *args)
{
	__sync_fetch_and_add(&born, 1);
	return 0;
}

void BPF_STRUCT_OPS(fails_late_enqueue, struct task_struct *p, u64 enq_flags)
{
	/* A task that is being forked has no pid yet in init_task, so the fault falls on whoever is queued next. */
	if (born >= 1000 && misbehave())
		dsq_insert(p, 12345, SLICE_NS, enq_flags);
	else
		fifo_enqueue(p, enq_flags);
}

FAULTY_OPS(fails_late, .init_task = (void *)fails_late_init_task, );
