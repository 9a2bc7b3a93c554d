// SPDX-License-Identifier: GPL-2.0
/* Unit test of observe/viewmetrics: the text for a snapshot made by hand, with a hostile scheduler name. */
#include "observe/viewmetrics.h"
#include "tests/unit/unit.h"

static void text_of_a_snapshot(void **state)
{
	struct ledger_snapshot s = {.nr_epochs = 1, .intervals = 1u << LEDGER_WAKEUP};
	struct ledger_cost cost = {.share = 0.25, .sample_factor = 1, .memory_bytes = 4096};
	char *text, *line, *rest;
	int i;

	strcpy(s.epochs[0].scheduler, "a\"} 1\n\\\xff");
	assert_int_equal(hist_init(&s.hists[0][LEDGER_WAKEUP], HIST_SUB_BITS_LEDGER), 0);
	for (i = 0; i < 10; i++)
		hist_add(&s.hists[0][LEDGER_WAKEUP], 1500);
	s.losses[LEDGER_LOSS_EVENTS] = 7;
	s.counts[LEDGER_COUNT_SWITCHES] = 99;
	assert_int_equal(viewmetrics_text(&s, &cost, &text), 0);
	assert_non_null(
		strstr(text, "\n# TYPE schedlab_ledger_wakeup_latency_seconds histogram\n"));
	assert_non_null(strstr(text, "le=\"+Inf\"} 10\n"));
	assert_non_null(strstr(text, "{scheduler=\"a\\\"} 1\\\\x0a\\\\\\\\xff\",epoch=\"0\""));
	assert_non_null(strstr(text, "schedlab_ledger_losses_total{loss=\"events\"} 7\n"));
	assert_non_null(strstr(text, "schedlab_ledger_switches_total 99\n"));
	assert_non_null(strstr(text, "schedlab_ledger_cpu_ratio 0.25\n"));
	/* Every line is a comment or begins with our prefix: the name has not broken out of its label. */
	rest = text;
	while ((line = strsep(&rest, "\n")))
		assert_true(!*line || *line == '#' || !strncmp(line, "schedlab_", 9));
	free(text);
	hist_free(&s.hists[0][LEDGER_WAKEUP]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(text_of_a_snapshot)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
