// SPDX-License-Identifier: GPL-2.0
/* schedlab run: put a scheduler in charge and watch over it until it ends, the command ends, or someone says so. */
#include <stdlib.h>
#include <string.h>

#include "lib/cli.h"
#include "lib/timeutil.h"
#include "loader/cmd.h"
#include "loader/session.h"

enum {
	KEY_SET = 0x100,
	KEY_TIMEOUT,
	KEY_FALLBACK,
	KEY_PARTIAL,
};

static const struct argp_option option_table[] = {
	{"set", KEY_SET, "NAME=VALUE", 0,
	 "set an option of the scheduler (schedlab list NAME shows them); may be repeated", 0},
	{"duration", 'd', "SECONDS", 0,
	 "end after this time; without it the run lasts until a signal or the command's end", 0},
	{"timeout", KEY_TIMEOUT, "TIME", 0,
	 "the kernel's own limit for a runnable task's wait, 1ms to 30s (default: the object's)",
	 0},
	{"fallback", KEY_FALLBACK, "NAME,...", 0,
	 "what follows an ejection, in this order; then the kernel's default", 0},
	{"partial", KEY_PARTIAL, NULL, 0,
	 "schedule only the command behind -- (policy SCHED_EXT) and its children", 0},
	{"json", 'j', NULL, 0, "one JSON document on stdout at the end", 0},
	{"verbose", 'v', NULL, 0, "say what is done; after a rejection the verifier's whole log",
	 0},
	{0},
};

static void add_fallbacks(struct session_options *o, char *list, struct argp_state *state)
{
	char *name, *rest;

	for (name = strtok_r(list, ",", &rest); name; name = strtok_r(NULL, ",", &rest)) {
		if (o->fallback_count == SESSION_FALLBACK_MAX)
			argp_error(state, "--fallback: at most %d schedulers",
				   SESSION_FALLBACK_MAX);
		o->fallbacks[o->fallback_count++] = name;
	}
}

static void add_set(struct session_options *o, const char *text, struct argp_state *state)
{
	const char **grown = realloc(o->sets, (o->set_count + 1) * sizeof(*grown));

	if (!grown)
		argp_failure(state, EXIT_STATUS_FAILURE, 0, "out of memory");
	o->sets = grown;
	o->sets[o->set_count++] = text;
}

static uint64_t duration(const char *option, const char *text, uint64_t unit, uint64_t min,
			 uint64_t max, struct argp_state *state)
{
	uint64_t ns = 0;
	char low[32], high[32];

	if (cli_parse_duration_ns(text, unit, &ns))
		argp_error(state, "--%s: '%s' is not a duration like 500ms or 10s", option, text);
	if (ns < min || ns > max)
		argp_error(state, "--%s: %s is out of bounds, from %s to %s is allowed", option,
			   text, time_format(min, low, sizeof(low)),
			   time_format(max, high, sizeof(high)));
	return ns;
}

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct session_options *o = state->input;

	switch (key) {
	case KEY_SET:
		add_set(o, arg, state);
		return 0;
	case 'd':
		o->duration_ns = duration("duration", arg, NSEC_PER_SEC, NSEC_PER_MSEC,
					  86400 * 365 * NSEC_PER_SEC, state);
		return 0;
	case KEY_TIMEOUT:
		o->timeout_ms = (uint32_t)(duration("timeout", arg, NSEC_PER_MSEC, NSEC_PER_MSEC,
						    30 * NSEC_PER_SEC, state) /
					   NSEC_PER_MSEC);
		return 0;
	case KEY_FALLBACK:
		add_fallbacks(o, arg, state);
		return 0;
	case KEY_PARTIAL:
		o->partial = true;
		return 0;
	case 'j':
		o->json = true;
		return 0;
	case 'v':
		o->verbose = true;
		return 0;
	case ARGP_KEY_ARG:
		if (o->scheduler)
			return ARGP_ERR_UNKNOWN; /* the command's words follow: ARGP_KEY_ARGS */
		o->scheduler = arg;
		return 0;
	case ARGP_KEY_ARGS:
		o->command = state->argv + state->next;
		return 0;
	case ARGP_KEY_END:
		if (!o->scheduler)
			argp_error(state, "a scheduler's NAME or FILE.bpf.o is needed (schedlab "
					  "list shows the names)");
		if (o->partial && !o->command)
			argp_error(state, "--partial needs a command behind --");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

int cmd_run(int argc, char **argv)
{
	static const struct argp argp = {option_table,
					 parse_option,
					 "NAME|FILE.bpf.o [-- COMMAND [ARG...]]",
					 "Make NAME the scheduler of all normal tasks and guard "
					 "it. The exit status is the command's, "
					 "or tells how the scheduler was ejected.",
					 NULL,
					 NULL,
					 NULL};
	struct session_options options = {0};
	struct session session = {.options = &options, .signal_fd = -1};
	int status;

	cli_parse(&argp, argc, argv, 0, &options);
	status = session_prepare(&session);
	status = status ? status : session_go(&session);
	session_free(&session);
	free(options.sets);
	return status;
}
