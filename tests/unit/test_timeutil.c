// SPDX-License-Identifier: GPL-2.0
/* Clocks and how durations are written. */
#include "tests/unit/unit.h"
#include "lib/timeutil.h"

static void clock_goes_forward(void **state)
{
	uint64_t last = time_now_ns();

	assert_true(last > 0);
	for (int i = 0; i < 1000; i++) {
		uint64_t now = time_now_ns();

		assert_true(now >= last);
		last = now;
	}
}

/* CLOCK_MONOTONIC is what time_now_ns() reads: a reading of it lies between two of ours. */
static void clock_is_monotonic_one(void **state)
{
	uint64_t before = time_now_ns(), between = time_clock_ns(CLOCK_MONOTONIC),
		 after = time_now_ns();

	assert_true(before <= between && between <= after);
}

static void specs(void **state)
{
	struct timespec ts = time_spec(3 * NSEC_PER_SEC + 7);

	assert_int_equal(ts.tv_sec, 3);
	assert_int_equal(ts.tv_nsec, 7);
	ts = time_spec(NSEC_PER_SEC - 1);
	assert_int_equal(ts.tv_sec, 0);
	assert_int_equal(ts.tv_nsec, 999999999);
}

static void formats(void **state)
{
	static const struct {
		uint64_t ns;
		const char *text;
	} cases[] = {
		{0, "0 ns"},	    {850, "850 ns"},	  {999, "999 ns"},
		{12300, "12.3 us"}, {4560000, "4.56 ms"}, {7890000000ULL, "7.89 s"},
	};
	char out[32];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_string_equal(time_format(cases[i].ns, out, sizeof(out)), cases[i].text);
	/* Rounding up at a border never shows a fourth digit. */
	assert_null(strstr(time_format(999999, out, sizeof(out)), "1000"));
	assert_null(strstr(time_format(999999999, out, sizeof(out)), "1000"));
}

static void formats_fit(void **state)
{
	char out[8] = "#######";

	time_format(UINT64_MAX, out, 4);
	assert_int_equal(out[3], 0);
	assert_int_equal(out[4], '#');
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(clock_goes_forward),
		cmocka_unit_test(clock_is_monotonic_one),
		cmocka_unit_test(specs),
		cmocka_unit_test(formats),
		cmocka_unit_test(formats_fit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
