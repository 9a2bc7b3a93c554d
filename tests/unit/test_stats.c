// SPDX-License-Identifier: GPL-2.0
/*
 * Statistics over runs: distributions against tables, pooled quantiles against sorted samples, and the tests of the tests:
 * coverage of the intervals, false positives of A/A, power at a known effect. Seeds are fixed: the figures do not move.
 */
#include "tests/unit/lab_runs.h"

static void distributions_match_tables(void **state)
{
	assert_near(stats_normal_quantile(0.975), 1.959964, 1e-5);
	assert_near(stats_t_quantile(0.975, 1), 12.7062, 1e-3);
	assert_near(stats_t_quantile(0.975, 2), 4.30265, 1e-4);
	assert_near(stats_t_quantile(0.975, 5), 2.57058, 1e-4);
	assert_near(stats_t_quantile(0.80, 10), 0.879058, 1e-5);
	assert_near(stats_t_quantile(0.975, 1000000), 1.959966, 1e-4);
	assert_near(stats_t_cdf(-2.57058, 5), 0.025, 1e-5);
	assert_near(stats_chi_square_tail(3.841459, 1), 0.05, 1e-6);
	assert_near(stats_chi_square_tail(18.307038, 10), 0.05, 1e-6);
	assert_near(stats_chi_square_tail(124.342113, 100), 0.05, 1e-6);
	assert_near(stats_chi_square_tail(0, 4), 1, 0);
	/* Kolmogorov: P(K > 1.3581) = 0.05. */
	assert_near(stats_ks_tail(1.3581 / sqrt(1e8), 100000000), 0.05, 1e-4);
	assert_near(stats_ks_tail(0, 10), 1, 0);
}

static int by_value(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

/* Three runs of different size merged and weighted: the quantile lies within a bucket of the sorted samples'. */
static void pooled_quantiles_match_sorted_samples(void **state)
{
	enum {
		A = 4000,
		B = 1000,
		C = 2500,
		ALL = A + 2 * B
	};
	static uint64_t samples[ALL];
	const double weights[] = {1, 2, 0};
	const int sizes[] = {A, B, C};
	struct sparse_hist runs[3];
	const struct sparse_hist *list[3];
	struct stats_pool pool;
	struct rng rng;
	size_t n = 0;
	double sum = 0;

	rng_seed(&rng, 5, 0);
	for (int r = 0; r < 3; r++) {
		struct hist h;

		assert_int_equal(hist_init(&h, HIST_SUB_BITS_RESULT), 0);
		for (int i = 0; i < sizes[r]; i++) {
			uint64_t value = (uint64_t)(-log(rng_open_double(&rng)) * 1e6 * (r + 1));

			hist_add(&h, value);
			for (int k = 0; k < (int)weights[r]; k++) {
				samples[n++] = value;
				sum += (double)value;
			}
		}
		assert_int_equal(sparse_hist_from(&runs[r], &h), 0);
		list[r] = &runs[r];
		hist_free(&h);
	}
	assert_int_equal(n, ALL);
	qsort(samples, n, sizeof(samples[0]), by_value);
	assert_int_equal(stats_pool_init(&pool, list, 3), 0);
	for (int i = 0; i < 57; i++) {
		double q = 0.001 + 0.0177 * i;
		double exact = (double)samples[(size_t)ceil(q * ALL) - 1];

		assert_near(stats_pool_quantile(&pool, weights, q) / exact, 1, 1 / 120.0);
	}
	assert_near(stats_pool_quantile(&pool, weights, STATS_MEAN), sum / ALL, 1e-3);
	stats_pool_free(&pool);
	for (int r = 0; r < 3; r++)
		sparse_hist_free(&runs[r]);
}

static void empty_runs_are_refused_or_harmless(void **state)
{
	struct sparse_hist runs[2];
	const struct sparse_hist *list[] = {&runs[0], &runs[1]};
	struct stats_pool pool;
	struct rng rng;

	rng_seed(&rng, 1, 0);
	draw_sparse(&rng, &runs[0], 0, 1e6);
	draw_sparse(&rng, &runs[1], 0, 1e6);
	assert_int_equal(stats_pool_init(&pool, list, 0), -EINVAL);
	assert_int_equal(stats_pool_init(&pool, list, 2), -EINVAL);
	stats_pool_free(&pool);
	sparse_hist_free(&runs[1]);
	draw_sparse(&rng, &runs[1], 1, 1e6);
	assert_int_equal(stats_pool_init(&pool, list, 2), 0);
	assert_true(stats_pool_quantile(&pool, NULL, 0.5) > 0);
	assert_near(stats_pool_quantile(&pool, (double[]){1, 0}, 0.5), 0, 0);
	stats_pool_free(&pool);
	sparse_hist_free(&runs[0]);
	sparse_hist_free(&runs[1]);
}

#define QUANTILES 3
static const double quantiles[QUANTILES] = {0.5, 0.99, STATS_MEAN};

/* Set SCHEDLAB_LONG_TESTS for the figures with little sampling error; `make soak` does. */
static bool long_tests(void)
{
	return getenv("SCHEDLAB_LONG_TESTS") != NULL;
}

static int trials(void)
{
	return long_tests() ? 5000 : 400;
}

/* Of a run: twenty beyond p99, as a cell of half a minute has, or in the quick test three. */
static int samples(void)
{
	return long_tests() ? 2000 : 300;
}

/* What many made-up experiments gave, counted. */
struct tally {
	int trials;
	int covered[QUANTILES];
	int significant[QUANTILES];
	int family;
	int judged_by_interval[QUANTILES]; /* interval off 1 */
};

static void one_trial(struct rng *rng, struct tally *tally, int runs, double effect, bool paired)
{
	struct sparse_hist a[16], b[16];
	const struct sparse_hist *list_a[16], *list_b[16];
	double rows_a[16 * QUANTILES], rows_b[16 * QUANTILES], p[QUANTILES], adjusted[QUANTILES];
	struct stats_options options = {
		.seed = rng_u64(rng), .resamples = 400, .permutations = 1024, .paired = paired};
	struct stats_effect effects[QUANTILES];
	struct stats_pool pool_a, pool_b;
	bool any = false;

	for (int i = 0; i < runs; i++) {
		double pair = exp(0.2 * draw_normal(rng)),
		       other = paired ? pair : exp(0.2 * draw_normal(rng));

		draw_sparse(rng, &a[i], samples(), 1e6 * pair * exp(0.03 * draw_normal(rng)));
		draw_sparse(rng, &b[i], samples(),
			    1e6 * other * effect * exp(0.03 * draw_normal(rng)));
		list_a[i] = &a[i];
		list_b[i] = &b[i];
	}
	assert_int_equal(stats_pool_init(&pool_a, list_a, (size_t)runs), 0);
	assert_int_equal(stats_pool_init(&pool_b, list_b, (size_t)runs), 0);
	assert_int_equal(stats_compare(&pool_a, &pool_b, quantiles, QUANTILES, &options, effects),
			 0);
	for (int i = 0; i < runs; i++) {
		double one[16] = {0};

		one[i] = 1;
		for (int j = 0; j < QUANTILES; j++) {
			rows_a[i * QUANTILES + j] = stats_pool_quantile(&pool_a, one, quantiles[j]);
			rows_b[i * QUANTILES + j] = stats_pool_quantile(&pool_b, one, quantiles[j]);
		}
	}
	assert_int_equal(stats_permutation(rows_a, (size_t)runs, rows_b, (size_t)runs, QUANTILES,
					   &options, p, adjusted),
			 0);
	for (int j = 0; j < QUANTILES; j++) {
		const struct stats_interval *ci = &effects[j].ratio_ci;

		tally->covered[j] += ci->low <= effect && effect <= ci->high;
		tally->judged_by_interval[j] += ci->low > 1 || ci->high < 1;
		tally->significant[j] += p[j] <= 0.05;
		any |= adjusted[j] <= 0.05;
		assert_true(adjusted[j] >= p[j]);
	}
	tally->family += any;
	tally->trials++;
	for (int i = 0; i < runs; i++) {
		sparse_hist_free(&a[i]);
		sparse_hist_free(&b[i]);
	}
	stats_pool_free(&pool_a);
	stats_pool_free(&pool_b);
}

static struct tally simulate(int trials, int runs, double effect, bool paired)
{
	struct tally tally = {0};
	struct rng rng;

	rng_seed(&rng, 20261128, (uint64_t)runs);
	for (int i = 0; i < trials; i++)
		one_trial(&rng, &tally, runs, effect, paired);
	return tally;
}

/*
 * The promise is 95 % +- 2, and what the long tests must show. The quick ones have 400 trials, a standard error of 1.1 %,
 * and a p99 of 300 samples a run, which lies on few of them and has intervals a little too wide (97.5 % covered).
 */
static void check_coverage(const char *what, const struct tally *tally)
{
	double slack = long_tests() ? 0.02 : 0.035;

	for (int j = 0; j < QUANTILES; j++) {
		double covered = (double)tally->covered[j] / tally->trials;

		print_message("%s, quantile %.2f: %.3f covered\n", what, quantiles[j], covered);
		assert_true(fabs(covered - 0.95) < slack);
	}
}

static void intervals_cover_the_truth(void **state)
{
	struct tally tally;

	tally = simulate(trials(), 6, 1.1, true);
	check_coverage("6 pairs", &tally);
	tally = simulate(trials(), 12, 1.0, true);
	check_coverage("12 pairs", &tally);
	tally = simulate(trials(), 8, 1.1, false);
	check_coverage("8 against 8", &tally);
}

static void a_against_a_raises_no_alarm(void **state)
{
	struct tally paired = simulate(trials(), 8, 1.0, true),
		     apart = simulate(trials(), 6, 1.0, false);

	print_message("false alarms: paired %d, unpaired %d of %d\n", paired.family, apart.family,
		      paired.trials);
	/* At most 5 % in truth; 400 trials may show up to 7.5 %. */
	assert_true(paired.family <= 0.075 * paired.trials);
	assert_true(apart.family <= 0.075 * apart.trials);
}

static void a_known_effect_is_found(void **state)
{
	struct tally large = simulate(100, 10, 1.15, true), small = simulate(100, 10, 1.002, true);

	print_message("power at +15 %%: %d of 100; at +0.2 %%: %d of 100\n", large.significant[2],
		      small.significant[2]);
	assert_true(large.significant[2] >= 80);
	assert_true(large.judged_by_interval[2] >= 80);
	assert_true(small.significant[2] <= 15);
}

/* Six pairs that all rise: 2 of the 64 sign patterns are as extreme. */
static void permutation_is_exact_for_few_pairs(void **state)
{
	const double a[6] = {1, 2, 3, 4, 5, 6}, b[6] = {2, 3.1, 4.2, 5.3, 6.4, 7.5};
	struct stats_options options = {.paired = true};
	double p, adjusted;

	assert_int_equal(stats_permutation(a, 6, b, 6, 1, &options, &p, &adjusted), 0);
	assert_near(p, 2 / 64.0, 1e-12);
	assert_near(adjusted, p, 1e-12);
	assert_near(stats_least_p(6, 6, true), 2 / 64.0, 1e-12);
	assert_int_equal(stats_permutation(a, 5, b, 5, 1, &options, &p, &adjusted), 0);
	assert_near(p, 2 / 32.0, 1e-12);
	assert_int_equal(stats_permutation(a, 6, b, 5, 1, &options, &p, &adjusted), -EINVAL);
}

/* {1,2,3} against {4,5,6}: 2 of the 20 ways to choose three of six are as extreme. */
static void permutation_is_exact_for_few_runs(void **state)
{
	const double a[3] = {1, 2, 3}, b[3] = {4, 5, 6}, c[4] = {4, 5, 6, 7};
	struct stats_options options = {0};
	double p, adjusted;

	assert_int_equal(stats_permutation(a, 3, b, 3, 1, &options, &p, &adjusted), 0);
	assert_near(p, 2 / 20.0, 1e-12);
	assert_near(stats_least_p(3, 3, false), 0.1, 1e-12);
	assert_int_equal(stats_permutation(a, 3, c, 4, 1, &options, &p, &adjusted), 0);
	assert_near(p, 2 / 35.0, 1e-12);
}

static void identical_runs_have_p_one(void **state)
{
	const double a[14] = {1, 9, 2, 9, 3, 9, 4, 9, 5, 9, 6, 9, 7, 9};
	struct stats_options options = {.paired = true};
	double p[2], adjusted[2];

	assert_int_equal(stats_permutation(a, 7, a, 7, 2, &options, p, adjusted), 0);
	assert_near(p[0], 1, 0);
	assert_near(adjusted[1], 1, 0);
}

static void one_run_gives_no_interval(void **state)
{
	struct sparse_hist run;
	const struct sparse_hist *list[] = {&run};
	struct stats_options options = {0};
	struct stats_interval noise;
	struct stats_effect effect;
	struct stats_pool pool;
	struct rng rng;

	rng_seed(&rng, 3, 0);
	draw_sparse(&rng, &run, 1000, 1e6);
	assert_int_equal(stats_pool_init(&pool, list, 1), 0);
	assert_int_equal(stats_compare(&pool, &pool, (double[]){0.5}, 1, &options, &effect), 0);
	assert_false(effect.has_interval);
	assert_true(isnan(effect.ratio_ci.low));
	assert_near(effect.ratio, 1, 0);
	assert_int_equal(stats_noise_floor(&pool, 0.5, &options, &noise), -EINVAL);
	stats_pool_free(&pool);
	sparse_hist_free(&run);
}

static void scalars_are_compared_by_their_means(void **state)
{
	const double a[8] = {10, 11, 10, 9, 10, 11, 9, 10}, b[8] = {20, 22, 20, 18, 20, 22, 18, 20};
	struct stats_options options = {.paired = true};
	struct stats_effect effect;

	assert_int_equal(stats_compare_scalars(a, 8, b, 8, &options, &effect), 0);
	assert_near(effect.ratio, 2, 1e-12);
	assert_near(effect.ratio_ci.low, 2, 1e-9); /* b is 2 a in each pair */
	assert_true(effect.difference_ci.low > 8 && effect.difference_ci.high < 12);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(distributions_match_tables),
		cmocka_unit_test(pooled_quantiles_match_sorted_samples),
		cmocka_unit_test(empty_runs_are_refused_or_harmless),
		cmocka_unit_test(intervals_cover_the_truth),
		cmocka_unit_test(a_against_a_raises_no_alarm),
		cmocka_unit_test(a_known_effect_is_found),
		cmocka_unit_test(permutation_is_exact_for_few_pairs),
		cmocka_unit_test(permutation_is_exact_for_few_runs),
		cmocka_unit_test(identical_runs_have_p_one),
		cmocka_unit_test(one_run_gives_no_interval),
		cmocka_unit_test(scalars_are_compared_by_their_means),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
