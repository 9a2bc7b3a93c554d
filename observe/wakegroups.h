/* SPDX-License-Identifier: GPL-2.0 */
/* The ledger's wake edges brought together: by commands or by threads, with their wakers' stacks. Prints nothing. */
#ifndef SCHEDLAB_OBSERVE_WAKEGROUPS_H
#define SCHEDLAB_OBSERVE_WAKEGROUPS_H

#include <jansson.h>

#include "observe/dot.h"
#include "observe/ledger.h"

#define WAKE_STACKS 3 /* stacks kept of a group: those with the most wakeups */

/* All wakeups of one waker and wakee. The sums are those of struct ledger_edge. */
struct wake_group {
	char waker[96],
		wakee[96]; /* "comm" or "comm/pid", plain (escape.h); of an interrupt "irq", ... */
	enum ledger_context context;
	uint64_t count, same_cpu, same_cache, other_cache;
	uint64_t blocked_ns, total_ns, min_ns, max_ns;
	uint64_t slots[LEDGER_SLOTS];
	uint64_t stacks_count; /* different stacks */
	struct {
		uint64_t id, count;
	} stacks[WAKE_STACKS];
};

/*
 * Group the ledger's edges, most wakeups first, into a fresh array (free() it). @by_thread keeps threads apart.
 * Returns 0, -ENOMEM or -errno.
 */
int wake_groups(struct ledger *ledger, enum ledger_since since, bool by_thread,
		struct wake_group **groups, size_t *nr);
/* The same of edges that are at hand. */
int wake_groups_of(const struct ledger_edge *edges, size_t nr_edges, bool by_thread,
		   struct wake_group **groups, size_t *nr);

/* The graph of @groups into the initialised @graph, its @max busiest edges. Returns 0, -EOVERFLOW or -ENOMEM. */
int wake_groups_graph(const struct wake_group *groups, size_t nr, uint32_t max,
		      struct wake_graph *graph);

/*
 * Read back what `schedlab wakeups --json` wrote: the document's "edges", without their stacks, into a fresh array
 * (free() it). Returns 0, -ENOMEM, or -EINVAL with one line in @error.
 */
int wake_groups_from_json(const json_t *edges, struct wake_group **groups, size_t *nr, char *error,
			  size_t error_size);

/* "task", "softirq", "irq", "nmi". */
const char *wake_context_name(enum ledger_context context);

#endif
