/* SPDX-License-Identifier: GPL-2.0 */
/* What the guard's BPF side and user space share: plain integers. Included after vmlinux.h in BPF programs. */
#ifndef SCHEDLAB_LOADER_GUARD_ABI_H
#define SCHEDLAB_LOADER_GUARD_ABI_H

#ifndef __bpf__
#include <linux/types.h>
#endif

#define GUARD_CPU_WORDS 16 /* of 64 CPUs each: the CPUs that are known one by one */

/* Who has a CPU. */
enum guard_holder {
	GUARD_IDLE,
	GUARD_EXT,    /* a task of the scheduler's */
	GUARD_BYPASS, /* such a task while the kernel bypasses the scheduler */
	GUARD_FAIR,   /* a task of the kernel's default */
	GUARD_HELD,   /* real-time, deadline, stop: above any scheduler's reach */
	GUARD_HOLDERS,
};

/* One CPU's account; written by that CPU alone, an odd @seq says that it is being written. */
struct guard_cpu {
	__u64 seq;
	__u64 since_ns; /* CLOCK_MONOTONIC: when @holder got the CPU; 0 before the first switch */
	__u64 holder;
	__u64 ns[GUARD_HOLDERS]; /* before @since_ns */
};

/* A task that waits longer than asked for. */
struct guard_wait {
	__u64 pid, tgid;
	__u64 wait_jiffies;
	__u64 cpu;		     /* whose queue it is on */
	__u64 cpus[GUARD_CPU_WORDS]; /* where it may run */
	char comm[16];
};

#ifndef __bpf__
_Static_assert(sizeof(struct guard_cpu) == 64, "one cache line");
_Static_assert(sizeof(struct guard_wait) == 32 + 8 * GUARD_CPU_WORDS + 16, "no padding");
#endif

#endif
