/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The ledger's records that only the views of this room need: places (stacks), wake edges, chains, timeline events,
 * slow waits, queue lengths. Nothing here turns an address into a name; symbols are the views' business.
 */
#ifndef SCHEDLAB_OBSERVE_LEDGER_H
#define SCHEDLAB_OBSERVE_LEDGER_H

#include "observe/observe.h"

/*
 * Rows, edges, chains and queue lengths: a fresh array (the caller frees it with free()) of what has been summed since
 * the start; *nr entries. Each returns 0, -ENOMEM or -errno; an array of nothing is NULL with *nr 0.
 * Rows are per thread, place and epoch; min_ns and max_ns are those since the start.
 */
int ledger_rows(struct ledger *ledger, struct ledger_row **rows, size_t *nr);
int ledger_edges(struct ledger *ledger, struct ledger_edge **edges, size_t *nr);
int ledger_chains(struct ledger *ledger, struct ledger_chain **chains, size_t *nr);
int ledger_qlens(struct ledger *ledger, struct ledger_qlen **qlens, size_t *nr);

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
