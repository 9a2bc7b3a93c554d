// SPDX-License-Identifier: GPL-2.0
/* The histogram: bucket layout, exact sums, quantiles, merging, and documents that lie. */
#include "tests/unit/unit.h"
#include "lib/hist.h"
#include "lib/rng.h"

#define SAMPLES 20000

static int by_value(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

/* A spread over many powers of two, as latencies have. */
static uint64_t draw(struct rng *r)
{
	return rng_u64(r) >> (20 + rng_below(r, 44));
}

static void layout_is_whole(void **state)
{
	static const unsigned int bits[] = {1, 2, HIST_SUB_BITS_LEDGER, HIST_SUB_BITS_RESULT,
					    HIST_SUB_BITS_MAX};

	for (size_t b = 0; b < sizeof(bits) / sizeof(bits[0]); b++) {
		uint32_t n = hist_bucket_count(bits[b]);

		assert_int_equal(n, (64 - bits[b] + 1) << bits[b]);
		assert_true(hist_bucket_low(bits[b], 0) == 0);
		assert_true(hist_bucket_high(bits[b], n - 1) == UINT64_MAX);
		for (uint32_t i = 0; i < n; i++) {
			uint64_t low = hist_bucket_low(bits[b], i),
				 high = hist_bucket_high(bits[b], i);

			assert_true(low <= high);
			assert_int_equal(hist_index(bits[b], low), i);
			assert_int_equal(hist_index(bits[b], high), i);
			if (i + 1 < n)
				assert_true(hist_bucket_low(bits[b], i + 1) == high + 1);
			/* The relative error that the header promises. */
			if (low)
				assert_true((high - low) <= low >> bits[b]);
		}
	}
}

static void small_values_are_exact(void **state)
{
	for (uint64_t v = 0; v < 1u << HIST_SUB_BITS_RESULT; v++) {
		uint32_t i = hist_index(HIST_SUB_BITS_RESULT, v);

		assert_true(hist_bucket_low(HIST_SUB_BITS_RESULT, i) == v);
		assert_true(hist_bucket_high(HIST_SUB_BITS_RESULT, i) == v);
	}
}

static void sub_bits_are_checked(void **state)
{
	struct hist h;

	assert_int_equal(hist_init(&h, 0), -EINVAL);
	assert_int_equal(hist_init(&h, HIST_SUB_BITS_MAX + 1), -EINVAL);
	memset(&h, 0, sizeof(h));
	hist_free(&h);
}

static void empty_histogram(void **state)
{
	struct hist h;

	assert_int_equal(hist_init(&h, HIST_SUB_BITS_RESULT), 0);
	assert_int_equal(h.count, 0);
	assert_true(h.min == UINT64_MAX);
	assert_int_equal(h.max, 0);
	assert_int_equal(hist_quantile(&h, 0.5), 0);
	assert_false(hist_quantile_known(&h, 0.5));
	assert_near(hist_mean(&h), 0, 0);
	hist_free(&h);
}

static void moments_are_exact(void **state)
{
	struct hist h;
	struct rng r;
	unsigned __int128 sum = 0;
	uint64_t min = UINT64_MAX, max = 0;

	rng_seed(&r, 1, 0);
	assert_int_equal(hist_init(&h, HIST_SUB_BITS_LEDGER), 0);
	for (int i = 0; i < SAMPLES; i++) {
		uint64_t v = draw(&r);

		hist_add(&h, v);
		sum += v;
		min = v < min ? v : min;
		max = v > max ? v : max;
	}
	assert_int_equal(h.count, SAMPLES);
	assert_true(h.sum == sum);
	assert_true(h.min == min && h.max == max);
	assert_near(hist_mean(&h), (double)sum / SAMPLES, (double)sum / SAMPLES * 1e-12);
	hist_reset(&h);
	assert_int_equal(h.count, 0);
	assert_true(h.sum == 0 && h.max == 0 && h.min == UINT64_MAX);
	hist_free(&h);
}

static void sum_does_not_overflow(void **state)
{
	struct hist h;

	assert_int_equal(hist_init(&h, HIST_SUB_BITS_RESULT), 0);
	for (int i = 0; i < 4; i++)
		hist_add(&h, UINT64_MAX);
	assert_true(h.sum == (unsigned __int128)UINT64_MAX * 4);
	assert_true(hist_quantile(&h, 0.5) == UINT64_MAX);
	hist_free(&h);
}

static void quantiles_against_sorted_samples(void **state)
{
	static const double qs[] = {0, 0.001, 0.1, 0.25, 0.5, 0.9, 0.99, 0.999, 0.9999, 1};
	static uint64_t samples[SAMPLES];
	struct hist h;
	struct rng r;

	rng_seed(&r, 7, 3);
	assert_int_equal(hist_init(&h, HIST_SUB_BITS_RESULT), 0);
	for (int i = 0; i < SAMPLES; i++) {
		samples[i] = draw(&r);
		hist_add(&h, samples[i]);
	}
	qsort(samples, SAMPLES, sizeof(samples[0]), by_value);
	for (size_t i = 0; i < sizeof(qs) / sizeof(qs[0]); i++) {
		double rank = qs[i] * SAMPLES;
		size_t k = (size_t)rank + ((double)(size_t)rank < rank);
		uint64_t exact = samples[k ? k - 1 : 0], got = hist_quantile(&h, qs[i]);

		assert_true(got >= exact);
		assert_true(got - exact <= (exact >> HIST_SUB_BITS_RESULT));
		assert_true(got <= h.max);
	}
	assert_true(hist_quantile(&h, 1) == samples[SAMPLES - 1]);
	hist_free(&h);
}

static void quantile_is_clamped_to_max(void **state)
{
	struct hist h;
	uint64_t value = (1ULL << 40) + 1; /* far below its bucket's upper end */

	assert_int_equal(hist_init(&h, HIST_SUB_BITS_LEDGER), 0);
	hist_add(&h, value);
	assert_true(hist_bucket_high(HIST_SUB_BITS_LEDGER,
				     hist_index(HIST_SUB_BITS_LEDGER, value)) > value);
	assert_true(hist_quantile(&h, 0) == value);
	assert_true(hist_quantile(&h, 0.5) == value);
	assert_true(hist_quantile(&h, 1) == value);
	hist_free(&h);
}

static void tail_must_hold_ten_samples(void **state)
{
	struct hist h;

	assert_int_equal(hist_init(&h, HIST_SUB_BITS_RESULT), 0);
	for (int i = 1; i <= 999; i++)
		hist_add(&h, (uint64_t)i * 1000);
	assert_true(hist_quantile_known(&h, 0.5));
	assert_true(hist_quantile_known(&h, 0.98));
	assert_false(hist_quantile_known(&h, 0.995));
	assert_false(hist_quantile_known(&h, 0.9999));
	hist_free(&h);
}

static void merge_adds(void **state)
{
	struct hist a, b, both;
	struct rng r;

	rng_seed(&r, 2, 0);
	assert_int_equal(hist_init(&a, HIST_SUB_BITS_RESULT), 0);
	assert_int_equal(hist_init(&b, HIST_SUB_BITS_RESULT), 0);
	assert_int_equal(hist_init(&both, HIST_SUB_BITS_RESULT), 0);
	for (int i = 0; i < 1000; i++) {
		uint64_t v = draw(&r);

		hist_add(i % 3 ? &a : &b, v);
		hist_add(&both, v);
	}
	assert_int_equal(hist_merge(&a, &b), 0);
	assert_int_equal(a.count, both.count);
	assert_true(a.sum == both.sum && a.min == both.min && a.max == both.max);
	assert_memory_equal(a.buckets, both.buckets, both.bucket_count * sizeof(*both.buckets));
	/* And back again. */
	assert_int_equal(hist_subtract(&a, &b), 0);
	assert_int_equal(a.count, both.count - b.count);
	assert_true(a.sum == both.sum - b.sum);
	assert_int_equal(hist_subtract(&b, &both), -ERANGE);
	hist_free(&a);
	hist_free(&b);
	hist_free(&both);
}

static void merge_with_an_empty_one(void **state)
{
	struct hist a, empty;

	assert_int_equal(hist_init(&a, HIST_SUB_BITS_RESULT), 0);
	assert_int_equal(hist_init(&empty, HIST_SUB_BITS_RESULT), 0);
	hist_add(&a, 5);
	assert_int_equal(hist_merge(&a, &empty), 0);
	assert_true(a.min == 5 && a.max == 5 && a.count == 1);
	assert_int_equal(hist_merge(&empty, &a), 0);
	assert_true(empty.min == 5 && empty.max == 5 && empty.count == 1);
	hist_free(&a);
	hist_free(&empty);
}

static void finer_folds_into_coarser(void **state)
{
	struct hist fine, coarse, folded;
	struct rng r;

	rng_seed(&r, 3, 0);
	assert_int_equal(hist_init(&fine, HIST_SUB_BITS_RESULT), 0);
	assert_int_equal(hist_init(&coarse, HIST_SUB_BITS_LEDGER), 0);
	assert_int_equal(hist_init(&folded, HIST_SUB_BITS_LEDGER), 0);
	for (int i = 0; i < 5000; i++) {
		uint64_t v = draw(&r);

		hist_add(&fine, v);
		hist_add(&coarse, v);
	}
	assert_int_equal(hist_merge(&folded, &fine), 0);
	assert_memory_equal(folded.buckets, coarse.buckets,
			    coarse.bucket_count * sizeof(*coarse.buckets));
	assert_true(folded.sum == coarse.sum && folded.min == coarse.min &&
		    folded.max == coarse.max);
	assert_int_equal(hist_merge(&fine, &coarse), -EINVAL);
	hist_free(&fine);
	hist_free(&coarse);
	hist_free(&folded);
}

static void json_round_trip(void **state)
{
	struct hist h, back;
	struct rng r;
	char error[200] = "";
	json_t *json;

	rng_seed(&r, 4, 0);
	assert_int_equal(hist_init(&h, HIST_SUB_BITS_RESULT), 0);
	for (int i = 0; i < 3000; i++)
		hist_add(&h, draw(&r));
	json = hist_to_json(&h, "ns");
	assert_non_null(json);
	assert_string_equal(json_string_value(json_object_get(json, "unit")), "ns");
	assert_int_equal(hist_from_json(json, &back, error, sizeof(error)), 0);
	assert_true(back.count == h.count && back.sum == h.sum && back.min == h.min &&
		    back.max == h.max);
	assert_memory_equal(back.buckets, h.buckets, h.bucket_count * sizeof(*h.buckets));
	json_decref(json);
	hist_free(&h);
	hist_free(&back);
}

static void json_of_an_empty_one(void **state)
{
	struct hist h, back;
	char error[200] = "";
	json_t *json;

	assert_int_equal(hist_init(&h, HIST_SUB_BITS_LEDGER), 0);
	json = hist_to_json(&h, "ns");
	assert_non_null(json);
	assert_int_equal(hist_from_json(json, &back, error, sizeof(error)), 0);
	assert_true(back.count == 0 && back.min == UINT64_MAX && back.max == 0);
	json_decref(json);
	hist_free(&h);
	hist_free(&back);
}

static void hostile_json_is_refused(void **state)
{
	static const char *const texts[] = {
		"{}",
		"[]",
		"null",
		"\"hist\"",
		/* nothing but the buckets is missing */
		"{\"unit\":\"ns\",\"sub_bits\":7,\"count\":1,\"sum\":3,\"min\":3,\"max\":3}",
		/* sub_bits of 0, 63, negative, text, real */
		"{\"unit\":\"ns\",\"sub_bits\":0,\"count\":1,\"sum\":3,\"min\":3,\"max\":3,"
		"\"buckets\":[[3,1]]}",
		"{\"unit\":\"ns\",\"sub_bits\":63,\"count\":1,\"sum\":3,\"min\":3,\"max\":3,"
		"\"buckets\":[[3,1]]}",
		"{\"unit\":\"ns\",\"sub_bits\":-7,\"count\":1,\"sum\":3,\"min\":3,\"max\":3,"
		"\"buckets\":[[3,1]]}",
		"{\"unit\":\"ns\",\"sub_bits\":\"7\",\"count\":1,\"sum\":3,\"min\":3,\"max\":3,"
		"\"buckets\":[[3,1]]}",
		"{\"unit\":\"ns\",\"sub_bits\":7.5,\"count\":1,\"sum\":3,\"min\":3,\"max\":3,"
		"\"buckets\":[[3,1]]}",
		/* an index outside, a negative one */
		"{\"unit\":\"ns\",\"sub_bits\":7,\"count\":1,\"sum\":3,\"min\":3,\"max\":3,"
		"\"buckets\":[[99999999,1]]}",
		"{\"unit\":\"ns\",\"sub_bits\":7,\"count\":1,\"sum\":3,\"min\":3,\"max\":3,"
		"\"buckets\":[[-1,1]]}",
		/* counts that do not add up, a negative count, a count of zero with a bucket */
		"{\"unit\":\"ns\",\"sub_bits\":7,\"count\":2,\"sum\":3,\"min\":3,\"max\":3,"
		"\"buckets\":[[3,1]]}",
		"{\"unit\":\"ns\",\"sub_bits\":7,\"count\":1,\"sum\":3,\"min\":3,\"max\":3,"
		"\"buckets\":[[3,-1]]}",
		"{\"unit\":\"ns\",\"sub_bits\":7,\"count\":0,\"sum\":0,\"min\":0,\"max\":0,"
		"\"buckets\":[[3,1]]}",
		/* indexes that do not rise, or repeat */
		"{\"unit\":\"ns\",\"sub_bits\":7,\"count\":2,\"sum\":7,\"min\":3,\"max\":4,"
		"\"buckets\":[[4,1],[3,1]]}",
		"{\"unit\":\"ns\",\"sub_bits\":7,\"count\":2,\"sum\":6,\"min\":3,\"max\":3,"
		"\"buckets\":[[3,1],[3,1]]}",
		/* min and max outside of their buckets */
		"{\"unit\":\"ns\",\"sub_bits\":7,\"count\":1,\"sum\":3,\"min\":2,\"max\":3,"
		"\"buckets\":[[3,1]]}",
		"{\"unit\":\"ns\",\"sub_bits\":7,\"count\":1,\"sum\":3,\"min\":3,\"max\":400,"
		"\"buckets\":[[3,1]]}",
		/* buckets of another shape */
		"{\"unit\":\"ns\",\"sub_bits\":7,\"count\":1,\"sum\":3,\"min\":3,\"max\":3,"
		"\"buckets\":[3,1]}",
		"{\"unit\":\"ns\",\"sub_bits\":7,\"count\":1,\"sum\":3,\"min\":3,\"max\":3,"
		"\"buckets\":[[3]]}",
		"{\"unit\":\"ns\",\"sub_bits\":7,\"count\":1,\"sum\":3,\"min\":3,\"max\":3,"
		"\"buckets\":{\"3\":1}}",
		"{\"unit\":\"ns\",\"sub_bits\":7,\"count\":1,\"sum\":3,\"min\":3,\"max\":3,"
		"\"buckets\":[[\"3\",\"1\"]]}",
		/* bucket counts whose sum wraps around 2^64 to the right one */
		"{\"unit\":\"ns\",\"sub_bits\":7,\"count\":2,\"sum\":3,\"min\":1,\"max\":3,"
		"\"buckets\":"
		"[[1,9223372036854775807],[2,9223372036854775807],[3,4]]}",
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		json_t *json = json_loads(texts[i], JSON_DECODE_ANY, NULL);
		char error[200] = "";
		struct hist h;
		int status;

		assert_non_null(json);
		status = hist_from_json(json, &h, error, sizeof(error));
		if (status != -EINVAL)
			fail_msg("taken: %s", texts[i]);
		assert_int_not_equal(error[0], 0);
		assert_null(strchr(error, '\n'));
		json_decref(json);
	}
}

static void error_buffer_is_respected(void **state)
{
	json_t *json = json_object();
	char error[8] = "#######";
	struct hist h;

	assert_int_equal(hist_from_json(json, &h, error, 4), -EINVAL);
	assert_int_equal(error[3], 0);
	assert_int_equal(error[4], '#');
	json_decref(json);
}

static void log2_picture_counts_every_sample(void **state)
{
	struct hist h;
	char *text = NULL, *line;
	size_t size = 0;
	unsigned long seen = 0;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	assert_int_equal(hist_init(&h, HIST_SUB_BITS_RESULT), 0);
	for (uint64_t v = 0; v < 3000; v += 3)
		hist_add(&h, v * 1000);
	hist_print_log2(&h, 1000, "usecs", out);
	fclose(out);
	assert_non_null(strstr(text, "usecs"));
	/* Rows are "low -> high : count |***|". */
	for (line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
		unsigned long long low, high;
		unsigned long count;

		if (sscanf(line, " %llu -> %llu : %lu", &low, &high, &count) == 3)
			seen += count;
	}
	assert_int_equal(seen, h.count);
	free(text);
	hist_free(&h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(layout_is_whole),
		cmocka_unit_test(small_values_are_exact),
		cmocka_unit_test(sub_bits_are_checked),
		cmocka_unit_test(empty_histogram),
		cmocka_unit_test(moments_are_exact),
		cmocka_unit_test(sum_does_not_overflow),
		cmocka_unit_test(quantiles_against_sorted_samples),
		cmocka_unit_test(quantile_is_clamped_to_max),
		cmocka_unit_test(tail_must_hold_ten_samples),
		cmocka_unit_test(merge_adds),
		cmocka_unit_test(merge_with_an_empty_one),
		cmocka_unit_test(finer_folds_into_coarser),
		cmocka_unit_test(json_round_trip),
		cmocka_unit_test(json_of_an_empty_one),
		cmocka_unit_test(hostile_json_is_refused),
		cmocka_unit_test(error_buffer_is_respected),
		cmocka_unit_test(log2_picture_counts_every_sample),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
