// SPDX-License-Identifier: GPL-2.0
/*
 * schedlab trace: record a timeline for Perfetto. Parses options, owns the file; the ledger gives events, timeline.c
 * turns them into a trace. Events are written as they come, so the memory used does not grow with the capture.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/cli.h"
#include "lib/fileio.h"
#include "observe/timeline.h"
#include "observe/view.h"

#define JOBS_MAX_BYTES	 (256u << 20)
#define BUFFER_MAX_BYTES (1u << 30)
#define DEFAULT_FILE	 "trace.pftrace"

enum {
	OPTION_JOBS = 0x1500,
	OPTION_BUFFER,
};

struct trace_view {
	struct view view;
	const char *file, *jobs;
	char *temporary; /* where the trace is written until it is whole */
	FILE *out;
	struct timeline *timeline;
	struct timeline_counts counts;
	int status; /* an error that has been told, as an exit status */
};

static const struct argp_option options[] = {
	{"output", 'o', "FILE", 0, "the trace (" DEFAULT_FILE ")", 1},
	{"jobs", OPTION_JOBS, "FILE", 0,
	 "mark the jobs that 'schedlab load --jobs FILE' has written", 1},
	{"buffer", OPTION_BUFFER, "MIB", 0, "size of the event buffer in MiB (16)", 1},
	{},
};

static void file_error(struct trace_view *v, const char *what, int err)
{
	char shown[512];

	if (v->status)
		return;
	cli_error("trace: cannot %s %s: %s", what, cli_printable(v->file, shown, sizeof(shown)),
		  strerror(-err));
	v->status = EXIT_STATUS_FAILURE;
}

/* Open a temporary file beside the one that is wanted. Returns 0 or -errno. */
static int open_temporary(struct trace_view *v)
{
	int fd, err;

	if (asprintf(&v->temporary, "%s.XXXXXX", v->file) < 0) {
		v->temporary = NULL;
		return -ENOMEM;
	}
	fd = mkstemp(v->temporary);
	if (fd < 0) {
		err = -errno;
		free(v->temporary);
		v->temporary = NULL;
		return err;
	}
	v->out = fdopen(fd, "w");
	if (v->out)
		return 0;
	close(fd);
	return -ENOMEM;
}

/* Give the whole file its name. Returns 0 or -errno. */
static int commit(struct trace_view *v)
{
	int err = 0;

	if (fflush(v->out) || fchmod(fileno(v->out), 0644) || fsync(fileno(v->out)))
		err = -errno;
	if (fclose(v->out) && !err)
		err = -errno;
	v->out = NULL;
	if (!err && rename(v->temporary, v->file))
		err = -errno;
	return err;
}

static void discard(struct trace_view *v)
{
	if (v->out)
		fclose(v->out);
	if (v->temporary)
		unlink(v->temporary);
	free(v->temporary);
}

static int on_event(void *context, const struct ledger_event *event)
{
	struct trace_view *v = context;

	return timeline_event(v->timeline, event);
}

static void opened(struct view *view, struct ledger *ledger)
{
	ledger_on_event(ledger, on_event, view->context);
}

static void add_jobs(struct trace_view *v)
{
	char error[128], shown[512], *text;
	int err = file_read(v->jobs, JOBS_MAX_BYTES, &text, NULL);

	cli_printable(v->jobs, shown, sizeof(shown));
	if (err) {
		cli_error("trace: %s: %s", shown, strerror(-err));
		v->status = EXIT_STATUS_USAGE;
		return;
	}
	if (timeline_jobs(v->timeline, text, error, sizeof(error))) {
		cli_error("trace: %s: %s", shown, error);
		v->status = EXIT_STATUS_USAGE;
	}
	free(text);
}

static int fill_document(json_t *document, const struct trace_view *v)
{
	const struct timeline_counts *c = &v->counts;
	char shown[512];
	int err = json_object_set_new(document, "file",
				      json_string(cli_printable(v->file, shown, sizeof(shown))));

	err |= json_object_set_new(
		document, "events",
		json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "switches",
			  (json_int_t)c->switches, "wakings", (json_int_t)c->wakings, "migrations",
			  (json_int_t)c->migrations, "forks", (json_int_t)c->forks, "exits",
			  (json_int_t)c->exits, "epochs", (json_int_t)c->epochs, "jobs",
			  (json_int_t)c->jobs, "unnamed", (json_int_t)c->unnamed));
	err |= json_object_set_new(document, "first_ns", json_integer((json_int_t)c->first_ns));
	err |= json_object_set_new(document, "last_ns", json_integer((json_int_t)c->last_ns));
	return err ? -ENOMEM : 0;
}

/* The one report, at the end: what came last, then the file gets its name. */
static int show(struct view *view, struct ledger *ledger, const struct ledger_snapshot *snapshot,
		json_t *document)
{
	struct trace_view *v = view->context;
	uint64_t lost = snapshot->losses[LEDGER_LOSS_EVENTS];
	int err;

	while ((err = ledger_poll(ledger, 0)) > 0)
		;
	if (err < 0 && err != -EINTR)
		return err;
	timeline_epochs(v->timeline, snapshot->epochs, snapshot->nr_epochs, snapshot->time_ns);
	if (v->jobs)
		add_jobs(v);
	timeline_lost(v->timeline, lost);
	timeline_counts(v->timeline, &v->counts);
	err = timeline_close(v->timeline);
	v->timeline = NULL;
	if (!err && !v->status)
		err = commit(v);
	if (err)
		file_error(v, "write", err);
	if (v->status)
		return 0;
	if (document)
		return fill_document(document, v);
	printf("%s: %" PRIu64 " switches, %" PRIu64 " wakings, %" PRIu64 " migrations, %" PRIu64
	       " epochs, %" PRIu64 " jobs, %" PRIu64 " events lost\n",
	       v->file, v->counts.switches, v->counts.wakings, v->counts.migrations,
	       v->counts.epochs, v->counts.jobs, lost);
	return 0;
}

static int record(void *context)
{
	struct trace_view *v = context;
	struct perfetto_head head;
	int err = open_temporary(v), status;

	v->view.context = v;
	if (err) {
		file_error(v, "write", err);
		discard(v);
		return v->status;
	}
	perfetto_head_now(&head);
	v->timeline = timeline_open(v->out, &head);
	if (!v->timeline) {
		file_error(v, "write", -ENOMEM);
		discard(v);
		return v->status;
	}
	status = view_run(&v->view);
	if (v->timeline)
		timeline_close(v->timeline);
	discard(v);
	return status ? status : v->status;
}

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct trace_view *v = state->input;
	char shown[64];
	uint64_t mib;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &v->view;
		return 0;
	case 'o':
		v->file = arg;
		return 0;
	case OPTION_JOBS:
		v->jobs = arg;
		return 0;
	case OPTION_BUFFER:
		if (cli_parse_u64(arg, 1, BUFFER_MAX_BYTES >> 20, &mib) || (mib & (mib - 1)))
			argp_error(state,
				   "'%s' is not a size in MiB that is a power of two, 1 to 1024",
				   cli_printable(arg, shown, sizeof(shown)));
		v->view.ledger.events_bytes = (uint32_t)(mib << 20);
		return 0;
	case ARGP_KEY_ARG:
		argp_error(state, "'%s': a trace has no interval (-d SECONDS sets its length)",
			   cli_printable(arg, shown, sizeof(shown)));
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

int cmd_trace(int argc, char **argv)
{
	static const struct view_command command = {
		.options = options,
		.parser = parse_option,
		.doc = "Record switches, wakings, migrations and scheduler epochs as a timeline "
		       "for ui.perfetto.dev.",
		.run = record,
	};
	struct trace_view v = {
		.view = {.name = "trace", .show = show, .opened = opened, .whole = true},
		.view.ledger.events = true,
		.file = DEFAULT_FILE,
	};

	return view_main(&command, argc, argv, &v);
}
