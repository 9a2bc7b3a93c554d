/* SPDX-License-Identifier: GPL-2.0 */
/*
 * late: a FIFO in which each woken task waits a known time before it may run. The control of what measures waits: all
 * views must read that time.
 *
 * Policy. A woken task is parked, in the order of the times at which it is due; a timer kicks a CPU when the first one
 * is. Preempted and new tasks are queued as in fifo; kernel threads are never late, or the machine itself would be.
 * Limits. A busy CPU takes a task that is due only at its next dispatch: for exact times keep it idle.
 * Cost: one sorted insert, one timer and one kick a wakeup.
 */
#include "bpf/scx.bpf.h"
#include "bpf/exit.bpf.h"
#include "bpf/stats.bpf.h"
#include "bpf/tunable.bpf.h"

char _license[] SEC("license") = "GPL";

TUNABLE(u64, delay_us, 3000, 0, 1000000, "how long a woken task waits before it may run");
STAT(delayed, "wakeups that were made to wait");
EXIT_RECORD_DEFINE(exit_record);

#define SHARED_DSQ 0
#define PARKED_DSQ 1
#define SLICE_NS   (5 * NSEC_PER_MSEC)

struct late_alarm {
	struct bpf_timer timer;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct late_alarm);
} alarms SEC(".maps");

/* When the first parked task is due; 0: none is parked. */
static u64 first_due_ns(void)
{
	struct bpf_iter_scx_dsq it;
	struct task_struct *p;
	u64 due = 0;

	bpf_rcu_read_lock();
	if (!bpf_iter_scx_dsq_new(&it, PARKED_DSQ, 0)) {
		p = bpf_iter_scx_dsq_next(&it);
		if (p)
			due = p->scx.dsq_vtime;
	}
	bpf_iter_scx_dsq_destroy(&it);
	bpf_rcu_read_unlock();
	return due;
}

static int ring(void *map, u32 *key, struct late_alarm *alarm)
{
	u64 due = first_due_ns(), now = bpf_ktime_get_ns();

	if (!due)
		return 0;
	if (due > now)
		bpf_timer_start(&alarm->timer, due - now, 0);
	else
		scx_bpf_kick_cpu(bpf_get_smp_processor_id(), KICK_PREEMPT);
	return 0;
}

static void set_alarm(u64 ns)
{
	u32 zero = 0;
	struct late_alarm *alarm = bpf_map_lookup_elem(&alarms, &zero);

	if (alarm)
		bpf_timer_start(&alarm->timer, ns, 0);
}

s32 BPF_STRUCT_OPS(late_select_cpu, struct task_struct *p, s32 prev_cpu, u64 wake_flags)
{
	return prev_cpu; /* an idle CPU found here by the kernel would take the task at once */
}

void BPF_STRUCT_OPS(late_enqueue, struct task_struct *p, u64 enq_flags)
{
	if (p->flags & PF_KTHREAD) {
		dsq_insert(p, DSQ_LOCAL, SLICE_NS, enq_flags);
	} else if (delay_us && (enq_flags & ENQ_WAKEUP)) {
		u64 delay_ns = delay_us * NSEC_PER_USEC;

		STAT_INC(delayed);
		if (!scx_bpf_dsq_nr_queued(PARKED_DSQ))
			set_alarm(delay_ns);
		dsq_insert_vtime(p, PARKED_DSQ, SLICE_NS, bpf_ktime_get_ns() + delay_ns, enq_flags);
	} else {
		dsq_insert(p, SHARED_DSQ, SLICE_NS, enq_flags);
	}
}

void BPF_STRUCT_OPS(late_dispatch, s32 cpu, struct task_struct *prev)
{
	u64 due = first_due_ns(), now = bpf_ktime_get_ns();

	if (due && due <= now && dsq_move_to_local(PARKED_DSQ)) {
		due = first_due_ns();
		if (due)
			set_alarm(due > now ? due - now : 1);
		return;
	}
	dsq_move_to_local(SHARED_DSQ);
}

s32 BPF_STRUCT_OPS_SLEEPABLE(late_init)
{
	u32 zero = 0;
	struct late_alarm *alarm = bpf_map_lookup_elem(&alarms, &zero);
	s32 err = scx_bpf_create_dsq(SHARED_DSQ, -1);

	if (!alarm)
		return -ENOENT;
	if (!err)
		err = scx_bpf_create_dsq(PARKED_DSQ, -1);
	bpf_timer_init(&alarm->timer, &alarms, 1 /* CLOCK_MONOTONIC */);
	bpf_timer_set_callback(&alarm->timer, ring);
	return err;
}

void BPF_STRUCT_OPS(late_exit, struct scx_exit_info *ei)
{
	EXIT_RECORD(exit_record, ei);
}

/* clang-format off */
SEC(".struct_ops.link")
struct sched_ext_ops late_ops = {
	.select_cpu = (void *)late_select_cpu,
	.enqueue    = (void *)late_enqueue,
	.dispatch   = (void *)late_dispatch,
	.init	    = (void *)late_init,
	.exit	    = (void *)late_exit,
	.name	    = "late",
};
/* clang-format on */
