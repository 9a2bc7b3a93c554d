// SPDX-License-Identifier: GPL-2.0
/* Workload files: each is taken or refused with one line, and what is taken can be drawn. No other file is opened. */
#include <stdlib.h>
#include <string.h>
#include "workloads/spec.h"

#define DRAW_MAX_NS   (10ULL * 1000 * 1000 * 1000)
#define DRAW_MAX_RATE 1e4

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_error(const char *error)
{
	if (!*error || strlen(error) >= WORKLOAD_ERROR_SIZE)
		abort();
	for (const char *c = error; *c; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			abort();
}

/* Only what is drawn quickly. */
static bool small(const struct workload *w)
{
	if (!w->duration_ns || w->duration_ns > DRAW_MAX_NS)
		return false;
	for (size_t i = 0; i < w->class_count; i++) {
		const struct class_spec *c = &w->classes[i];

		if (class_has_jobs(c->kind) &&
		    (class_rate_hz(c, w->servers ? w->servers : 64) > DRAW_MAX_RATE ||
		     c->arrivals.high_hz > DRAW_MAX_RATE ||
		     (c->arrivals.kind == ARRIVAL_MMPP &&
		      c->arrivals.low_ns + c->arrivals.high_ns < 1e6)))
			return false;
	}
	return true;
}

static void draw(const struct workload *w)
{
	char error[WORKLOAD_ERROR_SIZE] = "";
	struct trace *t;

	if (trace_draw(w, &t, error, sizeof(error))) {
		check_error(error);
		return;
	}
	for (size_t i = 0; i < t->count; i++)
		if ((i && t->jobs[i].intended_ns < t->jobs[i - 1].intended_ns) ||
		    !t->jobs[i].service_ns || t->jobs[i].intended_ns >= w->duration_ns)
			abort();
	trace_free(t);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char error[WORKLOAD_ERROR_SIZE] = "";
	struct workload *w;

	if (workload_parse(NULL, (const char *)data, size, &w, error, sizeof(error))) {
		check_error(error);
		return 0;
	}
	if (!w->class_count || w->class_count > WORKLOAD_MAX_CLASSES)
		abort();
	if (small(w))
		draw(w);
	workload_free(w);
	return 0;
}
