// SPDX-License-Identifier: GPL-2.0
/* The guard's rules: what is understood, what is refused, and with which words. */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/timeutil.h"
#include "loader/rules.h"
#include "observe/ledger_abi.h"

static void test_good(void **state)
{
	struct rules r;
	char error[512];

	rules_init(&r);
	assert_int_equal(rules_set(&r, "max-wait", "500ms", error, sizeof(error)), 0);
	assert_int_equal(r.max_wait_ns, 500 * NSEC_PER_MSEC);
	assert_int_equal(rules_set(&r, "slo", "wakeup.p99<2ms for 5s", error, sizeof(error)), 0);
	assert_int_equal(r.slos[0].interval, LEDGER_WAKEUP);
	assert_true(r.slos[0].quantile == 0.99);
	assert_int_equal(r.slos[0].limit_ns, 2 * NSEC_PER_MSEC);
	assert_int_equal(r.slos[0].window_ns, 5 * NSEC_PER_SEC);
	assert_int_equal(rules_set(&r, "slo", " delay . mean < 1.5s  for 1m", error, sizeof(error)),
			 0);
	assert_true(r.slos[1].quantile < 0);
	assert_int_equal(rules_set(&r, "event", "SCX_EV_A>10/s", error, sizeof(error)), 0);
	assert_string_equal(r.events[0].name, "SCX_EV_A");
	assert_true(r.events[0].per_second);
	assert_int_equal(rules_set(&r, "fallback", "a, ./b.o", error, sizeof(error)), 0);
	assert_int_equal(r.fallback_count, 2);
	assert_string_equal(r.fallbacks[1], "./b.o");
	assert_int_equal(rules_set(&r, "breaker", "3 in 10s", error, sizeof(error)), 0);
	assert_int_equal(r.breaker, 3);
	assert_int_equal(r.breaker_window_ns, 10 * NSEC_PER_SEC);
}

static void test_bad(void **state)
{
	static const char *const bad[][2] = {
		{"max-wait", "soon"},
		{"max-wait", "1ms"},
		{"max-wait", "-5s"},
		{"slo", ""},
		{"slo", "wakeup"},
		{"slo", "wakeup.p99<2ms"},
		{"slo", "nap.p99<2ms for 5s"},
		{"slo", "wakeup.p0<2ms for 5s"},
		{"slo", "wakeup.p99<2ms for"},
		{"slo", "wakeup.p99<x for 5s"},
		{"event", "A"},
		{"event", ">5"},
		{"event", "A>5/m"},
		{"fallback", ""},
		{"fallback", "a,,b"},
		{"breaker", "0"},
		{"breaker", "3 within 5s"},
		{"breaker", "3 in 1ms"},
		{"confirm", "99h"},
		{"nothing", "1"},
	};
	struct rules r;
	char error[512];
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		rules_init(&r);
		error[0] = '\0';
		assert_true(rules_set(&r, bad[i][0], bad[i][1], error, sizeof(error)) < 0);
		assert_true(error[0]);
		assert_null(strchr(error, '\n'));
	}
}

static void test_too_many(void **state)
{
	struct rules r;
	char error[512];
	int i;

	rules_init(&r);
	for (i = 0; i < RULES_MAX; i++)
		assert_int_equal(rules_set(&r, "slo", "wakeup.p50<1s for 1s", error, sizeof(error)),
				 0);
	assert_true(rules_set(&r, "slo", "wakeup.p50<1s for 1s", error, sizeof(error)) < 0);
}

static void test_file(void **state)
{
	char path[] = "/tmp/schedlab-rules-XXXXXX", error[512];
	int fd = mkstemp(path);
	struct rules r;
	FILE *f = fdopen(fd, "w");

	fputs("; comment\n[guard]\nmax-wait = 1s\nslo = wakeup.max<1s for 1s\n", f);
	fflush(f);
	rules_init(&r);
	assert_int_equal(rules_read(&r, path, error, sizeof(error)), 0);
	assert_int_equal(r.max_wait_ns, NSEC_PER_SEC);
	assert_int_equal(r.slo_count, 1);
	fputs("max-wiat = 1s\n", f);
	fflush(f);
	assert_true(rules_read(&r, path, error, sizeof(error)) < 0);
	assert_non_null(
		strstr(error, ":5:1: there is no rule 'max-wiat'; did you mean 'max-wait'"));
	assert_true(rules_read(&r, "/no/such/file", error, sizeof(error)) < 0);
	fclose(f);
	unlink(path);
}

/* Each text, and where in it the fault is: "LINE:COLUMN: ". */
static void test_place(void **state)
{
	static const char *const bad[][2] = {
		{"max-wait = soon\n", ":1:12: max-wait: 'soon'"},
		{"\nbreaker=0\n", ":2:9: breaker: "},
		{"# a\nback-off: 1x\n", ":2:11: back-off: "},
		{"[guard]\nnonsense\n", ":2:1: neither NAME = VALUE nor a section"},
		{"[other]\nmax-wait = 1s\n", ":2:1: there is no section [other]"},
		{"slo = wakeup.p50<1s for 1s\n  nap.p50<1s for 1s\n", ":2:3: slo: 'nap'"},
		{"max-wait = 1s\nmax-wiat = 1s", ":2:1: there is no rule"},
		{"; %0300d\nmax-wait = 1s\n", ":1:1: a line has at most 197 bytes"},
		{"fallback = %0186d\n", NULL}, /* 197 bytes: taken whole */
		{"fallback = %0187d\n", ":1:1: a line has at most 197 bytes"},
	};
	char path[] = "/tmp/schedlab-rules-XXXXXX", error[512];
	FILE *f = fdopen(mkstemp(path), "w");
	struct rules r;
	size_t i;
	int err;

	assert_non_null(f);
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		f = freopen(path, "w", f);
		assert_non_null(f);
		fprintf(f, bad[i][0], 7); /* NOLINT(clang-diagnostic-format-nonliteral) */
		fflush(f);
		rules_init(&r);
		err = rules_read(&r, path, error, sizeof(error));
		assert_int_equal(err, bad[i][1] ? -EINVAL : 0);
		if (bad[i][1])
			assert_non_null(strstr(error, bad[i][1]));
		else
			assert_int_equal(strlen(r.fallbacks[0]), 186);
	}
	fclose(f);
	unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),	 cmocka_unit_test(test_bad),
		cmocka_unit_test(test_too_many), cmocka_unit_test(test_file),
		cmocka_unit_test(test_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
