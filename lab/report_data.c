// SPDX-License-Identifier: GPL-2.0
/* The numbers behind the report's plots, as one JSON document for the page's script. Draws nothing. */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "lab/report.h"

/* A quarter of an octave: fine enough to see a shape, coarse enough that a bar holds samples. */
#define PLOT_SUB_BITS 2

static const double curve[] = {0.01, 0.05, 0.1,	 0.2,  0.3,  0.4,  0.5,	  0.6,	 0.7,	 0.8,
			       0.85, 0.9,  0.95, 0.97, 0.98, 0.99, 0.995, 0.999, 0.9995, 0.9999};

static json_t *curve_json(const struct hist *h)
{
	json_t *list = json_array();

	for (size_t i = 0; i < sizeof(curve) / sizeof(curve[0]); i++) {
		if (hist_quantile_known(h, curve[i]))
			json_array_append_new(list,
					      json_pack("[f, I]", curve[i],
							(json_int_t)hist_quantile(h, curve[i])));
	}
	return list;
}

/* [lower end, share] of each plotted bucket, and a last one with no share where the histogram ends. */
static json_t *hist_json(const struct hist *h)
{
	json_t *list = json_array();
	uint32_t at = 0;
	uint64_t count = 0;
	bool begun = false;

	for (uint32_t i = 0; i < h->bucket_count && h->count; i++) {
		uint32_t row = hist_index(PLOT_SUB_BITS, hist_bucket_low(h->sub_bits, i));

		if (begun && row != at) {
			json_array_append_new(
				list,
				json_pack("[I, f]", (json_int_t)hist_bucket_low(PLOT_SUB_BITS, at),
					  (double)count / (double)h->count));
			count = 0;
			if (hist_bucket_low(h->sub_bits, i) > h->max)
				break;
		}
		begun |= h->buckets[i] != 0;
		at = row;
		count += h->buckets[i];
	}
	json_array_append_new(
		list,
		json_pack("[I, f]", (json_int_t)hist_bucket_high(PLOT_SUB_BITS, at) + 1, 0.0));
	return list;
}

static json_t *series_json(const struct report_series *s, const char *metric)
{
	struct hist h;
	json_t *json;

	if (report_merge(s, metric, &h))
		return NULL;
	json = json_pack("{s:s, s:I, s:f, s:o, s:o}", "label", s->label, "count",
			 (json_int_t)h.count, "mean", hist_mean(&h), "curve", curve_json(&h),
			 "hist", hist_json(&h));
	hist_free(&h);
	return json;
}

static json_t *number_or_null(double value)
{
	return isfinite(value) ? json_real(value) : json_null();
}

/* [quantile, ratio, low, high] of each row of the shift function. */
static json_t *shift_json(const struct report_series *s, const char *metric)
{
	json_t *rows = json_array();

	for (size_t c = 0; c < s->comparison_count; c++) {
		for (size_t i = 0; i < s->against_base[c].row_count; i++) {
			const struct comparison_row *row = &s->against_base[c].rows[i];

			if (strcmp(row->metric, metric) != 0 || !(row->quantile >= 0) ||
			    row->verdict == VERDICT_TOO_FEW_SAMPLES || !isfinite(row->effect.ratio))
				continue;
			json_array_append_new(
				rows, json_pack("[f, f, o, o]", row->quantile, row->effect.ratio,
						number_or_null(row->effect.ratio_ci.low),
						number_or_null(row->effect.ratio_ci.high)));
		}
	}
	return json_pack("{s:s, s:o}", "label", s->label, "rows", rows);
}

static json_t *metric_json(const struct report_workload *w, const char *metric)
{
	json_t *series = json_array(), *shifts = json_array();

	for (size_t i = 0; i < w->series_count; i++) {
		json_t *one = series_json(&w->series[i], metric);

		if (one)
			json_array_append_new(series, one);
		if (one && w->series[i].against_base)
			json_array_append_new(shifts, shift_json(&w->series[i], metric));
	}
	return json_pack("{s:s, s:s, s:o, s:o}", "name", metric, "base", w->series[w->base].label,
			 "series", series, "shift", shifts);
}

static json_t *oracles_json(const struct report_workload *w)
{
	json_t *list = json_array();

	for (size_t i = 0; i < w->series_count; i++) {
		const struct report_series *s = &w->series[i];

		for (size_t k = 0; s->run_count && k < s->runs[0]->oracle_count; k++) {
			const struct run_oracle *o = &s->runs[0]->oracles[k];

			json_array_append_new(list, json_pack("{s:s, s:s, s:o, s:o}", "label",
							      s->label, "name", o->name, "mean_ns",
							      number_or_null(o->mean_ns),
							      "measured_mean_ns",
							      number_or_null(o->measured_mean_ns)));
		}
	}
	return list;
}

json_t *report_data(const struct report *r)
{
	json_t *workloads = json_array();

	for (size_t n = 0; n < r->workload_count; n++) {
		const struct report_workload *w = &r->workloads[n];
		json_t *metrics = json_array();

		for (size_t m = 0; m < w->metric_count; m++)
			json_array_append_new(metrics, metric_json(w, w->metrics[m]));
		json_array_append_new(workloads,
				      json_pack("{s:s, s:o, s:o}", "name", w->name, "metrics",
						metrics, "oracles", oracles_json(w)));
	}
	return json_pack("{s:s, s:o}", "schema", "schedlab.report/1", "workloads", workloads);
}
