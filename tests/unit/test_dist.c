// SPDX-License-Identifier: GPL-2.0
/*
 * Distributions: mean and second moment of many samples against the formulas, and a chi-square test of goodness of fit
 * against the distribution functions. The seeds are fixed, so the tests cannot fail by chance.
 */
#include "tests/unit/unit.h"

#include <math.h>

#include "workloads/dist.h"

#define DRAWS	   400000
#define BINS	   50
/* Chi-square with 49 degrees of freedom: above this with probability 1 in 1,000. */
#define CHI2_LIMIT 85.35

#define MS 1e6

static struct dist exponential = {.kind = DIST_EXPONENTIAL, .mean_ns = 5 * MS};
static struct dist lognormal = {.kind = DIST_LOGNORMAL, .mean_ns = 5 * MS, .cv = 1.5};
static struct dist erlang = {.kind = DIST_ERLANG, .mean_ns = 5 * MS, .k = 4};
static struct dist pareto = {
	.kind = DIST_PARETO, .alpha = 1.5, .min_ns = 0.1 * MS, .max_ns = 100 * MS};
static struct dist bimodal = {
	.kind = DIST_BIMODAL, .mean_ns = 10 * MS, .share = 0.01, .ratio = 101};

static double cdf_exponential(double x)
{
	return 1 - exp(-x / exponential.mean_ns);
}

static double cdf_lognormal(double x)
{
	double variance = log(1 + lognormal.cv * lognormal.cv);
	double mu = log(lognormal.mean_ns) - variance / 2;

	return 0.5 * erfc(-(log(x) - mu) / sqrt(2 * variance));
}

static double cdf_erlang(double x)
{
	double y = 4 * x / erlang.mean_ns;

	return 1 - exp(-y) * (1 + y + y * y / 2 + y * y * y / 6);
}

static double cdf_pareto(double x)
{
	return (1 - pow(pareto.min_ns / x, pareto.alpha)) /
	       (1 - pow(pareto.min_ns / pareto.max_ns, pareto.alpha));
}

/* Chi-square over bins of equal probability; @distort makes every sample a little longer. */
static double chi_square(const struct dist *d, double (*cdf)(double), double distort)
{
	double seen[BINS] = {0}, expected = (double)DRAWS / BINS, sum = 0;
	struct rng r;

	rng_seed(&r, 11, 3);
	for (int i = 0; i < DRAWS; i++) {
		int bin = (int)(cdf((double)dist_sample(d, &r) * distort) * BINS);

		seen[bin < 0 ? 0 : bin < BINS ? bin : BINS - 1]++;
	}
	for (int i = 0; i < BINS; i++)
		sum += (seen[i] - expected) * (seen[i] - expected) / expected;
	return sum;
}

static void fit(void **state)
{
	assert_true(chi_square(&exponential, cdf_exponential, 1) < CHI2_LIMIT);
	assert_true(chi_square(&lognormal, cdf_lognormal, 1) < CHI2_LIMIT);
	assert_true(chi_square(&erlang, cdf_erlang, 1) < CHI2_LIMIT);
	assert_true(chi_square(&pareto, cdf_pareto, 1) < CHI2_LIMIT);
}

/* The test has teeth: 2 % off is found. */
static void misfit_is_found(void **state)
{
	assert_true(chi_square(&exponential, cdf_exponential, 1.02) > CHI2_LIMIT);
	assert_true(chi_square(&lognormal, cdf_lognormal, 1.02) > CHI2_LIMIT);
	assert_true(chi_square(&erlang, cdf_erlang, 1.02) > CHI2_LIMIT);
	assert_true(chi_square(&pareto, cdf_pareto, 1.02) > CHI2_LIMIT);
}

/* Sample moments within five standard errors (from the sample itself). */
static void check_moments(const struct dist *d)
{
	double sum = 0, square = 0, fourth = 0, n = DRAWS;
	struct rng r;

	rng_seed(&r, 5, 1);
	for (int i = 0; i < DRAWS; i++) {
		double x = (double)dist_sample(d, &r);

		sum += x;
		square += x * x;
		fourth += x * x * x * x;
	}
	assert_near(sum / n, dist_mean_ns(d), 1 + 5 * sqrt((square / n - sum / n * sum / n) / n));
	assert_near(square / n, dist_second_moment(d),
		    1 + 1e-6 * square / n +
			    5 * sqrt(fabs(fourth / n - square / n * square / n) / n));
}

static void moments(void **state)
{
	struct dist constant = {.kind = DIST_CONSTANT, .mean_ns = 5 * MS};

	check_moments(&constant);
	check_moments(&exponential);
	check_moments(&lognormal);
	check_moments(&erlang);
	check_moments(&pareto);
	check_moments(&bimodal);
}

/* Hand-worked: 1 % of jobs 101 times longer, mean 10 ms, are 5 ms and 505 ms. */
static void bimodal_by_hand(void **state)
{
	struct rng r;
	int n_long = 0;

	rng_seed(&r, 1, 0);
	for (int i = 0; i < DRAWS; i++) {
		uint64_t x = dist_sample(&bimodal, &r);

		assert_true(x == 5000000 || x == 505000000);
		n_long += x == 505000000;
	}
	assert_in_range(n_long, 3700, 4300);
	assert_near(dist_second_moment(&bimodal), 0.99 * 25e12 + 0.01 * 505e6 * 505e6, 1e3);
}

static void pareto_special_case(void **state)
{
	struct dist one = {.kind = DIST_PARETO, .alpha = 1, .min_ns = 1000, .max_ns = 100000};
	struct dist beside = one;

	beside.alpha = 1.000001;
	assert_near(dist_mean_ns(&one), dist_mean_ns(&beside), 1);
}

static void file_values(void **state)
{
	uint64_t values[] = {10, 20, 60};
	struct dist file = {.kind = DIST_FILE, .values = values, .count = 3};
	int seen[3] = {0};
	struct rng r;

	assert_near(dist_mean_ns(&file), 30, 1e-9);
	assert_near(dist_second_moment(&file), 4100.0 / 3, 1e-9);
	rng_seed(&r, 1, 0);
	for (int i = 0; i < 30000; i++) {
		uint64_t x = dist_sample(&file, &r);

		seen[x == 10 ? 0 : x == 20 ? 1 : 2]++;
	}
	for (int i = 0; i < 3; i++)
		assert_in_range(seen[i], 9700, 10300);
}

static void never_zero(void **state)
{
	struct dist tiny = {.kind = DIST_EXPONENTIAL, .mean_ns = 1};
	struct rng r;

	rng_seed(&r, 1, 0);
	for (int i = 0; i < 10000; i++)
		assert_true(dist_sample(&tiny, &r) >= 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fit),
		cmocka_unit_test(misfit_is_found),
		cmocka_unit_test(moments),
		cmocka_unit_test(bimodal_by_hand),
		cmocka_unit_test(pareto_special_case),
		cmocka_unit_test(file_values),
		cmocka_unit_test(never_zero),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
