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
