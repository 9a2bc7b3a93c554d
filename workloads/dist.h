/* SPDX-License-Identifier: GPL-2.0 */
/* Service time distributions: sampling and moments. Inner header of the load room. */
#ifndef SCHEDLAB_WORKLOADS_DIST_H
#define SCHEDLAB_WORKLOADS_DIST_H

#include <stddef.h>
#include <stdint.h>

#include "lib/rng.h"

enum dist_kind {
	DIST_NONE,
	DIST_CONSTANT,
	DIST_EXPONENTIAL,
	DIST_LOGNORMAL,
	DIST_BIMODAL,
	DIST_ERLANG,
	DIST_PARETO, /* bounded */
	DIST_FILE,   /* the values of a file, each as likely as any other */
};

struct dist {
	enum dist_kind kind;
	double mean_ns; /* constant, exponential, lognormal, bimodal, erlang */
	double cv;	/* lognormal: standard deviation over mean */
	double share;	/* bimodal: of the long jobs, in (0, 1) */
	double ratio;	/* bimodal: long over short, > 1 */
	unsigned int k; /* erlang: phases */
	double alpha;	/* pareto */
	double min_ns, max_ns;
	uint64_t *values; /* file; owned by the holder of the struct */
	size_t count;
};

/* One sample in ns, at least 1 (a job does something) and at most an hour. */
uint64_t dist_sample(const struct dist *d, struct rng *r);
/*
 * E[S] in ns and E[S^2] in ns^2 of the distribution as stated (without dist_sample's clamping).
 * Bounded Pareto: Harchol-Balter, "Performance Modeling and Design of Computer Systems", 2013, chapter 20.
 */
double dist_mean_ns(const struct dist *d);
double dist_second_moment(const struct dist *d);
/* An exponential sample of the given mean; also the gap between Poisson arrivals. */
double dist_exponential(struct rng *r, double mean);

#endif
