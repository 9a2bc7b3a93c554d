/* SPDX-License-Identifier: GPL-2.0 */
/* What report.c (gathering, terminal), report_data.c (the plots' numbers) and report_html.c share. Not for other rooms. */
#ifndef SCHEDLAB_LAB_REPORT_H
#define SCHEDLAB_LAB_REPORT_H

#include "lab/lab.h"

/* All valid runs of one scheduler under one workload. */
struct report_series {
	const char *label;	     /* borrowed */
	const struct lab_run **runs; /* owned array of borrowed runs, valid ones */
	size_t run_count, invalid_count;
	struct comparison
		*against_base; /* owned, NULL for the baseline or where it cannot be compared */
	size_t comparison_count;
	char why_not[512]; /* where against_base is NULL: the reason; "" for the baseline */
};

struct report_workload {
	const char *name; /* borrowed */
	struct report_series *series;
	size_t series_count;
	size_t base;	      /* index of the baseline */
	const char **metrics; /* owned array of borrowed names: histograms that are shown */
	size_t metric_count;
};

struct report {
	const struct run_set *set;
	struct report_options options;
	struct report_workload *workloads;
	size_t workload_count;
	size_t valid, invalid;
};

/* All of @series' runs merged for @metric into the uninitialised @h. Returns 0, -ENOENT (no such metric) or -ENOMEM. */
int report_merge(const struct report_series *series, const char *metric, struct hist *h);
/* The document that the page's script reads. NULL on lack of memory. */
json_t *report_data(const struct report *r);

#endif
