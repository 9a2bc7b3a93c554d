// SPDX-License-Identifier: GPL-2.0
/*
 * Two processes throw a byte back and forth through two pipes: 2 switches and 2 wakeups a round trip on one CPU. Both
 * are SCHED_BATCH: else a wakeup preempts now and then, the other finds its byte without blocking, and rounds differ.
 * pingpong ROUNDS [WARMUP]: prints ns for one round trip, then the player's involuntary switches for one (0 where each
 * switch is a block, as it should be). Statically linked; knows nothing of tracers.
 */
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

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

static int play(long rounds)
{
	char byte = 'x';

	while (rounds-- > 0)
		if (write(from_parent[1], &byte, 1) != 1 || read(from_child[0], &byte, 1) != 1)
			return -1;
	return 0;
}

static long long now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}

int main(int argc, char **argv)
{
	long rounds = argc > 1 ? atol(argv[1]) : 0, warmup = argc > 2 ? atol(argv[2]) : 1000;
	struct rusage before, after;
	long long start, end;
	pid_t child;

	if (rounds <= 0 || pipe(from_parent) || pipe(from_child)) {
		fprintf(stderr, "usage: pingpong ROUNDS [WARMUP]\n");
		return 2;
	}
	if (sched_setscheduler(0, SCHED_BATCH, &(struct sched_param){0}))
		return 1;
	child = fork();
	if (child == 0)
		_exit(echo());
	if (child < 0 || play(warmup))
		return 1;
	getrusage(RUSAGE_SELF, &before);
	start = now_ns();
	if (play(rounds))
		return 1;
	end = now_ns();
	getrusage(RUSAGE_SELF, &after);
	close(from_parent[1]);
	waitpid(child, NULL, 0);
	printf("%.1f %.3f\n", (double)(end - start) / (double)rounds,
	       (double)(after.ru_nivcsw - before.ru_nivcsw) / (double)rounds);
	return 0;
}
