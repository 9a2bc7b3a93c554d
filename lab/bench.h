/* SPDX-License-Identifier: GPL-2.0 */
/* What bench.c (one cell, one folder) and bench_run.c (all cells) share. Not for other rooms. */
#ifndef SCHEDLAB_LAB_BENCH_H
#define SCHEDLAB_LAB_BENCH_H

#include <limits.h>

#include <jansson.h>

#include "lab/lab.h"

/* A bench folder: cells/, logs/, experiment.ini, order.tsv. */
struct bench {
	struct experiment experiment;
	struct experiment_cell *cells; /* owned */
	size_t cell_count;
	char path[PATH_MAX];   /* of the experiment file, absolute */
	char folder[PATH_MAX]; /* absolute */
	char vm_run[PATH_MAX]; /* the guest's starter; "" on the host */
	int lock_fd;
};

enum cell_state {
	CELL_MISSING,
	CELL_DONE,
	CELL_NOT_VALID, /* there, and marked */
	CELL_BAD,	/* there, and no result that can be read: the user's to remove */
};

/*
 * Read the experiment file, choose the place and make the plan. Prints nothing; @error has the line for the user. Returns
 * an exit status.
 */
int bench_open(struct bench *b, const char *experiment, const char *folder,
	       enum experiment_place place, char *error, size_t error_size);
/*
 * Make the folder, lock it (alone for a whole bench, shared for single cells), and check or write its experiment.ini.
 * Returns an exit status: EXIT_STATUS_BUSY where another bench has it.
 */
int bench_enter(struct bench *b, bool alone, char *error, size_t error_size);
void bench_close(struct bench *b);

/* What is there for @cell; @error gets a line for CELL_BAD and the reason of CELL_NOT_VALID. */
enum cell_state bench_cell_state(const struct bench *b, const struct experiment_cell *cell,
				 char *error, size_t error_size);

/*
 * Run one cell to its file, in this process's children. Its output goes to logs/NAME.log. Returns the cell's exit status:
 * 0, EXIT_STATUS_INVALID or 80 and above with a file written, anything else without one.
 */
int bench_run_cell(const struct bench *b, const struct experiment_cell *cell);

/* Run all missing cells, @jobs at a time, with progress on stderr. Returns an exit status. */
int bench_run(struct bench *b, unsigned int jobs, bool quiet);

/* CPU time since boot, of all CPUs: in all, and what a hypervisor took of it. */
struct host_ticks {
	unsigned long long steal, total;
};

/* The share of the CPU time between @before and @after that a hypervisor took, 0 to 1. */
double bench_steal_share(const struct host_ticks *before, const struct host_ticks *after);
/*
 * Mark @result as not valid where @steal_share disturbed it: more than 1 %, but in virtual time nothing does. Returns 0
 * or -ENOMEM.
 */
int bench_mark_disturbed(json_t *result, double steal_share);

/* "default web seed 3 repetition 0" into @out; returns @out. */
const char *bench_cell_name(const struct experiment_cell *cell, char *out, size_t size);
/* Path of the cell's log. */
int bench_log_path(const struct bench *b, const struct experiment_cell *cell, char *out,
		   size_t size);

#endif
