// SPDX-License-Identifier: GPL-2.0
/*
 * Two processes with known waits, for tests of the views: relay NAPPER READER ROUNDS GAP_US SPIN_US GO
 * Process NAPPER (the names may be hostile) sleeps GAP_US by a timer, keeps its CPU for SPIN_US, and writes a byte to
 * process READER, which blocks on a pipe. It prints "NAPPER_PID READER_PID", blocks until somebody writes to the FIFO
 * GO, then does ROUNDS rounds, and blocks until somebody opens GO once more, so that it can be looked at. Statically
 * linked; measures nothing.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static long long now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static void nap_us(long us)
{
	struct timespec t = {us / 1000000, us % 1000000 * 1000};

	nanosleep(&t, NULL);
}

static void spin_us(long us)
{
	long long end = now_ns() + us * 1000;

	while (now_ns() < end)
		;
}

/* Until the other end has been opened and closed. */
static int wait_for(const char *fifo)
{
	int fd = open(fifo, O_RDONLY | O_CLOEXEC);
	char byte;

	while (fd >= 0 && read(fd, &byte, 1) > 0)
		;
	return fd < 0 || close(fd);
}

static int reader(const char *name, int fd)
{
	char byte;

	prctl(PR_SET_NAME, name);
	while (read(fd, &byte, 1) == 1)
		;
	return 0;
}

int main(int argc, char **argv)
{
	int ends[2], status;
	char byte = 'x';
	pid_t child;
	long i;

	if (argc != 7 || pipe(ends)) {
		fprintf(stderr, "usage: relay NAPPER READER ROUNDS GAP_US SPIN_US GO\n");
		return 2;
	}
	prctl(PR_SET_TIMERSLACK, 1);
	child = fork();
	if (child < 0)
		return 1;
	if (child == 0) {
		close(ends[1]);
		_exit(reader(argv[2], ends[0]));
	}
	close(ends[0]);
	prctl(PR_SET_NAME, argv[1]);
	printf("%d %d\n", getpid(), child);
	fflush(stdout);
	if (wait_for(argv[6]))
		return 1;
	for (i = 0; i < strtol(argv[3], NULL, 10); i++) {
		nap_us(strtol(argv[4], NULL, 10));
		spin_us(strtol(argv[5], NULL, 10));
		if (write(ends[1], &byte, 1) != 1)
			return 1;
	}
	if (wait_for(argv[6]))
		return 1;
	close(ends[1]);
	return waitpid(child, &status, 0) != child || status;
}
