// SPDX-License-Identifier: GPL-2.0
/*
 * Statistics over runs: distributions, bootstrap intervals, permutation tests. The run is the unit: samples inside a
 * run are correlated and are never resampled alone. Knows nothing of files, schedulers or words.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "lab/lab.h"

#define DEFAULT_RESAMPLES    2000
#define DEFAULT_PERMUTATIONS 10000
#define DEFAULT_CONFIDENCE   0.95
#define POWER		     0.80

/* --- distributions ----------------------------------------------------------------------------- */

double stats_normal_cdf(double z)
{
	return 0.5 * erfc(-z / M_SQRT2);
}

/* The argument at which the rising function @cdf(x, df) reaches @p, by bisection: slow, exact, rarely called. */
static double invert(double (*cdf)(double, unsigned int), double p, unsigned int df)
{
	double low = -1, high = 1;

	while (cdf(low, df) > p && low > -1e12)
		low *= 2;
	while (cdf(high, df) < p && high < 1e12)
		high *= 2;
	for (int i = 0; i < 200 && high - low > 1e-12 * fmax(1, fabs(low)); i++) {
		double middle = low + (high - low) / 2;

		if (cdf(middle, df) < p)
			low = middle;
		else
			high = middle;
	}
	return low + (high - low) / 2;
}

static double normal_cdf_df(double z, unsigned int df)
{
	return stats_normal_cdf(z);
}

double stats_normal_quantile(double p)
{
	return invert(normal_cdf_df, p, 0);
}

double stats_t_cdf(double t, unsigned int df)
{
	double theta = atan(t / sqrt(df)), c = cos(theta), s = sin(theta);
	double term, sum, inside;

	if (df == 1) {
		inside = theta * M_2_PI;
	} else if (df % 2) {
		term = c;
		sum = c;
		for (unsigned int k = 3; k + 2 <= df; k += 2) {
			term *= c * c * (k - 1) / k;
			sum += term;
		}
		inside = (theta + s * sum) * M_2_PI;
	} else {
		term = 1;
		sum = 1;
		for (unsigned int k = 2; k + 2 <= df; k += 2) {
			term *= c * c * (k - 1) / k;
			sum += term;
		}
		inside = s * sum;
	}
	return 0.5 + inside / 2;
}

double stats_t_quantile(double p, unsigned int df)
{
	/* Above some thousand degrees the series is long and the normal distribution is near enough. */
	return df > 5000 ? stats_normal_quantile(p) : invert(stats_t_cdf, p, df);
}

/* Upper regularised incomplete gamma function Q(a, x): series below a + 1, continued fraction (Lentz) above. */
static double gamma_q(double a, double x)
{
	double front = exp(-x + a * log(x) - lgamma(a));

	if (x < a + 1) {
		double term = 1 / a, sum = term;

		for (int n = 1; n < 10000 && term > sum * 1e-16; n++) {
			term *= x / (a + n);
			sum += term;
		}
		return 1 - front * sum;
	}
	double b = x + 1 - a, c = 1e300, d = 1 / b, h = d;

	for (int n = 1; n < 10000; n++) {
		double an = -n * (n - a), delta;

		b += 2;
		d = 1 / (an * d + b);
		c = b + an / c;
		delta = c * d;
		h *= delta;
		if (fabs(delta - 1) < 1e-15)
			break;
	}
	return front * h;
}

double stats_chi_square_tail(double chi_square, unsigned int df)
{
	return chi_square <= 0 ? 1 : gamma_q(df / 2.0, chi_square / 2);
}

double stats_ks_tail(double d, size_t n)
{
	double root = sqrt((double)n), lambda = (root + 0.12 + 0.11 / root) * d, sum = 0, sign = 1;

	if (lambda < 0.2)
		return 1;
	for (int j = 1; j <= 100; j++) {
		sum += sign * exp(-2 * lambda * lambda * j * j);
		sign = -sign;
	}
	return fmin(1, fmax(0, 2 * sum));
}

/* --- bootstrap ----------------------------------------------------------------------------------- */

static int compare_doubles(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* The @p quantile of sorted @values, interpolated. */
static double sorted_quantile(const double *values, size_t count, double p)
{
	double position = p * (double)(count - 1);
	size_t i = (size_t)position;

	if (i + 1 >= count)
		return values[count - 1];
	return values[i] + (values[i + 1] - values[i]) * (position - (double)i);
}

static void draw_weights(struct rng *rng, double *weights, size_t count)
{
	memset(weights, 0, count * sizeof(*weights));
	for (size_t i = 0; i < count; i++)
		weights[rng_below(rng, count)] += 1;
}

/* How many runs and degrees of freedom an interval rests on. */
struct sample_size {
	unsigned int runs; /* of the smaller side */
	unsigned int df;
	double widen; /* the bootstrap's variance is too small by (n - 1) / n */
};

static struct sample_size sample_size(size_t na, size_t nb, bool paired)
{
	struct sample_size size = {.runs = (unsigned int)(na < nb ? na : nb)};

	if (size.runs < 2)
		return size;
	size.df = paired ? size.runs - 1 : (unsigned int)(na + nb - 2);
	size.widen = sqrt((double)size.runs / (size.runs - 1));
	return size;
}

/*
 * The interval of bootstrap @values (sorted here). With few runs their distribution has no tails left to read a
 * percentile from, so below FEW_RUNS Student's t and the standard error serve.
 */
#define FEW_RUNS 30

static struct stats_interval interval_of(double *values, size_t count, double point, double se,
					 const struct sample_size *size, double confidence)
{
	double tail = (1 - confidence) / 2, t = stats_t_quantile(1 - tail, size->df);
	double expanded = stats_normal_cdf(-size->widen * t);

	if (size->runs < FEW_RUNS)
		return (struct stats_interval){point - t * se, point + t * se};
	qsort(values, count, sizeof(*values), compare_doubles);
	return (struct stats_interval){
		sorted_quantile(values, count, expanded),
		sorted_quantile(values, count, 1 - expanded),
	};
}

static double deviation(const double *values, size_t count)
{
	double mean = 0, square = 0;

	for (size_t i = 0; i < count; i++)
		mean += values[i] / (double)count;
	for (size_t i = 0; i < count; i++)
		square += (values[i] - mean) * (values[i] - mean);
	return count > 1 ? sqrt(square / (double)(count - 1)) : 0;
}

/* Fill the intervals of @e from @count replicates of the difference and the logarithm of the ratio. */
static void finish_effect(struct stats_effect *e, double *differences, double *logs, size_t count,
			  const struct sample_size *size, double confidence, double resolution)
{
	double tail = (1 - confidence) / 2, reach, se;
	struct stats_interval log_ci;

	e->has_interval = true;
	se = deviation(differences, count) * size->widen;
	e->difference_ci = interval_of(differences, count, e->difference, se, size, confidence);
	e->log_se = deviation(logs, count) * size->widen;
	if (!isfinite(e->ratio) || e->ratio <= 0 || !isfinite(e->log_se)) {
		e->ratio_ci = (struct stats_interval){NAN, NAN};
		e->log_se = NAN;
		e->detectable_pct = NAN;
		return;
	}
	log_ci = interval_of(logs, count, log(e->ratio), e->log_se, size, confidence);
	e->ratio_ci = (struct stats_interval){exp(log_ci.low), exp(log_ci.high)};
	reach = stats_t_quantile(1 - tail, size->df) + stats_t_quantile(POWER, size->df);
	e->detectable_pct = fmax(100 * expm1(reach * e->log_se), 100 * resolution);
}

static void point_effect(struct stats_effect *e, double a, double b)
{
	memset(e, 0, sizeof(*e));
	e->a = a;
	e->b = b;
	e->difference = b - a;
	e->ratio = a > 0 ? b / a : NAN;
	e->difference_ci = e->ratio_ci = (struct stats_interval){NAN, NAN};
	e->log_se = e->detectable_pct = NAN;
}

static double confidence_of(const struct stats_options *o)
{
	return o->confidence > 0 ? o->confidence : DEFAULT_CONFIDENCE;
}

static size_t resamples_of(const struct stats_options *o)
{
	return o->resamples ? o->resamples : DEFAULT_RESAMPLES;
}

static double logarithm(double value)
{
	return value > 0 ? log(value) : NAN;
}

/* Quantile @q of each run into @values, and its logarithm into @logs. */
static void run_quantiles(const struct stats_pool *p, double q, double *values, double *logs)
{
	for (size_t i = 0; i < p->run_count; i++) {
		values[i] = stats_pool_quantile(p, i, q);
		logs[i] = logarithm(values[i]);
	}
}

static double mean_of(const double *values, size_t count)
{
	double sum = 0;

	for (size_t i = 0; i < count; i++)
		sum += values[i];
	return count ? sum / (double)count : 0;
}

static double weighted_mean(const double *values, const double *weights, size_t count)
{
	double sum = 0;

	for (size_t i = 0; i < count; i++)
		sum += weights[i] * values[i];
	return sum / (double)count;
}

/* How often each run is drawn in each replicate: [replicate * runs + run]. NULL on lack of memory. */
static double *draw_resamples(struct rng *rng, size_t resamples, size_t runs)
{
	double *weights = calloc(resamples * runs, sizeof(double));

	for (size_t r = 0; weights && r < resamples; r++)
		draw_weights(rng, weights + r * runs, runs);
	return weights;
}

int stats_compare(const struct stats_pool *a, const struct stats_pool *b, const double *q,
		  size_t count, const struct stats_options *options, struct stats_effect *out)
{
	size_t na = a->run_count, nb = b->run_count, resamples = resamples_of(options);
	struct sample_size size = sample_size(na, nb, options->paired);
	double *weights_a, *weights_b, *differences, *logs, *values;
	struct rng rng;
	int err = -ENOMEM;

	if (options->paired && na != nb)
		return -EINVAL;
	rng_seed(&rng, options->seed, 1);
	weights_a = draw_resamples(&rng, resamples, na);
	weights_b = options->paired ? weights_a : draw_resamples(&rng, resamples, nb);
	differences = calloc(resamples, sizeof(double));
	logs = calloc(resamples, sizeof(double));
	values = calloc(2 * (na + nb), sizeof(double));
	if (!weights_a || !weights_b || !differences || !logs || !values)
		goto cleanup;
	for (size_t i = 0; i < count; i++) {
		double *of_a = values, *of_b = of_a + na, *log_a = of_b + nb, *log_b = log_a + na;
		struct stats_effect *e = &out[i];

		point_effect(e, stats_pool_quantile(a, STATS_ALL_RUNS, q[i]),
			     stats_pool_quantile(b, STATS_ALL_RUNS, q[i]));
		run_quantiles(a, q[i], of_a, log_a);
		run_quantiles(b, q[i], of_b, log_b);
		e->difference = mean_of(of_b, nb) - mean_of(of_a, na);
		if (isfinite(mean_of(log_b, nb) - mean_of(log_a, na)))
			e->ratio = exp(mean_of(log_b, nb) - mean_of(log_a, na));
		if (size.runs < 2)
			continue;
		for (size_t r = 0; r < resamples; r++) {
			const double *wa = weights_a + r * na, *wb = weights_b + r * nb;

			differences[r] = weighted_mean(of_b, wb, nb) - weighted_mean(of_a, wa, na);
			logs[r] = weighted_mean(log_b, wb, nb) - weighted_mean(log_a, wa, na);
		}
		finish_effect(e, differences, logs, resamples, &size, confidence_of(options),
			      ldexp(1, -(int)a->sub_bits));
	}
	err = 0;
cleanup:
	if (weights_b != weights_a)
		free(weights_b);
	free(weights_a);
	free(differences);
	free(logs);
	free(values);
	return err;
}

int stats_compare_scalars(const double *a, size_t na, const double *b, size_t nb,
			  const struct stats_options *options, struct stats_effect *out)
{
	struct sample_size size = sample_size(na, nb, options->paired);
	size_t resamples = resamples_of(options);
	double *differences, *logs;
	struct rng rng;

	if (!na || !nb || (options->paired && na != nb))
		return -EINVAL;
	point_effect(out, mean_of(a, na), mean_of(b, nb));
	if (size.runs < 2)
		return 0;
	differences = calloc(resamples, sizeof(double));
	logs = calloc(resamples, sizeof(double));
	if (!differences || !logs) {
		free(differences);
		free(logs);
		return -ENOMEM;
	}
	rng_seed(&rng, options->seed, 2);
	for (size_t r = 0; r < resamples; r++) {
		double sum_a = 0, sum_b = 0;

		for (size_t i = 0; i < na; i++) {
			size_t pick = rng_below(&rng, na);

			sum_a += a[pick];
			sum_b += options->paired ? b[pick] : 0;
		}
		for (size_t i = 0; !options->paired && i < nb; i++)
			sum_b += b[rng_below(&rng, nb)];
		sum_a /= (double)na;
		sum_b /= (double)nb;
		differences[r] = sum_b - sum_a;
		logs[r] = sum_a > 0 && sum_b > 0 ? log(sum_b / sum_a) : NAN;
	}
	finish_effect(out, differences, logs, resamples, &size, confidence_of(options), 0);
	free(differences);
	free(logs);
	return 0;
}

int stats_noise_floor(const struct stats_pool *p, double q, const struct stats_options *options,
		      struct stats_interval *out)
{
	struct sample_size size = sample_size(p->run_count, p->run_count, false);
	size_t runs = p->run_count, resamples = resamples_of(options);
	double *weights, *logs, *values;
	struct rng rng;
	int err = -ENOMEM;

	*out = (struct stats_interval){NAN, NAN};
	if (size.runs < 2)
		return -EINVAL;
	rng_seed(&rng, options->seed, 3);
	weights = draw_resamples(&rng, 2 * resamples, runs);
	logs = calloc(resamples, sizeof(double));
	values = calloc(2 * runs, sizeof(double));
	if (!weights || !logs || !values)
		goto cleanup;
	run_quantiles(p, q, values, values + runs);
	for (size_t r = 0; r < resamples; r++) {
		const double *first = weights + 2 * r * runs;

		logs[r] = weighted_mean(values + runs, first + runs, runs) -
			  weighted_mean(values + runs, first, runs);
	}
	*out = interval_of(logs, resamples, 0, deviation(logs, resamples) * size.widen, &size,
			   confidence_of(options));
	out->low = exp(out->low);
	out->high = exp(out->high);
	err = 0;
cleanup:
	free(weights);
	free(logs);
	free(values);
	return err;
}

/* --- permutation ----------------------------------------------------------------------------------- */

struct permutation {
	size_t rows, endpoints, na;
	bool paired;
	double *values; /* rows x endpoints, scaled to unit spread: differences (paired), or all of a then all of b */
	double *sums;	       /* endpoints: scratch */
	double *observed;      /* endpoints */
	size_t *order;	       /* endpoints by falling observed statistic */
	double *raw, *stepped; /* counts of permutations at or above the observed statistic */
	double tried;
};

static void permutation_free(struct permutation *t)
{
	free(t->values);
	free(t->sums);
	free(t->observed);
	free(t->order);
	free(t->raw);
	free(t->stepped);
}

/* Scale every endpoint so that its statistic, a sum, is comparable with the others'. */
static void scale_endpoints(struct permutation *t)
{
	for (size_t j = 0; j < t->endpoints; j++) {
		double mean = 0, square = 0;

		for (size_t i = 0; !t->paired && i < t->rows; i++)
			mean += t->values[i * t->endpoints + j] / (double)t->rows;
		for (size_t i = 0; i < t->rows; i++) {
			double *v = &t->values[i * t->endpoints + j];

			*v -= mean;
			square += *v * *v;
		}
		/* Differences that are all zero, or rounding, stay zero and never stand out. */
		for (size_t i = 0; i < t->rows; i++) {
			double *v = &t->values[i * t->endpoints + j];

			*v = square > 1e-18 * (mean * mean) && square > 0 ? *v / sqrt(square) : 0;
		}
	}
}

/* |sum| of each endpoint over the rows, each taken +1 or -1 (paired), or over those labelled +1. */
static void statistic(struct permutation *t, const signed char *labels, double *out)
{
	memset(out, 0, t->endpoints * sizeof(*out));
	for (size_t i = 0; i < t->rows; i++) {
		const double *row = t->values + i * t->endpoints;

		if (labels[i] > 0) {
			for (size_t j = 0; j < t->endpoints; j++)
				out[j] += row[j];
		} else if (t->paired) {
			for (size_t j = 0; j < t->endpoints; j++)
				out[j] -= row[j];
		}
	}
	for (size_t j = 0; j < t->endpoints; j++)
		out[j] = fabs(out[j]);
}

/* Count one permutation: raw, and step-down against the largest statistic among the endpoints not yet rejected. */
static void count_permutation(struct permutation *t, const signed char *labels)
{
	double largest = 0;

	statistic(t, labels, t->sums);
	for (size_t k = t->endpoints; k-- > 0;) {
		size_t j = t->order[k];
		double limit = t->observed[j] - 1e-9;

		largest = fmax(largest, t->sums[j]);
		t->raw[j] += t->sums[j] >= limit;
		t->stepped[j] += largest >= limit;
	}
	t->tried++;
}

static bool next_combination(signed char *labels, size_t n)
{
	/* The next arrangement of the same number of +1 (as 0/1 digits, in lexicographic order). */
	size_t i = n - 1, ones = 0;

	while (i > 0 && !(labels[i - 1] < 0 && labels[i] > 0)) {
		ones += labels[i] > 0;
		i--;
	}
	if (i == 0)
		return false;
	labels[i - 1] = 1;
	labels[i] = -1;
	for (size_t k = n; k-- > i + 1;)
		labels[k] = n - k <= ones ? 1 : -1;
	return true;
}

/* Number of permutations, or HUGE_VAL-like large numbers. */
static double permutation_total(size_t na, size_t nb, bool paired)
{
	double total = 1;

	if (paired)
		return ldexp(1, na > 1000 ? 1000 : (int)na);
	for (size_t i = 1; i <= na; i++)
		total *= (double)(nb + i) / (double)i;
	return round(total);
}

static void try_all(struct permutation *t, signed char *labels)
{
	if (t->paired) {
		for (uint64_t bits = 0; bits < 1ULL << t->rows; bits++) {
			for (size_t i = 0; i < t->rows; i++)
				labels[i] = bits >> i & 1 ? 1 : -1;
			count_permutation(t, labels);
		}
		return;
	}
	for (size_t i = 0; i < t->rows; i++)
		labels[i] = i < t->rows - t->na ? -1 : 1;
	do
		count_permutation(t, labels);
	while (next_combination(labels, t->rows));
}

static void try_some(struct permutation *t, signed char *labels, struct rng *rng, size_t tries)
{
	count_permutation(t, labels); /* the observed one, so that no p-value is 0 */
	for (size_t n = 1; n < tries; n++) {
		for (size_t i = t->rows; i-- > 0;) {
			if (t->paired) {
				labels[i] = rng_u64(rng) >> 63 ? 1 : -1;
			} else if (i > 0) {
				size_t k = rng_below(rng, i + 1);
				signed char swap = labels[i];

				labels[i] = labels[k];
				labels[k] = swap;
			}
		}
		count_permutation(t, labels);
	}
}

static void sort_endpoints(struct permutation *t)
{
	for (size_t k = 0; k < t->endpoints; k++) {
		size_t i = k;

		for (; i > 0 && t->observed[t->order[i - 1]] < t->observed[k]; i--)
			t->order[i] = t->order[i - 1];
		t->order[i] = k;
	}
}

static int permutation_alloc(struct permutation *t)
{
	t->values = calloc(t->rows * t->endpoints, sizeof(double));
	t->sums = calloc(t->endpoints, sizeof(double));
	t->observed = calloc(t->endpoints, sizeof(double));
	t->order = calloc(t->endpoints, sizeof(size_t));
	t->raw = calloc(t->endpoints, sizeof(double));
	t->stepped = calloc(t->endpoints, sizeof(double));
	return t->values && t->sums && t->observed && t->order && t->raw && t->stepped ? 0
										       : -ENOMEM;
}

int stats_permutation(const double *a, size_t na, const double *b, size_t nb, size_t endpoints,
		      const struct stats_options *options, double *p, double *adjusted)
{
	size_t tries = options->permutations ? options->permutations : DEFAULT_PERMUTATIONS;
	struct permutation t = {.rows = options->paired ? na : na + nb,
				.endpoints = endpoints,
				.na = na,
				.paired = options->paired};
	signed char *labels = calloc(t.rows + 1, 1);
	double running = 0;
	struct rng rng;
	int err = -ENOMEM;

	if (!na || !nb || !endpoints || (options->paired && na != nb)) {
		free(labels);
		return -EINVAL;
	}
	if (!labels || permutation_alloc(&t))
		goto cleanup;
	for (size_t i = 0; i < t.rows * endpoints; i++) {
		if (t.paired)
			t.values[i] = b[i] - a[i];
		else
			t.values[i] = i < na * endpoints ? a[i] : b[i - na * endpoints];
	}
	scale_endpoints(&t);
	for (size_t i = 0; i < t.rows; i++)
		labels[i] = t.paired || i < na ? 1 : -1;
	statistic(&t, labels, t.observed);
	sort_endpoints(&t);
	rng_seed(&rng, options->seed, 4);
	if (permutation_total(na, nb, t.paired) <= (double)tries)
		try_all(&t, labels);
	else
		try_some(&t, labels, &rng, tries);
	for (size_t k = 0; k < endpoints; k++) {
		size_t j = t.order[k];

		p[j] = t.raw[j] / t.tried;
		running = fmax(running, t.stepped[j] / t.tried);
		adjusted[j] = running;
	}
	err = 0;
cleanup:
	free(labels);
	permutation_free(&t);
	return err;
}

double stats_least_p(size_t na, size_t nb, bool paired)
{
	double total = permutation_total(na, nb, paired);

	return (paired || na == nb ? 2 : 1) / total;
}
