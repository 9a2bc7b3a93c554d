// SPDX-License-Identifier: GPL-2.0
/* Stops and sleep, see absence.h. */
#include "lib/timeutil.h"
#include "loader/absence.h"

#define LATE_NS (2 * NSEC_PER_SEC) /* this much later than meant: we were stopped */
#define SLEPT_NS        \
	(NSEC_PER_SEC / \
	 2) /* the shortest sleep that counts; the clocks' readings lie some us apart */

void absence_start(struct absence *a, uint64_t monotonic_ns, uint64_t boottime_ns)
{
	a->slept_ns = boottime_ns - monotonic_ns;
}

bool absence_noticed(struct absence *a, uint64_t monotonic_ns, uint64_t boottime_ns,
		     uint64_t due_ns)
{
	uint64_t slept_ns = boottime_ns - monotonic_ns;
	bool asleep = slept_ns > a->slept_ns + SLEPT_NS;

	a->slept_ns = slept_ns;
	return asleep || monotonic_ns > due_ns + LATE_NS;
}
