// SPDX-License-Identifier: GPL-2.0
/* schedlab load: run a workload file against the scheduler that is active. It loads none: see schedlab run. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "lib/cli.h"
#include "lib/fileio.h"
#include "lib/result.h"
#include "lib/seal.h"
#include "lib/timeutil.h"
#include "workloads/learn.h"
#include "workloads/workloads.h"

#define LEARN_MAX_BYTES (1U << 30)

enum {
	OPTION_EXPECT = 256,
	OPTION_TOLERANCE,
	OPTION_CORRECTED,
	OPTION_EXT,
	OPTION_CHECK,
	OPTION_JOBS,
	OPTION_LEARN,
};

struct arguments {
	struct load_args load;
	const char *file, *expect, *jobs, *learn;
	double tolerance_pct, corrected_pct;
	bool json, sched_ext, check;
};

static const struct argp_option options[] = {
	{"expect", OPTION_EXPECT, "ORACLE", 0,
	 "end with status 5 unless the sojourns are those of fcfs, ps or srpt", 0},
	{"tolerance", OPTION_TOLERANCE, "PCT", 0, "for --expect: mean and p99 within PCT % (4)", 0},
	{"corrected", OPTION_CORRECTED, "PCT", 0,
	 "for --expect: the same after the cost of dispatch is added (2)", 0},
	{"sched-ext", OPTION_EXT, NULL, 0,
	 "put the load into SCHED_EXT, for a scheduler that runs with --partial", 0},
	{"check", OPTION_CHECK, NULL, 0, "only check the file, draw the trace and print its hash",
	 0},
	{"jobs", OPTION_JOBS, "CSV", 0, "write each job's times to CSV (for schedlab trace --jobs)",
	 0},
	{"learn", OPTION_LEARN, "TASK", 0,
	 "FILE is a trace captured by ftrace or perf script: write the arrivals and services of "
	 "TASK (a "
	 "name or thread id) to --output, for a workload to replay",
	 0},
	{"json", 'j', NULL, 0, "print the result document instead of text", 0},
	{NULL, 0, NULL, 0, NULL, 0},
};

static bool is_oracle(const char *name)
{
	return !strcmp(name, "fcfs") || !strcmp(name, "ps") || !strcmp(name, "srpt");
}

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct arguments *a = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &a->load;
		return 0;
	case OPTION_EXPECT:
		a->expect = arg;
		if (!is_oracle(arg))
			argp_error(state,
				   "--expect: there is no oracle '%s'; there are fcfs, ps and srpt",
				   arg);
		return 0;
	case OPTION_TOLERANCE:
	case OPTION_CORRECTED:
		if (cli_parse_double(arg, 0, 1000,
				     key == OPTION_CORRECTED ? &a->corrected_pct
							     : &a->tolerance_pct))
			argp_error(state, "'%s' is no percentage", arg);
		return 0;
	case OPTION_EXT:
		a->sched_ext = true;
		return 0;
	case OPTION_CHECK:
		a->check = true;
		return 0;
	case OPTION_JOBS:
		a->jobs = arg;
		return 0;
	case OPTION_LEARN:
		a->learn = arg;
		return 0;
	case 'j':
		a->json = true;
		return 0;
	case ARGP_KEY_ARG:
		if (a->file)
			argp_error(state, "one workload file, not '%s' too", arg);
		a->file = arg;
		return 0;
	case ARGP_KEY_END:
		if (!a->file)
			argp_error(state, "a workload file is missing");
		if (a->learn && !a->load.output)
			argp_error(state, "--learn writes to a file: --output is missing");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp argp = {
	options,
	parse_option,
	"FILE",
	"Drive the active scheduler with the load of a workload file: open loop, from a recorded "
	"seed, every job accounted for. FILE may be the name of a workload that ships (web, mixed, "
	"bimodal, ...).\v"
	"Exit status: 0 done; 2 the file or an option is wrong; 3 no right to use SCHED_FIFO; 5 "
	"the "
	"run is not valid, or --expect fails.",
	load_args_children,
	NULL,
	NULL};

static int status_of(int err)
{
	switch (err) {
	case -EPERM:
	case -ENOTSUP:
		return EXIT_STATUS_UNSUPPORTED;
	case -EINVAL:
	case -ENOENT:
	case -E2BIG:
		return EXIT_STATUS_USAGE;
	default:
		return EXIT_STATUS_FAILURE;
	}
}

/* SIGINT, SIGTERM and SIGHUP end the run; what it has is printed and written all the same. */
static int open_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, NULL);
	return signalfd(-1, &set, SFD_CLOEXEC);
}

/* Print by @print into a file that is there whole or not at all. Returns 0 or -errno, told. */
static int write_text(const char *path, int (*print)(void *what, FILE *out), void *what)
{
	char shown[4096];
	int err = file_replace_with(path, print, what);

	if (err)
		cli_error("cannot write %s: %s", cli_printable(path, shown, sizeof(shown)),
			  strerror(-err));
	return err;
}

static int print_jobs(void *report, FILE *out)
{
	return load_report_write_jobs(report, out);
}

static int print_learned(void *learned, FILE *out)
{
	return learned_print(learned, out);
}

/* --learn: no load is made. */
static int learn(const struct arguments *a)
{
	char error[WORKLOAD_ERROR_SIZE], shown[4096], *text;
	struct learned learned;
	int err = file_read(a->file, LEARN_MAX_BYTES, &text, NULL);

	cli_printable(a->file, shown, sizeof(shown));
	if (err) {
		cli_error("cannot read %s: %s", shown,
			  err == -EFBIG ? "it is larger than 1 GiB" : strerror(-err));
		return EXIT_STATUS_USAGE;
	}
	err = learn_jobs(text, a->learn, &learned, error, sizeof(error));
	free(text);
	if (err) {
		cli_error("%s: %s", shown, error);
		return err == -ENOMEM ? EXIT_STATUS_FAILURE : EXIT_STATUS_USAGE;
	}
	err = write_text(a->load.output, print_learned, &learned);
	if (!err)
		cli_note("%zu jobs of %zu tasks; %zu cut off by the end, %zu begun before the "
			 "capture, "
			 "left out",
			 learned.count, learned.tasks, learned.unfinished, learned.unbegun);
	learned_free(&learned);
	return err ? EXIT_STATUS_FAILURE : EXIT_STATUS_OK;
}

static int write_result(const struct load_report *report, json_t *result, const struct arguments *a)
{
	char shown[4096];
	int err;

	err = load_report_add(report, result);
	if (!err)
		err = result_finish(result);
	if (!err)
		err = seal_add(result);
	if (err) {
		cli_error("cannot make the result document: %s", strerror(-err));
		return EXIT_STATUS_FAILURE;
	}
	if (a->jobs && write_text(a->jobs, print_jobs, (void *)report))
		return EXIT_STATUS_FAILURE;
	err = a->load.output ? file_replace_json(a->load.output, result, JSON_INDENT(1)) : 0;
	if (err) {
		cli_error("cannot write %s: %s",
			  cli_printable(a->load.output, shown, sizeof(shown)), strerror(-err));
		return EXIT_STATUS_FAILURE;
	}
	err = a->json ? file_print_json(result) : load_report_print(report, stdout);
	if (err) {
		cli_error("cannot print the result: %s", strerror(-err));
		return EXIT_STATUS_FAILURE;
	}
	return json_is_true(json_object_get(json_object_get(result, "validity"), "valid"))
		       ? EXIT_STATUS_OK
		       : EXIT_STATUS_INVALID;
}

static int judge(const struct load_report *report, const struct arguments *a, int status)
{
	char error[WORKLOAD_ERROR_SIZE];
	int err;

	if (!a->expect || status == EXIT_STATUS_FAILURE)
		return status;
	err = load_report_expect(report, a->expect, a->tolerance_pct, a->corrected_pct, error,
				 sizeof(error));
	if (!err)
		return status;
	cli_error("%s", error);
	return err == -ENOENT ? EXIT_STATUS_USAGE : EXIT_STATUS_INVALID;
}

static int run(const struct workload *w, const struct trace *t, const struct arguments *a)
{
	char error[WORKLOAD_ERROR_SIZE];
	struct load_options load = {.sched_ext = a->sched_ext, .keep_jobs = a->jobs};
	struct load_report *report;
	json_t *result = result_new();
	int signals = open_signals(), err, status;

	if (!result || signals < 0) {
		cli_error("cannot begin: %s", result ? strerror(errno) : "not enough memory");
		json_decref(result);
		return EXIT_STATUS_FAILURE;
	}
	load.stop_fds = &signals;
	load.stop_fd_count = 1;
	err = load_run(w, t, &load, &report, error, sizeof(error));
	if (err) {
		cli_error("%s", error);
		status = status_of(err);
	} else {
		status = judge(report, a, write_result(report, result, a));
		load_report_free(report);
	}
	close(signals);
	json_decref(result);
	return status;
}

static int check_only(const struct workload *w, const struct trace *t)
{
	printf("%s: %llu jobs in %.3f s, seed %llu, trace %s\n", workload_name(w),
	       (unsigned long long)trace_job_count(t), (double)trace_duration_ns(t) / NSEC_PER_SEC,
	       (unsigned long long)workload_seed(w), trace_hash(t));
	return fflush(stdout) ? EXIT_STATUS_FAILURE : EXIT_STATUS_OK;
}

int cmd_load(int argc, char **argv)
{
	struct arguments a = {.tolerance_pct = 4, .corrected_pct = 2};
	char error[WORKLOAD_ERROR_SIZE];
	struct workload *w;
	struct trace *t;
	int err, status;

	cli_parse(&argp, argc, argv, 0, &a);
	if (a.learn)
		return learn(&a);
	err = workload_load(a.file, &w, error, sizeof(error));
	if (err) {
		cli_error("%s", error);
		return err == -ENOMEM || err == -EIO ? EXIT_STATUS_FAILURE : EXIT_STATUS_USAGE;
	}
	load_args_apply(&a.load, w);
	err = trace_draw(w, &t, error, sizeof(error));
	if (err) {
		cli_error("%s", error);
		workload_free(w);
		return status_of(err);
	}
	status = a.check ? check_only(w, t) : run(w, t, &a);
	trace_free(t);
	workload_free(w);
	return status;
}
