/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Whether the guard was away: its process stopped (SIGSTOP), or the machine asleep. It tells from readings of clocks alone and
 * decides nothing.
 */
#ifndef SCHEDLAB_LOADER_ABSENCE_H
#define SCHEDLAB_LOADER_ABSENCE_H

#include <stdbool.h>
#include <stdint.h>

struct absence {
	uint64_t slept_ns; /* what CLOCK_MONOTONIC has missed of the machine's sleep so far */
};

/* From here on; @monotonic_ns and @boottime_ns are the two clocks now. */
void absence_start(struct absence *absence, uint64_t monotonic_ns, uint64_t boottime_ns);
/* Whether, since the last call, the caller was away: it meant to be back at @due_ns (CLOCK_MONOTONIC). */
bool absence_noticed(struct absence *absence, uint64_t monotonic_ns, uint64_t boottime_ns,
		     uint64_t due_ns);

#endif
