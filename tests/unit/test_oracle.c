// SPDX-License-Identifier: GPL-2.0
/* The oracles against cases worked by hand, against each other's laws, and against the closed forms. */
#include "tests/unit/unit.h"

#include <math.h>

#include "workloads/dist.h"
#include "workloads/oracle.h"

typedef int (*oracle)(const struct oracle_jobs *, uint64_t *);

static void check(oracle o, unsigned int servers, size_t n, const uint64_t *arrival,
		  const uint64_t *service, const uint64_t *expected)
{
	struct oracle_jobs jobs = {arrival, service, n, servers};
	uint64_t sojourn[16];

	assert_int_equal(o(&jobs, sojourn), 0);
	for (size_t i = 0; i < n; i++)
		if (sojourn[i] != expected[i])
			fail_msg("job %zu: %llu, expected %llu", i, (unsigned long long)sojourn[i],
				 (unsigned long long)expected[i]);
}

#define CHECK(o, servers, arrival, service, expected) \
	check(o, servers, sizeof(arrival) / sizeof((arrival)[0]), arrival, service, expected)

static void fcfs_by_hand(void **state)
{
	const uint64_t arrival[] = {0, 10, 20, 200}, service[] = {100, 10, 5, 7};
	/* One server: ends at 100, 110, 115, 207. Two: 100, 20, 25, 207. */
	const uint64_t one[] = {100, 100, 95, 7}, two[] = {100, 10, 5, 7};

	CHECK(oracle_fcfs, 1, arrival, service, one);
	CHECK(oracle_fcfs, 2, arrival, service, two);
}

static void fcfs_two_servers_queue(void **state)
{
	const uint64_t arrival[] = {0, 0, 1, 2}, service[] = {10, 4, 3, 5};
	/* Server B is free at 4: job 2 runs 4 to 7, job 3 runs 7 to 12. */
	const uint64_t expected[] = {10, 4, 6, 10};

	CHECK(oracle_fcfs, 2, arrival, service, expected);
}

static void ps_by_hand(void **state)
{
	const uint64_t arrival[] = {0, 60}, service[] = {100, 30};
	/* Alone until 60; then half each: the second is done after 60, when the first has 10 left. */
	const uint64_t expected[] = {130, 60};

	CHECK(oracle_ps, 1, arrival, service, expected);
}

static void ps_equal_jobs_end_together(void **state)
{
	const uint64_t arrival[] = {0, 0, 0, 0}, service[] = {10, 10, 10, 10};
	const uint64_t one[] = {40, 40, 40, 40}, two[] = {20, 20, 20, 20},
		       eight[] = {10, 10, 10, 10};

	CHECK(oracle_ps, 1, arrival, service, one);
	CHECK(oracle_ps, 2, arrival, service, two);
	CHECK(oracle_ps, 8, arrival, service, eight);
}

/* Three jobs on two servers get 2/3 each until one is done; then each has its own. */
static void ps_two_servers(void **state)
{
	const uint64_t arrival[] = {0, 0, 0}, service[] = {20, 40, 60};
	const uint64_t expected[] = {30, 50, 70};

	CHECK(oracle_ps, 2, arrival, service, expected);
}

static void srpt_by_hand(void **state)
{
	const uint64_t arrival[] = {0, 10, 20, 22}, service[] = {100, 50, 10, 5};
	/* 0 runs to 10; 1 to 20; 2 has 10, runs to 22 (8 left); 3 to 27; 2 to 35; 1 (40 left) to 75; 0 to 165. */
	const uint64_t expected[] = {165, 65, 15, 5};

	CHECK(oracle_srpt, 1, arrival, service, expected);
}

static void srpt_two_servers(void **state)
{
	const uint64_t arrival[] = {0, 0, 1}, service[] = {10, 20, 3};
	/* The third takes the server of the second from 1 to 4; that one ends at 23. */
	const uint64_t expected[] = {10, 23, 3};

	CHECK(oracle_srpt, 2, arrival, service, expected);
}

static void nothing_to_do(void **state)
{
	struct oracle_jobs jobs = {NULL, NULL, 0, 1};

	assert_int_equal(oracle_fcfs(&jobs, NULL), 0);
	assert_int_equal(oracle_ps(&jobs, NULL), 0);
	assert_int_equal(oracle_srpt(&jobs, NULL), 0);
}

static void closed_forms_by_hand(void **state)
{
	/* rho 0.7: 10 / 0.3. Erlang C of 2 servers at offered load 1: 1/3. */
	assert_near(closed_mm1(0.07, 10), 10 / 0.3, 1e-9);
	assert_near(erlang_c(1, 2), 1.0 / 3, 1e-12);
	assert_near(closed_mmc(1, 1, 2), 1 + 1.0 / 3, 1e-12);
	assert_near(closed_mmc(0.07, 10, 1), closed_mm1(0.07, 10), 1e-9);
	/* Deterministic service waits half as long as exponential service. */
	assert_near(closed_mg1(0.07, 10, 200), 10 / 0.3, 1e-9);
	assert_near(closed_mg1(0.07, 10, 100), 10 + (10 / 0.3 - 10) / 2, 1e-9);
	assert_near(closed_mg1_ps(0.05, 10), 20, 1e-12);
	assert_true(isinf(closed_mm1(0.1, 10)));
	assert_true(isinf(closed_mmc(0.2, 10, 2)));
	assert_true(isinf(closed_mg1(0.2, 10, 100)));
}

#define LONG_RUN 2000000

/* A long run's mean sojourn under an oracle, Poisson arrivals at @rho of @servers. */
static double long_run_mean(oracle o, const struct dist *d, double rho, unsigned int servers)
{
	uint64_t *arrival = calloc(3 * (size_t)LONG_RUN, sizeof(*arrival));
	uint64_t *service = arrival + LONG_RUN, *sojourn = service + LONG_RUN;
	struct oracle_jobs jobs = {arrival, service, LONG_RUN, servers};
	double gap = dist_mean_ns(d) / (rho * servers), now = 0, sum = 0;
	struct rng r;

	assert_non_null(arrival);
	rng_seed(&r, 9, 2);
	for (size_t i = 0; i < LONG_RUN; i++) {
		now += dist_exponential(&r, gap);
		arrival[i] = (uint64_t)now;
		service[i] = dist_sample(d, &r);
	}
	assert_int_equal(o(&jobs, sojourn), 0);
	for (size_t i = 0; i < LONG_RUN; i++)
		sum += (double)sojourn[i];
	free(arrival);
	return sum / LONG_RUN;
}

static void check_long_run(double seen, double theory)
{
	if (fabs(seen / theory - 1) > 0.02)
		fail_msg("mean sojourn %g, theory says %g", seen, theory);
}

static void oracles_agree_with_theory(void **state)
{
	struct dist exponential = {.kind = DIST_EXPONENTIAL, .mean_ns = 1e6};
	struct dist erlang = {.kind = DIST_ERLANG, .mean_ns = 1e6, .k = 3};
	struct dist lognormal = {.kind = DIST_LOGNORMAL, .mean_ns = 1e6, .cv = 2};

	check_long_run(long_run_mean(oracle_fcfs, &exponential, 0.7, 1), closed_mm1(0.7e-6, 1e6));
	check_long_run(long_run_mean(oracle_fcfs, &exponential, 0.8, 4),
		       closed_mmc(3.2e-6, 1e6, 4));
	check_long_run(long_run_mean(oracle_fcfs, &erlang, 0.7, 1),
		       closed_mg1(0.7e-6, 1e6, dist_second_moment(&erlang)));
	check_long_run(long_run_mean(oracle_ps, &exponential, 0.7, 1), closed_mg1_ps(0.7e-6, 1e6));
	check_long_run(long_run_mean(oracle_ps, &lognormal, 0.6, 1), closed_mg1_ps(0.6e-6, 1e6));
	/* M/M/c-PS has the mean of M/M/c: the number of jobs follows the same chain. */
	check_long_run(long_run_mean(oracle_ps, &exponential, 0.8, 4), closed_mmc(3.2e-6, 1e6, 4));
	/* SRPT is the best there is (Schrage 1968). */
	assert_true(long_run_mean(oracle_srpt, &exponential, 0.7, 1) <
		    0.75 * closed_mm1(0.7e-6, 1e6));
}

static void outstanding(void **state)
{
	struct job jobs[] = {
		{0, 100, 0, 0}, {10, 10, 0, 1}, {20, 10, 0, 2}, {500, 1, 0, 3}, {600, 1, 1, 0}};
	struct trace t = {.jobs = jobs, .count = 5, .class_jobs = {4, 1}, .servers = 1};

	assert_int_equal(oracle_max_outstanding(&t, 0), 3);
	assert_int_equal(oracle_max_outstanding(&t, 1), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fcfs_by_hand),
		cmocka_unit_test(fcfs_two_servers_queue),
		cmocka_unit_test(ps_by_hand),
		cmocka_unit_test(ps_equal_jobs_end_together),
		cmocka_unit_test(ps_two_servers),
		cmocka_unit_test(srpt_by_hand),
		cmocka_unit_test(srpt_two_servers),
		cmocka_unit_test(nothing_to_do),
		cmocka_unit_test(closed_forms_by_hand),
		cmocka_unit_test(oracles_agree_with_theory),
		cmocka_unit_test(outstanding),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
