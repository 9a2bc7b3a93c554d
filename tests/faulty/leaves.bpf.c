// SPDX-License-Identifier: GPL-2.0
/* Unregisters itself, with a code and a reason. */
#include "tests/faulty/faulty.bpf.h"

extern void scx_bpf_exit_bstr(s64 exit_code, char *fmt, unsigned long long *data,
			      u32 data_len) __ksym;

FAULTY_BASE(leaves)
FAULTY_INIT(leaves)
FAULTY_DISPATCH(leaves)

void BPF_STRUCT_OPS(leaves_enqueue, struct task_struct *p, u64 enq_flags)
{
	static char format[] = "done for today";
	unsigned long long none = 0;

	if (misbehave())
		scx_bpf_exit_bstr(7, format, &none, 0);
	fifo_enqueue(p, enq_flags);
}

FAULTY_OPS(leaves);
