// SPDX-License-Identifier: GPL-2.0
/*
 * Tasks with known lives, for tests of the ledger. When one has ended, and before it is reaped, its parent writes what
 * the kernel knows of it: "NAME PID RUN_NS RUN_DELAY_NS MIGRATIONS", from its /proc/PID/schedstat and sched.
 * actors SECONDS hog|sleeper|pipe|yield|forks|exec|migrate|reuse|threadexec...; statically linked. Judges nothing.
 */
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
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

static void nap(long ns)
{
	struct timespec t = {ns / 1000000000, ns % 1000000000};

	nanosleep(&t, NULL);
}

/* How often the kernel has moved it to another CPU; -1: not told. */
static long migrations(pid_t pid)
{
	char path[64], line[256];
	long nr = -1;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/sched", pid);
	file = fopen(path, "r");
	while (file && nr < 0 && fgets(line, sizeof(line), file))
		if (!strncmp(line, "se.nr_migrations", 16) && strchr(line, ':'))
			nr = strtol(strchr(line, ':') + 1, NULL, 10);
	if (file)
		fclose(file);
	return nr;
}

static void report(const char *name, pid_t pid)
{
	long long run = -1, delay = -1;
	char path[64], line[128], *end;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/schedstat", pid);
	file = fopen(path, "r");
	if (file) {
		if (fgets(line, sizeof(line), file)) {
			run = strtoll(line, &end, 10);
			delay = strtoll(end, NULL, 10);
		}
		fclose(file);
	}
	printf("%s %d %lld %lld %ld\n", name, pid, run, delay, migrations(pid));
}

static void spin(long ns)
{
	long long end = now_ns() + ns;

	while (now_ns() < end)
		;
}

/* The same of its own CPU time. */
static void burn(long ns)
{
	struct timespec t;

	do
		clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	while (t.tv_sec * 1000000000LL + t.tv_nsec < ns);
}

static void hog(long long end)
{
	while (now_ns() < end)
		spin(1000000);
}

static void sleeper(long long end)
{
	while (now_ns() < end) {
		nap(3000000);
		spin(300000);
	}
}

static void yielder(long long end)
{
	while (now_ns() < end) {
		spin(100000);
		sched_yield();
	}
}

static void pipe_pair(long long end)
{
	int there[2], back[2];
	char byte = 'x';
	pid_t child;

	if (pipe(there) || pipe(back))
		_exit(1);
	child = fork();
	if (child == 0) {
		close(there[1]);
		while (read(there[0], &byte, 1) == 1 && write(back[1], &byte, 1) == 1)
			;
		_exit(0);
	}
	while (now_ns() < end) {
		if (write(there[1], &byte, 1) != 1 || read(back[0], &byte, 1) != 1)
			_exit(1);
		spin(200000);
	}
	close(there[1]);
	waitpid(child, NULL, 0);
}

static void forks(long long end)
{
	while (now_ns() < end) {
		pid_t child = fork();

		if (child == 0) {
			spin(200000);
			_exit(0);
		}
		waitpid(child, NULL, 0);
	}
}

/* From one CPU to another, a millisecond on each. */
static void migrate(long long end)
{
	long cpus = sysconf(_SC_NPROCESSORS_ONLN), at = 0;
	cpu_set_t set;

	while (now_ns() < end) {
		CPU_ZERO(&set);
		CPU_SET(at++ % cpus, &set);
		if (sched_setaffinity(0, sizeof(set), &set))
			_exit(1);
		spin(1000000);
	}
}

/* A child of @pid's id (0: any) that ends when it has used so much CPU time; returns its id, or 0 where it is another. */
static pid_t child_of_id(pid_t pid, long ns)
{
	FILE *last = pid ? fopen("/proc/sys/kernel/ns_last_pid", "w") : NULL;
	pid_t child;

	if (pid && !last)
		_exit(1);
	if (last) {
		fprintf(last, "%d", pid - 1);
		fclose(last);
	}
	child = fork();
	if (child == 0) {
		if (!pid || getpid() == pid)
			burn(ns);
		_exit(0);
	}
	waitpid(child, NULL, 0);
	return !pid || child == pid ? child : 0;
}

/* Two children, one after the other, of the same thread id. Says it on standard error. */
static void reuse(long long end)
{
	pid_t pid = child_of_id(0, 3500000);

	while (!child_of_id(pid, 7500000))
		if (now_ns() > end)
			_exit(1);
	fprintf(stderr, "reused %d\n", pid);
}

static void *exec_in_thread(void *born)
{
	hog(*(const long long *)born + 300000000LL);
	execl("/proc/self/exe", "actors", "--nap", NULL);
	_exit(1);
}

/* A thread that is not its process's first runs another program: it becomes the first, and takes its id. */
static void thread_exec(long long end)
{
	long long born = now_ns();
	pthread_t thread;

	if (pthread_create(&thread, NULL, exec_in_thread, &born))
		_exit(1);
	pthread_join(thread, NULL);
}

static const struct {
	const char *name;
	void (*live)(long long end);
} actors[] = {
	{"hog", hog},	  {"sleeper", sleeper}, {"yield", yielder}, {"pipe", pipe_pair},
	{"forks", forks}, {"migrate", migrate}, {"reuse", reuse},   {"threadexec", thread_exec},
};

static void live(const char *name, long seconds)
{
	long long born = now_ns();
	size_t i;

	prctl(PR_SET_NAME, name);
	prctl(PR_SET_TIMERSLACK, 1);
	if (!strcmp(name, "exec")) { /* half a life, then another program in the same task */
		hog(born + seconds * 500000000LL);
		execl("/proc/self/exe", "actors", "--nap", NULL);
		_exit(1);
	}
	for (i = 0; i < sizeof(actors) / sizeof(actors[0]); i++)
		if (!strcmp(name, actors[i].name))
			actors[i].live(born + seconds * 1000000000LL);
	_exit(0);
}

/* Until all children have ended: look at each while it is a zombie. */
static void bury(char **names, const pid_t *pids, int nr)
{
	siginfo_t info;
	int i;

	while (!waitid(P_ALL, 0, &info, WEXITED | WNOWAIT)) {
		for (i = 0; i < nr; i++)
			if (pids[i] == info.si_pid)
				report(names[i], info.si_pid);
		waitpid(info.si_pid, NULL, 0);
	}
}

int main(int argc, char **argv)
{
	long seconds = argc > 1 ? strtol(argv[1], NULL, 10) : 0;
	pid_t pids[64];
	int i;

	if (argc == 2 && !strcmp(argv[1], "--nap")) {
		nap(200000000);
		return 0;
	}
	if (seconds <= 0 || argc > 66) {
		fprintf(stderr, "usage: actors SECONDS NAME...\n");
		return 2;
	}
	for (i = 2; i < argc; i++) {
		pids[i - 2] = fork();
		if (pids[i - 2] == 0)
			live(argv[i], seconds);
	}
	bury(argv + 2, pids, argc - 2);
	return 0;
}
