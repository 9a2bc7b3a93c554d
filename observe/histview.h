/* SPDX-License-Identifier: GPL-2.0 */
/* A view that is histograms of intervals, split and drawn: runqlat and cpudist differ only in which. */
#ifndef SCHEDLAB_OBSERVE_HISTVIEW_H
#define SCHEDLAB_OBSERVE_HISTVIEW_H

#include "observe/view.h"

#define HISTVIEW_MAX 4

struct histview {
	struct view view;
	unsigned int nr_shown;
	struct {
		const char *title;
		uint32_t
			intervals; /* histograms added up in this picture: 1u << enum ledger_interval */
	} shown[HISTVIEW_MAX];
	const char *by; /* as asked for; NULL: not */
	bool per_cpu;
	bool by_epoch;
	bool queue_lengths;
	uint64_t top;	    /* worst waits to keep; 0: none */
	uint64_t slower_ns; /* print each wait of at least this; 0: none */
	struct ledger_slow *worst;
	size_t nr_worst;
	json_t *slow_json;    /* with --json: waits told so far */
	uint64_t slow_beyond; /* ... and how many more there were than it may hold */
};

/* argp of the options that both have (--by, --per-cpu), to be child 1 of a command's parser; input: struct histview. */
extern const struct argp histview_argp;

/* view_run() for a struct histview. */
int histview_run(void *histview);

#endif
