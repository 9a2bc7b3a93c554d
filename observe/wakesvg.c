// SPDX-License-Identifier: GPL-2.0
/* The wake graph's SVG: layout and text. What moves in it is in wake.js, its look in flame.css. */
#include "observe/wakesvg.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "lib/timeutil.h"
#include "observe/escape.h"
#include "observe/flame.h"

__asm__(".section .rodata\n"
	".globl wake_js\nwake_js:\n.incbin \"observe/wake.js\"\n.byte 0\n"
	".previous\n");

#define ROW_PX	      24
#define NODE_PX	      18 /* a node's height */
#define HEAD_PX	      88
#define NODE_WIDTH_PX 280
#define GAP_PX	      380
#define WIDTH_PX      (2 * NODE_WIDTH_PX + GAP_PX)
#define MARGIN_PX     10
/* Up to so many edges all have their label; with more, those at the pointer. */
#define FEW_EDGES     15

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

uint32_t wake_graph_height_px(const struct wake_graph *g)
{
	uint32_t left = rows_of(g, true), right = rows_of(g, false);

	return HEAD_PX + (left > right ? left : right) * ROW_PX + ROW_PX;
}

static void put_node(FILE *out, const struct wake_node *n, uint32_t index, const char *name,
		     bool waker, uint32_t row)
{
	fprintf(out,
		"<svg class=\"node\" x=\"%d\" y=\"%u\" width=\"%d\" height=\"%d\" "
		"tabindex=\"-1\" role=\"button\" data-node=\"%u\" data-side=\"%s\" "
		"data-n=\"%s\"><title>%s%s\n%s %" PRIu64
		" times</title><rect width=\"100%%\" height=\"100%%\"%s/>"
		"<text x=\"5\" y=\"13\">%s</text></svg>\n",
		waker ? 0 : NODE_WIDTH_PX + GAP_PX, row * ROW_PX, NODE_WIDTH_PX, NODE_PX, index,
		waker ? "waker" : "wakee", name, name, n->interrupt ? " (interrupt)" : "",
		waker ? "wakes" : "is woken", waker ? n->out : n->in,
		n->interrupt ? " stroke-dasharray=\"4 2\"" : "", name);
}

/* Both columns. Returns 0 or -ENOMEM. */
static int put_nodes(FILE *out, const struct wake_graph *g, const struct columns *c)
{
	for (uint32_t i = 0; i < g->nr_nodes; i++) {
		const struct wake_node *n = &g->nodes[i];
		char *name = escape_dup(ESCAPE_XML, n->name);

		if (!name)
			return -ENOMEM;
		if (n->out)
			put_node(out, n, i, name, true, c->left[i]);
		if (n->in)
			put_node(out, n, i, name, false, c->right[i]);
		free(name);
	}
	return 0;
}

static double part_pct(uint64_t part, uint64_t whole)
{
	return whole ? 100 * (double)part / (double)whole : 0;
}

static void put_edge_title(FILE *out, const struct wake_edge *e, const char *from, const char *to)
{
	uint64_t p99_ns = wake_edge_p99_ns(e);
	char mean[32], max[32], p99[32];

	fprintf(out, "<title>%s wakes %s\n%" PRIu64 " times\nlatency mean %s", from, to, e->count,
		time_format(wake_edge_mean_ns(e), mean, sizeof(mean)));
	if (p99_ns)
		fprintf(out, ", p99 at most %s", time_format(p99_ns, p99, sizeof(p99)));
	fprintf(out,
		", max %s\n%.1f %% onto the waker's CPU, %.1f %% onto its cache's, %.1f %% "
		"elsewhere</title>",
		time_format(e->max_latency_ns, max, sizeof(max)), part_pct(e->same_cpu, e->count),
		part_pct(e->same_cache, e->count), part_pct(e->other_cache, e->count));
}

static uint32_t edges_at(const struct wake_graph *g, uint32_t node, bool waker)
{
	uint32_t nr = 0;

	for (uint32_t i = 0; i < g->nr_edges; i++)
		nr += (waker ? g->edges[i].from : g->edges[i].to) == node;
	return nr;
}

/*
 * Where along an edge its label stands (0 to 1): near the end where no other edge comes in, as rows are apart there;
 * between two busy ends the labels are staggered.
 */
static double label_at(const struct wake_graph *g, uint32_t index)
{
	const struct wake_edge *e = &g->edges[index];

	if (edges_at(g, e->from, true) == 1)
		return 0.18;
	if (edges_at(g, e->to, false) == 1)
		return 0.82;
	return 0.46 + 0.12 * (index % 3);
}

/* A cubic curve that leaves and arrives level; wake.js draws the same when rows have moved. */
struct curve {
	uint32_t y1, y2;
};

static struct curve curve_of(const struct wake_edge *e, const struct columns *c)
{
	return (struct curve){c->left[e->from] * ROW_PX + NODE_PX / 2,
			      c->right[e->to] * ROW_PX + NODE_PX / 2};
}

static const uint32_t x1 = NODE_WIDTH_PX, x2 = NODE_WIDTH_PX + GAP_PX, xm = WIDTH_PX / 2;

static int put_edge(FILE *out, const struct wake_graph *g, const struct wake_edge *e,
		    const struct columns *c, uint64_t most)
{
	char *from = escape_dup(ESCAPE_XML, g->nodes[e->from].name);
	char *to = escape_dup(ESCAPE_XML, g->nodes[e->to].name);
	struct curve y = curve_of(e, c);

	if (from && to) {
		fprintf(out,
			"<g class=\"edge\" tabindex=\"-1\" role=\"img\" data-from=\"%u\" "
			"data-to=\"%u\" data-count=\"%" PRIu64
			"\" style=\"--hue:%d\" stroke-width=\"%.2f\">",
			e->from, e->to, e->count, wake_edge_hue(e), wake_edge_width(e, most));
		put_edge_title(out, e, from, to);
		fprintf(out, "<path d=\"M%u %uC%u %u %u %u %u %u\"/></g>\n", x1, y.y1, xm, y.y1, xm,
			y.y2, x2, y.y2);
	}
	free(from);
	free(to);
	return from && to ? 0 : -ENOMEM;
}

static void put_label(FILE *out, const struct wake_graph *g, uint32_t index,
		      const struct columns *c)
{
	const struct wake_edge *e = &g->edges[index];
	struct curve y = curve_of(e, c);
	double t = label_at(g, index), u = 1 - t, near = u * u * u + 3 * u * u * t;
	char mean[32];

	fprintf(out,
		"<text class=\"label\" data-t=\"%.2f\" x=\"%.1f\" y=\"%.1f\">%" PRIu64
		" x %s</text>\n",
		t, u * u * u * x1 + 3 * u * t * xm + t * t * t * x2,
		near * y.y1 + (1 - near) * y.y2 + 4, e->count,
		time_format(wake_edge_mean_ns(e), mean, sizeof(mean)));
}

/* Title, what the picture means, and the lines that wake.js writes. Returns 0 or -ENOMEM. */
static int put_head(FILE *out, const struct wake_graph *g)
{
	static const char *const steps[] = {"10 us", "100 us", "1 ms", "10 ms"};
	char *title = escape_dup(ESCAPE_XML, g->title ? g->title : "who wakes whom");

	if (!title)
		return -ENOMEM;
	fprintf(out,
		"<text y=\"14\" class=\"title\">%s</text>\n<text y=\"34\" "
		"class=\"sub\">wakers left, wakees right; width: wakeups; dashed: interrupts",
		title);
	free(title);
	if (g->left_out)
		fprintf(out, "; %" PRIu64 " wakeups on edges not shown", g->left_out);
	fputs("</text>\n", out);
	if (g->lost)
		fprintf(out,
			"<text x=\"460\" y=\"54\" class=\"note\">%" PRIu64
			" wakeups found no room in the table</text>\n",
			g->lost);
	fputs("<text y=\"54\" class=\"sub\">mean latency</text>\n", out);
	for (int i = 0; i < 4; i++)
		fprintf(out,
			"<g class=\"edge\" style=\"--hue:%d\"><path stroke-width=\"6\" "
			"d=\"M%d 50h18\"/></g><text x=\"%d\" y=\"54\" class=\"sub\">%s</text>\n",
			120 - 40 * i, 100 + 85 * i, 123 + 85 * i, steps[i]);
	fputs("<text y=\"76\" id=\"wakes-details\" aria-live=\"polite\"></text>\n"
	      "<text x=\"730\" y=\"54\" class=\"button off\" id=\"wakes-reset\" role=\"button\" "
	      "tabindex=\"0\">show all</text>\n"
	      "<text x=\"940\" y=\"34\" text-anchor=\"end\" id=\"wakes-matched\" "
	      "aria-live=\"polite\"></text>\n",
	      out);
	return 0;
}

int wake_graph_svg(const struct wake_graph *g, FILE *out, uint32_t x, uint32_t y)
{
	uint32_t height = wake_graph_height_px(g) - HEAD_PX;
	uint64_t most = wake_graph_most(g);
	struct columns c = {0};
	int err = place_columns(g, &c);

	if (!err) {
		fprintf(out, "<g id=\"graph\" transform=\"translate(%u,%u)\">\n", x, y);
		err = put_head(out, g);
		fprintf(out,
			"<svg id=\"wakes\"%s y=\"%d\" width=\"98%%\" height=\"%u\" viewBox=\"0 0 "
			"%d %u\" preserveAspectRatio=\"xMinYMin meet\" data-row=\"%d\">\n",
			g->nr_edges <= FEW_EDGES ? " class=\"few\"" : "", HEAD_PX, height, WIDTH_PX,
			height, ROW_PX);
		for (uint32_t i = 0; !err && i < g->nr_edges; i++)
			err = put_edge(out, g, &g->edges[i], &c, most);
		for (uint32_t i = 0; !err && i < g->nr_edges; i++)
			put_label(out, g, i, &c);
		if (!err)
			err = put_nodes(out, g, &c);
		fputs("</svg>\n</g>\n", out);
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
		"<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"100%%\" height=\"%u\" "
		"role=\"application\" aria-labelledby=\"wakes-name\" "
		"aria-describedby=\"wakes-desc\">\n<title id=\"wakes-name\">Who wakes "
		"whom</title>\n"
		"<desc id=\"wakes-desc\">A graph of two columns: wakers at the left, wakees at the "
		"right. Arrow keys go from task to edge to task, Enter shows one task's edges "
		"alone, "
		"Escape all; / searches; + - 0 zoom, Shift and an arrow move.</desc>\n"
		"<style><![CDATA[\n%s]]></style>\n",
		wake_graph_height_px(g) + 2 * MARGIN_PX, flame_css);
	flame_put_search(out, "search tasks, regular expression");
	err = wake_graph_svg(g, out, MARGIN_PX, MARGIN_PX);
	fprintf(out, "<script><![CDATA[\n%s%s]]></script>\n</svg>\n", svg_js, wake_js);
	errno = 0;
	return err ? err : fflush(out) || ferror(out) ? (errno ? -errno : -EIO) : 0;
}
