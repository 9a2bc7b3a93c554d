// SPDX-License-Identifier: GPL-2.0
/* Clocks and durations, see lib/timeutil.h. */
#include <stdio.h>

#include "lib/timeutil.h"

uint64_t time_clock_ns(clockid_t clock)
{
	struct timespec now = {0};

	clock_gettime(clock, &now);
	return (uint64_t)now.tv_sec * NSEC_PER_SEC + (uint64_t)now.tv_nsec;
}

uint64_t time_now_ns(void)
{
	return time_clock_ns(CLOCK_MONOTONIC);
}

struct timespec time_spec(uint64_t ns)
{
	return (struct timespec){.tv_sec = (time_t)(ns / NSEC_PER_SEC),
				 .tv_nsec = (long)(ns % NSEC_PER_SEC)};
}

char *time_format(uint64_t ns, char *out, size_t size)
{
	static const struct {
		uint64_t unit_ns;
		const char *name;
	} units[] = {{NSEC_PER_SEC, "s"}, {NSEC_PER_MSEC, "ms"}, {NSEC_PER_USEC, "us"}};
	size_t i;

	for (i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		double value = (double)ns / (double)units[i].unit_ns;

		/* What would be rounded to 1000 of a unit is shown in the next one. */
		if (value < 0.9995)
			continue;
		snprintf(out, size, "%.*f %s",
			 value < 9.995	 ? 2
			 : value < 99.95 ? 1
					 : 0,
			 value, units[i].name);
		return out;
	}
	snprintf(out, size, "%llu ns", (unsigned long long)ns);
	return out;
}
