// SPDX-License-Identifier: GPL-2.0
/* schedlab wakeups: who wakes whom, how late, from where. Options and output; wakegroups.c sums, dot.c draws. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/cli.h"
#include "lib/fileio.h"
#include "lib/timeutil.h"
#include "observe/dot.h"
#include "observe/escape.h"
#include "observe/places.h"
#include "observe/view.h"
#include "observe/wakegroups.h"
#include "observe/wakesvg.h"

#define DRAWN_EDGES	  100
#define CAPTURE_MAX_BYTES (512u << 20)

struct wakeups {
	struct view view;
	struct symbols *symbols;
	const char *dot, *svg, *title, *from;
	bool by_thread;
	uint64_t top;
};

enum {
	OPTION_TOP = 0x1400,
	OPTION_CHAINS,
	OPTION_DOT,
	OPTION_SVG,
	OPTION_TITLE,
	OPTION_FROM,
	OPTION_EXACT,
	OPTION_BY_THREAD
};

static const struct argp_option options[] = {
	{"top", OPTION_TOP, "N", 0, "edges and chains shown (20)", 1},
	{"by-thread", OPTION_BY_THREAD, NULL, 0,
	 "keep threads apart; else tasks of one name are one", 1},
	{"chains", OPTION_CHAINS, NULL, 0, "also A woke B woke C, with the latency of each hop", 1},
	{"no-stacks", 'n', NULL, 0, "no wakers' stacks", 2},
	{"exact", OPTION_EXACT, NULL, 0,
	 "walk stacks whose known place is in doubt, instead of checking some", 2},
	{"svg", OPTION_SVG, "FILE", 0, "write the graph as an interactive picture", 3},
	{"dot", OPTION_DOT, "FILE", 0, "write the graph for Graphviz (- for standard output)", 3},
	{"title", OPTION_TITLE, "TEXT", 0, "title of the picture", 3},
	{"from", OPTION_FROM, "FILE", 0, "capture nothing: draw what --json wrote", 4},
	{},
};

static bool is_stdout(const char *path)
{
	return path && !strcmp(path, "-");
}

/* Whether a graph has standard output for itself. */
static bool graph_on_stdout(const struct wakeups *w)
{
	return is_stdout(w->dot) || is_stdout(w->svg);
}

static void check(const struct wakeups *w, struct argp_state *state)
{
	if (is_stdout(w->dot) + is_stdout(w->svg) + w->view.json > 1)
		argp_error(state,
			   "only one of --json, --svg - and --dot - can have standard output");
	if (w->title && !w->svg)
		argp_error(state, "--title goes with --svg");
	if (w->from && !w->svg && !w->dot)
		argp_error(state, "--from needs --svg FILE or --dot FILE");
	if (w->from && w->view.json)
		argp_error(state, "--from draws a capture; it is JSON already");
}

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct wakeups *w = state->input;
	char shown[64];

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &w->view;
		return 0;
	case OPTION_TOP:
		if (cli_parse_u64(arg, 1, 100000, &w->top))
			argp_error(state, "'%s' is not a number of edges (1 to 100000)",
				   cli_printable(arg, shown, sizeof(shown)));
		return 0;
	case OPTION_BY_THREAD:
		w->by_thread = true;
		return 0;
	case OPTION_CHAINS:
		w->view.ledger.chains = true;
		return 0;
	case 'n':
		w->view.ledger.kernel_stacks = false;
		return 0;
	case OPTION_EXACT:
		w->view.ledger.stacks_exact = true;
		return 0;
	case OPTION_DOT:
		w->dot = arg;
		return 0;
	case OPTION_SVG:
		w->svg = arg;
		return 0;
	case OPTION_TITLE:
		w->title = arg;
		return 0;
	case OPTION_FROM:
		w->from = arg;
		return 0;
	case ARGP_KEY_END:
		check(w, state);
		return 0;
	}
	return ARGP_ERR_UNKNOWN;
}

/* --- stacks ----------------------------------------------------------------------------------------------------- */

/* Call @each with the plain name of each frame, innermost first, without the instrument's own. */
static void each_frame(struct wakeups *w, struct ledger *ledger, uint64_t id,
		       void (*each)(void *context, const char *name), void *context)
{
	struct ledger_stack stack;
	bool begun = false;
	uint64_t i;

	if (ledger_stack(ledger, id, &stack))
		return;
	for (i = 0; i < stack.nr && i < LEDGER_MAX_FRAMES; i++) {
		struct frame frame;
		char name[256];

		symbols_kernel(w->symbols, stack.ip[i], true, &frame);
		escape_name(ESCAPE_TERMINAL, frame.name ? frame.name : "[unknown]", name,
			    sizeof(name));
		begun = begun || !places_own_frame(name);
		if (begun)
			each(context, name);
	}
}

static void print_frame(void *context, const char *name)
{
	printf("            %s\n", name);
}

static void append_frame(void *context, const char *name)
{
	json_array_append_new(context, json_string(name));
}

/* --- text ------------------------------------------------------------------------------------------------------- */

static void print_group(struct wakeups *w, struct ledger *ledger, const struct wake_group *g)
{
	char mean[32], max[32], blocked[32];

	printf("%9" PRIu64 "  %s -> %s\n", g->count, g->waker, g->wakee);
	printf("           latency mean %s, max %s; blocked before, mean %s; same CPU %" PRIu64
	       ", same cache %" PRIu64 ", other %" PRIu64 "\n",
	       time_format(g->total_ns / g->count, mean, sizeof(mean)),
	       time_format(g->max_ns, max, sizeof(max)),
	       time_format(g->blocked_ns / g->count, blocked, sizeof(blocked)), g->same_cpu,
	       g->same_cache, g->other_cache);
	if (!w->view.ledger.kernel_stacks)
		return;
	if (!g->stacks_count)
		printf("            [no stack]\n");
	else if (g->stacks_count > 1)
		printf("            (%" PRIu64 " of them here, of %" PRIu64 " places)\n",
		       g->stacks[0].count, g->stacks_count);
	each_frame(w, ledger, g->stacks[0].id, print_frame, NULL);
}

static void print_groups(struct wakeups *w, struct ledger *ledger, const struct wake_group *groups,
			 size_t nr)
{
	size_t i;

	printf("\nwho wakes whom (latency: waking to running)\n");
	for (i = 0; i < nr && i < w->top; i++)
		print_group(w, ledger, &groups[i]);
	if (nr > w->top)
		printf("%zu of %zu edges shown (--top)\n", i, nr);
}

static int by_chain_count(const void *a, const void *b)
{
	const struct ledger_chain *x = a, *y = b;

	return (x->count < y->count) - (x->count > y->count);
}

static const char *plain(const char comm[LEDGER_COMM_LEN], char *out, size_t size)
{
	escape_bytes(ESCAPE_TERMINAL, comm, strnlen(comm, LEDGER_COMM_LEN), out, size);
	return out;
}

/* A's name; interrupts have none. */
static const char *first_name(const struct ledger_chain *c, char *out, size_t size)
{
	if (c->a_context == LEDGER_CONTEXT_TASK)
		return plain(c->a_comm, out, size);
	snprintf(out, size, "[%s]", wake_context_name((enum ledger_context)c->a_context));
	return out;
}

static void print_chain(const struct ledger_chain *c)
{
	char a[80], b[80], d[80], first[32], between[32], second[32];

	printf("%9" PRIu64 "  %s -> %s/%" PRIu64 " -> %s/%" PRIu64
	       ": mean %s, then %s of running, then %s\n",
	       (uint64_t)c->count, first_name(c, a, sizeof(a)), plain(c->b_comm, b, sizeof(b)),
	       (uint64_t)c->b_pid, plain(c->c_comm, d, sizeof(d)), (uint64_t)c->c_pid,
	       time_format(c->first_ns / c->count, first, sizeof(first)),
	       time_format(c->between_ns / c->count, between, sizeof(between)),
	       time_format(c->second_ns / c->count, second, sizeof(second)));
}

static json_t *chain_to_json(const struct ledger_chain *c)
{
	char a[80], b[80], d[80];

	return json_pack("{s:s, s:s, s:I, s:s, s:I, s:s, s:I, s:I, s:I, s:I, s:I}", "context",
			 wake_context_name((enum ledger_context)c->a_context), "a",
			 first_name(c, a, sizeof(a)), "a_pid", (json_int_t)c->a_pid, "b",
			 plain(c->b_comm, b, sizeof(b)), "b_pid", (json_int_t)c->b_pid, "c",
			 plain(c->c_comm, d, sizeof(d)), "c_pid", (json_int_t)c->c_pid, "count",
			 (json_int_t)c->count, "first_ns", (json_int_t)c->first_ns, "between_ns",
			 (json_int_t)c->between_ns, "second_ns", (json_int_t)c->second_ns);
}

static int show_chains(struct wakeups *w, struct ledger *ledger, json_t *document)
{
	json_t *array = document ? json_array() : NULL;
	struct ledger_chain *chains;
	size_t nr, i;
	int err = ledger_chains(ledger, w->view.since, &chains, &nr);

	if (err)
		return err;
	if (nr)
		qsort(chains, nr, sizeof(*chains), by_chain_count);
	if (!document)
		printf("\nchains (A woke B, B ran and woke C)\n");
	for (i = 0; i < nr && chains[i].count && (document || i < w->top); i++)
		if (document)
			json_array_append_new(array, chain_to_json(&chains[i]));
		else
			print_chain(&chains[i]);
	if (document)
		json_object_set_new(document, "chains", array);
	free(chains);
	return 0;
}

/* --- JSON and DOT ------------------------------------------------------------------------------------------------- */

static json_t *stacks_to_json(struct wakeups *w, struct ledger *ledger, const struct wake_group *g)
{
	json_t *array = json_array();
	size_t i;

	for (i = 0; i < WAKE_STACKS && g->stacks[i].count; i++) {
		json_t *frames = json_array();

		each_frame(w, ledger, g->stacks[i].id, append_frame, frames);
		json_array_append_new(array,
				      json_pack("{s:I, s:o}", "count",
						(json_int_t)g->stacks[i].count, "frames", frames));
	}
	return array;
}

static json_t *slots_to_json(const uint64_t *slots)
{
	json_t *array = json_array();
	unsigned int i;

	for (i = 0; i < LEDGER_SLOTS; i++)
		if (slots[i])
			json_array_append_new(array, json_pack("[I, I]", (json_int_t)(1ULL << i),
							       (json_int_t)slots[i]));
	return array;
}

static json_t *group_to_json(struct wakeups *w, struct ledger *ledger, const struct wake_group *g)
{
	return json_pack("{s:s, s:s, s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:o, s:o}",
			 "waker", g->waker, "context", wake_context_name(g->context), "wakee",
			 g->wakee, "count", (json_int_t)g->count, "latency_ns",
			 (json_int_t)g->total_ns, "min_ns", (json_int_t)g->min_ns, "max_ns",
			 (json_int_t)g->max_ns, "blocked_ns", (json_int_t)g->blocked_ns, "same_cpu",
			 (json_int_t)g->same_cpu, "same_cache", (json_int_t)g->same_cache,
			 "other_cache", (json_int_t)g->other_cache, "slots",
			 slots_to_json(g->slots), "stacks", stacks_to_json(w, ledger, g));
}

static int fill_document(struct wakeups *w, struct ledger *ledger, const struct wake_group *groups,
			 size_t nr, json_t *document)
{
	json_t *array = json_array();
	size_t i;

	for (i = 0; i < nr; i++)
		json_array_append_new(array, group_to_json(w, ledger, &groups[i]));
	return json_object_set_new(document, "edges", array) ? -ENOMEM : 0;
}

static int put_dot(void *context, FILE *out)
{
	return dot_write(context, out);
}

static int put_svg(void *context, FILE *out)
{
	return wake_graph_document(context, out);
}

static int write_file(struct view *view, const char *path, int (*put)(void *, FILE *),
		      struct wake_graph *graph)
{
	int err = path ? file_replace_with(path, put, graph) : 0;

	return err ? view_cannot_write(view, path, err) : 0;
}

static int write_graphs(struct wakeups *w, const struct wake_group *groups, size_t nr,
			uint64_t lost)
{
	struct wake_graph graph;
	int err;

	wake_graph_init(&graph, w->title);
	err = wake_groups_graph(groups, nr, DRAWN_EDGES, &graph);
	graph.lost = lost;
	if (!err)
		err = write_file(&w->view, w->dot, put_dot, &graph);
	if (!err)
		err = write_file(&w->view, w->svg, put_svg, &graph);
	wake_graph_free(&graph);
	return err;
}

static int show(struct view *view, struct ledger *ledger, const struct ledger_snapshot *snapshot,
		json_t *document)
{
	struct wakeups *w = view->context;
	struct wake_group *groups;
	size_t nr;
	int err = wake_groups(ledger, w->view.since, w->by_thread, &groups, &nr);

	if (err)
		return err;
	if (w->dot || w->svg)
		err = write_graphs(w, groups, nr, snapshot->losses[LEDGER_LOSS_EDGES]);
	if (!err && document)
		err = fill_document(w, ledger, groups, nr, document);
	else if (!err && !graph_on_stdout(w))
		print_groups(w, ledger, groups, nr);
	if (!err && view->ledger.chains && (document || !graph_on_stdout(w)))
		err = show_chains(w, ledger, document);
	free(groups);
	return err;
}

/* --from: draw an old capture. Prints what is wrong. Returns an exit status. */
static int draw_capture(struct wakeups *w)
{
	char error[256], shown[512], *text;
	struct wake_group *groups;
	json_error_t where;
	json_t *json;
	size_t size, nr;
	int err = file_read(w->from, CAPTURE_MAX_BYTES, &text, &size);

	cli_printable(w->from, shown, sizeof(shown));
	if (err) {
		cli_error("wakeups: %s: %s", shown, strerror(-err));
		return EXIT_STATUS_USAGE;
	}
	json = json_loadb(text, size, 0, &where);
	free(text);
	if (!json) {
		cli_error("wakeups: %s:%d:%d: %s", shown, where.line, where.column, where.text);
		return EXIT_STATUS_USAGE;
	}
	err = wake_groups_from_json(json_object_get(json, "edges"), &groups, &nr, error,
				    sizeof(error));
	if (err) {
		cli_error("wakeups: %s: %s", shown, err == -EINVAL ? error : strerror(-err));
	} else {
		err = write_graphs(w, groups, nr,
				   (uint64_t)json_integer_value(json_object_get(
					   json_object_get(json, "losses"), "edges")));
		if (err && !w->view.told)
			cli_error("wakeups: %s: %s", shown, strerror(-err));
		free(groups);
	}
	json_decref(json);
	return !err ? EXIT_STATUS_OK : err == -EINVAL ? EXIT_STATUS_USAGE : EXIT_STATUS_FAILURE;
}

static int run(void *context)
{
	struct symbols_options symbols = {0};
	struct wakeups *w = context;
	int status;

	if (w->from)
		return draw_capture(w);
	w->view.context = w;
	if (w->view.ledger.kernel_stacks)
		w->symbols = symbols_open(&symbols);
	if (w->view.ledger.kernel_stacks && !w->symbols) {
		cli_error("wakeups: out of memory");
		return EXIT_STATUS_FAILURE;
	}
	status = view_run(&w->view);
	symbols_close(w->symbols);
	return status;
}

int cmd_wakeups(int argc, char **argv)
{
	static const struct view_command command = {
		.options = options,
		.parser = parse_option,
		.args_doc = VIEW_ARGS,
		.doc = "Who wakes whom: how often, how late, from which place, across which CPUs.",
		.run = run,
	};
	struct wakeups w = {
		.view.name = "wakeups",
		.view.ledger = {.wake_edges = true, .kernel_stacks = true, .waker_stacks = true},
		.view.show = show,
		.top = 20,
	};

	return view_main(&command, argc, argv, &w);
}
