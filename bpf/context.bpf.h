/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What acts just now: the current task, or an interrupt that happened to hit it. For x86, where the kernel counts the
 * interrupts under way in bits of its preemption count. Include it after vmlinux.h and bpf_helpers.h.
 *
 * Cost: one read of a per-CPU variable. What it can miss: on a kernel that keeps the count elsewhere all seem to be tasks;
 * one that moves the bits once more makes tasks of interrupts (tests/vm/latency.sh sees it).
 */
#ifndef SCHEDLAB_BPF_CONTEXT_BPF_H
#define SCHEDLAB_BPF_CONTEXT_BPF_H

#define INTERRUPTS_NMI	   0x00f00000
#define INTERRUPTS_HARD	   0x000f0000
#define INTERRUPTS_SOFTIRQ 0x00000100 /* serving one; the rest of the byte means only "disabled" */

/* The count is in a per-CPU variable of its own, before 6.15 in a struct. */
struct pcpu_hot___6_14 {
	int preempt_count;
} __attribute__((preserve_access_index));

extern const int __preempt_count __ksym __weak;
extern const struct pcpu_hot___6_14 pcpu_hot __ksym __weak;
/* 7.3 brought it, and its count of times disabled: that has the bits of NMIs and hard interrupts, they the next higher. */
extern const unsigned long local_interrupt_disable_state __ksym __weak;

/* The interrupts being served on this CPU, as INTERRUPTS_* counts; 0: the current task acts. */
static __always_inline __u32 interrupts_now(void)
{
	__u32 count = 0, hard;

	if (bpf_ksym_exists(&__preempt_count))
		count = *(const int *)bpf_this_cpu_ptr(&__preempt_count);
	else if (bpf_ksym_exists(&pcpu_hot))
		count = ((struct pcpu_hot___6_14 *)bpf_this_cpu_ptr(&pcpu_hot))->preempt_count;
	hard = bpf_ksym_exists(&local_interrupt_disable_state) ? count >> 8 : count;
	return (hard & (INTERRUPTS_NMI | INTERRUPTS_HARD)) | (count & INTERRUPTS_SOFTIRQ);
}

#endif
