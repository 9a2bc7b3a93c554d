// SPDX-License-Identifier: GPL-2.0
/* Pictures of a capture for other rooms (observe.h): brings ledger, places and writers together; measures nothing. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "lib/fileio.h"
#include "lib/timeutil.h"
#include "observe/flame.h"
#include "observe/observe.h"
#include "observe/places.h"
#include "observe/wakegroups.h"
#include "observe/wakesvg.h"

#define GRAPH_EDGES   60
/* Frames narrower than this are left out and counted: rare deep stacks would make the picture as high as a wall. */
#define FRAME_MIN_PCT 0.2

struct ledger_graphs {
	struct ledger *ledger;
	struct symbols *symbols;
};

void ledger_options_graphs(struct ledger_options *options)
{
	options->offcpu = true;
	options->wake_edges = true;
	options->kernel_stacks = true;
	options->user_stacks = true;
}

int ledger_graphs_open(struct ledger *ledger, struct ledger_graphs **graphs)
{
	struct symbols_options options = {0};
	struct ledger_graphs *g = calloc(1, sizeof(*g));

	*graphs = NULL;
	if (!g)
		return -ENOMEM;
	g->ledger = ledger;
	g->symbols = symbols_open(&options);
	if (!g->symbols) {
		free(g);
		return -ENOMEM;
	}
	*graphs = g;
	return 0;
}

void ledger_graphs_close(struct ledger_graphs *graphs)
{
	if (!graphs)
		return;
	symbols_close(graphs->symbols);
	free(graphs);
}

void ledger_graphs_remember(struct ledger_graphs *graphs)
{
	places_remember_all(graphs->symbols, 0);
}

struct flame_job {
	const struct profile *profile;
	const struct flame_options *options;
};

static int put_flame(void *context, FILE *out)
{
	const struct flame_job *job = context;

	return flame_write(job->profile, job->options, out, NULL);
}

static int write_profile(const struct profile *p, const char *title, const char *path)
{
	char subtitle[128], total[32], duration[32];
	struct flame_options options = {.title = title ? title : "Off-CPU flame graph",
					.subtitle = subtitle,
					.min_width_pct = FRAME_MIN_PCT};
	struct flame_job job = {p, &options};

	snprintf(subtitle, sizeof(subtitle), "%s off the CPU in %s",
		 time_format(p->total_ns, total, sizeof(total)),
		 time_format(p->duration_ns, duration, sizeof(duration)));
	return file_replace_with(path, put_flame, &job);
}

int ledger_graphs_write_offcpu(struct ledger_graphs *graphs, const char *title, const char *path)
{
	struct state_times times[STACK_STATES];
	struct ledger_snapshot snapshot;
	struct profile profile;
	struct places places = {.ledger = graphs->ledger,
				.symbols = graphs->symbols,
				.profile = &profile,
				.kernel = true,
				.user = true};
	int err = ledger_snapshot(graphs->ledger, 0, &snapshot);

	if (err)
		return err;
	ledger_graphs_remember(graphs);
	profile_init(&profile);
	err = places_profile(&places, &snapshot, ~0u, times);
	if (!err)
		err = write_profile(&profile, title, path);
	profile_free(&profile);
	ledger_snapshot_free(&snapshot);
	return err;
}

static int put_graph(void *context, FILE *out)
{
	return wake_graph_document(context, out);
}

int ledger_graphs_write_wakeups(struct ledger_graphs *graphs, const char *title, const char *path)
{
	struct wake_graph graph;
	struct wake_group *groups;
	size_t nr;
	int err = wake_groups(graphs->ledger, LEDGER_SINCE_START, false, &groups, &nr);

	if (err)
		return err;
	wake_graph_init(&graph, title);
	err = wake_groups_graph(groups, nr, GRAPH_EDGES, &graph);
	if (!err)
		err = file_replace_with(path, put_graph, &graph);
	wake_graph_free(&graph);
	free(groups);
	return err;
}
