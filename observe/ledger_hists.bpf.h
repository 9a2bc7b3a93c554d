/* SPDX-License-Identifier: GPL-2.0 */
/* Closed intervals into histograms: per CPU and epoch, and, where a split is asked for, per key. */
#ifndef SCHEDLAB_OBSERVE_LEDGER_HISTS_BPF_H
#define SCHEDLAB_OBSERVE_LEDGER_HISTS_BPF_H

#define KEEP(interval) (cfg_slot[interval] != 0)

static __always_inline __u64 split_id(struct task_struct *p)
{
	switch (cfg_split) {
	case 1:
		return p->pid;
	case 2:
		return p->tgid;
	case 4:
		return BPF_CORE_READ(p, cgroups, dfl_cgrp, kn, id);
	case 5:
		return p->static_prio - 100;
	case 6:
		return class_of(p);
	}
	return 0;
}

static __noinline int split_new(struct task_struct *p, const struct split_key *key, __u64 id)
{
	struct split_name *name;
	__u32 at;

	if (!p || !key)
		return -1;
	name = table_new(&split_names, &split_index, key, &splits_used, cfg_split_max, &at);
	if (!name)
		return -1;
	name->key = *key;
	name->id = id;
	bpf_probe_read_kernel_str(name->comm, sizeof(name->comm), p->comm);
	return at;
}

/* An atomic maximum: @where only grows. */
static __always_inline void raise(__u64 *where, __u64 value)
{
	__u64 seen = *where;
	int i;

	for (i = 0; i < 8 && value > seen; i++) {
		__u64 was = __sync_val_compare_and_swap(where, seen, value);

		if (was == seen)
			return;
		seen = was;
	}
}

static __noinline int split_add(struct task_struct *p, __u32 slot, __u64 ns)
{
	struct split_key key = {};
	struct hist_bpf *hist;
	__u32 at, *known, index;
	__u64 id;

	if (!p)
		return 0;
	id = split_id(p);
	key.a = id;
	if (cfg_split == 1)
		key.b = p->start_boottime;
	else if (cfg_split == 2)
		key.b = BPF_CORE_READ(p, group_leader, start_boottime);
	else if (cfg_split == 3)
		bpf_probe_read_kernel_str(&key, sizeof(key), p->comm);
	known = bpf_map_lookup_elem(&split_index, &key);
	if (known) {
		at = *known;
	} else {
		int fresh = split_new(p, &key, id);

		if (fresh < 0)
			return -1;
		at = fresh;
	}
	at = at * cfg_nr_hists + slot;
	hist = bpf_map_lookup_elem(&split_hists, &at);
	index = hist_bpf_index(ns);
	asm volatile("" : "+r"(index));
	if (!hist || index >= HIST_BPF_BUCKETS)
		return 0;
	__sync_fetch_and_add(&hist->buckets[index], 1);
	__sync_fetch_and_add(&hist->sum, ns);
	raise(&hist->max, ns);
	raise(&hist->not_min, ~ns);
	return 0;
}

/* One closed interval of @p that began at @start. */
static __always_inline void record(enum ledger_interval interval, struct task_struct *p,
				   __u64 start, __u64 now)
{
	struct hist_bpf *hist;
	__u32 at, e = epoch;

	/* Without the states, waits were drawn as they began. */
	if (!KEEP(interval) ||
	    ((cfg_full || interval == LEDGER_RUNNING || interval == LEDGER_OFFCPU) && leave_out()))
		return;
	at = cfg_slot[interval] - 1;
	if (e) {
		if (e >= LEDGER_MAX_EPOCHS || start < epoch_start_ns[e]) {
			lost(LEDGER_LOSS_CROSSED);
			return;
		}
		at += e * cfg_nr_hists;
	}
	hist = bpf_map_lookup_elem(&hists, &at);
	if (hist)
		hist_bpf_add(hist, now - start);
	if (cfg_split && split_add(p, cfg_slot[interval] - 1, now - start))
		lost(LEDGER_LOSS_SPLIT);
}

/* Close the interval of @state that is open and add it to the account. */
static __always_inline void close(struct task *t, enum ledger_interval state, struct task_struct *p,
				  __u64 now)
{
	t->ns[state] += now - t->since_ns;
	t->count[state]++;
	record(state, p, t->since_ns, now);
}

#endif
