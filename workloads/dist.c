// SPDX-License-Identifier: GPL-2.0
/* Service time distributions, see workloads/dist.h. */
#include <math.h>

#include "lib/timeutil.h"
#include "workloads/dist.h"

#define SAMPLE_MAX_NS (3600.0 * NSEC_PER_SEC)

double dist_exponential(struct rng *r, double mean)
{
	return -mean * log(rng_open_double(r));
}

/* Box and Muller 1958; the second of the pair is thrown away, so that a sample costs the same two draws always. */
static double standard_normal(struct rng *r)
{
	double radius = sqrt(-2 * log(rng_open_double(r)));

	return radius * cos(2 * M_PI * rng_double(r));
}

static double sample_lognormal(const struct dist *d, struct rng *r)
{
	double variance = log1p(d->cv * d->cv);

	return exp(log(d->mean_ns) - variance / 2 + sqrt(variance) * standard_normal(r));
}

static double bimodal_short(const struct dist *d)
{
	return d->mean_ns / (1 + d->share * (d->ratio - 1));
}

static double sample_bimodal(const struct dist *d, struct rng *r)
{
	return bimodal_short(d) * (rng_double(r) < d->share ? d->ratio : 1);
}

static double sample_erlang(const struct dist *d, struct rng *r)
{
	double sum = 0;

	for (unsigned int i = 0; i < d->k; i++)
		sum += dist_exponential(r, d->mean_ns / d->k);
	return sum;
}

/* By inversion. */
static double sample_pareto(const struct dist *d, struct rng *r)
{
	double reach = 1 - pow(d->min_ns / d->max_ns, d->alpha);

	return d->min_ns * pow(1 - rng_double(r) * reach, -1 / d->alpha);
}

static double sample(const struct dist *d, struct rng *r)
{
	switch (d->kind) {
	case DIST_CONSTANT:
		return d->mean_ns;
	case DIST_EXPONENTIAL:
		return dist_exponential(r, d->mean_ns);
	case DIST_LOGNORMAL:
		return sample_lognormal(d, r);
	case DIST_BIMODAL:
		return sample_bimodal(d, r);
	case DIST_ERLANG:
		return sample_erlang(d, r);
	case DIST_PARETO:
		return sample_pareto(d, r);
	case DIST_FILE:
		return (double)d->values[rng_below(r, d->count)];
	case DIST_NONE:
		break;
	}
	return 0;
}

uint64_t dist_sample(const struct dist *d, struct rng *r)
{
	double x = sample(d, r);

	if (!(x >= 1))
		return 1;
	return (uint64_t)llround(fmin(x, SAMPLE_MAX_NS));
}

/* E[X^n] of the bounded Pareto distribution. */
static double pareto_moment(const struct dist *d, double n)
{
	double low = d->min_ns, high = d->max_ns, a = d->alpha;
	double scale = a * pow(low, a) / (1 - pow(low / high, a));

	if (fabs(n - a) < 1e-9)
		return scale * log(high / low);
	return scale * (pow(high, n - a) - pow(low, n - a)) / (n - a);
}

static double file_moment(const struct dist *d, int n)
{
	double sum = 0;

	for (size_t i = 0; i < d->count; i++)
		sum += pow((double)d->values[i], n);
	return sum / (double)d->count;
}

double dist_mean_ns(const struct dist *d)
{
	switch (d->kind) {
	case DIST_PARETO:
		return pareto_moment(d, 1);
	case DIST_FILE:
		return file_moment(d, 1);
	case DIST_NONE:
		return 0;
	default:
		return d->mean_ns;
	}
}

double dist_second_moment(const struct dist *d)
{
	double m = d->mean_ns, s;

	switch (d->kind) {
	case DIST_CONSTANT:
		return m * m;
	case DIST_EXPONENTIAL:
		return 2 * m * m;
	case DIST_LOGNORMAL:
		return m * m * (1 + d->cv * d->cv);
	case DIST_BIMODAL:
		s = bimodal_short(d);
		return s * s * (1 - d->share + d->share * d->ratio * d->ratio);
	case DIST_ERLANG:
		return m * m * (1 + 1.0 / d->k);
	case DIST_PARETO:
		return pareto_moment(d, 2);
	case DIST_FILE:
		return file_moment(d, 2);
	case DIST_NONE:
		break;
	}
	return 0;
}
