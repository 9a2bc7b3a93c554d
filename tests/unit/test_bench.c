// SPDX-License-Identifier: GPL-2.0
/* What surrounds a cell: its names, and when the host counts as disturbed. Running cells is tested from outside. */
#include "tests/unit/unit.h"

#include "lab/bench.h"

/* The reason that a run of @evidence got after a tenth of a second in which @steal of 1,000 ticks were taken, or "". */
static const char *disturbed(const char *evidence, unsigned long long steal)
{
	static char reason[128];
	struct host_ticks before = {50, 7000}, after = {50 + steal, 8000};
	json_t *result = json_pack("{s:s, s:{s:b, s:[]}}", "evidence", evidence, "validity",
				   "valid", 1, "reasons");
	json_t *validity = json_object_get(result, "validity");

	assert_non_null(result);
	assert_int_equal(bench_mark_disturbed(result, bench_steal_share(&before, &after)), 0);
	assert_int_equal(json_is_true(json_object_get(validity, "valid")),
			 json_array_size(json_object_get(validity, "reasons")) == 0);
	snprintf(reason, sizeof(reason), "%s",
		 json_is_true(json_object_get(validity, "valid"))
			 ? ""
			 : json_string_value(
				   json_array_get(json_object_get(validity, "reasons"), 0)));
	json_decref(result);
	return reason;
}

static void a_disturbed_host_marks_the_run_but_not_in_virtual_time(void **state)
{
	const char *why = "the host was disturbed: a hypervisor took CPU time away";
	struct host_ticks same = {3, 7};

	assert_string_equal(disturbed("metal", 0), "");
	assert_string_equal(disturbed("kvm", 10), "");
	assert_string_equal(disturbed("kvm", 11), why);
	assert_string_equal(disturbed("metal", 500), why);
	assert_string_equal(disturbed("tcg", 500), why);
	assert_string_equal(disturbed("icount", 500), "");
	assert_near(bench_steal_share(&same, &same), 0, 0);
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
		cmocka_unit_test(a_disturbed_host_marks_the_run_but_not_in_virtual_time),
		cmocka_unit_test(cells_have_names_and_logs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
