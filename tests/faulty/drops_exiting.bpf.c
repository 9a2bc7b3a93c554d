// SPDX-License-Identifier: GPL-2.0
/* Asks to see exiting tasks too, and then forgets them: they never get to finish their exit. */
#include "tests/faulty/faulty.bpf.h"

#define OPS_ENQ_EXITING \
	(1ULL << 2) /* SCX_OPS_ENQ_EXITING: the ops table is data, where CO-RE does not reach */

FAULTY_BASE(drops_exiting)
FAULTY_INIT(drops_exiting)
FAULTY_DISPATCH(drops_exiting)

void BPF_STRUCT_OPS(drops_exiting_enqueue, struct task_struct *p, u64 enq_flags)
{
	if ((p->flags & PF_EXITING) && misbehave())
		dsq_insert(p, LOST_DSQ, SLICE_NS, enq_flags);
	else
		fifo_enqueue(p, enq_flags);
}

FAULTY_OPS(drops_exiting, .flags = OPS_ENQ_EXITING, );
