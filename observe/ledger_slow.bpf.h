/* SPDX-License-Identifier: GPL-2.0 */
/* Single waits longer than a threshold, and who ran on that CPU meanwhile. */
#ifndef SCHEDLAB_OBSERVE_LEDGER_SLOW_BPF_H
#define SCHEDLAB_OBSERVE_LEDGER_SLOW_BPF_H

static __always_inline void remember_run(struct task_struct *next, __u64 now)
{
	__u32 zero = 0;
	struct history *h = bpf_map_lookup_elem(&histories, &zero);
	struct ledger_run *run;

	if (!h)
		return;
	run = &h->runs[h->head++ % LEDGER_HISTORY];
	run->pid = next->pid;
	run->since_ns = now;
	bpf_probe_read_kernel_str(run->comm, sizeof(run->comm), next->comm);
}

static __noinline int slow_wait(struct task_struct *p, __u64 start, __u64 now, __u64 interval)
{
	__u32 zero = 0;
	struct history *h = bpf_map_lookup_elem(&histories, &zero);
	struct ledger_slow *slow;

	if (!p || !h)
		return 0;
	slow = bpf_ringbuf_reserve(&records, sizeof(*slow), 0);
	if (!slow) {
		lost(LEDGER_LOSS_SLOW);
		return 0;
	}
	slow->time_ns = now;
	slow->wait_ns = now - start;
	slow->interval = interval;
	slow->cpu = bpf_get_smp_processor_id();
	slow->tgid = p->tgid;
	slow->pid = p->pid;
	slow->epoch = epoch;
	slow->head = h->head % LEDGER_HISTORY;
	bpf_probe_read_kernel_str(slow->comm, sizeof(slow->comm), p->comm);
	__builtin_memcpy(slow->runs, h->runs, sizeof(slow->runs));
	bpf_ringbuf_submit(slow, BPF_RB_NO_WAKEUP);
	return 0;
}

static __always_inline void slow_check(struct task_struct *p, __u64 start, __u64 now,
				       enum ledger_interval interval)
{
	if (cfg_slow && now - start >= slow_ns)
		slow_wait(p, start, now, interval);
}

#endif
