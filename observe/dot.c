// SPDX-License-Identifier: GPL-2.0
/* The wake graph, as DOT and as an SVG panel of two columns: wakers at the left, wakees at the right. */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "lib/timeutil.h"
#include "observe/dot.h"
#include "observe/escape.h"
#include "observe/flame.h"

#define ROW_PX	      24
#define HEAD_PX	      44
#define NODE_WIDTH_PX 280
#define GAP_PX	      380

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

int wake_graph_add(struct wake_graph *g, uint32_t from, uint32_t to, uint64_t count,
		   uint64_t latency_ns, uint64_t max_latency_ns, uint64_t other_cpu)
{
	struct wake_edge *e;
	uint64_t out, in, sum_ns;

	if (from >= g->nr_nodes || to >= g->nr_nodes)
		return -EINVAL;
	e = edge_between(g, from, to);
	if (!e)
		return -ENOMEM;
	if (__builtin_add_overflow(g->nodes[from].out, count, &out) ||
	    __builtin_add_overflow(g->nodes[to].in, count, &in) ||
	    __builtin_add_overflow(e->latency_ns, latency_ns, &sum_ns))
		return -EOVERFLOW;
	g->nodes[from].out = out;
	g->nodes[to].in = in;
	e->count += count;
	e->latency_ns = sum_ns;
	e->other_cpu += other_cpu;
	if (max_latency_ns > e->max_latency_ns)
		e->max_latency_ns = max_latency_ns;
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

static uint64_t most_wakeups(const struct wake_graph *g)
{
	uint64_t most = 1;

	for (uint32_t i = 0; i < g->nr_edges; i++)
		most = g->edges[i].count > most ? g->edges[i].count : most;
	return most;
}

/* 10 us and less is green (hue 120), 10 ms and more red (0), logarithmic between. */
static int latency_hue(const struct wake_edge *e)
{
	double mean_us = e->count ? (double)e->latency_ns / (double)e->count / 1000 : 0;
	double part = mean_us <= 10 ? 0 : fmin(log10(mean_us / 10) / 3, 1);

	return (int)lround(120 * (1 - part));
}

static double edge_width(const struct wake_edge *e, uint64_t most)
{
	return 1 + 7 * sqrt((double)e->count / (double)most);
}

static void mean_text(const struct wake_edge *e, char *out, size_t size)
{
	time_format(e->count ? e->latency_ns / e->count : 0, out, size);
}

int dot_write(const struct wake_graph *g, FILE *out)
{
	uint64_t most = most_wakeups(g);
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

		mean_text(e, text, sizeof(text));
		fprintf(out,
			"\tn%u -> n%u [label=\"%" PRIu64
			" x %s\", penwidth=%.2f, color=\"%.3f 0.9 0.7\"];\n",
			e->from, e->to, e->count, text, edge_width(e, most),
			latency_hue(e) / 360.0);
	}
	if (g->left_out)
		fprintf(out, "\tlabel=\"%" PRIu64 " wakeups on edges that are not shown\";\n",
			g->left_out);
	fputs("}\n", out);
	errno = 0;
	return fflush(out) || ferror(out) ? (errno ? -errno : -EIO) : 0;
}

/* Where each node stands in its column; UINT32_MAX where it is not in that column. */
struct columns {
	uint32_t *left, *right;
	uint32_t nr_left, nr_right;
};

struct rank {
	uint32_t node;
	double key; /* ascending */
};

static int compare_ranks(const void *a, const void *b)
{
	const struct rank *x = a, *y = b;

	if (x->key < y->key || x->key > y->key)
		return x->key < y->key ? -1 : 1;
	return x->node < y->node ? -1 : x->node > y->node;
}

static uint32_t rows_of(const struct wake_graph *g, bool wakers)
{
	uint32_t rows = 0;

	for (uint32_t i = 0; i < g->nr_nodes; i++)
		rows += (wakers ? g->nodes[i].out : g->nodes[i].in) > 0;
	return rows;
}

/* The mean row of those who wake @node, weighted: wakees stand near their wakers, so that edges cross little. */
static double barycentre(const struct wake_graph *g, const uint32_t *left, uint32_t node)
{
	double sum = 0, weight = 0;

	for (uint32_t i = 0; i < g->nr_edges; i++)
		if (g->edges[i].to == node) {
			sum += (double)g->edges[i].count * left[g->edges[i].from];
			weight += (double)g->edges[i].count;
		}
	return weight > 0 ? sum / weight : 0;
}

static int place_columns(const struct wake_graph *g, struct columns *c)
{
	uint32_t nr = g->nr_nodes ? g->nr_nodes : 1;
	struct rank *ranks = calloc(nr, sizeof(*ranks));

	c->left = calloc(nr, sizeof(*c->left));
	c->right = calloc(nr, sizeof(*c->right));
	if (!ranks || !c->left || !c->right) {
		free(ranks);
		return -ENOMEM;
	}
	memset(c->left, 0xff, nr * sizeof(*c->left));
	memset(c->right, 0xff, nr * sizeof(*c->right));
	for (uint32_t i = 0; i < g->nr_nodes; i++)
		if (g->nodes[i].out)
			ranks[c->nr_left++] = (struct rank){i, -(double)g->nodes[i].out};
	qsort(ranks, c->nr_left, sizeof(*ranks), compare_ranks);
	for (uint32_t i = 0; i < c->nr_left; i++)
		c->left[ranks[i].node] = i;
	for (uint32_t i = 0; i < g->nr_nodes; i++)
		if (g->nodes[i].in)
			ranks[c->nr_right++] = (struct rank){i, barycentre(g, c->left, i)};
	qsort(ranks, c->nr_right, sizeof(*ranks), compare_ranks);
	for (uint32_t i = 0; i < c->nr_right; i++)
		c->right[ranks[i].node] = i;
	free(ranks);
	return 0;
}

#define WIDTH_PX (2 * NODE_WIDTH_PX + GAP_PX)

uint32_t wake_graph_height_px(const struct wake_graph *g)
{
	uint32_t left = rows_of(g, true), right = rows_of(g, false);

	return HEAD_PX + (left > right ? left : right) * ROW_PX + ROW_PX;
}

static int put_node(FILE *out, const struct wake_node *n, uint32_t x, uint32_t y, uint64_t count)
{
	char *name = escape_dup(ESCAPE_XML, n->name);

	if (!name)
		return -ENOMEM;
	fprintf(out,
		"<svg class=\"node\" x=\"%u\" y=\"%u\" width=\"%d\" "
		"height=\"18\"><title>%s\n%" PRIu64
		" wakeups</title><rect width=\"100%%\" height=\"100%%\"%s/><text x=\"4\" "
		"y=\"13\">%s</text></svg>\n",
		x, y, NODE_WIDTH_PX, name, count, n->interrupt ? " stroke-dasharray=\"4 2\"" : "",
		name);
	free(name);
	return 0;
}

static int put_edge(FILE *out, const struct wake_graph *g, const struct wake_edge *e,
		    const struct columns *c, uint64_t most)
{
	uint32_t y1 = HEAD_PX + c->left[e->from] * ROW_PX + 9,
		 y2 = HEAD_PX + c->right[e->to] * ROW_PX + 9;
	uint32_t x1 = NODE_WIDTH_PX, x2 = NODE_WIDTH_PX + GAP_PX, mid = (x1 + x2) / 2;
	char mean[32], max[32], *from = escape_dup(ESCAPE_XML, g->nodes[e->from].name);
	char *to = escape_dup(ESCAPE_XML, g->nodes[e->to].name);

	mean_text(e, mean, sizeof(mean));
	fprintf(out,
		"<path class=\"edge\" d=\"M%u %uC%u %u %u %u %u %u\" stroke=\"hsl(%d,90%%,40%%)\" "
		"stroke-width=\"%.2f\">"
		"<title>%s wakes %s\n%" PRIu64 " times, mean latency %s, max %s\n%" PRIu64
		" onto another CPU</title></path>\n",
		x1, y1, mid, y1, mid, y2, x2, y2, latency_hue(e), edge_width(e, most),
		from ? from : "", to ? to : "", e->count, mean,
		time_format(e->max_latency_ns, max, sizeof(max)), e->other_cpu);
	free(from);
	free(to);
	return from && to ? 0 : -ENOMEM;
}

static void put_title(FILE *out, const struct wake_graph *g)
{
	char *title = escape_dup(ESCAPE_XML, g->title ? g->title : "who wakes whom");

	fprintf(out,
		"<text y=\"14\" class=\"title\">%s</text>\n<text y=\"34\" class=\"sub\">wakers "
		"left, wakees right; "
		"width: wakeups; colour: mean latency, green 10 us to red 10 ms; dashed: "
		"interrupts",
		title ? title : "");
	if (g->left_out)
		fprintf(out, "; %" PRIu64 " wakeups on edges not shown", g->left_out);
	fputs("</text>\n", out);
	free(title);
}

int wake_graph_svg(const struct wake_graph *g, FILE *out, uint32_t x, uint32_t y)
{
	uint64_t most = most_wakeups(g);
	struct columns c = {0};
	int err = place_columns(g, &c);

	if (!err) {
		fprintf(out, "<g id=\"graph\" transform=\"translate(%u,%u)\">\n", x, y);
		put_title(out, g);
		for (uint32_t i = 0; !err && i < g->nr_edges; i++)
			err = put_edge(out, g, &g->edges[i], &c, most);
		for (uint32_t i = 0; !err && i < g->nr_nodes; i++) {
			const struct wake_node *n = &g->nodes[i];

			if (n->out)
				err = put_node(out, n, 0, HEAD_PX + c.left[i] * ROW_PX, n->out);
			if (!err && n->in)
				err = put_node(out, n, NODE_WIDTH_PX + GAP_PX,
					       HEAD_PX + c.right[i] * ROW_PX, n->in);
		}
		fputs("</g>\n", out);
	}
	free(c.left);
	free(c.right);
	return err;
}

int wake_graph_document(const struct wake_graph *g, FILE *out)
{
	int err;

	fprintf(out,
		"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
		"<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%u\" role=\"img\" "
		"aria-label=\"wake graph\">\n<style><![CDATA[\n%s]]></style>\n",
		WIDTH_PX + 20, wake_graph_height_px(g) + 10, flame_css);
	err = wake_graph_svg(g, out, 10, 10);
	fputs("</svg>\n", out);
	errno = 0;
	return err ? err : fflush(out) || ferror(out) ? (errno ? -errno : -EIO) : 0;
}
