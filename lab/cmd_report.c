// SPDX-License-Identifier: GPL-2.0
/* `schedlab report`: options; one page out of a folder of results, and its tables for the terminal. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "lab/lab.h"
#include "lib/cli.h"

#define DEFAULT_MARGIN_PCT 2
#define PATHS_MAX	   256

enum option_key {
	KEY_TITLE = 256,
	KEY_BASELINE,
};

static const struct argp_option options[] = {
	{"output", 'o', "FILE", 0,
	 "The page (default: report.html in the first folder; - for standard output, without "
	 "tables)",
	 0},
	{"title", KEY_TITLE, "TEXT", 0, "Its title", 0},
	{"baseline", KEY_BASELINE, "LABEL", 0,
	 "Compare with this scheduler (default: default, else the first)", 0},
	{"quiet", 'q', NULL, 0, "No tables on standard output", 0},
	{0},
};

struct arguments {
	const char *paths[PATHS_MAX];
	size_t path_count;
	const char *output;
	struct report_options report;
	struct read_args read;
	bool quiet;
};

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct arguments *a = state->input;

	switch (key) {
	case 'o':
		a->output = arg;
		return 0;
	case 'q':
		a->quiet = true;
		return 0;
	case KEY_TITLE:
		a->report.title = arg;
		return 0;
	case KEY_BASELINE:
		a->report.baseline = arg;
		return 0;
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &a->read;
		return 0;
	case ARGP_KEY_ARG:
		if (a->path_count == PATHS_MAX)
			return ARGP_ERR_UNKNOWN;
		a->paths[a->path_count++] = arg;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp argp = {options,
				 parse_option,
				 "FOLDER|FILE...",
				 "Make one self-contained HTML page of all results: percentiles, "
				 "histograms, shifts, oracles, incidents, environment "
				 "and commands; and print its tables.\v"
				 "The page needs no network. Runs that are not valid are listed "
				 "and left out of every figure.",
				 read_args_children,
				 NULL,
				 NULL};

static bool has_label(const struct run_set *set, const char *label)
{
	for (size_t i = 0; i < set->count; i++) {
		if (strcmp(set->runs[i].scheduler, label) == 0)
			return true;
	}
	return false;
}

static int write_report(const struct arguments *a, const struct run_set *set, const char *output)
{
	struct report *r = report_new(set, &a->report);
	char shown[256];
	int err = r ? report_write_html(r, output) : -ENOMEM;

	if (err) {
		cli_error("%s: %s", cli_printable(output, shown, sizeof(shown)), strerror(-err));
	} else if (!a->quiet && strcmp(output, "-") != 0) {
		report_print(r, stdout);
		if (fflush(stdout)) {
			err = -errno;
			cli_error("standard output: %s", strerror(errno));
		}
	}
	if (!err && strcmp(output, "-") != 0)
		cli_note("wrote %s", cli_printable(output, shown, sizeof(shown)));
	report_free(r);
	return err ? EXIT_STATUS_FAILURE : EXIT_STATUS_OK;
}

static int read_and_report(const struct arguments *a, const char *output)
{
	struct run_set set = {0};
	int status = EXIT_STATUS_OK;
	char shown[96];

	for (size_t i = 0; i < a->path_count && !status; i++)
		status = read_args_add(&a->read, &set, a->paths[i]);
	if (!status && !set.count) {
		cli_error("no result that can be read");
		status = EXIT_STATUS_USAGE;
	} else if (!status && a->report.baseline && !has_label(&set, a->report.baseline)) {
		cli_error("--baseline: no run of '%s' is there",
			  cli_printable(a->report.baseline, shown, sizeof(shown)));
		status = EXIT_STATUS_USAGE;
	} else if (!status) {
		status = write_report(a, &set, output);
	}
	run_set_free(&set);
	return status;
}

int cmd_report(int argc, char **argv)
{
	struct arguments a = {.read.flags = RUN_KEEP_DOCUMENT,
			      .report = {.margin_pct = DEFAULT_MARGIN_PCT, .seed = 1}};
	char *output = NULL;
	struct stat st;
	int status;

	cli_parse(&argp, argc, argv, 0, &a);
	if (!a.path_count) {
		cli_error("no folder of results (see schedlab report --help)");
		return EXIT_STATUS_USAGE;
	}
	if (!a.report.title)
		a.report.title = "Schedulers compared";
	if (a.output)
		output = strdup(a.output);
	else if (stat(a.paths[0], &st) == 0 && S_ISDIR(st.st_mode)) {
		if (asprintf(&output, "%s/report.html", a.paths[0]) < 0)
			output = NULL;
	} else
		output = strdup("report.html");
	if (!output) {
		cli_error("out of memory");
		return EXIT_STATUS_FAILURE;
	}
	status = read_and_report(&a, output);
	free(output);
	return status;
}
