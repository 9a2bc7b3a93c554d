/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The ledger's records that only the views of this room need: places (stacks), wake edges, chains, timeline events,
 * slow waits, queue lengths. Nothing here turns an address into a name; symbols are the views' business.
 */
#ifndef SCHEDLAB_OBSERVE_LEDGER_H
#define SCHEDLAB_OBSERVE_LEDGER_H

#include "observe/observe.h"

/* Which part of a table is wanted: all that was summed since the start, or since it was last read with SINCE_LAST. */
enum ledger_since {
	LEDGER_SINCE_START,
	LEDGER_SINCE_LAST,
};

/*
 * Rows, edges, chains and queue lengths: a fresh array (the caller frees it with free()), *nr entries, in an order that
 * stays; entries without anything in the part that is wanted have count 0. Each returns 0, -ENOMEM or -errno; an array
 * of nothing is NULL with *nr 0. Rows are per thread, place and epoch.
 */
int ledger_rows(struct ledger *ledger, enum ledger_since since, struct ledger_row **rows,
		size_t *nr);
int ledger_edges(struct ledger *ledger, enum ledger_since since, struct ledger_edge **edges,
		 size_t *nr);
int ledger_chains(struct ledger *ledger, enum ledger_since since, struct ledger_chain **chains,
		  size_t *nr);
int ledger_qlens(struct ledger *ledger, enum ledger_since since, struct ledger_qlen **qlens,
		 size_t *nr);

/*
 * @entry -= @before, an earlier state of the same entry. The shortest and longest are not known for the difference:
 * min_ns and max_ns become the bounds that its power-of-two slots give, or those since the start where they are closer.
 */
void ledger_row_subtract(struct ledger_row *entry, const struct ledger_row *before);
void ledger_edge_subtract(struct ledger_edge *entry, const struct ledger_edge *before);
void ledger_chain_subtract(struct ledger_chain *entry, const struct ledger_chain *before);
void ledger_qlen_subtract(struct ledger_qlen *entry, const struct ledger_qlen *before);

/*
 * The stack with @id: addresses innermost first into @stack. Returns 0, -ENOENT (0, lost, or unknown id).
 * Kernel and user stacks share one name space of ids.
 */
int ledger_stack(struct ledger *ledger, uint64_t id, struct ledger_stack *stack);

/*
 * Called from ledger_poll() for each event or slow wait; @data is valid during the call. Events of different CPUs come
 * nearly, not strictly, in the order of their times. A negative return stops ledger_poll(), which returns it.
 */
typedef int (*ledger_event_fn)(void *context, const struct ledger_event *event);
typedef int (*ledger_slow_fn)(void *context, const struct ledger_slow *slow);
void ledger_on_event(struct ledger *ledger, ledger_event_fn fn, void *context);
void ledger_on_slow(struct ledger *ledger, ledger_slow_fn fn, void *context);
/* Raise or lower the threshold of slow waits while running (--top N keeps only what can still count). */
void ledger_set_slow_ns(struct ledger *ledger, uint64_t slow_ns);

static inline enum ledger_event_kind ledger_event_kind(const struct ledger_event *event)
{
	return (enum ledger_event_kind)(event->kind_cpu & 0xffffffffu);
}

static inline uint32_t ledger_event_cpu(const struct ledger_event *event)
{
	return (uint32_t)(event->kind_cpu >> 32);
}

static inline uint32_t ledger_pid(uint64_t task)
{
	return (uint32_t)task;
}

static inline uint32_t ledger_tgid(uint64_t task)
{
	return (uint32_t)(task >> 32);
}

/* Period of one CPU sample in ns (1e9 / sample_hz): a row with LEDGER_WHY_ON_CPU counts samples, total_ns = count * period. */
uint64_t ledger_sample_period_ns(const struct ledger *ledger);

/* Options of the views' command lines that mean the same everywhere: -p PID and -c CGROUP into @options. */
int ledger_parse_pid(const char *text, struct ledger_options *options, char *error,
		     size_t error_size);

#endif
