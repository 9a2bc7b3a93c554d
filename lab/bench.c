// SPDX-License-Identifier: GPL-2.0
/*
 * A bench folder and one cell of it: a command in a fresh guest, or on this host, whose result file is taken over whole.
 * Which cells run when is bench_run.c's.
 */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "lab/bench.h"
#include "lib/cli.h"
#include "lib/fileio.h"
#include "lib/result.h"
#include "lib/sysenv.h"
#include "lib/timeutil.h"

#define ARGS_MAX    512
/* More than this share of CPU time stolen by a hypervisor: the host was disturbed. */
#define STEAL_LIMIT 0.01

__attribute__((format(printf, 4, 5))) static int refuse(int status, char *error, size_t size,
							const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(error, size, format, args);
	va_end(args);
	return status;
}

/* --- the folder ------------------------------------------------------------------------------------------ */

/* vm/run beside the build folder, where an installed one lies, or where SCHEDLAB_VM_RUN says. */
static int find_vm_run(char *out, size_t size)
{
	static const char *const relative[] = {"../vm/run", "../share/schedlab/vm/run"};
	const char *given = getenv("SCHEDLAB_VM_RUN");
	char exe[PATH_MAX], *slash;
	ssize_t length = readlink("/proc/self/exe", exe, sizeof(exe) - 1);

	if (given && *given) {
		snprintf(out, size, "%s", given);
		return access(out, X_OK) ? -errno : 0;
	}
	if (length <= 0)
		return -ENOENT;
	exe[length] = '\0';
	slash = strrchr(exe, '/');
	if (!slash)
		return -ENOENT;
	for (size_t i = 0; i < sizeof(relative) / sizeof(relative[0]); i++) {
		snprintf(out, size, "%.*s%s", (int)(slash - exe) + 1, exe, relative[i]);
		if (access(out, X_OK) == 0)
			return 0;
	}
	return -ENOENT;
}

static int choose_place(struct bench *b, enum experiment_place place, char *error, size_t size)
{
	if (place == PLACE_AUTO)
		place = b->experiment.place;
	if (place == PLACE_AUTO)
		place = geteuid() == 0 && sysenv_has_sched_ext() ? PLACE_HOST : PLACE_VM;
	b->experiment.place = place;
	if (place == PLACE_HOST && geteuid() != 0)
		return refuse(EXIT_STATUS_UNSUPPORTED, error, size,
			      "on this host the cells need root; --vm runs them in guests without");
	if (place == PLACE_VM && find_vm_run(b->vm_run, sizeof(b->vm_run)))
		return refuse(
			EXIT_STATUS_UNSUPPORTED, error, size,
			"vm/run is not found beside this program; SCHEDLAB_VM_RUN=FILE names it");
	return EXIT_STATUS_OK;
}

int bench_open(struct bench *b, const char *experiment, const char *folder,
	       enum experiment_place place, char *error, size_t error_size)
{
	char current[PATH_MAX], shown[256];
	int err, status;

	memset(b, 0, sizeof(*b));
	b->lock_fd = -1;
	err = experiment_load(experiment, &b->experiment, error, error_size);
	if (err)
		return err == -ENOMEM ? EXIT_STATUS_FAILURE : EXIT_STATUS_USAGE;
	cli_printable(folder, shown, sizeof(shown));
	if (!realpath(experiment, b->path) || !getcwd(current, sizeof(current)))
		return refuse(EXIT_STATUS_FAILURE, error, error_size, "%s: %s", experiment,
			      strerror(errno));
	if ((size_t)snprintf(b->folder, sizeof(b->folder), "%s%s%s",
			     folder[0] == '/' ? "" : current, folder[0] == '/' ? "" : "/",
			     folder) >= sizeof(b->folder) - 256)
		return refuse(EXIT_STATUS_USAGE, error, error_size, "%s: the name is too long",
			      shown);
	status = choose_place(b, place, error, error_size);
	if (status)
		return status;
	err = experiment_plan(&b->experiment, &b->cells, &b->cell_count);
	return err ? refuse(EXIT_STATUS_FAILURE, error, error_size, "out of memory")
		   : EXIT_STATUS_OK;
}

static int make_folder(const char *folder, const char *part, const char *label, char *error,
		       size_t size)
{
	char path[PATH_MAX + 128];

	snprintf(path, sizeof(path), "%s%s/%s", folder, part, label);
	if (mkdir(path, 0755) && errno != EEXIST)
		return refuse(EXIT_STATUS_FAILURE, error, size, "%s: %s", path, strerror(errno));
	return EXIT_STATUS_OK;
}

static int make_folders(const struct bench *b, char *error, size_t size)
{
	static const char *const parts[] = {"", "/logs", "/cells", "/graphs"};
	size_t count = b->experiment.graphs ? 4 : 3;
	int status = EXIT_STATUS_OK;

	for (size_t i = 0; i < count && !status; i++)
		status = make_folder(b->folder, parts[i], "", error, size);
	for (size_t i = 2; i < count; i++) {
		for (size_t k = 0; k < b->experiment.scheduler_count && !status; k++)
			status = make_folder(b->folder, parts[i], b->experiment.schedulers[k].label,
					     error, size);
	}
	return status;
}

/* The folder's own copy of the experiment must be the one that we were given. */
static int check_experiment(const struct bench *b, char *error, size_t size)
{
	char path[PATH_MAX + 32], *ours = NULL, *theirs = NULL;
	int err = file_read(b->path, EXPERIMENT_FILE_MAX, &ours, NULL), status = EXIT_STATUS_OK;

	snprintf(path, sizeof(path), "%s/experiment.ini", b->folder);
	if (err)
		return refuse(EXIT_STATUS_FAILURE, error, size, "%s: %s", b->path, strerror(-err));
	err = file_read(path, EXPERIMENT_FILE_MAX, &theirs, NULL);
	if (err == -ENOENT)
		err = file_replace(path, ours, strlen(ours));
	else if (!err && strcmp(ours, theirs) != 0)
		status = refuse(EXIT_STATUS_USAGE, error, size,
				"%s differs from %s: the folder holds another experiment; choose "
				"another folder",
				path, b->path);
	if (err)
		status = refuse(EXIT_STATUS_FAILURE, error, size, "%s: %s", path, strerror(-err));
	free(ours);
	free(theirs);
	return status;
}

static int put_order(void *context, FILE *out)
{
	const struct bench *b = context;

	fprintf(out, "# order-seed %llu\n# cell\tscheduler\tworkload\tseed\trepetition\trecords\n",
		(unsigned long long)b->experiment.order_seed);
	for (size_t i = 0; i < b->cell_count; i++)
		fprintf(out, "%zu\t%s\t%s\t%llu\t%llu\t%s\n", b->cells[i].number,
			b->cells[i].scheduler->label, b->cells[i].workload->label,
			(unsigned long long)b->cells[i].seed,
			(unsigned long long)b->cells[i].repetition,
			b->cells[i].graphs ? "graphs" : "times");
	return 0;
}

int bench_enter(struct bench *b, bool alone, char *error, size_t error_size)
{
	char path[PATH_MAX + 32];
	int status = make_folders(b, error, error_size), err;

	if (status)
		return status;
	snprintf(path, sizeof(path), "%s/.lock", b->folder);
	b->lock_fd = open(path, O_CREAT | O_RDWR | O_CLOEXEC, 0644);
	if (b->lock_fd < 0)
		return refuse(EXIT_STATUS_FAILURE, error, error_size, "%s: %s", path,
			      strerror(errno));
	if (flock(b->lock_fd, (alone ? LOCK_EX : LOCK_SH) | LOCK_NB)) {
		if (errno == EWOULDBLOCK)
			return refuse(EXIT_STATUS_BUSY, error, error_size,
				      "%s: another bench runs in this folder", b->folder);
		return refuse(EXIT_STATUS_FAILURE, error, error_size, "%s: %s", path,
			      strerror(errno));
	}
	status = check_experiment(b, error, error_size);
	if (status || !alone)
		return status;
	snprintf(path, sizeof(path), "%s/order.tsv", b->folder);
	err = file_replace_with(path, put_order, b);
	return err ? refuse(EXIT_STATUS_FAILURE, error, error_size, "%s/order.tsv: %s", b->folder,
			    strerror(-err))
		   : EXIT_STATUS_OK;
}

void bench_close(struct bench *b)
{
	if (b->lock_fd >= 0)
		close(b->lock_fd);
	free(b->cells);
	experiment_free(&b->experiment);
	memset(b, 0, sizeof(*b));
	b->lock_fd = -1;
}

/* --- names ------------------------------------------------------------------------------------------------- */

const char *bench_cell_name(const struct experiment_cell *cell, char *out, size_t size)
{
	int length = snprintf(out, size, "%s%s under %s, seed %llu",
			      cell->graphs ? "graphs of " : "", cell->scheduler->label,
			      cell->workload->label, (unsigned long long)cell->seed);

	if (cell->repetition && length > 0 && (size_t)length < size)
		snprintf(out + length, size - (size_t)length, ", repetition %llu",
			 (unsigned long long)cell->repetition);
	return out;
}

int bench_log_path(const struct bench *b, const struct experiment_cell *cell, char *out,
		   size_t size)
{
	int length = snprintf(out, size, "%s/logs/%s-%s-s%llu-r%llu%s.log", b->folder,
			      cell->scheduler->label, cell->workload->label,
			      (unsigned long long)cell->seed, (unsigned long long)cell->repetition,
			      cell->graphs ? ".graphs" : "");

	return length < 0 || (size_t)length >= size ? -ENAMETOOLONG : 0;
}

enum cell_state bench_cell_state(const struct bench *b, const struct experiment_cell *cell,
				 char *error, size_t error_size)
{
	char path[PATH_MAX + 256];
	struct lab_run run;
	enum cell_state state;

	if (experiment_cell_path(b->folder, cell, path, sizeof(path)) || access(path, F_OK))
		return CELL_MISSING;
	if (run_read(path, 0, &run, error, error_size))
		return CELL_BAD;
	state = run.valid ? CELL_DONE : CELL_NOT_VALID;
	if (!run.valid)
		snprintf(error, error_size, "%s", run.invalid_reason);
	run_free(&run);
	return state;
}

/* --- one cell ------------------------------------------------------------------------------------------------ */

struct command_line {
	const char *words[ARGS_MAX + 1];
	size_t count;
	char text[16][PATH_MAX]; /* storage for words made here */
	size_t used;
};

static void add_word(struct command_line *c, const char *word)
{
	if (c->count < ARGS_MAX)
		c->words[c->count++] = word;
}

__attribute__((format(printf, 2, 3))) static const char *make_word(struct command_line *c,
								   const char *format, ...)
{
	char *out = c->text[c->used < 15 ? c->used++ : 15];
	va_list args;

	va_start(args, format);
	vsnprintf(out, PATH_MAX, format, args);
	va_end(args);
	return out;
}

/* @file as the guest sees it: a path is brought in, a bare name is the guest's own. */
static const char *guest_file(struct command_line *c, const char *file)
{
	const char *slash = strrchr(file, '/');

	return slash ? make_word(c, "/with%s", slash) : file;
}

static void add_vm(struct command_line *c, const struct bench *b,
		   const struct experiment_cell *cell, const char *out)
{
	const struct experiment *e = &b->experiment;

	add_word(c, b->vm_run);
	if (strcmp(e->accel, "lab") == 0) {
		add_word(c, "--lab");
	} else {
		add_word(c, "--accel");
		add_word(c, e->accel);
	}
	add_word(c, "--out");
	add_word(c, out);
	add_word(c, "--keep");
	add_word(c, make_word(c, "%s/guest", out));
	if (e->kernel[0]) {
		add_word(c, "--kernel");
		add_word(c, e->kernel);
	}
	if (e->cpus[0]) {
		add_word(c, "--cpus");
		add_word(c, e->cpus);
	}
	if (strchr(cell->scheduler->sched, '/')) {
		add_word(c, "--with");
		add_word(c, cell->scheduler->sched);
	}
	if (strchr(cell->workload->file, '/')) {
		add_word(c, "--with");
		add_word(c, cell->workload->file);
	}
	add_word(c, "--");
	add_word(c, "schedlab");
}

static void add_cell(struct command_line *c, const struct bench *b,
		     const struct experiment_cell *cell, const char *out)
{
	const struct experiment *e = &b->experiment;
	uint64_t duration_ns =
		cell->graphs && e->graphs_duration_ns ? e->graphs_duration_ns : e->duration_ns;
	bool vm = b->vm_run[0];

	add_word(c, "cell");
	add_word(c, "--sched");
	add_word(c, vm ? guest_file(c, cell->scheduler->sched) : cell->scheduler->sched);
	for (size_t i = 0; i < cell->scheduler->setting_count; i++) {
		add_word(c, "--set");
		add_word(c, cell->scheduler->settings[i]);
	}
	add_word(c, "--label");
	add_word(c, cell->scheduler->label);
	add_word(c, "--workload");
	add_word(c, vm ? guest_file(c, cell->workload->file) : cell->workload->file);
	add_word(c, "--seed");
	add_word(c, make_word(c, "%llu", (unsigned long long)cell->seed));
	add_word(c, "--repetition");
	add_word(c, make_word(c, "%llu", (unsigned long long)cell->repetition));
	if (duration_ns) {
		add_word(c, "--duration");
		add_word(c, make_word(c, "%lluns", (unsigned long long)duration_ns));
	}
	/* The recorder of the graphs has a cost that a ledger beside it would only count. */
	if (cell->graphs)
		add_word(c, "--graphs");
	else if (e->ledger)
		add_word(c, "--ledger");
	add_word(c, "--output");
	add_word(c, make_word(c, "%s/cell.json", vm ? "/out" : out));
}

/* Start the command with its output in @log. Its end follows ours: no guest outlives a killed bench. */
static pid_t start(const struct command_line *c, const char *log)
{
	pid_t parent = getpid(), pid = fork();
	int null, out;

	if (pid)
		return pid < 0 ? -errno : pid;
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	null = open("/dev/null", O_RDONLY);
	out = open(log, O_WRONLY | O_CREAT | O_TRUNC, 0644);
	if (getppid() != parent || null < 0 || out < 0 || dup2(null, 0) < 0 || dup2(out, 1) < 0 ||
	    dup2(out, 2) < 0)
		_exit(EXIT_STATUS_FAILURE);
	signal(SIGTERM, SIG_DFL);
	execv(c->words[0], (char *const *)c->words);
	dprintf(2, "%s: %s\n", c->words[0], strerror(errno));
	_exit(EXIT_STATUS_FAILURE);
}

static int wait_for(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0) {
		if (errno != EINTR)
			return EXIT_STATUS_FAILURE;
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : EXIT_STATUS_FAILURE;
}

/* What the host was like around the run. */
struct host_state {
	uint64_t time_ns;
	time_t wall_clock;
	double load;
	struct host_ticks ticks;
};

/* The first line of /proc/stat: time of all CPUs by kind; the eighth is what a hypervisor took. */
static void read_cpu_times(struct host_ticks *t)
{
	char *text, *at, *end;

	if (file_read("/proc/stat", 1 << 22, &text, NULL))
		return;
	at = text + strcspn(text, " ");
	for (int i = 0; i < 8; i++, at = end) {
		unsigned long long ticks = strtoull(at, &end, 10);

		if (end == at)
			break;
		t->total += ticks;
		if (i == 7)
			t->steal = ticks;
	}
	free(text);
}

static struct host_state host_state(void)
{
	struct host_state s = {.time_ns = time_now_ns(), .wall_clock = time(NULL)};

	if (getloadavg(&s.load, 1) != 1)
		s.load = -1;
	read_cpu_times(&s.ticks);
	return s;
}

static json_t *command_json(const struct command_line *c)
{
	json_t *list = json_array();

	for (size_t i = 0; i < c->count; i++)
		json_array_append_new(list, json_string(c->words[i]));
	return list;
}

/* QEMU, its arguments, and the hashes of what it booted, as vm/run left them; null on the host itself. */
static json_t *guest_json(const char *folder)
{
	char path[PATH_MAX + 128];
	json_t *lock;

	snprintf(path, sizeof(path), "%s/guest/lock.json", folder);
	lock = json_load_file(path, JSON_REJECT_DUPLICATES, NULL);
	return lock ? lock : json_null();
}

double bench_steal_share(const struct host_ticks *before, const struct host_ticks *after)
{
	unsigned long long total = after->total - before->total;

	return total ? (double)(after->steal - before->steal) / (double)total : 0;
}

int bench_mark_disturbed(json_t *result, double steal_share)
{
	const char *evidence = json_string_value(json_object_get(result, "evidence"));

	if (steal_share <= STEAL_LIMIT || !evidence || strcmp(evidence, "icount") == 0)
		return 0;
	return result_invalidate(result, "the host was disturbed: a hypervisor took CPU time away");
}

static int add_host(json_t *result, const char *folder, const struct command_line *c,
		    const struct host_state *before, const struct host_state *after)
{
	double steal = bench_steal_share(&before->ticks, &after->ticks);
	json_t *host = json_pack(
		"{s:o, s:o, s:I, s:f, s:f, s:f, s:f, s:o}", "command", command_json(c), "guest",
		guest_json(folder), "started_unix_s", (json_int_t)before->wall_clock, "wall_s",
		(double)(after->time_ns - before->time_ns) / 1e9, "load_before", before->load,
		"load_after", after->load, "steal_share", steal, "environment", sysenv_to_json());

	if (!host || json_object_set_new(result, "host", host))
		return -ENOMEM;
	return bench_mark_disturbed(result, steal);
}

/* Take the graphs over that lie beside the finished file; the result comes last, so that a cell with it is whole. */
static int take_graphs(const char *from, const char *to)
{
	char source[PATH_MAX + 128], target[PATH_MAX + 512], *data;
	int err = 0;

	for (size_t i = 0; cell_graph_kinds[i] && !err; i++) {
		size_t size;

		if (cell_graph_path(from, cell_graph_kinds[i], source, sizeof(source)) ||
		    cell_graph_path(to, cell_graph_kinds[i], target, sizeof(target)))
			return -ENAMETOOLONG;
		err = file_read(source, CELL_GRAPH_MAX, &data, &size);
		if (err == -ENOENT) {
			err = 0;
			continue;
		}
		if (!err) {
			err = file_replace(target, data, size);
			free(data);
		}
	}
	return err;
}

/* Take the finished file in @folder over, with the host's side added. Returns the cell's exit status. */
static int take_result(const char *folder, const char *to, const struct command_line *c,
		       const struct host_state *before, int status)
{
	struct host_state after = host_state();
	char from[PATH_MAX + 64];
	json_t *result;
	int err;

	snprintf(from, sizeof(from), "%s/cell.json", folder);
	result = json_load_file(from, JSON_REJECT_DUPLICATES, NULL);
	if (!result)
		return status ? status : EXIT_STATUS_FAILURE;
	err = add_host(result, folder, c, before, &after);
	if (!err)
		err = take_graphs(from, to);
	if (!err)
		err = result_write(result, to);
	if (!err && !status &&
	    json_is_false(json_object_get(json_object_get(result, "validity"), "valid")))
		status = EXIT_STATUS_INVALID;
	json_decref(result);
	return err ? EXIT_STATUS_FAILURE : status;
}

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	return remove(path);
}

int bench_run_cell(const struct bench *b, const struct experiment_cell *cell)
{
	struct command_line *c = calloc(1, sizeof(*c));
	char temporary[PATH_MAX + 32], final[PATH_MAX + 256], log[PATH_MAX + 256];
	struct host_state before = host_state();
	int status = EXIT_STATUS_FAILURE;
	pid_t pid;

	snprintf(temporary, sizeof(temporary), "%s/.cell-XXXXXX", b->folder);
	if (!c || experiment_cell_path(b->folder, cell, final, sizeof(final)) ||
	    bench_log_path(b, cell, log, sizeof(log)) || !mkdtemp(temporary)) {
		free(c);
		return status;
	}
	if (b->vm_run[0])
		add_vm(c, b, cell, temporary);
	else
		add_word(c, "/proc/self/exe");
	add_cell(c, b, cell, temporary);
	pid = start(c, log);
	if (pid > 0) {
		status = wait_for(pid);
		status = take_result(temporary, final, c, &before, status);
	}
	nftw(temporary, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
	free(c);
	return status;
}
