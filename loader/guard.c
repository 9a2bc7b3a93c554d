// SPDX-License-Identifier: GPL-2.0
/* The guard, see guard.h. A rule is one function that looks and fills in the verdict. */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/cli.h"
#include "lib/hist.h"
#include "lib/timeutil.h"
#include "loader/canary.h"
#include "loader/guard.h"
#include "loader/loader.h"
#include "observe/observe.h"

#define PERIOD_MIN_NS	(5 * NSEC_PER_MSEC)
#define PERIOD_MAX_NS	(50 * NSEC_PER_MSEC)
#define PERIODS_A_LIMIT 20
#define SLO_STEPS	4 /* a window slides in quarters */
#define EVENT_PERIOD_NS NSEC_PER_SEC
#define GAP_PERIODS	20 /* this much later than asked for: we were stopped, or the machine was */

struct slo_window {
	struct hist steps[SLO_STEPS]; /* a ring; buckets NULL: not yet filled */
	size_t filled;
	uint64_t next_ns;
	uint64_t last_value_ns; /* of the last whole window; 0 without one */
	uint64_t last_count;
	bool too_few; /* it was said that there are */
};

struct event_window {
	uint64_t value, time_ns; /* when last read */
	uint64_t base;		 /* at the start of the scheduler */
};

struct guard {
	const struct rules *rules;
	struct watch *watch;	   /* NULL: no rule needs it */
	struct canaries *canaries; /* the same */
	struct ledger *ledger;
	uint64_t period_ns, next_ns, last_ns;
	uint64_t sample_every_ns, sample_next_ns; /* of the watch: as the longest limit needs */
	uint64_t ledger_next_ns, event_next_ns;
	struct slo_window slos[RULES_MAX];
	struct event_window events[RULES_MAX];
	uint64_t oldest_ns, waiting, gaps;
	bool excused; /* a wait behind real-time tasks was noted */
	bool blind;   /* that a rule cannot look was noted */
	char note[512];
};

static bool broken(struct verdict *v, int status, const char *rule, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

static bool broken(struct verdict *v, int status, const char *rule, const char *format, ...)
{
	char text[sizeof(v->text)];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	cli_printable(text, v->text, sizeof(v->text));
	v->status = status;
	v->rule = rule;
	return true;
}

/* An instrument has failed: its rule is not obeyed until it works again. Said once a scheduler. */
static bool cannot_look(struct guard *g, const char *rule, int err)
{
	if (!g->blind)
		snprintf(g->note, sizeof(g->note), "the rule %s cannot be looked after: %s", rule,
			 strerror(-err));
	g->blind = true;
	return false;
}

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static uint64_t find_period(const struct rules *r)
{
	uint64_t limit = UINT64_MAX, period;

	if (r->max_wait_ns)
		limit = r->max_wait_ns;
	if (r->canary_ns)
		limit = least(limit, r->canary_ns);
	period = limit / PERIODS_A_LIMIT;
	return period < PERIOD_MIN_NS ? PERIOD_MIN_NS : least(period, PERIOD_MAX_NS);
}

/* --- rules -------------------------------------------------------------------------------------------------------- */

static bool check_max_wait(struct guard *g, struct verdict *v)
{
	char wait[32], free_time[32], limit[32], comm[64];
	struct watch_wait worst;
	bool found;
	/* A jiffy more, so that a wait that is known to a jiffy only is not called too long when it is not. */
	int err = watch_walk(g->watch, g->rules->max_wait_ns + 1, &worst, &found, &g->oldest_ns,
			     &g->waiting);

	if (err)
		return cannot_look(g, "max-wait", err);
	if (!found)
		return false;
	cli_printable(worst.comm, comm, sizeof(comm));
	time_format(worst.wait_ns, wait, sizeof(wait));
	time_format(worst.available_ns, free_time, sizeof(free_time));
	time_format(g->rules->max_wait_ns, limit, sizeof(limit));
	v->observed_ns = worst.wait_ns;
	v->limit_ns = g->rules->max_wait_ns;
	if (worst.available_ns >= g->rules->max_wait_ns)
		return broken(v, EXIT_STATUS_GUARD_MAX_WAIT, "max-wait",
			      "%s (%d) has been runnable for %s on CPU %u without running, %s of "
			      "it on the scheduler; the limit is %s",
			      comm, worst.pid, wait, worst.cpu, free_time, limit);
	/* Worth a word only where real time took much of it. */
	if (g->excused || worst.available_ns > g->rules->max_wait_ns / 2)
		return false;
	g->excused = true;
	snprintf(g->note, sizeof(g->note),
		 "%s (%d) has waited for %s, but only %s of it on the scheduler: real-time tasks "
		 "hold its CPUs",
		 comm, worst.pid, wait, free_time);
	return false;
}

static bool check_canaries(struct guard *g, struct verdict *v)
{
	char age_text[32], limit[32];
	struct canary_state c;
	uint64_t age, held;
	unsigned int i;

	for (i = 0; i < canaries_count(g->canaries); i++) {
		canaries_read(g->canaries, i, &c);
		if (!c.waiting || !c.present)
			continue;
		age = time_now_ns() - c.called_ns;
		held = watch_held_since(g->watch, c.cpu, c.called_ns);
		if (age - least(held, age) < g->rules->canary_ns)
			continue;
		v->observed_ns = age;
		v->limit_ns = g->rules->canary_ns;
		return broken(v, EXIT_STATUS_GUARD_CANARY, "canary",
			      "the canary of CPU %u has not run for %s, the limit is %s", c.cpu,
			      time_format(age, age_text, sizeof(age_text)),
			      time_format(g->rules->canary_ns, limit, sizeof(limit)));
	}
	canaries_call(g->canaries);
	return false;
}

static void forget_window(struct slo_window *w)
{
	size_t i;

	for (i = 0; i < SLO_STEPS; i++) {
		hist_free(&w->steps[i]);
		memset(&w->steps[i], 0, sizeof(w->steps[i]));
	}
	w->filled = 0;
}

/* The rule's figure over a whole window; false where too few samples lie beyond the quantile. */
static bool window_value(const struct rule_slo *rule, const struct slo_window *w, uint64_t *value,
			 uint64_t *count)
{
	struct hist sum;
	bool known;
	size_t i;

	if (hist_init(&sum, HIST_SUB_BITS_LEDGER))
		return false;
	for (i = 0; i < SLO_STEPS; i++)
		hist_merge(&sum, &w->steps[i]);
	*count = sum.count;
	known = sum.count && (rule->quantile < 0 || rule->quantile >= 1 ||
			      hist_quantile_known(&sum, rule->quantile));
	if (rule->quantile < 0)
		*value = (uint64_t)hist_mean(&sum);
	else
		*value = hist_quantile(&sum, rule->quantile);
	hist_free(&sum);
	return known;
}

static bool check_slo(struct guard *g, size_t index, uint64_t now, struct verdict *v)
{
	const struct rule_slo *rule = &g->rules->slos[index];
	struct slo_window *w = &g->slos[index];
	struct hist *step = &w->steps[w->filled % SLO_STEPS];
	char value[32], limit[32];
	int err;

	if (now < w->next_ns)
		return false;
	w->next_ns = now + rule->window_ns / SLO_STEPS;
	hist_free(step);
	memset(step, 0, sizeof(*step));
	err = ledger_window(g->ledger, rule->interval, step);
	if (err)
		return cannot_look(g, rule->text, err);
	w->filled++;
	if (w->filled < SLO_STEPS)
		return false;
	if (!window_value(rule, w, &w->last_value_ns, &w->last_count)) {
		if (!w->too_few)
			snprintf(g->note, sizeof(g->note),
				 "%s cannot be judged: %" PRIu64
				 " samples in its window are too few for that quantile",
				 rule->text, w->last_count);
		w->too_few = true;
		return false;
	}
	if (w->last_value_ns <= rule->limit_ns)
		return false;
	v->observed_ns = w->last_value_ns;
	v->limit_ns = rule->limit_ns;
	return broken(v, EXIT_STATUS_GUARD_SLO, "slo",
		      "%s is broken: it was %s over %" PRIu64 " samples, the limit is %s",
		      rule->text, time_format(w->last_value_ns, value, sizeof(value)),
		      w->last_count, time_format(rule->limit_ns, limit, sizeof(limit)));
}

static bool event_value(const struct loader_kernel_state *state, const char *name, uint64_t *value)
{
	size_t i;

	for (i = 0; i < state->event_count; i++)
		if (!strcmp(state->events[i].name, name)) {
			*value = state->events[i].value;
			return true;
		}
	return false;
}

static bool check_event(struct guard *g, size_t index, const struct loader_kernel_state *state,
			uint64_t now, struct verdict *v)
{
	const struct rule_event *rule = &g->rules->events[index];
	struct event_window *w = &g->events[index];
	uint64_t value, grown, span_ns = now - w->time_ns;
	bool first = !w->time_ns;

	if (!event_value(state, rule->name, &value))
		return false;
	grown = value - w->value;
	w->value = value;
	w->time_ns = now;
	if (first)
		w->base = value;
	else if (rule->per_second && span_ns &&
		 (double)grown * 1e9 / (double)span_ns > (double)rule->limit)
		return broken(v, EXIT_STATUS_GUARD_EVENT, "event", "%s is reached: %.0f a second",
			      rule->text, (double)grown * 1e9 / (double)span_ns);
	if (!rule->per_second && value > rule->limit)
		return broken(v, EXIT_STATUS_GUARD_EVENT, "event", "%s is reached: %" PRIu64,
			      rule->text, value);
	return false;
}

static bool check_events(struct guard *g, uint64_t now, struct verdict *v)
{
	struct loader_kernel_state state;
	size_t i;
	int err;

	if (now < g->event_next_ns)
		return false;
	g->event_next_ns = now + EVENT_PERIOD_NS;
	err = loader_kernel_state(&state);
	if (err)
		return cannot_look(g, "event", err);
	for (i = 0; i < g->rules->event_count; i++)
		if (check_event(g, i, &state, now, v))
			return true;
	return false;
}

/* --- the loop's side ---------------------------------------------------------------------------------------------- */

static void forget_all(struct guard *g)
{
	struct hist none;
	size_t i;

	if (g->canaries)
		canaries_forget(g->canaries);
	for (i = 0; i < g->rules->slo_count; i++) {
		forget_window(&g->slos[i]);
		if (!ledger_window(g->ledger, g->rules->slos[i].interval, &none))
			hist_free(&none);
		g->slos[i].next_ns = time_now_ns() + g->rules->slos[i].window_ns / SLO_STEPS;
	}
}

/* A quarter of a window that ends before the next look is looked at when it does. */
static void mind_quarters(struct guard *g)
{
	size_t i;

	for (i = 0; i < g->rules->slo_count; i++)
		g->next_ns = least(g->next_ns, g->slos[i].next_ns);
}

void guard_arm(struct guard *g)
{
	uint64_t now = time_now_ns();

	forget_all(g);
	memset(g->events, 0, sizeof(g->events));
	g->excused = false;
	g->blind = false;
	g->last_ns = now;
	g->next_ns = now + g->period_ns;
	g->event_next_ns = now;
	mind_quarters(g);
}

uint64_t guard_next_ns(const struct guard *g)
{
	return g->watch || g->ledger || g->rules->event_count ? g->next_ns : UINT64_MAX;
}

/* We were stopped (SIGSTOP) or the machine slept: what the windows hold says nothing about the scheduler. */
static void mind_gap(struct guard *g, uint64_t now)
{
	char late[32];

	/* Where no rule asks to be looked at in time, a late look is no gap. */
	if (guard_next_ns(g) == UINT64_MAX || now - g->last_ns < GAP_PERIODS * g->period_ns)
		return;
	g->gaps++;
	forget_all(g);
	snprintf(g->note, sizeof(g->note),
		 "the guard itself was stopped for %s; its rules begin anew",
		 time_format(now - g->last_ns, late, sizeof(late)));
}

/* A wait about to reach the limit is looked at when it does, not up to a period later. */
static void hurry(struct guard *g, uint64_t now)
{
	uint64_t limit = g->rules->max_wait_ns, oldest = g->oldest_ns;
	uint64_t remaining = limit > oldest ? limit - oldest : 0;

	if (remaining < g->period_ns && oldest < limit + g->period_ns)
		g->next_ns = now + (remaining > PERIOD_MIN_NS ? remaining : PERIOD_MIN_NS);
}

bool guard_check(struct guard *g, struct verdict *v)
{
	uint64_t now = time_now_ns();
	size_t i;

	if (now < g->next_ns)
		return false;
	mind_gap(g, now);
	g->last_ns = now;
	g->next_ns = now + g->period_ns;
	if (g->watch && now >= g->sample_next_ns) {
		watch_sample(g->watch);
		g->sample_next_ns = now + g->sample_every_ns;
	}
	if (g->rules->max_wait_ns) {
		if (check_max_wait(g, v))
			return true;
		hurry(g, now);
	}
	if (g->canaries && check_canaries(g, v))
		return true;
	if (g->ledger && now >= g->ledger_next_ns) {
		ledger_poll(g->ledger, 0);
		g->ledger_next_ns = now + NSEC_PER_SEC / 2;
	}
	for (i = 0; i < g->rules->slo_count; i++)
		if (check_slo(g, i, now, v))
			return true;
	mind_quarters(g);
	return g->rules->event_count && check_events(g, now, v);
}

const char *guard_take_note(struct guard *g)
{
	static char note[sizeof(g->note)];

	memcpy(note, g->note, sizeof(note));
	g->note[0] = '\0';
	return note;
}

struct watch *guard_watch(struct guard *g)
{
	return g->watch;
}

/* --- figures ------------------------------------------------------------------------------------------------------ */

static json_t *canaries_to_json(const struct guard *g)
{
	json_t *all = json_array();
	struct canary_state c;
	unsigned int i;

	for (i = 0; g->canaries && i < canaries_count(g->canaries); i++) {
		canaries_read(g->canaries, i, &c);
		json_array_append_new(all, json_pack("{s:i, s:b, s:I, s:I}", "cpu", (int)c.cpu,
						     "waiting", c.waiting, "last_ns",
						     (json_int_t)c.last_ns, "worst_ns",
						     (json_int_t)c.worst_ns));
	}
	return all;
}

static json_t *histograms_to_json(struct guard *g)
{
	json_t *all = json_object();
	struct ledger_snapshot snapshot;
	enum ledger_interval i;
	struct hist h;

	if (!g->ledger || ledger_snapshot(g->ledger, 0, &snapshot))
		return all;
	for (i = 0; i < LEDGER_NR_INTERVALS; i++) {
		if (!(snapshot.intervals & (1U << i)) || ledger_snapshot_hist(&snapshot, i, &h))
			continue;
		json_object_set_new(all, ledger_interval_name(i), hist_to_json(&h, "ns"));
		hist_free(&h);
	}
	ledger_snapshot_free(&snapshot);
	return all;
}

json_t *guard_to_json(struct guard *g)
{
	return json_pack("{s:I, s:I, s:I, s:o, s:o}", "oldest_wait_ns", (json_int_t)g->oldest_ns,
			 "waiting", (json_int_t)g->waiting, "gaps", (json_int_t)g->gaps, "canaries",
			 canaries_to_json(g), "histograms", histograms_to_json(g));
}

/* --- life --------------------------------------------------------------------------------------------------------- */

static int open_ledger(struct guard *g, char *error, size_t size)
{
	struct ledger_options options = {0};
	size_t i;
	int err;

	for (i = 0; i < g->rules->slo_count; i++)
		options.intervals |= 1U << g->rules->slos[i].interval;
	err = ledger_open(&options, &g->ledger, error, size);
	if (err)
		return err;
	err = ledger_start(g->ledger);
	if (err)
		snprintf(error, size, "the ledger, which the slo rules need, cannot be started: %s",
			 strerror(-err));
	return err;
}

int guard_open(const struct rules *rules, bool partial, struct guard **guard, char *error,
	       size_t size)
{
	struct guard *g = calloc(1, sizeof(*g));
	int err = 0;

	*guard = NULL;
	if (!g) {
		snprintf(error, size, "out of memory");
		return -ENOMEM;
	}
	g->rules = rules;
	g->period_ns = find_period(rules);
	g->sample_every_ns =
		(rules->max_wait_ns > rules->canary_ns ? rules->max_wait_ns : rules->canary_ns) /
		PERIODS_A_LIMIT;
	if (rules->max_wait_ns || rules->canary_ns || rules->fallback_count)
		err = watch_open(&g->watch, error, size);
	if (!err && rules->slo_count)
		err = open_ledger(g, error, size);
	if (!err && rules->canary_ns) {
		err = canaries_start(&g->canaries, partial);
		if (err)
			snprintf(error, size, "the canary threads cannot be started: %s",
				 strerror(-err));
	}
	if (err) {
		guard_close(g);
		return err;
	}
	*guard = g;
	return 0;
}

void guard_close(struct guard *g)
{
	size_t i;

	if (!g)
		return;
	canaries_stop(g->canaries);
	for (i = 0; i < RULES_MAX; i++)
		forget_window(&g->slos[i]);
	ledger_close(g->ledger);
	watch_close(g->watch);
	free(g);
}
