/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Places: the ledger's stacks with names, as stacks of a profile. Between the ledger's tables (ledger.h) and the
 * writers (stacks.h); attaches nothing and writes nothing.
 */
#ifndef SCHEDLAB_OBSERVE_PLACES_H
#define SCHEDLAB_OBSERVE_PLACES_H

#include "observe/ledger.h"
#include "observe/stacks.h"
#include "observe/symbols.h"

#define PLACES_DEPTH_MAX \
	2200 /* frames of one named stack: both stacks with everything inlined, and some room */

/* What is needed to name a stack; all of it the caller's. */
struct places {
	struct ledger *ledger;
	struct symbols *symbols;
	struct profile *profile;
	bool kernel, user;	 /* which stacks were asked for */
	bool by_thread;		 /* roots are threads ("comm 12/34"), not commands */
	enum ledger_since since; /* which part of the rows */
	bool wakers; /* who ended a wait stands on top of its stack: captured with row_wakers */
};

/* A stack being put together, root first. */
struct place {
	uint32_t frames[PLACES_DEPTH_MAX];
	uint32_t depth;
};

/* Begin with the root for a task. Returns 0 or -ENOMEM. */
int place_begin(struct places *p, struct place *place, const char *comm, uint64_t tgid,
		uint64_t pid);
/*
 * Add the user stack and then the kernel stack with these ids (0: none). What was asked for and is not there becomes a
 * frame that says so, and is counted in the profile's losses with @count and @ns. Returns 0 or -ENOMEM.
 */
int place_stacks(struct places *p, struct place *place, uint64_t tgid, uint64_t user_stack,
		 uint64_t kernel_stack, uint64_t count, uint64_t ns);

/*
 * Add what ended the wait, as in the field's wake-chain graphs: WAKER_SEPARATOR, the waker's stacks from the innermost
 * frame out, and its command or interrupt context; @edge NULL: that it is not known. Returns 0 or -ENOMEM.
 */
int place_waker(struct places *p, struct place *place, const struct ledger_edge *edge);
/* Whether a kernel frame is the instrument's own: the way from the tracepoint to its program. */
bool places_own_frame(const char *name);

/* Durations of the whole intervals (switch out to switch in) that began in one state: all its rows summed. */
struct state_times {
	uint64_t count, total_ns, min_ns, max_ns;
	uint64_t slots[LEDGER_SLOTS]; /* slot i: [2^i, 2^(i+1)) ns */
};

/*
 * All rows of the ledger whose state's bit (1u << enum stack_state) is in @states into the profile, and their
 * durations into @times[STACK_STATES]. Returns 0 or -errno.
 */
int places_rows(struct places *p, unsigned int states, struct state_times *times);

/* The same, with what @snapshot knows of the capture (its length, what was dropped); the profile is sorted. */
int places_profile(struct places *p, const struct ledger_snapshot *snapshot, unsigned int states,
		   struct state_times *times);

/* Read the mappings of all processes that are there now (of @tgid only, if it is not 0): cheap when repeated. */
void places_remember_all(struct symbols *symbols, pid_t tgid);

#endif
