// SPDX-License-Identifier: GPL-2.0
/*
 * schedlab status: what is active, as sysfs has it, which needs no privilege; for root, what the guard of the active run has
 * seen as well.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "lib/cli.h"
#include "lib/fileio.h"
#include "lib/timeutil.h"
#include "loader/cmd.h"
#include "loader/control.h"
#include "loader/internal.h"

#define ANSWER_WAIT_S 10
#define LOOKS_MAX     5

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

static void print_swap(const json_t *swap)
{
	static const char *const parts[][2] = {{"bypass_run_ns", "in bypass"},
					       {"fair_run_ns", "in the fair class"}};
	const json_t *total = json_object_get(swap, "total_ns"), *part;
	char text[32];
	size_t i;

	if (!total)
		total = json_object_get(swap, "detach_ns");
	printf("guard: the last change took %s",
	       time_format((uint64_t)json_integer_value(total), text, sizeof(text)));
	for (i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		part = json_object_get(swap, parts[i][0]);
		if (json_is_integer(part))
			printf(", tasks ran %s %s",
			       time_format((uint64_t)json_integer_value(part), text, sizeof(text)),
			       parts[i][1]);
	}
	putchar('\n');
}

static void print_guard(const json_t *guard)
{
	const json_t *scheduler = json_object_get(guard, "scheduler"), *value;
	const json_t *confirm = json_object_get(guard, "confirm_within_ns");
	const char *name = json_string_value(json_object_get(scheduler, "name"));
	char text[256];

	printf("guard: process %" JSON_INTEGER_FORMAT ", %s, ejections %" JSON_INTEGER_FORMAT
	       ", restarts %" JSON_INTEGER_FORMAT "%s\n",
	       json_integer_value(json_object_get(guard, "pid")),
	       name ? cli_printable(name, text, sizeof(text)) : "no scheduler",
	       json_integer_value(json_object_get(guard, "ejections")),
	       json_integer_value(json_object_get(guard, "restarts")),
	       json_is_true(json_object_get(guard, "breaker_open")) ? ", breaker open" : "");
	if (json_is_integer(confirm))
		printf("guard: to be confirmed within %s (schedlab confirm)\n",
		       time_format((uint64_t)json_integer_value(confirm), text, sizeof(text)));
	if (json_is_object(json_object_get(guard, "last_swap")))
		print_swap(json_object_get(guard, "last_swap"));
	json_object_foreach ((json_t *)json_object_get(guard, "statistics"), name, value)
		printf("statistic %s: %" JSON_INTEGER_FORMAT "\n",
		       cli_printable(name, text, sizeof(text)), json_integer_value(value));
}

static bool same(const struct loader_kernel_state *a, const struct loader_kernel_state *b)
{
	return !strcmp(a->state, b->state) && !strcmp(a->ops, b->ops) &&
	       a->enable_seq == b->enable_seq;
}

/*
 * sysfs, and what the guard said meanwhile: asked again where sysfs has changed between, so that the two tell of one moment.
 * *guard is null, and *why not "", without an answer. Returns 0 or -errno of sysfs.
 */
static int look(struct loader_kernel_state *state, json_t **guard, const char **why)
{
	struct loader_kernel_state before;
	int tries, asked, err = loader_kernel_state(state);

	for (tries = 0; !err && tries < LOOKS_MAX; tries++) {
		before = *state;
		asked = control_ask("status", ANSWER_WAIT_S, guard);
		*why = asked == -ETIMEDOUT		     ? "it does not answer; is it stopped?"
		       : asked == -EACCES || asked == -EPERM ? "only root may ask it"
		       : asked && asked != -ENOENT	     ? strerror(-asked)
							     : "";
		err = loader_kernel_state(state);
		if (err || asked || same(&before, state))
			break;
		json_decref(*guard);
		*guard = NULL;
	}
	if (!*guard)
		*guard = json_null();
	return err;
}

int cmd_status(int argc, char **argv)
{
	static const struct argp argp = {option_table,
					 parse_option,
					 NULL,
					 "Say which scheduler is active (sysfs decides) and, for "
					 "root, what its guard has seen.",
					 NULL,
					 NULL,
					 NULL};
	struct loader_kernel_state state;
	json_t *document, *guard = NULL;
	const char *why = "";
	bool json = false;
	int err;

	cli_parse(&argp, argc, argv, 0, &json);
	err = look(&state, &guard, &why);
	if (err) {
		cli_error("cannot read sched_ext's state: %s", strerror(-err));
		return EXIT_STATUS_FAILURE;
	}
	if (!json) {
		print_state(&state);
		if (json_is_object(guard))
			print_guard(guard);
		else if (*why)
			printf("guard: %s\n", why);
		json_decref(guard);
		return fflush(stdout) ? EXIT_STATUS_FAILURE : EXIT_STATUS_OK;
	}
	document = loader_kernel_state_to_json(&state);
	err = !document ||
	      json_object_set_new(document, "schema", json_string("schedlab.status/1")) ||
	      json_object_set_new(document, "guard", guard) ||
	      json_object_set_new(document, "guard_silent",
				  *why ? json_string(why) : json_null()) ||
	      file_print_json(document);
	json_decref(document);
	return err ? EXIT_STATUS_FAILURE : EXIT_STATUS_OK;
}
