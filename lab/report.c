// SPDX-License-Identifier: GPL-2.0
/*
 * The report's contents: runs sorted by workload and scheduler, compared with a baseline, as tables for a terminal.
 * The page is made by report_html.c.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "lab/report.h"
#include "lib/cli.h"
#include "lib/timeutil.h"

static const char *const shown_metrics[] = {"sojourn", "wakeup"};

int report_merge(const struct report_series *series, const char *metric, struct hist *h)
{
	const struct run_metric *m =
		series->run_count ? run_metric_find(series->runs[0], metric) : NULL;
	int err;

	if (!m || m->is_scalar)
		return -ENOENT;
	err = hist_init(h, m->hist.sub_bits);
	for (size_t i = 0; i < series->run_count && !err; i++) {
		m = run_metric_find(series->runs[i], metric);
		err = m ? sparse_hist_merge(h, &m->hist) : -ENOENT;
	}
	if (err)
		hist_free(h);
	return err;
}

/* --- gathering ------------------------------------------------------------------------------------------- */

static struct report_workload *find_workload(struct report *r, const char *name)
{
	struct report_workload *grown;

	for (size_t i = 0; i < r->workload_count; i++) {
		if (strcmp(r->workloads[i].name, name) == 0)
			return &r->workloads[i];
	}
	grown = realloc(r->workloads, (r->workload_count + 1) * sizeof(*grown));
	if (!grown)
		return NULL;
	r->workloads = grown;
	grown += r->workload_count++;
	memset(grown, 0, sizeof(*grown));
	grown->name = name;
	return grown;
}

static struct report_series *find_series(const struct report *r, struct report_workload *w,
					 const char *label)
{
	struct report_series *grown;

	for (size_t i = 0; i < w->series_count; i++) {
		if (strcmp(w->series[i].label, label) == 0)
			return &w->series[i];
	}
	grown = realloc(w->series, (w->series_count + 1) * sizeof(*grown));
	if (!grown)
		return NULL;
	w->series = grown;
	grown += w->series_count;
	memset(grown, 0, sizeof(*grown));
	grown->label = label;
	grown->runs = calloc(r->set->count, sizeof(*grown->runs));
	if (!grown->runs)
		return NULL;
	w->series_count++;
	return grown;
}

static int sort_runs(struct report *r)
{
	for (size_t i = 0; i < r->set->count; i++) {
		const struct lab_run *run = &r->set->runs[i];
		struct report_workload *w = find_workload(r, run->workload);
		struct report_series *s = w ? find_series(r, w, run->scheduler) : NULL;

		if (!s)
			return -ENOMEM;
		if (run->graphs) {
			s->graphs = run;
			r->graphs++;
		} else if (run->valid) {
			s->runs[s->run_count++] = run;
			r->valid++;
		} else {
			s->invalid_count++;
			r->invalid++;
		}
	}
	return 0;
}

static bool every_class_metric(const char *name)
{
	const char *dot = strrchr(name, '.');

	for (size_t i = 0; dot && i < sizeof(shown_metrics) / sizeof(shown_metrics[0]); i++) {
		if (strcmp(dot + 1, shown_metrics[i]) == 0)
			return strncmp(name, "ledger.", 7) != 0;
	}
	return false;
}

static const struct lab_run *any_valid_run(const struct report_workload *w)
{
	for (size_t i = 0; i < w->series_count; i++) {
		if (w->series[i].run_count)
			return w->series[i].runs[0];
	}
	return NULL;
}

/* The totals, and each class's own where there is more than one class with jobs. */
static int choose_metrics(struct report_workload *w)
{
	const struct lab_run *run = any_valid_run(w);

	if (!run)
		return 0;
	w->metrics = calloc(run->metric_count + 1, sizeof(*w->metrics));
	if (!w->metrics)
		return -ENOMEM;
	for (size_t i = 0; i < run->metric_count; i++) {
		const struct run_metric *m = &run->metrics[i], *total = NULL;
		const char *dot = strrchr(m->name, '.');

		if (m->is_scalar || !m->hist.count)
			continue;
		if (dot)
			total = run_metric_find(run, dot + 1);
		if (total && total->hist.count == m->hist.count && total->hist.sum == m->hist.sum)
			continue;
		if (every_class_metric(m->name) || strcmp(m->name, "sojourn") == 0 ||
		    strcmp(m->name, "wakeup") == 0 ||
		    (!dot && strcmp(m->name, "lateness") != 0 &&
		     strcmp(m->name, "service_error") != 0 && strcmp(m->name, "wait") != 0))
			w->metrics[w->metric_count++] = m->name;
	}
	return 0;
}

static void choose_base(const struct report *r, struct report_workload *w)
{
	const char *wanted = r->options.baseline ? r->options.baseline : "default";

	for (size_t i = 0; i < w->series_count; i++) {
		if (strcmp(w->series[i].label, wanted) == 0)
			w->base = i;
	}
}

/* A set that borrows the runs of a series; only the array is its own. */
static int borrow_set(const struct report_series *s, struct run_set *set)
{
	set->runs = calloc(s->run_count + 1, sizeof(*set->runs));
	if (!set->runs)
		return -ENOMEM;
	for (size_t i = 0; i < s->run_count; i++)
		set->runs[i] = *s->runs[i];
	set->count = s->run_count;
	return 0;
}

/* The comparison's own list of runs points into a set that goes away: nothing but its rows is used afterwards. */
static int compare_series(const struct report *r, struct report_workload *w,
			  struct report_series *s)
{
	struct compare_options options = {.margin_pct = r->options.margin_pct,
					  .seed = r->options.seed};
	struct run_set a = {0}, b = {0};
	int err = borrow_set(&w->series[w->base], &a);

	if (!err)
		err = borrow_set(s, &b);
	if (!err)
		err = compare_sets(&a, &b, &options, &s->against_base, &s->comparison_count,
				   s->why_not, sizeof(s->why_not));
	if (!err)
		s->why_not[0] = '\0';
	free(a.runs);
	free(b.runs);
	return err == -EINVAL ? 0 : err;
}

struct report *report_new(const struct run_set *set, const struct report_options *options)
{
	struct report *r = calloc(1, sizeof(*r));
	int err;

	if (!r)
		return NULL;
	r->set = set;
	r->options = *options;
	err = sort_runs(r);
	for (size_t i = 0; i < r->workload_count && !err; i++) {
		struct report_workload *w = &r->workloads[i];

		choose_base(r, w);
		err = choose_metrics(w);
		for (size_t k = 0; k < w->series_count && !err; k++) {
			if (k != w->base && w->series[k].run_count && w->series[w->base].run_count)
				err = compare_series(r, w, &w->series[k]);
		}
	}
	if (!err)
		return r;
	report_free(r);
	return NULL;
}

void report_free(struct report *r)
{
	if (!r)
		return;
	for (size_t i = 0; i < r->workload_count; i++) {
		struct report_workload *w = &r->workloads[i];

		for (size_t k = 0; k < w->series_count; k++) {
			free(w->series[k].runs);
			compare_free(w->series[k].against_base, w->series[k].comparison_count);
		}
		free(w->series);
		free(w->metrics);
	}
	free(r->workloads);
	free(r);
}

/* --- terminal ---------------------------------------------------------------------------------------------- */

static void print_quantile(const struct hist *h, double q, FILE *out)
{
	char text[32] = "-";

	if (hist_quantile_known(h, q))
		time_format(hist_quantile(h, q), text, sizeof(text));
	fprintf(out, " %10s", text);
}

static void print_metric(const struct report_workload *w, const char *metric, FILE *out)
{
	char label[64], text[32];

	fprintf(out, "\n  %s\n  %-22s %5s %8s %10s %10s %10s %10s %10s\n", metric, "scheduler",
		"runs", "samples", "mean", "p50", "p90", "p99", "max");
	for (size_t i = 0; i < w->series_count; i++) {
		const struct report_series *s = &w->series[i];
		struct hist h;

		if (report_merge(s, metric, &h))
			continue;
		fprintf(out, "  %-22s %5zu %8llu %10s",
			cli_printable(s->label, label, sizeof(label)), s->run_count,
			(unsigned long long)h.count,
			time_format((uint64_t)hist_mean(&h), text, sizeof(text)));
		print_quantile(&h, 0.5, out);
		print_quantile(&h, 0.9, out);
		print_quantile(&h, 0.99, out);
		fprintf(out, " %10s\n", time_format(h.max, text, sizeof(text)));
		hist_free(&h);
	}
}

static void print_shares(const struct report_workload *w, FILE *out)
{
	const struct lab_run *first = any_valid_run(w);
	char label[64];

	for (size_t m = 0; first && m < first->metric_count; m++) {
		const char *name = first->metrics[m].name;

		if (!first->metrics[m].is_scalar)
			continue;
		fprintf(out, "\n  %s\n", name);
		for (size_t i = 0; i < w->series_count; i++) {
			double sum = 0;
			size_t n = 0;

			for (size_t k = 0; k < w->series[i].run_count; k++) {
				const struct run_metric *x =
					run_metric_find(w->series[i].runs[k], name);

				sum += x ? x->value : 0;
				n += x != NULL;
			}
			if (n)
				fprintf(out, "  %-22s %.4g\n",
					cli_printable(w->series[i].label, label, sizeof(label)),
					sum / (double)n);
		}
	}
}

static void print_oracles(const struct report_workload *w, FILE *out)
{
	char label[64];
	bool head = false;

	for (size_t i = 0; i < w->series_count; i++) {
		const struct report_series *s = &w->series[i];
		const struct lab_run *run = s->run_count ? s->runs[0] : NULL;

		for (size_t k = 0; run && k < run->oracle_count; k++) {
			const struct run_oracle *o = &run->oracles[k];

			if (!head)
				fputs("\n  against queueing theory (first run of each; same "
				      "arrivals and services)\n",
				      out);
			head = true;
			fprintf(out, "  %-22s %-5s %-8s mean %+7.1f %%, p99 %+7.1f %%\n",
				k ? "" : cli_printable(s->label, label, sizeof(label)), o->name,
				o->agrees ? "agrees" : "differs", o->error_pct, o->p99_error_pct);
		}
	}
}

void report_print(const struct report *r, FILE *out)
{
	char name[64];

	for (size_t i = 0; i < r->workload_count; i++) {
		const struct report_workload *w = &r->workloads[i];

		fprintf(out, "%sworkload %s\n", i ? "\n" : "",
			cli_printable(w->name, name, sizeof(name)));
		for (size_t m = 0; m < w->metric_count; m++)
			print_metric(w, w->metrics[m], out);
		print_shares(w, out);
		print_oracles(w, out);
	}
	if (r->invalid)
		fprintf(out, "\n%zu run%s marked not valid and left out:\n", r->invalid,
			r->invalid == 1 ? " is" : "s are");
	for (size_t i = 0; i < r->set->count; i++) {
		const struct lab_run *run = &r->set->runs[i];
		char path[160], reason[240];

		if (!run->valid && !run->graphs)
			fprintf(out, "  %s: %s\n", cli_printable(run->path, path, sizeof(path)),
				cli_printable(run->invalid_reason, reason, sizeof(reason)));
	}
}
