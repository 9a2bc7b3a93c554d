// SPDX-License-Identifier: GPL-2.0
/* Experiment files: what is taken, every mistake by line and column, and the order of the plan. */
#include "tests/unit/unit.h"

#include "lab/lab.h"

static const char good[] = "; a comment\n"
			   "[experiment]\n"
			   "name = first\n"
			   "order-seed = 7\n"
			   "seeds = 1, 2, 10-12\n"
			   "repetitions = 2\n"
			   "duration = 1.5s\n"
			   "ledger = yes\n"
			   "where = vm\n"
			   "jobs = 2\n"
			   "\n"
			   "[scheduler default]\n"
			   "[scheduler fifo-short]\n"
			   "sched = fifo\n"
			   "set = slice_us=500 other=3\n"
			   "[workload web]\n";

static void a_good_file_is_read(void **state)
{
	struct experiment e;
	char error[512];

	assert_int_equal(experiment_parse("x.ini", good, &e, error, sizeof(error)), 0);
	assert_string_equal(e.name, "first");
	assert_int_equal(e.seed_count, 5);
	assert_int_equal(e.seeds[4], 12);
	assert_int_equal(e.duration_ns, 1500000000);
	assert_true(e.ledger);
	assert_int_equal(e.place, PLACE_VM);
	assert_string_equal(e.accel, "lab");
	assert_int_equal(e.scheduler_count, 2);
	assert_string_equal(e.schedulers[0].sched, "default");
	assert_string_equal(e.schedulers[1].sched, "fifo");
	assert_int_equal(e.schedulers[1].setting_count, 2);
	assert_string_equal(e.schedulers[1].settings[1], "other=3");
	assert_string_equal(e.workloads[0].file, "web");
	experiment_free(&e);
}

#define HEAD "[scheduler default]\n[workload web]\n[experiment]\n"

static void mistakes_are_named_by_line_and_column(void **state)
{
	static const struct {
		const char *text, *wanted;
	} wrong[] = {
		{"", "x.ini:1:1: no [scheduler NAME] section"},
		{"[scheduler default]\n", "x.ini:1:1: no [workload NAME] section"},
		{"name = x\n", "x.ini:1:1: 'name' stands before the first section"},
		{"[experimnt]\n",
		 "x.ini:1:1: unknown section 'experimnt'; did you mean [experiment]?"},
		{"[experiment two]\n", "x.ini:1:1: [experiment] takes no name"},
		{"[experiment]\n[experiment]\n", "x.ini:2:1: [experiment] is there twice"},
		{"  [experiment\n", "x.ini:1:3: ']' is missing"},
		{"[scheduler]\n", "x.ini:1:1: [scheduler NAME] wants a name"},
		{"[scheduler a/b]\n", "x.ini:1:1: [scheduler NAME] wants a name"},
		{"[scheduler ..]\n", "x.ini:1:1: [scheduler NAME] wants a name"},
		{"[scheduler a]\n[scheduler a]\n", "x.ini:2:1: scheduler 'a' is there twice"},
		{"[workload a]\n[workload a]\n", "x.ini:2:1: workload 'a' is there twice"},
		{HEAD "name x\n", "x.ini:4:1: neither a [section], nor KEY = VALUE"},
		{HEAD "seds = 1\n", "x.ini:4:1: unknown key 'seds'; did you mean 'seeds'?"},
		{HEAD "seeds = 1\n  \nseeds = 2\n", "x.ini:6:1: 'seeds' is there twice"},
		{HEAD "seeds = 1, x\n", "x.ini:4:12: 'x' is not a seed"},
		{HEAD "seeds = 5-3\n", "x.ini:4:9: '5-3' is not a seed"},
		{HEAD "seeds = 1, 1\n", "seed 1 is there twice"},
		{HEAD "seeds =\n", "x.ini:4:1: 'seeds' has no value"},
		{HEAD "repetitions = 0\n", "x.ini:4:15: '0' is not a number from 1"},
		{HEAD "repetitions = -1\n", "x.ini:4:15: '-1' is not a number"},
		{HEAD "repetitions = 1e9\n", "x.ini:4:15: '1e9' is not a number"},
		{HEAD "ledger = maybe\n", "x.ini:4:10: 'maybe' is neither yes nor no"},
		{HEAD "where = vn\n", "x.ini:4:9: 'vn' is not known here; did you mean vm?"},
		{HEAD "accel = labb\n", "x.ini:4:9: 'labb' is not known here; did you mean lab?"},
		{HEAD "duration = soon\n", "x.ini:4:12: 'soon' is not a duration"},
		{HEAD "jobs = 1000\n", "x.ini:4:8: '1000' is not a number from 1 to 256"},
		{HEAD "graphs = maybe\n", "x.ini:4:10: 'maybe' is neither yes, no, nor a duration"},
		{HEAD "graphs = 0s\n", "x.ini:4:10: '0s' is neither yes, no, nor a duration"},
		{HEAD "name = a b\n", "x.ini:4:8: 'a b': letters"},
		{HEAD "sched = fifo\n", "x.ini:4:1: unknown key 'sched'"},
		{"[scheduler fifo]\nset = slice\n", "x.ini:2:7: 'slice' is not NAME=VALUE"},
		{"[scheduler default]\nset = a=1\n[workload web]\n",
		 "kernel's default, which has no options"},
		{"[workload w]\nfile = ./no-such.ini\n", "x.ini:2:8: ./no-such.ini: No such file"},
		{HEAD "seeds = 1-10000\nrepetitions = 10000\n", "100000000 cells; at most 100000"},
		{HEAD "name = \x1b[2J\n", "'\\x1b[2J'"},
	};
	struct experiment e;
	char error[512];

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		assert_int_equal(experiment_parse("x.ini", wrong[i].text, &e, error, sizeof(error)),
				 -EINVAL);
		if (!strstr(error, wrong[i].wanted))
			fail_msg("'%s' does not say %s", error, wrong[i].wanted);
	}
}

static void a_line_too_long_is_named(void **state)
{
	char text[1024] = "[experiment]\nname = ", error[512];
	struct experiment e;

	memset(text + strlen(text), 'x', 500);
	assert_int_equal(experiment_parse("x.ini", text, &e, error, sizeof(error)), -EINVAL);
	assert_non_null(strstr(error, "x.ini:2:200: the line is longer"));
}

static void the_plan_is_complete_interleaved_and_repeatable(void **state)
{
	struct experiment_cell *cells, *again;
	size_t count, again_count, moved = 0;
	struct experiment e;
	char error[512];

	assert_int_equal(experiment_parse("x.ini", good, &e, error, sizeof(error)), 0);
	assert_int_equal(experiment_plan(&e, &cells, &count), 0);
	assert_int_equal(count, 2 * 5 * 2);
	/* Each block has every scheduler once, under one workload and seed. */
	for (size_t i = 0; i < count; i += 2) {
		assert_ptr_not_equal(cells[i].scheduler, cells[i + 1].scheduler);
		assert_int_equal(cells[i].seed, cells[i + 1].seed);
		assert_int_equal(cells[i].repetition, i < count / 2 ? 0 : 1);
		assert_int_equal(cells[i].number, i + 1);
		moved += cells[i].scheduler != &e.schedulers[0];
	}
	assert_true(moved > 0 && moved < count / 2);
	assert_int_equal(experiment_plan(&e, &again, &again_count), 0);
	assert_memory_equal(cells, again, count * sizeof(*cells));
	free(again);
	e.order_seed++;
	assert_int_equal(experiment_plan(&e, &again, &again_count), 0);
	assert_memory_not_equal(cells, again, count * sizeof(*cells));
	free(again);
	free(cells);
	experiment_free(&e);
}

/* One cell more for each scheduler and workload, behind all that measure, under the first seed. */
static void graphs_are_cells_of_their_own(void **state)
{
	struct experiment_cell *cells;
	char error[512], path[128];
	struct experiment e;
	size_t count;

	assert_int_equal(
		experiment_parse(
			"x.ini",
			"[experiment]\nseeds = 4, 5\ngraphs = 2s\n[scheduler a]\n[scheduler "
			"b]\n[workload w]\n[workload x]\n",
			&e, error, sizeof(error)),
		0);
	assert_true(e.graphs);
	assert_int_equal(e.graphs_duration_ns, 2000000000);
	assert_int_equal(experiment_plan(&e, &cells, &count), 0);
	assert_int_equal(count, 2 * 2 * 2 + 2 * 2);
	for (size_t i = 0; i < count; i++) {
		assert_int_equal(cells[i].number, i + 1);
		assert_int_equal(cells[i].graphs, i >= 8);
		if (cells[i].graphs)
			assert_int_equal(cells[i].seed, 4);
	}
	assert_int_equal(experiment_cell_path("out", &cells[9], path, sizeof(path)), 0);
	assert_string_equal(path, "out/graphs/b/w-s4-r0.json");
	free(cells);
	experiment_free(&e);
	assert_int_equal(
		experiment_parse("x.ini",
				 "[experiment]\ngraphs = no\n[scheduler a]\n[workload w]\n", &e,
				 error, sizeof(error)),
		0);
	assert_int_equal(experiment_plan(&e, &cells, &count), 0);
	assert_int_equal(count, 1);
	free(cells);
	experiment_free(&e);
}

static void a_graph_lies_beside_its_result(void **state)
{
	char path[32];

	assert_int_equal(cell_graph_path("a/b.json", "offcpu", path, sizeof(path)), 0);
	assert_string_equal(path, "a/b.offcpu.svg");
	assert_int_equal(cell_graph_path("result", "wakeups", path, sizeof(path)), 0);
	assert_string_equal(path, "result.wakeups.svg");
	assert_int_equal(
		cell_graph_path("a-name-that-is-too-long.json", "wakeups", path, sizeof(path)),
		-ENAMETOOLONG);
}

static void cells_have_paths_of_their_own(void **state)
{
	struct experiment_scheduler s = {.label = "fifo"};
	struct experiment_workload w = {.label = "web"};
	struct experiment_cell cell = {1, &s, &w, 3, 1, false};
	char path[64], small[16];

	assert_int_equal(experiment_cell_path("out", &cell, path, sizeof(path)), 0);
	assert_string_equal(path, "out/cells/fifo/web-s3-r1.json");
	assert_int_equal(experiment_cell_path("out", &cell, small, sizeof(small)), -ENAMETOOLONG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_good_file_is_read),
		cmocka_unit_test(mistakes_are_named_by_line_and_column),
		cmocka_unit_test(a_line_too_long_is_named),
		cmocka_unit_test(the_plan_is_complete_interleaved_and_repeatable),
		cmocka_unit_test(graphs_are_cells_of_their_own),
		cmocka_unit_test(a_graph_lies_beside_its_result),
		cmocka_unit_test(cells_have_paths_of_their_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
