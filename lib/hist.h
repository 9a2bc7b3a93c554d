/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Log-linear histogram: 2^sub_bits linear sub-buckets per power of two, with exact count, sum, minimum and maximum.
 * The bucket layout is that of bpf/hist.bpf.h. Values below 2^sub_bits have a bucket each (exact).
 */
#ifndef SCHEDLAB_LIB_HIST_H
#define SCHEDLAB_LIB_HIST_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#define HIST_SUB_BITS_LEDGER 5 /* in BPF: at most 3.2 % */
#define HIST_SUB_BITS_RESULT 7 /* in result files: at most 0.8 % */
#define HIST_SUB_BITS_MAX    10
#define HIST_MIN_TAIL	     10 /* samples that must lie beyond a quantile for it to be reported */

struct hist {
	unsigned int sub_bits;
	uint32_t bucket_count; /* (64 - sub_bits + 1) << sub_bits */
	uint64_t count;
	uint64_t min; /* UINT64_MAX while empty */
	uint64_t max;
	unsigned __int128 sum;
	uint64_t *buckets; /* owned */
};

/* Prepare an empty histogram. Returns 0, -EINVAL (@sub_bits of 0 or above HIST_SUB_BITS_MAX) or -ENOMEM. */
int hist_init(struct hist *h, unsigned int sub_bits);
/* Release the buckets; safe on a zeroed struct. */
void hist_free(struct hist *h);
/* Forget every sample. */
void hist_reset(struct hist *h);

/* The bucket of @value, and the least and the greatest value that fall into bucket @index. */
uint32_t hist_index(unsigned int sub_bits, uint64_t value);
uint64_t hist_bucket_low(unsigned int sub_bits, uint32_t index);
uint64_t hist_bucket_high(unsigned int sub_bits, uint32_t index);
uint32_t hist_bucket_count(unsigned int sub_bits);

/* Add one sample. */
void hist_add(struct hist *h, uint64_t value);
/*
 * Add @count samples known only by their bucket (of this histogram's own layout), as read from a BPF map; the caller
 * sets sum, min and max itself with hist_set_exact().
 */
void hist_add_bucket(struct hist *h, uint32_t index, uint64_t count);
void hist_set_exact(struct hist *h, unsigned __int128 sum, uint64_t min, uint64_t max);

/*
 * Add @from to @into. Where @from is finer its buckets are folded, which loses nothing but the finer resolution.
 * Returns 0 or -EINVAL (@from is coarser).
 */
int hist_merge(struct hist *into, const struct hist *from);
/* @into -= @earlier, bucket by bucket (snapshots of one growing histogram). -ERANGE where it would go below zero. */
int hist_subtract(struct hist *into, const struct hist *earlier);

/*
 * The @q quantile (0 <= q <= 1): the upper end of the bucket that holds the ceil(q * count)-th smallest sample,
 * clamped to max; at most 2^-sub_bits above the exact value. 0 where empty.
 */
uint64_t hist_quantile(const struct hist *h, double q);
/* Whether at least HIST_MIN_TAIL samples lie beyond (not below) the quantile, so that it may be reported. */
bool hist_quantile_known(const struct hist *h, double q);
/* Mean of the samples, from the exact sum. 0 where empty. */
double hist_mean(const struct hist *h);

/* {"unit","sub_bits","count","sum","min","max","buckets":[[index,count],...]}. NULL on lack of memory. */
json_t *hist_to_json(const struct hist *h, const char *unit);
/*
 * Read the same back into the uninitialised @h and check it (buckets sum to count, indexes in range and rising,
 * min and max in the buckets they belong to). Returns 0, -ENOMEM, or -EINVAL with a line in @error.
 */
int hist_from_json(const json_t *json, struct hist *h, char *error, size_t error_size);

/*
 * Draw the histogram as text with power-of-two rows, as the field's tools do, to @out.
 * @divisor turns the stored unit into the shown one (1000 for ns -> us), @unit names it.
 */
void hist_print_log2(const struct hist *h, uint64_t divisor, const char *unit, FILE *out);

#endif
