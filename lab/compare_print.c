// SPDX-License-Identifier: GPL-2.0
/*
 * A comparison as text for a terminal, and as JSON. Plain ASCII unless the locale says UTF-8; colour only where the
 * caller asks for it. Computes no statistics.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "lab/lab.h"
#include "lib/cli.h"
#include "lib/timeutil.h"

#define PICTURE_ROWS_MAX 20
#define SHIFT_WIDTH	 25 /* odd: zero is in the middle */

struct pen {
	FILE *out;
	bool colour;
	bool utf8;
	int columns;
};

static const char *paint(const struct pen *pen, const char *code)
{
	return pen->colour ? code : "";
}
#define RED   "\033[31m"
#define GREEN "\033[32m"
#define CYAN  "\033[36m"
#define AMBER "\033[33m"
#define BOLD  "\033[1m"
#define PLAIN "\033[0m"

static void put_verdict(const struct pen *pen, enum verdict verdict, int width)
{
	const char *colour = verdict == VERDICT_WORSE	 ? RED
			     : verdict == VERDICT_BETTER ? GREEN
							 : NULL;

	fprintf(pen->out, "%s%-*s%s", colour ? paint(pen, colour) : "", width,
		verdict_name(verdict), colour ? paint(pen, PLAIN) : "");
}

/* --- histograms on one scale ---------------------------------------------------------------------- */

/*
 * Both sides' runs merged. Row 0 is all that is below low[1], the last row all from its low[] up: the ends where each
 * side has less than a thousandth are drawn together.
 */
struct picture {
	double share[2][PICTURE_ROWS_MAX + 2]; /* of all samples, per row */
	uint64_t low[PICTURE_ROWS_MAX + 2];
	size_t rows;
};

static int merge_side(const struct lab_run **runs, size_t count, const char *metric, struct hist *h)
{
	const struct run_metric *m = run_metric_find(runs[0], metric);
	int err = m && !m->is_scalar ? hist_init(h, m->hist.sub_bits) : -1;

	for (size_t i = 0; i < count && !err; i++) {
		m = run_metric_find(runs[i], metric);
		err = m ? sparse_hist_merge(h, &m->hist) : -1;
	}
	return err;
}

/* Whole octaves where the range is wide, halves or quarters of one where it is narrow: the layout of lib/hist. */
static void choose_rows(struct picture *p, const struct hist *a, const struct hist *b)
{
	uint64_t low_a = hist_quantile(a, 0.001), low_b = hist_quantile(b, 0.001);
	uint64_t high_a = hist_quantile(a, 0.999), high_b = hist_quantile(b, 0.999);
	uint64_t low = low_a < low_b ? low_a : low_b, high = high_a > high_b ? high_a : high_b;
	unsigned int split = 3;
	uint32_t first, last;

	while (split > 0 && hist_index(split, high) - hist_index(split, low) >= PICTURE_ROWS_MAX)
		split--;
	first = hist_index(split, low);
	last = hist_index(split, high);
	if (last - first >= PICTURE_ROWS_MAX)
		first = last - PICTURE_ROWS_MAX + 1;
	p->low[0] = 0;
	p->rows = 1;
	for (uint32_t i = first; i <= last + 1; i++)
		p->low[p->rows++] = hist_bucket_low(split, i);
}

static void fill_rows(struct picture *p, int side, const struct hist *h)
{
	size_t row = 0;

	for (uint32_t i = 0; i < h->bucket_count; i++) {
		uint64_t low = hist_bucket_low(h->sub_bits, i);

		if (!h->buckets[i])
			continue;
		while (row + 1 < p->rows && low >= p->low[row + 1])
			row++;
		p->share[side][row] += (double)h->buckets[i] / (double)h->count;
	}
}

/* A bar of @length cells, filled up with spaces to @width. */
static void bar(const struct pen *pen, double length, int width, const char *colour)
{
	static const char *const eighths[] = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
	int whole = (int)length, part = (int)((length - whole) * 8), shown = whole;

	if (length > 0)
		fputs(paint(pen, colour), pen->out);
	for (int i = 0; i < whole; i++)
		fputs(pen->utf8 ? "█" : "#", pen->out);
	if (pen->utf8 && part) {
		fputs(eighths[part], pen->out);
		shown++;
	} else if (!pen->utf8 && length > 0 && whole == 0) {
		fputs(".", pen->out);
		shown++;
	}
	if (length > 0)
		fputs(paint(pen, PLAIN), pen->out);
	if (shown < width)
		fprintf(pen->out, "%*s", width - shown, "");
}

static void print_picture(const struct pen *pen, const struct comparison *c,
			  const struct picture *p)
{
	int width = (pen->columns - 20 - 2 * 8) / 2;
	double most = 0;
	char label[2][64], time[32];

	width = width < 10 ? 10 : width > 40 ? 40 : width;
	for (size_t r = 0; r < p->rows; r++)
		most = fmax(most, fmax(p->share[0][r], p->share[1][r]));
	cli_printable(c->label_a, label[0], sizeof(label[0]));
	cli_printable(c->label_b, label[1], sizeof(label[1]));
	fprintf(pen->out, "  %16s  %-*.*s %.*s\n", "", width + 7, width + 6, label[0], width + 6,
		label[1]);
	for (size_t r = 0; r < p->rows; r++) {
		const char *word = r == 0 ? "below" : r + 1 == p->rows ? "above" : "from";

		if (p->share[0][r] + p->share[1][r] == 0 && (r == 0 || r + 1 == p->rows))
			continue;
		fprintf(pen->out, "  %6s %9s  ", word,
			time_format(p->low[r ? r : 1], time, sizeof(time)));
		for (int s = 0; s < 2; s++) {
			if (p->share[s][r] > 0)
				fprintf(pen->out, "%5.1f%% ", 100 * p->share[s][r]);
			else
				fprintf(pen->out, "%6s ", "");
			bar(pen, width * p->share[s][r] / most, s ? 0 : width, s ? AMBER : CYAN);
			fputs(s ? "\n" : " ", pen->out);
		}
	}
}

static void print_histograms(const struct pen *pen, const struct comparison *c, const char *metric)
{
	struct hist a = {0}, b = {0};
	struct picture p = {0};

	if (!merge_side(c->a, c->runs_a, metric, &a) && !merge_side(c->b, c->runs_b, metric, &b) &&
	    a.count && b.count) {
		choose_rows(&p, &a, &b);
		fill_rows(&p, 0, &a);
		fill_rows(&p, 1, &b);
		print_picture(pen, c, &p);
	}
	hist_free(&a);
	hist_free(&b);
}

/* What the oracles of the trace say of one side, over its runs: the largest error counts. */
static void say_oracles(const struct pen *pen, const struct lab_run **runs, size_t count)
{
	for (size_t k = 0; runs[0]->oracles && k < runs[0]->oracle_count; k++) {
		const char *name = runs[0]->oracles[k].name;
		double worst[4] = {0};
		size_t agrees = 0, seen = 0;

		for (size_t i = 0; i < count; i++) {
			const struct run_oracle *o =
				k < runs[i]->oracle_count ? &runs[i]->oracles[k] : NULL;

			if (!o || strcmp(o->name, name) != 0)
				continue;
			const double errors[4] = {o->error_pct, o->p99_error_pct,
						  o->corrected_error_pct,
						  o->corrected_p99_error_pct};

			for (int e = 0; e < 4; e++)
				worst[e] = fabs(errors[e]) > fabs(worst[e]) ? errors[e] : worst[e];
			agrees += o->agrees;
			seen++;
		}
		fprintf(pen->out, "    %-4s oracle: %s%s%s, mean %+.1f %%, p99 %+.1f %%", name,
			agrees == seen ? paint(pen, GREEN) : "",
			agrees == seen ? "agrees" : "differs",
			agrees == seen ? paint(pen, PLAIN) : "", worst[0], worst[1]);
		if (isfinite(worst[2]))
			fprintf(pen->out, "; with the cost of dispatch added %+.1f %%, %+.1f %%",
				worst[2], worst[3]);
		if (seen > 1)
			fprintf(pen->out, " (the worst of %zu runs, %zu agree)", seen, agrees);
		fputs("\n", pen->out);
	}
}

static void print_oracles(const struct pen *pen, const struct comparison *c)
{
	char label[96];

	if (!c->a[0]->oracle_count && !c->b[0]->oracle_count)
		return;
	fputs("\n  what queueing theory says of the same arrivals and services:\n", pen->out);
	fprintf(pen->out, "  %s\n", cli_printable(c->label_a, label, sizeof(label)));
	say_oracles(pen, c->a, c->runs_a);
	fprintf(pen->out, "  %s\n", cli_printable(c->label_b, label, sizeof(label)));
	say_oracles(pen, c->b, c->runs_b);
}

/* --- tables ------------------------------------------------------------------------------------------- */

static const char *format_value(const struct comparison_row *row, double value, char *out,
				size_t size)
{
	if (isnan(row->quantile))
		snprintf(out, size, "%.4g", value);
	else
		time_format((uint64_t)(value + 0.5), out, size);
	return out;
}

/* The interval on a line whose middle is "no change": "   |---o---   ". */
static void shift_picture(const struct pen *pen, const struct stats_effect *e, double reach)
{
	int middle = SHIFT_WIDTH / 2, low, high, at;

	if (!e->has_interval || !isfinite(e->ratio_ci.low) || reach <= 0)
		return;
	low = middle + (int)lround(log(e->ratio_ci.low) / reach * middle);
	high = middle + (int)lround(log(e->ratio_ci.high) / reach * middle);
	at = middle + (int)lround(log(e->ratio) / reach * middle);
	fputs("  ", pen->out);
	for (int i = 0; i < SHIFT_WIDTH; i++) {
		const char *mark = pen->utf8 ? "·" : " ";

		if (i == at)
			mark = pen->utf8 ? "●" : "o";
		else if (i >= low && i <= high)
			mark = pen->utf8 ? "─" : "-";
		else if (i == middle)
			mark = pen->utf8 ? "│" : "|";
		fputs(mark, pen->out);
	}
}

static void print_row(const struct pen *pen, const struct comparison_row *row, double reach)
{
	const struct stats_effect *e = &row->effect;
	char a[32], b[32], interval[48] = "", change[16] = "", p[16] = "";

	if (isfinite(e->ratio))
		snprintf(change, sizeof(change), "%+.1f%%", 100 * (e->ratio - 1));
	if (e->has_interval && isfinite(e->ratio_ci.low))
		snprintf(interval, sizeof(interval), "[%+.1f, %+.1f]", 100 * (e->ratio_ci.low - 1),
			 100 * (e->ratio_ci.high - 1));
	if (row->in_family && isfinite(row->p_adjusted))
		snprintf(p, sizeof(p), "%.3f", row->p_adjusted);
	fprintf(pen->out, "  %-6s %10s %10s %9s %17s %6s", row->stat,
		format_value(row, e->a, a, sizeof(a)), format_value(row, e->b, b, sizeof(b)),
		change, interval, p);
	fputs("  ", pen->out);
	if (row->in_family || row->verdict == VERDICT_TOO_FEW_SAMPLES)
		put_verdict(pen, row->verdict, 15);
	else
		fprintf(pen->out, "%15s", "");
	if (pen->columns >= 78 + SHIFT_WIDTH + 4)
		shift_picture(pen, e, reach);
	fputs("\n", pen->out);
}

static void print_metric(const struct pen *pen, const struct comparison *c, size_t first,
			 size_t end)
{
	double reach = 0.01;
	char shown[96];

	for (size_t i = first; i < end; i++) {
		const struct stats_interval *ci = &c->rows[i].effect.ratio_ci;

		if (isfinite(ci->low) && ci->low > 0)
			reach = fmax(reach, fmax(fabs(log(ci->low)), fabs(log(ci->high))));
	}
	fprintf(pen->out, "\n%s%s%s\n", paint(pen, BOLD),
		cli_printable(c->rows[first].metric, shown, sizeof(shown)), paint(pen, PLAIN));
	fprintf(pen->out, "  %-6s %10s %10s %9s %17s %6s  %s\n", "", "A", "B", "B to A",
		"95% interval, %", "p", "verdict");
	for (size_t i = first; i < end; i++)
		print_row(pen, &c->rows[i], reach);
	fputs("\n", pen->out);
	if (!isnan(c->rows[first].quantile))
		print_histograms(pen, c, c->rows[first].metric);
	if (strcmp(c->rows[first].metric, "sojourn") == 0)
		print_oracles(pen, c);
}

/* --- in words -------------------------------------------------------------------------------------------- */

static void say_row(const struct pen *pen, const struct comparison_row *row,
		    const struct compare_options *options)
{
	const struct stats_effect *e = &row->effect;
	char metric[96];

	fprintf(pen->out, "  %s %s: ", cli_printable(row->metric, metric, sizeof(metric)),
		row->stat);
	put_verdict(pen, row->verdict, 0);
	switch (row->verdict) {
	case VERDICT_SAME:
		fprintf(pen->out, " within %.3g %%", options->margin_pct);
		break;
	case VERDICT_BETTER:
	case VERDICT_WORSE:
		fprintf(pen->out, ", B has %.1f %% %s (p = %.3f after correction)",
			fabs(100 * (e->ratio - 1)), e->ratio > 1 ? "more" : "less",
			row->p_adjusted);
		break;
	case VERDICT_INCONCLUSIVE:
		if (isfinite(e->detectable_pct))
			fprintf(pen->out, "; these runs would show a change of %.2g %% or more",
				e->detectable_pct);
		break;
	default:
		break;
	}
	if (isfinite(row->noise_ratio.low))
		fprintf(pen->out, "; A against A: %+.1f to %+.1f %%",
			100 * (row->noise_ratio.low - 1), 100 * (row->noise_ratio.high - 1));
	fputs("\n", pen->out);
}

static void say_head(const struct pen *pen, const struct comparison *c)
{
	char workload[96], a[96], b[96];

	fprintf(pen->out, "%sworkload %s%s: A = %s, %zu run%s; B = %s, %zu run%s%s\n",
		paint(pen, BOLD), cli_printable(c->workload, workload, sizeof(workload)),
		paint(pen, PLAIN), cli_printable(c->label_a, a, sizeof(a)), c->runs_a,
		c->runs_a == 1 ? "" : "s", cli_printable(c->label_b, b, sizeof(b)), c->runs_b,
		c->runs_b == 1 ? "" : "s", c->paired && c->runs_a > 1 ? "; paired by seed" : "");
	if (c->invalid_a || c->invalid_b)
		fprintf(pen->out, "  left out because marked not valid: %zu of A, %zu of B\n",
			c->invalid_a, c->invalid_b);
	if (c->alone)
		fprintf(pen->out,
			"  left out because the other side has no run with their seed: %zu\n",
			c->alone);
	if (c->runs_a < 2 || c->runs_b < 2)
		fputs("  One run on a side: the difference below cannot be given an interval or a "
		      "verdict. Six pairs of "
		      "runs are the least that can.\n",
		      pen->out);
	else if (c->least_p > 0.05)
		fprintf(pen->out,
			"  So few runs can reach p = %.3f at best: 'better' or 'worse' needs %s.\n",
			c->least_p, c->paired ? "six pairs" : "four runs on each side");
}

/* The program sets no locale (a static binary has none to load): the environment says what the terminal shows. */
static bool environment_says_utf8(void)
{
	static const char *const names[] = {"LC_ALL", "LC_CTYPE", "LANG"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const char *value = getenv(names[i]);

		if (value && *value)
			return strstr(value, "UTF-8") || strstr(value, "utf8");
	}
	return false;
}

void compare_print(const struct comparison *comparisons, size_t count,
		   const struct compare_options *options, int columns, bool colour, FILE *out)
{
	struct pen pen = {out, colour, environment_says_utf8(), columns > 0 ? columns : 80};

	for (size_t n = 0; n < count; n++) {
		const struct comparison *c = &comparisons[n];

		if (n)
			fputs("\n", out);
		say_head(&pen, c);
		for (size_t i = 0, end; i < c->row_count; i = end) {
			for (end = i; end < c->row_count &&
				      strcmp(c->rows[i].metric, c->rows[end].metric) == 0;)
				end++;
			print_metric(&pen, c, i, end);
		}
		if (c->runs_a < 2 || c->runs_b < 2)
			continue;
		fputs("\nIn words\n", out);
		for (size_t i = 0; i < c->row_count; i++) {
			if (c->rows[i].in_family)
				say_row(&pen, &c->rows[i], options);
		}
	}
}

/* --- JSON ------------------------------------------------------------------------------------------------- */

static json_t *number_or_null(double value)
{
	return isfinite(value) ? json_real(value) : json_null();
}

static json_t *interval_json(const struct stats_interval *ci)
{
	if (!isfinite(ci->low) || !isfinite(ci->high))
		return json_null();
	return json_pack("[f, f]", ci->low, ci->high);
}

static json_t *row_json(const struct comparison_row *row)
{
	const struct stats_effect *e = &row->effect;

	return json_pack(
		"{s:s, s:s, s:o, s:f, s:f, s:f, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:b, s:b, s:s}",
		"metric", row->metric, "stat", row->stat, "quantile",
		row->quantile >= 0 ? json_real(row->quantile) : json_null(), "a", e->a, "b", e->b,
		"difference", e->difference, "difference_interval",
		interval_json(&e->difference_ci), "ratio", number_or_null(e->ratio),
		"ratio_interval", interval_json(&e->ratio_ci), "p", number_or_null(row->p),
		"p_adjusted", number_or_null(row->p_adjusted), "detectable_change_pct",
		number_or_null(e->detectable_pct), "noise_floor_ratio",
		interval_json(&row->noise_ratio), "more_is_better", row->more_is_better,
		"in_family", row->in_family, "verdict", verdict_name(row->verdict));
}

static json_t *paths_json(const struct lab_run **runs, size_t count)
{
	json_t *list = json_array();

	for (size_t i = 0; i < count; i++)
		json_array_append_new(list, json_string(runs[i]->path));
	return list;
}

static json_t *side_json(const char *label, const struct lab_run **runs, size_t count,
			 size_t invalid)
{
	return json_pack("{s:s, s:I, s:I, s:o}", "label", label, "runs", (json_int_t)count,
			 "not_valid", (json_int_t)invalid, "files", paths_json(runs, count));
}

json_t *compare_to_json(const struct comparison *comparisons, size_t count,
			const struct compare_options *options)
{
	json_t *list = json_array();

	for (size_t n = 0; n < count && list; n++) {
		const struct comparison *c = &comparisons[n];
		json_t *rows = json_array();

		for (size_t i = 0; i < c->row_count; i++)
			json_array_append_new(rows, row_json(&c->rows[i]));
		json_array_append_new(
			list, json_pack("{s:s, s:b, s:I, s:o, s:o, s:o}", "workload", c->workload,
					"paired", c->paired, "alone", (json_int_t)c->alone, "a",
					side_json(c->label_a, c->a, c->runs_a, c->invalid_a), "b",
					side_json(c->label_b, c->b, c->runs_b, c->invalid_b),
					"rows", rows));
	}
	return json_pack("{s:s, s:f, s:f, s:I, s:o}", "schema", "schedlab.compare/1", "confidence",
			 0.95, "margin_pct", options->margin_pct, "seed", (json_int_t)options->seed,
			 "comparisons", list);
}
