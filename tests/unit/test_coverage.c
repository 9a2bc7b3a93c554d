// SPDX-License-Identifier: GPL-2.0
/*
 * What the statistics promise, by simulation: coverage of the intervals, false alarms of A against A, power at a known
 * effect. Seeds are fixed: the figures do not move. `make bench-coverage` (SCHEDLAB_LONG_TESTS=1) makes the figures of
 * docs/experiments.md; without it a part of them with fewer trials.
 */
#include "tests/unit/lab_runs.h"

#define PAIR_SPREAD 0.2	 /* of the logarithm of a pair's scale: what seeds differ by */
#define RUN_SPREAD  0.03 /* of each run's */
#define SCALE_NS    1e6
#define RUNS_MAX    30
#define QUANTILES   5
static const double quantiles[QUANTILES] = {0.5, 0.9, 0.99, 0.999, STATS_MEAN};

static bool long_tests(void)
{
	return getenv("SCHEDLAB_LONG_TESTS") != NULL;
}

/* --- made-up latencies ----------------------------------------------------------------------------------- */

struct tail {
	const char *name;
	double (*draw)(struct rng *rng);
	double quantile[QUANTILES]; /* of the distribution of scale 1; the last is its mean */
};

/* Erlang of four stages. */
static double draw_light(struct rng *rng)
{
	double product = 1;

	for (int i = 0; i < 4; i++)
		product *= rng_open_double(rng);
	return -log(product) / 4;
}

static double draw_exponential(struct rng *rng)
{
	return -log(rng_open_double(rng));
}

/* Pareto of index 1.5: a mean, but no variance. */
static double draw_heavy(struct rng *rng)
{
	return pow(rng_open_double(rng), -1 / 1.5);
}

static const struct tail light = {"light", draw_light, {0.918015, 1.670196, 2.511280, 3.265540, 1}};
static const struct tail exponential = {
	"exponential", draw_exponential, {M_LN2, 2.302585, 4.605170, 6.907755, 1}};
static const struct tail heavy = {"heavy", draw_heavy, {1.587401, 4.641589, 21.544347, 100, 3}};

/* --- one made-up experiment ------------------------------------------------------------------------------- */

struct design {
	const struct tail *tail;
	int runs;    /* of each side */
	int samples; /* of each run */
	double effect;
	bool paired;
};

/* What many made-up experiments gave, counted. */
struct tally {
	int trials;
	int ratio_covered[QUANTILES], difference_covered[QUANTILES];
	int significant[QUANTILES];
	int family;			  /* any of the mean, p50, p90, p99 after correction */
	int off_one[QUANTILES];		  /* the ratio's interval excludes 1 */
	double detectable_pct[QUANTILES]; /* summed */
};

static void draw_run(struct rng *rng, const struct design *d, double scale_ns,
		     struct sparse_hist *run)
{
	struct hist h;

	assert_int_equal(hist_init(&h, HIST_SUB_BITS_RESULT), 0);
	for (int i = 0; i < d->samples; i++)
		hist_add(&h, (uint64_t)(d->tail->draw(rng) * scale_ns));
	assert_int_equal(sparse_hist_from(run, &h), 0);
	hist_free(&h);
}

static double draw_scale(struct rng *rng, double spread)
{
	return exp(spread * draw_normal(rng));
}

static void draw_sides(struct rng *rng, const struct design *d, struct stats_pool *a,
		       struct stats_pool *b)
{
	struct sparse_hist runs[2][RUNS_MAX];
	const struct sparse_hist *list[2][RUNS_MAX];

	for (int i = 0; i < d->runs; i++) {
		double pair = draw_scale(rng, PAIR_SPREAD);
		double other = d->paired ? pair : draw_scale(rng, PAIR_SPREAD);

		draw_run(rng, d, SCALE_NS * pair * draw_scale(rng, RUN_SPREAD), &runs[0][i]);
		draw_run(rng, d, SCALE_NS * other * d->effect * draw_scale(rng, RUN_SPREAD),
			 &runs[1][i]);
		list[0][i] = &runs[0][i];
		list[1][i] = &runs[1][i];
	}
	assert_int_equal(stats_pool_init(a, list[0], (size_t)d->runs), 0);
	assert_int_equal(stats_pool_init(b, list[1], (size_t)d->runs), 0);
	for (int i = 0; i < d->runs; i++) {
		sparse_hist_free(&runs[0][i]);
		sparse_hist_free(&runs[1][i]);
	}
}

static bool holds(const struct stats_interval *ci, double truth)
{
	return ci->low <= truth && truth <= ci->high;
}

static void count_intervals(const struct design *d, const struct stats_effect *effects,
			    struct tally *tally)
{
	double mean_scale_ns =
		SCALE_NS * exp((PAIR_SPREAD * PAIR_SPREAD + RUN_SPREAD * RUN_SPREAD) / 2);

	for (int j = 0; j < QUANTILES; j++) {
		double difference = (d->effect - 1) * mean_scale_ns * d->tail->quantile[j];

		tally->ratio_covered[j] += holds(&effects[j].ratio_ci, d->effect);
		tally->difference_covered[j] += holds(&effects[j].difference_ci, difference);
		tally->off_one[j] += !holds(&effects[j].ratio_ci, 1);
		tally->detectable_pct[j] += effects[j].detectable_pct;
	}
}

static void count_alarms(const struct design *d, const struct stats_pool *a,
			 const struct stats_pool *b, const struct stats_options *options,
			 struct tally *tally)
{
	double rows[2][RUNS_MAX * QUANTILES], p[QUANTILES], adjusted[QUANTILES];
	bool any = false;

	for (size_t i = 0; i < (size_t)d->runs; i++) {
		for (size_t j = 0; j < QUANTILES; j++) {
			rows[0][i * QUANTILES + j] = stats_pool_quantile(a, i, quantiles[j]);
			rows[1][i * QUANTILES + j] = stats_pool_quantile(b, i, quantiles[j]);
		}
	}
	assert_int_equal(stats_permutation(rows[0], (size_t)d->runs, rows[1], (size_t)d->runs,
					   QUANTILES, options, p, adjusted),
			 0);
	for (int j = 0; j < QUANTILES; j++) {
		tally->significant[j] += p[j] <= 0.05;
		any |= adjusted[j] <= 0.05;
		assert_true(adjusted[j] >= p[j]);
	}
	tally->family += any;
}

static struct tally simulate(int trials, const struct design *d, bool alarms)
{
	struct tally tally = {.trials = trials};
	struct rng rng;

	rng_seed(&rng, 20261128, (uint64_t)d->runs * 10000 + (uint64_t)d->samples);
	for (int i = 0; i < trials; i++) {
		struct stats_options options = {.seed = rng_u64(&rng),
						.resamples = 400,
						.permutations = 1024,
						.paired = d->paired};
		struct stats_effect effects[QUANTILES];
		struct stats_pool a, b;

		draw_sides(&rng, d, &a, &b);
		assert_int_equal(stats_compare(&a, &b, quantiles, QUANTILES, &options, effects), 0);
		count_intervals(d, effects, &tally);
		if (alarms)
			count_alarms(d, &a, &b, &options, &tally);
		stats_pool_free(&a);
		stats_pool_free(&b);
	}
	return tally;
}

/* --- promises -------------------------------------------------------------------------------------------------- */

static int wrong;

/* @count of @trials in percent; off the promise of 95 by more than @slack it is marked and counted. */
static void print_share(int count, int trials, double slack)
{
	double percent = 100.0 * count / trials;
	bool off = fabs(percent - 95) > slack;

	wrong += off;
	printf(" %5.1f%s", percent, off ? "!" : " ");
}

/* A quantile with a sample or more beyond it in each run, as compare asks. */
static bool is_known(const struct design *d, int j)
{
	return quantiles[j] < 0 || d->samples * (1 - quantiles[j]) > 1 - 1e-6;
}

/* The mean of a distribution without a variance has no sampling theory to test. */
static bool is_promised(const struct design *d, int j)
{
	return is_known(d, j) && (quantiles[j] > 0 || d->tail != &heavy);
}

static void check_coverage(const struct tail *tail, int runs, int samples, bool paired)
{
	struct design d = {tail, runs, samples, 1.1, paired};
	/* The quick test's 400 trials have a standard error of 1.1 %, the long one's 2,500 of 0.44 %. */
	int trials = long_tests() ? 2500 : 400;
	double slack = long_tests() ? 2 : 3.5;
	struct tally tally = simulate(trials, &d, false);

	printf("# %-11s %2d %s, %4d samples: ratio", tail->name, runs,
	       paired ? "pairs     " : "runs apart", samples);
	for (int j = 0; j < QUANTILES; j++) {
		if (is_promised(&d, j))
			print_share(tally.ratio_covered[j], trials, slack);
		else
			printf("    -  ");
	}
	printf("  difference");
	for (int j = 0; j < QUANTILES; j++) {
		/* A single sample a run beyond a quantile in a heavy tail: shown, not promised. */
		if (is_promised(&d, j))
			print_share(tally.difference_covered[j], trials,
				    tail == &heavy && samples * (1 - quantiles[j]) < 2 ? 3 : slack);
		else
			printf("    -  ");
	}
	printf("\n");
	fflush(stdout);
}

static void intervals_cover_the_truth(void **state)
{
	static const struct tail *const tails[] = {&light, &exponential, &heavy};
	static const int runs[] = {5, 8, 10, 20, 30}, samples[] = {300, 1000, 2000};

	wrong = 0;
	printf("# covered, in %%: p50, p90, p99, p99.9, mean\n");
	if (!long_tests()) {
		check_coverage(&light, 5, 300, true);
		check_coverage(&exponential, 8, 300, true);
		check_coverage(&heavy, 10, 300, true);
		check_coverage(&heavy, 5, 1000, false);
		check_coverage(&exponential, 30, 300, true);
	}
	for (size_t t = 0; t < 3 && long_tests(); t++) {
		for (size_t r = 0; r < 5; r++) {
			for (size_t s = 0; s < 3; s++) {
				check_coverage(tails[t], runs[r], samples[s], true);
				check_coverage(tails[t], runs[r], samples[s], false);
			}
		}
	}
	if (wrong)
		fail_msg("%d figures are off 95 %%", wrong);
}

/* At most 5 % in truth; 400 trials may show up to 7.5 %, 5,000 up to 5.6 %. */
static void a_against_a_raises_no_alarm(void **state)
{
	int trials = long_tests() ? 5000 : 400;
	struct design paired = {&exponential, 8, 300, 1, true},
		      apart = {&exponential, 6, 300, 1, false};
	double most = trials * (long_tests() ? 0.056 : 0.075);
	struct tally tally = simulate(trials, &paired, true);

	printf("# false alarms of the family: %d of %d pairs", tally.family, trials);
	assert_true(tally.family <= most);
	tally = simulate(trials, &apart, true);
	printf(", %d of %d apart\n", tally.family, trials);
	assert_true(tally.family <= most);
}

static void a_known_effect_is_found(void **state)
{
	enum {
		MEAN = QUANTILES - 1
	};
	struct design large = {&exponential, 10, 300, 1.15, true},
		      small = {&exponential, 10, 300, 1.002, true};
	struct tally tally = simulate(100, &large, true);

	printf("# power at +15 %%: %d of 100", tally.significant[MEAN]);
	assert_true(tally.significant[MEAN] >= 80);
	assert_true(tally.off_one[MEAN] >= 80);
	tally = simulate(100, &small, true);
	printf("; at +0.2 %%: %d of 100\n", tally.significant[MEAN]);
	assert_true(tally.significant[MEAN] <= 15);
}

/* What is said to be found with 80 % power is: the interval leaves 1 out so often (standard error of 400 trials: 2 %). */
static void the_smallest_effect_is_what_is_said(void **state)
{
	static const int judged[] = {0, 1, QUANTILES - 1};

	for (size_t k = 0; k < 3; k++) {
		int j = judged[k], trials = 400;
		struct design d = {&exponential, 8, 300, 1, true};
		struct tally tally = simulate(trials, &d, false);
		double pct = tally.detectable_pct[j] / trials;

		d.effect = 1 + pct / 100;
		tally = simulate(trials, &d, false);
		printf("# figure %d: +%.1f %% is found in %d of %d\n", j, pct, tally.off_one[j],
		       trials);
		assert_in_range(tally.off_one[j], trials * 72 / 100, trials * 88 / 100);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(intervals_cover_the_truth),
		cmocka_unit_test(a_against_a_raises_no_alarm),
		cmocka_unit_test(a_known_effect_is_found),
		cmocka_unit_test(the_smallest_effect_is_what_is_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
