/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The graph of who wakes whom, as DOT text (for Graphviz) and as a panel of the flame graph's SVG. It holds what it is
 * given; which edges are worth showing is the caller's choice.
 */
#ifndef SCHEDLAB_OBSERVE_DOT_H
#define SCHEDLAB_OBSERVE_DOT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#define WAKE_NAME_MAX 160

/* A waker or a wakee: a task, a command, or an interrupt context. */
struct wake_node {
	char name[WAKE_NAME_MAX]; /* plain (escape.h) */
	bool interrupt;
	uint64_t out, in; /* wakeups done and received */
};

struct wake_edge {
	uint32_t from, to; /* indexes of nodes */
	uint64_t count;
	uint64_t latency_ns; /* waking to running, summed */
	uint64_t max_latency_ns;
	uint64_t other_cpu; /* of count: the wakee ran on another CPU than the waker's */
};

struct wake_graph {
	const char *title;
	struct wake_node *nodes;
	uint32_t nr_nodes;
	struct wake_edge *edges;
	uint32_t nr_edges;
	uint64_t left_out; /* wakeups on edges that the caller did not put in */
};

/* Prepare an empty graph (@title is not copied, may be NULL); wake_graph_free() releases it. */
void wake_graph_init(struct wake_graph *g, const char *title);
void wake_graph_free(struct wake_graph *g);
/* The node with this name (made plain) and kind, new or known: its index, or -ENOMEM. */
int64_t wake_graph_node(struct wake_graph *g, const char *name, bool interrupt);
/*
 * Add @count wakeups; edges between the same two nodes merge. Returns 0, -EINVAL (no such node), -EOVERFLOW or
 * -ENOMEM.
 */
int wake_graph_add(struct wake_graph *g, uint32_t from, uint32_t to, uint64_t count,
		   uint64_t latency_ns, uint64_t max_latency_ns, uint64_t other_cpu);
/* Keep the @max edges with the most wakeups, most first; the others go to left_out. */
void wake_graph_trim(struct wake_graph *g, uint32_t max);

/* Write DOT: an edge's width follows its count, its colour the mean latency. Returns 0, -ENOMEM or -errno. */
int dot_write(const struct wake_graph *g, FILE *out);

/* Height in pixels of the SVG panel, and the panel itself at @x, @y. Returns 0 or -ENOMEM. */
uint32_t wake_graph_height_px(const struct wake_graph *g);
int wake_graph_svg(const struct wake_graph *g, FILE *out, uint32_t x, uint32_t y);
/* The graph alone, as an SVG document. Returns 0, -ENOMEM or -errno. */
int wake_graph_document(const struct wake_graph *g, FILE *out);

#endif
