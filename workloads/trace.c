// SPDX-License-Identifier: GPL-2.0
/*
 * The trace: every arrival and service of a run, drawn before it starts. Each class has two random streams of its own,
 * so that a class keeps its arrivals when another is added behind it.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/timeutil.h"
#include "workloads/spec.h"

/* The jobs of one class while they are drawn. */
struct job_list {
	struct job *jobs;
	size_t count, capacity;
};

struct arrival_state {
	const struct arrivals *spec;
	double rate_hz;
	struct rng rng;
	double now_ns;
	uint64_t index;
	bool high;	       /* mmpp */
	double state_until_ns; /* mmpp */
};

bool class_has_jobs(enum class_kind kind)
{
	return kind == KIND_JOBS || kind == KIND_SLEEPER || kind == KIND_PIPELINE ||
	       kind == KIND_FORK;
}

unsigned int class_cpu_count(const struct class_spec *c)
{
	cpu_set_t allowed;

	if (sched_getaffinity(0, sizeof(allowed), &allowed))
		CPU_ZERO(&allowed);
	if (c->has_cpus)
		CPU_AND(&allowed, &allowed, &c->cpus);
	return CPU_COUNT(&allowed) ? (unsigned int)CPU_COUNT(&allowed) : 1;
}

/* The servers of a run: as the file says, else every CPU that a class with jobs may use. */
static unsigned int trace_servers(const struct workload *w)
{
	unsigned int servers = w->servers;

	for (size_t i = 0; !w->servers && i < w->class_count; i++) {
		unsigned int cpus = class_cpu_count(&w->classes[i]);

		if (class_has_jobs(w->classes[i].kind) && cpus > servers)
			servers = cpus;
	}
	return servers ? servers : 1;
}

double class_rate_hz(const struct class_spec *c, unsigned int servers)
{
	if (c->arrivals.rho > 0)
		return c->arrivals.rho * servers * NSEC_PER_SEC / dist_mean_ns(&c->service);
	return c->arrivals.rate_hz;
}

/* Memoryless in both the gap and the stay, so that a gap cut by a switch of state is drawn anew at the new rate. */
static double mmpp_next(struct arrival_state *s)
{
	const struct arrivals *a = s->spec;
	double rate, gap;

	for (;;) {
		if (s->state_until_ns <= s->now_ns) {
			s->high = s->state_until_ns > 0 && !s->high;
			s->state_until_ns =
				s->now_ns +
				dist_exponential(&s->rng, s->high ? a->high_ns : a->low_ns);
		}
		rate = s->high ? a->high_hz : a->low_hz;
		gap = rate > 0 ? dist_exponential(&s->rng, NSEC_PER_SEC / rate) : INFINITY;
		if (s->now_ns + gap < s->state_until_ns)
			return s->now_ns + gap;
		s->now_ns = s->state_until_ns;
	}
}

/* The next arrival in ns from the start, or infinity after the last. */
static double next_arrival(struct arrival_state *s)
{
	switch (s->spec->kind) {
	case ARRIVAL_POISSON:
		s->now_ns += dist_exponential(&s->rng, NSEC_PER_SEC / s->rate_hz);
		break;
	case ARRIVAL_CONSTANT:
		s->now_ns = (double)(s->index + 1) * NSEC_PER_SEC / s->rate_hz;
		break;
	case ARRIVAL_MMPP:
		s->now_ns = mmpp_next(s);
		break;
	case ARRIVAL_FILE:
		if (s->index >= s->spec->file_count)
			return INFINITY;
		s->now_ns = (double)s->spec->file_ns[s->index];
		break;
	case ARRIVAL_NONE:
		return INFINITY;
	}
	s->index++;
	return s->now_ns;
}

static int list_add(struct job_list *list, struct job job)
{
	struct job *grown;

	if (list->count == list->capacity) {
		list->capacity = list->capacity ? 2 * list->capacity : 1024;
		grown = realloc(list->jobs, list->capacity * sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		list->jobs = grown;
	}
	list->jobs[list->count++] = job;
	return 0;
}

static uint64_t class_end_ns(const struct workload *w, const struct class_spec *c)
{
	uint64_t end = w->duration_ns ? w->duration_ns : WORKLOAD_MAX_DURATION;

	return c->stop_ns && c->stop_ns < end ? c->stop_ns : end;
}

static int draw_class(const struct workload *w, uint32_t index, unsigned int servers,
		      struct job_list *list)
{
	const struct class_spec *c = &w->classes[index];
	struct arrival_state arrivals = {.spec = &c->arrivals,
					 .rate_hz = class_rate_hz(c, servers)};
	uint64_t limit = c->job_limit ? c->job_limit : WORKLOAD_MAX_JOBS + 1;
	uint64_t end = class_end_ns(w, c);
	struct rng services;
	int err;

	/* Far too many are refused before they are drawn. */
	if (!c->job_limit &&
	    arrivals.rate_hz * (double)end / NSEC_PER_SEC > 2.0 * WORKLOAD_MAX_JOBS)
		return -E2BIG;
	rng_seed(&arrivals.rng, w->seed, 2ULL * index);
	rng_seed(&services, w->seed, 2ULL * index + 1);
	while (list->count < limit) {
		double at = next_arrival(&arrivals);
		struct job job = {.class = index, .index = (uint32_t)list->count};

		if (!(at < (double)end))
			break;
		job.intended_ns = (uint64_t)llround(at);
		job.service_ns = c->arrivals.file_services ? c->arrivals.file_services[list->count]
							   : dist_sample(&c->service, &services);
		err = list_add(list, job);
		if (err)
			return err;
		if (list->count > WORKLOAD_MAX_JOBS)
			return -E2BIG;
	}
	return 0;
}

/* Merge the classes' lists by time; of two jobs at one time the earlier class comes first. */
static void merge(struct job_list *lists, size_t count, struct trace *t)
{
	size_t next[WORKLOAD_MAX_CLASSES] = {0};

	for (size_t n = 0; n < t->count; n++) {
		size_t best = count;

		for (size_t i = 0; i < count; i++) {
			if (next[i] >= lists[i].count)
				continue;
			if (best == count || lists[i].jobs[next[i]].intended_ns <
						     lists[best].jobs[next[best]].intended_ns)
				best = i;
		}
		t->jobs[n] = lists[best].jobs[next[best]++];
	}
}

static int merge_lists(const struct workload *w, struct job_list *lists, struct trace *t)
{
	for (size_t i = 0; i < w->class_count; i++) {
		t->class_jobs[i] = lists[i].count;
		t->count += lists[i].count;
	}
	if (t->count > WORKLOAD_MAX_JOBS)
		return -E2BIG;
	t->jobs = calloc(t->count ? t->count : 1, sizeof(*t->jobs));
	if (!t->jobs)
		return -ENOMEM;
	merge(lists, w->class_count, t);
	t->duration_ns = w->duration_ns;
	if (!t->duration_ns && t->count)
		t->duration_ns = t->jobs[t->count - 1].intended_ns;
	return trace_make_hash(w, t);
}

int trace_draw(const struct workload *w, struct trace **trace, char *error, size_t error_size)
{
	struct job_list lists[WORKLOAD_MAX_CLASSES] = {{NULL}};
	struct trace *t;
	int err;

	if (w->duration_ns && w->warmup_ns >= w->duration_ns) {
		snprintf(error, error_size, "%s: the warm-up leaves nothing of the run to measure",
			 w->name);
		return -EINVAL;
	}
	t = calloc(1, sizeof(*t));
	err = t ? 0 : -ENOMEM;

	if (t)
		t->servers = trace_servers(w);
	for (size_t i = 0; !err && i < w->class_count; i++)
		if (class_has_jobs(w->classes[i].kind))
			err = draw_class(w, (uint32_t)i, t->servers, &lists[i]);
	if (!err)
		err = merge_lists(w, lists, t);
	for (size_t i = 0; i < WORKLOAD_MAX_CLASSES; i++)
		free(lists[i].jobs);
	if (!err) {
		*trace = t;
		return 0;
	}
	trace_free(t);
	if (err != -E2BIG) {
		snprintf(error, error_size, "not enough memory for the trace of %s", w->name);
		return err;
	}
	snprintf(error, error_size,
		 "%s has more than %llu jobs; make the run shorter or the rate lower", w->name,
		 WORKLOAD_MAX_JOBS);
	return -EINVAL;
}

void trace_free(struct trace *t)
{
	if (!t)
		return;
	free(t->jobs);
	free(t);
}

uint64_t trace_job_count(const struct trace *t)
{
	return t->count;
}

const char *trace_hash(const struct trace *t)
{
	return t->hash;
}

uint64_t trace_duration_ns(const struct trace *t)
{
	return t->duration_ns;
}
