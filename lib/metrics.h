/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Prometheus text (exposition format 0.0.4): the one exporter of the program. It builds text and writes it to a file for
 * node_exporter's textfile collector; it opens no socket. Names are checked and begin with "schedlab_".
 */
#ifndef SCHEDLAB_LIB_METRICS_H
#define SCHEDLAB_LIB_METRICS_H

#include <stdint.h>

#include "lib/hist.h"

struct metrics;

struct metrics_label {
	const char *name, *value; /* @value: any text, escaped here */
};

/* NULL on lack of memory. */
struct metrics *metrics_new(void);
void metrics_free(struct metrics *metrics);

/*
 * Add one sample. @name without the prefix, "_total" at the end of a counter's; base units (seconds, bytes, ratios). @labels
 * ends with a NULL name, or is NULL. Samples of one name must follow each other. Errors are kept for metrics_text().
 */
void metrics_gauge(struct metrics *m, const char *name, const char *help,
		   const struct metrics_label *labels, double value);
void metrics_counter(struct metrics *m, const char *name, const char *help,
		     const struct metrics_label *labels, uint64_t value);
/* A histogram of @hist (nanoseconds) in seconds, with a bucket at each power of two of ns that holds samples up to it. */
void metrics_histogram(struct metrics *m, const char *name, const char *help,
		       const struct metrics_label *labels, const struct hist *hist);

/* The text so far, owned by @m; NULL if a sample could not be added (no memory, a wrong name, a name not in one block). */
const char *metrics_text(const struct metrics *m);

#endif
