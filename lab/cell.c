// SPDX-License-Identifier: GPL-2.0
/*
 * One cell of an experiment: attach a scheduler, run a workload under it, watch with the ledger where asked, write one
 * result file. No guard and no fallback: a scheduler that fails fails the cell, and the file says so.
 */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "lab/lab.h"
#include "lib/cli.h"
#include "lib/result.h"
#include "lib/sysenv.h"
#include "lib/timeutil.h"
#include "loader/loader.h"
#include "observe/observe.h"
#include "workloads/workloads.h"

#define LEDGER_POLL_MS	 500
#define GRAPHS_POLL_MS	 100 /* short-lived processes are named while they live */
#define WATCH_PRIORITY	 92  /* above the engine: a stalled scheduler must not hide its own end */
#define LEDGER_PRIORITY	 1   /* above every scheduler under test, below the engine's threads */
#define REASON_SIZE	 1400
#define CELL_STOP_SIGNAL 0
#define CELL_STOP_EJECT	 1

struct cell {
	const struct cell_options *options;
	struct workload *workload;
	struct trace *trace;
	struct loader *loader;	      /* NULL for the kernel's default */
	struct ledger *ledger;	      /* NULL unless asked for */
	struct ledger_graphs *graphs; /* NULL unless asked for */
	struct load_report *report;
	json_t *result;
	int signal_fd;
	int ended_fd; /* readable once the scheduler has ended by itself */
	int quit_fd;  /* ends the watcher */
	pthread_t watcher;
	bool watching;
	bool audited; /* as loaded; its end is still to be written down */
	pthread_t poller;
	atomic_bool polling;
	int ledger_error;
	uint64_t attached_ns;	   /* CLOCK_MONOTONIC; 0 before */
	_Atomic uint64_t ended_ns; /* when the scheduler's own end was seen; 0: not */
};

/* --- preparation: nothing here touches the kernel's scheduler ------------------------------------- */

static int prepare_workload(struct cell *cell)
{
	const struct cell_options *o = cell->options;
	char error[WORKLOAD_ERROR_SIZE];
	int err = workload_load(o->workload, &cell->workload, error, sizeof(error));

	if (!err) {
		load_args_apply(&o->load, cell->workload);
		err = trace_draw(cell->workload, &cell->trace, error, sizeof(error));
	}
	if (!err)
		return EXIT_STATUS_OK;
	cli_error("%s", error);
	return err == -ENOMEM ? EXIT_STATUS_FAILURE : EXIT_STATUS_USAGE;
}

static int prepare_scheduler(struct cell *cell)
{
	const struct cell_options *o = cell->options;
	struct loader_error error;
	int err;

	if (strcmp(o->scheduler, "default") == 0) {
		if (!o->setting_count)
			return EXIT_STATUS_OK;
		cli_error("--set %s: the kernel's default scheduler has no options",
			  o->settings[0]);
		return EXIT_STATUS_USAGE;
	}
	err = loader_open(o->scheduler, &cell->loader, &error);
	for (size_t i = 0; i < o->setting_count && !err; i++)
		err = loader_set(cell->loader, o->settings[i], &error);
	if (!err)
		return EXIT_STATUS_OK;
	cli_error("%s", error.text);
	return error.status;
}

static int prepare_ledger(struct cell *cell)
{
	struct ledger_options options = {0};
	char error[512];
	int err;

	if (!cell->options->ledger && !cell->options->graphs)
		return EXIT_STATUS_OK;
	ledger_options_all(&options);
	if (cell->options->graphs)
		ledger_options_graphs(&options);
	err = ledger_open(&options, &cell->ledger, error, sizeof(error));
	if (!err && cell->options->graphs) {
		err = ledger_graphs_open(cell->ledger, &cell->graphs);
		snprintf(error, sizeof(error), "graphs: %s", strerror(-err));
	}
	if (!err)
		return EXIT_STATUS_OK;
	cli_error("%s", error);
	return err == -EPERM || err == -ENOTSUP ? EXIT_STATUS_UNSUPPORTED : EXIT_STATUS_FAILURE;
}

/* Signals are taken by a descriptor that ends the run; threads made from here on have them blocked. */
static int prepare_signals(struct cell *cell)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	cell->signal_fd = -1;
	if (sigprocmask(SIG_BLOCK, &set, NULL) == 0)
		cell->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (cell->signal_fd >= 0)
		return EXIT_STATUS_OK;
	cli_error("signalfd: %s", strerror(errno));
	return EXIT_STATUS_FAILURE;
}

/* --- the run ------------------------------------------------------------------------------------------ */

/* Takes in the ledger's records while the engine has the main thread. */
static void *poll_ledger(void *arg)
{
	struct cell *cell = arg;
	struct sched_param param = {.sched_priority = LEDGER_PRIORITY};
	int err = 0;

	/* Refused without privilege; the run then fails for that reason already. */
	pthread_setschedparam(pthread_self(), SCHED_FIFO, &param);
	while (atomic_load(&cell->polling) && err >= 0) {
		err = ledger_poll(cell->ledger, cell->graphs ? GRAPHS_POLL_MS : LEDGER_POLL_MS);
		if (err == -EINTR)
			err = 0;
		if (cell->graphs)
			ledger_graphs_remember(cell->graphs);
	}
	cell->ledger_error = err < 0 ? err : 0;
	return NULL;
}

/*
 * The loader's descriptor wakes for every device event of the machine; whether one of them was the scheduler's end is
 * asked here, and only that ends the run.
 */
static void *watch_scheduler(void *arg)
{
	struct cell *cell = arg;
	struct sched_param param = {.sched_priority = WATCH_PRIORITY};
	struct pollfd fds[2] = {{loader_fd(cell->loader), POLLIN, 0}, {cell->quit_fd, POLLIN, 0}};

	pthread_setschedparam(pthread_self(), SCHED_FIFO, &param);
	while (loader_poll(cell->loader) == 1) {
		if (poll(fds, 2, -1) < 0 && errno != EINTR)
			break;
		if (fds[1].revents)
			return NULL;
	}
	atomic_store(&cell->ended_ns, time_now_ns());
	eventfd_write(cell->ended_fd, 1);
	return NULL;
}

static int start_watcher(struct cell *cell)
{
	int err;

	if (!cell->loader)
		return 0;
	cell->ended_fd = eventfd(0, EFD_CLOEXEC);
	cell->quit_fd = eventfd(0, EFD_CLOEXEC);
	if (cell->ended_fd < 0 || cell->quit_fd < 0)
		return -errno;
	err = -pthread_create(&cell->watcher, NULL, watch_scheduler, cell);
	cell->watching = !err;
	return err;
}

static void end_watcher(struct cell *cell)
{
	if (!cell->watching)
		return;
	eventfd_write(cell->quit_fd, 1);
	pthread_join(cell->watcher, NULL);
	cell->watching = false;
}

static int start_ledger(struct cell *cell)
{
	int err;

	if (!cell->ledger)
		return 0;
	err = ledger_start(cell->ledger);
	if (err)
		return err;
	atomic_store(&cell->polling, true);
	err = -pthread_create(&cell->poller, NULL, poll_ledger, cell);
	if (err)
		atomic_store(&cell->polling, false);
	return err;
}

static void end_polling(struct cell *cell)
{
	if (!cell->ledger || !atomic_load(&cell->polling))
		return;
	atomic_store(&cell->polling, false);
	pthread_join(cell->poller, NULL);
}

static int run_load(struct cell *cell)
{
	int fds[2] = {[CELL_STOP_SIGNAL] = cell->signal_fd};
	struct load_options options = {.stop_fds = fds, .stop_fd_count = cell->loader ? 2 : 1};
	char error[WORKLOAD_ERROR_SIZE];
	int err = start_watcher(cell);

	fds[CELL_STOP_EJECT] = cell->ended_fd;
	if (!err)
		err = start_ledger(cell);
	if (err) {
		end_watcher(cell);
		cli_error("the watch over the run cannot be started: %s", strerror(-err));
		return EXIT_STATUS_FAILURE;
	}
	err = load_run(cell->workload, cell->trace, &options, &cell->report, error, sizeof(error));
	end_polling(cell);
	end_watcher(cell);
	if (cell->ledger)
		ledger_stop(cell->ledger);
	if (!err)
		return EXIT_STATUS_OK;
	cli_error("%s", error);
	if (err == -EPERM || err == -ENOTSUP)
		return EXIT_STATUS_UNSUPPORTED;
	return err == -ENOENT ? EXIT_STATUS_USAGE : EXIT_STATUS_FAILURE;
}

/* --- the document --------------------------------------------------------------------------------------- */

static json_t *settings_json(const struct cell_options *o)
{
	json_t *list = json_array();

	for (size_t i = 0; i < o->setting_count; i++)
		json_array_append_new(list, json_string(o->settings[i]));
	return list;
}

/* What was asked for: enough to run the cell again. */
static int add_cell(struct cell *cell)
{
	const struct cell_options *o = cell->options;
	json_t *json =
		json_pack("{s:s, s:s, s:o, s:s, s:I, s:I, s:b, s:b}", "label",
			  o->label ? o->label : o->scheduler, "scheduler", o->scheduler, "settings",
			  settings_json(o), "workload", o->workload, "repetition",
			  (json_int_t)o->repetition, "duration_ns", (json_int_t)o->load.duration_ns,
			  "ledger", o->ledger, "graphs", o->graphs);

	return json && json_object_set_new(cell->result, "cell", json) == 0 ? 0 : -ENOMEM;
}

static int add_scheduler(struct cell *cell)
{
	json_t *scheduler = json_object_get(cell->result, "scheduler"), *ours, *stats;

	if (!cell->loader)
		return 0;
	ours = loader_to_json(cell->loader);
	stats = loader_stats_to_json(cell->loader);
	if (!ours || json_object_update(scheduler, ours)) {
		json_decref(ours);
		json_decref(stats);
		return -ENOMEM;
	}
	json_decref(ours);
	/* An object without counters has no stats, which is no error. */
	if (stats && json_object_set_new(scheduler, "stats", stats))
		return -ENOMEM;
	return 0;
}

static int add_ledger(struct cell *cell)
{
	struct ledger_snapshot snapshot;
	struct ledger_identities identities;
	struct ledger_cost cost;
	int err;

	if (!cell->options->ledger)
		return 0;
	err = ledger_snapshot(cell->ledger, LEDGER_SNAPSHOT_TASKS, &snapshot);
	if (err)
		return err;
	ledger_identities(&snapshot, &identities);
	if (json_object_set_new(cell->result, "ledger", ledger_to_json(&snapshot)) ||
	    json_object_set_new(cell->result, "identities",
				ledger_identities_to_json(&identities)) ||
	    json_object_set_new(cell->result, "losses", ledger_losses_to_json(&snapshot)))
		err = -ENOMEM;
	if (!err && !ledger_cost(cell->ledger, &cost) &&
	    json_object_set_new(json_object_get(cell->result, "ledger"), "cost",
				ledger_cost_to_json(&cost)))
		err = -ENOMEM;
	ledger_snapshot_free(&snapshot);
	if (!err && cell->ledger_error)
		err = result_invalidate(cell->result,
					"the ledger's records could not be read to the end");
	return err;
}

/* The exit record of a scheduler that ended by itself. Returns its exit status, 0 while it is active. */
static int add_ejection(struct cell *cell)
{
	char reason[REASON_SIZE], message[1024], why[160];
	uint64_t ended_ns = atomic_load(&cell->ended_ns);
	uint64_t active_ns = ended_ns > cell->attached_ns ? ended_ns - cell->attached_ns : 0;
	struct loader_exit record;
	json_t *exit;
	int status;

	if (!cell->loader || loader_poll(cell->loader) != 0)
		return EXIT_STATUS_OK;
	loader_exit(cell->loader, &record);
	status = loader_exit_status(&record);
	snprintf(reason, sizeof(reason), "the scheduler was ejected: %s: %s%s%s",
		 loader_exit_kind_name(record.kind), cli_printable(record.reason, why, sizeof(why)),
		 record.message[0] ? ": " : "",
		 cli_printable(record.message, message, sizeof(message)));
	status = status ? status : EXIT_STATUS_EJECTED_ERROR;
	loader_audit_ended(cell->loader, true, active_ns, "kernel", status, reason);
	cell->audited = false;
	exit = loader_exit_to_json(&record);
	if (json_object_set_new(exit, "active_ns", json_integer((json_int_t)active_ns)) ||
	    json_object_set_new(cell->result, "exit", exit) ||
	    result_invalidate(cell->result, reason))
		return EXIT_STATUS_FAILURE;
	return status;
}

static int complete_result(struct cell *cell)
{
	int err = load_report_add(cell->report, cell->result);

	if (!err)
		err = add_ledger(cell);
	if (!err)
		err = add_scheduler(cell);
	if (!err)
		err = result_finish(cell->result);
	return err;
}

const char *const cell_graph_kinds[] = {"offcpu", "wakeups", NULL};

int cell_graph_path(const char *result, const char *kind, char *out, size_t size)
{
	size_t stem = strlen(result);
	int length;

	if (stem > 5 && strcmp(result + stem - 5, ".json") == 0)
		stem -= 5;
	length = snprintf(out, size, "%.*s.%s.svg", (int)stem, result, kind);
	return length < 0 || (size_t)length >= size ? -ENAMETOOLONG : 0;
}

/* Before the result, so that a result is never without its graphs; a load that never ran has none. Returns 0 or -errno, told. */
static int write_graphs(const struct cell *cell)
{
	const struct cell_options *o = cell->options;
	const char *label = o->label ? o->label : o->scheduler;
	char path[4096], title[256], shown[256];
	int err = 0;

	for (size_t i = 0; cell->graphs && cell->report && cell_graph_kinds[i] && !err; i++) {
		snprintf(title, sizeof(title), "%s: %s under %s",
			 i ? "Who wakes whom" : "Where tasks wait", label,
			 workload_name(cell->workload));
		err = cell_graph_path(o->load.output, cell_graph_kinds[i], path, sizeof(path));
		if (!err)
			err = i ? ledger_graphs_write_wakeups(cell->graphs, title, path)
				: ledger_graphs_write_offcpu(cell->graphs, title, path);
		if (err)
			cli_error("%s: %s", cli_printable(path, shown, sizeof(shown)),
				  strerror(-err));
	}
	return err;
}

static void print_reasons(const struct cell *cell)
{
	json_t *reasons = json_object_get(json_object_get(cell->result, "validity"), "reasons"),
	       *reason;
	char shown[REASON_SIZE];
	size_t index;

	json_array_foreach (reasons, index, reason)
		cli_warn("not valid: %s",
			 cli_printable(json_string_value(reason), shown, sizeof(shown)));
}

static int write_result(struct cell *cell, int status)
{
	json_t *validity = json_object_get(cell->result, "validity");
	int err = add_cell(cell);

	if (!err && write_graphs(cell))
		return EXIT_STATUS_FAILURE;
	if (!err)
		err = result_write(cell->result, cell->options->load.output);
	if (err) {
		char shown[256];

		cli_error("%s: %s", cli_printable(cell->options->load.output, shown, sizeof(shown)),
			  strerror(-err));
		return EXIT_STATUS_FAILURE;
	}
	print_reasons(cell);
	if (!status && json_is_false(json_object_get(validity, "valid")))
		return EXIT_STATUS_INVALID;
	return status;
}

/* Attach. A scheduler that ends while it starts gives a result too: there is nothing to run, but it says why. */
static int attach(struct cell *cell, bool *ended)
{
	struct loader_error error;
	int err;

	*ended = false;
	if (!cell->loader)
		return EXIT_STATUS_OK;
	err = loader_load(cell->loader, &error);
	if (!err)
		err = loader_attach(cell->loader, &error);
	cell->attached_ns = time_now_ns();
	cell->audited = !err;
	if (cell->audited)
		loader_audit_loaded(cell->loader, " for a cell");
	if (err == -ECANCELED)
		*ended = true;
	else if (err)
		cli_error("%s", error.text);
	return err ? error.status : EXIT_STATUS_OK;
}

static bool interrupted(const struct cell *cell)
{
	return cell->report && load_report_stopped_by(cell->report) == CELL_STOP_SIGNAL;
}

static int run_attached(struct cell *cell)
{
	bool ended;
	int status = attach(cell, &ended), ejected, err;

	if (status && !ended)
		return status;
	cell->result = result_new();
	if (!cell->result) {
		cli_error("out of memory");
		return EXIT_STATUS_FAILURE;
	}
	if (ended)
		return add_scheduler(cell) ? EXIT_STATUS_FAILURE
					   : write_result(cell, add_ejection(cell));
	status = run_load(cell);
	if (status)
		return status;
	if (interrupted(cell)) {
		cli_error("interrupted: no result written");
		return EXIT_STATUS_FAILURE;
	}
	err = complete_result(cell);
	if (err) {
		cli_error("the result cannot be completed: %s", strerror(-err));
		return EXIT_STATUS_FAILURE;
	}
	ejected = add_ejection(cell);
	if (cell->loader)
		loader_detach(cell->loader);
	return write_result(cell, ejected);
}

/* However the cell ended: what it loaded is out again. */
static void end_scheduler(struct cell *cell)
{
	if (cell->audited) {
		loader_detach(cell->loader);
		loader_audit_ended(cell->loader, false, time_now_ns() - cell->attached_ns, "end",
				   EXIT_STATUS_OK, "");
	}
	loader_audit_warn();
}

static void close_fd(int fd)
{
	if (fd >= 0)
		close(fd);
}

int cell_run(const struct cell_options *options)
{
	struct cell cell = {.options = options, .signal_fd = -1, .ended_fd = -1, .quit_fd = -1};
	int status = prepare_workload(&cell);

	if (!status)
		status = prepare_scheduler(&cell);
	if (!status)
		status = prepare_signals(&cell);
	if (!status)
		status = prepare_ledger(&cell);
	if (!status)
		status = run_attached(&cell);
	end_scheduler(&cell);
	json_decref(cell.result);
	load_report_free(cell.report);
	ledger_graphs_close(cell.graphs);
	ledger_close(cell.ledger);
	loader_close(cell.loader);
	trace_free(cell.trace);
	workload_free(cell.workload);
	close_fd(cell.signal_fd);
	close_fd(cell.ended_fd);
	close_fd(cell.quit_fd);
	return status;
}
