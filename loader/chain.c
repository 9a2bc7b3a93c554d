// SPDX-License-Identifier: GPL-2.0
/*
 * Starting and ending the schedulers of a run: what follows an ejection, after which pause, and when to give up. Acts
 * first and talks afterwards.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/memlock.h"
#include "lib/timeutil.h"
#include "loader/audit.h"
#include "loader/session.h"

#define VERIFIER_LINES	 12
#define BACK_OFF_MAX	 16		     /* doublings */
#define RETIRE_NS	 (10 * NSEC_PER_SEC) /* a hotplug takes less */
/* A stall up to here after a stop or sleep may be of its making: the kernel finds one in at most 1.5 times its 30 s. */
#define AFTER_ABSENCE_NS (45 * NSEC_PER_SEC)

/* --- loading ------------------------------------------------------------------------------------------------------ */

/* The last lines of the verifier's log, or all of it. */
static void show_verifier_log(const char *log, bool whole)
{
	const char *at = log + strlen(log);
	int lines = 0;

	while (at > log && lines <= VERIFIER_LINES)
		if (*--at == '\n')
			lines++;
	if (whole)
		at = log;
	else if (at > log)
		at++;
	if (*at)
		fprintf(stderr, "%s%s", at, at[strlen(at) - 1] == '\n' ? "" : "\n");
}

static int configure(struct session *s, struct loader *l, bool first, struct loader_error *error)
{
	const struct session_options *o = s->options;
	int err = 0;
	size_t i;

	for (i = 0; !err && first && i < o->set_count; i++)
		err = loader_set(l, o->sets[i], error);
	if (!err && o->timeout_ms)
		err = loader_set_timeout_ms(l, o->timeout_ms, error);
	if (!err && o->partial)
		err = loader_set_partial(l, error);
	return err;
}

/*
 * What CPU hotplug ended is closed once no CPU has come or gone for a while. As its maps of task storage are freed, the kernel
 * (seen: 6.18) waits for RCU's tasks on a CPU that it may not leave; their thread waits for the hotplug to end, and that for
 * the CPU to be left: the machine would never get out of it. Where memory is short too, closing at once is the smaller evil.
 */
static void retire(struct session *s, struct loader *old)
{
	struct loader **all =
		old ? reallocarray(s->retired, s->retired_count + 1, sizeof(struct loader *))
		    : NULL;

	if (!all) {
		loader_close(old);
		return;
	}
	s->retired = all;
	all[s->retired_count++] = old;
}

/* Has no CPU come or gone for @rest_ns? One that did since the last look did so now. */
static bool cpus_rest(struct session *s, uint64_t rest_ns)
{
	uint64_t seq = s->hotplug_seq, now = time_now_ns();
	int err = loader_hotplug_seq(&seq);

	if (!err && seq != s->hotplug_seq) {
		s->hotplug_seq = seq;
		s->hotplug_ns = now;
	}
	return !s->hotplug_ns || now - s->hotplug_ns >= rest_ns;
}

static void close_all(struct loader **loaders, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++)
		loader_close(loaders[i]);
}

void chain_reap(struct session *s)
{
	if (!s->retired_count || !cpus_rest(s, RETIRE_NS))
		return;
	close_all(s->retired, s->retired_count);
	s->retired_count = 0;
}

void chain_close(struct session *s)
{
	uint64_t give_up_ns = time_now_ns() + RETIRE_NS;
	struct timespec pause = time_spec(NSEC_PER_SEC / 10);

	while (!s->current && !cpus_rest(s, NSEC_PER_SEC) && time_now_ns() < give_up_ns)
		nanosleep(&pause, NULL);
	close_all(s->chain, s->chain_count);
	close_all(s->retired, s->retired_count);
	free(s->retired);
}

int chain_load(struct session *s, size_t index, struct loader_error *error)
{
	const char *name = index ? s->options->rules.fallbacks[index - 1] : s->options->scheduler;
	struct loader *l;
	int err = loader_open(name, &l, error);

	if (!err) {
		retire(s, s->chain[index]);
		s->chain[index] = l;
		err = configure(s, l, index == 0, error);
	}
	if (!err) {
		cli_note("%s: loading (object %.12s...)", name, loader_sha256(l));
		err = loader_load(l, error);
	}
	if (!err)
		return EXIT_STATUS_OK;
	if (!s->restarting)
		cli_error("%s", error->text);
	if (error->status == EXIT_STATUS_REJECTED)
		show_verifier_log(loader_verifier_log(l), s->options->verbose);
	return error->status;
}

/* --- starting ----------------------------------------------------------------------------------------------------- */

/* What the change before it cost, where there was one. */
static void say_start(const struct session *s, bool changed)
{
	const struct swap *swap = &s->last_swap;
	char total[32], bypass[32], fair[32], cost[128] = "";

	time_format(swap_total_ns(swap), total, sizeof(total));
	if (changed)
		snprintf(cost, sizeof(cost), ", after a change of %s", total);
	if (changed && swap->accounted)
		snprintf(cost, sizeof(cost),
			 ", after a change of %s (tasks ran %s in bypass, %s in the fair class)",
			 total,
			 swap->knows_bypass
				 ? time_format(swap->bypass_run_ns, bypass, sizeof(bypass))
				 : "for an unknown time",
			 time_format(swap->fair_run_ns, fair, sizeof(fair)));
	cli_note("%s is the active scheduler%s", loader_label(s->current), cost);
}

/* It never ran: the same record as of one that did. */
static void failed_start(struct session *s, int status, const char *text, bool refused)
{
	struct ending e = {.status = status, .rule = "kernel", .refused = refused};

	s->current = s->chain[s->index];
	s->active_ns = time_now_ns();
	cli_printable(text, e.text, sizeof(e.text));
	chain_end(s, &e);
}

int chain_start(struct session *s)
{
	struct loader *next = s->chain[s->index];
	struct loader_error error;
	bool changed = s->swap.from_ns;
	int err = memory_lock();

	if (err)
		cli_warn("the guard's memory cannot be locked: %s", strerror(-err));
	if (!changed)
		incident_base(s);
	s->swap.attach_ns = time_now_ns();
	err = loader_attach(next, &error);
	s->swap.attached_ns = time_now_ns();
	if (err == -EBUSY) {
		cli_error("%s", error.text);
		s->status = s->status ? s->status : error.status;
		return err;
	}
	if (err) {
		failed_start(s, error.status, error.text, err != -ECANCELED);
		return err;
	}
	s->current = next;
	s->active_ns = s->swap.attached_ns;
	s->in_order = true;
	s->absent_ns = 0;
	if (s->guard)
		guard_arm(s->guard);
	loader_kernel_state(&s->first);
	s->last = s->first;
	incident_close(s);
	incident_look(s);
	loader_audit_loaded(s->current, s->options->partial ? " for its command only" : "");
	say_start(s, changed);
	return 0;
}

void chain_continue(struct session *s)
{
	struct loader_error error;

	if (!s->pending || time_now_ns() < s->start_at_ns)
		return;
	s->pending = false;
	/* A restart takes a fresh object: the old one's maps hold what its first life left. */
	if (s->restarting && chain_load(s, s->index, &error)) {
		failed_start(s, EXIT_STATUS_EJECTED_KERNEL, error.text, true);
		return;
	}
	if (chain_start(s) && !s->pending)
		incident_close(s);
}

/* --- ending ------------------------------------------------------------------------------------------------------- */

static void describe_kernel_end(const struct session *s, struct ending *e)
{
	char text[sizeof(e->text)], held[96];

	e->rule = "kernel";
	e->status = loader_exit_status(&e->exit);
	e->restart = s->absent_ns && s->swap.from_ns - s->absent_ns < AFTER_ABSENCE_NS &&
		     e->exit.kind == LOADER_KIND_ERROR_STALL;
	if (!e->exit.kind)
		snprintf(
			text, sizeof(text),
			"it keeps no exit record and the kernel log has no word of it, so this may "
			"have been SysRq-S: nothing follows");
	else
		snprintf(text, sizeof(text), "%s%s%.300s", e->exit.reason,
			 e->exit.message[0] ? ": " : "", e->exit.message);
	if (loader_exit_holder(&e->exit, held, sizeof(held)))
		snprintf(text + strlen(text), sizeof(text) - strlen(text),
			 "; the real-time task %s, and before 7.0 the kernel keeps no time for "
			 "sched_ext beside such tasks",
			 held);
	/* Last, since each cut may have gone through a character. */
	cli_printable(text, e->text, sizeof(e->text));
}

/* Ejections within the breaker's window, this one included. */
static unsigned int count_ejections(struct session *s)
{
	uint64_t now = time_now_ns();
	unsigned int count = 0;
	size_t i;

	s->ejected_ns[s->ejected_count++ % BREAKER_MAX] = now;
	for (i = 0; i < s->ejected_count && i < BREAKER_MAX; i++)
		if (now - s->ejected_ns[i] <= s->options->rules.breaker_window_ns)
			count++;
	return count;
}

static void open_breaker(struct session *s)
{
	s->breaker_open = true;
	cli_error("the breaker is open: %s; the kernel's default scheduler stays",
		  s->index + 1 < s->chain_count ? "too many ejections within its window"
						: "every fallback has failed");
	audit("the breaker is open after %zu ejections", s->ejected_count);
}

/* CPUs come and go in rows, when the machine sleeps for one: nobody's failure, so neither breaker nor doubling count it. */
static void start_again(struct session *s)
{
	uint64_t now = time_now_ns();

	s->restarting = true;
	s->pending = true;
	s->start_at_ns = now;
	if (now - s->restarted_ns < NSEC_PER_SEC)
		s->start_at_ns += s->options->rules.back_off_ns;
	s->restarted_ns = now;
}

/* What is to follow, and when. */
static void decide(struct session *s, const struct ending *e)
{
	unsigned int recent, doublings;
	bool more = e->restart || s->index + 1 < s->chain_count;

	if (loader_exit_wants_restart(&e->exit)) {
		if (!e->last && !s->ending)
			start_again(s);
		return;
	}
	recent = count_ejections(s);
	doublings = recent > 2 ? recent - 2 : 0;
	if (e->last || s->ending)
		return;
	if (recent >= s->options->rules.breaker || !more) {
		if (s->options->rules.fallback_count || e->restart)
			open_breaker(s);
		return;
	}
	s->restarting = e->restart;
	s->index += !e->restart;
	s->pending = true;
	/* The first one follows at once. */
	s->start_at_ns = time_now_ns();
	if (recent > 1)
		s->start_at_ns += s->options->rules.back_off_ns
				  << (doublings < BACK_OFF_MAX ? doublings : BACK_OFF_MAX);
}

static void say_end(const struct session *s, const struct ending *e)
{
	uint64_t ran_ns = s->swap.from_ns - s->active_ns;
	char ran[32];

	time_format(ran_ns, ran, sizeof(ran));
	if (e->restart)
		cli_warn("%s ended after %s and is started again: %s", loader_label(s->current),
			 ran, e->text);
	else if (e->refused)
		cli_error("%s", e->text);
	else if (e->status)
		cli_error("%s was ejected after %s (%s): %s", loader_label(s->current), ran,
			  e->rule, e->text);
	else
		cli_note("%s ended after %s", loader_label(s->current), ran);
	loader_audit_ended(s->current, e->status && !e->restart, ran_ns, e->rule, e->status,
			   e->text);
}

void chain_end(struct session *s, struct ending *e)
{
	struct loader *old = s->current;

	incident_close(s); /* of one whose successor never got to run */
	memset(&s->swap, 0, sizeof(s->swap));
	s->swap.from_ns = time_now_ns();
	if (e->rule)
		incident_look(s);
	loader_detach(old);
	s->swap.detached_ns = time_now_ns();
	if (e->refused)
		e->exit = (struct loader_exit){.cpu = -1, .dump = ""};
	else
		loader_exit(old, &e->exit);
	/* The kernel may have been ejecting it while we ended it: its verdict is the one that counts, the operator's before all. */
	if (!e->rule || e->exit.kind == LOADER_KIND_SYSRQ ||
	    (!e->status && e->exit.kind && loader_exit_status(&e->exit)))
		describe_kernel_end(s, e);
	/* Also where it came before the start was over; and where it cannot be told from it. */
	e->last |= e->exit.kind == LOADER_KIND_SYSRQ ||
		   (e->exit.kind == LOADER_KIND_NONE && !strcmp(e->rule, "kernel") && !e->refused);
	e->restart |= loader_exit_wants_restart(&e->exit);
	say_end(s, e);
	incident_new(s, e);
	s->current = NULL;
	if (!e->status)
		return;
	/* The first one tells why; the operator's own word is not one of several failures. */
	if (e->last || (!e->restart && !s->status))
		s->status = e->status;
	s->restarts += e->restart;
	s->ejections += !e->restart;
	decide(s, e);
	if (!s->pending)
		incident_close(s);
}
