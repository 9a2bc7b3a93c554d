// SPDX-License-Identifier: GPL-2.0
/* Unregisters itself, with a code and a reason: a long one, that no cut at a round number of bytes leaves whole. */
#include "tests/faulty/faulty.bpf.h"

extern void scx_bpf_exit_bstr(s64 exit_code, char *fmt, unsigned long long *data,
			      u32 data_len) __ksym;

#define WORDS_10 "été été été été été été été été été été "

FAULTY_BASE(leaves)
FAULTY_INIT(leaves)
FAULTY_DISPATCH(leaves)

void BPF_STRUCT_OPS(leaves_enqueue, struct task_struct *p, u64 enq_flags)
{
	static const char why[] = WORDS_10 WORDS_10 WORDS_10 WORDS_10 WORDS_10;
	static char format[] = "done for today, the %s";
	unsigned long long args[] = {(unsigned long long)why};

	if (misbehave())
		scx_bpf_exit_bstr(7, format, args, sizeof(args));
	fifo_enqueue(p, enq_flags);
}

FAULTY_OPS(leaves);
