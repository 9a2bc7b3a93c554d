// SPDX-License-Identifier: GPL-2.0
/* schedlab status: what is active, as sysfs has it. Needs no privilege. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "lib/cli.h"
#include "lib/fileio.h"
#include "loader/cmd.h"
#include "loader/internal.h"

static const struct argp_option option_table[] = {
	{"json", 'j', NULL, 0, "one JSON document on stdout", 0},
	{0},
};

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	bool *json = state->input;

	if (key != 'j')
		return ARGP_ERR_UNKNOWN;
	*json = true;
	return 0;
}

static void print_state(const struct loader_kernel_state *state)
{
	char ops[256];
	size_t i;

	if (!state->supported) {
		puts("scheduler: the kernel's default (this kernel has no sched_ext)");
		return;
	}
	printf("scheduler: %s\n", state->ops[0] ? cli_printable(state->ops, ops, sizeof(ops))
						: "the kernel's default");
	printf("state: %s\n", state->state);
	if (state->ops[0])
		printf("tasks: %s\n",
		       state->switch_all ? "all normal tasks" : "those with policy SCHED_EXT");
	printf("loads since boot: %" PRIu64 "\n", state->enable_seq);
	for (i = 0; i < state->event_count; i++)
		printf("event %s: %" PRIu64 "\n", state->events[i].name, state->events[i].value);
}

int cmd_status(int argc, char **argv)
{
	static const struct argp argp = {
		option_table, parse_option,
		NULL,	      "Say which scheduler is active, from sysfs alone.",
		NULL,	      NULL,
		NULL};
	struct loader_kernel_state state;
	json_t *document;
	bool json = false;
	int err;

	cli_parse(&argp, argc, argv, 0, &json);
	err = loader_kernel_state(&state);
	if (err) {
		cli_error("cannot read sched_ext's state: %s", strerror(-err));
		return EXIT_STATUS_FAILURE;
	}
	if (!json) {
		print_state(&state);
		return fflush(stdout) ? EXIT_STATUS_FAILURE : EXIT_STATUS_OK;
	}
	document = loader_kernel_state_to_json(&state);
	err = !document ||
	      json_object_set_new(document, "schema", json_string("schedlab.status/1")) ||
	      file_print_json(document);
	json_decref(document);
	return err ? EXIT_STATUS_FAILURE : EXIT_STATUS_OK;
}
