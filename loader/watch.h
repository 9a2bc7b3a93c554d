/* SPDX-License-Identifier: GPL-2.0 */
/* User side of guard.bpf.c: each CPU's account, and the tasks that wait too long. It measures; it does not judge. */
#ifndef SCHEDLAB_LOADER_WATCH_H
#define SCHEDLAB_LOADER_WATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "loader/guard_abi.h"

struct watch;

/* Load and attach. Moves the calling thread over all its CPUs once. On an error one line is in @error. */
int watch_open(struct watch **watch, char *error, size_t error_size);
void watch_close(struct watch *watch);

/* @cpu's account as of now: the open interval is added to ns[holder]. All zero before the CPU's first switch. */
void watch_cpu(const struct watch *watch, unsigned int cpu, struct guard_cpu *account);
unsigned int watch_cpu_count(const struct watch *watch);
/* Whether this kernel shows its bypass state; without it such time counts as GUARD_EXT. */
bool watch_knows_bypass(const struct watch *watch);

/*
 * Keep a sample of every CPU's account for watch_held_since(): the last 64 are kept, so call it some 20 times in the longest
 * limit.
 */
void watch_sample(struct watch *watch);
/*
 * How long @cpu was held above the scheduler's reach between @since_ns (CLOCK_MONOTONIC) and now. It counts from the last
 * sample before that time, and time before the first sample counts as held: it errs against blaming the scheduler.
 */
uint64_t watch_held_since(const struct watch *watch, unsigned int cpu, uint64_t since_ns);

struct watch_wait {
	pid_t pid, tgid;
	char comm[16]; /* as the task set it, not cleaned */
	unsigned int cpu;
	uint64_t wait_ns; /* since it last ran or woke; known to a jiffy */
	uint64_t
		available_ns; /* of it, what a CPU it may run on, online now, was within the scheduler's reach */
};

/*
 * Walk all tasks. *oldest_ns is the longest wait of any, *waiting their number, *worst the wait of at least @limit_ns with
 * the most available_ns; *found says whether there is one. Returns 0 or -errno.
 */
int watch_walk(struct watch *watch, uint64_t limit_ns, struct watch_wait *worst, bool *found,
	       uint64_t *oldest_ns, uint64_t *waiting);

#endif
