/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The load room: a workload file becomes a spec, the spec and a seed become a trace of jobs, the engine runs the
 * trace against whatever scheduler is active, the oracles say what the same trace must give, and the report becomes
 * the parts of a result document. It loads no scheduler and reads no kernel event; see docs/workloads.md.
 *
 *	struct workload *w; struct trace *t; struct load_report *r;
 *	workload_load("workloads/web.ini", &w, error, sizeof(error));
 *	workload_set_seed(w, 7);
 *	trace_draw(w, &t, error, sizeof(error));
 *	load_run(w, t, &options, &r, error, sizeof(error));
 *	load_report_add(r, result);
 *
 * Every function that takes @error writes one line there (no newline, safe for a terminal) when it fails.
 */
#ifndef SCHEDLAB_WORKLOADS_WORKLOADS_H
#define SCHEDLAB_WORKLOADS_WORKLOADS_H

#include <argp.h>
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define WORKLOAD_ERROR_SIZE 512

struct workload;    /* what a workload file says */
struct trace;	    /* every arrival and service, drawn */
struct load_report; /* what a run gave */

/*
 * Read a workload file. A name without '/' that is no file here is looked for as NAME.ini in workloads/, /workloads/
 * and, from the binary's own folder, ../share/schedlab/workloads/. Returns 0, -EINVAL (the file is wrong: "file:line:column: what"), -ENOENT and
 * other -errno (it cannot be read), -ENOMEM. The caller frees *@workload with workload_free().
 */
int workload_load(const char *path, struct workload **workload, char *error, size_t error_size);

/* The same of @size bytes of @text; @name stands for the file in messages, and files it names are relative to it. */
int workload_parse(const char *name, const char *text, size_t size, struct workload **workload,
		   char *error, size_t error_size);
void workload_free(struct workload *workload);

/* The name (key "name", else the file's), the seed in force, the length of the run (0: until the last job). */
const char *workload_name(const struct workload *workload);
uint64_t workload_seed(const struct workload *workload);
uint64_t workload_duration_ns(const struct workload *workload);
uint64_t workload_warmup_ns(const struct workload *workload);
/* Override what the file says; before trace_draw(). */
void workload_set_seed(struct workload *workload, uint64_t seed);
void workload_set_duration_ns(struct workload *workload, uint64_t duration_ns);

/* Options that every command which runs a workload takes: --output, --seed, --duration. */
struct load_args {
	const char *output; /* NULL: not given */
	uint64_t seed;
	bool has_seed;
	uint64_t duration_ns; /* 0: not given */
};
/* .children of such a command's argp; state->child_inputs[0] is the struct load_args. A wrong value ends the program. */
extern const struct argp_child load_args_children[];
/* Override what the file says by what was given. */
void load_args_apply(const struct load_args *args, struct workload *workload);

/*
 * Draw all arrivals and services from the seed. Deterministic: the same file, seed and number of CPUs (which turns
 * rho into a rate) give the same trace and hash. Returns 0, -EINVAL (more jobs than the engine takes) or -ENOMEM.
 * The caller frees *@trace with trace_free().
 */
int trace_draw(const struct workload *workload, struct trace **trace, char *error,
	       size_t error_size);
void trace_free(struct trace *trace);
uint64_t trace_job_count(const struct trace *trace);
/*
 * SHA-256 of all that determines the load, as 64 hexadecimal digits: the jobs, the run's length, and what each class
 * does besides (tasks, nice, CPUs, sleeps, services drawn during the run). Equal hashes: the same load.
 */
const char *trace_hash(const struct trace *trace);
/* The intended time of the last arrival, or the run's length where that is given; in ns from the start. */
uint64_t trace_duration_ns(const struct trace *trace);

struct load_options {
	/* Put the load into SCHED_EXT, for a scheduler that runs with SCX_OPS_SWITCH_PARTIAL. */
	bool sched_ext;
	/*
	 * Any of these becoming readable (or hung up) ends the run at once: a signalfd, the loader's ejection fd. The
	 * report says which one. A run that is ended so is not valid; what it has is kept.
	 */
	const int *stop_fds;
	size_t stop_fd_count;
	/* Keep every job's times for load_report_write_jobs(). */
	bool keep_jobs;
	/* Called from load_run()'s thread when the measured window begins (after the warm-up) and ends. May be NULL. */
	void (*window)(void *user, bool begins);
	void *user;
};

/*
 * Run the trace. Blocks until every job is done, or the drain limit is reached, or a stop fd fires. Needs the right
 * to use SCHED_FIFO (root, CAP_SYS_NICE or RLIMIT_RTPRIO of 91). The calling thread is SCHED_FIFO 91 meanwhile, so
 * that a scheduler which starves everything cannot keep it from ending the run. All threads and processes of the load
 * are gone when it returns. Returns 0 (also for a run that is not valid: ask the report), -EPERM, -ENOTSUP
 * (sched_ext asked of a kernel without it), -ENOENT (a command is missing), -EAGAIN (no more threads), -ENOMEM.
 * *@report points into @workload and @trace: free it before them.
 */
int load_run(const struct workload *workload, const struct trace *trace,
	     const struct load_options *options, struct load_report **report, char *error,
	     size_t error_size);
void load_report_free(struct load_report *report);

/* False where the dispatcher was late past the budget, the run was stopped, jobs were censored; reasons in the JSON. */
bool load_report_valid(const struct load_report *report);
/* Index into stop_fds of what ended the run, or -1. */
int load_report_stopped_by(const struct load_report *report);
/*
 * Set "workload", "metrics", "classes", "oracles" of @result (lib/result.h) and add this run's reasons to "validity".
 * Returns 0 or -ENOMEM.
 */
int load_report_add(const struct load_report *report, json_t *result);
/* The same for people: histograms, classes, the oracles' verdicts. Returns 0 or -errno. */
int load_report_print(const struct load_report *report, FILE *out);

/*
 * Write the jobs of a run with keep_jobs to @out, one a line: "class,index,intended_ns,released_ns,first_run_ns,done_ns"
 * (CLOCK_MONOTONIC; 0: did not happen), names in the first. Returns 0 or -errno.
 */
int load_report_write_jobs(const struct load_report *report, FILE *out);

/*
 * Check the measured sojourns against oracle @name ("fcfs", "ps", "srpt"): mean and p99 within @pct, and within
 * @corrected_pct once the measured cost of dispatch is added to the services. Returns 0 (they are), -ERANGE (they are
 * not, @error says by how much), -ENOENT (no such oracle for this workload, @error says why).
 */
int load_report_expect(const struct load_report *report, const char *name, double pct,
		       double corrected_pct, char *error, size_t error_size);

/* schedlab load. */
int cmd_load(int argc, char **argv);

#endif
