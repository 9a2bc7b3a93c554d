/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Flame graphs: one self-contained, interactive SVG (search, zoom, keyboard), which loads nothing and runs without a
 * network. Colour tells the state of the time (running warm, waiting blue, runnable green), shade the kind of frame;
 * a frame whose time is of several states is painted in their proportion; wakers' frames are aqua. A differential graph holds both directions:
 * the widths of the second capture, and those of the first (where what has vanished can be seen).
 * After B. Gregg, "The flame graph", CACM 59 (6), 2016, and his off-CPU and differential flame graphs.
 */
#ifndef SCHEDLAB_OBSERVE_FLAME_H
#define SCHEDLAB_OBSERVE_FLAME_H

#include <stdio.h>

#include "observe/stacks.h"

struct wake_graph;

extern const char flame_css[]; /* the style sheet of all SVGs */
extern const char svg_js[];    /* what their scripts share: stands before them */

/* The search field of all SVGs, at the top right; @label tells those who do not see it what it searches. */
void flame_put_search(FILE *out, const char *label);

struct flame_options {
	const char *title;
	const char *subtitle; /* what was captured: filters, duration; NULL: none */
	const struct profile
		*before;	 /* differential: the first capture, sorted; NULL: a plain graph */
	const char *before_name; /* names of the two captures */
	const char *after_name;
	double min_width_pct; /* frames narrower than this part of the whole are left out; 0: 0.01 */
	const struct wake_graph *graph; /* drawn below the flame graph; NULL: none */
};

/* What became of the frames. */
struct flame_report {
	uint64_t drawn;
	uint64_t left_out; /* too narrow */
};

/*
 * Write @p (sorted) to @out. With before both captures are brought to the same length by their duration_ns where both
 * are known. @report may be NULL. Returns 0, -ENOMEM or -errno.
 */
int flame_write(const struct profile *p, const struct flame_options *options, FILE *out,
		struct flame_report *report);

#endif
