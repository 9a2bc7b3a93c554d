// SPDX-License-Identifier: GPL-2.0
/* A guarded run, see session.h: the loop that waits for signals, the kernel, the command and the clock. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "lib/fileio.h"
#include "lib/sysenv.h"
#include "lib/timeutil.h"
#include "loader/session.h"

#define LOOK_EVERY_NS  (250 * NSEC_PER_MSEC) /* at sysfs, should a notice be lost */
#define KILL_AFTER_NS  (5 * NSEC_PER_SEC)    /* from the first signal passed to the command */
#define VERIFIER_LINES 12

/* --- preparing ---------------------------------------------------------------------------------------------------- */

/* The last lines of the verifier's log, or all of it. */
static void show_verifier_log(const char *log, bool whole)
{
	const char *at = log + strlen(log);
	int lines = 0;

	while (at > log && lines <= VERIFIER_LINES)
		if (*--at == '\n')
			lines++;
	if (whole || at == log)
		at = log;
	else
		at++;
	if (*at)
		fprintf(stderr, "%s%s", at, at[strlen(at) - 1] == '\n' ? "" : "\n");
}

static int prepare_one(struct session *r, const char *name, bool first)
{
	const struct session_options *o = r->options;
	struct loader_error error;
	struct loader *l;
	size_t i;
	int err = loader_open(name, &l, &error);

	if (!err)
		r->chain[r->chain_count++] = l;
	for (i = 0; !err && first && i < o->set_count; i++)
		err = loader_set(l, o->sets[i], &error);
	if (!err && o->timeout_ms)
		err = loader_set_timeout_ms(l, o->timeout_ms, &error);
	if (!err && o->partial)
		err = loader_set_partial(l, &error);
	if (!err && o->verbose)
		cli_note("%s: loading (object %.12s...)", name, loader_sha256(l));
	err = err ? err : loader_load(l, &error);
	if (!err)
		return EXIT_STATUS_OK;
	cli_error("%s", error.text);
	if (error.status == EXIT_STATUS_REJECTED)
		show_verifier_log(loader_verifier_log(l), o->verbose);
	return error.status;
}

int session_prepare(struct session *r)
{
	size_t i;
	int status = prepare_one(r, r->options->scheduler, true);

	for (i = 0; !status && i < r->options->fallback_count; i++)
		status = prepare_one(r, r->options->fallbacks[i], false);
	r->ended = json_array();
	return status;
}

static int block_signals(void)
{
	sigset_t set;
	int fd;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGCHLD);
	signal(SIGPIPE, SIG_IGN);
	if (sigprocmask(SIG_BLOCK, &set, NULL))
		return -errno;
	fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

/* --- one scheduler's end ------------------------------------------------------------------------------------------ */

static json_t *ending_to_json(const struct session *r, const struct ending *e)
{
	return json_pack("{s:o, s:i, s:s, s:s, s:o, s:o, s:I}", "scheduler",
			 loader_to_json(r->current), "status", e->status, "rule", e->rule, "text",
			 e->text, "exit", loader_exit_to_json(&e->exit), "statistics",
			 loader_stats_to_json(r->current), "active_ns",
			 (json_int_t)(time_now_ns() - r->active_ns));
}

static void describe_kernel_end(const struct session *r, struct ending *e)
{
	char reason[256], message[512];

	e->rule = "kernel";
	e->status = loader_exit_status(&e->exit);
	snprintf(e->text, sizeof(e->text), "%s%s%s%s", loader_exit_kind_name(e->exit.kind),
		 e->exit.known ? ": " : "; the object keeps no exit record, see dmesg",
		 cli_printable(e->exit.reason, reason, sizeof(reason)),
		 e->exit.message[0] ? ": " : "");
	if (e->exit.message[0])
		snprintf(e->text + strlen(e->text), sizeof(e->text) - strlen(e->text), "%s",
			 cli_printable(e->exit.message, message, sizeof(message)));
}

static void say_end(const struct session *r, const struct ending *e)
{
	char ran[32];

	time_format(time_now_ns() - r->active_ns, ran, sizeof(ran));
	if (e->status)
		cli_error("%s was ejected after %s (%s): %s", loader_label(r->current), ran,
			  e->rule, e->text);
	else
		cli_note("%s ended after %s", loader_label(r->current), ran);
}

static int start(struct session *r, size_t index);

/* The current scheduler is to end, or has ended, for the reason in @e. The next of the chain follows an ejection. */
static void end_current(struct session *r, struct ending *e)
{
	bool by_kernel = !e->rule;

	loader_detach(r->current);
	loader_exit(r->current, &e->exit);
	if (by_kernel)
		describe_kernel_end(r, e);
	say_end(r, e);
	json_array_append_new(r->ended, ending_to_json(r, e));
	r->current = NULL;
	if (!e->status)
		return;
	if (!r->status)
		r->status = e->status;
	if (e->exit.kind == LOADER_KIND_SYSRQ || r->ending)
		return;
	while (r->index + 1 < r->chain_count)
		if (!start(r, r->index + 1))
			return;
}

static int start(struct session *r, size_t index)
{
	struct loader_error error;
	struct ending e = {0};
	int err;

	r->index = index;
	err = loader_attach(r->chain[index], &error);
	r->active_ns = time_now_ns();
	if (!err) {
		r->current = r->chain[index];
		cli_note("%s is the active scheduler", loader_label(r->current));
		return 0;
	}
	cli_error("%s", error.text);
	if (!r->status)
		r->status = error.status;
	if (err == -ECANCELED) {
		r->current = r->chain[index];
		loader_detach(r->current);
		loader_exit(r->current, &e.exit);
		describe_kernel_end(r, &e);
		json_array_append_new(r->ended, ending_to_json(r, &e));
		r->current = NULL;
	}
	return err;
}

static void end_healthy(struct session *r)
{
	struct ending e = {.rule = "end"};

	if (r->current && loader_poll(r->current))
		end_current(r, &e);
}

/* --- the loop ----------------------------------------------------------------------------------------------------- */

/* Told to end: so is the command, and the scheduler stays under it until it has ended. */
static void told_to_end(struct session *r, int signal_number, bool pass_on)
{
	r->ending = true;
	if (!r->command.running)
		return;
	if (pass_on)
		kill(r->command.pid, signal_number);
	if (!r->kill_at_ns)
		r->kill_at_ns = time_now_ns() + KILL_AFTER_NS;
}

static void take_signals(struct session *r)
{
	struct signalfd_siginfo info;

	while (read(r->signal_fd, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
		if (info.ssi_signo == SIGCHLD)
			continue;
		/* What the terminal sent has reached the command as well. */
		told_to_end(r, (int)info.ssi_signo, info.ssi_code != SI_KERNEL);
	}
	command_reap(&r->command);
}

static void take_time(struct session *r)
{
	uint64_t now = time_now_ns();

	if (r->options->duration_ns && now - r->start_ns >= r->options->duration_ns && !r->ending) {
		end_healthy(r);
		r->ending = true;
	}
	if (r->kill_at_ns && now >= r->kill_at_ns && r->command.running) {
		cli_warn("the command did not end within 5 s of the signal and is killed");
		kill(r->command.pid, SIGKILL);
		r->kill_at_ns = 0;
	}
}

static uint64_t next_deadline(const struct session *r)
{
	uint64_t next = time_now_ns() + LOOK_EVERY_NS, end = r->start_ns + r->options->duration_ns;

	if (r->options->duration_ns && !r->ending && end < next)
		next = end;
	if (r->kill_at_ns && r->kill_at_ns < next)
		next = r->kill_at_ns;
	return next;
}

static int wait_for_something(struct session *r)
{
	struct pollfd fds[2] = {{.fd = r->signal_fd, .events = POLLIN},
				{.fd = -1, .events = POLLIN}};
	uint64_t now = time_now_ns(), next = next_deadline(r);
	struct timespec timeout = time_spec(next > now ? next - now : 0);

	if (r->current)
		fds[1].fd = loader_fd(r->current);
	if (ppoll(fds, 2, &timeout, NULL) < 0 && errno != EINTR)
		return -errno;
	return 0;
}

/* With a command the run lasts as long as the command, also under the kernel's default after an ejection. */
static bool is_over(const struct session *r)
{
	if (r->options->command)
		return !r->command.running;
	return r->ending || !r->current;
}

static int loop(struct session *r)
{
	struct ending e;
	int err = 0;

	while (!err && !is_over(r)) {
		err = wait_for_something(r);
		take_signals(r);
		if (r->current && !loader_poll(r->current)) {
			memset(&e, 0, sizeof(e));
			end_current(r, &e);
		}
		take_time(r);
	}
	return err;
}

static int print_document(struct session *r, int status)
{
	json_t *document =
		json_pack("{s:s, s:s, s:i, s:I, s:O}", "schema", "schedlab.run/1", "evidence",
			  sysenv_evidence_name(sysenv_evidence()), "status", status, "duration_ns",
			  (json_int_t)(time_now_ns() - r->start_ns), "schedulers", r->ended);
	int err = document ? file_print_json(document) : -ENOMEM;

	json_decref(document);
	return err;
}

int session_go(struct session *r)
{
	int status, err;

	r->signal_fd = block_signals();
	if (r->signal_fd < 0) {
		cli_error("cannot take signals: %s", strerror(-r->signal_fd));
		return EXIT_STATUS_FAILURE;
	}
	r->start_ns = time_now_ns();
	err = start(r, 0);
	while (err == -ECANCELED && r->index + 1 < r->chain_count)
		err = start(r, r->index + 1);
	if (err && err != -ECANCELED)
		return r->status;
	if (r->options->command && (r->current || r->status != EXIT_STATUS_EJECTED_INIT)) {
		err = command_start(&r->command, r->options->command, r->options->partial);
		if (err)
			cli_error("cannot start the command: %s", strerror(-err));
	}
	err = err == -ECANCELED ? 0 : err;
	err = err ? err : loop(r);
	end_healthy(r);
	status = r->status ? r->status : err ? EXIT_STATUS_FAILURE : r->command.status;
	if (r->options->json && print_document(r, status))
		return EXIT_STATUS_FAILURE;
	return status;
}

void session_free(struct session *r)
{
	size_t i;

	for (i = 0; i < r->chain_count; i++)
		loader_close(r->chain[i]);
	if (r->signal_fd > 0)
		close(r->signal_fd);
	json_decref(r->ended);
}
