/* SPDX-License-Identifier: GPL-2.0 */
/* What report.c (gathering, terminal), report_data.c (the plots' numbers) and report_*.c (the page) share. Not for other rooms. */
#ifndef SCHEDLAB_LAB_REPORT_H
#define SCHEDLAB_LAB_REPORT_H

#include "lab/lab.h"

/* All valid runs of one scheduler under one workload. */
struct report_series {
	const char *label;	     /* borrowed */
	const struct lab_run **runs; /* owned array of borrowed runs, valid ones */
	size_t run_count, invalid_count;
	const struct lab_run *graphs; /* borrowed: the run that recorded its graphs, or NULL */
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
	size_t valid, invalid; /* of the runs that measured */
	size_t graphs;	       /* runs that recorded graphs */
};

/* All of @series' runs merged for @metric into the uninitialised @h. Returns 0, -ENOENT (no such metric) or -ENOMEM. */
int report_merge(const struct report_series *series, const char *metric, struct hist *h);
/* The document that the page's script reads. NULL on lack of memory. */
json_t *report_data(const struct report *r);

/* Pieces of the page that its parts share. A head that begins with @ is over text; a table scrolls in a box of its own. */
void report_put_text_cell(FILE *out, const char *class, const char *text);
void report_put_time_cell(FILE *out, bool known, double ns);
void report_open_table(FILE *out, const char *caption, const char *const *heads);
void report_close_table(FILE *out);

/* The sections made by report_timeline.c and report_graphs.c. */
void report_put_incidents(FILE *out, const struct report *r);
void report_put_graphs(FILE *out, const struct report_workload *w);

#endif
