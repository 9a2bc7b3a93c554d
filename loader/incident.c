// SPDX-License-Identifier: GPL-2.0
/* What happened, as documents: incident records, the answer to status, Prometheus text. It decides nothing. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "lib/metrics.h"
#include "lib/sysenv.h"
#include "lib/timeutil.h"
#include "loader/session.h"

#define DUMP_MAX (1 << 20)

/* CPU time of all CPUs that @holder has had. */
static uint64_t cpu_time(struct session *s, enum guard_holder holder)
{
	struct watch *w = s->guard ? guard_watch(s->guard) : NULL;
	struct guard_cpu account;
	uint64_t sum = 0;
	unsigned int cpu;

	for (cpu = 0; w && cpu < watch_cpu_count(w); cpu++) {
		watch_cpu(w, cpu, &account);
		sum += account.ns[holder];
	}
	return sum;
}

void incident_base(struct session *s)
{
	s->base_bypass_ns = cpu_time(s, GUARD_BYPASS);
	s->base_fair_ns = cpu_time(s, GUARD_FAIR);
}

void incident_look(struct session *s)
{
	struct loader_kernel_state state;

	if (loader_kernel_state(&state) || strcmp(state.ops, loader_ops_name(s->current)) != 0)
		return;
	s->last = state;
	incident_base(s);
}

static json_t *iso_time(void)
{
	time_t now = time(NULL);
	struct tm tm;
	char text[32];

	gmtime_r(&now, &tm);
	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm);
	return json_string(text);
}

/* What the kernel's counters grew by in the scheduler's time, as far as they were seen. */
static json_t *event_deltas(const struct session *s)
{
	json_t *all = json_object();
	size_t i;

	for (i = 0; i < s->last.event_count; i++) {
		uint64_t before = i < s->first.event_count ? s->first.events[i].value : 0;

		json_object_set_new(all, s->last.events[i].name,
				    json_integer((json_int_t)(s->last.events[i].value - before)));
	}
	return all;
}

static json_t *dump_to_json(const char *dump)
{
	char *clean;
	json_t *text;
	size_t size = strlen(dump) * 4 + 1, used = 0;

	clean = size <= DUMP_MAX * 4 ? malloc(size) : NULL;
	if (!clean)
		return json_string("");
	/* Line by line, so that the line ends stay. */
	while (*dump) {
		size_t length = strcspn(dump, "\n");
		char line[4096];

		snprintf(line, sizeof(line), "%.*s", (int)length, dump);
		cli_printable(line, clean + used, size - used);
		used += strlen(clean + used);
		dump += length;
		if (*dump && used + 1 < size) {
			clean[used++] = '\n';
			dump++;
		}
	}
	clean[used] = '\0';
	text = json_string(clean);
	free(clean);
	return text;
}

static json_t *end_to_json(const struct session *s, const struct ending *e)
{
	return json_pack("{s:o, s:i, s:s, s:s, s:I, s:I, s:b, s:o, s:o, s:I}", "scheduler",
			 loader_to_json(s->current), "status", e->status, "rule", e->rule, "text",
			 e->text, "observed_ns", (json_int_t)e->observed_ns, "limit_ns",
			 (json_int_t)e->limit_ns, "restart", e->restart, "exit",
			 loader_exit_to_json(&e->exit), "statistics",
			 loader_stats_to_json(s->current), "active_ns",
			 (json_int_t)(s->swap.from_ns - s->active_ns));
}

static void open_incident(struct session *s, const struct ending *e, json_t *end)
{
	time_t now = time(NULL);
	struct utsname uts;
	struct tm tm;
	char stamp[32];

	uname(&uts);
	gmtime_r(&now, &tm);
	strftime(stamp, sizeof(stamp), "%Y%m%dT%H%M%SZ", &tm);
	s->incident = json_deep_copy(end);
	if (!s->incident) {
		cli_warn("no incident record of %s: out of memory", loader_label(s->current));
		return;
	}
	json_object_set_new(s->incident, "schema", json_string("schedlab.incident/1"));
	json_object_set_new(s->incident, "time", iso_time());
	json_object_set_new(s->incident, "time_ns", json_integer((json_int_t)s->swap.from_ns));
	json_object_set_new(s->incident, "kernel", json_string(uts.release));
	json_object_set_new(s->incident, "evidence",
			    json_string(sysenv_evidence_name(sysenv_evidence())));
	json_object_set_new(s->incident, "dump", dump_to_json(e->exit.dump));
	json_object_set_new(s->incident, "event_deltas", event_deltas(s));
	json_object_set_new(s->incident, "guard", s->guard ? guard_to_json(s->guard) : json_null());
	snprintf(s->incident_path, sizeof(s->incident_path), "%s/incident-%s-%d-%u.json",
		 s->options->incidents, stamp, getpid(), ++s->incidents);
}

void incident_new(struct session *s, const struct ending *e)
{
	json_t *end = end_to_json(s, e);

	/* An empty one keeps its place: what follows is written into the last. */
	if (!end) {
		cli_warn("how %s ended cannot be written down: out of memory, or its names are not "
			 "UTF-8",
			 loader_label(s->current));
		end = json_object();
	}
	if (e->status && s->writer)
		open_incident(s, e, end);
	json_array_append_new(s->ended, end);
}

json_t *swap_to_json(const struct swap *swap)
{
	json_t *json =
		json_pack("{s:I}", "detach_ns", (json_int_t)(swap->detached_ns - swap->from_ns));

	if (json && swap->attach_ns) {
		json_object_set_new(
			json, "default_ns",
			json_integer((json_int_t)(swap->attach_ns - swap->detached_ns)));
		json_object_set_new(
			json, "attach_ns",
			json_integer((json_int_t)(swap->attached_ns - swap->attach_ns)));
		json_object_set_new(json, "total_ns",
				    json_integer((json_int_t)(swap->attached_ns - swap->from_ns)));
	}
	if (json && swap->accounted) {
		json_object_set_new(json, "bypass_run_ns",
				    swap->knows_bypass
					    ? json_integer((json_int_t)swap->bypass_run_ns)
					    : json_null());
		json_object_set_new(json, "fair_run_ns",
				    json_integer((json_int_t)swap->fair_run_ns));
	}
	return json;
}

void incident_close(struct session *s)
{
	char *text;

	if (s->swap.from_ns && s->guard && guard_watch(s->guard) && !s->options->partial) {
		s->swap.bypass_run_ns = cpu_time(s, GUARD_BYPASS) - s->base_bypass_ns;
		s->swap.fair_run_ns = cpu_time(s, GUARD_FAIR) - s->base_fair_ns;
		s->swap.accounted = true;
		s->swap.knows_bypass = watch_knows_bypass(guard_watch(s->guard));
	}
	if (s->swap.from_ns && json_array_size(s->ended)) {
		json_t *end = json_array_get(s->ended, json_array_size(s->ended) - 1);

		json_object_set_new(end, "swap", swap_to_json(&s->swap));
		json_object_set_new(
			end, "next",
			json_string(s->current ? loader_ops_name(s->current) : "default"));
	}
	if (s->incident) {
		json_object_set_new(s->incident, "swap", swap_to_json(&s->swap));
		json_object_set_new(
			s->incident, "next",
			json_string(s->current ? loader_ops_name(s->current) : "default"));
		text = json_dumps(s->incident, JSON_INDENT(2) | JSON_SORT_KEYS);
		if (text)
			writer_put(s->writer, s->incident_path, text);
		if (text)
			cli_note("incident record: %s", s->incident_path);
		free(text);
	}
	json_decref(s->incident);
	s->incident = NULL;
	if (s->swap.from_ns)
		s->last_swap = s->swap;
	/* The next one may end without having been looked at: when it fails to start. */
	if (s->swap.from_ns)
		incident_base(s);
	memset(&s->swap, 0, sizeof(s->swap));
}

/* --- status ------------------------------------------------------------------------------------------------------- */

json_t *session_status(struct session *s)
{
	uint64_t now = time_now_ns();
	json_t *left = json_null();

	if (s->confirm_by_ns)
		left = json_integer(s->confirm_by_ns > now ? (json_int_t)(s->confirm_by_ns - now)
							   : 0);
	return json_pack("{s:i, s:o, s:I, s:o, s:b, s:i, s:i, s:i, s:o, s:o, s:o}", "pid",
			 (int)getpid(), "scheduler",
			 s->current ? loader_to_json(s->current) : json_null(), "active_ns",
			 (json_int_t)(s->current ? now - s->active_ns : 0), "confirm_within_ns",
			 left, "breaker_open", s->breaker_open, "ejections", (int)s->ejections,
			 "restarts", (int)s->restarts, "incidents", (int)s->incidents, "last_swap",
			 s->last_swap.from_ns ? swap_to_json(&s->last_swap) : json_null(),
			 "statistics", s->current ? loader_stats_to_json(s->current) : json_null(),
			 "guard", s->guard ? guard_to_json(s->guard) : json_null());
}

/* --- metrics ------------------------------------------------------------------------------------------------------ */

static void add_scheduler(struct session *s, struct metrics *m, const struct metrics_label *labels)
{
	struct loader_stat *stats;
	size_t i, count;

	if (loader_stats(s->current, &stats, &count))
		return;
	for (i = 0; i < count; i++) {
		char name[LOADER_NAME_MAX];
		struct metrics_label both[] = {labels[0], {"statistic", name}, {NULL, NULL}};

		cli_printable(stats[i].name, name, sizeof(name));
		metrics_counter(m, "scheduler_statistics_total",
				"Statistics of the active scheduler, by its own names.", both,
				stats[i].value);
	}
	free(stats);
}

static void add_events(struct session *s, struct metrics *m, const struct metrics_label *labels)
{
	size_t i;

	for (i = 0; i < s->last.event_count; i++) {
		struct metrics_label both[] = {
			labels[0], {"event", s->last.events[i].name}, {NULL, NULL}};

		metrics_counter(m, "sched_ext_events_total",
				"The kernel's event counters of the active scheduler.", both,
				s->last.events[i].value);
	}
}

static void add_histograms(struct metrics *m, const struct metrics_label *labels, json_t *guard)
{
	const char *interval;
	json_t *json;
	struct hist h;
	char error[256];

	json_object_foreach (json_object_get(guard, "histograms"), interval, json) {
		struct metrics_label both[] = {labels[0], {"interval", interval}, {NULL, NULL}};

		if (hist_from_json(json, &h, error, sizeof(error)))
			continue;
		metrics_histogram(m, "interval_seconds",
				  "Intervals of tasks' lives, as measured by the ledger.", both,
				  &h);
		hist_free(&h);
	}
}

static void add_guard(struct session *s, struct metrics *m, const struct metrics_label *labels)
{
	json_t *guard = guard_to_json(s->guard), *canary;
	size_t i;

	metrics_gauge(m, "oldest_wait_seconds",
		      "The longest time that a runnable task has been waiting for.", labels,
		      (double)json_integer_value(json_object_get(guard, "oldest_wait_ns")) / 1e9);
	json_array_foreach (json_object_get(guard, "canaries"), i, canary) {
		char cpu[16];
		struct metrics_label both[] = {labels[0], {"cpu", cpu}, {NULL, NULL}};

		snprintf(cpu, sizeof(cpu), "%d",
			 (int)json_integer_value(json_object_get(canary, "cpu")));
		metrics_gauge(m, "canary_worst_seconds",
			      "The longest that a CPU's canary took to run.", both,
			      (double)json_integer_value(json_object_get(canary, "worst_ns")) /
				      1e9);
	}
	add_histograms(m, labels, guard);
	json_decref(guard);
}

uint64_t swap_total_ns(const struct swap *swap)
{
	return (swap->attach_ns ? swap->attached_ns : swap->detached_ns) - swap->from_ns;
}

static void add_swap(struct metrics *m, const struct swap *swap)
{
	if (!swap->from_ns)
		return;
	metrics_gauge(m, "last_change_seconds",
		      "How long the last change of scheduler took, from its cause to the next "
		      "one's start.",
		      NULL, (double)swap_total_ns(swap) / 1e9);
	if (swap->accounted && swap->knows_bypass)
		metrics_gauge(m, "last_change_bypass_cpu_seconds",
			      "CPU time that tasks ran in the kernel's bypass mode meanwhile.",
			      NULL, (double)swap->bypass_run_ns / 1e9);
	if (swap->accounted)
		metrics_gauge(m, "last_change_fair_cpu_seconds",
			      "CPU time that tasks ran in the fair class meanwhile.", NULL,
			      (double)swap->fair_run_ns / 1e9);
}

void session_metrics(struct session *s)
{
	char name[LOADER_NAME_MAX];
	struct metrics_label labels[] = {{"scheduler", name}, {NULL, NULL}};
	struct metrics *m = metrics_new();

	if (!m)
		return;
	snprintf(name, sizeof(name), "%s", s->current ? loader_ops_name(s->current) : "default");
	metrics_gauge(m, "scheduler_active", "1 for the scheduler that is active under this guard.",
		      labels, 1);
	metrics_gauge(m, "active_seconds", "How long it has been active.", labels,
		      s->current ? (double)(time_now_ns() - s->active_ns) / 1e9 : 0);
	metrics_counter(m, "ejections_total", "Schedulers ejected in this run.", NULL,
			s->ejections);
	metrics_counter(m, "restarts_total",
			"Schedulers started again after CPU hotplug or a stop.", NULL, s->restarts);
	metrics_gauge(m, "breaker_open", "1 when the guard has given up starting schedulers.", NULL,
		      s->breaker_open);
	add_swap(m, &s->last_swap);
	if (s->current) {
		add_scheduler(s, m, labels);
		add_events(s, m, labels);
	}
	if (s->guard)
		add_guard(s, m, labels);
	if (metrics_text(m))
		writer_put(s->writer, s->options->metrics, metrics_text(m));
	metrics_free(m);
}
