/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Which scheduler is active: programs at the kernel's entry points for loading and disabling a sched_ext scheduler,
 * cost nothing between changes. Between the start of a load and its end the epoch is "changing": tasks are switched
 * over one by one. Can miss: a kernel whose functions have other names (user space then watches sysfs only).
 */
#ifndef SCHEDLAB_OBSERVE_LEDGER_EPOCH_BPF_H
#define SCHEDLAB_OBSERVE_LEDGER_EPOCH_BPF_H

enum epoch_kinds {
	EPOCH_DEFAULT,
	EPOCH_CHANGING,
	EPOCH_SCHEDULER,
};

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

static __noinline int epoch_begin(__u64 kind)
{
	__u64 now = bpf_ktime_get_ns();
	__u32 next = epoch + 1;

	if (next >= LEDGER_MAX_EPOCHS) {
		lost(LEDGER_LOSS_EPOCHS);
		return 0;
	}
	epoch_start_ns[next] = now;
	epoch_kind[next] = kind;
	epoch = next;
	emit(LEDGER_EVENT_EPOCH, now, 0, 0, next, 0);
	return 0;
}

SEC("?fentry/bpf_scx_reg")
int BPF_PROG(epoch_load, void *kdata)
{
	return epoch_begin(EPOCH_CHANGING);
}

SEC("?fexit/bpf_scx_reg")
int BPF_PROG(epoch_loaded, struct sched_ext_ops *ops, struct bpf_link *link, int error)
{
	__u32 i;

	epoch_begin(error ? EPOCH_DEFAULT : EPOCH_SCHEDULER);
	i = epoch;
	if (!error && i < LEDGER_MAX_EPOCHS)
		bpf_probe_read_kernel_str(epoch_name[i], LEDGER_SCHED_NAME,
					  __builtin_preserve_access_index(&ops->name));
	return 0;
}

/* Attached to scx_disable_workfn or, before 6.16, scx_ops_disable_workfn: the scheduler is bypassed from here on. */
SEC("?fentry/scx_disable_workfn")
int BPF_PROG(epoch_disable, void *work)
{
	return epoch_begin(EPOCH_DEFAULT);
}

#endif
