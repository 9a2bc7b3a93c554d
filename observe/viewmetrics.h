/* SPDX-License-Identifier: GPL-2.0 */
/* The views' figures as Prometheus text: the ledger's histograms, its losses, and what the instrument costs. */
#ifndef SCHEDLAB_OBSERVE_VIEWMETRICS_H
#define SCHEDLAB_OBSERVE_VIEWMETRICS_H

#include "observe/observe.h"

/*
 * The text for @snapshot, which covers all since the start (counters only grow), in fresh memory (*@text, the caller
 * frees). @cost may be NULL. Returns 0 or -ENOMEM.
 */
int viewmetrics_text(const struct ledger_snapshot *snapshot, const struct ledger_cost *cost,
		     char **text);

/* Replace @path with the text for all that @ledger has seen. Returns 0 or -errno. */
int viewmetrics_write(struct ledger *ledger, const char *path);

#endif
