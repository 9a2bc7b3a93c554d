// SPDX-License-Identifier: GPL-2.0
/* A guarded run, see session.h: the loop that waits for signals, the kernel, the command, the operator and the clock. */
#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "lib/fileio.h"
#include "lib/sysenv.h"
#include "lib/timeutil.h"
#include "loader/audit.h"
#include "loader/session.h"

/* At sysfs: its counters, and should a notice be lost. A look costs 1.5 ms of the lab's CPU. */
#define LOOK_EVERY_NS NSEC_PER_SEC
#define KILL_AFTER_NS (5 * NSEC_PER_SEC) /* from the first signal passed to the command */
#define PRIORITY      95 /* SCHED_FIFO: above what is watched, below the kernel's own threads at 99 */

/* --- preparing ---------------------------------------------------------------------------------------------------- */

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

/* Nothing that is watched may keep the watcher from running, nor the OOM killer take it. Children start out normal. */
static void rise(struct session *s)
{
	struct sched_param param = {.sched_priority = PRIORITY};
	int err = command_protect(&s->command);

	if (err)
		cli_warn("the guard cannot be kept from the OOM killer: %s", strerror(-err));
	if (sched_setscheduler(0, SCHED_FIFO | SCHED_RESET_ON_FORK, &param))
		cli_warn("the guard cannot run in real time, so a bad scheduler can delay it: %s",
			 strerror(errno));
}

/* Status, confirm and stop find the run here; without it the run is as safe, but deaf. */
static json_t *answer(void *data, const char *word, const struct control_peer *peer);

static void open_control(struct session *s, bool again)
{
	int err = control_open(&s->control, answer, s);

	if (again) {
		if (!err)
			cli_note("the control socket is this run's now");
	} else if (err == -EADDRINUSE)
		cli_warn("another guarded run has the control socket, so status, confirm and stop "
			 "reach that one");
	else if (err)
		cli_warn("no control socket (%s: %s): status shows sysfs only, confirm and stop do "
			 "not work",
			 CONTROL_PATH, strerror(-err));
}

/* A rule on a counter that the kernel does not have would never be broken. */
static int check_event_names(const struct session *s)
{
	const struct rules *rules = &s->options->rules;
	struct loader_error error;
	size_t i;

	for (i = 0; i < rules->event_count; i++)
		if (loader_check_event(s->chain[0], rules->events[i].name, &error)) {
			cli_error("--event: %s", error.text);
			return error.status;
		}
	return EXIT_STATUS_OK;
}

int session_prepare(struct session *s)
{
	struct loader_error load_error;
	char error[512];
	int err, status = 0;

	s->ended = json_array();
	loader_hotplug_seq(&s->hotplug_seq);
	s->chain_count = s->options->rules.fallback_count + 1;
	for (s->index = 0; s->index < s->chain_count && !status; s->index++)
		status = chain_load(s, s->index, &load_error);
	s->index = 0;
	status = status ? status : check_event_names(s);
	if (status)
		return status;
	s->signal_fd = block_signals();
	if (s->signal_fd < 0) {
		cli_error("cannot take signals: %s", strerror(-s->signal_fd));
		return EXIT_STATUS_FAILURE;
	}
	rise(s);
	err = writer_start(&s->writer);
	if (err) {
		cli_error("cannot start the writer thread: %s", strerror(-err));
		return EXIT_STATUS_FAILURE;
	}
	if (guard_open(&s->options->rules, s->options->partial, &s->guard, error, sizeof(error))) {
		cli_error("%s", error);
		return EXIT_STATUS_FAILURE;
	}
	return EXIT_STATUS_OK;
}

/* --- the operator ------------------------------------------------------------------------------------------------- */

static void end_healthy(struct session *s)
{
	struct ending e = {.rule = "end"};

	if (s->current && loader_poll(s->current))
		chain_end(s, &e);
}

static json_t *stop(struct session *s, const struct control_peer *peer)
{
	struct ending e = {.status = EXIT_STATUS_GUARD_STOPPED, .rule = "stop", .last = true};

	if (!s->current && !s->pending)
		return json_pack("{s:s}", "error",
				 "the kernel's default scheduler is active already");
	snprintf(e.text, sizeof(e.text), "stopped by the operator (%s)",
		 audit_user(peer->pid, peer->uid));
	if (s->current)
		chain_end(s, &e);
	else
		s->status = EXIT_STATUS_GUARD_STOPPED;
	s->pending = false;
	s->ending = true;
	return json_pack("{s:b}", "stopped", 1);
}

static json_t *confirm(struct session *s, const struct control_peer *peer)
{
	const struct loader *due = s->chain[s->index]; /* active, or about to be */

	if (!s->current && !s->pending)
		return json_pack("{s:s}", "error", "the scheduler is gone already");
	if (!s->confirm_by_ns)
		return json_pack("{s:s}", "error", "there is nothing to confirm");
	s->confirm_by_ns = 0;
	cli_note("%s is confirmed by %s", loader_label(due), audit_user(peer->pid, peer->uid));
	audit_scheduler(due, "confirmed %s, by %s", loader_label(due),
			audit_user(peer->pid, peer->uid));
	return json_pack("{s:b}", "confirmed", 1);
}

static json_t *answer(void *data, const char *word, const struct control_peer *peer)
{
	struct session *s = data;

	if (!strcmp(word, "status"))
		return session_status(s);
	if (!strcmp(word, "confirm"))
		return confirm(s, peer);
	if (!strcmp(word, "stop"))
		return stop(s, peer);
	return json_pack("{s:s}", "error", "status, confirm and stop are understood");
}

/* --- the loop ----------------------------------------------------------------------------------------------------- */

/* Told to end: so is the command, and the scheduler stays under it until it has ended. */
static void told_to_end(struct session *s, int signal_number, bool pass_on)
{
	s->ending = true;
	s->pending = false;
	if (!s->command.running)
		return;
	if (pass_on)
		kill(s->command.pid, signal_number);
	if (!s->kill_at_ns)
		s->kill_at_ns = time_now_ns() + KILL_AFTER_NS;
}

static void take_signals(struct session *s)
{
	struct signalfd_siginfo info;

	while (read(s->signal_fd, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
		if (info.ssi_signo == SIGCHLD)
			continue;
		/* What the terminal sent has reached the command as well. */
		told_to_end(s, (int)info.ssi_signo, info.ssi_code != SI_KERNEL);
	}
	command_reap(&s->command);
}

static void take_kernel(struct session *s)
{
	struct ending e = {0};

	if (s->current && !loader_poll(s->current))
		chain_end(s, &e);
}

static void take_guard(struct session *s)
{
	struct verdict verdict = {0};
	struct ending e = {0};
	const char *note;

	if (!s->current)
		return;
	if (guard_check(s->guard, &verdict)) {
		e.status = verdict.status;
		e.rule = verdict.rule;
		e.observed_ns = verdict.observed_ns;
		e.limit_ns = verdict.limit_ns;
		snprintf(e.text, sizeof(e.text), "%s", verdict.text);
		chain_end(s, &e);
	}
	note = guard_take_note(s->guard);
	if (note[0])
		cli_note("%s", note);
}

static void take_confirm(struct session *s, uint64_t now)
{
	struct ending e = {
		.status = EXIT_STATUS_GUARD_UNCONFIRMED, .rule = "confirm", .last = true};
	char limit[32];

	if (!s->confirm_by_ns || now < s->confirm_by_ns || !s->current)
		return;
	snprintf(e.text, sizeof(e.text), "nobody confirmed it within %s (schedlab confirm)",
		 time_format(s->options->rules.confirm_ns, limit, sizeof(limit)));
	chain_end(s, &e);
}

static void take_time(struct session *s)
{
	uint64_t now = time_now_ns();

	take_confirm(s, now);
	if (s->options->duration_ns && now - s->start_ns >= s->options->duration_ns && !s->ending) {
		end_healthy(s);
		s->ending = true;
		s->pending = false;
	}
	if (s->kill_at_ns && now >= s->kill_at_ns && s->command.running) {
		cli_warn("the command did not end within 5 s of the signal and is killed");
		kill(s->command.pid, SIGKILL);
		s->kill_at_ns = 0;
	}
	/* Whose schedulers are gone, and only waits for its command, leaves the socket to the next run. */
	if (!s->current && !s->pending) {
		control_close(s->control);
		s->control = NULL;
	}
	if (s->current && now >= s->look_ns) {
		if (!s->control)
			open_control(s, true);
		incident_look(s);
		chain_reap(s);
		s->look_ns = now + LOOK_EVERY_NS;
	}
	if (s->options->metrics && now >= s->metrics_ns) {
		session_metrics(s);
		s->metrics_ns = now + s->options->metrics_every_ns;
	}
	chain_continue(s);
}

static void earlier(uint64_t *next, uint64_t deadline)
{
	if (deadline && deadline < *next)
		*next = deadline;
}

static uint64_t next_deadline(const struct session *s)
{
	uint64_t next = time_now_ns() + LOOK_EVERY_NS;

	if (s->options->duration_ns && !s->ending)
		earlier(&next, s->start_ns + s->options->duration_ns);
	if (s->current)
		earlier(&next, guard_next_ns(s->guard));
	if (s->pending)
		earlier(&next, s->start_at_ns);
	earlier(&next, s->kill_at_ns);
	if (s->current)
		earlier(&next, s->confirm_by_ns);
	earlier(&next, s->options->metrics ? s->metrics_ns : 0);
	return next;
}

static int wait_for_something(struct session *s)
{
	struct pollfd fds[2 + CONTROL_FDS] = {{.fd = s->signal_fd, .events = POLLIN},
					      {.fd = -1, .events = POLLIN}};
	uint64_t now = time_now_ns(), next = next_deadline(s);
	struct timespec timeout = time_spec(next > now ? next - now : 0);

	if (s->current)
		fds[1].fd = loader_fd(s->current);
	control_poll_fds(s->control, fds + 2);
	if (ppoll(fds, 2 + CONTROL_FDS, &timeout, NULL) < 0 && errno != EINTR)
		return -errno;
	now = time_now_ns();
	if (absence_noticed(&s->absence, now, time_clock_ns(CLOCK_BOOTTIME), next))
		s->absent_ns = now;
	take_signals(s);
	take_kernel(s);
	control_serve(s->control, fds + 2);
	return 0;
}

/* With a command the run lasts as long as the command, also under the kernel's default after an ejection. */
static bool is_over(const struct session *s)
{
	if (s->options->command && s->begun)
		return !s->command.running;
	return s->ending || (!s->current && !s->pending);
}

/* --- the run ------------------------------------------------------------------------------------------------------ */

static int print_document(struct session *s, int status)
{
	json_t *document = json_pack(
		"{s:s, s:s, s:i, s:I, s:i, s:b, s:O}", "schema", "schedlab.run/1", "evidence",
		sysenv_evidence_name(sysenv_evidence()), "status", status, "duration_ns",
		(json_int_t)(time_now_ns() - s->start_ns), "restarts", (int)s->restarts,
		"breaker_open", s->breaker_open, "schedulers", s->ended);
	int err = document ? file_print_json(document) : -ENOMEM;

	json_decref(document);
	if (err)
		cli_error("cannot write to stdout: %s", strerror(-err));
	return err;
}

static int start_command(struct session *s)
{
	int err;

	if (!s->options->command)
		return 0;
	err = command_start(&s->command, s->options->command, s->options->partial);
	if (err)
		cli_error("cannot start the command: %s", strerror(-err));
	return err;
}

/* The command, and the time to confirm, start with the first scheduler that runs. */
static int begin(struct session *s)
{
	uint64_t confirm_ns = s->options->rules.confirm_ns;

	if (!s->in_order || s->begun)
		return 0;
	s->begun = true;
	s->confirm_by_ns = confirm_ns ? time_now_ns() + confirm_ns : 0;
	return start_command(s);
}

static int loop(struct session *s)
{
	int err = begin(s);

	while (!err && !is_over(s)) {
		err = wait_for_something(s);
		take_guard(s);
		take_time(s);
		err = err ? err : begin(s);
	}
	return err;
}

static int final_status(const struct session *s, int err)
{
	if (s->breaker_open)
		return EXIT_STATUS_GUARD_BREAKER;
	if (s->status)
		return s->status;
	return err || !s->begun ? EXIT_STATUS_FAILURE : s->command.status;
}

int session_go(struct session *s)
{
	int status, err;

	s->start_ns = time_now_ns();
	absence_start(&s->absence, s->start_ns, time_clock_ns(CLOCK_BOOTTIME));
	chain_start(s);
	if (s->current || s->pending)
		open_control(s, false);
	err = loop(s);
	end_healthy(s);
	incident_close(s);
	if (s->options->metrics)
		session_metrics(s);
	status = final_status(s, err);
	if (s->options->json && print_document(s, status))
		return status ? status : EXIT_STATUS_FAILURE;
	return status;
}

void session_free(struct session *s)
{
	char error[512];
	unsigned int lost;

	chain_close(s); /* first: a canary cannot end while it is starved */
	guard_close(s->guard);
	lost = writer_finish(s->writer, error, sizeof(error));
	if (lost)
		cli_warn("%u file%s could not be written: %s", lost, lost == 1 ? "" : "s", error);
	loader_audit_warn();
	control_close(s->control);
	if (s->signal_fd > 0)
		close(s->signal_fd);
	json_decref(s->ended);
	/* Not to leave the next hotplug, which may follow at once, in the midst of it (see chain.c). */
	if (s->hotplug_ns)
		frees_wait();
}
