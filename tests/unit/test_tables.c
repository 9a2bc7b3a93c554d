// SPDX-License-Identifier: GPL-2.0
/* Unit tests of the differences of the ledger's tables: what a report of one interval shows. */
#include "observe/ledger.h"
#include "tests/unit/unit.h"

static void rows_lose_what_was_before(void **state)
{
	struct ledger_row before = {
		.count = 2, .total_ns = 1100, .waiting_ns = 100, .min_ns = 100, .max_ns = 1000};
	struct ledger_row now = {
		.count = 5, .total_ns = 4100, .waiting_ns = 400, .min_ns = 100, .max_ns = 1500};

	before.slots[6] = before.slots[9] = 1; /* 100 and 1000 */
	now.slots[6] = now.slots[9] = 1;
	now.slots[10] += 2; /* 1024 to 2047 */
	now.slots[8] += 1;  /* 256 to 511 */
	ledger_row_subtract(&now, &before);
	assert_int_equal(now.count, 3);
	assert_int_equal(now.total_ns, 3000);
	assert_int_equal(now.waiting_ns, 300);
	assert_int_equal(now.slots[6], 0);
	assert_int_equal(now.slots[8], 1);
	assert_int_equal(now.min_ns, 256);  /* by its slot: 100 was earlier */
	assert_int_equal(now.max_ns, 1500); /* the slot allows 2047: the longest so far is closer */
}

static void an_earlier_maximum_is_bounded(void **state)
{
	struct ledger_edge before = {
		.count = 1, .same_cpu = 1, .total_ns = 9000, .min_ns = 9000, .max_ns = 9000};
	struct ledger_edge now = before;

	before.slots[13] = now.slots[13] = 1;
	now.count = 2;
	now.other_cache = 1;
	now.total_ns += 40;
	now.min_ns = 40;
	now.slots[5] = 1; /* 32 to 63 */
	ledger_edge_subtract(&now, &before);
	assert_int_equal(now.count, 1);
	assert_int_equal(now.same_cpu, 0);
	assert_int_equal(now.other_cache, 1);
	assert_int_equal(now.total_ns, 40);
	assert_int_equal(now.min_ns, 40);
	assert_int_equal(now.max_ns, 63);
}

static void nothing_new_is_nothing(void **state)
{
	struct ledger_chain chain = {.count = 7, .first_ns = 1, .between_ns = 2, .second_ns = 3},
			    before = chain;

	ledger_chain_subtract(&chain, &before);
	assert_int_equal(chain.count, 0);
	assert_int_equal(chain.first_ns + chain.between_ns + chain.second_ns, 0);
}

static void queues_know_their_longest(void **state)
{
	struct ledger_qlen before = {.count = 3, .sum = 12, .max = 9},
			   now = {.count = 5, .sum = 15, .max = 9};

	before.slots[1] = 2;
	before.slots[9] = 1;
	now.slots[1] = 3;
	now.slots[2] = 1;
	now.slots[9] = 1;
	ledger_qlen_subtract(&now, &before);
	assert_int_equal(now.count, 2);
	assert_int_equal(now.sum, 3);
	assert_int_equal(now.max, 2);
	/* Lengths beyond the last slot are not told apart: the longest since the start stands. */
	now = (struct ledger_qlen){.count = 1, .sum = 80, .max = 80};
	before = (struct ledger_qlen){0};
	now.slots[LEDGER_QLEN_SLOTS - 1] = 1;
	ledger_qlen_subtract(&now, &before);
	assert_int_equal(now.max, 80);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_lose_what_was_before),
		cmocka_unit_test(an_earlier_maximum_is_bounded),
		cmocka_unit_test(nothing_new_is_nothing),
		cmocka_unit_test(queues_know_their_longest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
