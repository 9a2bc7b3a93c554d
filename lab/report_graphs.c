// SPDX-License-Identifier: GPL-2.0
/*
 * The pictures of the report: flame graphs and wake graphs that lie beside a result file, put into the page whole. Each
 * is a document of its own in a sandbox: it can be searched and zoomed, but reaches neither the page nor any network.
 */
#include <stdlib.h>
#include <string.h>

#include "lab/markup.h"
#include "lab/report.h"
#include "lib/fileio.h"

static const struct {
	const char *kind, *title;
} shown_graphs[] = {
	{"offcpu", "Off-CPU flame graph"},
	{"wakeups", "Wake graph"},
};
#define GRAPHS (sizeof(shown_graphs) / sizeof(shown_graphs[0]))

static void put_base64(FILE *out, const unsigned char *data, size_t size)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

	for (size_t i = 0; i < size; i += 3) {
		uint32_t three = (uint32_t)data[i] << 16 |
				 (i + 1 < size ? (uint32_t)data[i + 1] << 8 : 0) |
				 (i + 2 < size ? data[i + 2] : 0);

		fputc(digits[three >> 18], out);
		fputc(digits[three >> 12 & 63], out);
		fputc(i + 1 < size ? digits[three >> 6 & 63] : '=', out);
		fputc(i + 2 < size ? digits[three & 63] : '=', out);
	}
}

/* The file of one graph, or NULL. The caller frees it. */
static char *read_graph(const struct lab_run *run, const char *kind, size_t *size)
{
	char path[4096], *data;

	if (cell_graph_path(run->path, kind, path, sizeof(path)) ||
	    file_read(path, CELL_GRAPH_MAX, &data, size))
		return NULL;
	return data;
}

/* The number that follows @key in the file's first bytes, as in <svg ... height="420">; 0 where there is none. */
static double svg_number(const char *text, const char *key)
{
	const char *open = strstr(text, "<svg"), *at = open ? strstr(open, key) : NULL,
		   *end = open ? strchr(open, '>') : NULL;

	return at && end && at < end ? strtod(at + strlen(key), NULL) : 0;
}

static void put_graph(FILE *out, const struct lab_run *run, const char *title, const char *data,
		      size_t size)
{
	double height = svg_number(data, " height=\"");

	if (!(height > 50))
		height = 400;
	if (height > 1200)
		height = 1200;
	fprintf(out,
		"<figure><figcaption>%s</figcaption><iframe sandbox=\"allow-scripts\" title=\"%s, ",
		title, title);
	markup_put(out, run->scheduler);
	fputs(" under ", out);
	markup_put(out, run->workload);
	fprintf(out, "\" style=\"height:%.0fpx\" src=\"data:image/svg+xml;base64,", height + 8);
	put_base64(out, (const unsigned char *)data, size);
	fputs("\"></iframe></figure>\n", out);
}

/* The run whose graphs stand for the series: the one that recorded them, else the first that is valid. */
static const struct lab_run *graph_run(const struct report_series *s)
{
	return s->graphs ? s->graphs : s->run_count ? s->runs[0] : NULL;
}

static void put_series(FILE *out, const struct report_series *s)
{
	const struct lab_run *run = graph_run(s);
	bool open = false;

	for (size_t i = 0; run && i < GRAPHS; i++) {
		size_t size;
		char *data = read_graph(run, shown_graphs[i].kind, &size);

		if (!data)
			continue;
		if (!open) {
			fputs("<details class=\"graphs\"><summary>", out);
			markup_put(out, s->label);
			fprintf(out, ", seed %llu</summary>\n", (unsigned long long)run->seed);
			if (!run->valid) {
				fputs("<p class=\"invalid\">This run is not valid: ", out);
				markup_put(out, run->invalid_reason);
				fputs("</p>\n", out);
			}
		}
		open = true;
		put_graph(out, run, shown_graphs[i].title, data, size);
		free(data);
	}
	if (open)
		fputs("</details>\n", out);
}

static bool has_graph(const struct report_series *s)
{
	const struct lab_run *run = graph_run(s);
	bool found = false;

	for (size_t i = 0; run && i < GRAPHS && !found; i++) {
		size_t size;
		char *data = read_graph(run, shown_graphs[i].kind, &size);

		found = data != NULL;
		free(data);
	}
	return found;
}

void report_put_graphs(FILE *out, const struct report_workload *w)
{
	bool any = false;

	for (size_t i = 0; i < w->series_count && !any; i++)
		any = has_graph(&w->series[i]);
	if (!any)
		return;
	fputs("<h3>Where tasks wait, and who wakes them</h3>\n<p class=\"dim\">Recorded in runs of "
	      "their own, whose times are in no other figure. A graph takes clicks and keys: zoom "
	      "into "
	      "a frame, search by name.</p>\n",
	      out);
	for (size_t i = 0; i < w->series_count; i++)
		put_series(out, &w->series[i]);
}
