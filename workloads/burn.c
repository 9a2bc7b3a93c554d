// SPDX-License-Identifier: GPL-2.0
/* Using CPU time to the microsecond, sleeping to the nanosecond, and futexes. */
#include <errno.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/timeutil.h"
#include "workloads/engine.h"

#define CALIBRATION_SPINS 200000
#define LAST_LEG_NS	  (10 * NSEC_PER_USEC)
#define LEG_MAX_NS	  NSEC_PER_MSEC
#define NAP_MAX_NS	  NSEC_PER_SEC

uint64_t thread_cpu_ns(void)
{
	return time_clock_ns(CLOCK_THREAD_CPUTIME_ID);
}

/*
 * Not inlined, so that the calibration times the very loop that is used; aligned, since a loop across a page's border
 * costs an emulated CPU four times the host's time (QEMU chains no blocks of code from page to page). The idle
 * instructions cost such a CPU next to nothing, and a turn of 16 is 64 ns of the virtual lab.
 */
__attribute__((noinline, aligned(64))) static void spin(uint64_t turns)
{
	while (turns--)
		__asm__ volatile(".rept 12\n\tnop\n\t.endr" : "+r"(turns));
}

/* The quickest of several tries is the one that nothing disturbed. */
double burn_calibrate(void)
{
	uint64_t best = UINT64_MAX, from, took;

	for (int i = 0; i < 8; i++) {
		from = thread_cpu_ns();
		spin(CALIBRATION_SPINS);
		took = thread_cpu_ns() - from;
		if (took < best)
			best = took;
	}
	return (double)CALIBRATION_SPINS / (double)(best ? best : 1);
}

/*
 * In legs, each four fifths of what is left, so that a CPU which has become slower than at the calibration does not
 * overshoot; the last few microseconds in one go, since looking at the clock costs as much.
 */
uint64_t burn_until(const struct engine *e, uint64_t until_ns)
{
	uint64_t now, left, leg;

	while ((now = thread_cpu_ns()) < until_ns && !engine_stopped(e)) {
		left = until_ns - now;
		leg = left <= LAST_LEG_NS ? left : left * 4 / 5;
		if (leg > LEG_MAX_NS)
			leg = LEG_MAX_NS;
		spin((uint64_t)((double)leg * e->spins_per_ns));
		if (left <= LAST_LEG_NS)
			return thread_cpu_ns();
	}
	return now;
}

/* In naps of a second at most, to notice a stop; load that sleeps longer is seldom. */
uint64_t sleep_until(const struct engine *e, uint64_t when_ns, uint64_t now_ns)
{
	while (now_ns < when_ns && !engine_stopped(e)) {
		uint64_t nap = when_ns - now_ns > NAP_MAX_NS ? now_ns + NAP_MAX_NS : when_ns;
		struct timespec until = time_spec(nap);

		clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL);
		now_ns = time_now_ns();
	}
	return now_ns;
}

/* Between threads of this process. Returns early where the word has changed or a signal came: callers look again. */
void futex_wait(_Atomic uint32_t *word, uint32_t value)
{
	syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, value, NULL, NULL, 0);
}

void futex_wake(_Atomic uint32_t *word, int count)
{
	syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, count, NULL, NULL, 0);
}

bool engine_stopped(const struct engine *e)
{
	return atomic_load_explicit(&e->shared->stop, memory_order_relaxed);
}

bool in_window(const struct engine *e, uint64_t when_ns)
{
	return when_ns >= e->shared->measure_from_ns && when_ns < e->shared->measure_to_ns;
}
