// SPDX-License-Identifier: GPL-2.0
/* What surrounds a cell: its names, and when the host counts as disturbed. Running cells is tested from outside. */
#include "tests/unit/unit.h"

#include "lab/bench.h"

static void a_disturbed_host_is_told_from_virtual_time(void **state)
{
	assert_false(bench_host_disturbed(0, "metal"));
	assert_false(bench_host_disturbed(0.01, "kvm"));
	assert_true(bench_host_disturbed(0.011, "kvm"));
	assert_true(bench_host_disturbed(0.5, "metal"));
	assert_true(bench_host_disturbed(0.5, "tcg"));
	assert_false(bench_host_disturbed(0.5, "icount"));
	assert_false(bench_host_disturbed(0.5, NULL));
}

static void cells_have_names_and_logs(void **state)
{
	struct experiment_scheduler s = {.label = "fifo"};
	struct experiment_workload w = {.label = "web"};
	struct experiment_cell cell = {3, &s, &w, 7, 0, false};
	struct bench *b = calloc(1, sizeof(*b));
	char text[PATH_MAX];

	assert_non_null(b);
	snprintf(b->folder, sizeof(b->folder), "/out");
	assert_string_equal(bench_cell_name(&cell, text, sizeof(text)), "fifo under web, seed 7");
	assert_int_equal(bench_log_path(b, &cell, text, sizeof(text)), 0);
	assert_string_equal(text, "/out/logs/fifo-web-s7-r0.log");
	assert_int_equal(bench_log_path(b, &cell, text, 8), -ENAMETOOLONG);
	cell.repetition = 2;
	assert_string_equal(bench_cell_name(&cell, text, sizeof(text)),
			    "fifo under web, seed 7, repetition 2");
	cell.repetition = 0;
	cell.graphs = true;
	assert_string_equal(bench_cell_name(&cell, text, sizeof(text)),
			    "graphs of fifo under web, seed 7");
	assert_int_equal(bench_log_path(b, &cell, text, sizeof(text)), 0);
	assert_string_equal(text, "/out/logs/fifo-web-s7-r0.graphs.log");
	free(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_disturbed_host_is_told_from_virtual_time),
		cmocka_unit_test(cells_have_names_and_logs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
