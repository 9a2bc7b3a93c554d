/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The report of offcpu: time by state, the stacks with the most, what is missing. It draws nothing and measures nothing; the
 * capture is the caller's.
 */
#ifndef SCHEDLAB_OBSERVE_STACKREPORT_H
#define SCHEDLAB_OBSERVE_STACKREPORT_H

#include <jansson.h>
#include <stdint.h>

#include "observe/places.h"
#include "observe/stacks.h"
#include "observe/symbols.h"

/* Print each state of @times[STACK_STATES] that occurred: sums, and the lengths where the capture has kept them. */
void stackreport_times(const struct state_times *times);

/* Print the @top stacks with the most time, innermost frame first, as in the field's tools. Returns 0 or -ENOMEM. */
int stackreport_top(const struct profile *p, uint64_t top);

/* Say on standard error which stacks and names are missing; nothing where none is. */
void stackreport_losses(const struct profile *p, const struct symbols_counts *c);

/* The same two as the JSON members "states" and "symbols" (docs/schemas.md): new references, NULL on lack of memory. */
json_t *stackreport_times_json(const struct state_times *times);
json_t *stackreport_symbols_json(const struct symbols_counts *c);

#endif
