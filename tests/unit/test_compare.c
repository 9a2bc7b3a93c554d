// SPDX-License-Identifier: GPL-2.0
/* Comparison of made-up runs: pairing, refusals, verdicts, rules and their language. Timings are the benchmark's. */
#include <unistd.h>

#include "tests/unit/lab_runs.h"

#include "lib/fileio.h"

struct made_up {
	const char *name;
	double mean_ns;
	uint64_t first_seed;
	int runs, samples;
	double spread;
	const char *evidence, *kernel, *trace;
};

static void add_run(struct run_set *set, const struct made_up *m, uint64_t seed)
{
	struct rng shared, own;
	struct hist h;
	json_t *document;
	char error[256];

	rng_seed(&shared, seed, 1);
	rng_seed(&own, seed, 7 + (uint64_t)m->name[0]);
	draw_hist(&own, &h, m->samples,
		  m->mean_ns * exp(0.2 * draw_normal(&shared)) *
			  exp(m->spread * draw_normal(&own)));
	document = made_up_result(m->name, seed, &h);
	hist_free(&h);
	if (m->evidence)
		json_object_set_new(document, "evidence", json_string(m->evidence));
	if (m->kernel)
		json_object_set_new(json_object_get(document, "environment"), "kernel",
				    json_string(m->kernel));
	if (m->trace)
		json_object_set_new(json_object_get(document, "workload"), "trace_hash",
				    json_string(m->trace));
	run_set_grow(set);
	assert_int_equal(run_parse(document, m->name, RUN_NO_CHECKSUM, &set->runs[set->count],
				   error, sizeof(error)),
			 0);
	set->count++;
	json_decref(document);
}

static struct run_set make_set(struct made_up m)
{
	struct run_set set = {0};

	for (int i = 0; i < m.runs; i++)
		add_run(&set, &m, m.first_seed + (uint64_t)i);
	return set;
}

static const struct made_up standard = {"alpha", 1e6, 1, 8, 4000, 0.002};

static const struct comparison_row *find_row(const struct comparison *c, const char *stat)
{
	for (size_t i = 0; i < c->row_count; i++) {
		if (strcmp(c->rows[i].stat, stat) == 0)
			return &c->rows[i];
	}
	fail_msg("no row %s", stat);
	return NULL;
}

/* What @b against the standard runs says; *@rule_outcome where @rule is given. */
static enum verdict verdict_of(struct made_up b, const char *stat, const char *rule_text,
			       enum rule_outcome *outcome)
{
	struct run_set set_a = make_set(standard), set_b = make_set(b);
	struct compare_options options = {.margin_pct = 2, .seed = 1};
	struct comparison *c;
	enum verdict verdict;
	struct fail_rule rule;
	char error[512];
	size_t count;

	assert_int_equal(compare_sets(&set_a, &set_b, &options, &c, &count, error, sizeof(error)),
			 0);
	assert_int_equal(count, 1);
	verdict = find_row(c, stat)->verdict;
	if (rule_text && outcome) {
		assert_int_equal(fail_rule_parse(rule_text, &rule, error, sizeof(error)), 0);
		assert_int_equal(fail_rule_judge(&rule, c, count, outcome, error, sizeof(error)),
				 0);
	}
	compare_free(c, count);
	run_set_free(&set_a);
	run_set_free(&set_b);
	return verdict;
}

static void verdicts_follow_the_effect(void **state)
{
	struct made_up b = standard;
	enum rule_outcome outcome;

	b.name = "beta";
	b.mean_ns = 1.2e6;
	assert_int_equal(verdict_of(b, "mean", "wakeup.mean worse than 5%", &outcome),
			 VERDICT_WORSE);
	assert_int_equal(outcome, RULE_HIT);
	b.mean_ns = 0.8e6;
	assert_int_equal(verdict_of(b, "mean", "wakeup.mean worse than 5%", &outcome),
			 VERDICT_BETTER);
	assert_int_equal(outcome, RULE_HOLDS);
	b.mean_ns = 1e6;
	b.samples = 40000;
	assert_int_equal(verdict_of(b, "mean", "wakeup.p99 worse than 50%", &outcome),
			 VERDICT_SAME);
	assert_int_equal(outcome, RULE_HOLDS);
}

/* B takes no time at all: there is no ratio, and it is better all the same. */
static void a_difference_from_zero_is_judged_without_a_ratio(void **state)
{
	struct made_up b = standard;
	enum rule_outcome outcome;

	b.name = "beta";
	b.mean_ns = 0;
	assert_int_equal(verdict_of(b, "mean", "wakeup.mean worse than 5%", &outcome),
			 VERDICT_BETTER);
	assert_int_equal(outcome, RULE_HOLDS);
	assert_int_equal(verdict_of(b, "p99", NULL, NULL), VERDICT_BETTER);
}

/* Sixteen samples lie beyond p99.9 of all runs, but less than one a run: a run has no p99.9 of its own. */
static void a_run_must_reach_the_quantile(void **state)
{
	struct made_up m = {"alpha", 1e6, 1, 20, 800, 0.002};
	struct compare_options options = {.margin_pct = 2, .seed = 1};
	enum verdict wanted[] = {VERDICT_TOO_FEW_SAMPLES, VERDICT_SAME};

	for (int i = 0; i < 2; i++, m.samples = 1000) {
		struct run_set set_a = make_set(m), set_b = make_set(m);
		struct comparison *c;
		char error[512];
		size_t count;

		assert_int_equal(
			compare_sets(&set_a, &set_b, &options, &c, &count, error, sizeof(error)),
			0);
		assert_int_equal(find_row(c, "p99.9")->verdict, wanted[i]);
		compare_free(c, count);
		run_set_free(&set_a);
		run_set_free(&set_b);
	}
}

/* The same runs on both sides: the A/A that must come out 'no difference' at every quantile. */
static void the_same_runs_do_not_differ(void **state)
{
	assert_int_equal(verdict_of(standard, "p50", NULL, NULL), VERDICT_SAME);
	assert_int_equal(verdict_of(standard, "p99", NULL, NULL), VERDICT_SAME);
}

static void few_or_noisy_runs_are_inconclusive(void **state)
{
	struct made_up b = standard;
	enum rule_outcome outcome;

	b.name = "beta";
	b.mean_ns = 1.2e6;
	b.runs = 5; /* five pairs reach p = 0.06 at best */
	assert_int_equal(verdict_of(b, "mean", NULL, NULL), VERDICT_INCONCLUSIVE);
	b.runs = 8;
	b.mean_ns = 1.05e6;
	b.spread = 0.3;
	assert_int_equal(verdict_of(b, "mean", "wakeup.mean worse than 5%", &outcome),
			 VERDICT_INCONCLUSIVE);
	assert_int_equal(outcome, RULE_UNDECIDED);
	b = standard;
	b.runs = 1;
	assert_int_equal(verdict_of(b, "mean", "wakeup.mean worse than 5%", &outcome),
			 VERDICT_NONE);
	assert_int_equal(outcome, RULE_UNDECIDED);
	b = standard;
	b.samples = 100;
	assert_int_equal(verdict_of(b, "p99", NULL, NULL), VERDICT_TOO_FEW_SAMPLES);
}

static void expect_refusal(struct made_up b, const struct compare_options *allow,
			   const char *wanted)
{
	struct run_set set_a = make_set(standard), set_b = make_set(b);
	struct compare_options options = {.margin_pct = 2, .seed = 1};
	struct comparison *c;
	char error[512];
	size_t count;

	assert_int_equal(compare_sets(&set_a, &set_b, &options, &c, &count, error, sizeof(error)),
			 -EINVAL);
	if (!strstr(error, wanted))
		fail_msg("'%s' does not say %s", error, wanted);
	assert_int_equal(compare_sets(&set_a, &set_b, allow, &c, &count, error, sizeof(error)), 0);
	compare_free(c, count);
	run_set_free(&set_a);
	run_set_free(&set_b);
}

static void what_does_not_go_together_is_refused(void **state)
{
	struct made_up b = standard;

	b.evidence = "kvm";
	expect_refusal(b, &(struct compare_options){.allow_evidence = true}, "evidence");
	b = standard;
	b.kernel = "7.2.13";
	expect_refusal(b, &(struct compare_options){.allow_kernel = true}, "kernels");
	b = standard;
	b.trace = "4567";
	expect_refusal(b, &(struct compare_options){.allow_trace = true}, "traces");
	b = standard;
	b.first_seed = 100;
	expect_refusal(b, &(struct compare_options){.allow_trace = true}, "seed");
}

/* Runs of seeds 1 to 8 against 5 to 12: four pairs, eight runs alone; a run that is not valid is left out. */
static void runs_are_paired_by_seed(void **state)
{
	struct made_up b = standard;
	struct run_set set_a = make_set(standard), set_b;
	struct compare_options options = {.margin_pct = 2, .seed = 1};
	struct comparison *c;
	char error[512];
	size_t count;

	b.first_seed = 5;
	set_b = make_set(b);
	set_b.runs[0].valid = false;
	assert_int_equal(compare_sets(&set_a, &set_b, &options, &c, &count, error, sizeof(error)),
			 0);
	assert_true(c->paired);
	assert_int_equal(c->runs_a, 3);
	assert_int_equal(c->runs_b, 3);
	assert_int_equal(c->invalid_b, 1);
	assert_int_equal(c->alone, 5 + 4);
	for (size_t i = 0; i < c->runs_a; i++)
		assert_int_equal(c->a[i]->seed, c->b[i]->seed);
	compare_free(c, count);
	for (size_t i = 0; i < set_b.count; i++)
		set_b.runs[i].valid = false;
	assert_int_equal(compare_sets(&set_a, &set_b, &options, &c, &count, error, sizeof(error)),
			 -EINVAL);
	assert_non_null(strstr(error, "not valid"));
	run_set_free(&set_a);
	run_set_free(&set_b);
}

/* Runs that recorded graphs are on neither side, however many there are. */
static void runs_that_recorded_graphs_are_not_compared(void **state)
{
	struct run_set a = make_set(standard), b = make_set(standard);
	struct compare_options options = {.margin_pct = 2, .seed = 1};
	struct comparison *c;
	char error[512];
	size_t count;

	a.runs[0].graphs = b.runs[1].graphs = true;
	assert_int_equal(compare_sets(&a, &b, &options, &c, &count, error, sizeof(error)), 0);
	assert_int_equal(c->runs_a, standard.runs - 2);
	assert_int_equal(c->invalid_a + c->invalid_b, 0);
	assert_int_equal(c->alone, 2);
	compare_free(c, count);
	for (size_t i = 0; i < a.count; i++)
		a.runs[i].graphs = true;
	assert_int_equal(compare_sets(&a, &b, &options, &c, &count, error, sizeof(error)), -EINVAL);
	assert_non_null(strstr(error, "no run of A can be compared: they recorded graphs"));
	run_set_free(&a);
	run_set_free(&b);
}

static void rules_are_parsed_or_refused_by_column(void **state)
{
	static const struct {
		const char *text, *wanted;
	} wrong[] = {
		{"", "column 1"},
		{"wakeup worse than 5%", "column 1"},
		{"wakeup.p99", "column 11"},
		{"wakeup.p99 better than 5%", "column 12"},
		{"wakeup.p99 worse by 5%", "column 12"},
		{"wakeup.p99 worse than 5", "column 23"},
		{"wakeup.p99 worse than -5%", "column 23"},
		{"wakeup.p99 worse than x%", "column 23"},
		{"wakeup.p99 above soon", "column 18"},
		{"wakeup.p99 above ", "column 18"},
	};
	struct fail_rule rule;
	char error[512];

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		assert_int_equal(fail_rule_parse(wrong[i].text, &rule, error, sizeof(error)),
				 -EINVAL);
		if (!strstr(error, wrong[i].wanted))
			fail_msg("'%s' does not say %s", error, wrong[i].wanted);
	}
	assert_int_equal(
		fail_rule_parse("web.wakeup.p99.9  worse than 7.5 %", &rule, error, sizeof(error)),
		0);
	assert_string_equal(rule.metric, "web.wakeup");
	assert_string_equal(rule.stat, "p99.9");
	assert_near(rule.limit, 7.5, 0);
	assert_int_equal(fail_rule_parse("wakeup.p99 above 5ms", &rule, error, sizeof(error)), 0);
	assert_true(rule.absolute);
	assert_near(rule.limit, 5e6, 0);
}

static void junit_is_escaped_and_counted(void **state)
{
	struct rule_result results[3] = {0};
	char path[] = "/tmp/schedlab-junit-XXXXXX", *text;
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	close(fd);
	snprintf(results[0].rule.text, sizeof(results[0].rule.text), "holds.p50 worse than 5%%");
	results[1].outcome = RULE_HIT;
	snprintf(results[1].rule.text, sizeof(results[1].rule.text),
		 "a<b>&\"'\x1b.p99 worse than 5%%");
	snprintf(results[1].reason, sizeof(results[1].reason), "because <b>");
	results[2].outcome = RULE_UNDECIDED;
	assert_int_equal(junit_write(path, results, 3), 0);
	assert_int_equal(file_read(path, 100000, &text, NULL), 0);
	assert_non_null(strstr(text, "tests=\"3\" failures=\"1\" errors=\"0\" skipped=\"1\""));
	assert_non_null(strstr(text, "a&lt;b&gt;&amp;&quot;&#39;\\x1b.p99"));
	assert_non_null(strstr(text, "<failure message=\"because &lt;b&gt;\"/>"));
	free(text);
	unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(verdicts_follow_the_effect),
		cmocka_unit_test(a_difference_from_zero_is_judged_without_a_ratio),
		cmocka_unit_test(a_run_must_reach_the_quantile),
		cmocka_unit_test(the_same_runs_do_not_differ),
		cmocka_unit_test(few_or_noisy_runs_are_inconclusive),
		cmocka_unit_test(what_does_not_go_together_is_refused),
		cmocka_unit_test(runs_are_paired_by_seed),
		cmocka_unit_test(runs_that_recorded_graphs_are_not_compared),
		cmocka_unit_test(rules_are_parsed_or_refused_by_column),
		cmocka_unit_test(junit_is_escaped_and_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
