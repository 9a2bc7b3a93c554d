// SPDX-License-Identifier: GPL-2.0
/* The loop and the options that the views' commands share; see view.h. Knows no view. */
#include "observe/view.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lib/cli.h"
#include "lib/fileio.h"
#include "lib/sysenv.h"
#include "lib/timeutil.h"
#include "observe/viewmetrics.h"

#define DEFAULT_NS	    (10 * NSEC_PER_SEC)
#define ENTRIES_MAX	    (1u << 20)
#define DEFAULT_INTERVAL_NS (3600 * NSEC_PER_SEC)

static volatile sig_atomic_t interrupted;

static void on_signal(int signal)
{
	interrupted = 1;
}

bool view_interrupted(void)
{
	return interrupted;
}

static void catch_signals(void)
{
	struct sigaction action = {.sa_handler = on_signal};

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGHUP, &action, NULL);
}

/* --- options ---------------------------------------------------------------------------------------------- */

int view_parse_share(const char *text, double *share)
{
	char number[32];
	size_t length = strlen(text);
	bool percent = length && text[length - 1] == '%';

	if (length >= sizeof(number))
		return -EINVAL;
	memcpy(number, text, length + 1);
	if (percent)
		number[length - 1] = '\0';
	if (cli_parse_double(number, 0, percent ? 100 : 1, share) || *share <= 0)
		return -EINVAL;
	if (percent)
		*share /= 100;
	return 0;
}

enum {
	OPTION_MAX_OVERHEAD = 0x1000,
	OPTION_METRICS,
	OPTION_ENTRIES,
};

static const struct argp_option options[] = {
	{"pid", 'p', "PID", 0, "only this process", 90},
	{"cgroup", 'c', "PATH", 0, "only tasks at or below this cgroup (v2)", 90},
	{"duration", 'd', "SECONDS", 0, "end after so long (10; with an interval 3600)", 91},
	{"timestamps", 'T', NULL, 0, "print the time of each report", 91},
	{"json", 'j', NULL, 0, "one JSON document per report on standard output", 91},
	{"metrics", OPTION_METRICS, "FILE", 0,
	 "write Prometheus text of all since the start to FILE, at each report", 91},
	{"entries", OPTION_ENTRIES, "N", 0,
	 "room in each table of keys, places, stacks and edges; what finds none is counted as lost "
	 "(16384; keys 512, "
	 "top 1024)",
	 92},
	{"max-overhead", OPTION_MAX_OVERHEAD, "SHARE", 0,
	 "budget, as 2% or 0.02 of all CPUs' time: beyond it stacks are shed, then samples, then "
	 "everything",
	 92},
	{},
};

static error_t parse_argument(struct view *view, const char *text, struct argp_state *state)
{
	char shown[64];

	if (!view->parsed_interval) {
		if (cli_parse_duration_ns(text, NSEC_PER_SEC, &view->interval_ns) ||
		    view->interval_ns < NSEC_PER_MSEC)
			argp_error(state, "'%s' is not an interval in seconds of at least 1ms",
				   cli_printable(text, shown, sizeof(shown)));
		view->parsed_interval = true;
	} else if (view->count) {
		argp_error(state, "'%s' is one argument too many",
			   cli_printable(text, shown, sizeof(shown)));
	} else if (cli_parse_u64(text, 1, 1000000000, &view->count)) {
		argp_error(state, "'%s' is not a count of at least 1",
			   cli_printable(text, shown, sizeof(shown)));
	}
	return 0;
}

static void parse_entries(struct view *view, const char *text, struct argp_state *state)
{
	char shown[64];
	uint64_t entries;

	if (cli_parse_u64(text, 1, ENTRIES_MAX, &entries))
		argp_error(state, "'%s' is not a number of entries (1 to %u)",
			   cli_printable(text, shown, sizeof(shown)), ENTRIES_MAX);
	view->ledger.split_max = (uint32_t)entries;
	view->ledger.rows_max = (uint32_t)entries;
	view->ledger.stacks_max = (uint32_t)entries;
}

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct view *view = state->input;
	char shown[64], error[128];

	switch (key) {
	case 'p':
		if (ledger_parse_pid(arg, &view->ledger, error, sizeof(error)))
			argp_error(state, "%s", error);
		return 0;
	case 'c':
		view->ledger.cgroup = arg;
		return 0;
	case 'd':
		if (cli_parse_duration_ns(arg, NSEC_PER_SEC, &view->duration_ns) ||
		    !view->duration_ns)
			argp_error(state, "'%s' is not a duration such as 10 or 500ms",
				   cli_printable(arg, shown, sizeof(shown)));
		return 0;
	case 'T':
		view->timestamps = true;
		return 0;
	case 'j':
		view->json = true;
		return 0;
	case OPTION_METRICS:
		view->metrics = arg;
		return 0;
	case OPTION_ENTRIES:
		parse_entries(view, arg, state);
		return 0;
	case OPTION_MAX_OVERHEAD:
		if (view_parse_share(arg, &view->ledger.max_overhead))
			argp_error(state, "'%s' is not a share such as 2%% or 0.02",
				   cli_printable(arg, shown, sizeof(shown)));
		return 0;
	case ARGP_KEY_ARG:
		return parse_argument(view, arg, state);
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp common = {.options = options, .parser = parse_option};

int view_main(const struct view_command *command, int argc, char **argv, void *context)
{
	const struct argp_child children[] = {
		{&common, 0, "Common options:", 9}, {command->more, 0, NULL, 2}, {}};
	const struct argp argp = {
		.options = command->options,
		.parser = command->parser,
		.args_doc = command->args_doc,
		.doc = command->doc,
		.children = children,
	};

	return cli_parse(&argp, argc, argv, 0, context) ? EXIT_STATUS_USAGE : command->run(context);
}

/* --- reports ------------------------------------------------------------------------------------------------ */

static void print_time(const struct view *view)
{
	time_t now = time(NULL);
	struct tm tm;
	char text[16];

	if (view->timestamps && localtime_r(&now, &tm) &&
	    strftime(text, sizeof(text), "%H:%M:%S", &tm))
		printf("%s\n", text);
}

static void say_losses(const struct ledger_snapshot *s)
{
	unsigned int i;

	for (i = 0; i < LEDGER_NR_LOSSES; i++)
		if (s->losses[i])
			cli_note("not accounted for: %s %llu",
				 ledger_loss_name((enum ledger_loss)i),
				 (unsigned long long)s->losses[i]);
	if (s->counts[LEDGER_COUNT_CENSORED])
		cli_note("%llu waits still open (censored)",
			 (unsigned long long)s->counts[LEDGER_COUNT_CENSORED]);
}

/* What the budget has shed since it was last told; a view that draws on the terminal hears of it at its end. */
static void say_budget(struct view *view, struct ledger *ledger)
{
	struct ledger_cost cost;
	char head[96];

	if (view->ledger.max_overhead <= 0 || view->draws || ledger_cost(ledger, &cost) ||
	    (cost.shed == view->said_shed && cost.sample_factor == view->said_factor))
		return;
	view->said_shed = cost.shed;
	view->said_factor = cost.sample_factor;
	snprintf(head, sizeof(head), "over budget (%.3f %% of CPU time, %.3f %% allowed)",
		 cost.share * 100, view->ledger.max_overhead * 100);
	if (cost.shed == LEDGER_SHED_STACKS)
		cli_note("%s: no more stacks", head);
	else if (cost.shed == LEDGER_SHED_SAMPLES)
		cli_note("%s: one interval of %u is kept: multiply counts by that", head,
			 cost.sample_factor);
	else if (cost.shed == LEDGER_SHED_ALL)
		cli_note("%s: detached, nothing more is seen", head);
}

static json_t *new_document(const struct view *view, struct ledger *ledger,
			    const struct ledger_snapshot *s)
{
	struct ledger_cost cost;
	char schema[64];

	snprintf(schema, sizeof(schema), "schedlab.%s/1", view->name);
	ledger_cost(ledger, &cost);
	return json_pack("{s:s, s:s, s:o, s:o, s:o}", "schema", schema, "evidence",
			 sysenv_evidence_name(sysenv_evidence()), "ledger", ledger_to_json(s),
			 "losses", ledger_losses_to_json(s), "cost", ledger_cost_to_json(&cost));
}

int view_cannot_write(struct view *view, const char *path, int err)
{
	char shown[512];

	cli_error("%s: cannot write %s: %s", view->name, cli_printable(path, shown, sizeof(shown)),
		  strerror(-err));
	view->told = true;
	return err;
}

static int write_metrics(struct view *view, struct ledger *ledger)
{
	int err = view->metrics ? viewmetrics_write(ledger, view->metrics) : 0;

	return err ? view_cannot_write(view, view->metrics, err) : 0;
}

static int report(struct view *view, struct ledger *ledger, const struct ledger_snapshot *s)
{
	json_t *document = NULL;
	int err;

	if (view->json) {
		document = new_document(view, ledger, s);
		if (!document)
			return -ENOMEM;
	} else {
		print_time(view);
	}
	err = view->show(view, ledger, s, document);
	if (!err && document)
		err = file_print_json(document);
	else if (!err && fflush(stdout))
		err = -errno;
	json_decref(document);
	return err ? err : write_metrics(view, ledger);
}

/* One report of what came since @last, which becomes the new base: each sample is in one report. */
static int report_interval(struct view *view, struct ledger *ledger, struct ledger_snapshot *last)
{
	struct ledger_snapshot now, base = {};
	int err = ledger_snapshot(ledger, view->snapshot_flags, &now);

	if (err)
		return err;
	if (!view->whole) {
		err = ledger_snapshot_copy(&now, &base);
		if (!err && last->time_ns)
			err = ledger_snapshot_subtract(&now, last);
		ledger_snapshot_free(last);
		*last = base;
	}
	if (!err)
		err = report(view, ledger, &now);
	ledger_snapshot_free(&now);
	return err;
}

static bool target_gone(const struct view *view)
{
	return view->ledger.tgid > 0 && kill(view->ledger.tgid, 0) && errno == ESRCH;
}

/* Poll until @until, a signal, or the end of the process that is watched. Returns 0, 1 (the end) or -errno. */
static int poll_until(struct view *view, struct ledger *ledger, uint64_t until)
{
	while (!interrupted) {
		uint64_t now = time_now_ns(), left = until > now ? until - now : 0;
		int err;

		if (!left)
			return 0;
		if (left > 100 * NSEC_PER_MSEC)
			left = 100 * NSEC_PER_MSEC;
		err = ledger_poll(ledger, (int)((left + NSEC_PER_MSEC - 1) / NSEC_PER_MSEC));
		if (err < 0 && err != -EINTR)
			return err;
		say_budget(view, ledger);
		if (view->polled)
			view->polled(view, ledger);
		if (target_gone(view)) {
			cli_note("process %d has ended", view->ledger.tgid);
			return 1;
		}
	}
	return 1;
}

static int run_loop(struct view *view, struct ledger *ledger)
{
	uint64_t now = time_now_ns(), next, end;
	struct ledger_snapshot last = {};
	uint64_t reports = 0;
	int err = 0;

	if (!view->duration_ns)
		view->duration_ns = view->interval_ns ? DEFAULT_INTERVAL_NS : DEFAULT_NS;
	end = now + view->duration_ns;
	next = view->interval_ns ? now + view->interval_ns : end;
	while (!err) {
		err = poll_until(view, ledger, next < end ? next : end);
		reports++;
		if (err < 0 || err == 1 || time_now_ns() >= end ||
		    (view->count && reports >= view->count))
			break;
		err = report_interval(view, ledger, &last);
		next += view->interval_ns;
	}
	if (err >= 0) {
		ledger_stop(ledger);
		err = report_interval(view, ledger, &last);
	}
	ledger_snapshot_free(&last);
	return err;
}

static int status_of(int err)
{
	switch (err) {
	case -ESRCH:
	case -ENOENT:
	case -EINVAL:
		return EXIT_STATUS_USAGE;
	case -EPERM:
	case -ENOTSUP:
		return EXIT_STATUS_UNSUPPORTED;
	default:
		return EXIT_STATUS_FAILURE;
	}
}

static void say_end(struct view *view, struct ledger *ledger)
{
	struct ledger_snapshot s;

	if (ledger_snapshot(ledger, 0, &s))
		return;
	say_losses(&s);
	say_budget(view, ledger);
	ledger_snapshot_free(&s);
}

int view_run(struct view *view)
{
	struct ledger *ledger;
	char error[256];
	int err;

	view->said_factor = 1;
	err = ledger_open(&view->ledger, &ledger, error, sizeof(error));
	if (err) {
		cli_error("%s: %s", view->name, error);
		return status_of(err);
	}
	catch_signals();
	view->since = view->whole ? LEDGER_SINCE_START : LEDGER_SINCE_LAST;
	if (view->opened)
		view->opened(view, ledger);
	if (!sysenv_has_sched_ext())
		cli_note("this kernel has no sched_ext: only its own scheduler is seen");
	err = ledger_start(ledger);
	if (err) {
		cli_error("%s: cannot attach: %s", view->name,
			  err == -E2BIG ? "too many captures run at once" : strerror(-err));
		view->told = true;
	} else {
		err = run_loop(view, ledger);
	}
	if (view->finished)
		view->finished(view);
	if (err >= 0)
		say_end(view, ledger);
	else if (!view->told)
		cli_error("%s: %s", view->name, strerror(-err));
	ledger_close(ledger);
	return err < 0 ? EXIT_STATUS_FAILURE : EXIT_STATUS_OK;
}
