/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A timeline for Perfetto: a trace file of protobuf packets, written by hand from the published field numbers
 * (protos/perfetto/trace/ of the Perfetto project). Scheduling goes in as ftrace events, which fill its SQL tables
 * sched and thread_state; scheduler epochs and jobs go in as slices on tracks of their own.
 *
 * Events may come slightly out of order between CPUs; of one CPU they must come in order. All times are
 * CLOCK_MONOTONIC nanoseconds; the file holds CLOCK_BOOTTIME, Perfetto's own, and a snapshot of both.
 */
#ifndef SCHEDLAB_OBSERVE_PERFETTO_H
#define SCHEDLAB_OBSERVE_PERFETTO_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct perfetto;

/* Where the clocks stood at one moment, and whose trace it is. */
struct perfetto_head {
	uint64_t monotonic_ns, boottime_ns, realtime_ns;
	const char *sysname, *release, *version,
		*machine; /* of uname(2): the importer reads task states by it */
};

/* Fill @head from the running system (text lives as long as the process). */
void perfetto_head_now(struct perfetto_head *head);

/* A task as an event names it; @comm is made plain. */
struct perfetto_task {
	uint32_t pid;
	int32_t prio; /* the kernel's: 120 is nice 0 */
	const char *comm;
};

#define PERFETTO_PREEMPTED \
	256 /* prev_state of a task that left its CPU but is runnable (TASK_REPORT_MAX) */

/*
 * Begin a trace on @out, which stays the caller's. NULL on lack of memory. Errors of writing are kept and returned by
 * perfetto_close().
 */
struct perfetto *perfetto_open(FILE *out, const struct perfetto_head *head);
/* End the trace: write what is buffered, release. Returns 0, -ENOMEM or -errno of the first failed write. */
int perfetto_close(struct perfetto *p);

/* @prev leaves @cpu in @prev_state (0: runnable by yield, 1: S, 2: D, ...; PERFETTO_PREEMPTED), @next comes in. */
void perfetto_switch(struct perfetto *p, uint32_t cpu, uint64_t time_ns,
		     const struct perfetto_task *prev, int64_t prev_state,
		     const struct perfetto_task *next);
enum perfetto_context {
	PERFETTO_TASK,
	PERFETTO_SOFTIRQ,
	PERFETTO_HARDIRQ,
};

/* On @cpu, @waker_pid, or an interrupt while it ran, wakes @wakee, for @target_cpu. */
void perfetto_waking(struct perfetto *p, uint32_t cpu, uint64_t time_ns, uint32_t waker_pid,
		     enum perfetto_context context, const struct perfetto_task *wakee,
		     uint32_t target_cpu);
/* @task moves from one CPU's queue to another's; seen on @cpu while @current_pid ran there. */
void perfetto_migrate(struct perfetto *p, uint32_t cpu, uint64_t time_ns, uint32_t current_pid,
		      const struct perfetto_task *task, uint32_t from, uint32_t to);
/* @count events of @cpu are missing before the next one. */
void perfetto_lost(struct perfetto *p, uint32_t cpu, uint64_t count);

/* Say that thread @pid is of process @tgid and how both are called. Once per thread and name is enough. */
void perfetto_thread(struct perfetto *p, uint64_t time_ns, uint32_t pid, uint32_t tgid,
		     const char *comm);

/* Tracks for what is not scheduling. */
enum perfetto_track {
	PERFETTO_TRACK_EPOCHS = 1, /* which scheduler was active */
	PERFETTO_TRACK_JOBS,	   /* jobs of the load engine; each class has a lane of its own */
	PERFETTO_TRACK_MARKS,	   /* the instrument's own remarks: losses, begin and end */
};

/* A slice [@start_ns, @end_ns) called @name on lane @lane of @track (lanes are made as they are used). */
void perfetto_slice(struct perfetto *p, enum perfetto_track track, uint32_t lane, uint64_t start_ns,
		    uint64_t end_ns, const char *name);
/* A mark at one moment, with a number that it is about (@key NULL: none). */
void perfetto_mark(struct perfetto *p, enum perfetto_track track, uint32_t lane, uint64_t time_ns,
		   const char *name, const char *key, uint64_t value);

#endif
