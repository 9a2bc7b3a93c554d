// SPDX-License-Identifier: GPL-2.0
/* Log-linear histogram, see lib/hist.h. Holds no lock: one owner at a time. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "lib/hist.h"

uint32_t hist_bucket_count(unsigned int sub_bits)
{
	return (64 - sub_bits + 1) << sub_bits;
}

int hist_init(struct hist *h, unsigned int sub_bits)
{
	memset(h, 0, sizeof(*h));
	if (sub_bits == 0 || sub_bits > HIST_SUB_BITS_MAX)
		return -EINVAL;
	h->sub_bits = sub_bits;
	h->bucket_count = hist_bucket_count(sub_bits);
	h->buckets = calloc(h->bucket_count, sizeof(*h->buckets));
	if (!h->buckets)
		return -ENOMEM;
	h->min = UINT64_MAX;
	return 0;
}

void hist_free(struct hist *h)
{
	free(h->buckets);
	memset(h, 0, sizeof(*h));
}

void hist_reset(struct hist *h)
{
	memset(h->buckets, 0, h->bucket_count * sizeof(*h->buckets));
	h->count = 0;
	h->sum = 0;
	h->min = UINT64_MAX;
	h->max = 0;
}

/*
 * A value with its top bit at e >= sub_bits falls into row e - sub_bits + 1; the sub_bits bits below the top one choose the bucket in the row.
 * Row 0 holds the values below 2^sub_bits, one bucket each.
 */
uint32_t hist_index(unsigned int sub_bits, uint64_t value)
{
	unsigned int exponent;

	if (value < (1ULL << sub_bits))
		return (uint32_t)value;
	exponent = 63 - (unsigned int)__builtin_clzll(value);
	return ((exponent - sub_bits + 1) << sub_bits) +
	       (uint32_t)((value >> (exponent - sub_bits)) & ((1ULL << sub_bits) - 1));
}

uint64_t hist_bucket_low(unsigned int sub_bits, uint32_t index)
{
	uint32_t row = index >> sub_bits;
	uint64_t column = index & ((1U << sub_bits) - 1);

	if (row == 0)
		return column;
	return ((1ULL << sub_bits) + column) << (row - 1);
}

uint64_t hist_bucket_high(unsigned int sub_bits, uint32_t index)
{
	uint32_t row = index >> sub_bits;
	uint64_t width = row == 0 ? 1 : 1ULL << (row - 1);

	return hist_bucket_low(sub_bits, index) + (width - 1);
}

void hist_add(struct hist *h, uint64_t value)
{
	h->buckets[hist_index(h->sub_bits, value)]++;
	h->count++;
	h->sum += value;
	if (value < h->min)
		h->min = value;
	if (value > h->max)
		h->max = value;
}

void hist_add_bucket(struct hist *h, uint32_t index, uint64_t count)
{
	h->buckets[index] += count;
	h->count += count;
}

void hist_set_exact(struct hist *h, unsigned __int128 sum, uint64_t min, uint64_t max)
{
	h->sum = sum;
	h->min = min;
	h->max = max;
}

int hist_merge(struct hist *into, const struct hist *from)
{
	uint32_t i;

	if (from->sub_bits < into->sub_bits)
		return -EINVAL;
	for (i = 0; i < from->bucket_count; i++) {
		if (!from->buckets[i])
			continue;
		into->buckets[hist_index(into->sub_bits, hist_bucket_low(from->sub_bits, i))] +=
			from->buckets[i];
	}
	into->count += from->count;
	into->sum += from->sum;
	if (from->min < into->min)
		into->min = from->min;
	if (from->max > into->max)
		into->max = from->max;
	return 0;
}

int hist_subtract(struct hist *into, const struct hist *earlier)
{
	uint32_t i;

	if (into->sub_bits != earlier->sub_bits)
		return -EINVAL;
	for (i = 0; i < into->bucket_count; i++)
		if (into->buckets[i] < earlier->buckets[i])
			return -ERANGE;
	if (into->count < earlier->count || into->sum < earlier->sum)
		return -ERANGE;
	for (i = 0; i < into->bucket_count; i++)
		into->buckets[i] -= earlier->buckets[i];
	into->count -= earlier->count;
	into->sum -= earlier->sum;
	return 0;
}

uint64_t hist_quantile(const struct hist *h, double q)
{
	uint64_t rank, seen = 0, high;
	uint32_t i;

	if (h->count == 0)
		return 0;
	if (q <= 0)
		return h->min;
	rank = (uint64_t)ceil(q * (double)h->count);
	if (rank < 1)
		rank = 1;
	if (rank >= h->count)
		return h->max;
	for (i = 0; i < h->bucket_count; i++) {
		seen += h->buckets[i];
		if (seen >= rank) {
			high = hist_bucket_high(h->sub_bits, i);
			return high < h->max ? high : h->max;
		}
	}
	return h->max;
}

bool hist_quantile_known(const struct hist *h, double q)
{
	double beyond = (double)h->count * (q >= 0.5 ? 1 - q : q);

	/* 1 - q has a rounding error of its own; a sample's millionth is forgiven. */
	return beyond + 1e-6 >= HIST_MIN_TAIL;
}

double hist_mean(const struct hist *h)
{
	return h->count ? (double)h->sum / (double)h->count : 0;
}

static int append_buckets(json_t *list, const struct hist *h)
{
	uint32_t i;

	for (i = 0; i < h->bucket_count; i++) {
		if (!h->buckets[i])
			continue;
		if (json_array_append_new(
			    list, json_pack("[I, I]", (json_int_t)i, (json_int_t)h->buckets[i])))
			return -ENOMEM;
	}
	return 0;
}

json_t *hist_to_json(const struct hist *h, const char *unit)
{
	json_t *list = json_array(), *json;

	if (!list || append_buckets(list, h)) {
		json_decref(list);
		return NULL;
	}
	/* A sum past 2^63 - 1 (292 years in ns) saturates; JSON integers end there. */
	json = json_pack("{s:s, s:i, s:I, s:I, s:I, s:I, s:o}", "unit", unit, "sub_bits",
			 (int)h->sub_bits, "count", (json_int_t)h->count, "sum",
			 h->sum > INT64_MAX ? (json_int_t)INT64_MAX : (json_int_t)h->sum, "min",
			 h->count ? (json_int_t)h->min : (json_int_t)0, "max", (json_int_t)h->max,
			 "buckets", list);
	return json;
}

static int read_bucket(const json_t *pair, struct hist *h, int64_t *last, char *error, size_t size)
{
	const json_t *index = json_array_get(pair, 0), *count = json_array_get(pair, 1);
	json_int_t i, n;

	if (json_array_size(pair) != 2 || !json_is_integer(index) || !json_is_integer(count)) {
		snprintf(error, size, "a bucket is not [index, count]");
		return -EINVAL;
	}
	i = json_integer_value(index);
	n = json_integer_value(count);
	if (i <= *last || i >= (json_int_t)h->bucket_count || n <= 0) {
		snprintf(error, size, "bucket [%lld, %lld] is out of range or out of order",
			 (long long)i, (long long)n);
		return -EINVAL;
	}
	*last = i;
	h->buckets[i] = (uint64_t)n;
	if (__builtin_add_overflow(h->count, (uint64_t)n, &h->count)) {
		snprintf(error, size, "the bucket counts overflow");
		return -EINVAL;
	}
	return 0;
}

static int check_exact(const struct hist *h, json_int_t count, int64_t last, char *error,
		       size_t size)
{
	uint32_t first = 0;

	if (count < 0 || (uint64_t)count != h->count) {
		snprintf(error, size, "count is %lld, the buckets hold %llu", (long long)count,
			 (unsigned long long)h->count);
		return -EINVAL;
	}
	if (count == 0)
		return 0;
	while (!h->buckets[first])
		first++;
	if (h->min > h->max || hist_index(h->sub_bits, h->min) != first ||
	    hist_index(h->sub_bits, h->max) != (uint32_t)last) {
		snprintf(error, size, "min or max lies outside the buckets");
		return -EINVAL;
	}
	return 0;
}

int hist_from_json(const json_t *json, struct hist *h, char *error, size_t error_size)
{
	json_int_t sub_bits, count, sum, min, max;
	json_t *list, *pair;
	int64_t last = -1;
	size_t i;
	int err;

	memset(h, 0, sizeof(*h));
	if (json_unpack((json_t *)json, "{s:I, s:I, s:I, s:I, s:I, s:o}", "sub_bits", &sub_bits,
			"count", &count, "sum", &sum, "min", &min, "max", &max, "buckets", &list) ||
	    !json_is_array(list)) {
		snprintf(error, error_size,
			 "not a histogram: sub_bits, count, sum, min, max and buckets are needed");
		return -EINVAL;
	}
	if (sub_bits < 1 || sub_bits > HIST_SUB_BITS_MAX || sum < 0 || min < 0 || max < 0) {
		snprintf(error, error_size, "sub_bits, sum, min or max is out of range");
		return -EINVAL;
	}
	err = hist_init(h, (unsigned int)sub_bits);
	if (err)
		return err;
	json_array_foreach (list, i, pair) {
		err = read_bucket(pair, h, &last, error, error_size);
		if (err)
			goto fail;
	}
	hist_set_exact(h, (unsigned __int128)sum, count ? (uint64_t)min : UINT64_MAX,
		       (uint64_t)max);
	err = check_exact(h, count, last, error, error_size);
	if (err)
		goto fail;
	return 0;
fail:
	hist_free(h);
	return err;
}

#define LOG2_ROWS 64
#define BAR_WIDTH 40

/* Row 0 holds 0 and 1; row r > 0 holds [2^r, 2^(r+1)) of the shown unit. */
static unsigned int log2_row(uint64_t value)
{
	return value < 2 ? 0 : (63 - (unsigned int)__builtin_clzll(value)) & 63;
}

void hist_print_log2(const struct hist *h, uint64_t divisor, const char *unit, FILE *out)
{
	uint64_t rows[LOG2_ROWS] = {0}, most = 0;
	unsigned int r, first = LOG2_ROWS - 1, last = 0;
	uint32_t i;

	for (i = 0; i < h->bucket_count; i++) {
		if (!h->buckets[i])
			continue;
		r = log2_row(hist_bucket_low(h->sub_bits, i) / divisor);
		rows[r] += h->buckets[i];
		most = rows[r] > most ? rows[r] : most;
		first = r < first ? r : first;
		last = r > last ? r : last;
	}
	if (!most) {
		fprintf(out, "     (no samples)\n");
		return;
	}
	fprintf(out, "     %-24s : count    distribution\n", unit);
	for (r = first; r <= last; r++) {
		int bar = (int)(rows[r] * BAR_WIDTH / most);

		fprintf(out, "%12llu -> %-12llu : %-8llu |%.*s%*s|\n", r ? 1ULL << r : 0ULL,
			(unsigned long long)(r >= 63 ? UINT64_MAX : (2ULL << r) - 1),
			(unsigned long long)rows[r], bar,
			"****************************************", BAR_WIDTH - bar, "");
	}
}
