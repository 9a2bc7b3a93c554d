/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the views' commands share: options that mean the same everywhere, the loop from start to end, losses and notes
 * on stderr. A view gives the options it adds and a function that shows one snapshot. Prints only on a view's behalf.
 */
#ifndef SCHEDLAB_OBSERVE_VIEW_H
#define SCHEDLAB_OBSERVE_VIEW_H

#include <argp.h>
#include <stdbool.h>

#include "observe/ledger.h"

/* -p -c -d -T -j --max-overhead [interval [count]] */
struct view {
	const char *name;	      /* "runqlat": of schedlab.NAME/1 and of messages */
	struct ledger_options ledger; /* preset by the view; -p, -c and --max-overhead go in here */
	uint64_t duration_ns;	      /* 0: the default of the loop */
	uint64_t interval_ns;	      /* 0: one report at the end */
	uint64_t count;		      /* reports; 0: until the duration ends */
	bool json;
	bool timestamps;
	const char *metrics;	 /* file for Prometheus text; NULL: none */
	bool whole;		 /* reports show all since the start, not the last interval */
	enum ledger_since since; /* for the tables that show() reads: set by view_run() */
	unsigned int snapshot_flags;
	/*
	 * Show one report (@view->context). @snapshot covers the interval, or all since the start. Text goes to stdout, or,
	 * with @document, into that object. Returns 0 or -errno.
	 */
	int (*show)(struct view *view, struct ledger *ledger,
		    const struct ledger_snapshot *snapshot, json_t *document);
	/* Before the start, to set callbacks; may be NULL. */
	void (*opened)(struct view *view, struct ledger *ledger);
	/* After each poll, several times a second; may be NULL. */
	void (*polled)(struct view *view, struct ledger *ledger);
	/* When the last report has been shown, before losses are told; may be NULL. */
	void (*finished)(struct view *view);
	void *context;
	bool draws; /* on the terminal now: no notes meanwhile */
	bool told;  /* the error that ends it stands on standard error already */
	bool parsed_interval;
	enum ledger_shed said_shed; /* of the budget, on standard error */
	uint32_t said_factor;
};

/* What makes a view a command. */
struct view_command {
	const struct argp_option *options; /* its own; the common ones come with them */
	/* For those; @state->input is the context. At ARGP_KEY_INIT it sets child_inputs[0] to its struct view. */
	argp_parser_t parser;
	const char *args_doc; /* VIEW_ARGS, or NULL where there is no interval */
	const char *doc;
	const struct argp *more;   /* options shared with other views, child 1; NULL: none */
	int (*run)(void *context); /* once all is parsed; gives an exit status */
};

#define VIEW_ARGS "[INTERVAL [COUNT]]"

/* The whole command: parse into @context, then run. Returns an exit status. */
int view_main(const struct view_command *command, int argc, char **argv, void *context);

/* From the options to the last report. Returns an exit status; says on stderr what went wrong and what was lost. */
int view_run(struct view *view);

/* Say that @path cannot be written, once. Returns @err (negative), for show() to return. */
int view_cannot_write(struct view *view, const char *path, int err);

/* A size of share such as "2%" or "0.02" within (0, 1]. Returns 0 or -EINVAL. */
int view_parse_share(const char *text, double *share);

/* Whether a SIGINT, SIGTERM or SIGHUP has asked for the end; view_run() sets the handlers. */
bool view_interrupted(void);

#endif
