// SPDX-License-Identifier: GPL-2.0
/* Grouping of wake edges; see wakegroups.h. */
#include "observe/wakegroups.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "observe/escape.h"

static const char *const context_names[] = {"task", "softirq", "irq", "nmi"};

const char *wake_context_name(enum ledger_context context)
{
	return context <= LEDGER_CONTEXT_NMI ? context_names[context] : "?";
}

static void name_task(const char comm[LEDGER_COMM_LEN], uint64_t pid, bool by_thread, char *out,
		      size_t size)
{
	char plain[80];

	escape_bytes(ESCAPE_TERMINAL, comm, strnlen(comm, LEDGER_COMM_LEN), plain, sizeof(plain));
	if (by_thread)
		snprintf(out, size, "%s/%" PRIu64, plain, pid);
	else
		snprintf(out, size, "%s", plain);
}

static void group_of(const struct ledger_edge *e, bool by_thread, struct wake_group *g)
{
	memset(g, 0, sizeof(*g));
	g->context = (enum ledger_context)e->context;
	if (g->context == LEDGER_CONTEXT_TASK)
		name_task(e->waker_comm, e->waker_pid, by_thread, g->waker, sizeof(g->waker));
	else
		snprintf(g->waker, sizeof(g->waker), "[%s]", wake_context_name(g->context));
	name_task(e->comm, e->pid, by_thread, g->wakee, sizeof(g->wakee));
	g->count = e->count;
	g->same_cpu = e->same_cpu;
	g->same_cache = e->same_cache;
	g->other_cache = e->other_cache;
	g->blocked_ns = e->blocked_ns;
	g->total_ns = e->total_ns;
	g->min_ns = e->min_ns;
	g->max_ns = e->max_ns;
	memcpy(g->slots, e->slots, sizeof(g->slots));
	g->stacks_count = e->kernel_stack != 0;
	g->stacks[0].id = e->kernel_stack;
	g->stacks[0].count = e->kernel_stack ? e->count : 0;
}

static int by_names(const void *a, const void *b)
{
	const struct wake_group *x = a, *y = b;
	int order = strcmp(x->waker, y->waker);

	if (!order)
		order = (int)x->context - (int)y->context;
	if (!order)
		order = strcmp(x->wakee, y->wakee);
	return order ? order
		     : (x->stacks[0].id > y->stacks[0].id) - (x->stacks[0].id < y->stacks[0].id);
}

static int by_count(const void *a, const void *b)
{
	const struct wake_group *x = a, *y = b;

	if (x->count != y->count)
		return x->count < y->count ? 1 : -1;
	return by_names(a, b);
}

static bool same_group(const struct wake_group *a, const struct wake_group *b)
{
	return a->context == b->context && !strcmp(a->waker, b->waker) &&
	       !strcmp(a->wakee, b->wakee);
}

/* Put a stack with all its wakeups among the first of the group. */
static void rank_stack(struct wake_group *g, uint64_t id, uint64_t count)
{
	size_t i = WAKE_STACKS;

	if (!id || g->stacks[WAKE_STACKS - 1].count >= count)
		return;
	for (i--; i > 0 && g->stacks[i - 1].count < count; i--)
		g->stacks[i] = g->stacks[i - 1];
	g->stacks[i].id = id;
	g->stacks[i].count = count;
}

static void add_sums(struct wake_group *into, const struct wake_group *from)
{
	unsigned int i;

	into->count += from->count;
	into->same_cpu += from->same_cpu;
	into->same_cache += from->same_cache;
	into->other_cache += from->other_cache;
	into->blocked_ns += from->blocked_ns;
	into->total_ns += from->total_ns;
	if (from->min_ns < into->min_ns)
		into->min_ns = from->min_ns;
	if (from->max_ns > into->max_ns)
		into->max_ns = from->max_ns;
	for (i = 0; i < LEDGER_SLOTS; i++)
		into->slots[i] += from->slots[i];
}

/* @all is sorted by names and stack: bring neighbours together in place. Returns how many groups there are. */
static size_t merge(struct wake_group *all, size_t nr)
{
	size_t groups = 0, i, j, k;

	for (i = 0; i < nr; i = j) {
		struct wake_group g = all[i];

		memset(g.stacks, 0, sizeof(g.stacks));
		g.stacks_count = 0;
		for (j = i; j < nr && same_group(&all[i], &all[j]); j = k) {
			uint64_t of_stack = 0;

			for (k = j; k < nr && same_group(&all[i], &all[k]) &&
				    all[k].stacks[0].id == all[j].stacks[0].id;
			     k++) {
				of_stack += all[k].count;
				if (k != i)
					add_sums(&g, &all[k]);
			}
			g.stacks_count += all[j].stacks[0].id != 0;
			rank_stack(&g, all[j].stacks[0].id, of_stack);
		}
		all[groups++] = g;
	}
	return groups;
}

int wake_groups_of(const struct ledger_edge *edges, size_t nr_edges, bool by_thread,
		   struct wake_group **groups, size_t *nr)
{
	struct wake_group *all = calloc(nr_edges ? nr_edges : 1, sizeof(*all));
	size_t i, used = 0;

	*groups = NULL;
	*nr = 0;
	if (!all)
		return -ENOMEM;
	for (i = 0; i < nr_edges; i++)
		if (edges[i].count) /* a waking whose wakee has not come in yet is no edge */
			group_of(&edges[i], by_thread, &all[used++]);
	qsort(all, used, sizeof(*all), by_names);
	*nr = merge(all, used);
	qsort(all, *nr, sizeof(*all), by_count);
	*groups = all;
	return 0;
}

int wake_groups(struct ledger *ledger, enum ledger_since since, bool by_thread,
		struct wake_group **groups, size_t *nr)
{
	struct ledger_edge *edges;
	size_t nr_edges;
	int err = ledger_edges(ledger, since, &edges, &nr_edges);

	if (err)
		return err;
	err = wake_groups_of(edges, nr_edges, by_thread, groups, nr);
	free(edges);
	return err;
}

static int add_to_graph(struct wake_graph *graph, const struct wake_group *g)
{
	int64_t from = wake_graph_node(graph, g->waker, g->context != LEDGER_CONTEXT_TASK);
	int64_t to = wake_graph_node(graph, g->wakee, false);
	struct wake_edge edge = {.count = g->count,
				 .latency_ns = g->total_ns,
				 .max_latency_ns = g->max_ns,
				 .same_cpu = g->same_cpu,
				 .same_cache = g->same_cache,
				 .other_cache = g->other_cache};

	if (from < 0 || to < 0)
		return -ENOMEM;
	edge.from = (uint32_t)from;
	edge.to = (uint32_t)to;
	memcpy(edge.slots, g->slots, sizeof(edge.slots));
	return wake_graph_add(graph, &edge);
}

int wake_groups_graph(const struct wake_group *groups, size_t nr, uint32_t max,
		      struct wake_graph *graph)
{
	size_t i;
	int err = 0;

	for (i = 0; !err && i < nr; i++)
		err = add_to_graph(graph, &groups[i]);
	wake_graph_trim(graph, max);
	return err;
}

static int slots_from_json(const json_t *json, uint64_t *slots)
{
	json_t *slot;
	size_t i;

	json_array_foreach (json, i, slot) {
		json_int_t low = json_integer_value(json_array_get(slot, 0));
		json_int_t count = json_integer_value(json_array_get(slot, 1));
		int at = low > 0 ? 63 - __builtin_clzll((unsigned long long)low) : -1;

		if (at < 0 || at >= LEDGER_SLOTS || count < 0)
			return -EINVAL;
		slots[at] = (uint64_t)count;
	}
	return 0;
}

static int context_from_name(const char *name, enum ledger_context *context)
{
	for (unsigned int i = 0; i <= LEDGER_CONTEXT_NMI; i++)
		if (!strcmp(name, context_names[i])) {
			*context = (enum ledger_context)i;
			return 0;
		}
	return -EINVAL;
}

static int group_from_json(json_t *json, struct wake_group *g)
{
	const char *waker, *context, *wakee;
	json_int_t n[8];
	json_t *slots;

	memset(g, 0, sizeof(*g));
	if (json_unpack(json, "{s:s, s:s, s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:o}",
			"waker", &waker, "context", &context, "wakee", &wakee, "count", &n[0],
			"latency_ns", &n[1], "min_ns", &n[2], "max_ns", &n[3], "blocked_ns", &n[4],
			"same_cpu", &n[5], "same_cache", &n[6], "other_cache", &n[7], "slots",
			&slots))
		return -EINVAL;
	for (int i = 0; i < 8; i++)
		if (n[i] < 0)
			return -EINVAL;
	escape_name(ESCAPE_TERMINAL, waker, g->waker, sizeof(g->waker));
	escape_name(ESCAPE_TERMINAL, wakee, g->wakee, sizeof(g->wakee));
	g->count = (uint64_t)n[0];
	g->total_ns = (uint64_t)n[1];
	g->min_ns = (uint64_t)n[2];
	g->max_ns = (uint64_t)n[3];
	g->blocked_ns = (uint64_t)n[4];
	g->same_cpu = (uint64_t)n[5];
	g->same_cache = (uint64_t)n[6];
	g->other_cache = (uint64_t)n[7];
	return context_from_name(context, &g->context) ?: slots_from_json(slots, g->slots);
}

int wake_groups_from_json(const json_t *edges, struct wake_group **groups, size_t *nr, char *error,
			  size_t error_size)
{
	struct wake_group *all = NULL;
	json_t *edge;
	size_t i;

	*groups = NULL;
	*nr = 0;
	if (!json_is_array(edges)) {
		snprintf(error, error_size, "no capture of wakeups: edges must be an array");
		return -EINVAL;
	}
	all = calloc(json_array_size(edges) + 1, sizeof(*all));
	if (!all)
		return -ENOMEM;
	json_array_foreach (edges, i, edge)
		if (group_from_json(edge, &all[i])) {
			snprintf(error, error_size, "edge %zu is not one of a capture of wakeups",
				 i);
			free(all);
			return -EINVAL;
		}
	*groups = all;
	*nr = i;
	return 0;
}
