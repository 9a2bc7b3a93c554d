// SPDX-License-Identifier: GPL-2.0
/* schedlab run: put a scheduler in charge and watch over it until it ends, the command ends, or someone says so. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/cli.h"
#include "lib/timeutil.h"
#include "loader/cmd.h"
#include "loader/session.h"

enum {
	KEY_SET = 0x100,
	KEY_TIMEOUT,
	KEY_PARTIAL,
	KEY_RULES,
	KEY_INCIDENTS,
	KEY_METRICS,
	KEY_METRICS_EVERY,
	KEY_RULE, /* and on: the rules, by their place in option_table */
};

static const struct argp_option option_table[] = {
	{"set", KEY_SET, "NAME=VALUE", 0,
	 "set an option of the scheduler (schedlab list NAME shows them); may be repeated", 1},
	{"duration", 'd', "SECONDS", 0,
	 "end after this time; without it the run lasts until a signal or the command's end", 1},
	{"timeout", KEY_TIMEOUT, "TIME", 0,
	 "the kernel's own limit for a runnable task's wait, 1ms to 30s (default: the object's)",
	 1},
	{"partial", KEY_PARTIAL, NULL, 0,
	 "schedule only the command behind -- (policy SCHED_EXT) and its children", 1},
	{"json", 'j', NULL, 0, "one JSON document on stdout at the end", 1},
	{"verbose", 'v', NULL, 0, "after a rejection the verifier's whole log", 1},
	{NULL, 0, NULL, 0, "The guard ejects the scheduler when a rule is broken:", 2},
	{"max-wait", KEY_RULE, "TIME", 0, "a runnable task has waited this long (20ms or more)", 2},
	{"canary", KEY_RULE + 1, "TIME", 0,
	 "a thread of the guard's, bound to a CPU, has not run for this long", 2},
	{"slo", KEY_RULE + 2, "RULE", 0,
	 "a figure of the ledger's: 'wakeup.p99<2ms for 5s' (wakeup, queue, preempt, delay; p50, "
	 "p99, p99.9, mean, max)",
	 2},
	{"event", KEY_RULE + 3, "RULE", 0,
	 "a counter of the kernel's: 'SCX_EV_SELECT_CPU_FALLBACK>1000/s'", 2},
	{"confirm", KEY_RULE + 4, "TIME", 0, "nobody has said schedlab confirm within this time",
	 2},
	{"rules", KEY_RULES, "FILE", 0, "read such rules from FILE, one NAME = VALUE a line", 2},
	{NULL, 0, NULL, 0, "What follows an ejection:", 3},
	{"fallback", KEY_RULE + 5, "NAME,...", 0,
	 "these schedulers, in this order; then the kernel's default", 3},
	{"back-off", KEY_RULE + 6, "TIME", 0,
	 "the pause before the second one, doubled for each after it (default 100ms)", 3},
	{"breaker", KEY_RULE + 7, "N in TIME", 0,
	 "so many ejections within TIME end all attempts (default 5 in 60s)", 3},
	{"incidents", KEY_INCIDENTS, "FOLDER", 0,
	 "where incident records go (default " INCIDENTS_DEFAULT ")", 3},
	{NULL, 0, NULL, 0, "Figures while it runs:", 4},
	{"metrics", KEY_METRICS, "FILE", 0,
	 "keep Prometheus text in FILE, replaced whole, for node_exporter's textfile collector", 4},
	{"metrics-interval", KEY_METRICS_EVERY, "TIME", 0,
	 "how often FILE is replaced (default 5s)", 4},
	{0},
};

/* A rule on the command line has the name that it has in a rules file: that of its option. */
static void set_rule(struct session_options *o, int key, const char *value)
{
	const struct argp_option *option;
	char error[512];

	for (option = option_table; option->key != key; option++)
		;
	if (rules_set(&o->rules, option->name, value, error, sizeof(error)))
		cli_usage_error("--%s", error);
}

static void add_set(struct session_options *o, const char *text)
{
	const char **grown = realloc(o->sets, (o->set_count + 1) * sizeof(*grown));

	if (!grown) {
		cli_error("out of memory");
		exit(EXIT_STATUS_FAILURE);
	}
	o->sets = grown;
	o->sets[o->set_count++] = text;
}

static uint64_t duration(const char *option, const char *text, uint64_t unit, uint64_t min,
			 uint64_t max)
{
	uint64_t ns = 0;
	char low[32], high[32];

	if (cli_parse_duration_ns(text, unit, &ns))
		cli_usage_error("--%s: '%s' is not a duration like 500ms or 10s", option, text);
	if (ns < min || ns > max)
		cli_usage_error("--%s: %s is out of bounds, from %s to %s is allowed", option, text,
				time_format(min, low, sizeof(low)),
				time_format(max, high, sizeof(high)));
	return ns;
}

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct session_options *o = state->input;
	char error[512];

	switch (key) {
	case KEY_SET:
		add_set(o, arg);
		return 0;
	case 'd':
		o->duration_ns = duration("duration", arg, NSEC_PER_SEC, NSEC_PER_MSEC,
					  86400 * 365 * NSEC_PER_SEC);
		return 0;
	case KEY_TIMEOUT:
		o->timeout_ms = (uint32_t)(duration("timeout", arg, NSEC_PER_MSEC, NSEC_PER_MSEC,
						    30 * NSEC_PER_SEC) /
					   NSEC_PER_MSEC);
		return 0;
	case KEY_RULES:
		if (rules_read(&o->rules, arg, error, sizeof(error)))
			cli_usage_error("--rules: %s", error);
		return 0;
	case KEY_INCIDENTS:
		o->incidents = arg;
		return 0;
	case KEY_METRICS:
		o->metrics = arg;
		return 0;
	case KEY_METRICS_EVERY:
		o->metrics_every_ns = duration("metrics-interval", arg, NSEC_PER_SEC,
					       100 * NSEC_PER_MSEC, 3600 * NSEC_PER_SEC);
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
			cli_usage_error("a scheduler's NAME or FILE.bpf.o is needed (schedlab "
					"list shows the names)");
		if (o->partial && !o->command)
			cli_usage_error("--partial needs a command behind --");
		return 0;
	default:
		if (key < KEY_RULE || key > KEY_RULE + 7)
			return ARGP_ERR_UNKNOWN;
		set_rule(o, key, arg);
		return 0;
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
	struct session_options options = {.incidents = INCIDENTS_DEFAULT,
					  .metrics_every_ns = 5 * NSEC_PER_SEC};
	static struct session session = {.signal_fd = -1}; /* large */
	int status;

	session.options = &options;
	rules_init(&options.rules);
	cli_parse(&argp, argc, argv, 0, &options);
	status = session_prepare(&session);
	status = status ? status : session_go(&session);
	session_free(&session);
	free(options.sets);
	return status;
}
