// SPDX-License-Identifier: GPL-2.0
/* The oracles and closed forms of workloads/oracle.h. */
#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

#include "workloads/oracle.h"

/* A binary heap of jobs, least key first, then least job. */
struct heap_item {
	double key;
	size_t job;
};

struct heap {
	struct heap_item *items;
	size_t count;
};

static bool item_before(struct heap_item a, struct heap_item b)
{
	return a.key < b.key || (a.key <= b.key && a.job < b.job);
}

static void heap_push(struct heap *h, double key, size_t job)
{
	struct heap_item item = {key, job};
	size_t i = h->count++;

	for (; i && item_before(item, h->items[(i - 1) / 2]); i = (i - 1) / 2)
		h->items[i] = h->items[(i - 1) / 2];
	h->items[i] = item;
}

static struct heap_item heap_pop(struct heap *h)
{
	struct heap_item top = h->items[0], last = h->items[--h->count];
	size_t i = 0, child;

	while ((child = 2 * i + 1) < h->count) {
		if (child + 1 < h->count && item_before(h->items[child + 1], h->items[child]))
			child++;
		if (!item_before(h->items[child], last))
			break;
		h->items[i] = h->items[child];
		i = child;
	}
	h->items[i] = last;
	return top;
}

static int heap_init(struct heap *h, size_t capacity)
{
	h->count = 0;
	h->items = calloc(capacity ? capacity : 1, sizeof(*h->items));
	return h->items ? 0 : -ENOMEM;
}

int oracle_fcfs(const struct oracle_jobs *jobs, uint64_t *sojourn_ns)
{
	uint64_t *free_ns = calloc(jobs->servers, sizeof(*free_ns));

	if (!free_ns)
		return -ENOMEM;
	for (size_t i = 0; i < jobs->count; i++) {
		uint64_t start = jobs->arrival_ns[i];
		unsigned int first = 0;

		for (unsigned int s = 1; s < jobs->servers; s++)
			if (free_ns[s] < free_ns[first])
				first = s;
		if (free_ns[first] > start)
			start = free_ns[first];
		free_ns[first] = start + jobs->service_ns[i];
		sojourn_ns[i] = free_ns[first] - jobs->arrival_ns[i];
	}
	free(free_ns);
	return 0;
}

/*
 * Virtual time grows by what one job gets: a job that arrives at virtual time v is done at v + service, whatever comes
 * and goes meanwhile. The heap holds the ends.
 */
int oracle_ps(const struct oracle_jobs *jobs, uint64_t *sojourn_ns)
{
	double now = 0, virtual_ns = 0;
	struct heap active;
	size_t next = 0;

	if (heap_init(&active, jobs->count))
		return -ENOMEM;
	while (next < jobs->count || active.count) {
		double speed = active.count > jobs->servers
				       ? (double)jobs->servers / (double)active.count
				       : 1;
		double end =
			active.count ? now + (active.items[0].key - virtual_ns) / speed : INFINITY;
		double arrival = next < jobs->count ? (double)jobs->arrival_ns[next] : INFINITY;

		if (arrival < end) {
			if (active.count)
				virtual_ns += (arrival - now) * speed;
			now = arrival;
			heap_push(&active, virtual_ns + (double)jobs->service_ns[next], next);
			next++;
		} else {
			struct heap_item done = heap_pop(&active);

			now = end;
			virtual_ns = done.key;
			sojourn_ns[done.job] =
				(uint64_t)llround(now - (double)jobs->arrival_ns[done.job]);
		}
	}
	free(active.items);
	return 0;
}

/* The jobs in service under SRPT, at most one a server. */
struct running {
	struct heap_item *items; /* key: left to do, ns */
	unsigned int count;
};

static void run_all(struct running *r, double elapsed)
{
	for (unsigned int i = 0; i < r->count; i++)
		r->items[i].key -= elapsed;
}

/* The one with the least (or the most) left. */
static unsigned int pick(const struct running *r, bool most)
{
	unsigned int best = 0;

	for (unsigned int i = 1; i < r->count; i++)
		if (item_before(r->items[i], r->items[best]) != most)
			best = i;
	return best;
}

static void srpt_arrival(struct running *r, unsigned int servers, struct heap *waiting,
			 struct heap_item item)
{
	unsigned int longest;

	if (r->count < servers) {
		r->items[r->count++] = item;
		return;
	}
	longest = pick(r, true);
	if (item.key < r->items[longest].key) {
		heap_push(waiting, r->items[longest].key, r->items[longest].job);
		r->items[longest] = item;
	} else {
		heap_push(waiting, item.key, item.job);
	}
}

static void srpt_run(const struct oracle_jobs *jobs, struct running *r, struct heap *waiting,
		     uint64_t *sojourn_ns)
{
	double now = 0;
	size_t next = 0;

	while (next < jobs->count || r->count) {
		unsigned int shortest = pick(r, false);
		double end = r->count ? now + r->items[shortest].key : INFINITY;
		double arrival = next < jobs->count ? (double)jobs->arrival_ns[next] : INFINITY;

		if (arrival < end) {
			run_all(r, arrival - now);
			now = arrival;
			srpt_arrival(r, jobs->servers, waiting,
				     (struct heap_item){(double)jobs->service_ns[next], next});
			next++;
			continue;
		}
		run_all(r, end - now);
		now = end;
		sojourn_ns[r->items[shortest].job] =
			(uint64_t)llround(now - (double)jobs->arrival_ns[r->items[shortest].job]);
		r->items[shortest] = r->items[--r->count];
		if (waiting->count)
			r->items[r->count++] = heap_pop(waiting);
	}
}

int oracle_srpt(const struct oracle_jobs *jobs, uint64_t *sojourn_ns)
{
	struct running r = {calloc(jobs->servers, sizeof(*r.items)), 0};
	struct heap waiting = {NULL, 0};

	if (!r.items || heap_init(&waiting, jobs->count)) {
		free(r.items);
		return -ENOMEM;
	}
	srpt_run(jobs, &r, &waiting, sojourn_ns);
	free(waiting.items);
	free(r.items);
	return 0;
}

static int compare_u64(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

/* Walk through arrivals and sorted ends together. */
static size_t max_overlap(const uint64_t *arrival_ns, uint64_t *end_ns, size_t count)
{
	size_t ended = 0, most = 0;

	qsort(end_ns, count, sizeof(*end_ns), compare_u64);
	for (size_t i = 0; i < count; i++) {
		while (ended < i && end_ns[ended] <= arrival_ns[i])
			ended++;
		if (i + 1 - ended > most)
			most = i + 1 - ended;
	}
	return most;
}

size_t oracle_max_outstanding(const struct trace *trace, uint32_t class)
{
	static int (*const oracles[])(const struct oracle_jobs *, uint64_t *) = {oracle_fcfs,
										 oracle_ps};
	size_t n = trace->class_jobs[class], most = 0, m = 0;
	uint64_t *buffer = calloc(3 * n + 1, sizeof(*buffer)), *end;
	struct oracle_jobs jobs = {NULL, NULL, n, trace->servers};

	if (!buffer)
		return n;
	jobs.arrival_ns = buffer;
	jobs.service_ns = buffer + n;
	end = buffer + 2 * n;
	for (size_t i = 0; i < trace->count; i++) {
		if (trace->jobs[i].class != class)
			continue;
		buffer[m] = trace->jobs[i].intended_ns;
		buffer[n + m++] = trace->jobs[i].service_ns;
	}
	for (size_t o = 0; o < 2; o++) {
		size_t seen;

		if (oracles[o](&jobs, end)) {
			most = n;
			break;
		}
		for (size_t i = 0; i < n; i++)
			end[i] += jobs.arrival_ns[i];
		seen = max_overlap(jobs.arrival_ns, end, n);
		most = seen > most ? seen : most;
	}
	free(buffer);
	return most;
}

double closed_mm1(double rate, double mean_ns)
{
	return closed_mg1_ps(rate, mean_ns);
}

double erlang_c(double offered, unsigned int servers)
{
	double blocking = 1;

	for (unsigned int k = 1; k <= servers; k++)
		blocking = offered * blocking / (k + offered * blocking);
	return blocking / (1 - offered / servers * (1 - blocking));
}

double closed_mmc(double rate, double mean_ns, unsigned int servers)
{
	double offered = rate * mean_ns;

	if (offered >= servers)
		return INFINITY;
	return mean_ns + erlang_c(offered, servers) * mean_ns / (servers - offered);
}

double closed_mg1(double rate, double mean_ns, double second_moment)
{
	double rho = rate * mean_ns;

	return rho < 1 ? mean_ns + rate * second_moment / (2 * (1 - rho)) : INFINITY;
}

double closed_mg1_ps(double rate, double mean_ns)
{
	double rho = rate * mean_ns;

	return rho < 1 ? mean_ns / (1 - rho) : INFINITY;
}
