// SPDX-License-Identifier: GPL-2.0
/*
 * The report's timeline: when each run ran by the host's clock, and what went wrong in which; below it the same as a
 * table. Plain HTML with positions in per cent, so that it is as wide as the reader's screen and readable without script.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lab/markup.h"
#include "lab/report.h"
#include "lib/timeutil.h"

/* A pause longer than this part of the busy time is drawn as long as it: a bench that went on a day later. */
#define PAUSE_SHARE 0.1
#define LANES_MAX   64
#define TICKS	    5

/* A run on the clock, and where it is drawn. */
struct span {
	const struct lab_run *run;
	size_t number; /* of the run in the report, from 1 */
	double start_s, end_s;
	unsigned int lane; /* among those of its scheduler */
};

/* A stretch in which something ran. */
struct stretch {
	double start_s, end_s;
	double at; /* where its start is drawn, in drawn seconds */
};

struct timeline {
	struct span *spans; /* by start */
	size_t count;
	struct stretch *stretches;
	size_t stretch_count;
	double drawn_s; /* the whole width */
};

static double host_number(const struct lab_run *run, const char *name)
{
	const json_t *value = json_object_get(json_object_get(run->document, "host"), name);

	return json_is_number(value) ? json_number_value(value) : NAN;
}

static int by_start(const void *left, const void *right)
{
	const struct span *a = left, *b = right;

	if (a->start_s != b->start_s)
		return a->start_s < b->start_s ? -1 : 1;
	return a->number < b->number ? -1 : a->number > b->number;
}

/* Dates far from ours and lengths of nothing are no clock times: files are anybody's. */
static bool on_the_clock(double start_s, double wall_s)
{
	return start_s > 0 && start_s < 1e11 && wall_s >= 0 && wall_s < 1e9;
}

static void find_stretches(struct timeline *t)
{
	double busy = 0;

	for (size_t i = 0; i < t->count; i++) {
		const struct span *s = &t->spans[i];
		struct stretch *last =
			t->stretch_count ? &t->stretches[t->stretch_count - 1] : NULL;

		if (!last || s->start_s > last->end_s)
			t->stretches[t->stretch_count++] =
				(struct stretch){s->start_s, s->end_s, 0};
		else if (s->end_s > last->end_s)
			last->end_s = s->end_s;
	}
	for (size_t i = 0; i < t->stretch_count; i++)
		busy += t->stretches[i].end_s - t->stretches[i].start_s;
	for (size_t i = 1; i < t->stretch_count; i++) {
		struct stretch *before = &t->stretches[i - 1], *s = &t->stretches[i];
		double pause = s->start_s - before->end_s;

		if (pause > busy * PAUSE_SHARE)
			pause = busy * PAUSE_SHARE;
		s->at = before->at + before->end_s - before->start_s + pause;
	}
	if (t->stretch_count) {
		const struct stretch *last = &t->stretches[t->stretch_count - 1];

		t->drawn_s = last->at + last->end_s - last->start_s;
	}
}

/* Returns 0 or -1 (no memory). */
static int timeline_of(struct timeline *t, const struct run_set *set)
{
	memset(t, 0, sizeof(*t));
	t->spans = calloc(set->count + 1, sizeof(*t->spans));
	t->stretches = calloc(set->count + 1, sizeof(*t->stretches));
	if (!t->spans || !t->stretches)
		return -1;
	for (size_t i = 0; i < set->count; i++) {
		double start_s = host_number(&set->runs[i], "started_unix_s");
		double wall_s = host_number(&set->runs[i], "wall_s");

		if (on_the_clock(start_s, wall_s))
			t->spans[t->count++] =
				(struct span){&set->runs[i], i + 1, start_s, start_s + wall_s, 0};
	}
	qsort(t->spans, t->count, sizeof(*t->spans), by_start);
	find_stretches(t);
	return 0;
}

static void timeline_free(struct timeline *t)
{
	free(t->spans);
	free(t->stretches);
}

/* Where the moment is drawn, in per cent of the width. */
static double place(const struct timeline *t, double when_s)
{
	const struct stretch *s = t->stretches;

	for (size_t i = 1; i < t->stretch_count && t->stretches[i].start_s <= when_s; i++)
		s = &t->stretches[i];
	return t->drawn_s > 0 ? 100 * (s->at + when_s - s->start_s) / t->drawn_s : 0;
}

static const char *clock_text(double when_s, const char *format, char *out, size_t size)
{
	time_t seconds = (time_t)when_s;
	struct tm tm;

	if (!gmtime_r(&seconds, &tm) || !strftime(out, size, format, &tm))
		snprintf(out, size, "?");
	return out;
}

/* --- drawing ------------------------------------------------------------------------------------------ */

static void put_tick(FILE *out, double percent, double when_s, bool cut)
{
	char text[32];

	fprintf(out, "<span%s style=\"%s:%.2f%%\">%s</span>", cut ? " class=\"cut\"" : "",
		percent > 90 ? "right" : "left", percent > 90 ? 100 - percent : percent,
		clock_text(when_s, cut ? "%m-%d %H:%M:%S" : "%H:%M:%S", text, sizeof(text)));
}

/* Without a pause that was cut the axis is even; with one, its stretches begin where they are labelled. */
static void put_axis(FILE *out, const struct timeline *t)
{
	double start_s = t->stretches[0].start_s, last = 0;
	bool cut = false;

	for (size_t i = 1; i < t->stretch_count; i++)
		cut |= t->stretches[i].start_s - start_s > t->stretches[i].at + 1e-6;
	fputs("<div class=\"axis\" aria-hidden=\"true\">", out);
	for (int i = 0; !cut && i < TICKS; i++)
		put_tick(out, 100.0 * i / (TICKS - 1), start_s + t->drawn_s * i / (TICKS - 1),
			 false);
	for (size_t i = 0; cut && i < t->stretch_count; i++) {
		double at = place(t, t->stretches[i].start_s);

		/* Labels need room. */
		if (i && at - last < 100.0 / TICKS)
			continue;
		put_tick(out, at, t->stretches[i].start_s, true);
		last = at;
	}
	fputs("</div>\n", out);
}

static void put_what(FILE *out, const struct span *s)
{
	char from[32], to[32];

	fprintf(out, "run %zu: ", s->number);
	markup_put(out, s->run->scheduler);
	fputs(" under ", out);
	markup_put(out, s->run->workload);
	fprintf(out, ", seed %llu, %s to %s%s", (unsigned long long)s->run->seed,
		clock_text(s->start_s, "%H:%M:%S", from, sizeof(from)),
		clock_text(s->end_s, "%H:%M:%S", to, sizeof(to)), s->run->graphs ? ", graphs" : "");
	if (!s->run->valid) {
		fputs(": ", out);
		markup_put(out, s->run->invalid_reason);
	}
}

/* A bar; that of an incident is a link to its row, so that the keyboard reaches it. */
static void put_bar(FILE *out, const struct timeline *t, const struct span *s)
{
	double left = place(t, s->start_s), right = place(t, s->end_s);
	const struct lab_run *run = s->run;

	if (run->valid)
		fprintf(out, "<span class=\"bar%s\" aria-hidden=\"true\"",
			run->graphs ? " graphs" : "");
	else
		fprintf(out, "<a class=\"bar bad%s\" href=\"#incident-%zu\"",
			run->graphs ? " graphs" : "", s->number);
	fprintf(out, " style=\"left:%.3f%%;width:%.3f%%;top:%.1frem\" title=\"", left,
		right > left ? right - left : 0, 1.3 * s->lane);
	put_what(out, s);
	if (!run->valid) {
		fputs("\" aria-label=\"", out);
		put_what(out, s);
	}
	fputs(run->valid ? "\"></span>\n" : "\">!</a>\n", out);
}

/* Runs of one scheduler that overlap stand below each other. Returns the number of lanes. */
static unsigned int stack_lanes(struct timeline *t, const char *scheduler)
{
	double free_s[LANES_MAX] = {0};
	unsigned int lanes = 1;

	for (size_t i = 0; i < t->count; i++) {
		struct span *s = &t->spans[i];
		unsigned int lane = 0;

		if (strcmp(s->run->scheduler, scheduler) != 0)
			continue;
		while (lane < LANES_MAX - 1 && free_s[lane] > s->start_s)
			lane++;
		s->lane = lane;
		free_s[lane] = s->end_s;
		if (lane + 1 > lanes)
			lanes = lane + 1;
	}
	return lanes;
}

static void put_scheduler(FILE *out, struct timeline *t, const char *scheduler)
{
	unsigned int lanes = stack_lanes(t, scheduler);
	size_t runs = 0, bad = 0;

	for (size_t i = 0; i < t->count; i++) {
		if (strcmp(t->spans[i].run->scheduler, scheduler) != 0)
			continue;
		runs++;
		bad += !t->spans[i].run->valid;
	}
	fputs("<li><span class=\"who\">", out);
	markup_put(out, scheduler);
	fprintf(out, "</span><span class=\"unseen\">: %zu runs, %zu not valid</span>", runs, bad);
	fprintf(out, "<div class=\"lane\" style=\"height:%.1frem\">\n", 1.3 * lanes);
	for (size_t i = 0; i < t->count; i++) {
		if (strcmp(t->spans[i].run->scheduler, scheduler) == 0)
			put_bar(out, t, &t->spans[i]);
	}
	fputs("</div></li>\n", out);
}

static bool seen_before(const struct timeline *t, size_t index)
{
	for (size_t i = 0; i < index; i++) {
		if (strcmp(t->spans[i].run->scheduler, t->spans[index].run->scheduler) == 0)
			return true;
	}
	return false;
}

static void put_timeline(FILE *out, struct timeline *t)
{
	char from[48], to[48];

	if (!t->count)
		return;
	fprintf(out,
		"<figure class=\"timeline\"><figcaption>When each run ran: %s to %s UTC. Filled: "
		"valid; outlined: recorded "
		"the graphs; hatched, with an exclamation mark: not valid, a link to its row "
		"below.</figcaption>\n",
		clock_text(t->stretches[0].start_s, "%Y-%m-%d %H:%M:%S", from, sizeof(from)),
		clock_text(t->stretches[t->stretch_count - 1].end_s, "%Y-%m-%d %H:%M:%S", to,
			   sizeof(to)));
	put_axis(out, t);
	fputs("<ul class=\"lanes\">\n", out);
	for (size_t i = 0; i < t->count; i++) {
		if (!seen_before(t, i))
			put_scheduler(out, t, t->spans[i].run->scheduler);
	}
	fputs("</ul></figure>\n", out);
}

/* --- the table ------------------------------------------------------------------------------------------ */

static void put_incident(FILE *out, const struct lab_run *run, size_t number)
{
	double start_s = host_number(run, "started_unix_s"), wall_s = host_number(run, "wall_s");
	const json_t *active = json_object_get(json_object_get(run->document, "exit"), "active_ns");
	char text[48];

	fprintf(out, "<tr id=\"incident-%zu\"><td data-v=\"%zu\">%zu</td>", number, number, number);
	if (on_the_clock(start_s, wall_s))
		fprintf(out, "<td data-v=\"%.0f\">%s</td>", start_s,
			clock_text(start_s, "%H:%M:%S", text, sizeof(text)));
	else
		fputs("<td data-v=\"\">–</td>", out);
	report_put_time_cell(out, json_is_integer(active) && json_integer_value(active) > 0,
			     (double)json_integer_value(active));
	report_put_text_cell(out, "text", run->scheduler);
	report_put_text_cell(out, "text", run->workload);
	report_put_text_cell(out, "wrap", run->invalid_reason);
	fputs("</tr>\n", out);
}

static void put_table(FILE *out, const struct run_set *set)
{
	static const char *const heads[] = {"run",	  "began (UTC)", "ejected after",
					    "@scheduler", "@workload",	 "@what happened",
					    NULL};

	report_open_table(out, "Incidents, in the order of the runs", heads);
	for (size_t i = 0; i < set->count; i++) {
		if (!set->runs[i].valid)
			put_incident(out, &set->runs[i], i + 1);
	}
	report_close_table(out);
}

void report_put_incidents(FILE *out, const struct report *r)
{
	struct timeline t;
	size_t bad = 0;

	for (size_t i = 0; i < r->set->count; i++)
		bad += !r->set->runs[i].valid;
	fprintf(out,
		"<section aria-labelledby=\"incidents\"><h2 id=\"incidents\">Runs and "
		"incidents</h2>\n<p>Valid runs: %zu. Not valid, and left out of every figure "
		"above: %zu.",
		r->valid, r->invalid);
	if (r->graphs)
		fprintf(out, " For the graphs only: %zu.", r->graphs);
	fputs("</p>\n", out);
	if (timeline_of(&t, r->set) == 0) {
		put_timeline(out, &t);
		if (t.count < r->set->count)
			fprintf(out,
				"<p class=\"dim\">Not on the timeline, since they do not say when "
				"they ran: %zu.</p>\n",
				r->set->count - t.count);
	}
	timeline_free(&t);
	if (bad)
		put_table(out, r->set);
	fputs("</section>\n", out);
}
