// SPDX-License-Identifier: GPL-2.0
/* `schedlab cell`: options of one run. What it does is in cell.c. */
#include <stdlib.h>

#include "lab/lab.h"
#include "lib/cli.h"

enum option_key {
	KEY_SCHED = 256,
	KEY_SET,
	KEY_LABEL,
	KEY_WORKLOAD,
	KEY_REPETITION,
	KEY_LEDGER,
	KEY_GRAPHS,
};

static const struct argp_option options[] = {
	{"sched", KEY_SCHED, "NAME|FILE", 0,
	 "Scheduler: a name of 'schedlab list', an object file, or default", 0},
	{"set", KEY_SET, "NAME=VALUE", 0, "Set an option of the scheduler; may be given many times",
	 0},
	{"label", KEY_LABEL, "TEXT", 0,
	 "What comparison and report call it (default: the scheduler's name)", 0},
	{"workload", KEY_WORKLOAD, "FILE", 0, "Workload file, or the name of one that ships", 0},
	{"repetition", KEY_REPETITION, "N", 0,
	 "Number of this run among those of its seed (default 0)", 0},
	{"ledger", KEY_LEDGER, NULL, 0, "Capture every task's time with the ledger", 0},
	{"graphs", KEY_GRAPHS, NULL, 0,
	 "Record where tasks wait and who wakes them, and draw both beside the result file; such a "
	 "run is never "
	 "compared",
	 0},
	{0},
};

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct cell_options *o = state->input;

	switch (key) {
	case KEY_SCHED:
		o->scheduler = arg;
		return 0;
	case KEY_SET:
		o->settings[o->setting_count++] = arg;
		return 0;
	case KEY_LABEL:
		o->label = arg;
		return 0;
	case KEY_WORKLOAD:
		o->workload = arg;
		return 0;
	case KEY_REPETITION:
		if (cli_parse_u64(arg, 0, 1000000, &o->repetition))
			cli_usage_error("--repetition: '%s' is no number from 0 to 1000000", arg);
		return 0;
	case KEY_LEDGER:
		o->ledger = true;
		return 0;
	case KEY_GRAPHS:
		o->graphs = true;
		return 0;
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &o->load;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp argp = {
	options,
	parse_option,
	NULL,
	"Run one workload under one scheduler and write one result file: a cell of an experiment.\v"
	"Needs root. A run that is not valid (the scheduler was ejected, the dispatcher late) is "
	"written and marked, and "
	"the exit status says so: 5, or 80 and above for an ejection.",
	load_args_children,
	NULL,
	NULL};

int cmd_cell(int argc, char **argv)
{
	struct cell_options o = {0};
	const char *missing;
	int status = EXIT_STATUS_USAGE;

	o.settings = calloc((size_t)argc + 1, sizeof(char *));
	if (!o.settings) {
		cli_error("out of memory");
		return EXIT_STATUS_FAILURE;
	}
	cli_parse(&argp, argc, argv, 0, &o);
	missing = !o.scheduler	   ? "--sched"
		  : !o.workload	   ? "--workload"
		  : !o.load.output ? "--output"
				   : NULL;
	if (missing) {
		cli_error("%s is missing (see schedlab cell --help)", missing);
	} else {
		status = cell_run(&o);
	}
	free(o.settings);
	return status;
}
