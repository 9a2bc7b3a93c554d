// SPDX-License-Identifier: GPL-2.0
/*
 * schedlab top: a live view of the ledger. On a terminal it draws with ncurses; elsewhere, or with --batch, it prints
 * one table after another. topmodel.c computes what is shown.
 */
#include <errno.h>
#include <ncurses.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/cli.h"
#include "lib/fileio.h"
#include "lib/timeutil.h"
#include "observe/topmodel.h"
#include "observe/view.h"
#include "observe/vt100.h"

#define LINE_BYTES	512
#define BATCH_COLUMNS	160
#define BATCH_LINES	20
#define EVENTS_FILE	"/sys/kernel/sched_ext/root/events"
#define SWITCH_ALL_FILE "/sys/kernel/sched_ext/switch_all"

enum {
	OPTION_SORT = 0x1600,
	OPTION_LINES,
};

struct top {
	struct view view;
	struct top_memory memory;
	struct top_model model;
	bool have_model;
	enum top_sort sort;
	uint64_t lines; /* of tasks, in batch mode */
	size_t scroll;
	bool batch;
	SCREEN *screen;
};

static const struct argp_option options[] = {
	{"sort", OPTION_SORT, "KEY", 0,
	 "order of the tasks: wait (default), cpu, blocked, switches, p99, pid", 1},
	{"batch", 'b', NULL, 0,
	 "print tables, draw nothing; so it is where standard output is no terminal", 1},
	{"lines", OPTION_LINES, "N", 0, "tasks in each table of --batch (20)", 1},
	{},
};

/* --- the model ----------------------------------------------------------------------------------------------- */

static bool switched_all(void)
{
	char *text;
	bool all;

	if (file_read(SWITCH_ALL_FILE, 64, &text, NULL))
		return false;
	all = text[0] == '1';
	free(text);
	return all;
}

static int build(struct top *t, struct ledger *ledger, const struct ledger_snapshot *snapshot)
{
	bool active = snapshot->nr_epochs &&
		      strcmp(snapshot->epochs[snapshot->nr_epochs - 1].scheduler, "default") != 0;
	struct ledger_cost cost;
	char *text;
	int err;

	if (t->have_model)
		top_model_free(&t->model);
	err = top_model_build(&t->model, &t->memory, snapshot, t->sort, active && switched_all());
	t->have_model = !err;
	if (err)
		return err;
	if (!ledger_cost(ledger, &cost)) {
		t->model.cost = cost.share;
		t->model.shed = cost.shed;
	}
	if (!file_read(EVENTS_FILE, 1u << 16, &text, NULL)) {
		top_model_events(&t->model, &t->memory, text);
		free(text);
	}
	return 0;
}

/* --- drawing ------------------------------------------------------------------------------------------------- */

static void print_table(const struct top *t)
{
	size_t head = top_head_lines(&t->model), rows = t->model.nr_rows, i;
	char line[LINE_BYTES];

	if (rows > t->lines)
		rows = t->lines;
	for (i = 0; i < head; i++)
		puts(top_head_line(&t->model, i, BATCH_COLUMNS, line, sizeof(line)));
	for (i = 0; i <= rows; i++)
		puts(top_table_line(&t->model, i, BATCH_COLUMNS, line, sizeof(line)));
	if (t->model.nr_rows > rows)
		printf("%zu of %zu tasks\n", rows, t->model.nr_rows);
	putchar('\n');
}

static void draw(struct top *t)
{
	int lines = LINES, columns = COLS, y;
	size_t head = top_head_lines(&t->model), space, i;
	char line[LINE_BYTES];

	erase();
	for (y = 0; y < (int)head && y < lines - 1; y++)
		mvaddstr(y, 0,
			 top_head_line(&t->model, (size_t)y, (size_t)columns, line, sizeof(line)));
	space = y + 2 < lines ? (size_t)(lines - y - 2) : 0;
	if (t->scroll + space > t->model.nr_rows)
		t->scroll = t->model.nr_rows > space ? t->model.nr_rows - space : 0;
	if (y < lines - 1) {
		attron(A_REVERSE);
		mvprintw(y, 0, "%-*.*s", columns, columns,
			 top_table_line(&t->model, 0, (size_t)columns, line, sizeof(line)));
		attroff(A_REVERSE);
	}
	for (i = 0; i < space; i++)
		mvaddstr(y + 1 + (int)i, 0,
			 top_table_line(&t->model, t->scroll + 1 + i, (size_t)columns, line,
					sizeof(line)));
	snprintf(line, sizeof(line), "q quit, s sort (%s), up and down, %zu tasks",
		 top_sort_name(t->sort), t->model.nr_rows);
	if (lines > 1)
		mvaddnstr(lines - 1, 0, line, columns - 1);
	refresh();
}

static void scroll_by(struct top *t, long by)
{
	if (by < 0 && t->scroll < (size_t)-by)
		t->scroll = 0;
	else
		t->scroll += (size_t)by;
}

/* Keys, several times a second. The end goes the way of all ends: by a signal to the view's loop. */
static void polled(struct view *view, struct ledger *ledger)
{
	struct top *t = view->context;
	bool redraw = false;
	int key;

	while (t->screen && (key = getch()) != ERR) {
		redraw = true;
		switch (key) {
		case 'q':
		case 'Q':
			raise(SIGINT);
			return;
		case 's':
			t->sort = (enum top_sort)((t->sort + 1) % TOP_SORTS);
			break;
		case KEY_DOWN:
		case 'j':
			scroll_by(t, 1);
			break;
		case KEY_UP:
		case 'k':
			scroll_by(t, -1);
			break;
		case KEY_NPAGE:
		case ' ':
			scroll_by(t, LINES / 2);
			break;
		case KEY_PPAGE:
			scroll_by(t, -(LINES / 2));
			break;
		case KEY_HOME:
			t->scroll = 0;
			break;
		default:
			break;
		}
	}
	if (redraw && t->have_model)
		draw(t);
}

static int show(struct view *view, struct ledger *ledger, const struct ledger_snapshot *snapshot,
		json_t *document)
{
	struct top *t = view->context;
	int err = build(t, ledger, snapshot);

	if (err)
		return err;
	if (document)
		return top_model_json(&t->model, document);
	if (t->screen)
		draw(t);
	else
		print_table(t);
	return 0;
}

/* Take the terminal. Where its description cannot be found (a guest has none), that of a VT100 is at hand. */
static void take_terminal(struct top *t)
{
	const char *term = getenv("TERM");

	t->screen = term && *term ? newterm(term, stdout, stdin) : NULL;
	if (!t->screen) {
		setenv("TERMINFO", VT100_TERMINFO, 1);
		t->screen = newterm("vt100", stdout, stdin);
	}
	if (!t->screen) {
		cli_note("top: this terminal cannot be drawn on: tables instead");
		return;
	}
	t->view.draws = true;
	cbreak();
	noecho();
	nonl();
	keypad(stdscr, TRUE);
	nodelay(stdscr, TRUE);
	curs_set(0);
}

static void finished(struct view *view)
{
	struct top *t = view->context;

	if (!t->screen)
		return;
	endwin();
	delscreen(t->screen);
	t->view.draws = false;
	t->screen = NULL;
}

static void opened(struct view *view, struct ledger *ledger)
{
	struct top *t = view->context;

	if (!t->batch && !view->json && isatty(STDOUT_FILENO) && isatty(STDIN_FILENO))
		take_terminal(t);
}

/* --- options ------------------------------------------------------------------------------------------------- */

static void parse_sort(struct top *t, const char *text, struct argp_state *state)
{
	const char *names[TOP_SORTS], *nearest;
	char shown[64];
	int i;

	for (i = 0; i < TOP_SORTS; i++) {
		names[i] = top_sort_name((enum top_sort)i);
		if (strcmp(names[i], text) == 0) {
			t->sort = (enum top_sort)i;
			return;
		}
	}
	nearest = cli_nearest(text, names, TOP_SORTS);
	argp_error(state, "there is no order '%s'%s%s", cli_printable(text, shown, sizeof(shown)),
		   nearest ? "; did you mean " : " (wait, cpu, blocked, switches, p99, pid)",
		   nearest ? nearest : "");
}

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct top *t = state->input;
	char shown[64];

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &t->view;
		return 0;
	case OPTION_SORT:
		parse_sort(t, arg, state);
		return 0;
	case 'b':
		t->batch = true;
		return 0;
	case OPTION_LINES:
		if (cli_parse_u64(arg, 1, 1000000, &t->lines))
			argp_error(state, "'%s' is not a number of tasks",
				   cli_printable(arg, shown, sizeof(shown)));
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static int run(void *context)
{
	struct top *t = context;
	int status;

	t->view.context = t;
	status = view_run(&t->view);
	if (t->have_model)
		top_model_free(&t->model);
	top_memory_free(&t->memory);
	return status;
}

int cmd_top(int argc, char **argv)
{
	static const struct view_command command = {
		.options = options,
		.parser = parse_option,
		.args_doc = VIEW_ARGS,
		.doc = "A live view of tasks: how long they wait for a CPU, run and block, under "
		       "which scheduler.",
		.run = run,
	};
	struct top t = {
		.view = {.name = "top",
			 .interval_ns = NSEC_PER_SEC,
			 .snapshot_flags = LEDGER_SNAPSHOT_TASKS,
			 .show = show,
			 .opened = opened,
			 .polled = polled,
			 .finished = finished},
		.view.ledger = {.accounts = true,
				.intervals = 1u << LEDGER_RUN_DELAY,
				.split = LEDGER_SPLIT_THREAD,
				.split_max = 1024},
		.lines = BATCH_LINES,
	};

	return view_main(&command, argc, argv, &t);
}
