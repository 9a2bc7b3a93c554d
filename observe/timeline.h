/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A timeline: the ledger's events (ledger_abi.h) turned into a Perfetto trace (perfetto.h). Keeps the name of each task
 * that it has heard of. Attaches nothing and opens no file.
 */
#ifndef SCHEDLAB_OBSERVE_TIMELINE_H
#define SCHEDLAB_OBSERVE_TIMELINE_H

#include "observe/ledger_abi.h"
#include "observe/observe.h"
#include "observe/perfetto.h"

struct timeline;

struct timeline_counts {
	uint64_t switches, wakings, migrations, forks, exits, epochs, jobs;
	uint64_t unnamed;	    /* events of a task whose name was never told */
	uint64_t first_ns, last_ns; /* times of the first and last event, 0: none */
};

/* Begin on @out (the caller's). NULL on lack of memory. */
struct timeline *timeline_open(FILE *out, const struct perfetto_head *head);
/* Add one event. Returns 0 or -ENOMEM. */
int timeline_event(struct timeline *t, const struct ledger_event *event);
/* Add the epochs as slices; the last one, if it is still open, ends at @end_ns. */
void timeline_epochs(struct timeline *t, const struct ledger_epoch *epochs, unsigned int nr,
		     uint64_t end_ns);
/*
 * Add jobs from text, one a line: "class,index,intended_ns,released_ns,first_run_ns,done_ns" (CLOCK_MONOTONIC; 0:
 * did not happen; a first line of names is skipped), each class on a lane of its own. Returns 0, or -EINVAL with
 * "line N: ..." in @error.
 */
int timeline_jobs(struct timeline *t, char *text, char *error, size_t error_size);
/* Say that @count events were lost. */
void timeline_lost(struct timeline *t, uint64_t count);
void timeline_counts(const struct timeline *t, struct timeline_counts *counts);
/* Finish and release. Returns 0 or the first error of writing. */
int timeline_close(struct timeline *t);

#endif
