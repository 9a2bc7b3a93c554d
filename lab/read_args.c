// SPDX-License-Identifier: GPL-2.0
/* Options of every command that reads result files, and the reading by them. Prints what is refused. */
#include <argp.h>
#include <errno.h>

#include "lab/lab.h"
#include "lib/cli.h"

enum {
	KEY_SKIP_BAD = 0x1600,
	KEY_NO_CHECKSUM,
};

static const struct argp_option options[] = {
	{"skip-bad", KEY_SKIP_BAD, NULL, 0, "Name files that are refused and go on with the others",
	 0},
	{"no-checksum", KEY_NO_CHECKSUM, NULL, 0, "Accept files that were edited", 0},
	{0},
};

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct read_args *a = state->input;

	(void)arg;
	switch (key) {
	case KEY_SKIP_BAD:
		a->skip_bad = true;
		return 0;
	case KEY_NO_CHECKSUM:
		a->flags |= RUN_NO_CHECKSUM;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp argp = {.options = options, .parser = parse_option};

const struct argp_child read_args_children[] = {{&argp, 0, NULL, 0}, {NULL, 0, NULL, 0}};

static void say(const char *line, void *context)
{
	(void)context;
	cli_error("%s", line);
}

int read_args_add(const struct read_args *args, struct run_set *set, const char *path)
{
	int err = run_set_add(set, path, args->flags, args->skip_bad, say, NULL);

	if (!err)
		return EXIT_STATUS_OK;
	return err == -ENOMEM ? EXIT_STATUS_FAILURE : EXIT_STATUS_USAGE;
}
