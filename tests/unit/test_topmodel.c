// SPDX-License-Identifier: GPL-2.0
/* Unit tests of observe/topmodel: shares from two snapshots, order, quantiles, text and JSON, hostile names. */
#include <sched.h>

#include "observe/topmodel.h"
#include "tests/unit/unit.h"

#define MS 1000000ULL

static struct ledger_account account(uint64_t pid, const char *comm, enum ledger_state state,
				     uint64_t since_ms)
{
	struct ledger_account a = {.tgid = pid,
				   .pid = pid,
				   .born_ns = pid,
				   .first_ns = 0,
				   .state = state,
				   .since_ns = since_ms * MS,
				   .nice_plus_20 = 20};

	snprintf(a.comm, sizeof(a.comm), "%s", comm);
	return a;
}

/* A snapshot at @at_ms: task 1 burns half of the time and is preempted for the other, task 2 sleeps. */
static void at(struct ledger_snapshot *s, struct ledger_account tasks[2], uint64_t at_ms)
{
	memset(s, 0, sizeof(*s));
	tasks[0] = account(1, "hog", LEDGER_STATE_RUNNING, at_ms);
	tasks[0].ns[LEDGER_RUNNING] = at_ms / 2 * MS;
	tasks[0].ns[LEDGER_PREEMPT] = at_ms / 2 * MS;
	tasks[0].count[LEDGER_PREEMPT] = at_ms / 4;
	tasks[1] = account(2, "a\033[2J;\"\xff", LEDGER_STATE_BLOCKED, 100);
	tasks[1].policy = SCHED_FIFO;
	tasks[1].ns[LEDGER_RUNNING] = 100 * MS;
	tasks[0].last_ns = tasks[1].last_ns = s->time_ns = at_ms * MS;
	s->tasks = tasks;
	s->nr_tasks = 2;
	s->nr_cpus = 1;
	s->nr_epochs = 1;
	strcpy(s->epochs[0].scheduler, "default");
	s->counts[LEDGER_COUNT_SWITCHES] = 500;
}

static void shares_of_the_interval(void **state)
{
	struct ledger_account tasks[2];
	struct top_memory memory = {0};
	struct ledger_snapshot s;
	struct top_model m;

	at(&s, tasks, 1000);
	assert_int_equal(top_model_build(&m, &memory, &s, TOP_SORT_WAIT, false), 0);
	top_model_free(&m);
	at(&s, tasks, 3000);
	assert_int_equal(top_model_build(&m, &memory, &s, TOP_SORT_WAIT, false), 0);
	assert_near(m.interval_s, 2, 1e-9);
	assert_int_equal(m.nr_rows, 2);
	assert_int_equal(m.rows[0].pid, 1);
	assert_near(m.rows[0].running, 0.5, 1e-9);
	assert_near(m.rows[0].preempted, 0.5, 1e-9);
	assert_near(m.rows[0].blocked, 0, 1e-9);
	assert_int_equal(m.rows[0].wait_ns, 1000 * MS);
	assert_int_equal(m.rows[0].switches, 500);
	/* The sleeper's interval is still open: it counts up to now. */
	assert_near(m.rows[1].blocked, 1, 1e-9);
	assert_string_equal(m.rows[0].class, "fair");
	assert_string_equal(m.rows[1].class, "rt");
	assert_near(m.classes[0].running, 0.5, 1e-9);
	top_model_free(&m);
	top_memory_free(&memory);
}

static void order_and_classes(void **state)
{
	struct ledger_account tasks[2];
	struct top_memory memory = {0};
	struct ledger_snapshot s;
	struct top_model m;

	at(&s, tasks, 1000);
	strcpy(s.epochs[0].scheduler, "fifo");
	assert_int_equal(top_model_build(&m, &memory, &s, TOP_SORT_BLOCKED, true), 0);
	assert_int_equal(m.rows[0].pid, 2);
	assert_string_equal(m.rows[1].class, "ext");
	assert_string_equal(m.rows[0].class, "rt");
	assert_string_equal(m.scheduler, "fifo");
	top_model_free(&m);
	top_memory_free(&memory);
}

static void quantiles_come_from_the_split(void **state)
{
	struct ledger_account tasks[2];
	struct ledger_split_hists split = {.id = 1};
	struct top_memory memory = {0};
	struct ledger_snapshot s;
	struct top_model m;
	json_t *document = json_object(), *row;
	int i;

	at(&s, tasks, 1000);
	assert_int_equal(hist_init(&split.hists[LEDGER_RUN_DELAY], HIST_SUB_BITS_LEDGER), 0);
	for (i = 0; i < 100; i++)
		hist_add(&split.hists[LEDGER_RUN_DELAY], 2000);
	s.splits = &split;
	s.nr_splits = 1;
	assert_int_equal(top_model_build(&m, &memory, &s, TOP_SORT_PID, false), 0);
	assert_int_equal(m.rows[0].p50_ns, 2000);
	assert_int_equal(m.rows[0].p99_ns, 0); /* one sample lies beyond: not told */
	assert_int_equal(m.classes[0].waits.count, 100);
	assert_int_equal(top_model_json(&m, document), 0);
	row = json_array_get(json_object_get(document, "tasks"), 0);
	assert_int_equal(json_integer_value(json_object_get(row, "p50_ns")), 2000);
	assert_true(json_is_null(json_object_get(row, "p99_ns")));
	json_decref(document);
	hist_free(&split.hists[LEDGER_RUN_DELAY]);
	top_model_free(&m);
	top_memory_free(&memory);
}

static void text_is_plain_and_fits(void **state)
{
	struct ledger_account tasks[2];
	struct top_memory memory = {0};
	struct ledger_snapshot s;
	struct top_model m;
	char line[512];
	size_t i, width;

	at(&s, tasks, 1000);
	assert_int_equal(top_model_build(&m, &memory, &s, TOP_SORT_WAIT, false), 0);
	assert_non_null(
		strstr(top_table_line(&m, 2, 160, line, sizeof(line)), "a\\x1b[2J;\"\\xff"));
	assert_string_equal(top_head_line(&m, 0, 160, line, sizeof(line)),
			    "schedlab top: scheduler default, 1.0 s, 1 CPUs");
	for (width = 0; width < 120; width += 7)
		for (i = 0; i < 4; i++) {
			assert_true(strlen(top_head_line(&m, i, width, line, sizeof(line))) <=
				    width);
			assert_true(strlen(top_table_line(&m, i, width, line, sizeof(line))) <=
				    width);
		}
	assert_string_equal(top_table_line(&m, 3, 80, line, sizeof(line)), "");
	top_model_free(&m);
	top_memory_free(&memory);
}

static void events_are_differences(void **state)
{
	struct top_memory memory = {0};
	struct top_model m = {0};
	char line[512];

	top_model_events(&m, &memory, "SCX_EV_A 5\nSCX_EV_B 7\nnonsense\n");
	assert_int_equal(m.nr_events, 2);
	assert_int_equal(m.events[0].delta, 0);
	top_model_events(&m, &memory, "SCX_EV_A 5\nSCX_EV_B 9\n");
	assert_int_equal(m.events[1].delta, 2);
	assert_string_equal(top_head_line(&m, top_head_lines(&m) - 1, 80, line, sizeof(line)),
			    "events: SCX_EV_B +2");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(shares_of_the_interval),
		cmocka_unit_test(order_and_classes),
		cmocka_unit_test(quantiles_come_from_the_split),
		cmocka_unit_test(text_is_plain_and_fits),
		cmocka_unit_test(events_are_differences),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
