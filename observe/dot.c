// SPDX-License-Identifier: GPL-2.0
/* The wake graph and its DOT text; wakesvg.c draws it. */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "lib/timeutil.h"
#include "observe/dot.h"
#include "observe/escape.h"

void wake_graph_init(struct wake_graph *g, const char *title)
{
	memset(g, 0, sizeof(*g));
	g->title = title;
}

void wake_graph_free(struct wake_graph *g)
{
	free(g->nodes);
	free(g->edges);
	memset(g, 0, sizeof(*g));
}

/* @array with room for one more of @size bytes; grows at powers of two. NULL on lack of memory. */
static void *room(void *array, uint32_t used, size_t size)
{
	if (used & (used - 1) || (used > 0 && used < 16))
		return array;
	return reallocarray(array, used ? (size_t)used * 2 : 16, size);
}

int64_t wake_graph_node(struct wake_graph *g, const char *name, bool interrupt)
{
	char plain[WAKE_NAME_MAX];
	struct wake_node *nodes;

	escape_name(ESCAPE_TERMINAL, name, plain, sizeof(plain));
	for (uint32_t i = 0; i < g->nr_nodes; i++)
		if (g->nodes[i].interrupt == interrupt && strcmp(g->nodes[i].name, plain) == 0)
			return i;
	nodes = room(g->nodes, g->nr_nodes, sizeof(*nodes));
	if (!nodes)
		return -ENOMEM;
	g->nodes = nodes;
	nodes[g->nr_nodes] = (struct wake_node){.interrupt = interrupt};
	memcpy(nodes[g->nr_nodes].name, plain, sizeof(plain));
	return g->nr_nodes++;
}

static struct wake_edge *edge_between(struct wake_graph *g, uint32_t from, uint32_t to)
{
	struct wake_edge *edges;

	for (uint32_t i = 0; i < g->nr_edges; i++)
		if (g->edges[i].from == from && g->edges[i].to == to)
			return &g->edges[i];
	edges = room(g->edges, g->nr_edges, sizeof(*edges));
	if (!edges)
		return NULL;
	g->edges = edges;
	edges[g->nr_edges] = (struct wake_edge){.from = from, .to = to};
	return &edges[g->nr_edges++];
}

int wake_graph_add(struct wake_graph *g, const struct wake_edge *edge)
{
	struct wake_edge *e;
	uint64_t out, in, sum_ns;

	if (edge->from >= g->nr_nodes || edge->to >= g->nr_nodes)
		return -EINVAL;
	e = edge_between(g, edge->from, edge->to);
	if (!e)
		return -ENOMEM;
	if (__builtin_add_overflow(g->nodes[edge->from].out, edge->count, &out) ||
	    __builtin_add_overflow(g->nodes[edge->to].in, edge->count, &in) ||
	    __builtin_add_overflow(e->latency_ns, edge->latency_ns, &sum_ns))
		return -EOVERFLOW;
	g->nodes[edge->from].out = out;
	g->nodes[edge->to].in = in;
	e->count += edge->count;
	e->latency_ns = sum_ns;
	e->same_cpu += edge->same_cpu;
	e->same_cache += edge->same_cache;
	e->other_cache += edge->other_cache;
	for (uint32_t i = 0; i < LEDGER_SLOTS; i++)
		e->slots[i] += edge->slots[i];
	if (edge->max_latency_ns > e->max_latency_ns)
		e->max_latency_ns = edge->max_latency_ns;
	return 0;
}

static int compare_edges(const void *a, const void *b)
{
	const struct wake_edge *x = a, *y = b;

	if (x->count != y->count)
		return x->count > y->count ? -1 : 1;
	if (x->from != y->from)
		return x->from < y->from ? -1 : 1;
	return x->to < y->to ? -1 : x->to > y->to;
}

void wake_graph_trim(struct wake_graph *g, uint32_t max)
{
	if (g->nr_edges)
		qsort(g->edges, g->nr_edges, sizeof(*g->edges), compare_edges);
	while (g->nr_edges > max) {
		struct wake_edge *e = &g->edges[--g->nr_edges];

		g->left_out += e->count;
		g->nodes[e->from].out -= e->count;
		g->nodes[e->to].in -= e->count;
	}
}

uint64_t wake_graph_most(const struct wake_graph *g)
{
	uint64_t most = 1;

	for (uint32_t i = 0; i < g->nr_edges; i++)
		most = g->edges[i].count > most ? g->edges[i].count : most;
	return most;
}

/* Logarithmic between green (hue 120) and red (0). */
int wake_edge_hue(const struct wake_edge *e)
{
	double mean_us = e->count ? (double)e->latency_ns / (double)e->count / 1000 : 0;
	double part = mean_us <= 10 ? 0 : fmin(log10(mean_us / 10) / 3, 1);

	return (int)lround(120 * (1 - part));
}

double wake_edge_width(const struct wake_edge *e, uint64_t most)
{
	return 1 + 7 * sqrt((double)e->count / (double)most);
}

uint64_t wake_edge_mean_ns(const struct wake_edge *e)
{
	return e->count ? e->latency_ns / e->count : 0;
}

uint64_t wake_edge_p99_ns(const struct wake_edge *e)
{
	uint64_t beyond = 0, upper;
	uint32_t i = LEDGER_SLOTS;

	if (e->count / 100 < 10)
		return 0;
	while (i > 0 && beyond + e->slots[i - 1] <= e->count / 100)
		beyond += e->slots[--i];
	upper = i ? 1ULL << i : 0;
	return upper < e->max_latency_ns ? upper : e->max_latency_ns;
}

int dot_write(const struct wake_graph *g, FILE *out)
{
	uint64_t most = wake_graph_most(g);
	char text[32], *name;

	fputs("digraph wakeups {\n\trankdir=LR;\n\tnode [shape=box, fontname=\"monospace\"];\n"
	      "\tedge [fontname=\"monospace\"];\n",
	      out);
	for (uint32_t i = 0; i < g->nr_nodes; i++) {
		const struct wake_node *n = &g->nodes[i];

		if (!n->in && !n->out)
			continue;
		name = escape_dup(ESCAPE_DOT, n->name);
		if (!name)
			return -ENOMEM;
		fprintf(out, "\tn%u [label=\"%s\"%s];\n", i, name,
			n->interrupt ? ", style=dashed" : "");
		free(name);
	}
	for (uint32_t i = 0; i < g->nr_edges; i++) {
		const struct wake_edge *e = &g->edges[i];

		time_format(wake_edge_mean_ns(e), text, sizeof(text));
		fprintf(out,
			"\tn%u -> n%u [label=\"%" PRIu64
			" x %s\", penwidth=%.2f, color=\"%.3f 0.9 0.7\"];\n",
			e->from, e->to, e->count, text, wake_edge_width(e, most),
			wake_edge_hue(e) / 360.0);
	}
	if (g->left_out || g->lost)
		fprintf(out,
			"\tlabel=\"%" PRIu64 " wakeups on edges that are not shown, %" PRIu64
			" found no room in the table\";\n",
			g->left_out, g->lost);
	fputs("}\n", out);
	errno = 0;
	return fflush(out) || ferror(out) ? (errno ? -errno : -EIO) : 0;
}
