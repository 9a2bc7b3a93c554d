/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Arrivals and services learned from a captured trace: a task's job begins when it is woken (sched_waking) and ends when
 * it blocks (sched_switch with a state other than R); its service is the time it ran in between. Inner header of the
 * load room.
 *
 * Reads the text that ftrace's "trace" file and "perf script" give, with the fields as name=value.
 */
#ifndef SCHEDLAB_WORKLOADS_LEARN_H
#define SCHEDLAB_WORKLOADS_LEARN_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct learned_job {
	uint64_t arrival_ns; /* from the first job's arrival */
	uint64_t service_ns;
};

struct learned {
	struct learned_job *jobs; /* by arrival; owned */
	size_t count, capacity;
	size_t tasks;	   /* that matched */
	size_t unfinished; /* jobs cut by the end of the capture */
	size_t unbegun;	   /* stretches of running whose wakeup is before the capture */
	size_t events;	   /* sched_waking and sched_switch lines read */
};

/*
 * Learn the jobs of the tasks whose name or thread id is @task. Returns 0, -EINVAL (a line that cannot be read: "line
 * N: ..." in @error), -ENOENT (no event, or no job of such a task) or -ENOMEM. The caller frees with learned_free().
 */
int learn_jobs(const char *text, const char *task, struct learned *learned, char *error,
	       size_t error_size);
void learned_free(struct learned *learned);
/* Write the jobs as an arrivals file of two columns. Returns 0 or -errno. */
int learned_print(const struct learned *learned, FILE *out);

#endif
