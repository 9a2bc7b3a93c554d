// SPDX-License-Identifier: GPL-2.0
/* Takes every task and gives none back. */
#include "tests/faulty/faulty.bpf.h"

FAULTY_BASE(never_dispatches)
FAULTY_INIT(never_dispatches)
FAULTY_ENQUEUE(never_dispatches)

void BPF_STRUCT_OPS(never_dispatches_dispatch, s32 cpu, struct task_struct *prev)
{
	if (!misbehave())
		dsq_move_to_local(SHARED_DSQ);
}

FAULTY_OPS(never_dispatches);
