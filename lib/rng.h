/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Seeded random numbers: xoshiro256** of Blackman and Vigna ("Scrambled linear pseudorandom number generators",
 * 2021), state filled by splitmix64. Not for secrets. The same seed and stream give the same numbers everywhere.
 */
#ifndef SCHEDLAB_LIB_RNG_H
#define SCHEDLAB_LIB_RNG_H

#include <stdint.h>

struct rng {
	uint64_t s[4];
};

/* Start stream @stream of @seed; different streams of a seed are independent for our purposes. */
void rng_seed(struct rng *r, uint64_t seed, uint64_t stream);
/* 64 uniform bits. */
uint64_t rng_u64(struct rng *r);
/* Uniform in [0, 1), 53 bits. */
double rng_double(struct rng *r);
/* Uniform in (0, 1], for logarithms. */
double rng_open_double(struct rng *r);
/* Uniform in [0, n), without modulo bias (Lemire 2019). @n of 0 gives 0. */
uint64_t rng_below(struct rng *r, uint64_t n);

#endif
