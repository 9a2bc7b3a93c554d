// SPDX-License-Identifier: GPL-2.0
/* xoshiro256** and splitmix64, see lib/rng.h. */
#include "lib/rng.h"

static uint64_t rotate_left(uint64_t x, int k)
{
	return (x << k) | (x >> (64 - k));
}

static uint64_t splitmix64(uint64_t *state)
{
	uint64_t z = (*state += 0x9e3779b97f4a7c15ULL);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
	return z ^ (z >> 31);
}

void rng_seed(struct rng *r, uint64_t seed, uint64_t stream)
{
	uint64_t state = seed;
	int i;

	/* The stream goes through the mixer too, so that (1, 2) and (2, 1) have nothing in common. */
	state = splitmix64(&state) ^ (stream * 0xd1342543de82ef95ULL + 1);
	for (i = 0; i < 4; i++)
		r->s[i] = splitmix64(&state);
}

uint64_t rng_u64(struct rng *r)
{
	uint64_t result = rotate_left(r->s[1] * 5, 7) * 9;
	uint64_t t = r->s[1] << 17;

	r->s[2] ^= r->s[0];
	r->s[3] ^= r->s[1];
	r->s[1] ^= r->s[2];
	r->s[0] ^= r->s[3];
	r->s[2] ^= t;
	r->s[3] = rotate_left(r->s[3], 45);
	return result;
}

double rng_double(struct rng *r)
{
	return (double)(rng_u64(r) >> 11) * 0x1.0p-53;
}

double rng_open_double(struct rng *r)
{
	return ((double)(rng_u64(r) >> 11) + 1) * 0x1.0p-53;
}

uint64_t rng_below(struct rng *r, uint64_t n)
{
	unsigned __int128 product = (unsigned __int128)rng_u64(r) * n;
	uint64_t threshold;

	if ((uint64_t)product < n) {
		threshold = n ? -n % n : 0;
		while ((uint64_t)product < threshold)
			product = (unsigned __int128)rng_u64(r) * n;
	}
	return (uint64_t)(product >> 64);
}
