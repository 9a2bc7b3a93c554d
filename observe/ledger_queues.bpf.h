/* SPDX-License-Identifier: GPL-2.0 */
/* Queue lengths that arriving tasks meet: per dispatch queue under sched_ext, else per CPU's run queue. */
#ifndef SCHEDLAB_OBSERVE_LEDGER_QUEUES_BPF_H
#define SCHEDLAB_OBSERVE_LEDGER_QUEUES_BPF_H

static __noinline int qlen_find(__u64 dsq)
{
	struct qlen_key key = {.dsq = dsq, .epoch = epoch};
	struct ledger_qlen *row;
	__u32 *known, at;

	known = bpf_map_lookup_elem(&qlen_index, &key);
	if (known)
		return *known;
	row = table_new(&qlens, &qlen_index, &key, &qlens_used, cfg_rows_max, &at);
	if (!row) {
		lost(LEDGER_LOSS_DSQS);
		return -1;
	}
	row->dsq = dsq;
	row->epoch = key.epoch;
	return at;
}

/* How long the queue is that @p has just been put on, @p included; not yet on one: nothing. */
static __always_inline bool queue_of(struct task_struct *p, __u64 *dsq, __u64 *length)
{
	__u32 cpu = bpf_get_smp_processor_id();
	struct rq *rq;

	if (cfg_sched_ext && epoch_kind[epoch & (LEDGER_MAX_EPOCHS - 1)] == EPOCH_SCHEDULER &&
	    class_of(p) != CLASS_RT) {
		struct scx_dispatch_q *q = p->scx.dsq;

		if (!q)
			return false;
		*dsq = BPF_CORE_READ(q, id);
		*length = BPF_CORE_READ(q, nr);
		if (*dsq >> 63)
			*dsq = LEDGER_QLEN_LOCAL | p->thread_info.cpu;
		return true;
	}
	if (!bpf_ksym_exists(&runqueues))
		return false;
	cpu = p->thread_info.cpu;
	rq = bpf_per_cpu_ptr(&runqueues, cpu);
	if (!rq)
		return false;
	*dsq = LEDGER_QLEN_RQ | cpu;
	*length = rq->nr_running;
	return true;
}

static __always_inline void sample_queue(struct task_struct *p)
{
	struct ledger_qlen *row;
	__u64 dsq, length;
	__u32 at, slot;
	int found;

	if (!queue_of(p, &dsq, &length))
		return;
	found = qlen_find(dsq);
	if (found < 0)
		return;
	at = found;
	row = bpf_map_lookup_elem(&qlens, &at);
	if (!row)
		return;
	slot = length < LEDGER_QLEN_SLOTS ? length : LEDGER_QLEN_SLOTS - 1;
	asm volatile("" : "+r"(slot));
	if (slot >= LEDGER_QLEN_SLOTS)
		return;
	__sync_fetch_and_add(&row->slots[slot], 1);
	__sync_fetch_and_add(&row->count, 1);
	__sync_fetch_and_add(&row->sum, length);
	raise(&row->max, length);
}

#endif
