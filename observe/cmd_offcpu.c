// SPDX-License-Identifier: GPL-2.0
/*
 * schedlab offcpu: where tasks wait, by stack. Parses options and has written what was asked for; the ledger measures,
 * places.c names, the writers draw, stackreport.c tells.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/cli.h"
#include "lib/fileio.h"
#include "lib/timeutil.h"
#include "observe/dot.h"
#include "observe/flame.h"
#include "observe/folded.h"
#include "observe/places.h"
#include "observe/speedscope.h"
#include "observe/stackreport.h"
#include "observe/view.h"
#include "observe/wakegroups.h"

#define CAPTURE_MAX_BYTES (512u << 20)
#define DEFAULT_HZ	  99
#define DEFAULT_TOP	  10
#define WAKE_EDGES	  40
#define ALL_STATES	  ((1u << STACK_STATES) - 1)

enum {
	OPTION_MIN = 0x1400,
	OPTION_MAX,
	OPTION_STATE,
	OPTION_FOLDED,
	OPTION_SVG,
	OPTION_SPEEDSCOPE,
	OPTION_DIFF,
	OPTION_FROM,
	OPTION_WALL,
	OPTION_HZ,
	OPTION_TOP,
	OPTION_EXACT,
	OPTION_BY_THREAD,
	OPTION_TITLE,
	OPTION_WAKES,
	OPTION_WAKERS,
};

struct offcpu {
	struct view view;
	struct symbols *symbols;
	const char *svg, *speedscope, *diff, *from, *title;
	unsigned int states;
	uint64_t hz, top;
	bool folded, wall, kernel_only, user_only, by_thread, wakes, wakers;
	const struct wake_graph *graph; /* with --wakes, while the output is written */
	int status;			/* of what show() could not do, as an exit status */
};

static const struct argp_option options[] = {
	{"state", OPTION_STATE, "STATES", 0,
	 "only waits of these states, separated by commas: sleeping (S), disk (D), other, queued, "
	 "preempted",
	 1},
	{"min", OPTION_MIN, "TIME", 0, "only intervals of at least so long: 1ms", 1},
	{"max", OPTION_MAX, "TIME", 0, "only intervals of at most so long", 1},
	{"wall", OPTION_WALL, NULL, 0, "the whole wall time: sample the CPUs too", 1},
	{"hz", OPTION_HZ, "RATE", 0, "with --wall: samples per CPU and second (99)", 1},
	{"kernel-stacks-only", 'K', NULL, 0, "no user stacks", 2},
	{"user-stacks-only", 'U', NULL, 0, "no kernel stacks", 2},
	{"exact", OPTION_EXACT, NULL, 0,
	 "walk every stack, instead of knowing places again and checking some of them", 2},
	{"by-thread", OPTION_BY_THREAD, NULL, 0,
	 "keep threads apart; else tasks of one name are one", 2},
	{"waker-stacks", OPTION_WAKERS, NULL, 0,
	 "the stack of who ended a wait on top of the stack that waited", 2},
	{"folded", OPTION_FOLDED, NULL, 0, "print folded stacks (us) instead of the report", 3},
	{"svg", OPTION_SVG, "FILE", 0, "write a flame graph", 3},
	{"wakes", OPTION_WAKES, NULL, 0,
	 "with --svg: who ended the waits, as a graph below the flame graph", 3},
	{"speedscope", OPTION_SPEEDSCOPE, "FILE", 0, "write speedscope JSON", 3},
	{"top", OPTION_TOP, "N", 0, "stacks in the report (10)", 3},
	{"title", OPTION_TITLE, "TEXT", 0, "title of the flame graph", 3},
	{"from", OPTION_FROM, "FILE", 0, "capture nothing: read what --json or --folded wrote", 4},
	{"diff", OPTION_DIFF, "FILE", 0,
	 "compare with an earlier capture: the flame graph shows both directions", 4},
	{},
};

/* --- reading captures ------------------------------------------------------------------------------------ */

/* Read a capture, JSON of ours or folded text in us. Prints what is wrong. Returns an exit status. */
static int read_capture(const char *path, struct profile *p)
{
	char error[256], shown[512], *text;
	json_error_t where;
	size_t size;
	json_t *json;
	int err = file_read(path, CAPTURE_MAX_BYTES, &text, &size);

	cli_printable(path, shown, sizeof(shown));
	if (err) {
		cli_error("offcpu: %s: %s", shown, strerror(-err));
		return EXIT_STATUS_USAGE;
	}
	if (text[strspn(text, " \t\r\n")] == '{') {
		json_t *profile;

		json = json_loadb(text, size, 0, &where);
		profile = json_object_get(json, "profile");
		if (!json) {
			cli_error("offcpu: %s:%d:%d: %s", shown, where.line, where.column,
				  where.text);
			err = -EINVAL;
		} else {
			err = profile_from_json(profile, p, error, sizeof(error));
			if (err == -EINVAL)
				cli_error("offcpu: %s: %s", shown, error);
		}
		json_decref(json);
	} else {
		err = folded_read(text, size, NSEC_PER_USEC, p, error, sizeof(error));
		if (err == -EINVAL)
			cli_error("offcpu: %s: %s", shown, error);
	}
	free(text);
	if (err == -ENOMEM)
		cli_error("offcpu: %s: out of memory", shown);
	else if (!err)
		profile_sort(p);
	return !err ? EXIT_STATUS_OK : err == -EINVAL ? EXIT_STATUS_USAGE : EXIT_STATUS_FAILURE;
}

/* --- writing ----------------------------------------------------------------------------------------------- */

/* Put @text (freed here) in the place of @path, or on stdout for "-". Prints what went wrong. Returns an exit status. */
static int put_file(const char *path, char *text, size_t size)
{
	char shown[512];
	int err;

	if (strcmp(path, "-") == 0)
		err = fwrite(text, 1, size, stdout) == size && !fflush(stdout) ? 0 : -EIO;
	else
		err = file_replace(path, text, size);
	free(text);
	if (!err)
		return EXIT_STATUS_OK;
	cli_error("offcpu: cannot write %s: %s", cli_printable(path, shown, sizeof(shown)),
		  strerror(-err));
	return EXIT_STATUS_FAILURE;
}

static void describe(const struct offcpu *o, const struct profile *p, char *out, size_t size)
{
	char total[32], duration[32], min[32];

	snprintf(out, size, "%s %s%s%s%s%s", time_format(p->total_ns, total, sizeof(total)),
		 o->wall ? "of task time" : "off the CPU", p->duration_ns ? " in " : "",
		 p->duration_ns ? time_format(p->duration_ns, duration, sizeof(duration)) : "",
		 o->view.ledger.offcpu_min_ns ? ", intervals of at least " : "",
		 o->view.ledger.offcpu_min_ns
			 ? time_format(o->view.ledger.offcpu_min_ns, min, sizeof(min))
			 : "");
}

static int write_svg(const struct offcpu *o, const struct profile *p)
{
	struct flame_options flame = {
		.title = o->title, .before_name = o->diff, .after_name = o->from};
	struct profile before = {0};
	char subtitle[256], *text = NULL;
	size_t size = 0;
	FILE *out;
	int err, status = EXIT_STATUS_OK;

	if (o->diff) {
		status = read_capture(o->diff, &before);
		if (status)
			return status;
		flame.before = &before;
	}
	flame.graph = o->graph;
	describe(o, p, subtitle, sizeof(subtitle));
	flame.subtitle = subtitle;
	if (!flame.title)
		flame.title = o->diff	? "Off-CPU flame graph, difference"
			      : o->wall ? "Wall-time flame graph"
					: "Off-CPU flame graph";
	out = open_memstream(&text, &size);
	err = out ? flame_write(p, &flame, out, NULL) : -ENOMEM;
	if (out && fclose(out) && !err)
		err = -ENOMEM;
	if (err) {
		cli_error("offcpu: cannot draw: %s", strerror(-err));
		free(text);
		status = EXIT_STATUS_FAILURE;
	} else {
		status = put_file(o->svg, text, size);
	}
	profile_free(&before);
	return status;
}

static int write_speedscope(const struct offcpu *o, const struct profile *p)
{
	json_t *json = speedscope_json(p, o->title ? o->title : "off-CPU");
	char *text = json ? json_dumps(json, JSON_COMPACT) : NULL;

	json_decref(json);
	if (!text) {
		cli_error("offcpu: out of memory");
		return EXIT_STATUS_FAILURE;
	}
	return put_file(o->speedscope, text, strlen(text));
}

/* Files, and folded text on stdout. Returns an exit status. */
static int write_all(const struct offcpu *o, const struct profile *p)
{
	struct folded_options folded = {
		.unit_ns = NSEC_PER_USEC, .states = o->wall, .annotate_kernel = true};
	int status = EXIT_STATUS_OK, err;

	if (o->svg)
		status = write_svg(o, p);
	if (!status && o->speedscope)
		status = write_speedscope(o, p);
	if (!status && o->folded) {
		err = folded_write(p, &folded, stdout);
		if (err) {
			cli_error("offcpu: standard output: %s", strerror(-err));
			status = EXIT_STATUS_FAILURE;
		}
	}
	return status;
}

static int fill_document(json_t *document, const struct offcpu *o, const struct profile *p,
			 const struct state_times *times, const struct symbols_counts *c)
{
	int err = json_object_set_new(document, "wall", json_boolean(o->wall));

	err |= json_object_set_new(document, "min_ns",
				   json_integer((json_int_t)o->view.ledger.offcpu_min_ns));
	err |= json_object_set_new(document, "max_ns",
				   json_integer((json_int_t)o->view.ledger.offcpu_max_ns));
	err |= json_object_set_new(document, "states", stackreport_times_json(times));
	err |= json_object_set_new(document, "symbols", stackreport_symbols_json(c));
	err |= json_object_set_new(document, "profile", profile_to_json(p));
	return err ? -ENOMEM : 0;
}

/* --- the capture --------------------------------------------------------------------------------------------- */

static int output(struct offcpu *o, const struct profile *p, const struct state_times *times,
		  const struct symbols_counts *c, json_t *document)
{
	int err;

	o->status = write_all(o, p);
	if (o->status)
		return 0;
	if (document)
		return fill_document(document, o, p, times, c);
	if (o->folded || (o->svg && !strcmp(o->svg, "-")) ||
	    (o->speedscope && !strcmp(o->speedscope, "-"))) {
		stackreport_losses(p, c);
		return 0;
	}
	stackreport_times(times);
	err = stackreport_top(p, o->top);
	fflush(stdout);
	stackreport_losses(p, c);
	return err;
}

/* Who woke whom during the capture; the busiest edges. Returns 0 or -errno. */
static int read_wakes(const struct offcpu *o, struct ledger *ledger, uint64_t lost,
		      struct wake_graph *g)
{
	struct wake_group *groups;
	size_t nr;
	int err = wake_groups(ledger, o->view.since, o->by_thread, &groups, &nr);

	wake_graph_init(g, "Who ended the waits");
	if (!err)
		err = wake_groups_graph(groups, nr, WAKE_EDGES, g);
	g->lost = lost;
	free(groups);
	return err;
}

static int show(struct view *view, struct ledger *ledger, const struct ledger_snapshot *snapshot,
		json_t *document)
{
	struct offcpu *o = view->context;
	struct state_times times[STACK_STATES];
	struct wake_graph graph = {0};
	struct symbols_counts counts;
	struct profile profile;
	struct places places = {
		.ledger = ledger,
		.symbols = o->symbols,
		.profile = &profile,
		.kernel = view->ledger.kernel_stacks,
		.user = view->ledger.user_stacks,
		.by_thread = o->by_thread,
		.wakers = o->wakers,
		.since = view->since,
	};
	int err;

	profile_init(&profile);
	if (places.user)
		places_remember_all(o->symbols, view->ledger.tgid);
	err = places_profile(&places, snapshot, o->states, times);
	symbols_counts(o->symbols, &counts);
	if (!err && o->wakes)
		err = read_wakes(o, ledger, snapshot->losses[LEDGER_LOSS_EDGES], &graph);
	o->graph = o->wakes ? &graph : NULL;
	if (!err)
		err = output(o, &profile, times, &counts, document);
	o->graph = NULL;
	wake_graph_free(&graph);
	profile_free(&profile);
	return err;
}

/* Mappings must be read while processes live: before the start, and again and again. */
static void remember(struct view *view, struct ledger *ledger)
{
	struct offcpu *o = view->context;

	if (view->ledger.user_stacks)
		places_remember_all(o->symbols, view->ledger.tgid);
}

static int capture(struct offcpu *o)
{
	struct symbols_options symbols = {0};
	int status;

	o->symbols = symbols_open(&symbols);
	if (!o->symbols) {
		cli_error("offcpu: out of memory");
		return EXIT_STATUS_FAILURE;
	}
	o->view.ledger.kernel_stacks = !o->user_only;
	o->view.ledger.user_stacks = !o->kernel_only;
	o->view.ledger.wake_edges = o->wakes || o->wakers;
	o->view.ledger.waker_stacks = o->view.ledger.row_wakers = o->wakers;
	o->view.ledger.sample_hz = o->wall ? (uint32_t)o->hz : 0;
	status = view_run(&o->view);
	symbols_close(o->symbols);
	return status ? status : o->status;
}

/* --from: the same outputs of an old capture. */
static int convert(struct offcpu *o)
{
	struct state_times times[STACK_STATES] = {{0}};
	struct symbols_counts counts = {0};
	struct profile profile;
	json_t *document;
	uint32_t i;
	int status = read_capture(o->from, &profile), err;

	if (status)
		return status;
	for (i = 0; i < profile.nr_stacks; i++) {
		struct state_times *t = &times[profile.stacks[i]->state];

		t->count += profile.stacks[i]->count;
		t->total_ns += profile.stacks[i]->value_ns;
	}
	o->wall |= times[STATE_RUNNING].count > 0;
	document = o->view.json ? json_pack("{s:s}", "schema", "schedlab.offcpu/1") : NULL;
	err = output(o, &profile, times, &counts, document);
	if (!err && document)
		err = file_print_json(document);
	json_decref(document);
	profile_free(&profile);
	if (err)
		cli_error("offcpu: %s", strerror(-err));
	return err ? EXIT_STATUS_FAILURE : o->status;
}

/* --- options ------------------------------------------------------------------------------------------------- */

static void parse_states(struct offcpu *o, const char *text, struct argp_state *state)
{
	static const char *const letters =
		"SDOQP"; /* in the order of enum stack_state, after running */
	const char *names[STACK_STATES], *nearest;
	char *copy = strdup(text), *rest = copy, *name, shown[64];
	int s;

	if (!copy)
		argp_failure(state, EXIT_STATUS_FAILURE, 0, "out of memory");
	for (s = 0; s < STACK_STATES; s++)
		names[s] = stack_state_name((enum stack_state)s);
	o->states = 1u << STATE_RUNNING;
	while ((name = strsep(&rest, ","))) {
		const char *letter = name[0] && !name[1] ? strchr(letters, name[0]) : NULL;

		s = letter ? (int)(letter - letters) + 1 : stack_state_from_name(name);
		if (s < 0) {
			nearest = cli_nearest(name, names, STACK_STATES);
			argp_error(state, "there is no state '%s'%s%s",
				   cli_printable(name, shown, sizeof(shown)),
				   nearest ? "; did you mean " : "",
				   nearest ? nearest
					   : " (sleeping, disk, other, queued, preempted)");
		}
		o->states |= 1u << s;
	}
	free(copy);
}

static void parse_time(const char *text, uint64_t *ns, struct argp_state *state)
{
	char shown[64];

	if (cli_parse_duration_ns(text, NSEC_PER_MSEC, ns) || !*ns)
		argp_error(state, "'%s' is not a duration such as 1ms",
			   cli_printable(text, shown, sizeof(shown)));
}

static void parse_number(const char *text, uint64_t max, uint64_t *value, const char *what,
			 struct argp_state *state)
{
	char shown[64];

	if (cli_parse_u64(text, 1, max, value))
		argp_error(state, "'%s' is not %s (1 to %" PRIu64 ")",
			   cli_printable(text, shown, sizeof(shown)), what, max);
}

static void check(const struct offcpu *o, struct argp_state *state)
{
	uint64_t min = o->view.ledger.offcpu_min_ns, max = o->view.ledger.offcpu_max_ns;

	if (max && min > max)
		argp_error(state, "--min is longer than --max");
	if (o->kernel_only && o->user_only)
		argp_error(state, "-K and -U leave no stacks");
	if (o->folded && o->view.json)
		argp_error(state, "--folded and --json both want standard output");
	if (o->diff && !o->svg)
		argp_error(state, "--diff needs --svg FILE: the difference is a picture");
	if (o->wakes && (!o->svg || o->from))
		argp_error(state, "--wakes needs a capture and --svg FILE");
	if (o->wakers && o->from)
		argp_error(state,
			   "--waker-stacks is for a capture; --from shows what was captured");
	if (o->hz != DEFAULT_HZ && !o->wall)
		argp_error(state, "--hz goes with --wall");
}

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct offcpu *o = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &o->view;
		return 0;
	case OPTION_STATE:
		parse_states(o, arg, state);
		return 0;
	case OPTION_MIN:
		parse_time(arg, &o->view.ledger.offcpu_min_ns, state);
		return 0;
	case OPTION_MAX:
		parse_time(arg, &o->view.ledger.offcpu_max_ns, state);
		return 0;
	case OPTION_HZ:
		parse_number(arg, 10000, &o->hz, "a rate", state);
		return 0;
	case OPTION_TOP:
		parse_number(arg, 1000000, &o->top, "a number of stacks", state);
		return 0;
	case OPTION_WALL:
		o->wall = true;
		return 0;
	case OPTION_EXACT:
		o->view.ledger.stacks_exact = true;
		return 0;
	case OPTION_BY_THREAD:
		o->by_thread = true;
		return 0;
	case OPTION_FOLDED:
		o->folded = true;
		return 0;
	case OPTION_SVG:
		o->svg = arg;
		return 0;
	case OPTION_SPEEDSCOPE:
		o->speedscope = arg;
		return 0;
	case OPTION_DIFF:
		o->diff = arg;
		return 0;
	case OPTION_FROM:
		o->from = arg;
		return 0;
	case OPTION_WAKES:
		o->wakes = true;
		return 0;
	case OPTION_WAKERS:
		o->wakers = true;
		return 0;
	case OPTION_TITLE:
		o->title = arg;
		return 0;
	case 'K':
		o->kernel_only = true;
		return 0;
	case 'U':
		o->user_only = true;
		return 0;
	case ARGP_KEY_END:
		check(o, state);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static int run(void *context)
{
	struct offcpu *o = context;

	o->view.context = o;
	return o->from ? convert(o) : capture(o);
}

int cmd_offcpu(int argc, char **argv)
{
	static const struct view_command command = {
		.options = options,
		.parser = parse_option,
		.args_doc = VIEW_ARGS,
		.doc = "Where tasks wait, by stack: blocked, woken and queued, or preempted.",
		.run = run,
	};
	struct offcpu o = {
		.view = {.name = "offcpu", .show = show, .opened = remember, .polled = remember},
		.view.ledger.offcpu = true,
		.states = ALL_STATES,
		.hz = DEFAULT_HZ,
		.top = DEFAULT_TOP,
	};

	return view_main(&command, argc, argv, &o);
}
