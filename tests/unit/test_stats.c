// SPDX-License-Identifier: GPL-2.0
/*
 * Statistics over runs: distributions against tables, pooled quantiles against sorted samples, permutations against
 * counting. What intervals and tests promise is simulated in test_coverage.c.
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

/* Runs of different size, alone and merged: the quantile lies within a bucket of the sorted samples'. */
static void pooled_quantiles_match_sorted_samples(void **state)
{
	enum {
		A = 4000,
		B = 1000,
		ALL = A + B
	};
	static uint64_t samples[ALL];
	const size_t begin[] = {0, A}, size[] = {A, B};
	struct sparse_hist runs[2];
	const struct sparse_hist *list[2];
	struct stats_pool pool;
	struct rng rng;
	double sum = 0;

	rng_seed(&rng, 5, 0);
	for (size_t r = 0; r < 2; r++) {
		struct hist h;

		assert_int_equal(hist_init(&h, HIST_SUB_BITS_RESULT), 0);
		for (size_t i = begin[r]; i < begin[r] + size[r]; i++) {
			samples[i] =
				(uint64_t)(-log(rng_open_double(&rng)) * 1e6 * (double)(r + 1));
			hist_add(&h, samples[i]);
			sum += (double)samples[i];
		}
		assert_int_equal(sparse_hist_from(&runs[r], &h), 0);
		list[r] = &runs[r];
		hist_free(&h);
	}
	assert_int_equal(stats_pool_init(&pool, list, 2), 0);
	assert_near(stats_pool_quantile(&pool, STATS_ALL_RUNS, STATS_MEAN), sum / ALL, 1e-3);
	for (size_t r = 0; r < 3; r++) {
		size_t run = r < 2 ? r : STATS_ALL_RUNS, n = r < 2 ? size[r] : ALL;
		uint64_t *of_run = samples + (r < 2 ? begin[r] : 0);

		qsort(of_run, n, sizeof(samples[0]), by_value);
		for (int i = 0; i < 57; i++) {
			double q = 0.001 + 0.0177 * i;
			double exact = (double)of_run[(size_t)ceil(q * (double)n) - 1];

			assert_near(stats_pool_quantile(&pool, run, q) / exact, 1, 1 / 120.0);
		}
	}
	stats_pool_free(&pool);
	for (int r = 0; r < 2; r++)
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
	assert_true(stats_pool_quantile(&pool, STATS_ALL_RUNS, 0.5) > 0);
	assert_near(stats_pool_quantile(&pool, 0, 0.5), 0, 0);
	stats_pool_free(&pool);
	sparse_hist_free(&runs[0]);
	sparse_hist_free(&runs[1]);
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
		cmocka_unit_test(permutation_is_exact_for_few_pairs),
		cmocka_unit_test(permutation_is_exact_for_few_runs),
		cmocka_unit_test(identical_runs_have_p_one),
		cmocka_unit_test(one_run_gives_no_interval),
		cmocka_unit_test(scalars_are_compared_by_their_means),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
