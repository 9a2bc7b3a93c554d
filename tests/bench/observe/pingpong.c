// SPDX-License-Identifier: GPL-2.0
/*
 * Two processes throw a byte back and forth through two pipes: 2 switches and 2 wakeups a round trip on one CPU. Both
 * are SCHED_BATCH: else a wakeup preempts now and then, the other finds its byte without blocking, and rounds differ.
 * pingpong ROUNDS [WARMUP]: prints the mean ns of a round trip (rounds that other work made longer than the median
 * by STRAY_NS left out), the median, and involuntary switches per round (0, or the figures are not worth much).
 * Statically linked; knows nothing of tracers.
 */
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define STRAY_NS 500000

static int from_parent[2], from_child[2];

static int echo(void)
{
	char byte;

	close(from_parent[1]);
	close(from_child[0]);
	while (read(from_parent[0], &byte, 1) == 1)
		if (write(from_child[1], &byte, 1) != 1)
			return 1;
	return 0;
}

static long long now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static int play(long rounds, long long *took)
{
	long long start = now_ns(), end;
	char byte = 'x';
	long i;

	for (i = 0; i < rounds; i++) {
		if (write(from_parent[1], &byte, 1) != 1 || read(from_child[0], &byte, 1) != 1)
			return -1;
		end = now_ns();
		took[i] = end - start;
		start = end;
	}
	return 0;
}

static int by_value(const void *a, const void *b)
{
	const long long *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static double mean_of(const long long *sorted, long rounds)
{
	long long limit = sorted[rounds / 2] + STRAY_NS, sum = 0;
	long i;

	for (i = 0; i < rounds && sorted[i] <= limit; i++)
		sum += sorted[i];
	return (double)sum / (double)i;
}

int main(int argc, char **argv)
{
	long rounds = argc > 1 ? atol(argv[1]) : 0, warmup = argc > 2 ? atol(argv[2]) : 500;
	struct rusage before, after;
	long long *took;
	pid_t child;

	took = rounds > 0 && warmup >= 0 ? calloc((size_t)(rounds + warmup), sizeof(*took)) : NULL;
	if (!took || pipe(from_parent) || pipe(from_child)) {
		fprintf(stderr, "usage: pingpong ROUNDS [WARMUP]\n");
		return 2;
	}
	if (sched_setscheduler(0, SCHED_BATCH, &(struct sched_param){0}))
		return 1;
	child = fork();
	if (child == 0)
		_exit(echo());
	if (child < 0 || play(warmup, took))
		return 1;
	getrusage(RUSAGE_SELF, &before);
	if (play(rounds, took))
		return 1;
	getrusage(RUSAGE_SELF, &after);
	close(from_parent[1]);
	waitpid(child, NULL, 0);
	qsort(took, (size_t)rounds, sizeof(*took), by_value);
	printf("%.1f %lld %.3f\n", mean_of(took, rounds), took[rounds / 2],
	       (double)(after.ru_nivcsw - before.ru_nivcsw) / (double)rounds);
	free(took);
	return 0;
}
