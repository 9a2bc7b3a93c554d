// SPDX-License-Identifier: GPL-2.0
/* Canaries, see canary.h. A call is a number written to the thread's eventfd; an answer is that number given back. */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "lib/timeutil.h"
#include "loader/canary.h"

#ifndef SCHED_EXT
#define SCHED_EXT 7
#endif
#define STACK_BYTES (64 * 1024)

struct canary {
	pthread_t thread;
	int fd;
	unsigned int cpu;
	bool ext, started;
	_Atomic bool quit, displaced;
	_Atomic uint64_t called, answered; /* numbers of calls */
	_Atomic uint64_t called_ns, last_ns, worst_ns;
};

struct canaries {
	unsigned int count;
	struct canary all[];
};

/* Bind to the CPU; false while it is offline. */
static bool take_place(const struct canary *c)
{
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET(c->cpu, &one);
	return !sched_setaffinity(0, sizeof(one), &one);
}

static void answer(struct canary *c)
{
	uint64_t took;

	/* A CPU that went offline has sent its threads elsewhere: go back when it returns. */
	c->displaced = sched_getcpu() != (int)c->cpu && !take_place(c);
	took = time_now_ns() - c->called_ns;
	c->last_ns = took;
	if (took > c->worst_ns)
		c->worst_ns = took;
	c->answered = c->called;
}

static void *canary_main(void *arg)
{
	struct sched_param param = {0};
	struct canary *c = arg;
	uint64_t calls;

	c->displaced = !take_place(c);
	if (c->ext && sched_setscheduler(0, SCHED_EXT, &param))
		c->displaced = true;
	while (!c->quit && read(c->fd, &calls, sizeof(calls)) == (ssize_t)sizeof(calls))
		if (!c->quit)
			answer(c);
	return NULL;
}

static int start_one(struct canary *c, const pthread_attr_t *attr)
{
	int err;

	c->fd = eventfd(0, EFD_CLOEXEC);
	if (c->fd < 0)
		return -errno;
	err = pthread_create(&c->thread, attr, canary_main, c);
	c->started = !err;
	return -err;
}

int canaries_start(struct canaries **canaries, bool ext)
{
	struct canaries *all;
	pthread_attr_t attr;
	unsigned int cpu, i;
	cpu_set_t set;
	int err = 0;

	*canaries = NULL;
	if (sched_getaffinity(0, sizeof(set), &set))
		return -errno;
	all = calloc(1, sizeof(*all) + (size_t)CPU_COUNT(&set) * sizeof(all->all[0]));
	if (!all)
		return -ENOMEM;
	for (cpu = 0; cpu < CPU_SETSIZE; cpu++)
		if (CPU_ISSET(cpu, &set)) {
			all->all[all->count].fd = -1;
			all->all[all->count].ext = ext;
			all->all[all->count++].cpu = cpu;
		}
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, STACK_BYTES);
	for (i = 0; i < all->count && !err; i++)
		err = start_one(&all->all[i], &attr);
	pthread_attr_destroy(&attr);
	if (err) {
		canaries_stop(all);
		return err;
	}
	*canaries = all;
	return 0;
}

void canaries_stop(struct canaries *all)
{
	const uint64_t one = 1;
	unsigned int i;

	for (i = 0; all && i < all->count; i++) {
		struct canary *c = &all->all[i];

		c->quit = true;
		if (c->started && write(c->fd, &one, sizeof(one)) == (ssize_t)sizeof(one))
			pthread_join(c->thread, NULL);
		if (c->fd >= 0)
			close(c->fd);
	}
	free(all);
}

void canaries_call(struct canaries *all)
{
	const uint64_t one = 1;
	unsigned int i;

	for (i = 0; i < all->count; i++) {
		struct canary *c = &all->all[i];

		if (c->answered != c->called)
			continue;
		c->called_ns = time_now_ns();
		c->called++;
		if (write(c->fd, &one, sizeof(one)) != (ssize_t)sizeof(one))
			c->answered = c->called;
	}
}

void canaries_forget(struct canaries *all)
{
	unsigned int i;

	for (i = 0; i < all->count; i++) {
		all->all[i].called_ns = time_now_ns();
		all->all[i].worst_ns = 0;
	}
}

unsigned int canaries_count(const struct canaries *all)
{
	return all->count;
}

void canaries_read(const struct canaries *all, unsigned int index, struct canary_state *state)
{
	const struct canary *c = &all->all[index];

	state->cpu = c->cpu;
	state->present = !c->displaced;
	state->waiting = c->answered != c->called;
	state->called_ns = c->called_ns;
	state->last_ns = c->last_ns;
	state->worst_ns = c->worst_ns;
}
