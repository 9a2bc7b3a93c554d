// SPDX-License-Identifier: GPL-2.0
/* Prometheus text, see metrics.h. Format: prometheus.io, "Exposition formats", text-based format. */
#include <ctype.h>
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/metrics.h"

#define PREFIX	    "schedlab_"
#define BLOCKS_MAX  256
#define BUCKET_LOW  10 /* 2^10 ns: about 1 us */
#define BUCKET_HIGH 36 /* 2^36 ns: about 69 s */

struct metrics {
	char *text;
	size_t size, used;
	const char *blocks[BLOCKS_MAX]; /* names seen, in order; owned copies */
	size_t block_count;
	bool failed;
};

struct metrics *metrics_new(void)
{
	return calloc(1, sizeof(struct metrics));
}

void metrics_free(struct metrics *m)
{
	size_t i;

	if (!m)
		return;
	for (i = 0; i < m->block_count; i++)
		free((char *)m->blocks[i]);
	free(m->text);
	free(m);
}

static void put(struct metrics *m, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void put(struct metrics *m, const char *format, ...)
{
	va_list args;
	char *grown;
	int need;

	va_start(args, format);
	need = vsnprintf(NULL, 0, format, args);
	va_end(args);
	if (need < 0 || m->failed)
		return;
	if (m->used + (size_t)need + 1 > m->size) {
		size_t size = (m->used + (size_t)need + 1) * 2;

		grown = realloc(m->text, size);
		if (!grown) {
			m->failed = true;
			return;
		}
		m->text = grown;
		m->size = size;
	}
	va_start(args, format);
	vsnprintf(m->text + m->used, m->size - m->used, format, args);
	va_end(args);
	m->used += (size_t)need;
}

static bool valid_name(const char *name)
{
	if (!isalpha((unsigned char)name[0]) && name[0] != '_')
		return false;
	for (; *name; name++)
		if (!isalnum((unsigned char)*name) && *name != '_')
			return false;
	return true;
}

/* Help and label values: backslash and newline escaped, in label values the quote too; other control bytes dropped. */
static void put_escaped(struct metrics *m, const char *text, bool label)
{
	for (; *text; text++) {
		if (*text == '\\')
			put(m, "\\\\");
		else if (*text == '\n')
			put(m, "\\n");
		else if (*text == '"' && label)
			put(m, "\\\"");
		else if ((unsigned char)*text >= 0x20)
			put(m, "%c", *text);
	}
}

/* HELP and TYPE before the first sample of a name; a name that comes back later would break the format. */
static void open_block(struct metrics *m, const char *name, const char *help, const char *type)
{
	size_t i;

	if (m->block_count && !strcmp(m->blocks[m->block_count - 1], name))
		return;
	for (i = 0; i < m->block_count; i++)
		if (!strcmp(m->blocks[i], name))
			m->failed = true;
	if (!valid_name(name) || m->block_count == BLOCKS_MAX)
		m->failed = true;
	if (m->failed)
		return;
	m->blocks[m->block_count] = strdup(name);
	if (!m->blocks[m->block_count]) {
		m->failed = true;
		return;
	}
	m->block_count++;
	put(m, "# HELP " PREFIX "%s ", name);
	put_escaped(m, help, false);
	put(m, "\n# TYPE " PREFIX "%s %s\n", name, type);
}

static void put_series(struct metrics *m, const char *name, const char *suffix,
		       const struct metrics_label *labels, const char *le)
{
	const char *comma = "";

	put(m, PREFIX "%s%s", name, suffix);
	if ((!labels || !labels->name) && !le) {
		put(m, " ");
		return;
	}
	put(m, "{");
	for (; labels && labels->name; labels++) {
		if (!valid_name(labels->name))
			m->failed = true;
		put(m, "%s%s=\"", comma, labels->name);
		put_escaped(m, labels->value, true);
		put(m, "\"");
		comma = ",";
	}
	if (le)
		put(m, "%sle=\"%s\"", comma, le);
	put(m, "} ");
}

static void put_double(struct metrics *m, double value)
{
	if (isnan(value))
		put(m, "NaN\n");
	else if (isinf(value))
		put(m, value < 0 ? "-Inf\n" : "+Inf\n");
	else
		put(m, "%.17g\n", value);
}

void metrics_gauge(struct metrics *m, const char *name, const char *help,
		   const struct metrics_label *labels, double value)
{
	open_block(m, name, help, "gauge");
	put_series(m, name, "", labels, NULL);
	put_double(m, value);
}

void metrics_counter(struct metrics *m, const char *name, const char *help,
		     const struct metrics_label *labels, uint64_t value)
{
	open_block(m, name, help, "counter");
	put_series(m, name, "", labels, NULL);
	put(m, "%" PRIu64 "\n", value);
}

void metrics_histogram(struct metrics *m, const char *name, const char *help,
		       const struct metrics_label *labels, const struct hist *hist)
{
	unsigned int power;
	uint64_t below = 0;
	uint32_t i = 0;
	char le[32];

	open_block(m, name, help, "histogram");
	for (power = BUCKET_LOW; power <= BUCKET_HIGH; power++) {
		while (i < hist->bucket_count &&
		       hist_bucket_high(hist->sub_bits, i) <= (1ULL << power))
			below += hist->buckets[i++];
		snprintf(le, sizeof(le), "%.9g", ldexp(1, (int)power) / 1e9);
		put_series(m, name, "_bucket", labels, le);
		put(m, "%" PRIu64 "\n", below);
	}
	put_series(m, name, "_bucket", labels, "+Inf");
	put(m, "%" PRIu64 "\n", hist->count);
	put_series(m, name, "_sum", labels, NULL);
	put_double(m, (double)hist->sum / 1e9);
	put_series(m, name, "_count", labels, NULL);
	put(m, "%" PRIu64 "\n", hist->count);
}

const char *metrics_text(const struct metrics *m)
{
	return m->failed ? NULL : m->text ? m->text : "";
}
