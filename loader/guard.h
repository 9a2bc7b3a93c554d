/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The guard: applies the rules to the active scheduler. It judges, and leaves ejecting to the session; the kernel's own
 * verdict comes by the loader, not from here.
 */
#ifndef SCHEDLAB_LOADER_GUARD_H
#define SCHEDLAB_LOADER_GUARD_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "loader/rules.h"
#include "loader/watch.h"

struct guard;

struct verdict {
	int status;			/* enum exit_status, 90 to 95 */
	const char *rule;		/* "max-wait", "canary", "slo", "event" */
	char text[512];			/* printable */
	uint64_t observed_ns, limit_ns; /* of rules on times; else 0 */
};

/*
 * Load what the rules need: instruments only for rules that are there. Starts threads, so call it after the calling thread
 * has the priority that they are not to inherit. On an error one line is in @error. Close it with no scheduler active: a
 * canary that a scheduler starves cannot end.
 */
int guard_open(const struct rules *rules, bool partial, struct guard **guard, char *error,
	       size_t error_size);
void guard_close(struct guard *guard);

/* A scheduler has just become active: windows and calls begin anew. */
void guard_arm(struct guard *guard);
/* Look. True: a rule is broken, and which is in @verdict. Call it at guard_next_ns(), not much later. */
bool guard_check(struct guard *guard, struct verdict *verdict);
/* When to look next (CLOCK_MONOTONIC), UINT64_MAX if there is nothing to look at. */
uint64_t guard_next_ns(const struct guard *guard);
/* What the user should hear that is no verdict ("" mostly): each is given once. */
const char *guard_take_note(struct guard *guard);

/* The instrument, for whoever measures changes of scheduler; NULL if no rule needs it. */
struct watch *guard_watch(struct guard *guard);
/* Last figures: {"oldest_wait_ns","waiting","canaries":[…],"histograms":{…},"gaps"}. */
json_t *guard_to_json(struct guard *guard);

#endif
