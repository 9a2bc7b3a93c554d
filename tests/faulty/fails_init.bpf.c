// SPDX-License-Identifier: GPL-2.0
/* Does not get past ops.init. */
#include "tests/faulty/faulty.bpf.h"

FAULTY_BASE(fails_init)
FAULTY_ENQUEUE(fails_init)
FAULTY_DISPATCH(fails_init)

s32 BPF_STRUCT_OPS_SLEEPABLE(fails_init_init)
{
	started_ns = bpf_ktime_get_ns();
	return -ENOMEM;
}

FAULTY_OPS(fails_init);
