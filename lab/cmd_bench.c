// SPDX-License-Identifier: GPL-2.0
/* `schedlab bench`: options of an experiment. The work is in experiment.c, bench.c and bench_run.c. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lab/bench.h"
#include "lib/cli.h"

enum option_key {
	KEY_CELLS = 256,
	KEY_CELL,
	KEY_VM,
	KEY_HOST,
};

static const struct argp_option options[] = {
	{"output", 'o', "FOLDER", 0,
	 "Folder for the results (default: the experiment file's name with .bench)", 0},
	{"jobs", 'J', "N", 0,
	 "Cells beside each other (default: the file's; else one per CPU in guests, one on the "
	 "host)",
	 0},
	{"cells", KEY_CELLS, NULL, 0, "Print one command per cell and run none", 0},
	{"cell", KEY_CELL, "N", 0, "Run cell N only, unless its file is there", 0},
	{"vm", KEY_VM, NULL, 0,
	 "Each cell in a fresh guest (default where the host has no sched_ext, or without root)",
	 0},
	{"host", KEY_HOST, NULL, 0, "Each cell on this host", 0},
	{"quiet", 'q', NULL, 0, "No progress; trouble is still told", 0},
	{0},
};

struct arguments {
	const char *experiment, *folder;
	uint64_t jobs, cell;
	bool list, quiet, vm, host;
};

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct arguments *a = state->input;

	switch (key) {
	case 'o':
		a->folder = arg;
		return 0;
	case 'J':
	case KEY_CELL:
		if (!cli_parse_u64(arg, 1, key == 'J' ? 256 : EXPERIMENT_MAX_CELLS,
				   key == 'J' ? &a->jobs : &a->cell))
			return 0;
		cli_usage_error("%s: '%s' is not a number from 1 up",
				key == 'J' ? "--jobs" : "--cell", arg);
	case KEY_CELLS:
		a->list = true;
		return 0;
	case KEY_VM:
		a->vm = true;
		return 0;
	case KEY_HOST:
		a->host = true;
		return 0;
	case 'q':
		a->quiet = true;
		return 0;
	case ARGP_KEY_ARG:
		if (a->experiment)
			return ARGP_ERR_UNKNOWN;
		a->experiment = arg;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp argp = {options,
				 parse_option,
				 "EXPERIMENT.ini",
				 "Run every cell of an experiment: schedulers x workloads x seeds "
				 "x repetitions, one result file each.\v"
				 "The same command goes on where a killed one stopped. Cells may "
				 "run on several hosts that share the folder: "
				 "schedlab bench --cells EXPERIMENT.ini | parallel. Then: schedlab "
				 "compare FOLDER/cells/A FOLDER/cells/B, schedlab "
				 "report FOLDER.\n\n"
				 "Exit status: 0, 1 where cells failed, 2 for a wrong experiment "
				 "file, 3 for a missing privilege or guest, 7 where "
				 "another bench has the folder; --cell: that of schedlab cell.",
				 NULL,
				 NULL,
				 NULL};

/* @text in single quotes for a shell. */
static void put_quoted(const char *text)
{
	putchar('\'');
	for (; *text; text++) {
		if (*text == '\'')
			fputs("'\\''", stdout);
		else
			putchar(*text);
	}
	putchar('\'');
}

static int list_cells(const struct bench *b, const struct arguments *a)
{
	char exe[PATH_MAX];
	ssize_t length = readlink("/proc/self/exe", exe, sizeof(exe) - 1);

	snprintf(exe + (length > 0 ? length : 0), 16, "%s", length > 0 ? "" : "schedlab");
	for (size_t i = 0; i < b->cell_count; i++) {
		put_quoted(exe);
		fputs(" bench ", stdout);
		put_quoted(b->path);
		fputs(" -o ", stdout);
		put_quoted(b->folder);
		printf(" --cell %zu%s\n", b->cells[i].number,
		       a->vm	 ? " --vm"
		       : a->host ? " --host"
				 : "");
	}
	if (fflush(stdout) == 0)
		return EXIT_STATUS_OK;
	cli_error("standard output cannot be written");
	return EXIT_STATUS_FAILURE;
}

static int run_one(const struct bench *b, uint64_t number)
{
	char error[512], log[PATH_MAX + 256];
	const struct experiment_cell *cell = &b->cells[number - 1];
	int status;

	switch (bench_cell_state(b, cell, error, sizeof(error))) {
	case CELL_MISSING:
		break;
	case CELL_BAD:
		cli_error("%s; remove it, and the cell is run again", error);
		return EXIT_STATUS_USAGE;
	default:
		return EXIT_STATUS_OK;
	}
	status = bench_run_cell(b, cell);
	if (status && !bench_log_path(b, cell, log, sizeof(log)))
		cli_error("%s: status %d, log in %s", bench_cell_name(cell, error, sizeof(error)),
			  status, log);
	return status;
}

static unsigned int job_count(const struct bench *b, const struct arguments *a)
{
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);

	if (a->jobs)
		return (unsigned int)a->jobs;
	if (b->experiment.jobs)
		return b->experiment.jobs;
	/* A cell on the host has the machine to itself. */
	return b->vm_run[0] && cpus > 0 ? (unsigned int)cpus : 1;
}

static int run(struct bench *b, const struct arguments *a)
{
	char error[PATH_MAX * 3];
	int status;

	if (a->list)
		return list_cells(b, a);
	if (a->cell > b->cell_count) {
		cli_error("--cell %llu: the experiment has %zu cells", (unsigned long long)a->cell,
			  b->cell_count);
		return EXIT_STATUS_USAGE;
	}
	status = bench_enter(b, !a->cell, error, sizeof(error));
	if (status) {
		cli_error("%s", error);
		return status;
	}
	return a->cell ? run_one(b, a->cell) : bench_run(b, job_count(b, a), a->quiet);
}

int cmd_bench(int argc, char **argv)
{
	struct arguments a = {0};
	char error[1024], folder[PATH_MAX];
	struct bench *b = calloc(1, sizeof(*b));
	int status;

	cli_parse(&argp, argc, argv, 0, &a);
	if (!a.experiment || (a.vm && a.host) || !b) {
		cli_error("%s", !b	       ? "out of memory"
				: a.experiment ? "--vm and --host exclude each other"
					       : "no experiment file (see schedlab bench --help)");
		free(b);
		return EXIT_STATUS_USAGE;
	}
	if (!a.folder) {
		size_t length = strlen(a.experiment);

		if (length > 4 && strcmp(a.experiment + length - 4, ".ini") == 0)
			length -= 4;
		snprintf(folder, sizeof(folder), "%.*s.bench", (int)length, a.experiment);
		a.folder = folder;
	}
	status = bench_open(b, a.experiment, a.folder,
			    a.vm     ? PLACE_VM
			    : a.host ? PLACE_HOST
				     : PLACE_AUTO,
			    error, sizeof(error));
	if (status)
		cli_error("%s", error);
	else
		status = run(b, &a);
	bench_close(b);
	free(b);
	return status;
}
