// SPDX-License-Identifier: GPL-2.0
/*
 * Histograms of many runs laid out so that a merged quantile costs a few dot products, whatever the weights of the
 * runs: the inner loop of the bootstrap. Not a general histogram; that is lib/hist.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lab/lab.h"

int sparse_hist_from(struct sparse_hist *to, const struct hist *from)
{
	uint32_t used = 0;

	memset(to, 0, sizeof(*to));
	to->sub_bits = from->sub_bits;
	to->count = from->count;
	to->min = from->min;
	to->max = from->max;
	to->sum = (double)from->sum;
	for (uint32_t i = 0; i < from->bucket_count; i++)
		used += from->buckets[i] != 0;
	to->index = calloc(used ? used : 1, sizeof(*to->index));
	to->count_of = calloc(used ? used : 1, sizeof(*to->count_of));
	if (!to->index || !to->count_of) {
		sparse_hist_free(to);
		return -ENOMEM;
	}
	for (uint32_t i = 0; i < from->bucket_count; i++) {
		if (!from->buckets[i])
			continue;
		to->index[to->used] = i;
		to->count_of[to->used++] = from->buckets[i];
	}
	return 0;
}

int sparse_hist_merge(struct hist *into, const struct sparse_hist *from)
{
	uint64_t min = into->min, max = into->max;
	unsigned __int128 sum = into->sum;

	if (from->sub_bits < into->sub_bits)
		return -EINVAL;
	if (!from->count)
		return 0;
	for (uint32_t i = 0; i < from->used; i++) {
		uint64_t low = hist_bucket_low(from->sub_bits, from->index[i]);

		hist_add_bucket(into, hist_index(into->sub_bits, low), from->count_of[i]);
	}
	hist_set_exact(into, sum + (unsigned __int128)from->sum, from->min < min ? from->min : min,
		       from->max > max ? from->max : max);
	return 0;
}

void sparse_hist_free(struct sparse_hist *h)
{
	free(h->index);
	free(h->count_of);
	memset(h, 0, sizeof(*h));
}

/* The sorted union of the runs' bucket indexes. */
static int collect_indexes(struct stats_pool *p, const struct sparse_hist *const *runs)
{
	uint32_t all = hist_bucket_count(p->sub_bits);
	unsigned char *seen = calloc(all, 1);

	if (!seen)
		return -ENOMEM;
	for (size_t r = 0; r < p->run_count; r++) {
		for (uint32_t i = 0; i < runs[r]->used; i++)
			seen[runs[r]->index[i]] = 1;
	}
	for (uint32_t i = 0; i < all; i++)
		p->bucket_count += seen[i];
	p->index = calloc(p->bucket_count ? p->bucket_count : 1, sizeof(*p->index));
	for (uint32_t i = 0, n = 0; p->index && i < all; i++) {
		if (seen[i])
			p->index[n++] = i;
	}
	free(seen);
	return p->index ? 0 : -ENOMEM;
}

static void fill_run(struct stats_pool *p, size_t run, const struct sparse_hist *h)
{
	double cumulative = 0;
	uint32_t next = 0;

	for (size_t b = 0; b < p->bucket_count; b++) {
		if (next < h->used && h->index[next] == p->index[b])
			cumulative += (double)h->count_of[next++];
		p->cumulative[b * p->run_count + run] = cumulative;
	}
	p->total[run] = (double)h->count;
	p->sum[run] = h->sum;
}

int stats_pool_init(struct stats_pool *p, const struct sparse_hist *const *runs, size_t count)
{
	uint64_t samples = 0, min = UINT64_MAX, max = 0;
	int err;

	memset(p, 0, sizeof(*p));
	if (!count)
		return -EINVAL;
	p->run_count = count;
	p->sub_bits = runs[0]->sub_bits;
	for (size_t r = 0; r < count; r++) {
		if (runs[r]->sub_bits != p->sub_bits)
			return -EINVAL;
		if (!runs[r]->count)
			continue;
		samples += runs[r]->count;
		min = runs[r]->min < min ? runs[r]->min : min;
		max = runs[r]->max > max ? runs[r]->max : max;
	}
	if (!samples)
		return -EINVAL;
	p->min = (double)min;
	p->max = (double)max;
	err = collect_indexes(p, runs);
	if (err)
		return err;
	p->cumulative = calloc(p->bucket_count * count, sizeof(double));
	p->total = calloc(count, sizeof(double));
	p->sum = calloc(count, sizeof(double));
	if (!p->cumulative || !p->total || !p->sum) {
		stats_pool_free(p);
		return -ENOMEM;
	}
	for (size_t r = 0; r < count; r++)
		fill_run(p, r, runs[r]);
	return 0;
}

void stats_pool_free(struct stats_pool *p)
{
	free(p->index);
	free(p->cumulative);
	free(p->total);
	free(p->sum);
	memset(p, 0, sizeof(*p));
}

/* Of one run, or of all of them. */
static double sum_over(const double *values, size_t count, size_t run)
{
	double sum = 0;

	if (run != STATS_ALL_RUNS)
		return values[run];
	for (size_t i = 0; i < count; i++)
		sum += values[i];
	return sum;
}

static double cumulative_at(const struct stats_pool *p, size_t bucket, size_t run)
{
	return sum_over(p->cumulative + bucket * p->run_count, p->run_count, run);
}

double stats_pool_quantile(const struct stats_pool *p, size_t run, double q)
{
	double total = sum_over(p->total, p->run_count, run);
	double rank, below, here, low, high;
	size_t first = 0, last = p->bucket_count - 1;

	if (total <= 0)
		return 0;
	if (q < 0)
		return sum_over(p->sum, p->run_count, run) / total;
	rank = q * total;
	/* The first bucket whose cumulative count reaches the rank, and holds a sample. */
	while (first < last) {
		size_t middle = first + (last - first) / 2;
		double cumulative = cumulative_at(p, middle, run);

		if (cumulative >= rank && cumulative > 0)
			last = middle;
		else
			first = middle + 1;
	}
	here = cumulative_at(p, first, run);
	below = first ? cumulative_at(p, first - 1, run) : 0;
	low = (double)hist_bucket_low(p->sub_bits, p->index[first]);
	high = (double)hist_bucket_high(p->sub_bits, p->index[first]);
	low = low < p->min ? p->min : low;
	high = high > p->max ? p->max : high;
	if (here <= below || rank <= below)
		return low;
	return low + (high - low) * (rank - below) / (here - below);
}
