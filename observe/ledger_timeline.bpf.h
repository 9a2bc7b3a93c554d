/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Timeline events, into a ring that user space empties: no sums, no states. About 100 instructions each; a full ring
 * loses them, counted.
 */
#ifndef SCHEDLAB_OBSERVE_LEDGER_TIMELINE_BPF_H
#define SCHEDLAB_OBSERVE_LEDGER_TIMELINE_BPF_H

static __always_inline void emit(__u32 kind, __u64 now, __u64 task, __u64 other, __u64 arg0,
				 __u64 arg1)
{
	struct ledger_event *event;

	if (!cfg_events)
		return;
	event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);
	if (!event) {
		lost(LEDGER_LOSS_EVENTS);
		return;
	}
	event->time_ns = now;
	event->kind_cpu = kind | (__u64)bpf_get_smp_processor_id() << 32;
	event->task = task;
	event->other = other;
	event->arg0 = arg0;
	event->arg1 = arg1;
	/* User space polls by time: waking it for each event would put the instrument into its own picture. */
	bpf_ringbuf_submit(event, BPF_RB_NO_WAKEUP);
}

static __always_inline void emit_name(struct task_struct *p, __u64 now)
{
	__u64 comm[2] = {};

	bpf_probe_read_kernel_str(comm, sizeof(comm), p->comm);
	emit(LEDGER_EVENT_NAME, now, task_id(p), 0, comm[0], comm[1]);
}

/* Each task's name goes before its first event. */
static __always_inline void name_once(struct task *t, struct task_struct *p, __u64 now)
{
	if (!cfg_events || !t || t->named)
		return;
	t->named = 1;
	emit_name(p, now);
}

static __always_inline void waking_event(struct task_struct *p, __u64 now)
{
	__u32 context = context_now();
	__u64 who = 0;

	if (context == LEDGER_CONTEXT_TASK)
		who = task_id(bpf_get_current_task_btf());
	emit(LEDGER_EVENT_WAKING, now, task_id(p), who, context, p->thread_info.cpu);
}

/* Timeline only. */
SEC("?tp_btf/sched_migrate_task")
int BPF_PROG(on_migrate, struct task_struct *p, int to)
{
	if (followed(p))
		emit(LEDGER_EVENT_MIGRATE, bpf_ktime_get_ns(), task_id(p), 0, p->thread_info.cpu,
		     to);
	return 0;
}

/* Timeline only. */
SEC("?tp_btf/sched_process_fork")
int BPF_PROG(on_fork, struct task_struct *parent, struct task_struct *child)
{
	__u64 now = bpf_ktime_get_ns();

	if (!followed(child))
		return 0;
	emit_name(child, now);
	emit(LEDGER_EVENT_FORK, now, task_id(child), task_id(parent), 0, 0);
	return 0;
}

/* Timeline only. */
SEC("?tp_btf/sched_process_exit")
int BPF_PROG(on_exit, struct task_struct *p)
{
	if (followed(p))
		emit(LEDGER_EVENT_EXIT, bpf_ktime_get_ns(), task_id(p), 0, 0, 0);
	return 0;
}

/* Timeline only: exec and prctl rename a task. */
SEC("?tp_btf/task_rename")
int BPF_PROG(on_rename, struct task_struct *p, const char *comm)
{
	__u64 name[2] = {};

	if (!followed(p))
		return 0;
	bpf_probe_read_kernel_str(name, sizeof(name), comm);
	emit(LEDGER_EVENT_NAME, bpf_ktime_get_ns(), task_id(p), 0, name[0], name[1]);
	return 0;
}

#endif
