/* SPDX-License-Identifier: GPL-2.0 */
/* What a run gave, filled in by engine.c, judged and printed by report.c. Inner header of the load room. */
#ifndef SCHEDLAB_WORKLOADS_REPORT_H
#define SCHEDLAB_WORKLOADS_REPORT_H

#include "workloads/engine.h"

#define REPORT_MAX_REASONS 16

enum oracle_name {
	ORACLE_FCFS,
	ORACLE_PS,
	ORACLE_SRPT,
	ORACLE_COUNT,
};

/* One oracle beside the measurement; over the measured jobs (not warm-up, not censored). */
struct oracle_result {
	double mean_ns, p99_ns;
	double corrected_mean_ns, corrected_p99_ns; /* cost of dispatch added to the services */
	double closed_form_ns;			    /* NaN: none applies */
	double error_pct, p99_error_pct, corrected_error_pct, corrected_p99_error_pct;
};

struct class_report {
	uint64_t released, done, censored, warmup, queued;
	uint64_t rounds;
	uint64_t cpu_ns; /* in the measured window */
	uint32_t threads;
	double stress_ops;
	struct hist sojourn, wakeup, lateness, service_error; /* of jobs */
	struct hist hists[CLASS_HISTS];			      /* of other kinds */
};

struct load_report {
	const struct workload *workload;
	const struct trace *trace;
	size_t class_count;
	struct class_report classes[WORKLOAD_MAX_CLASSES];
	struct hist sojourn, wakeup, wait, lateness; /* of all jobs */
	uint64_t window_ns;
	unsigned int cpus;
	uint64_t released, done, censored, unreleased, failed;
	double dispatch_cost_ns; /* CPU time of the dispatcher a job */
	double other_cost_ns;	 /* CPU time of everything but the jobs on their CPUs, a job */
	double burn_error_ns;	 /* mean CPU time of a job beyond its service */
	bool memory_locked;
	struct job_times *times; /* of all jobs, where they are kept; owned */
	uint64_t start_ns;
	int stopped_by;
	char *reasons[REPORT_MAX_REASONS];
	size_t reason_count;
	/* Oracles. */
	const char *no_oracle; /* why there are none, or NULL */
	double measured_mean_ns, measured_p99_ns;
	struct oracle_result oracles[ORACLE_COUNT];
	bool has_oracle[ORACLE_COUNT];
};

/* Make the report of a run that is over; the engine is left as it is. Returns 0 or -ENOMEM. */
int report_make(struct engine *e, struct load_report **report);

#endif
