// SPDX-License-Identifier: GPL-2.0
/* schedlab runqlat: how long tasks wait for a CPU. Parses options; histview.c draws, the ledger measures. */
#include <stdlib.h>
#include <string.h>

#include "lib/cli.h"
#include "lib/timeutil.h"
#include "observe/histview.h"

enum {
	OPTION_SPLIT = 0x1200,
	OPTION_SLOWER,
	OPTION_TOP,
	OPTION_QUEUES,
	OPTION_ACCOUNTS
};

static const struct {
	const char *name;
	const char *title;
	uint32_t intervals;
} parts[] = {
	{"wake", "wakeup latency (waking to running)", 1u << LEDGER_WAKEUP},
	{"preempt", "preempt wait (preempted to running)", 1u << LEDGER_PREEMPT},
	{"activation", "activation (waking to run queue)", 1u << LEDGER_ACTIVATION},
	{"queue", "queue wait (woken, on a run queue)", 1u << LEDGER_QUEUE},
	{"delay", "run delay (queue wait and preempt wait)", 1u << LEDGER_RUN_DELAY},
};
#define NR_PARTS (sizeof(parts) / sizeof(parts[0]))

static const struct argp_option options[] = {
	{"split", OPTION_SPLIT, "PARTS", 0,
	 "pictures to draw, of wake, preempt, activation, queue, delay, separated by commas "
	 "(wakeup latencies and preempt waits in one)",
	 1},
	{"slower", OPTION_SLOWER, "TIME", 0, "print each wait of at least so long: 5ms", 2},
	{"top", OPTION_TOP, "N", 0, "print the N longest waits, and who ran meanwhile", 2},
	{"queues", OPTION_QUEUES, NULL, 0,
	 "queue lengths met by arriving tasks: per DSQ under sched_ext, else per run queue", 2},
	{"accounts", OPTION_ACCOUNTS, NULL, 0,
	 "also one account per task (running, blocked, activation, queue wait, preempt wait) and "
	 "how they add up",
	 2},
	{},
};

static void add_part(struct histview *h, const char *name, struct argp_state *state)
{
	const char *names[NR_PARTS], *nearest;
	char shown[64];
	unsigned int i;

	for (i = 0; i < NR_PARTS; i++) {
		names[i] = parts[i].name;
		if (strcmp(name, parts[i].name) != 0)
			continue;
		if (h->nr_shown == HISTVIEW_MAX)
			argp_error(state, "--split takes at most %d parts", HISTVIEW_MAX);
		h->shown[h->nr_shown].title = parts[i].title;
		h->shown[h->nr_shown++].intervals = parts[i].intervals;
		return;
	}
	nearest = cli_nearest(name, names, NR_PARTS);
	argp_error(state, "there is no part '%s' to split%s%s",
		   cli_printable(name, shown, sizeof(shown)), nearest ? "; did you mean " : "",
		   nearest ? nearest : "");
}

static void parse_split(struct histview *h, const char *text, struct argp_state *state)
{
	char *copy = strdup(text), *rest = copy, *name;

	if (!copy)
		argp_failure(state, EXIT_STATUS_FAILURE, 0, "out of memory");
	h->nr_shown = 0;
	while ((name = strsep(&rest, ",")))
		add_part(h, name, state);
	free(copy);
}

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct histview *h = state->input;
	char shown[64];

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &h->view;
		state->child_inputs[1] = h;
		return 0;
	case OPTION_SPLIT:
		parse_split(h, arg, state);
		return 0;
	case OPTION_SLOWER:
		if (cli_parse_duration_ns(arg, NSEC_PER_MSEC, &h->slower_ns) || !h->slower_ns)
			argp_error(state, "'%s' is not a duration such as 5ms",
				   cli_printable(arg, shown, sizeof(shown)));
		return 0;
	case OPTION_TOP:
		if (cli_parse_u64(arg, 1, 1000, &h->top))
			argp_error(state, "'%s' is not a number of waits (1 to 1000)",
				   cli_printable(arg, shown, sizeof(shown)));
		return 0;
	case OPTION_ACCOUNTS:
		h->view.ledger.accounts = true;
		h->view.snapshot_flags |= LEDGER_SNAPSHOT_TASKS;
		return 0;
	case OPTION_QUEUES:
		h->queue_lengths = true;
		return 0;
	}
	return ARGP_ERR_UNKNOWN;
}

int cmd_runqlat(int argc, char **argv)
{
	static const struct view_command command = {
		.options = options,
		.parser = parse_option,
		.args_doc = VIEW_ARGS,
		.doc = "How long tasks wait for a CPU: from waking, or from being preempted, to "
		       "running.",
		.more = &histview_argp,
		.run = histview_run,
	};
	struct histview h = {
		.view.name = "runqlat",
		.nr_shown = 1,
		.shown[0] = {"run-queue latency (wakeup latency and preempt wait)",
			     1u << LEDGER_WAKEUP | 1u << LEDGER_PREEMPT},
	};

	return view_main(&command, argc, argv, &h);
}
