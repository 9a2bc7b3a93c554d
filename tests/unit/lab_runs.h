/* SPDX-License-Identifier: GPL-2.0 */
/* Result documents made up for tests of the lab: exponential latencies whose run means vary by a known amount. */
#ifndef SCHEDLAB_TESTS_UNIT_LAB_RUNS_H
#define SCHEDLAB_TESTS_UNIT_LAB_RUNS_H

#include <math.h>
#include <stdlib.h>

#include "tests/unit/unit.h"

#include "lab/lab.h"
#include "lib/rng.h"
#include "lib/seal.h"

static inline double draw_normal(struct rng *r)
{
	return sqrt(-2 * log(rng_open_double(r))) * cos(2 * M_PI * rng_double(r));
}

/* @samples exponential latencies of mean @mean_ns. */
static inline void draw_hist(struct rng *r, struct hist *h, int samples, double mean_ns)
{
	assert_int_equal(hist_init(h, HIST_SUB_BITS_RESULT), 0);
	for (int i = 0; i < samples; i++)
		hist_add(h, (uint64_t)(-log(rng_open_double(r)) * mean_ns));
}

static inline void draw_sparse(struct rng *r, struct sparse_hist *s, int samples, double mean_ns)
{
	struct hist h;

	draw_hist(r, &h, samples, mean_ns);
	assert_int_equal(sparse_hist_from(s, &h), 0);
	hist_free(&h);
}

/* Room for one more run in @set; the caller fills it and counts it. */
static inline void run_set_grow(struct run_set *set)
{
	struct lab_run *runs = reallocarray(set->runs, set->count + 1, sizeof(*runs));

	assert_non_null(runs);
	set->runs = runs;
}

/* A sealed result of scheduler @name under workload "web" with seed @seed. */
static inline json_t *made_up_result(const char *name, uint64_t seed, const struct hist *wakeup)
{
	json_t *document = json_pack(
		"{s:s, s:s, s:{s:s}, s:{s:s, s:s, s:{}}, s:{s:s, s:I, s:s}, s:{s:b, s:[]}, "
		"s:{s:o}, s:[]}",
		"schema", "schedlab.result/1", "evidence", "icount", "environment", "kernel",
		"6.18.15", "scheduler", "name", name, "kind", "sched_ext", "tunables", "workload",
		"name", "web", "seed", (json_int_t)seed, "trace_hash", "0123", "validity", "valid",
		1, "reasons", "metrics", "wakeup", hist_to_json(wakeup, "ns"), "classes");

	assert_non_null(document);
	assert_int_equal(seal_add(document), 0);
	return document;
}

#endif
