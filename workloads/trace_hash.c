// SPDX-License-Identifier: GPL-2.0
/*
 * The name of a load: one hash over all that determines it. That is the jobs drawn before the run and, of each class,
 * what it does besides: how many tasks, where and how they run, what they sleep and compute, and the services that are
 * drawn while they run. Not in it: names of classes, the warm-up and the budgets, which change what is measured and
 * judged but not the load.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/digest.h"
#include "workloads/spec.h"

/* So many services of each stream that is drawn during the run; seed and distribution stand for the rest. */
#define STREAM_DRAWS 16

void class_stream(const struct workload *w, uint32_t class, uint32_t index, struct rng *rng)
{
	rng_seed(rng, w->seed, 1000000ULL * (class + 1) + index);
}

unsigned int class_parallel(const struct class_spec *c)
{
	return c->parallel ? c->parallel : class_cpu_count(c);
}

/* To the bit, whatever the locale. */
static void put_double(FILE *out, const char *name, double value)
{
	uint64_t bits;

	memcpy(&bits, &value, sizeof(bits));
	fprintf(out, " %s=%016llx", name, (unsigned long long)bits);
}

static void put_cpus(FILE *out, bool has_cpus, const cpu_set_t *cpus)
{
	if (!has_cpus)
		return;
	fputs(" cpus=", out);
	for (int cpu = 0; cpu < CPU_SETSIZE; cpu++)
		if (CPU_ISSET(cpu, cpus))
			fprintf(out, "%d,", cpu);
}

static void put_dist(FILE *out, const struct dist *d)
{
	fprintf(out, " service=%d k=%u", (int)d->kind, d->k);
	put_double(out, "mean", d->mean_ns);
	put_double(out, "cv", d->cv);
	put_double(out, "share", d->share);
	put_double(out, "ratio", d->ratio);
	put_double(out, "alpha", d->alpha);
	put_double(out, "min", d->min_ns);
	put_double(out, "max", d->max_ns);
	for (size_t i = 0; i < d->count; i++)
		fprintf(out, " %llu", (unsigned long long)d->values[i]);
}

/* The services that agents [@first, @end) of the class draw as they go. */
static void put_streams(FILE *out, const struct workload *w, uint32_t class, uint32_t first,
			uint32_t end)
{
	struct rng rng;

	put_dist(out, &w->classes[class].service);
	fprintf(out, " seed=%llu", (unsigned long long)w->seed);
	for (uint32_t index = first; index < end; index++) {
		class_stream(w, class, index, &rng);
		for (unsigned int i = 0; i < STREAM_DRAWS; i++)
			fprintf(out, " %llu",
				(unsigned long long)dist_sample(&w->classes[class].service, &rng));
	}
}

static void put_rtapp(FILE *out, const struct rtapp *rtapp)
{
	for (size_t i = 0; i < rtapp->thread_count; i++) {
		const struct rtapp_thread *t = &rtapp->threads[i];

		fprintf(out, "\nthread instances=%u nice=%d delay=%llu", t->instances, t->nice,
			(unsigned long long)t->delay_ns);
		put_cpus(out, t->has_cpus, &t->cpus);
		for (size_t k = 0; k < t->event_count; k++)
			fprintf(out, " %d:%llu", (int)t->events[k].op,
				(unsigned long long)t->events[k].value);
	}
}

static void put_class(FILE *out, const struct workload *w, uint32_t index)
{
	const struct class_spec *c = &w->classes[index];

	fprintf(out, "\nclass %s threads=%u nice=%d runtime=%llu", class_kind_names[c->kind],
		c->threads, c->nice, (unsigned long long)c->runtime_ns);
	put_cpus(out, c->has_cpus, &c->cpus);
	switch (c->kind) {
	case KIND_PIPELINE:
		for (unsigned int i = 0; i < c->stages; i++)
			put_double(out, "stage", c->split[i]);
		break;
	case KIND_MESSAGE:
		fprintf(out, " workers=%u sleep=%llu operations=%u", c->workers,
			(unsigned long long)c->sleep_ns, c->operations);
		put_streams(out, w, index, c->threads, c->threads * (1 + c->workers));
		break;
	case KIND_BUILD:
		fprintf(out, " leaves=%u fanin=%u parallel=%u", c->leaves, c->fanin,
			class_parallel(c));
		put_streams(out, w, index, 0, 1);
		break;
	case KIND_STRESS:
		fprintf(out, " args=%s", c->args);
		break;
	case KIND_RTAPP:
		put_rtapp(out, &c->rtapp);
		break;
	default:
		break;
	}
}

int trace_make_hash(const struct workload *w, struct trace *t)
{
	char jobs[DIGEST_HEX_SIZE], *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	int err = 0;

	if (!out)
		return -ENOMEM;
	digest_bytes(t->jobs, t->count * sizeof(*t->jobs), jobs);
	fprintf(out, "jobs %s\nduration %llu", jobs, (unsigned long long)t->duration_ns);
	for (uint32_t i = 0; i < w->class_count; i++)
		put_class(out, w, i);
	if (ferror(out))
		err = -ENOMEM;
	if (fclose(out))
		err = -ENOMEM;
	if (!err)
		digest_bytes(text, size, t->hash);
	free(text);
	return err;
}
