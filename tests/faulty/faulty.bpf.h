/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the misbehaving schedulers share: a plain FIFO that turns bad after a while and keeps the moment. Each file overrides
 * one thing. They are there to be ejected; do not run them outside a guest.
 */
#ifndef SCHEDLAB_TESTS_FAULTY_BPF_H
#define SCHEDLAB_TESTS_FAULTY_BPF_H

#include "bpf/scx.bpf.h"
#include "bpf/exit.bpf.h"
#include "bpf/stats.bpf.h"
#include "bpf/tunable.bpf.h"

char _license[] SEC("license") = "GPL";

TUNABLE(u64, after_ms, 300, 0, 600000, "behave for this long, then misbehave");
STAT(onset_ns, "CLOCK_MONOTONIC of the first misdeed");

#define SHARED_DSQ 0
#define LOST_DSQ   1 /* whoever gets here is not seen again */
#define SLICE_NS   (5 * NSEC_PER_MSEC)

u64 started_ns;
u32 has_begun;

/* Whether the time to be bad has come; keeps the moment of the first such answer. */
static __attribute__((unused)) bool misbehave(void)
{
	u64 now = bpf_ktime_get_ns();

	if (now - started_ns < after_ms * NSEC_PER_MSEC)
		return false;
	if (!__sync_lock_test_and_set(&has_begun, 1))
		STAT_ADD(onset_ns, now);
	return true;
}

static __attribute__((unused)) bool comm_is(const struct task_struct *p, const char *name,
					    u32 length)
{
	char comm[16];
	u32 i;

	bpf_probe_read_kernel_str(comm, sizeof(comm), p->comm);
	for (i = 0; i < length && i < sizeof(comm); i++)
		if (comm[i] != name[i])
			return false;
	return true;
}

static __attribute__((unused)) void fifo_enqueue(struct task_struct *p, u64 enq_flags)
{
	s32 cpu;

	if (is_percpu_kthread(p)) {
		dsq_insert(p, DSQ_LOCAL, SLICE_NS, enq_flags);
		return;
	}
	dsq_insert(p, SHARED_DSQ, SLICE_NS, enq_flags);
	cpu = scx_bpf_pick_idle_cpu(p->cpus_ptr, 0);
	if (cpu >= 0)
		scx_bpf_kick_cpu(cpu, KICK_IDLE);
}

static __attribute__((unused)) s32 fifo_init(void)
{
	s32 err = scx_bpf_create_dsq(SHARED_DSQ, -1);

	started_ns = bpf_ktime_get_ns();
	return err ? err : scx_bpf_create_dsq(LOST_DSQ, -1);
}

/* The members that are the same for all; what follows in the table is the scheduler's own. */
#define FAULTY_BASE(base)                                          \
	EXIT_RECORD_DEFINE(exit_record);                           \
	void BPF_STRUCT_OPS(base##_exit, struct scx_exit_info *ei) \
	{                                                          \
		EXIT_RECORD(exit_record, ei);                      \
	}
#define FAULTY_INIT(base)                         \
	s32 BPF_STRUCT_OPS_SLEEPABLE(base##_init) \
	{                                         \
		return fifo_init();               \
	}
#define FAULTY_ENQUEUE(base)                                                      \
	void BPF_STRUCT_OPS(base##_enqueue, struct task_struct *p, u64 enq_flags) \
	{                                                                         \
		fifo_enqueue(p, enq_flags);                                       \
	}
#define FAULTY_DISPATCH(base)                                                   \
	void BPF_STRUCT_OPS(base##_dispatch, s32 cpu, struct task_struct *prev) \
	{                                                                       \
		dsq_move_to_local(SHARED_DSQ);                                  \
	}
#define FAULTY_OPS(base, more...)                                               \
	SEC(".struct_ops.link")                                                 \
	struct sched_ext_ops base##_ops = {.enqueue = (void *)base##_enqueue,   \
					   .dispatch = (void *)base##_dispatch, \
					   .init = (void *)base##_init,         \
					   .exit = (void *)base##_exit,         \
					   .name = #base,                       \
					   more}

#endif
