/* SPDX-License-Identifier: GPL-2.0 */
/* For lesson 6: a scheduler that the verifier rejects, as it follows a pointer that may be NULL. */
#include "bpf/scx.bpf.h"

char _license[] SEC("license") = "GPL";

void BPF_STRUCT_OPS(rejected_dispatch, s32 cpu, struct task_struct *prev)
{
	struct task_struct *p = bpf_task_from_pid(1);
	u32 flags = p->flags; /* p may be NULL: there may be no such task */

	if (p)
		bpf_task_release(p);
	if (flags & PF_EXITING)
		scx_bpf_kick_cpu(cpu, 0);
}

// clang-format off: a table
SEC(".struct_ops.link")
struct sched_ext_ops rejected_ops = {
	.dispatch = (void *)rejected_dispatch,
	.name     = "rejected",
};
// clang-format on
