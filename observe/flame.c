// SPDX-License-Identifier: GPL-2.0
/* The flame graph's SVG: tree of frames, layout, colours. What moves in it is in flame.js, its look in flame.css. */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "lib/timeutil.h"
#include "observe/escape.h"
#include "observe/flame.h"
#include "observe/wakesvg.h"

__asm__(".section .rodata\n"
	"flame_js:\n.incbin \"observe/flame.js\"\n.byte 0\n"
	".globl svg_js\nsvg_js:\n.incbin \"observe/svg.js\"\n.byte 0\n"
	".globl flame_css\nflame_css:\n.incbin \"observe/flame.css\"\n.byte 0\n"
	".previous\n");
extern const char flame_js[];

#define ROW_PX	       16
#define HEAD_PX	       84
#define NOTE_PX	       18
#define MIN_WIDTH_PCT  0.01
#define LEGEND_STEP_PX 118

struct node {
	struct frame frame; /* its text belongs to a profile */
	uint64_t ns[STACK_STATES];
	uint64_t count;
	double after,
		before; /* times of the two captures at the same length; after alone in a plain graph */
	struct node *children;
	uint32_t nr, cap;
};

static void node_free(struct node *n)
{
	for (uint32_t i = 0; i < n->nr; i++)
		node_free(&n->children[i]);
	free(n->children);
}

/* The child of @n for @f, new or known. Stacks come sorted, so it is nearly always the last one. */
static struct node *node_child(struct node *n, const struct frame *f)
{
	for (uint32_t i = n->nr; i-- > 0;)
		if (frame_compare(&n->children[i].frame, f) == 0)
			return &n->children[i];
	if (n->nr == n->cap) {
		uint32_t cap = n->cap ? n->cap * 2 : 4;
		struct node *fresh = reallocarray(n->children, cap, sizeof(*fresh));

		if (!fresh)
			return NULL;
		n->children = fresh;
		n->cap = cap;
	}
	n->children[n->nr] = (struct node){.frame = *f};
	return &n->children[n->nr++];
}

static void node_add(struct node *n, const struct stack *s, double after, double before,
		     bool states)
{
	n->after += after * (double)s->value_ns;
	n->before += before * (double)s->value_ns;
	if (states) {
		n->ns[s->state] += s->value_ns;
		n->count += s->count;
	}
}

/* Add all stacks of @p, weighted for the one or the other side. Returns 0 or -ENOMEM. */
static int tree_add(struct node *root, const struct profile *p, double after, double before)
{
	for (uint32_t i = 0; i < p->nr_stacks; i++) {
		const struct stack *s = p->stacks[i];
		struct node *n = root;

		node_add(n, s, after, before, after > 0);
		for (uint32_t k = 0; k < s->depth; k++) {
			n = node_child(n, p->frames[s->frames[k]]);
			if (!n)
				return -ENOMEM;
			node_add(n, s, after, before, after > 0);
		}
	}
	return 0;
}

static int compare_nodes(const void *a, const void *b)
{
	return frame_compare(&((const struct node *)a)->frame, &((const struct node *)b)->frame);
}

static void tree_sort(struct node *n)
{
	if (n->nr)
		qsort(n->children, n->nr, sizeof(*n->children), compare_nodes);
	for (uint32_t i = 0; i < n->nr; i++)
		tree_sort(&n->children[i]);
}

static double width_pct(double value, double total)
{
	return total > 0 ? 100 * value / total : 0;
}

/* Levels of the frames that will be drawn: those wide enough in one of the two directions, and the root. */
static uint32_t tree_depth(const struct node *n, const struct node *root, double min_width_pct)
{
	uint32_t deepest = 0;

	if (n != root && width_pct(n->after, root->after) < min_width_pct &&
	    width_pct(n->before, root->before) < min_width_pct)
		return 0;
	for (uint32_t i = 0; i < n->nr; i++) {
		uint32_t d = tree_depth(&n->children[i], root, min_width_pct);

		deepest = d > deepest ? d : deepest;
	}
	return deepest + 1;
}

static double widest_change(const struct node *n)
{
	double most = fabs(n->after - n->before);

	for (uint32_t i = 0; i < n->nr; i++)
		most = fmax(most, widest_change(&n->children[i]));
	return most;
}

/* One pass over the tree that draws it. */
struct draw {
	FILE *out;
	bool diff;
	bool swapped;  /* widths of the first capture */
	double total;  /* the whole width, in ns */
	double change; /* the deepest colour */
	double min_width_pct;
	uint32_t depth;
	struct flame_report report;
};

static void put_xml(FILE *out, const char *text)
{
	char *safe = escape_dup(ESCAPE_XML, text);

	fputs(safe ? safe : "", out);
	free(safe);
}

/* FNV-1a: the same name has the same shade in every graph. */
static uint32_t name_hash(const char *name)
{
	uint32_t h = 2166136261u;

	while (*name)
		h = (h ^ (unsigned char)*name++) * 16777619u;
	return h;
}

struct palette {
	int hue, spread, saturation, light;
	const char *what;
};

static const struct palette palettes[STACK_STATES] = {
	[STATE_RUNNING] = {14, 28, 90, 62, "running"},
	[STATE_SLEEPING] = {203, 18, 75, 70, "sleeping (S)"},
	[STATE_DISK] = {236, 16, 55, 70, "disk (D)"},
	[STATE_OTHER] = {210, 10, 12, 72, "other"},
	[STATE_QUEUED] = {150, 16, 45, 60, "queued"},
	[STATE_PREEMPTED] = {84, 16, 50, 58, "preempted"},
};

static const struct palette waker = {172, 18, 50, 68, "who ended the wait"}; /* the field's aqua */

static int kind_shade(enum frame_kind kind)
{
	switch (kind) {
	case FRAME_KERNEL:
		return -6;
	case FRAME_INLINED:
	case FRAME_PROCESS:
		return 7;
	default:
		return 0;
	}
}

static void put_fill(FILE *out, const struct frame *f, enum stack_state state)
{
	const struct palette *c = f->kind == FRAME_WAKER ? &waker : &palettes[state];

	fprintf(out, "hsl(%d,%d%%,%d%%)", c->hue + (int)(name_hash(f->name) % (uint32_t)c->spread),
		c->saturation, c->light + kind_shade(f->kind));
}

/* Red where the second capture has more, blue where it has less; grey where nothing changed. */
static void put_change(struct draw *d, const struct node *n)
{
	double change = n->after - n->before;
	double part = d->change > 0 ? fabs(change) / d->change : 0;

	if (part < 1e-9) {
		fputs("hsl(0,0%,93%)", d->out);
		return;
	}
	fprintf(d->out, "hsl(%d,90%%,%.1f%%)", change >= 0 ? 4 : 218, 97 - 42 * sqrt(part));
}

static void put_rects(struct draw *d, const struct node *n)
{
	uint64_t sum = 0;
	double at = 0;

	if (d->diff) {
		fputs("<rect width=\"100%\" height=\"15\" fill=\"", d->out);
		put_change(d, n);
		fputs("\"/>", d->out);
		return;
	}
	for (int s = 0; s < STACK_STATES; s++)
		sum += n->ns[s];
	for (int s = 0; s < STACK_STATES; s++) {
		double part = sum ? 100.0 * (double)n->ns[s] / (double)sum : 0;

		if (!n->ns[s])
			continue;
		fprintf(d->out, "<rect class=\"%s\" ", stack_state_name((enum stack_state)s));
		if (at > 0)
			fprintf(d->out, "x=\"%.3f%%\" ", at);
		fprintf(d->out, "width=\"%.3f%%\" height=\"15\" fill=\"", part);
		put_fill(d->out, &n->frame, (enum stack_state)s);
		fputs("\"/>", d->out);
		at += part;
	}
}

static void put_change_text(struct draw *d, const struct node *n)
{
	char a[32], b[32], c[32];
	double change = n->after - n->before;

	fprintf(d->out, "\n%s before, %s after: %s%s",
		time_format((uint64_t)n->before, a, sizeof(a)),
		time_format((uint64_t)n->after, b, sizeof(b)), change < 0 ? "-" : "+",
		time_format((uint64_t)fabs(change), c, sizeof(c)));
	if (n->before > 0)
		fprintf(d->out, " (%+.1f %%)", 100 * change / n->before);
	else
		fputs(" (new)", d->out);
}

static void put_title(struct draw *d, const struct node *n, double width)
{
	const struct frame *f = &n->frame;
	char text[32];

	fputs("<title>", d->out);
	put_xml(d->out, f->name);
	if (f->kind != FRAME_PROCESS && f->kind != FRAME_LOST) {
		fprintf(d->out, "\n%s", frame_kind_name(f->kind));
		if (f->module[0]) {
			fputs(", ", d->out);
			put_xml(d->out, f->module);
		}
		if (f->source[0]) {
			fputs(", ", d->out);
			put_xml(d->out, f->source);
		}
	}
	if (d->diff) {
		put_change_text(d, n);
	} else {
		fprintf(d->out, "\n%s, %.2f %%, %" PRIu64 " times",
			time_format((uint64_t)n->after, text, sizeof(text)), width, n->count);
		for (int s = 0; s < STACK_STATES; s++)
			if (n->ns[s])
				fprintf(d->out, "\n%s %s", palettes[s].what,
					time_format(n->ns[s], text, sizeof(text)));
	}
	fputs("</title>", d->out);
}

static void draw_node(struct draw *d, const struct node *n, double x, uint32_t level)
{
	double width = width_pct(d->swapped ? n->before : n->after, d->total);
	uint32_t y = (d->depth - 1 - level) * ROW_PX;

	if (width < d->min_width_pct) {
		d->report.left_out += width > 0;
		return;
	}
	d->report.drawn++;
	fprintf(d->out,
		"<svg class=\"f%s\" x=\"%.4f%%\" y=\"%u\" width=\"%.4f%%\" height=\"15\" "
		"tabindex=\"%d\" data-n=\"",
		n->frame.kind == FRAME_LOST || n->frame.kind == FRAME_UNKNOWN ? " lost" : "", x, y,
		width, level ? -1 : 0);
	put_xml(d->out, n->frame.name);
	fputs("\">", d->out);
	put_title(d, n, width);
	put_rects(d, n);
	fputs("<text x=\"3\" y=\"11.5\">", d->out);
	put_xml(d->out, n->frame.name);
	fputs("</text></svg>\n", d->out);
	for (uint32_t i = 0; i < n->nr; i++) {
		const struct node *child = &n->children[i];

		draw_node(d, child, x, level + 1);
		x += width_pct(d->swapped ? child->before : child->after, d->total);
	}
}

static bool has_wakers(const struct node *n)
{
	if (n->frame.kind == FRAME_WAKER)
		return true;
	for (uint32_t i = 0; i < n->nr; i++)
		if (has_wakers(&n->children[i]))
			return true;
	return false;
}

/* Returns where the next one stands. */
static int put_legend_entry(FILE *out, const struct palette *c, int x)
{
	fprintf(out,
		"<rect x=\"%d\" y=\"49\" width=\"12\" height=\"12\" fill=\"hsl(%d,%d%%,%d%%)\"/>"
		"<text x=\"%d\" y=\"59\" class=\"sub\">%s</text>\n",
		x, c->hue + c->spread / 2, c->saturation, c->light, x + 16, c->what);
	return x + LEGEND_STEP_PX;
}

static void put_legend(FILE *out, const struct node *root, bool diff)
{
	int x = 10;

	if (diff) {
		fprintf(out, "<rect x=\"10\" y=\"49\" width=\"12\" height=\"12\" "
			     "fill=\"hsl(4,90%%,60%%)\"/>"
			     "<text x=\"26\" y=\"59\" class=\"sub\">more than before</text>"
			     "<rect x=\"160\" y=\"49\" width=\"12\" height=\"12\" "
			     "fill=\"hsl(218,90%%,60%%)\"/>"
			     "<text x=\"176\" y=\"59\" class=\"sub\">less than before</text>\n");
		return;
	}
	for (int s = 0; s < STACK_STATES; s++)
		if (root->ns[s])
			x = put_legend_entry(out, &palettes[s], x);
	if (has_wakers(root))
		put_legend_entry(out, &waker, x);
}

void flame_put_search(FILE *out, const char *label)
{
	fprintf(out,
		"<foreignObject x=\"100%%\" y=\"4\" width=\"212\" height=\"24\" "
		"style=\"transform:translateX(-222px)\">"
		"<input xmlns=\"http://www.w3.org/1999/xhtml\" id=\"search\" type=\"search\" "
		"placeholder=\"search ( / )\" aria-label=\"%s\" "
		"style=\"width:200px;font:12px monospace;margin:0\"/></foreignObject>\n",
		label);
}

static void put_head(FILE *out, const struct flame_options *options, const struct node *root,
		     uint32_t height)
{
	fprintf(out,
		"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
		"<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"100%%\" height=\"%u\" "
		"role=\"application\" "
		"aria-label=\"flame graph\">\n<style><![CDATA[\n%s]]></style>\n",
		height, flame_css);
	fputs("<text x=\"10\" y=\"20\" class=\"title\">", out);
	put_xml(out, options->title);
	fputs("</text>\n<text x=\"10\" y=\"39\" class=\"sub\">", out);
	put_xml(out, options->subtitle ? options->subtitle : "");
	fputs("</text>\n", out);
	put_legend(out, root, options->before != NULL);
	fputs("<text x=\"10\" y=\"77\" id=\"details\" aria-live=\"polite\"></text>\n"
	      "<text x=\"100%\" dx=\"-10\" y=\"39\" text-anchor=\"end\" id=\"matched\" "
	      "aria-live=\"polite\"></text>\n"
	      "<text x=\"100%\" dx=\"-230\" y=\"20\" text-anchor=\"end\" class=\"button off\" "
	      "id=\"reset\" role=\"button\" "
	      "tabindex=\"0\">reset zoom</text>\n",
	      out);
	flame_put_search(out, "search frames, regular expression");
}

/* A direction of a differential graph, in words. */
static void put_direction(FILE *out, const struct flame_options *options, bool swapped)
{
	fputs("widths of ", out);
	put_xml(out, (swapped ? options->before_name : options->after_name)
			     ?: (swapped ? "before" : "after"));
	fputs(swapped ? " (before)" : " (after)", out);
}

static void put_view(struct draw *d, const struct flame_options *options, const struct node *root,
		     bool hidden)
{
	fprintf(d->out, "<g class=\"view\"%s data-title=\"",
		hidden ? " style=\"display:none\"" : "");
	if (d->diff)
		put_direction(d->out, options, d->swapped);
	fputs("\">\n", d->out);
	draw_node(d, root, 0, 0);
	fputs("</g>\n", d->out);
}

static uint32_t put_note(FILE *out, uint32_t y, const char *what, uint64_t count, uint64_t ns)
{
	char text[32];

	if (!count)
		return y;
	fprintf(out, "<text x=\"10\" y=\"%u\" class=\"note\">%" PRIu64 " %s", y, count, what);
	if (ns)
		fprintf(out, ", %s", time_format(ns, text, sizeof(text)));
	fputs("</text>\n", out);
	return y + NOTE_PX;
}

static void put_notes(FILE *out, uint32_t y, const struct stack_losses *l, uint64_t left_out)
{
	y = put_note(out, y, "kernel stacks could not be walked", l->kernel_not_walked,
		     l->kernel_not_walked_ns);
	y = put_note(out, y, "user stacks could not be walked", l->user_not_walked,
		     l->user_not_walked_ns);
	y = put_note(out, y, "stacks were cut at the recorded depth", l->cut, l->cut_ns);
	y = put_note(out, y, "intervals found no room for their stack", l->dropped, l->dropped_ns);
	y = put_note(out, y, "addresses have no name", l->unknown_frames, 0);
	put_note(out, y, "frames too narrow to draw", left_out, 0);
}

#define MAX_NOTES 6

static int write_svg(struct draw *d, const struct profile *p, const struct flame_options *options,
		     const struct node *root)
{
	uint32_t frames_px = d->depth * ROW_PX, y = HEAD_PX + frames_px + NOTE_PX;
	uint32_t graph_px = options->graph ? wake_graph_height_px(options->graph) : 0;

	put_head(d->out, options, root, y + MAX_NOTES * NOTE_PX + graph_px);
	if (d->diff) {
		fputs("<text x=\"330\" y=\"59\" class=\"sub\" id=\"direction\">", d->out);
		put_direction(d->out, options, false);
		fputs("</text>\n<text x=\"640\" y=\"59\" class=\"button\" id=\"swap\" "
		      "role=\"button\" tabindex=\"0\">"
		      "the other direction (d)</text>\n",
		      d->out);
	}
	fprintf(d->out, "<svg x=\"1%%\" y=\"%d\" width=\"98%%\" height=\"%u\">\n", HEAD_PX,
		frames_px);
	put_view(d, options, root, false);
	if (d->diff) {
		d->swapped = true;
		d->total = root->before;
		put_view(d, options, root, true);
	}
	fputs("</svg>\n", d->out);
	put_notes(d->out, y, &p->losses, d->report.left_out);
	if (options->graph) {
		int err = wake_graph_svg(options->graph, d->out, 10, y + MAX_NOTES * NOTE_PX);

		if (err)
			return err;
	}
	fprintf(d->out, "<script><![CDATA[\n%s%s%s]]></script>\n</svg>\n", svg_js, flame_js,
		options->graph ? wake_js : "");
	errno = 0;
	return fflush(d->out) || ferror(d->out) ? (errno ? -errno : -EIO) : 0;
}

int flame_write(const struct profile *p, const struct flame_options *options, FILE *out,
		struct flame_report *report)
{
	const struct profile *before = options->before;
	bool known = before && before->duration_ns && p->duration_ns;
	struct node root = {.frame = {.kind = FRAME_PROCESS,
				      .name = "all",
				      .module = "",
				      .build_id = "",
				      .source = ""}};
	struct draw d = {.out = out,
			 .diff = before != NULL,
			 .min_width_pct = options->min_width_pct > 0 ? options->min_width_pct
								     : MIN_WIDTH_PCT};
	int err = tree_add(&root, p, 1, 0);

	if (!err && before)
		err = tree_add(&root, before, 0,
			       known ? (double)p->duration_ns / (double)before->duration_ns : 1);
	if (!err) {
		if (before)
			tree_sort(&root);
		d.depth = tree_depth(&root, &root, d.min_width_pct);
		d.total = root.after;
		d.change = before ? widest_change(&root) : 0;
		err = write_svg(&d, p, options, &root);
	}
	node_free(&root);
	if (report)
		*report = d.report;
	return err;
}
