// SPDX-License-Identifier: GPL-2.0
/* Computes for 30 ms at each dispatch, with the CPU's lock held. */
#include "tests/faulty/faulty.bpf.h"

#define SPIN_NS (30 * NSEC_PER_MSEC)

FAULTY_BASE(spins)
FAULTY_INIT(spins)
FAULTY_ENQUEUE(spins)

static long spin(u64 index, void *until)
{
	return bpf_ktime_get_ns() >= *(u64 *)until;
}

void BPF_STRUCT_OPS(spins_dispatch, s32 cpu, struct task_struct *prev)
{
	u64 until = bpf_ktime_get_ns() + SPIN_NS;

	if (scx_bpf_dsq_nr_queued(SHARED_DSQ) > 0 && misbehave())
		bpf_loop(1 << 23, spin, &until, 0);
	dsq_move_to_local(SHARED_DSQ);
}

FAULTY_OPS(spins);
