// SPDX-License-Identifier: GPL-2.0
/* Serves every CPU but the last one: what is bound there, kernel threads aside, waits for ever. */
#include "tests/faulty/faulty.bpf.h"

FAULTY_BASE(forgets_cpu)
FAULTY_INIT(forgets_cpu)
FAULTY_ENQUEUE(forgets_cpu)

void BPF_STRUCT_OPS(forgets_cpu_dispatch, s32 cpu, struct task_struct *prev)
{
	if ((u32)cpu + 1 != scx_bpf_nr_cpu_ids() || !misbehave())
		dsq_move_to_local(SHARED_DSQ);
}

FAULTY_OPS(forgets_cpu);
