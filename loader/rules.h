/* SPDX-License-Identifier: GPL-2.0 */
/* The guard's rules as the user states them, on the command line or in a file. Parsed here, obeyed in guard.c. */
#ifndef SCHEDLAB_LOADER_RULES_H
#define SCHEDLAB_LOADER_RULES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RULES_MAX	   8 /* of one kind */
#define RULES_FALLBACK_MAX 8

/* 'wakeup.p99<2ms for 5s' */
struct rule_slo {
	char text[128];
	unsigned int interval; /* enum ledger_interval */
	double quantile;       /* 0.5 to 1 (the maximum); negative: the mean */
	uint64_t limit_ns, window_ns;
};

/* 'SCX_EV_SELECT_CPU_FALLBACK>1000/s', or without "/s" the count since the start */
struct rule_event {
	char text[128];
	char name[64];
	uint64_t limit;
	bool per_second;
};

struct rules {
	uint64_t max_wait_ns; /* 0: no such rule; the same for the others */
	uint64_t canary_ns;
	uint64_t confirm_ns;
	struct rule_slo slos[RULES_MAX];
	size_t slo_count;
	struct rule_event events[RULES_MAX];
	size_t event_count;
	char fallbacks[RULES_FALLBACK_MAX][256];
	size_t fallback_count;
	uint64_t back_off_ns; /* before the second start in a row; doubles with each */
	unsigned int breaker; /* this many ejections within the window end all attempts */
	uint64_t breaker_window_ns;
};

/* No rule; back-off 100 ms; breaker 5 in 60s. */
void rules_init(struct rules *rules);
/*
 * Set one rule by its name: max-wait, canary, confirm, slo, event, fallback, back-off, breaker. Returns 0, -ENOENT
 * (no such rule) or -EINVAL (not a value for it), with a line about it in @error.
 */
int rules_set(struct rules *rules, const char *name, const char *value, char *error,
	      size_t error_size);
/*
 * Set what @path says: lines "NAME = VALUE" as above, in a section [guard] or none. -errno with
 * "path:line:column: ..." in @error.
 */
int rules_read(struct rules *rules, const char *path, char *error, size_t error_size);

#endif
