/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Canaries: one thread per CPU in the class that the scheduler rules, bound to its CPU. The guard calls, they answer; how
 * long an answer takes is what any task of that CPU can expect. They hold no opinion on whose fault it is.
 */
#ifndef SCHEDLAB_LOADER_CANARY_H
#define SCHEDLAB_LOADER_CANARY_H

#include <stdbool.h>
#include <stdint.h>

struct canaries;

/* One thread for each CPU that the process may use, under policy SCHED_EXT if @ext. Returns 0 or -errno. */
int canaries_start(struct canaries **canaries, bool ext);
void canaries_stop(struct canaries *canaries);

/* Call every canary that has answered. */
void canaries_call(struct canaries *canaries);
/* Forget open calls: what comes is no answer to them. After the process itself was stopped. */
void canaries_forget(struct canaries *canaries);

struct canary_state {
	unsigned int cpu;
	bool present;	    /* its CPU is online and it runs there */
	bool waiting;	    /* has not answered */
	uint64_t called_ns; /* CLOCK_MONOTONIC */
	uint64_t last_ns;   /* how long the last answer took; 0 before the first */
	uint64_t worst_ns;  /* since the start or the last canaries_forget() */
};

unsigned int canaries_count(const struct canaries *canaries);
void canaries_read(const struct canaries *canaries, unsigned int index, struct canary_state *state);

#endif
