/* SPDX-License-Identifier: GPL-2.0 */
/* What the files of this room share: the parsed workload and the drawn trace. Not for other rooms. */
#ifndef SCHEDLAB_WORKLOADS_SPEC_H
#define SCHEDLAB_WORKLOADS_SPEC_H

#include <sched.h>

#include "lib/rng.h"
#include "workloads/dist.h"
#include "workloads/workloads.h"

#define WORKLOAD_MAX_CLASSES  32
#define WORKLOAD_MAX_THREADS  4096
#define WORKLOAD_MAX_JOBS     20000000ULL
#define WORKLOAD_MAX_DURATION (24ULL * 3600 * NSEC_PER_SEC)
#define WORKLOAD_MAX_STAGES   8
#define WORKLOAD_NAME_SIZE    64
#define WORKLOAD_ARGS_SIZE    512

/* How a class makes load; class_kind_names[] has the words of the file. */
enum class_kind {
	KIND_JOBS,     /* released by the dispatcher to a pool of threads, a thread a job */
	KIND_SLEEPER,  /* threads that wake themselves by timer */
	KIND_BATCH,    /* threads that use all the CPU they get */
	KIND_PIPELINE, /* as jobs, each passing through a chain of processes */
	KIND_FORK,     /* as jobs, a new process for each */
	KIND_PINGPONG, /* two processes, one byte to and fro */
	KIND_MESSAGE,  /* schbench's shape: message threads wake workers */
	KIND_BUILD,    /* a tree of short processes, at most so many at a time */
	KIND_STRESS,   /* stress-ng */
	KIND_RTAPP,    /* threads that follow an rt-app file */
	KIND_COUNT,
};
extern const char *const class_kind_names[KIND_COUNT];

enum arrival_kind {
	ARRIVAL_NONE,
	ARRIVAL_POISSON,
	ARRIVAL_CONSTANT,
	ARRIVAL_MMPP, /* Poisson whose rate switches between two states with exponential stays */
	ARRIVAL_FILE,
};

struct arrivals {
	enum arrival_kind kind;
	double rate_hz; /* 0 where rho is given */
	double rho;
	double low_hz, high_hz;	 /* mmpp */
	double low_ns, high_ns;	 /* mmpp: mean stay in each state */
	uint64_t *file_ns;	 /* rising offsets; owned */
	uint64_t *file_services; /* one for each, or NULL; owned */
	size_t file_count;
};

/* rt-app: what a thread does, in order. */
enum rtapp_op {
	RTAPP_RUN,
	RTAPP_SLEEP,
	RTAPP_TIMER,
	RTAPP_LOOP,	/* begin of a block run @value times (0: for ever) */
	RTAPP_LOOP_END, /* back to the block's begin */
};

struct rtapp_event {
	enum rtapp_op op;
	uint64_t value; /* ns, or a count */
};

struct rtapp_thread {
	char name[WORKLOAD_NAME_SIZE];
	unsigned int instances;
	int nice;
	bool has_cpus;
	cpu_set_t cpus;
	uint64_t delay_ns;
	struct rtapp_event *events; /* owned */
	size_t event_count;
};

struct rtapp {
	struct rtapp_thread *threads; /* owned */
	size_t thread_count;
	uint64_t duration_ns; /* 0: not said */
};

struct class_spec {
	char name[WORKLOAD_NAME_SIZE];
	enum class_kind kind;
	int line; /* of its section, for messages */
	struct arrivals arrivals;
	struct dist service;  /* kind DIST_NONE where there is none */
	unsigned int threads; /* 0: as many as the trace can have outstanding */
	uint64_t job_limit;   /* 0: none */
	uint64_t stop_ns;     /* no arrivals after it; 0: the run's end */
	int nice;
	bool has_cpus;
	cpu_set_t cpus;
	uint64_t runtime_ns; /* sched_runtime hint, 0: none */
	/* pipeline */
	unsigned int stages;
	double split[WORKLOAD_MAX_STAGES]; /* of the service; adds up to 1 */
	/* message */
	unsigned int workers;
	uint64_t sleep_ns;
	unsigned int operations;
	/* build */
	unsigned int leaves, fanin, parallel;
	/* stress */
	char args[WORKLOAD_ARGS_SIZE];
	struct rtapp rtapp;
};

struct workload {
	char name[WORKLOAD_NAME_SIZE];
	char sha256[65];
	uint64_t seed;
	uint64_t duration_ns; /* 0: until the last job */
	uint64_t warmup_ns;
	uint64_t drain_ns;
	uint64_t lateness_budget_ns; /* for the 99th percentile */
	unsigned int servers;	     /* 0: the CPUs that the classes may use */
	size_t class_count;
	struct class_spec classes[WORKLOAD_MAX_CLASSES];
};

/* A job as drawn; times in ns from the start of the run. */
struct job {
	uint64_t intended_ns;
	uint64_t service_ns;
	uint32_t class;
	uint32_t index; /* among its class's jobs */
};

struct trace {
	struct job *jobs; /* by intended time */
	size_t count;
	size_t class_jobs[WORKLOAD_MAX_CLASSES];
	unsigned int servers;
	uint64_t duration_ns;
	char hash[65];
};

/* Whether the kind has arrivals of its own, hence jobs in the trace. */
bool class_has_jobs(enum class_kind kind);
/* The CPUs that the class's threads may use here: its own list, or those of this process. */
unsigned int class_cpu_count(const struct class_spec *c);
/* Jobs a second; rho is turned into a rate by @servers. */
double class_rate_hz(const struct class_spec *c, unsigned int servers);

/* Processes of a build at a time: its own number, or one for each CPU that it may use here. */
unsigned int class_parallel(const struct class_spec *c);
/* trace_hash.c: fill t->hash from all that determines the load; the jobs must be there. Returns 0 or -ENOMEM. */
int trace_make_hash(const struct workload *w, struct trace *t);
/*
 * Seed the services that agent @index of class @class draws while it runs (kinds message and build), a stream of its
 * own. The trace's hash covers it.
 */
void class_stream(const struct workload *w, uint32_t class, uint32_t index, struct rng *rng);

/* rtapp.c: read an rt-app file's subset. @path is for messages. Returns 0, -EINVAL, -ENOMEM. */
int rtapp_parse(const char *path, const char *text, size_t size, struct rtapp *rtapp, char *error,
		size_t error_size);
void rtapp_free(struct rtapp *rtapp);

#endif
