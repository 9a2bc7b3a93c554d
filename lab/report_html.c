// SPDX-License-Identifier: GPL-2.0
/*
 * The report as one HTML file that needs nothing else: style, script, charting library and numbers are inside, and its
 * own policy forbids the browser any request. Every text that comes from a file is escaped. All tables are plain HTML:
 * without script only the plots are missing.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "lab/markup.h"
#include "lab/report.h"
#include "lib/fileio.h"
#include "lib/timeutil.h"

/* The build names the file; tools that only read this source see none. */
#ifndef CHART_JS
#define CHART_JS "/dev/null"
#endif

__asm__(".section .rodata\n"
	"report_css:\n.incbin \"lab/report.css\"\n.byte 0\n"
	"report_js:\n.incbin \"lab/report.js\"\n.byte 0\n"
	"report_chart_js:\n.incbin \"" CHART_JS "\"\n.byte 0\n"
	".previous\n");
extern const char report_css[] __attribute__((visibility("hidden")));
extern const char report_js[] __attribute__((visibility("hidden")));
extern const char report_chart_js[] __attribute__((visibility("hidden")));

/* --- small pieces ------------------------------------------------------------------------------------------ */

void report_put_text_cell(FILE *out, const char *class, const char *text)
{
	fprintf(out, "<td class=\"%s\">", class);
	markup_put(out, text);
	fputs("</td>", out);
}

void report_put_time_cell(FILE *out, bool known, double ns)
{
	char text[32];

	if (!known) {
		fputs("<td data-v=\"\">–</td>", out);
		return;
	}
	fprintf(out, "<td data-v=\"%.0f\">%s</td>", ns,
		time_format((uint64_t)(ns + 0.5), text, sizeof(text)));
}

static void put_pct_cell(FILE *out, double pct)
{
	if (isfinite(pct))
		fprintf(out, "<td data-v=\"%.6g\">%+.1f %%</td>", pct, pct);
	else
		fputs("<td data-v=\"\">–</td>", out);
}

void report_open_table(FILE *out, const char *caption, const char *const *heads)
{
	fputs("<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"", out);
	markup_put(out, caption);
	fputs("\"><table class=\"sorts\"><caption>", out);
	markup_put(out, caption);
	fputs("</caption><thead><tr>", out);
	for (; *heads; heads++)
		fprintf(out, "<th scope=\"col\"%s>%s</th>", **heads == '@' ? " class=\"text\"" : "",
			*heads + (**heads == '@'));
	fputs("</tr></thead><tbody>\n", out);
}

void report_close_table(FILE *out)
{
	fputs("</tbody></table></div>\n", out);
}

static void put_plot(FILE *out, const char *kind, size_t workload, size_t metric,
		     const char *caption, const char *described)
{
	fprintf(out,
		"<figure><figcaption>%s</figcaption><div class=\"canvas\"><canvas "
		"id=\"%s-%zu-%zu\" role=\"img\" "
		"aria-label=\"%s\"></canvas></div></figure>\n",
		caption, kind, workload, metric, described);
}

/* --- one metric ------------------------------------------------------------------------------------------------ */

static void put_quantiles(FILE *out, const struct report_workload *w, const char *metric)
{
	static const char *const heads[] = {"scheduler", "runs", "samples", "mean", "p50",
					    "p90",	 "p99",	 "p99.9",   "max",  NULL};
	static const double q[] = {0.5, 0.9, 0.99, 0.999};
	char caption[160];

	snprintf(caption, sizeof(caption),
		 "%s: all valid runs merged; – where fewer than ten samples lie beyond", metric);
	report_open_table(out, caption, heads);
	for (size_t i = 0; i < w->series_count; i++) {
		struct hist h;

		if (report_merge(&w->series[i], metric, &h))
			continue;
		fputs("<tr>", out);
		report_put_text_cell(out, "text", w->series[i].label);
		fprintf(out, "<td data-v=\"%zu\">%zu</td><td data-v=\"%llu\">%llu</td>",
			w->series[i].run_count, w->series[i].run_count, (unsigned long long)h.count,
			(unsigned long long)h.count);
		report_put_time_cell(out, true, hist_mean(&h));
		for (size_t k = 0; k < 4; k++)
			report_put_time_cell(out, hist_quantile_known(&h, q[k]),
					     (double)hist_quantile(&h, q[k]));
		report_put_time_cell(out, true, (double)h.max);
		fputs("</tr>\n", out);
		hist_free(&h);
	}
	report_close_table(out);
}

static const char *verdict_class(enum verdict v)
{
	return v == VERDICT_BETTER ? "text better" : v == VERDICT_WORSE ? "text worse" : "text";
}

static void put_comparison_row(FILE *out, const struct report_series *s,
			       const struct comparison_row *row)
{
	const struct stats_effect *e = &row->effect;

	fputs("<tr>", out);
	report_put_text_cell(out, "text", s->label);
	report_put_text_cell(out, "text", row->stat);
	if (isnan(row->quantile)) {
		fprintf(out, "<td data-v=\"%.9g\">%.4g</td><td data-v=\"%.9g\">%.4g</td>", e->a,
			e->a, e->b, e->b);
	} else {
		report_put_time_cell(out, true, e->a);
		report_put_time_cell(out, true, e->b);
	}
	put_pct_cell(out, 100 * (e->ratio - 1));
	put_pct_cell(out, e->has_interval ? 100 * (e->ratio_ci.low - 1) : NAN);
	put_pct_cell(out, e->has_interval ? 100 * (e->ratio_ci.high - 1) : NAN);
	if (isfinite(row->p_adjusted))
		fprintf(out, "<td data-v=\"%.6f\">%.3f</td>", row->p_adjusted, row->p_adjusted);
	else
		fputs("<td data-v=\"\">–</td>", out);
	report_put_text_cell(out, verdict_class(row->verdict), verdict_name(row->verdict));
	fputs("</tr>\n", out);
}

static void put_comparisons(FILE *out, const struct report_workload *w, const char *metric)
{
	static const char *const heads[] = {
		"scheduler",  "@statistic",  "baseline",      "value",	  "change",
		"low (95 %)", "high (95 %)", "p (corrected)", "@verdict", NULL};
	char caption[200];

	snprintf(caption, sizeof(caption), "%s compared with %s; intervals over runs", metric,
		 w->series[w->base].label);
	report_open_table(out, caption, heads);
	for (size_t i = 0; i < w->series_count; i++) {
		const struct report_series *s = &w->series[i];

		for (size_t c = 0; c < s->comparison_count; c++) {
			for (size_t k = 0; k < s->against_base[c].row_count; k++) {
				const struct comparison_row *row = &s->against_base[c].rows[k];

				if (row->in_family && strcmp(row->metric, metric) == 0)
					put_comparison_row(out, s, row);
			}
		}
	}
	report_close_table(out);
}

static bool has_comparison(const struct report_workload *w)
{
	for (size_t i = 0; i < w->series_count; i++) {
		if (w->series[i].against_base)
			return true;
	}
	return false;
}

static void put_metric(FILE *out, const struct report_workload *w, size_t n, size_t k)
{
	fputs("<h3>", out);
	markup_put(out, w->metrics[k]);
	fputs("</h3>\n<div class=\"plots\">\n", out);
	put_plot(out, "percentiles", n, k, "Percentiles: further right is rarer, lower is better",
		 "Percentile curves of every scheduler; the numbers are in the table below");
	put_plot(out, "histogram", n, k, "Histograms on one scale: a quarter of an octave each",
		 "Histograms of every scheduler; the numbers are in the table below");
	if (has_comparison(w))
		put_plot(out, "shift", n, k,
			 "Shift: how each percentile differs from the baseline; bands are 95 % "
			 "intervals",
			 "Shift function of every scheduler; the numbers are in the table below");
	fputs("</div>\n", out);
	put_quantiles(out, w, w->metrics[k]);
	if (has_comparison(w))
		put_comparisons(out, w, w->metrics[k]);
}

/* --- one workload ------------------------------------------------------------------------------------------------ */

static void put_oracles(FILE *out, const struct report_workload *w, size_t n)
{
	static const char *const heads[] = {"scheduler",
					    "@oracle",
					    "mean of the oracle",
					    "measured mean",
					    "mean differs by",
					    "p99 differs by",
					    "mean, with cost of dispatch",
					    "@verdict",
					    NULL};
	bool any = false;

	for (size_t i = 0; i < w->series_count; i++)
		any |= w->series[i].run_count && w->series[i].runs[0]->oracle_count;
	if (!any)
		return;
	fputs("<h3>Against queueing theory</h3>\n<div class=\"plots\">", out);
	fprintf(out,
		"<figure><figcaption>Mean sojourn, measured and foretold from the same arrivals "
		"and services (first run "
		"of each)</figcaption><div class=\"canvas\"><canvas id=\"oracles-%zu\" "
		"role=\"img\" aria-label=\"Measured "
		"mean sojourn beside the oracles; the numbers are in the table "
		"below\"></canvas></div></figure></div>\n",
		n);
	report_open_table(out, "Path oracles, run by run", heads);
	for (size_t i = 0; i < w->series_count; i++) {
		for (size_t r = 0; r < w->series[i].run_count; r++) {
			const struct lab_run *run = w->series[i].runs[r];

			for (size_t k = 0; k < run->oracle_count; k++) {
				const struct run_oracle *o = &run->oracles[k];

				fputs("<tr>", out);
				report_put_text_cell(out, "text", w->series[i].label);
				report_put_text_cell(out, "text", o->name);
				report_put_time_cell(out, isfinite(o->mean_ns), o->mean_ns);
				report_put_time_cell(out, isfinite(o->measured_mean_ns),
						     o->measured_mean_ns);
				put_pct_cell(out, o->error_pct);
				put_pct_cell(out, o->p99_error_pct);
				put_pct_cell(out, o->corrected_error_pct);
				report_put_text_cell(out, o->agrees ? "text better" : "text",
						     o->agrees ? "agrees" : "differs");
				fputs("</tr>\n", out);
			}
		}
	}
	report_close_table(out);
}

static void put_scalars(FILE *out, const struct report_workload *w)
{
	static const char *const heads[] = {"scheduler", "@what", "seed", "value", NULL};
	bool open = false;

	for (size_t i = 0; i < w->series_count; i++) {
		for (size_t r = 0; r < w->series[i].run_count; r++) {
			const struct lab_run *run = w->series[i].runs[r];

			for (size_t m = 0; m < run->metric_count; m++) {
				if (!run->metrics[m].is_scalar)
					continue;
				if (!open) {
					fputs("<h3>Throughput</h3>\n", out);
					report_open_table(
						out, "Shares of CPU time and rates, run by run",
						heads);
				}
				open = true;
				fputs("<tr>", out);
				report_put_text_cell(out, "text", w->series[i].label);
				report_put_text_cell(out, "text", run->metrics[m].name);
				fprintf(out,
					"<td data-v=\"%llu\">%llu</td><td "
					"data-v=\"%.9g\">%.4g</td></tr>\n",
					(unsigned long long)run->seed,
					(unsigned long long)run->seed, run->metrics[m].value,
					run->metrics[m].value);
			}
		}
	}
	if (open)
		report_close_table(out);
}

static void put_workload(FILE *out, const struct report *r, size_t n)
{
	const struct report_workload *w = &r->workloads[n];

	fprintf(out, "<section aria-labelledby=\"w%zu\"><h2 id=\"w%zu\">Workload ", n, n);
	markup_put(out, w->name);
	fputs("</h2>\n", out);
	for (size_t i = 0; i < w->series_count; i++) {
		const struct report_series *s = &w->series[i];

		if (!s->why_not[0] && !s->invalid_count)
			continue;
		fputs("<p class=\"invalid\">", out);
		markup_put(out, s->label);
		fputs(": ", out);
		if (s->invalid_count)
			fprintf(out, "%zu run%s not valid, left out. ", s->invalid_count,
				s->invalid_count == 1 ? "" : "s");
		if (s->why_not[0]) {
			fputs("Not compared: ", out);
			markup_put(out, s->why_not);
		}
		fputs("</p>\n", out);
	}
	for (size_t k = 0; k < w->metric_count; k++)
		put_metric(out, w, n, k);
	put_scalars(out, w);
	put_oracles(out, w, n);
	report_put_graphs(out, w);
	fputs("</section>\n", out);
}

/* --- at a glance --------------------------------------------------------------------------------------------------- */

static const struct report_series *find_label(const struct report_workload *w, const char *label)
{
	for (size_t i = 0; i < w->series_count; i++) {
		if (strcmp(w->series[i].label, label) == 0)
			return &w->series[i];
	}
	return NULL;
}

/* What the comparison with the baseline says of this statistic. */
static enum verdict verdict_of(const struct report_series *s, const char *metric, double quantile)
{
	for (size_t c = 0; c < s->comparison_count; c++) {
		for (size_t k = 0; k < s->against_base[c].row_count; k++) {
			const struct comparison_row *row = &s->against_base[c].rows[k];

			if (row->in_family && row->quantile == quantile &&
			    strcmp(row->metric, metric) == 0)
				return row->verdict;
		}
	}
	return VERDICT_NONE;
}

static void put_glance_cell(FILE *out, const struct report_series *s, const struct hist *h,
			    const char *metric, double quantile)
{
	enum verdict verdict = verdict_of(s, metric, quantile);
	char text[32];

	if (!hist_quantile_known(h, quantile)) {
		fputs("<td data-v=\"\">–</td>", out);
		return;
	}
	fprintf(out, "<td data-v=\"%llu\">%s", (unsigned long long)hist_quantile(h, quantile),
		time_format(hist_quantile(h, quantile), text, sizeof(text)));
	if (verdict == VERDICT_BETTER || verdict == VERDICT_WORSE)
		fprintf(out, " <span class=\"%s\">%s</span>", verdict_name(verdict),
			verdict_name(verdict));
	fputs("</td>", out);
}

static void put_glance_row(FILE *out, const struct report *r, const char *label)
{
	fputs("<tr>", out);
	report_put_text_cell(out, "text", label);
	for (size_t n = 0; n < r->workload_count; n++) {
		const struct report_workload *w = &r->workloads[n];
		const struct report_series *s = find_label(w, label);
		struct hist h;

		if (!w->metric_count)
			continue;
		if (!s || report_merge(s, w->metrics[0], &h)) {
			fprintf(out, "<td data-v=\"\">%s</td><td data-v=\"\">–</td>",
				s && s->invalid_count ? "not valid" : "–");
			continue;
		}
		put_glance_cell(out, s, &h, w->metrics[0], 0.5);
		put_glance_cell(out, s, &h, w->metrics[0], 0.99);
		hist_free(&h);
	}
	fputs("</tr>\n", out);
}

/* Whether a workload before @n has @label too. */
static bool row_is_there(const struct report *r, size_t n, const char *label)
{
	for (size_t i = 0; i < n; i++) {
		if (find_label(&r->workloads[i], label))
			return true;
	}
	return false;
}

static void put_glance(FILE *out, const struct report *r)
{
	fputs("<section aria-labelledby=\"glance\"><h2 id=\"glance\">At a glance</h2>\n<div "
	      "class=\"scroll\" "
	      "tabindex=\"0\" role=\"region\" aria-label=\"At a glance\"><table "
	      "class=\"sorts\"><caption>Medians and "
	      "99th percentiles; "
	      "better and worse are verdicts against the baseline</caption><thead><tr><th "
	      "scope=\"col\">scheduler</th>",
	      out);
	for (size_t n = 0; n < r->workload_count; n++) {
		const struct report_workload *w = &r->workloads[n];

		for (int i = 0; w->metric_count && i < 2; i++) {
			fputs("<th scope=\"col\">", out);
			markup_put(out, w->name);
			fputs(": ", out);
			markup_put(out, w->metrics[0]);
			fprintf(out, " %s</th>", i ? "p99" : "p50");
		}
	}
	fputs("</tr></thead><tbody>\n", out);
	for (size_t n = 0; n < r->workload_count; n++) {
		for (size_t i = 0; i < r->workloads[n].series_count; i++) {
			const char *label = r->workloads[n].series[i].label;

			if (!row_is_there(r, n, label))
				put_glance_row(out, r, label);
		}
	}
	report_close_table(out);
	fputs("</section>\n", out);
}

/* --- the rest of the page -------------------------------------------------------------------------------------------- */

/* One value of the environment as text, behind @separator: what a machine does not say is "not known". */
static void put_value(FILE *out, const char *separator, const char *key, const json_t *value)
{
	char *text = NULL;

	fputs(separator, out);
	if (key) {
		markup_put(out, key);
		fputs(": ", out);
	}
	if (!json_is_string(value) && !json_is_null(value))
		text = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT | JSON_REAL_PRECISION(3));
	markup_put(out, json_is_string(value) ? json_string_value(value)
			: text		      ? text
					      : "not known");
	free(text);
}

static void put_environment(FILE *out, const char *caption, const json_t *environment)
{
	static const char *const heads[] = {"@what", "@value", NULL};
	const char *key, *part, *separator;
	json_t *value, *of;
	size_t index;

	if (!json_is_object(environment))
		return;
	report_open_table(out, caption, heads);
	json_object_foreach ((json_t *)environment, key, value) {
		fputs("<tr>", out);
		report_put_text_cell(out, "text", key);
		fputs("<td class=\"wrap\">", out);
		separator = "";
		json_object_foreach (value, part, of) {
			put_value(out, separator, part, of);
			separator = "; ";
		}
		json_array_foreach (value, index, of) {
			put_value(out, separator, NULL, of);
			separator = " ";
		}
		if (!json_is_object(value) && !json_is_array(value))
			put_value(out, "", NULL, value);
		fputs("</td></tr>\n", out);
	}
	report_close_table(out);
}

/* The host's environment with what was seen of it around the run: load, steal, and of a guest QEMU and its arguments. */
static json_t *host_facts(const json_t *host)
{
	static const char *const around[] = {"load_before", "load_after", "steal_share"};
	static const char *const of_guest[] = {"qemu", "machine"};
	json_t *facts = json_copy(json_object_get(host, "environment"));
	const json_t *guest = json_object_get(host, "guest");

	for (size_t i = 0; facts && i < 3; i++)
		json_object_set(facts, around[i], json_object_get(host, around[i]));
	for (size_t i = 0; facts && i < 2; i++)
		json_object_set(facts, i ? "qemu_arguments" : "qemu",
				json_object_get(guest, of_guest[i]));
	return facts;
}

/* @word in single quotes for a shell, behind @option. */
static void put_word(FILE *out, const char *option, const char *word)
{
	fprintf(out, " %s &#39;", option);
	while (*word) {
		size_t plain = strcspn(word, "'");
		char *part = strndup(word, plain);

		markup_put(out, part ? part : "?");
		free(part);
		word += plain;
		if (*word) {
			markup_put(out, "'\\''");
			word++;
		}
	}
	fputs("&#39;", out);
}

/* The command that gives this run again; in the virtual lab, bit for bit. */
static void put_command(FILE *out, const struct lab_run *run, size_t number)
{
	const json_t *cell = json_object_get(run->document, "cell"),
		     *settings = json_object_get(cell, "settings");
	const json_t *duration = json_object_get(cell, "duration_ns");
	const char *scheduler = json_string_value(json_object_get(cell, "scheduler"));
	const char *workload = json_string_value(json_object_get(cell, "workload"));
	size_t index;
	json_t *setting;

	if (!scheduler || !workload)
		return;
	fprintf(out, "# run %zu\n", number);
	if (strcmp(run->evidence, "icount") == 0)
		fputs("vm/run --lab --out . -- ", out);
	else if (strcmp(run->evidence, "metal") != 0)
		fputs("vm/run --out . -- ", out);
	fputs("schedlab cell", out);
	put_word(out, "--sched", scheduler);
	json_array_foreach ((json_t *)settings, index, setting)
		put_word(out, "--set", json_is_string(setting) ? json_string_value(setting) : "?");
	put_word(out, "--label", run->scheduler);
	put_word(out, "--workload", workload);
	fprintf(out, " --seed %llu", (unsigned long long)run->seed);
	if (json_is_integer(duration) && json_integer_value(duration) > 0)
		fprintf(out, " --duration %lldns", (long long)json_integer_value(duration));
	if (json_is_true(json_object_get(cell, "ledger")))
		fputs(" --ledger", out);
	fprintf(out, " -o %sresult.json\n", strcmp(run->evidence, "metal") == 0 ? "" : "/out/");
}

static void put_reproduction(FILE *out, const struct report *r)
{
	const json_t *first = r->set->count ? r->set->runs[0].document : NULL;
	json_t *facts;

	fputs("<section aria-labelledby=\"again\"><h2 id=\"again\">Environment and commands</h2>\n",
	      out);
	fputs("<p>Evidence: <strong>", out);
	markup_put(out, r->set->count ? r->set->runs[0].evidence : "none");
	fputs("</strong>, kernel ", out);
	markup_put(out, r->set->count ? r->set->runs[0].kernel : "none");
	fputs(".</p>\n", out);
	put_environment(out, "Where the first run ran", json_object_get(first, "environment"));
	facts = host_facts(json_object_get(first, "host"));
	put_environment(out, "The host around it", facts);
	json_decref(facts);
	fputs("<details><summary>The exact command of every run</summary><pre tabindex=\"0\">",
	      out);
	for (size_t i = 0; i < r->set->count; i++)
		put_command(out, &r->set->runs[i], i + 1);
	fputs("</pre></details></section>\n", out);
}

static void put_head(FILE *out, const struct report *r)
{
	fputs("<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
	      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
	      "script-src 'unsafe-inline'; "
	      "style-src 'unsafe-inline'; img-src data:; frame-src data:\">\n"
	      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
	      "<link rel=\"icon\" href=\"data:,\">\n<title>",
	      out);
	markup_put(out, r->options.title);
	fputs("</title>\n<style>\n", out);
	fputs(report_css, out);
	fputs("</style></head><body>\n<a class=\"skip\" href=\"#w0\">To the first "
	      "workload</a>\n<header><h1>",
	      out);
	markup_put(out, r->options.title);
	fprintf(out,
		"</h1><p class=\"dim\">%zu run%s, %zu workload%s. Times are in the unit shown; "
		"headers of tables sort.</p>",
		r->set->count, r->set->count == 1 ? "" : "s", r->workload_count,
		r->workload_count == 1 ? "" : "s");
	fputs("<nav aria-label=\"Workloads\"><ul>", out);
	for (size_t i = 0; i < r->workload_count; i++) {
		fprintf(out, "<li><a href=\"#w%zu\">Workload ", i);
		markup_put(out, r->workloads[i].name);
		fputs("</a></li>", out);
	}
	fputs("<li><a href=\"#incidents\">Runs and incidents</a></li><li><a "
	      "href=\"#again\">Environment and "
	      "commands</a></li></ul></nav></header>\n<main>\n",
	      out);
}

static int put_scripts(FILE *out, const struct report *r)
{
	json_t *data = report_data(r);
	char *text = data ? json_dumps(data, JSON_COMPACT | JSON_REAL_PRECISION(9)) : NULL;
	int err = text ? 0 : -ENOMEM;

	if (text) {
		fputs("<script type=\"application/json\" id=\"data\">", out);
		err = markup_put_json(out, text);
		fputs("</script>\n<script>\n", out);
		fputs(report_chart_js, out);
		fputs("\n</script>\n<script>\n", out);
		fputs(report_js, out);
		fputs("</script>\n", out);
	}
	free(text);
	json_decref(data);
	return err;
}

static int put_page(void *context, FILE *out)
{
	const struct report *r = context;
	int err;

	put_head(out, r);
	put_glance(out, r);
	for (size_t n = 0; n < r->workload_count; n++)
		put_workload(out, r, n);
	report_put_incidents(out, r);
	put_reproduction(out, r);
	fputs("</main>\n", out);
	err = put_scripts(out, r);
	fputs("</body></html>\n", out);
	return err;
}

int report_write_html(const struct report *r, const char *path)
{
	return file_replace_with(path, put_page, (void *)r);
}
