/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What top shows: the difference of two snapshots as rows of tasks and of scheduling classes, and as lines of text.
 * Draws nothing and reads no terminal.
 */
#ifndef SCHEDLAB_OBSERVE_TOPMODEL_H
#define SCHEDLAB_OBSERVE_TOPMODEL_H

#include <jansson.h>

#include "observe/observe.h"

enum top_sort {
	TOP_SORT_WAIT, /* time spent waiting for a CPU */
	TOP_SORT_CPU,
	TOP_SORT_BLOCKED,
	TOP_SORT_SWITCHES,
	TOP_SORT_P99,
	TOP_SORT_PID,
	TOP_SORTS
};

const char *top_sort_name(enum top_sort sort);

/* One thread in the interval. Shares are in 0 to 1. */
struct top_row {
	uint64_t pid, tgid;
	char name[64];	   /* plain (escape.h) */
	const char *class; /* "fair", "ext", "rt", "deadline", "idle" */
	double running, queued, preempted,
		blocked; /* of the part of the interval that the task lived */
	uint64_t running_ns;
	uint64_t wait_ns;  /* queued and preempted */
	uint64_t switches; /* came onto a CPU */
	uint64_t migrations;
	uint64_t waits;			 /* of the quantiles below */
	uint64_t p50_ns, p99_ns, max_ns; /* of single waits for a CPU; 0: too few to tell */
};

#define TOP_CLASSES 5

struct top_class {
	const char *name;
	uint64_t tasks;
	double running; /* CPUs taken */
	struct hist waits;
};

struct top_event {
	char name[48];
	uint64_t count, delta;
};

#define TOP_EVENTS_MAX 32

struct top_model {
	double interval_s;
	unsigned int cpus;
	char scheduler[LEDGER_SCHED_NAME];
	unsigned int epochs;
	uint64_t switches, wakings, lost;
	double cost; /* share of all CPUs' time that the instrument takes */
	enum ledger_shed shed;
	struct top_row *rows;
	size_t nr_rows;
	struct top_class classes[TOP_CLASSES];
	struct top_event events[TOP_EVENTS_MAX]; /* of sched_ext */
	size_t nr_events;
	enum top_sort sort;
};

/* What is kept between two models: the accounts of the last one, and the events' counts. */
struct top_memory {
	struct ledger_account *accounts; /* sorted by pid and birth */
	size_t nr_accounts;
	uint64_t time_ns;
	struct top_event events[TOP_EVENTS_MAX];
	size_t nr_events;
};

void top_memory_free(struct top_memory *memory);

/*
 * Build @model from @snapshot, whose histograms cover the interval (ledger_snapshot_subtract()) and whose accounts are
 * whole; @memory becomes that of the next call. @ext_all: a sched_ext scheduler has all normal tasks. Returns 0 or
 * -ENOMEM.
 */
int top_model_build(struct top_model *model, struct top_memory *memory,
		    const struct ledger_snapshot *snapshot, enum top_sort sort, bool ext_all);
void top_model_free(struct top_model *model);
/* Read the event counters of sched_ext ("NAME COUNT" lines in @text) into @model, as changes since the last call. */
void top_model_events(struct top_model *model, struct top_memory *memory, const char *text);

/* Line @line (from 0) of the head, or of the table of tasks (its first line names the columns), cut at @width. */
size_t top_head_lines(const struct top_model *model);
char *top_head_line(const struct top_model *model, size_t line, size_t width, char *out,
		    size_t size);
char *top_table_line(const struct top_model *model, size_t line, size_t width, char *out,
		     size_t size);

/* Put "classes", "tasks", "events", "scheduler" into @document. Returns 0 or -ENOMEM. */
int top_model_json(const struct top_model *model, json_t *document);

#endif
