// SPDX-License-Identifier: GPL-2.0
/*
 * All cells of a bench: some at a time, in the order of the plan, those that have a file already left alone. Each cell
 * runs in a process of its own, so that killing the bench ends its guests and leaves whole files only.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lab/bench.h"
#include "lib/cli.h"
#include "lib/fileio.h"
#include "lib/timeutil.h"

#define LOG_MAX (1u << 20)

struct running {
	pid_t pid;
	const struct experiment_cell *cell;
	uint64_t start_ns;
};

struct progress {
	struct bench *b;
	struct running *running; /* slots, pid 0 where free */
	unsigned int jobs, busy;
	size_t next;
	size_t total, done, invalid, failed; /* of the cells to run now */
	uint64_t start_ns;
	bool quiet;
	int status; /* of the whole bench */
	bool give_up;
};

static volatile sig_atomic_t stop_signal;

static void on_stop(int signal)
{
	stop_signal = signal;
}

/* A cell's process ends its whole group: vm/run and QEMU below it. */
static void end_group(int signal_number)
{
	signal(SIGTERM, SIG_IGN);
	kill(0, SIGTERM);
	_exit(EXIT_STATUS_FAILURE);
}

static void catch_signals(void)
{
	struct sigaction action = {.sa_handler = on_stop};

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGHUP, &action, NULL);
}

static int start_cell(struct progress *p, const struct experiment_cell *cell)
{
	pid_t parent = getpid(), pid = fork();
	unsigned int slot = 0;

	if (pid < 0)
		return -errno;
	if (pid == 0) {
		setpgid(0, 0);
		signal(SIGINT, SIG_IGN);
		signal(SIGHUP, SIG_IGN);
		signal(SIGTERM, end_group);
		prctl(PR_SET_PDEATHSIG, SIGTERM);
		if (getppid() != parent)
			_exit(EXIT_STATUS_FAILURE);
		_exit(bench_run_cell(p->b, cell));
	}
	setpgid(pid, pid);
	while (p->running[slot].pid)
		slot++;
	p->running[slot] = (struct running){pid, cell, time_now_ns()};
	p->busy++;
	return 0;
}

/* The last line that the cell's command wrote: most often the reason. */
static void last_line(const struct bench *b, const struct experiment_cell *cell, char *out,
		      size_t size)
{
	char path[PATH_MAX + 256], *text, *line;

	snprintf(out, size, "no output");
	if (bench_log_path(b, cell, path, sizeof(path)) || file_read(path, LOG_MAX, &text, NULL))
		return;
	for (size_t length = strlen(text); length && text[length - 1] == '\n';)
		text[--length] = '\0';
	line = strrchr(text, '\n');
	line = line ? line + 1 : text;
	if (*line)
		cli_printable(line, out, size);
	free(text);
}

static void say_end(struct progress *p, const struct running *r, int status)
{
	size_t ended = p->done + p->invalid + p->failed, left = p->total - ended;
	double wall_s = (double)(time_now_ns() - r->start_ns) / 1e9;
	double left_s = (double)(time_now_ns() - p->start_ns) / 1e9 / (double)ended * (double)left;
	char name[192], reason[320] = "", rest[48] = "";
	bool written = status == EXIT_STATUS_INVALID || status >= EXIT_STATUS_EJECTED_BPF;

	bench_cell_name(r->cell, name, sizeof(name));
	if (left)
		snprintf(rest, sizeof(rest), "; about %.0f %s left",
			 left_s < 120 ? left_s : left_s / 60, left_s < 120 ? "s" : "min");
	if (!status) {
		if (!p->quiet)
			fprintf(stderr, "[%zu/%zu] %s: %.1f s%s\n", ended, p->total, name, wall_s,
				rest);
		return;
	}
	if (!written || bench_cell_state(p->b, r->cell, reason, sizeof(reason)) != CELL_NOT_VALID)
		last_line(p->b, r->cell, reason, sizeof(reason));
	fprintf(stderr, "[%zu/%zu] %s: %s: %s%s\n", ended, p->total, name,
		written ? "not valid, kept" : "failed", reason, rest);
}

/* Wrong use, privilege, a rejected program, no QEMU, no kernel: the next cell would fail alike. */
static bool is_hopeless(int status)
{
	return status == EXIT_STATUS_USAGE || status == EXIT_STATUS_UNSUPPORTED ||
	       status == EXIT_STATUS_REJECTED || status == EXIT_STATUS_BUSY || status == 110 ||
	       status == 114;
}

static void end_cell(struct progress *p, struct running *r, int wait_status)
{
	int status = WIFEXITED(wait_status) ? WEXITSTATUS(wait_status) : EXIT_STATUS_FAILURE;
	char ignored[320];
	enum cell_state state = bench_cell_state(p->b, r->cell, ignored, sizeof(ignored));

	if (status == 0 && state == CELL_DONE)
		p->done++;
	else if (state == CELL_NOT_VALID)
		p->invalid++;
	else
		p->failed++;
	if (state == CELL_MISSING && !status)
		status = EXIT_STATUS_FAILURE;
	if (!stop_signal)
		say_end(p, r, status);
	if (state == CELL_MISSING && !stop_signal) {
		p->status = EXIT_STATUS_FAILURE;
		if (is_hopeless(status)) {
			p->give_up = true;
			p->status = status < 100 ? status : EXIT_STATUS_UNSUPPORTED;
		}
	}
	r->pid = 0;
	p->busy--;
}

static void kill_all(struct progress *p)
{
	for (unsigned int i = 0; i < p->jobs; i++) {
		if (p->running[i].pid)
			kill(p->running[i].pid, SIGTERM);
	}
}

static void wait_one(struct progress *p)
{
	int status;
	pid_t pid = waitpid(-1, &status, 0);

	for (unsigned int i = 0; pid > 0 && i < p->jobs; i++) {
		if (p->running[i].pid == pid)
			end_cell(p, &p->running[i], status);
	}
}

/* Folders that a killed bench left behind; its lock is ours now, so nobody uses them. */
static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	return remove(path);
}

static void sweep(const struct bench *b)
{
	DIR *dir = opendir(b->folder);
	struct dirent *entry;
	char path[PATH_MAX + 300];

	while (dir && (entry = readdir(dir))) {
		if (strncmp(entry->d_name, ".cell-", 6) != 0)
			continue;
		snprintf(path, sizeof(path), "%s/%s", b->folder, entry->d_name);
		nftw(path, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
	}
	if (dir)
		closedir(dir);
}

/* Count what is there. A file that is no result stops the bench before it begins. */
static int take_stock(struct progress *p, bool *todo)
{
	char error[512];
	size_t there = 0;

	for (size_t i = 0; i < p->b->cell_count; i++) {
		switch (bench_cell_state(p->b, &p->b->cells[i], error, sizeof(error))) {
		case CELL_MISSING:
			todo[i] = true;
			p->total++;
			break;
		case CELL_BAD:
			cli_error("%s; remove it, and the cell is run again", error);
			return EXIT_STATUS_USAGE;
		default:
			there++;
		}
	}
	if (there && !p->quiet)
		cli_note("%zu of %zu cells are there already", there, p->b->cell_count);
	return EXIT_STATUS_OK;
}

static void run_cells(struct progress *p, const bool *todo)
{
	p->start_ns = time_now_ns();
	for (;;) {
		while (p->busy < p->jobs && p->next < p->b->cell_count && !stop_signal &&
		       !p->give_up) {
			const struct experiment_cell *cell = &p->b->cells[p->next];

			if (todo[p->next++] && start_cell(p, cell)) {
				cli_error("no more processes: %s", strerror(errno));
				p->status = EXIT_STATUS_FAILURE;
				p->give_up = true;
			}
		}
		if (!p->busy)
			break;
		if (stop_signal)
			kill_all(p);
		wait_one(p);
	}
}

static void sum_up(const struct progress *p)
{
	if (stop_signal)
		cli_error("stopped; the finished cells are kept, and the same command goes on from "
			  "here");
	else if (p->give_up)
		cli_error("gave up: the other cells would fail alike (logs are in %s/logs)",
			  p->b->folder);
	else if (p->failed)
		cli_error(
			"%zu cells failed (logs are in %s/logs); the same command tries them again",
			p->failed, p->b->folder);
	if (p->invalid)
		cli_warn(
			"%zu cells are not valid: kept, reported, and left out of every comparison",
			p->invalid);
}

int bench_run(struct bench *b, unsigned int jobs, bool quiet)
{
	struct progress p = {.b = b, .jobs = jobs, .quiet = quiet};
	bool *todo = calloc(b->cell_count, sizeof(*todo));
	struct running *running = calloc(jobs ? jobs : 1, sizeof(*running));
	int status;

	p.running = running;
	if (!todo || !running) {
		free(todo);
		free(running);
		cli_error("out of memory");
		return EXIT_STATUS_FAILURE;
	}
	catch_signals();
	sweep(b);
	status = take_stock(&p, todo);
	if (!status) {
		run_cells(&p, todo);
		sum_up(&p);
		status = stop_signal ? EXIT_STATUS_FAILURE : p.status;
	}
	free(todo);
	free(running);
	return status;
}
