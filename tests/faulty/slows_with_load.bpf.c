// SPDX-License-Identifier: GPL-2.0
/* Walks its queue at every wakeup, so that each waiting task costs every other one 2 ms. */
#include "tests/faulty/faulty.bpf.h"

#define COST_NS (2 * NSEC_PER_MSEC)

FAULTY_BASE(slows_with_load)
FAULTY_INIT(slows_with_load)
FAULTY_DISPATCH(slows_with_load)

static long spin(u64 index, void *until)
{
	return bpf_ktime_get_ns() >= *(u64 *)until;
}

void BPF_STRUCT_OPS(slows_with_load_enqueue, struct task_struct *p, u64 enq_flags)
{
	u64 until = bpf_ktime_get_ns();

	if (misbehave()) {
		until += COST_NS * scx_bpf_dsq_nr_queued(SHARED_DSQ);
		bpf_loop(1 << 20, spin, &until, 0);
	}
	fifo_enqueue(p, enq_flags);
}

FAULTY_OPS(slows_with_load);
