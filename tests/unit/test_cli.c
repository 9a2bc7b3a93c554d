// SPDX-License-Identifier: GPL-2.0
/* Numbers with units, suggestions for mistyped names, and text that is safe on a terminal. */
#include "tests/unit/unit.h"
#include "lib/cli.h"
#include "lib/timeutil.h"

static void durations(void **state)
{
	static const struct {
		const char *text;
		uint64_t unit, ns;
	} good[] = {
		{"250ns", 1, 250},
		{"10us", 1, 10000},
		{"1.5ms", 1, 1500000},
		{"2s", 1, 2 * NSEC_PER_SEC},
		{"3m", 1, 180 * NSEC_PER_SEC},
		{"1h", 1, 3600 * NSEC_PER_SEC},
		{"7", NSEC_PER_SEC, 7 * NSEC_PER_SEC},
		{"0.5", NSEC_PER_SEC, NSEC_PER_SEC / 2},
		{"0", 1000, 0},
		{"0s", 1, 0},
		{"9007199254740992ns", 1, 1ULL << 53},
	};

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		uint64_t ns = 99;

		if (cli_parse_duration_ns(good[i].text, good[i].unit, &ns))
			fail_msg("refused: %s", good[i].text);
		assert_true(ns == good[i].ns);
	}
}

static void bad_durations(void **state)
{
	static const struct {
		const char *text;
		int status;
	} bad[] = {
		{"", -EINVAL},
		{"ms", -EINVAL},
		{"5 parsecs", -EINVAL},
		{"5mss", -EINVAL},
		{"five", -EINVAL},
		{"nan", -EINVAL},
		{"nans", -EINVAL},
		{"1..5s", -EINVAL},
		{"-1s", -ERANGE},
		{"1e30s", -ERANGE},
		{"9223372036854775808ns", -ERANGE},
		{"300000000h", -ERANGE},
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		uint64_t ns = 0;
		int status = cli_parse_duration_ns(bad[i].text, 1, &ns);

		if (status != bad[i].status)
			fail_msg("'%s' gave %d, not %d", bad[i].text, status, bad[i].status);
	}
	/* Infinity is either no duration or too long a one, but never taken. */
	for (int i = 0; i < 2; i++) {
		uint64_t ns;

		assert_true(cli_parse_duration_ns(i ? "inf" : "infs", 1, &ns) < 0);
	}
}

static void whole_numbers(void **state)
{
	uint64_t v = 0;

	assert_int_equal(cli_parse_u64("0", 0, 10, &v), 0);
	assert_true(v == 0);
	assert_int_equal(cli_parse_u64("10", 0, 10, &v), 0);
	assert_true(v == 10);
	assert_int_equal(cli_parse_u64("0x1f", 0, 100, &v), 0);
	assert_true(v == 31);
	assert_int_equal(cli_parse_u64("18446744073709551615", 0, UINT64_MAX, &v), 0);
	assert_true(v == UINT64_MAX);
	assert_int_equal(cli_parse_u64("11", 0, 10, &v), -ERANGE);
	assert_int_equal(cli_parse_u64("4", 5, 10, &v), -ERANGE);
	assert_int_equal(cli_parse_u64("18446744073709551616", 0, UINT64_MAX, &v), -ERANGE);
	assert_int_equal(cli_parse_u64("", 0, 10, &v), -EINVAL);
	assert_int_equal(cli_parse_u64("x", 0, 10, &v), -EINVAL);
	assert_int_equal(cli_parse_u64("5x", 0, 10, &v), -EINVAL);
	assert_int_equal(cli_parse_u64("5 ", 0, 10, &v), -EINVAL);
	assert_int_equal(cli_parse_u64("0x", 0, 10, &v), -EINVAL);
	/* A minus sign must not wrap around to a huge number. */
	assert_true(cli_parse_u64("-1", 0, UINT64_MAX, &v) < 0);
	/* A leading zero is decimal here, not octal. */
	assert_int_equal(cli_parse_u64("010", 0, 100, &v), 0);
	assert_true(v == 10);
}

static void real_numbers(void **state)
{
	double v = 0;

	assert_int_equal(cli_parse_double("0.7", 0, 1, &v), 0);
	assert_near(v, 0.7, 1e-15);
	assert_int_equal(cli_parse_double("1e-3", 0, 1, &v), 0);
	assert_near(v, 0.001, 1e-15);
	assert_int_equal(cli_parse_double("1.01", 0, 1, &v), -ERANGE);
	assert_int_equal(cli_parse_double("-0.1", 0, 1, &v), -ERANGE);
	assert_int_equal(cli_parse_double("", 0, 1, &v), -EINVAL);
	assert_int_equal(cli_parse_double("0,5", 0, 1, &v), -EINVAL);
	assert_true(cli_parse_double("nan", 0, 1, &v) < 0);
	assert_true(cli_parse_double("inf", 0, 1e308, &v) < 0);
}

static void nearest_name(void **state)
{
	static const char *const names[] = {"list",    "run",	 "status", "runqlat",
					    "cpudist", "offcpu", "compare"};
	size_t n = sizeof(names) / sizeof(names[0]);

	assert_string_equal(cli_nearest("lst", names, n), "list");
	assert_string_equal(cli_nearest("runqlta", names, n), "runqlat");
	assert_string_equal(cli_nearest("of-cpu", names, n), "offcpu");
	assert_string_equal(cli_nearest("compare", names, n), "compare");
	assert_null(cli_nearest("xyzzy", names, n));
	assert_null(cli_nearest("list", names, 0));
	/* A hostile length must not cost memory or time, and nothing is near it. */
	char *giant = malloc(200001);

	assert_non_null(giant);
	memset(giant, 'a', 200000);
	giant[200000] = 0;
	assert_null(cli_nearest(giant, names, n));
	free(giant);
}

static void printable_text(void **state)
{
	char out[64];

	assert_string_equal(cli_printable("kworker/0:1", out, sizeof(out)), "kworker/0:1");
	assert_string_equal(cli_printable("a\nb\tc", out, sizeof(out)), "a\\x0ab\\x09c");
	assert_string_equal(cli_printable("\033[31mred", out, sizeof(out)), "\\x1b[31mred");
	assert_string_equal(cli_printable("\x7f", out, sizeof(out)), "\\x7f");
	assert_string_equal(cli_printable("na\303\257ve \342\202\254", out, sizeof(out)),
			    "na\303\257ve \342\202\254");
	/* Not UTF-8: a lone continuation byte, an overlong form, a cut-off sequence, a surrogate. */
	assert_string_equal(cli_printable("\200", out, sizeof(out)), "\\x80");
	assert_string_equal(cli_printable("\300\257", out, sizeof(out)), "\\xc0\\xaf");
	assert_string_equal(cli_printable("x\342\202", out, sizeof(out)), "x\\xe2\\x82");
	assert_string_equal(cli_printable("\355\240\200", out, sizeof(out)), "\\xed\\xa0\\x80");
	/* C1 control characters drive terminals as well. */
	assert_null(strstr(cli_printable("\302\233", out, sizeof(out)), "\302\233"));
}

static void printable_text_fits(void **state)
{
	char out[8];

	for (size_t size = 1; size <= sizeof(out); size++) {
		memset(out, '#', sizeof(out));
		cli_printable("ab\001\303\257\303\257", out, size);
		assert_true(memchr(out, 0, size) != NULL);
		if (size < sizeof(out))
			assert_int_equal(out[size], '#');
		/* What is cut off is cut between characters. */
		assert_true(strlen(out) == 0 || (out[strlen(out) - 1] & 0xc0) != 0xc0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(durations),	       cmocka_unit_test(bad_durations),
		cmocka_unit_test(whole_numbers),       cmocka_unit_test(real_numbers),
		cmocka_unit_test(nearest_name),	       cmocka_unit_test(printable_text),
		cmocka_unit_test(printable_text_fits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
