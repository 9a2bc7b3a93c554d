// SPDX-License-Identifier: GPL-2.0
/* The views' figures for the program's one exporter (lib/metrics.h). */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/fileio.h"
#include "lib/metrics.h"
#include "observe/escape.h"
#include "observe/viewmetrics.h"

/* One histogram per interval and scheduler epoch that has samples. */
static void add_histograms(struct metrics *m, const struct ledger_snapshot *s)
{
	unsigned int i, e;

	for (i = 0; i < LEDGER_NR_INTERVALS; i++) {
		char name[64];

		snprintf(name, sizeof(name), "ledger_%s_seconds",
			 ledger_interval_name((enum ledger_interval)i));
		if (!(s->intervals & (1u << i)))
			continue;
		for (e = 0; e < s->nr_epochs; e++) {
			char epoch[16], scheduler[4 * LEDGER_SCHED_NAME];
			const struct metrics_label labels[] = {
				{"scheduler", scheduler}, {"epoch", epoch}, {NULL, NULL}};

			escape_name(ESCAPE_TERMINAL, s->epochs[e].scheduler, scheduler,
				    sizeof(scheduler));
			snprintf(epoch, sizeof(epoch), "%u", e);
			if (s->hists[e][i].buckets)
				metrics_histogram(
					m, name,
					"intervals of tasks, as docs/measurement.md defines them",
					labels, &s->hists[e][i]);
		}
	}
}

static void add_counters(struct metrics *m, const struct ledger_snapshot *s)
{
	unsigned int i;

	for (i = 0; i < LEDGER_NR_LOSSES; i++) {
		const struct metrics_label labels[] = {
			{"loss", ledger_loss_name((enum ledger_loss)i)}, {NULL, NULL}};

		metrics_counter(m, "ledger_losses_total",
				"what the instrument could not account for", labels, s->losses[i]);
	}
	/* Counted only where a view needs them: none is not the same as not counted. */
	if (s->counts[LEDGER_COUNT_SWITCHES])
		metrics_counter(m, "ledger_switches_total", "context switches seen", NULL,
				s->counts[LEDGER_COUNT_SWITCHES]);
	if (s->counts[LEDGER_COUNT_WAKINGS])
		metrics_counter(m, "ledger_wakings_total", "wakings seen", NULL,
				s->counts[LEDGER_COUNT_WAKINGS]);
}

static void add_cost(struct metrics *m, const struct ledger_cost *c)
{
	metrics_gauge(m, "ledger_cpu_ratio", "the instrument's own share of all CPUs' time", NULL,
		      c->share);
	metrics_gauge(m, "ledger_memory_bytes", "memory of the instrument's maps", NULL,
		      (double)c->memory_bytes);
	metrics_gauge(m, "ledger_sample_factor", "one interval of so many is kept", NULL,
		      c->sample_factor);
	metrics_gauge(m, "ledger_shed", "0: nothing shed, 1: stacks, 2: samples, 3: detached", NULL,
		      c->shed);
}

int viewmetrics_text(const struct ledger_snapshot *snapshot, const struct ledger_cost *cost,
		     char **text)
{
	struct metrics *m = metrics_new();
	const char *all;

	*text = NULL;
	if (m) {
		add_histograms(m, snapshot);
		add_counters(m, snapshot);
		if (cost)
			add_cost(m, cost);
		all = metrics_text(m);
		*text = all ? strdup(all) : NULL;
	}
	metrics_free(m);
	return *text ? 0 : -ENOMEM;
}

int viewmetrics_write(struct ledger *ledger, const char *path)
{
	struct ledger_snapshot snapshot;
	struct ledger_cost cost;
	char *text = NULL;
	int err = ledger_snapshot(ledger, 0, &snapshot);

	if (err)
		return err;
	err = viewmetrics_text(&snapshot, ledger_cost(ledger, &cost) ? NULL : &cost, &text);
	if (!err)
		err = file_replace(path, text, strlen(text));
	free(text);
	ledger_snapshot_free(&snapshot);
	return err;
}
