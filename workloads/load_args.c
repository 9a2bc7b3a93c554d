// SPDX-License-Identifier: GPL-2.0
/* The options that every command which runs a workload has: where the result goes, which seed, how long. */
#include <argp.h>

#include "lib/cli.h"
#include "lib/timeutil.h"
#include "workloads/workloads.h"

#define OPTION_SEED	0x1500
#define MAX_DURATION_NS (24ULL * 3600 * NSEC_PER_SEC)

static const struct argp_option options[] = {
	{"output", 'o', "FILE", 0, "Result file, written whole or not at all", 0},
	{"seed", OPTION_SEED, "N", 0, "Seed of arrivals and services, instead of the file's", 0},
	{"duration", 'd', "TIME", 0,
	 "Length of the run (a bare number is in seconds), instead of the file's", 0},
	{NULL, 0, NULL, 0, NULL, 0},
};

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct load_args *a = state->input;

	switch (key) {
	case 'o':
		a->output = arg;
		return 0;
	case OPTION_SEED:
		a->has_seed = true;
		if (cli_parse_u64(arg, 0, INT64_MAX, &a->seed))
			cli_usage_error("--seed: '%s' is no whole number from 0 to %lld", arg,
					(long long)INT64_MAX);
		return 0;
	case 'd':
		if (cli_parse_duration_ns(arg, NSEC_PER_SEC, &a->duration_ns) ||
		    a->duration_ns < NSEC_PER_MSEC || a->duration_ns > MAX_DURATION_NS)
			cli_usage_error("--duration: '%s' is no time from 1ms to 24h", arg);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp argp = {.options = options, .parser = parse_option};

const struct argp_child load_args_children[] = {{&argp, 0, NULL, 0}, {NULL, 0, NULL, 0}};

void load_args_apply(const struct load_args *a, struct workload *w)
{
	if (a->has_seed)
		workload_set_seed(w, a->seed);
	if (a->duration_ns)
		workload_set_duration_ns(w, a->duration_ns);
}
