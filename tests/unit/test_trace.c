// SPDX-License-Identifier: GPL-2.0
/* Traces: repeatable, in order, with the rates that were asked for; a million jobs quickly enough. */
#include "tests/unit/unit.h"

#include <math.h>

#include "workloads/spec.h"

static struct workload *parse(const char *text)
{
	char error[WORKLOAD_ERROR_SIZE];
	struct workload *w;

	if (workload_parse("test.ini", text, strlen(text), &w, error, sizeof(error)))
		fail_msg("%s", error);
	return w;
}

static struct trace *draw(const struct workload *w)
{
	char error[WORKLOAD_ERROR_SIZE];
	struct trace *t;

	if (trace_draw(w, &t, error, sizeof(error)))
		fail_msg("%s", error);
	return t;
}

static struct trace *draw_text(const char *text)
{
	struct workload *w = parse(text);
	struct trace *t = draw(w);

	workload_free(w);
	return t;
}

#define TWO                                                                   \
	"[workload]\nduration=100s\nservers=1\n"                              \
	"[class a]\narrivals=poisson rate=50\nservice=exponential mean=5ms\n" \
	"[class b]\narrivals=constant period=10ms\nservice=constant mean=1ms\n"

static void same_seed_same_trace(void **state)
{
	struct workload *w = parse(TWO);
	struct trace *a = draw(w), *b = draw(w), *c;

	assert_string_equal(trace_hash(a), trace_hash(b));
	workload_set_seed(w, 2);
	c = draw(w);
	assert_string_not_equal(trace_hash(a), trace_hash(c));
	assert_int_equal(strlen(trace_hash(a)), 64);
	trace_free(a);
	trace_free(b);
	trace_free(c);
	workload_free(w);
}

/* Whether two files, the second with @seed, are the same load. */
static bool same_load(const char *one, const char *other, uint64_t seed)
{
	struct workload *w = parse(other);
	struct trace *a = draw_text(one), *b;
	bool same;

	workload_set_seed(w, seed);
	b = draw(w);
	same = strcmp(trace_hash(a), trace_hash(b)) == 0;
	trace_free(a);
	trace_free(b);
	workload_free(w);
	return same;
}

/* All that determines the load is in the hash, what only names or judges it is not. */
static void hash_covers_the_load(void **state)
{
#define BUILD \
	"[workload]\nduration=10s\n[class a]\nkind=build\nparallel=2\nservice=exponential mean="
#define MESSAGE "[workload]\nduration=10s\n[class a]\nkind=message\nservice=exponential mean=1ms\n"
#define HOGS	"[workload]\nduration=10s\n[class a]\nkind=batch\n"
#define PAIRS	"[workload]\nduration=10s\n[class a]\nkind=pingpong\n"
	assert_true(same_load(BUILD "5ms\n", BUILD "5ms\n", 1));
	assert_false(same_load(BUILD "5ms\n", BUILD "5ms\n", 2));
	assert_false(same_load(BUILD "5ms\n", BUILD "6ms\n", 1));
	assert_false(same_load(BUILD "5ms\n", BUILD "5ms\nleaves=33\n", 1));
	assert_false(same_load(BUILD "5ms\n", BUILD "5ms\nfanin=9\n", 1));
	assert_true(same_load(MESSAGE, MESSAGE, 1));
	assert_false(same_load(MESSAGE, MESSAGE, 2));
	assert_false(same_load(MESSAGE, MESSAGE "sleep=7us\n", 1));
	assert_false(same_load(MESSAGE, MESSAGE "workers=5\n", 1));
	assert_false(same_load(MESSAGE, MESSAGE "operations=3\n", 1));
	assert_false(same_load(HOGS, HOGS "threads=2\n", 1));
	assert_false(same_load(HOGS, HOGS "nice=1\n", 1));
	assert_false(same_load(HOGS, HOGS "cpus=0\n", 1));
	assert_false(same_load(HOGS, HOGS "runtime=1ms\n", 1));
	assert_false(same_load(HOGS, PAIRS, 1));
	/* Nothing is drawn, so no seed matters; nor does a name or what is judged. */
	assert_true(same_load(HOGS, HOGS, 2));
	assert_true(same_load(
		HOGS, "[workload]\nname=x\nduration=10s\nwarmup=1s\n[class b]\nkind=batch\n", 1));
	assert_false(same_load(HOGS, "[workload]\nduration=11s\n[class a]\nkind=batch\n", 1));
	assert_false(same_load(TWO, TWO "nice=1\n", 1));
}

/* The first numbers of seed 1: a change of the generator or its streams must not pass unseen. */
static void known_answer(void **state)
{
	struct trace *t = draw_text("[workload]\nseed=1\n[class a]\narrivals=constant rate=1000\n"
				    "service=constant mean=1ms\njobs=3\n");

	assert_int_equal(t->count, 3);
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(t->jobs[i].intended_ns, (i + 1) * 1000000);
		assert_int_equal(t->jobs[i].service_ns, 1000000);
	}
	assert_int_equal(trace_duration_ns(t), 3000000);
	trace_free(t);
}

static void jobs_are_in_order(void **state)
{
	struct trace *t = draw_text(TWO);
	uint32_t next[2] = {0};

	for (size_t i = 0; i < t->count; i++) {
		if (i)
			assert_true(t->jobs[i].intended_ns >= t->jobs[i - 1].intended_ns);
		assert_int_equal(t->jobs[i].index, next[t->jobs[i].class]++);
		assert_true(t->jobs[i].intended_ns < 100000000000ULL);
	}
	assert_int_equal(t->class_jobs[1], 9999);
	/* Poisson: 5,000 expected, standard deviation 71. */
	assert_in_range(t->class_jobs[0], 4700, 5300);
	trace_free(t);
}

/* A class keeps its jobs when another is put behind it. */
static void classes_are_independent(void **state)
{
	struct trace *one = draw_text("[workload]\nduration=10s\n[class a]\narrivals=poisson "
				      "rate=50\nservice=exponential mean=5ms\n");
	struct trace *two =
		draw_text("[workload]\nduration=10s\n[class a]\narrivals=poisson "
			  "rate=50\nservice=exponential mean=5ms\n"
			  "[class b]\narrivals=poisson rate=9\nservice=constant mean=1ms\n");
	size_t n = 0;

	for (size_t i = 0; i < two->count; i++) {
		if (two->jobs[i].class)
			continue;
		assert_int_equal(two->jobs[i].intended_ns, one->jobs[n].intended_ns);
		assert_int_equal(two->jobs[i].service_ns, one->jobs[n++].service_ns);
	}
	assert_int_equal(n, one->count);
	trace_free(one);
	trace_free(two);
}

static void rho_is_a_rate(void **state)
{
	struct trace *t = draw_text("[workload]\nservers=4\n[class a]\narrivals=poisson rho=0.5\n"
				    "service=constant mean=10ms\njobs=20000\n");

	/* 200 jobs a second on four servers: 20,000 take 100 s, give or take 0.7 s. */
	assert_near((double)trace_duration_ns(t) / 1e9, 100, 3);
	trace_free(t);
}

/* Poisson gaps: mean and standard deviation are alike; and the counts of a bursty process vary more than its mean. */
static void gaps(void **state)
{
	struct trace *t = draw_text("[workload]\n[class a]\narrivals=poisson rate=1000\n"
				    "service=constant mean=1us\njobs=200000\n");
	double sum = 0, square = 0, n = (double)t->count - 1;

	for (size_t i = 1; i < t->count; i++) {
		double gap = (double)(t->jobs[i].intended_ns - t->jobs[i - 1].intended_ns);

		sum += gap;
		square += gap * gap;
	}
	assert_near(sum / n, 1e6, 1e4);
	assert_near(sqrt(square / n - sum / n * sum / n), 1e6, 1.5e4);
	trace_free(t);
}

static double dispersion(const char *text)
{
	struct trace *t = draw_text(text);
	double counts[1000] = {0}, mean = 0, variance = 0;

	for (size_t i = 0; i < t->count; i++)
		counts[t->jobs[i].intended_ns / 1000000000 % 1000]++;
	for (int i = 0; i < 1000; i++)
		mean += counts[i] / 1000;
	for (int i = 0; i < 1000; i++)
		variance += (counts[i] - mean) * (counts[i] - mean) / 999;
	/* 900 ms at 50 and 100 ms at 600 a second. */
	assert_near(mean, 105, 8);
	trace_free(t);
	return variance / mean;
}

static void bursts(void **state)
{
	double poisson = dispersion("[workload]\nduration=1000s\n[class a]\narrivals=poisson "
				    "rate=105\nservice=constant mean=1us\n");
	double mmpp =
		dispersion("[workload]\nduration=1000s\n[class a]\narrivals=mmpp low=50 "
			   "high=600 low_for=900ms high_for=100ms\nservice=constant mean=1us\n");

	assert_near(poisson, 1, 0.2);
	assert_true(mmpp > 10);
}

static void until_and_jobs_end_a_class(void **state)
{
	struct trace *t = draw_text("[workload]\nduration=10s\n"
				    "[class a]\narrivals=constant period=10ms\nuntil=1s\n"
				    "service=constant mean=1ms\n"
				    "[class b]\narrivals=constant period=10ms\njobs=7\n"
				    "service=constant mean=1ms\n");

	assert_int_equal(t->class_jobs[0], 99);
	assert_int_equal(t->class_jobs[1], 7);
	assert_int_equal(trace_duration_ns(t), 10000000000ULL);
	trace_free(t);
}

static void too_many_jobs(void **state)
{
	struct workload *w = parse("[workload]\nduration=1h\n[class a]\narrivals=constant "
				   "rate=1000000\nservice=constant mean=1us\n");
	char error[WORKLOAD_ERROR_SIZE];
	struct trace *t;

	assert_int_equal(trace_draw(w, &t, error, sizeof(error)), -EINVAL);
	assert_string_equal(error, "test has more than 20000000 jobs; make the run shorter or the "
				   "rate lower");
	workload_free(w);
}

static void warmup_must_leave_something(void **state)
{
	struct workload *w = parse("[workload]\nduration=10s\nwarmup=5s\n[class a]\narrivals="
				   "constant rate=10\nservice=constant mean=1us\n");
	char error[WORKLOAD_ERROR_SIZE];
	struct trace *t;

	workload_set_duration_ns(w, 5000000000ULL);
	assert_int_equal(trace_draw(w, &t, error, sizeof(error)), -EINVAL);
	assert_string_equal(error, "test: the warm-up leaves nothing of the run to measure");
	workload_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(same_seed_same_trace),
		cmocka_unit_test(hash_covers_the_load),
		cmocka_unit_test(known_answer),
		cmocka_unit_test(jobs_are_in_order),
		cmocka_unit_test(classes_are_independent),
		cmocka_unit_test(rho_is_a_rate),
		cmocka_unit_test(gaps),
		cmocka_unit_test(bursts),
		cmocka_unit_test(until_and_jobs_end_a_class),
		cmocka_unit_test(too_many_jobs),
		cmocka_unit_test(warmup_must_leave_something),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
