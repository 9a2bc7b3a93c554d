// SPDX-License-Identifier: GPL-2.0
/* schedlab cpudist: how long tasks run at a stretch, or (--off-cpu) stay off. Parses options; histview.c draws. */
#include "lib/cli.h"
#include "observe/histview.h"

static const struct argp_option options[] = {
	{"off-cpu", 'O', NULL, 0, "how long tasks are off their CPU at a stretch instead", 1},
	{},
};

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct histview *h = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &h->view;
		state->child_inputs[1] = h;
		return 0;
	case 'O':
		h->shown[0].title = "off CPU (switch out to switch in)";
		h->shown[0].intervals = 1u << LEDGER_OFFCPU;
		return 0;
	}
	return ARGP_ERR_UNKNOWN;
}

int cmd_cpudist(int argc, char **argv)
{
	static const struct view_command command = {
		.options = options,
		.parser = parse_option,
		.args_doc = VIEW_ARGS,
		.doc = "How long tasks run at a stretch, from switch in to switch out.",
		.more = &histview_argp,
		.run = histview_run,
	};
	struct histview h = {
		.view.name = "cpudist",
		.nr_shown = 1,
		.shown[0] = {"running (switch in to switch out)", 1u << LEDGER_RUNNING},
	};

	return view_main(&command, argc, argv, &h);
}
