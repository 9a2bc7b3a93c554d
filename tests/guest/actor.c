// SPDX-License-Identifier: GPL-2.0
/*
 * One ordinary task for tests in the guest, under a name of its own: actor NAME ACTION [NUMBER [MORE...]]
 *
 *	spin            never sleeps
 *	nice N          never sleeps, at nice N
 *	rt PRIO MS [D]  never sleeps, under SCHED_FIFO, for MS milliseconds; before that it sleeps D milliseconds
 *	nap US          sleeps US microseconds, for ever
 *	beat MS         writes the time (ms, CLOCK_MONOTONIC) each MS milliseconds, one a line
 *	forks N         starts and reaps N children, one after another
 *	vforks N        the same without memory of their own: quicker
 *	as UID COMMAND  becomes user UID and runs COMMAND
 *	exits MIB       starts children that touch MIB of memory and exit, for ever
 *	socket N PATH   connects to the Unix socket PATH, sends N bytes of its input, writes what comes back
 *
 * It is a load, not a measurement: it checks nothing.
 */
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void nap_ns(long ns)
{
	struct timespec t = {ns / 1000000000, ns % 1000000000};

	nanosleep(&t, NULL);
}

static void beat(long ms)
{
	struct timespec now;

	for (;;) {
		clock_gettime(CLOCK_MONOTONIC, &now);
		printf("%lld.%03ld\n", (long long)now.tv_sec * 1000 + now.tv_nsec / 1000000,
		       now.tv_nsec / 1000 % 1000);
		fflush(stdout);
		nap_ns(ms * 1000000);
	}
}

static int child(long mib)
{
	pid_t pid = fork();
	char *memory;

	if (pid < 0)
		return 1;
	if (pid == 0) {
		memory = mib ? malloc((size_t)mib << 20) : NULL;
		if (memory)
			memset(memory, 1, (size_t)mib << 20);
		_exit(memory && memory[mib] != 1);
	}
	return waitpid(pid, NULL, 0) != pid;
}

static int brief_child(void)
{
	/* NOLINTNEXTLINE(bugprone-unsafe-functions,clang-analyzer-security.insecureAPI.vfork) */
	pid_t pid = vfork();

	if (pid == 0)
		_exit(0);
	return pid < 0 || waitpid(pid, NULL, 0) != pid;
}

static void spin(void)
{
	volatile unsigned long turns = 0;

	for (;;)
		turns++;
}

static int spin_for(long ms)
{
	struct timespec now;
	long long end;

	clock_gettime(CLOCK_MONOTONIC, &now);
	end = now.tv_sec * 1000LL + now.tv_nsec / 1000000 + ms;
	while (now.tv_sec * 1000LL + now.tv_nsec / 1000000 < end)
		clock_gettime(CLOCK_MONOTONIC, &now);
	return 0;
}

/* A real-time task that wakes drives an ordinary one from its CPU; one that only changes its class does not. */
static int realtime(char **more)
{
	if (more[0] && more[1])
		nap_ns(strtol(more[1], NULL, 10) * 1000000);
	return spin_for(more[0] ? strtol(more[0], NULL, 10) : 0);
}

static int run_as(long uid, char **argv)
{
	if (!argv[0] || setgid((gid_t)uid) || setuid((uid_t)uid)) {
		perror("actor: as");
		return 2;
	}
	execvp(argv[0], argv);
	perror(argv[0]);
	return 127;
}

static int ask(long bytes, const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	static char text[1 << 20];
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	ssize_t got;

	if (bytes < 0 || bytes > (long)sizeof(text) || !path)
		return 2;
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)) ||
	    fread(text, 1, (size_t)bytes, stdin) != (size_t)bytes) {
		perror("actor: socket");
		return 1;
	}
	/* Whoever listens may have closed it before it had all. */
	send(fd, text, (size_t)bytes, MSG_NOSIGNAL);
	shutdown(fd, SHUT_WR);
	while ((got = read(fd, text, sizeof(text))) > 0)
		fwrite(text, 1, (size_t)got, stdout);
	return 0;
}

static int act(const char *action, long number, char **more)
{
	struct sched_param param = {.sched_priority = (int)number};
	long i;

	if (!strcmp(action, "rt") && sched_setscheduler(0, SCHED_FIFO, &param)) {
		perror("actor: SCHED_FIFO");
		return 1;
	}
	if (!strcmp(action, "nice") && setpriority(PRIO_PROCESS, 0, (int)number)) {
		perror("actor: nice");
		return 1;
	}
	if (!strcmp(action, "rt"))
		return realtime(more);
	if (!strcmp(action, "socket"))
		return ask(number, more[0]);
	if (!strcmp(action, "as"))
		return run_as(number, more);
	if (!strcmp(action, "spin") || !strcmp(action, "nice"))
		spin();
	while (!strcmp(action, "nap"))
		nap_ns(number * 1000);
	if (!strcmp(action, "beat"))
		beat(number);
	for (i = 0; !strcmp(action, "forks") && i < number; i++)
		if (child(0))
			return 1;
	while (!strcmp(action, "exits"))
		if (child(number))
			return 1;
	for (i = 0; !strcmp(action, "vforks") && i < number; i++)
		if (brief_child())
			return 1;
	if (!strcmp(action, "forks") || !strcmp(action, "vforks"))
		return 0;
	fprintf(stderr, "actor: no action '%s'\n", action);
	return 2;
}

int main(int argc, char **argv)
{
	if (argc < 3) {
		fprintf(stderr, "usage: actor NAME ACTION [NUMBER]\n");
		return 2;
	}
	prctl(PR_SET_NAME, argv[1]);
	return act(argv[2], argc > 3 ? strtol(argv[3], NULL, 10) : 0, argv + (argc > 3 ? 4 : 3));
}
