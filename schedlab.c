// SPDX-License-Identifier: GPL-2.0
/*
 * schedlab: parse the first word, dispatch to a subcommand. What each does is in cmd_NAME.c of its room.
 * A command takes its place in the table below and nothing else has to know it.
 */
#include <stdio.h>
#include <string.h>

#include "lab/lab.h"
#include "lib/cli.h"
#include "loader/cmd.h"
#include "observe/observe.h"
#include "workloads/workloads.h"

const char *argp_program_version = "schedlab " SCHEDLAB_VERSION;

static const struct command commands[] = {
	{"bench", "an experiment: schedulers under workloads, cell by cell", cmd_bench},
	{"report", "results as one HTML page, and as tables", cmd_report},
	{"cell", "one run of one scheduler under one workload, to a result file", cmd_cell},
	{"compare", "two sets of runs: differences with intervals, verdicts, pictures",
	 cmd_compare},
	{"list", "the schedulers in the binary, their options and statistics", cmd_list},
	{"load", "run a workload against the active scheduler", cmd_load},
	{"run", "load a scheduler and guard it", cmd_run},
	{"status", "which scheduler is active, and what its guard has seen", cmd_status},
	{"confirm", "keep the scheduler of a run with --confirm", cmd_confirm},
	{"stop", "end the guarded run's scheduler", cmd_stop},
	{"tickets", "tasks' and cgroups' tickets under the lottery", cmd_tickets},
	{"runqlat", "how long tasks wait for a CPU", cmd_runqlat},
	{"wakeups", "who wakes whom, how late and from where", cmd_wakeups},
	{"cpudist", "how long tasks run at a stretch", cmd_cpudist},
	{"offcpu", "where tasks wait, by stack: text, folded, flame graph, speedscope", cmd_offcpu},
	{"trace", "a timeline for Perfetto: switches, wakings, migrations, jobs", cmd_trace},
	{"top", "a live view of tasks and their waits", cmd_top},
	{NULL, NULL, NULL},
};

static void print_help(FILE *out)
{
	const struct command *c;

	fprintf(out, "Usage: schedlab COMMAND [OPTION...]\n"
		     "A lab for Linux CPU schedulers: load them, guard them, measure them, compare "
		     "them.\n\n"
		     "Commands:\n");
	for (c = commands; c->name; c++)
		if (c->main)
			fprintf(out, "  %-10s %s\n", c->name, c->summary);
	fprintf(out, "\n  -?, --help     this list; 'schedlab COMMAND --help' for one command\n"
		     "  -V, --version  the version\n");
}

static int unknown_command(const char *word)
{
	const char *names[sizeof(commands) / sizeof(commands[0])] = {NULL}, *nearest;
	const struct command *c;
	char shown[256];
	size_t count = 0;

	for (c = commands; c->name; c++)
		if (c->main)
			names[count++] = c->name;
	nearest = cli_nearest(word, names, count);
	cli_error("there is no command '%s'%s%s%s (see schedlab --help)",
		  cli_printable(word, shown, sizeof(shown)), nearest ? "; did you mean '" : "",
		  nearest ? nearest : "", nearest ? "'" : "");
	return EXIT_STATUS_USAGE;
}

int main(int argc, char **argv)
{
	const struct command *c;
	char name[64];

	if (argc < 2) {
		print_help(stderr);
		return EXIT_STATUS_USAGE;
	}
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-?") || !strcmp(argv[1], "help")) {
		print_help(stdout);
		return fflush(stdout) ? EXIT_STATUS_FAILURE : EXIT_STATUS_OK;
	}
	if (!strcmp(argv[1], "--version") || !strcmp(argv[1], "-V")) {
		puts(argp_program_version);
		return fflush(stdout) ? EXIT_STATUS_FAILURE : EXIT_STATUS_OK;
	}
	for (c = commands; c->name; c++) {
		if (!c->main || strcmp(argv[1], c->name) != 0)
			continue;
		snprintf(name, sizeof(name), "schedlab %s", c->name);
		argv[1] = name;
		return c->main(argc - 1, argv + 1);
	}
	return unknown_command(argv[1]);
}
