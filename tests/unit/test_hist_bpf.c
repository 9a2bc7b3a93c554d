// SPDX-License-Identifier: GPL-2.0
/* The histogram of BPF programs against lib/hist.h: same buckets for the same values, at every edge. */
#include <linux/types.h>

#include "bpf/hist.bpf.h"
#include "lib/hist.h"
#include "lib/rng.h"
#include "unit.h"

static void check_value(uint64_t value)
{
	assert_int_equal(hist_bpf_index(value), hist_index(HIST_BPF_SUB_BITS, value));
}

static void same_layout(void **state)
{
	assert_int_equal(HIST_BPF_SUB_BITS, HIST_SUB_BITS_LEDGER);
	assert_int_equal(HIST_BPF_BUCKETS, hist_bucket_count(HIST_SUB_BITS_LEDGER));
}

static void same_bucket_at_edges(void **state)
{
	uint32_t index;

	for (index = 0; index < HIST_BPF_BUCKETS; index++) {
		check_value(hist_bucket_low(HIST_BPF_SUB_BITS, index));
		check_value(hist_bucket_high(HIST_BPF_SUB_BITS, index));
		assert_int_equal(hist_bpf_index(hist_bucket_low(HIST_BPF_SUB_BITS, index)), index);
		assert_int_equal(hist_bpf_index(hist_bucket_high(HIST_BPF_SUB_BITS, index)), index);
	}
	check_value(UINT64_MAX);
}

static void same_bucket_anywhere(void **state)
{
	struct rng rng;
	int i;

	rng_seed(&rng, 1, 0);
	for (i = 0; i < 200000; i++)
		check_value(rng_u64(&rng) >> rng_below(&rng, 64));
}

static void log2_of_powers(void **state)
{
	unsigned int bit;

	assert_int_equal(hist_bpf_log2_u64(0), 0);
	for (bit = 0; bit < 64; bit++) {
		assert_int_equal(hist_bpf_log2_u64(1ULL << bit), bit);
		assert_int_equal(hist_bpf_log2_u64((1ULL << bit) | ((1ULL << bit) - 1)), bit);
	}
}

static void sums_and_extremes(void **state)
{
	static struct hist_bpf h;

	hist_bpf_add(&h, 100);
	hist_bpf_add(&h, 7);
	hist_bpf_add(&h, 5000000000ULL);
	assert_true(h.sum == 5000000107ULL);
	assert_true(h.max == 5000000000ULL);
	assert_true(~h.not_min == 7);
	assert_true(h.buckets[7] == 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(same_layout),		cmocka_unit_test(same_bucket_at_edges),
		cmocka_unit_test(same_bucket_anywhere), cmocka_unit_test(log2_of_powers),
		cmocka_unit_test(sums_and_extremes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
