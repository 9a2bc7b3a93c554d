/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A guarded run: one scheduler with what follows it, from the first attach to the end of the command or the run. Only
 * cmd_run.c and session*.c know this; data of one run, one thread.
 */
#ifndef SCHEDLAB_LOADER_SESSION_H
#define SCHEDLAB_LOADER_SESSION_H

#include "loader/command.h"
#include "loader/internal.h"

#define SESSION_FALLBACK_MAX 8

struct session_options {
	const char *scheduler;
	const char **sets; /* "name=value" for @scheduler */
	size_t set_count;
	const char *fallbacks[SESSION_FALLBACK_MAX];
	size_t fallback_count;
	uint64_t duration_ns; /* 0: no limit */
	uint32_t timeout_ms;  /* 0: the object's own */
	bool verbose, json, partial;
	char **command; /* NULL: none */
};

/* One way in which a scheduler's time ended. */
struct ending {
	int status;	  /* enum exit_status; 0: a healthy end */
	const char *rule; /* "kernel", "max-wait", ... */
	char text[512];	  /* for the user; printable */
	struct loader_exit exit;
};

struct session {
	const struct session_options *options;
	struct loader *chain[SESSION_FALLBACK_MAX +
			     1]; /* [0] the scheduler, then its fallbacks; all loaded beforehand */
	size_t chain_count, index;
	struct loader *current; /* NULL: the kernel's default is active */
	struct command_process command;
	int signal_fd;
	uint64_t start_ns;   /* of the run */
	uint64_t active_ns;  /* since when the current scheduler is active */
	uint64_t kill_at_ns; /* when to stop waiting for the command; 0: not asked to end */
	bool ending;	     /* told to end by a signal or the duration */
	int status;	     /* of the first ejection, 0 so far */
	json_t *ended;	     /* array: each scheduler that ended, for the document */
};

/* Open, set and load the whole chain. Messages are printed. Returns an exit status. */
int session_prepare(struct session *r);
/* Attach, watch, end. Returns the run's exit status. */
int session_go(struct session *r);
void session_free(struct session *r);

#endif
