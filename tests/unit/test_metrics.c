// SPDX-License-Identifier: GPL-2.0
/* Prometheus text against hand-written lines; promtool has its say in tests/host/metrics.sh. */
#include "tests/unit/unit.h"

#include <string.h>

#include "lib/metrics.h"

static void test_samples(void **state)
{
	const struct metrics_label labels[] = {{"name", "a \"b\" \\ \n"}, {NULL, NULL}};
	struct metrics *m = metrics_new();

	metrics_gauge(m, "active_seconds", "How long.", NULL, 1.5);
	metrics_counter(m, "events_total", "Two\nlines.", labels, 7);
	metrics_counter(m, "events_total", "Two\nlines.", NULL, UINT64_MAX);
	assert_string_equal(metrics_text(m),
			    "# HELP schedlab_active_seconds How long.\n"
			    "# TYPE schedlab_active_seconds gauge\n"
			    "schedlab_active_seconds 1.5\n"
			    "# HELP schedlab_events_total Two\\nlines.\n"
			    "# TYPE schedlab_events_total counter\n"
			    "schedlab_events_total{name=\"a \\\"b\\\" \\\\ \\n\"} 7\n"
			    "schedlab_events_total 18446744073709551615\n");
	metrics_free(m);
}

static void test_refused(void **state)
{
	struct metrics *m = metrics_new();

	metrics_gauge(m, "one", "", NULL, 0);
	metrics_gauge(m, "two", "", NULL, 0);
	metrics_gauge(m, "one", "", NULL, 0); /* not in one block */
	assert_null(metrics_text(m));
	metrics_free(m);
	m = metrics_new();
	metrics_gauge(m, "a-b", "", NULL, 0);
	assert_null(metrics_text(m));
	metrics_free(m);
}

/* Buckets are cumulative, the last one and _count hold all. */
static void test_histogram(void **state)
{
	struct metrics *m = metrics_new();
	const char *text;
	struct hist h;

	assert_int_equal(hist_init(&h, HIST_SUB_BITS_LEDGER), 0);
	hist_add(&h, 500);
	hist_add(&h, 3000);
	hist_add(&h, 2000000000);
	metrics_histogram(m, "wait_seconds", "Waits.", NULL, &h);
	text = metrics_text(m);
	assert_non_null(text);
	assert_non_null(strstr(text, "# TYPE schedlab_wait_seconds histogram\n"));
	assert_non_null(strstr(text, "schedlab_wait_seconds_bucket{le=\"1.024e-06\"} 1\n"));
	assert_non_null(strstr(text, "schedlab_wait_seconds_bucket{le=\"4.096e-06\"} 2\n"));
	assert_non_null(strstr(text, "schedlab_wait_seconds_bucket{le=\"+Inf\"} 3\n"));
	assert_non_null(strstr(text, "schedlab_wait_seconds_count 3\n"));
	hist_free(&h);
	metrics_free(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_samples),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_histogram),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
