/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The engine's inner parts: one run, its classes and the threads and processes ("agents") that make the load. Inner
 * header of the load room.
 */
#ifndef SCHEDLAB_WORKLOADS_ENGINE_H
#define SCHEDLAB_WORKLOADS_ENGINE_H

#include <pthread.h>
#include <stdatomic.h>
#include <sys/types.h>

#include "lib/hist.h"
#include "workloads/spec.h"

#define CONTROL_PRIORITY  91
#define DISPATCH_PRIORITY 90
#define CLASS_HISTS	  2
#define NO_JOB		  UINT32_MAX

/* What happened to a job: CLOCK_MONOTONIC ns, 0 where it did not happen. Written by one task at a time. */
struct job_times {
	uint64_t released_ns;
	uint64_t first_run_ns;
	uint64_t done_ns;
	uint64_t cpu_ns; /* CPU time that the job's tasks used for it */
};

/* In shared memory, so that the load's processes see it. */
struct shared {
	_Atomic uint32_t go;   /* futex: 0 until the start time is known */
	_Atomic uint32_t stop; /* agents look at it at least every millisecond of CPU time */
	uint64_t start_ns;
	uint64_t measure_from_ns, measure_to_ns;
	_Atomic uint64_t done, failed;
};

struct engine;

/* A thread of this process that makes load. */
struct agent {
	struct engine *engine;
	uint32_t class;
	uint32_t index; /* among the class's agents */
	pthread_t thread;
	bool started;
	pid_t partner;	       /* a process that belongs to it, or 0 */
	int pipe_in, pipe_out; /* to and from the partner or the pipeline, -1: none */
	struct hist hists[CLASS_HISTS];
	uint64_t rounds; /* what the class counts, in the measured window */
	int err;
	/* Pool workers. */
	_Atomic uint32_t wake; /* futex */
	uint32_t job;
	uint32_t next_idle; /* index + 1 of the next idle worker, 0: none */
	/* Message workers. */
	_Atomic(struct agent *) next_waiting;
	struct agent *message_thread;
	_Atomic(struct agent *) waiting;
	uint64_t posted_ns;
};

/* A clock that tells the CPU time of a thread or process of the load, read at both ends of the measured window. */
struct cpu_account {
	clockid_t clock;
	uint64_t begin_ns, end_ns;
	bool valid;
};

struct class_run {
	const struct class_spec *spec;
	struct agent *agents; /* owned */
	uint32_t agent_count;
	uint32_t *jobs; /* trace positions of this class's jobs, owned */
	uint32_t job_count;
	/* The pool of a class whose jobs are dispatched: see pool.c. */
	_Atomic uint64_t head;
	uint32_t *backlog; /* owned */
	uint32_t backlog_tail;
	_Atomic uint32_t backlog_head;
	uint64_t queued;	      /* jobs that found no idle thread */
	struct cpu_account *accounts; /* owned */
	uint32_t account_count;
	_Atomic uint64_t child_cpu_ns; /* of processes that came and went in the measured window */
	char *stress_yaml;	       /* owned: where stress-ng leaves its figures */
	double stress_ops;	       /* bogo operations; NaN while unknown */
};

struct engine {
	const struct workload *workload;
	const struct trace *trace;
	const struct load_options *options;
	struct shared *shared;
	struct job_times *times; /* shared memory, as many as jobs */
	struct class_run classes[WORKLOAD_MAX_CLASSES];
	pid_t *children; /* owned: processes to kill at the end */
	size_t child_count;
	_Atomic uint32_t ready;
	uint32_t agent_total;
	double spins_per_ns;
	pthread_t dispatcher;
	bool dispatcher_started;
	void *dispatcher_stack;
	uint64_t dispatcher_cpu_ns;
	int dispatcher_err;
	uint64_t
		busy_ns; /* CPU time of all tasks on the servers' CPUs during the run; 0: unknown */
	uint64_t dispatched; /* jobs that the dispatcher released */
	bool memory_locked;
	int stopped_by;
	char *error;
	size_t error_size;
};

/* burn.c */
uint64_t thread_cpu_ns(void);
/* Spins per ns of CPU time, measured in a few ms on the CPU at hand. */
double burn_calibrate(void);
/* Use CPU until this thread's CPU clock shows @until_ns, or the run stops. Returns the clock's last reading. */
uint64_t burn_until(const struct engine *e, uint64_t until_ns);
/* Sleep until @when_ns (CLOCK_MONOTONIC), or the run stops. Returns the time now. */
uint64_t sleep_until(const struct engine *e, uint64_t when_ns, uint64_t now_ns);
void futex_wait(_Atomic uint32_t *word, uint32_t value);
void futex_wake(_Atomic uint32_t *word, int count);
bool engine_stopped(const struct engine *e);
bool in_window(const struct engine *e, uint64_t when_ns);

/* pool.c: the dispatcher and the threads that do its jobs. */
uint32_t pool_size(const struct engine *e, uint32_t class);
void *pool_worker(void *agent);
void *dispatcher_main(void *engine);
void pool_wake_all(struct class_run *c);

/* agents.c: everything that is not dispatched. Each is a thread's main; the engine joins it. */
void *sleeper_main(void *agent);
void *batch_main(void *agent);
void *pingpong_main(void *agent);
void *rtapp_main(void *agent);
void *message_main(void *agent);
void *message_worker_main(void *agent);
int pingpong_prepare(struct engine *e, uint32_t class);

/* procs.c: kinds made of short-lived processes. */
void *build_main(void *agent);
void *stress_main(void *agent);
/* Is a program of this name on PATH? */
bool program_exists(const char *name);
/* A new process without glibc's fork handlers; the child may only make system calls. -errno on failure. */
pid_t bare_fork(void);

/* engine.c */
/* First thing in every agent: nice, CPUs, policy; then wait for the start. 0, or -errno, noted for the engine. */
int agent_begin(struct agent *a);
int agent_apply(const struct engine *e, const struct class_spec *c);
/* Note a process that the engine must kill and reap at the end. */
int engine_add_child(struct engine *e, pid_t pid);
int engine_add_process_account(struct class_run *c, pid_t pid);

#endif
