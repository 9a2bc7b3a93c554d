/* SPDX-License-Identifier: GPL-2.0 */
/*
 * STAT: per-CPU counters of a scheduler that the loader finds by name through BTF and sums over the CPUs.
 *
 *	STAT(enqueued, "tasks put on the shared queue");
 *	STAT_INC(enqueued); STAT_ADD(moved, n);
 *
 * Cost: one inlined per-CPU array lookup and one add. What it can miss: the add is not atomic, so a callback that runs
 * with interrupts on (init, exit, cpu_online and their like) can lose a count to one that interrupts it on the same
 * CPU; the callbacks of the hot path hold a run-queue lock with interrupts off and are exact.
 */
#ifndef SCHEDLAB_BPF_STATS_BPF_H
#define SCHEDLAB_BPF_STATS_BPF_H

#include <bpf/bpf_helpers.h>
#include "bpf/tunable.bpf.h"

/* Counters one object can have. */
#define STAT_MAX 64

struct schedlab_stats {
	u64 value[STAT_MAX];
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct schedlab_stats);
} schedlab_stats SEC(".maps");

/*
 * The variable stat_NAME carries the counter's help as a tag and its place in struct schedlab_stats as its value; the
 * enum gives the programs the same place as a constant.
 */
#define STAT(name, help)                                                    \
	enum {                                                              \
		stat_slot_##name = __COUNTER__                              \
	};                                                                  \
	_Static_assert((int)stat_slot_##name < STAT_MAX, "too many STATs"); \
	const volatile u32 stat_##name SCHEDLAB_TAG("schedlab.stat=" help) = stat_slot_##name

#define STAT_ADD(name, n)                                                                         \
	do {                                                                                      \
		u32 stat_key_ = 0;                                                                \
		struct schedlab_stats *stats_ = bpf_map_lookup_elem(&schedlab_stats, &stat_key_); \
                                                                                                  \
		if (stats_)                                                                       \
			stats_->value[stat_slot_##name] += (n);                                   \
	} while (0)

#define STAT_INC(name) STAT_ADD(name, 1)

#endif
