// SPDX-License-Identifier: GPL-2.0
/* How the guard tells that it was stopped, or that the machine slept, from two clocks. */
#include "tests/unit/unit.h"

#include "lib/timeutil.h"
#include "loader/absence.h"

#define S NSEC_PER_SEC

/* A machine that has slept for an hour before the run: that is not the run's. */
static void test_on_time(void **state)
{
	struct absence a;

	absence_start(&a, 100 * S, 3700 * S);
	assert_false(absence_noticed(&a, 101 * S, 3701 * S, 101 * S));
	/* Late, as on a busy machine. */
	assert_false(absence_noticed(&a, 103 * S, 3703 * S, 102 * S));
	/* The second clock is read some microseconds after the first. */
	assert_false(absence_noticed(&a, 104 * S, 3704 * S + 50 * NSEC_PER_USEC, 104 * S));
}

static void test_stopped(void **state)
{
	struct absence a;

	absence_start(&a, 100 * S, 100 * S);
	assert_true(absence_noticed(&a, 104 * S, 104 * S, 101 * S));
	assert_false(absence_noticed(&a, 105 * S, 105 * S, 105 * S));
}

/* Asleep: CLOCK_MONOTONIC rests, so nothing is late, and only CLOCK_BOOTTIME has gone on. */
static void test_asleep(void **state)
{
	struct absence a;

	absence_start(&a, 100 * S, 3700 * S);
	assert_true(absence_noticed(&a, 101 * S, 3704 * S, 101 * S));
	/* Once for each sleep. */
	assert_false(absence_noticed(&a, 102 * S, 3705 * S, 102 * S));
	assert_true(absence_noticed(&a, 103 * S, 90000 * S, 103 * S));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_on_time),
		cmocka_unit_test(test_stopped),
		cmocka_unit_test(test_asleep),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
