/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The graph of who wakes whom, and its DOT text (for Graphviz); as SVG it is drawn in wakesvg.h. It holds what it is
 * given; which edges are worth showing is the caller's choice.
 */
#ifndef SCHEDLAB_OBSERVE_DOT_H
#define SCHEDLAB_OBSERVE_DOT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "observe/ledger_abi.h"

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
	/* Of count: where the wakee ran, seen from the waker's CPU. */
	uint64_t same_cpu, same_cache, other_cache;
	uint64_t slots[LEDGER_SLOTS]; /* latencies: slot i counts [2^i, 2^(i+1)) ns */
};

struct wake_graph {
	const char *title;
	struct wake_node *nodes;
	uint32_t nr_nodes;
	struct wake_edge *edges;
	uint32_t nr_edges;
	uint64_t left_out; /* wakeups on edges that the caller did not put in */
	uint64_t lost;	   /* wakeups that the ledger's table had no room for */
};

/* Prepare an empty graph (@title is not copied, may be NULL); wake_graph_free() releases it. */
void wake_graph_init(struct wake_graph *g, const char *title);
void wake_graph_free(struct wake_graph *g);
/* The node with this name (made plain) and kind, new or known: its index, or -ENOMEM. */
int64_t wake_graph_node(struct wake_graph *g, const char *name, bool interrupt);
/*
 * Add the wakeups of @edge; edges between the same two nodes merge. Returns 0, -EINVAL (no such node), -EOVERFLOW or
 * -ENOMEM.
 */
int wake_graph_add(struct wake_graph *g, const struct wake_edge *edge);
/* Keep the @max edges with the most wakeups, most first; the others go to left_out. */
void wake_graph_trim(struct wake_graph *g, uint32_t max);

/* Write DOT: an edge's width follows its count, its colour the mean latency. Returns 0, -ENOMEM or -errno. */
int dot_write(const struct wake_graph *g, FILE *out);

/* How both pictures draw an edge: width in pixels, hue (120 at 10 us and less to 0 at 10 ms and more), mean latency. */
uint64_t wake_graph_most(const struct wake_graph *g); /* wakeups of the busiest edge, at least 1 */
double wake_edge_width(const struct wake_edge *e, uint64_t most);
int wake_edge_hue(const struct wake_edge *e);
uint64_t wake_edge_mean_ns(const struct wake_edge *e);
/*
 * What 99 % of the latencies do not exceed: the upper end of a power-of-two slot, at most the longest. 0 where fewer
 * than 10 samples lie beyond it.
 */
uint64_t wake_edge_p99_ns(const struct wake_edge *e);

#endif
