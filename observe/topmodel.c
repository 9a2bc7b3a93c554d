// SPDX-License-Identifier: GPL-2.0
/* What top shows, from two snapshots. */
#include <errno.h>
#include <inttypes.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/cli.h"
#include "lib/hist.h"
#include "lib/timeutil.h"
#include "observe/escape.h"
#include "observe/topmodel.h"

#define POLICY_EXT 7

static const char *const sort_names[TOP_SORTS] = {
	[TOP_SORT_WAIT] = "wait",	  [TOP_SORT_CPU] = "cpu", [TOP_SORT_BLOCKED] = "blocked",
	[TOP_SORT_SWITCHES] = "switches", [TOP_SORT_P99] = "p99", [TOP_SORT_PID] = "pid",
};

const char *top_sort_name(enum top_sort sort)
{
	return (unsigned int)sort < TOP_SORTS ? sort_names[sort] : NULL;
}

enum class_index {
	CLASS_FAIR,
	CLASS_EXT,
	CLASS_RT,
	CLASS_DEADLINE,
	CLASS_IDLE
};

static const char *const class_names[TOP_CLASSES] = {"fair", "ext", "rt", "deadline", "idle"};

static enum class_index class_of(uint64_t policy, bool ext_active, bool ext_all)
{
	switch (policy) {
	case SCHED_FIFO:
	case SCHED_RR:
		return CLASS_RT;
	case SCHED_DEADLINE:
		return CLASS_DEADLINE;
	case SCHED_IDLE:
		return ext_all ? CLASS_EXT : CLASS_IDLE;
	default:
		return ext_all || (policy == POLICY_EXT && ext_active) ? CLASS_EXT : CLASS_FAIR;
	}
}

static int compare_accounts(const void *a, const void *b)
{
	const struct ledger_account *x = a, *y = b;

	if (x->pid != y->pid)
		return x->pid < y->pid ? -1 : 1;
	return x->born_ns < y->born_ns ? -1 : x->born_ns > y->born_ns;
}

void top_memory_free(struct top_memory *memory)
{
	free(memory->accounts);
	memset(memory, 0, sizeof(*memory));
}

void top_model_free(struct top_model *model)
{
	size_t i;

	for (i = 0; i < TOP_CLASSES; i++)
		hist_free(&model->classes[i].waits);
	free(model->rows);
	memset(model, 0, sizeof(*model));
}

/* Time in @state up to @now_ns: what is closed, and the open interval. */
static uint64_t time_in(const struct ledger_account *a, enum ledger_interval interval,
			uint64_t now_ns)
{
	static const enum ledger_state open[LEDGER_NR_STATES] = {
		[LEDGER_RUNNING] = LEDGER_STATE_RUNNING,
		[LEDGER_BLOCKED] = LEDGER_STATE_BLOCKED,
		[LEDGER_ACTIVATION] = LEDGER_STATE_ACTIVATING,
		[LEDGER_QUEUE] = LEDGER_STATE_QUEUED,
		[LEDGER_PREEMPT] = LEDGER_STATE_PREEMPTED,
	};
	uint64_t ns = a->ns[interval];

	if (a->state == open[interval] && now_ns > a->since_ns)
		ns += now_ns - a->since_ns;
	return ns;
}

static uint64_t grown(uint64_t now, uint64_t before)
{
	return now > before ? now - before : 0;
}

static double share(uint64_t now, uint64_t before, double interval_ns)
{
	double s = interval_ns > 0 ? (double)grown(now, before) / interval_ns : 0;

	return s > 1 ? 1 : s;
}

/* Each account tells up to when it was read: a snapshot of many tasks takes its time. */
static void fill_row(struct top_row *row, const struct ledger_account *a,
		     const struct ledger_account *old)
{
	static const struct ledger_account none;
	const struct ledger_account *b = old ? old : &none;
	uint64_t now_ns = a->last_ns, then_ns = old ? old->last_ns : a->first_ns;
	double interval_ns = (double)grown(now_ns, then_ns);
	uint64_t queued, queued_before;

	queued = time_in(a, LEDGER_QUEUE, now_ns) + time_in(a, LEDGER_ACTIVATION, now_ns);
	queued_before =
		old ? time_in(b, LEDGER_QUEUE, then_ns) + time_in(b, LEDGER_ACTIVATION, then_ns)
		    : 0;
	row->pid = a->pid;
	row->tgid = a->tgid;
	escape_bytes(ESCAPE_TERMINAL, a->comm, strnlen(a->comm, sizeof(a->comm)), row->name,
		     sizeof(row->name));
	row->running = share(time_in(a, LEDGER_RUNNING, now_ns),
			     old ? time_in(b, LEDGER_RUNNING, then_ns) : 0, interval_ns);
	row->running_ns = grown(time_in(a, LEDGER_RUNNING, now_ns),
				old ? time_in(b, LEDGER_RUNNING, then_ns) : 0);
	row->blocked = share(time_in(a, LEDGER_BLOCKED, now_ns),
			     old ? time_in(b, LEDGER_BLOCKED, then_ns) : 0, interval_ns);
	row->preempted = share(time_in(a, LEDGER_PREEMPT, now_ns),
			       old ? time_in(b, LEDGER_PREEMPT, then_ns) : 0, interval_ns);
	row->queued = share(queued, queued_before, interval_ns);
	row->wait_ns =
		grown(queued, queued_before) + grown(time_in(a, LEDGER_PREEMPT, now_ns),
						     old ? time_in(b, LEDGER_PREEMPT, then_ns) : 0);
	row->switches = grown(a->count[LEDGER_QUEUE] + a->count[LEDGER_PREEMPT],
			      b->count[LEDGER_QUEUE] + b->count[LEDGER_PREEMPT]);
	row->migrations = grown(a->migrations, b->migrations);
}

static int compare_splits(const void *a, const void *b)
{
	const struct ledger_split_hists *x = *(const struct ledger_split_hists *const *)a;
	const struct ledger_split_hists *y = *(const struct ledger_split_hists *const *)b;

	return x->id < y->id ? -1 : x->id > y->id;
}

/* The quantiles of a row and of its class, from the histogram of its thread. */
static int add_waits(struct top_row *row, struct top_class *class,
		     const struct ledger_split_hists *split)
{
	const struct hist *h = &split->hists[LEDGER_RUN_DELAY];

	if (!h->buckets || !h->count)
		return 0;
	row->waits = h->count;
	row->max_ns = h->max;
	row->p50_ns = hist_quantile_known(h, 0.5) ? hist_quantile(h, 0.5) : 0;
	row->p99_ns = hist_quantile_known(h, 0.99) ? hist_quantile(h, 0.99) : 0;
	return hist_merge(&class->waits, h);
}

static uint64_t by_p99(const struct top_row *r)
{
	return r->p99_ns ? r->p99_ns : r->max_ns;
}

static int compare_numbers(double a, double b)
{
	return a > b ? -1 : a < b;
}

static int compare_rows(const void *a, const void *b, void *sort)
{
	const struct top_row *x = a, *y = b;
	int c = 0;

	switch (*(const enum top_sort *)sort) {
	case TOP_SORT_WAIT:
		c = compare_numbers((double)x->wait_ns, (double)y->wait_ns);
		break;
	case TOP_SORT_CPU:
		c = compare_numbers(x->running, y->running);
		break;
	case TOP_SORT_BLOCKED:
		c = compare_numbers(x->blocked, y->blocked);
		break;
	case TOP_SORT_SWITCHES:
		c = compare_numbers((double)x->switches, (double)y->switches);
		break;
	case TOP_SORT_P99:
		c = compare_numbers((double)by_p99(x), (double)by_p99(y));
		break;
	case TOP_SORT_PID:
	case TOP_SORTS:
		break;
	}
	return c ? c : x->pid < y->pid ? -1 : x->pid > y->pid;
}

static void fill_head(struct top_model *m, const struct ledger_snapshot *s, uint64_t then_ns)
{
	unsigned int i;

	m->interval_s = (double)grown(s->time_ns, then_ns) / 1e9;
	m->cpus = s->nr_cpus;
	m->epochs = s->nr_epochs;
	snprintf(m->scheduler, sizeof(m->scheduler), "default");
	if (s->nr_epochs)
		escape_name(ESCAPE_TERMINAL, s->epochs[s->nr_epochs - 1].scheduler, m->scheduler,
			    sizeof(m->scheduler));
	m->switches = s->counts[LEDGER_COUNT_SWITCHES];
	m->wakings = s->counts[LEDGER_COUNT_WAKINGS];
	for (i = 0; i < LEDGER_NR_LOSSES; i++)
		m->lost += s->losses[i];
}

static int fill_rows(struct top_model *m, const struct top_memory *memory,
		     const struct ledger_snapshot *s, const struct ledger_split_hists **splits,
		     bool ext_all)
{
	bool ext_active =
		s->nr_epochs && strcmp(s->epochs[s->nr_epochs - 1].scheduler, "default") != 0;
	uint64_t then_ns = memory->time_ns ? memory->time_ns : s->start_ns;
	size_t i;
	int err = 0;

	for (i = 0; !err && i < s->nr_tasks; i++) {
		const struct ledger_account *a = &s->tasks[i], *old;
		struct ledger_split_hists key = {.id = a->pid};
		const struct ledger_split_hists *wanted = &key, **split;
		struct top_row *row = &m->rows[m->nr_rows];
		struct top_class *class;

		if (a->state == LEDGER_STATE_DEAD && a->last_ns < then_ns)
			continue;
		old = memory->nr_accounts ? bsearch(a, memory->accounts, memory->nr_accounts,
						    sizeof(*a), compare_accounts)
					  : NULL;
		memset(row, 0, sizeof(*row));
		fill_row(row, a, old);
		class = &m->classes[class_of(a->policy, ext_active, ext_all)];
		row->class = class->name;
		class->tasks++;
		class->running +=
			m->interval_s > 0 ? (double)row->running_ns / 1e9 / m->interval_s : 0;
		split = s->nr_splits ? bsearch(&wanted, splits, s->nr_splits, sizeof(*splits),
					       compare_splits)
				     : NULL;
		if (split)
			err = add_waits(row, class, *split);
		m->nr_rows++;
	}
	return err;
}

/* Keep the accounts for the next model. */
static int remember(struct top_memory *memory, const struct ledger_snapshot *s)
{
	struct ledger_account *copy = malloc((s->nr_tasks + 1) * sizeof(*copy));

	if (!copy)
		return -ENOMEM;
	if (s->nr_tasks)
		memcpy(copy, s->tasks, s->nr_tasks * sizeof(*copy));
	qsort(copy, s->nr_tasks, sizeof(*copy), compare_accounts);
	free(memory->accounts);
	memory->accounts = copy;
	memory->nr_accounts = s->nr_tasks;
	memory->time_ns = s->time_ns;
	return 0;
}

int top_model_build(struct top_model *m, struct top_memory *memory, const struct ledger_snapshot *s,
		    enum top_sort sort, bool ext_all)
{
	const struct ledger_split_hists **splits = malloc((s->nr_splits + 1) * sizeof(*splits));
	int err = splits ? 0 : -ENOMEM;
	size_t i;

	memset(m, 0, sizeof(*m));
	m->sort = sort;
	m->rows = calloc(s->nr_tasks + 1, sizeof(*m->rows));
	if (!m->rows)
		err = -ENOMEM;
	for (i = 0; i < TOP_CLASSES; i++) {
		m->classes[i].name = class_names[i];
		err = err ? err : hist_init(&m->classes[i].waits, HIST_SUB_BITS_LEDGER);
	}
	for (i = 0; !err && i < s->nr_splits; i++)
		splits[i] = &s->splits[i];
	if (!err) {
		qsort(splits, s->nr_splits, sizeof(*splits), compare_splits);
		fill_head(m, s, memory->time_ns ? memory->time_ns : s->start_ns);
		err = fill_rows(m, memory, s, splits, ext_all);
	}
	if (!err) {
		qsort_r(m->rows, m->nr_rows, sizeof(*m->rows), compare_rows, &m->sort);
		err = remember(memory, s);
	}
	free(splits);
	if (err)
		top_model_free(m);
	return err;
}

static uint64_t count_before(const struct top_memory *memory, const char *name)
{
	size_t i;

	for (i = 0; i < memory->nr_events; i++)
		if (strcmp(memory->events[i].name, name) == 0)
			return memory->events[i].count;
	return 0;
}

void top_model_events(struct top_model *m, struct top_memory *memory, const char *text)
{
	m->nr_events = 0;
	while (*text && m->nr_events < TOP_EVENTS_MAX) {
		struct top_event *e = &m->events[m->nr_events];
		size_t name = strcspn(text, " \n"), line = strcspn(text, "\n");

		if (name && name < line) {
			escape_bytes(ESCAPE_TERMINAL, text, name, e->name, sizeof(e->name));
			e->count = strtoull(text + name, NULL, 10);
			e->delta = memory->nr_events
					   ? grown(e->count, count_before(memory, e->name))
					   : 0;
			m->nr_events++;
		}
		text += line;
		text += *text == '\n';
	}
	memcpy(memory->events, m->events, sizeof(m->events));
	memory->nr_events = m->nr_events;
}

/* --- text ---------------------------------------------------------------------------------------------------- */

/* "12.3us": short, for columns. "-" for 0. */
static char *brief(uint64_t ns, char *out, size_t size)
{
	if (!ns)
		snprintf(out, size, "-");
	else if (ns < NSEC_PER_MSEC)
		snprintf(out, size, "%.0fus", (double)ns / 1e3);
	else if (ns < NSEC_PER_SEC)
		snprintf(out, size, "%.1fms", (double)ns / 1e6);
	else
		snprintf(out, size, "%.1fs", (double)ns / 1e9);
	return out;
}

static double rate(const struct top_model *m, uint64_t count)
{
	return m->interval_s > 0 ? (double)count / m->interval_s : 0;
}

static size_t classes_shown(const struct top_model *m)
{
	size_t i, nr = 0;

	for (i = 0; i < TOP_CLASSES; i++)
		nr += m->classes[i].tasks > 0;
	return nr;
}

static void class_line(const struct top_model *m, size_t line, char *out, size_t size)
{
	char p50[16], p99[16], max[16];
	size_t i;

	out[0] = '\0';
	for (i = 0; i < TOP_CLASSES; i++) {
		const struct top_class *c = &m->classes[i];

		if (!c->tasks || line--)
			continue;
		snprintf(out, size,
			 "%-9s%5" PRIu64 " tasks %6.1f %%CPU %8" PRIu64
			 " waits  p50 %8s  p99 %8s  max %8s",
			 c->name, c->tasks, 100 * c->running, c->waits.count,
			 brief(hist_quantile_known(&c->waits, 0.5) ? hist_quantile(&c->waits, 0.5)
								   : 0,
			       p50, sizeof(p50)),
			 brief(hist_quantile_known(&c->waits, 0.99) ? hist_quantile(&c->waits, 0.99)
								    : 0,
			       p99, sizeof(p99)),
			 brief(c->waits.count ? c->waits.max : 0, max, sizeof(max)));
		return;
	}
}

static void event_line(const struct top_model *m, char *out, size_t size)
{
	size_t at, i;

	at = (size_t)snprintf(out, size, "events:");
	for (i = 0; i < m->nr_events && at < size; i++)
		if (m->events[i].delta)
			at += (size_t)snprintf(out + at, size - at, " %s +%" PRIu64,
					       m->events[i].name, m->events[i].delta);
	if (at == strlen("events:"))
		snprintf(out + at, size - at, " none");
}

size_t top_head_lines(const struct top_model *m)
{
	return 2 + classes_shown(m) + (m->nr_events > 0);
}

/* Cut at @width columns; all text here is one column a character, save names, which are cut by bytes of whole UTF-8. */
static char *cut(char *text, size_t width)
{
	size_t columns = 0, at = 0;

	while (text[at] && columns < width) {
		unsigned int code;
		size_t n = utf8_char(text + at, strlen(text + at), &code);

		at += n ? n : 1;
		columns++;
	}
	text[at] = '\0';
	return text;
}

char *top_head_line(const struct top_model *m, size_t line, size_t width, char *out, size_t size)
{
	if (line == 0)
		snprintf(out, size, "schedlab top: scheduler %s%s, %.1f s, %u CPUs", m->scheduler,
			 m->epochs > 1 ? " (changed)" : "", m->interval_s, m->cpus);
	else if (line == 1)
		snprintf(out, size,
			 "switches %.0f/s, wakings %.0f/s, lost %" PRIu64 ", cost %.2f %%%s",
			 rate(m, m->switches), rate(m, m->wakings), m->lost, 100 * m->cost,
			 m->shed == LEDGER_SHED_NOTHING ? ""
			 : m->shed == LEDGER_SHED_ALL	? " (over budget: detached)"
							: " (over budget: sampling)");
	else if (line < 2 + classes_shown(m))
		class_line(m, line - 2, out, size);
	else
		event_line(m, out, size);
	return cut(out, width);
}

char *top_table_line(const struct top_model *m, size_t line, size_t width, char *out, size_t size)
{
	char p50[16], p99[16], max[16];
	const struct top_row *r;

	out[0] = '\0';
	if (line == 0)
		snprintf(out, size, "%7s %-9s %5s %5s %5s %5s %7s %7s %8s %8s %8s  %s", "PID",
			 "CLASS", "RUN%", "QUE%", "PRE%", "BLK%", "SW/s", "MIGR", "P50", "P99",
			 "MAX", "COMMAND");
	if (line == 0 || line > m->nr_rows)
		return cut(out, width);
	r = &m->rows[line - 1];
	snprintf(out, size,
		 "%7" PRIu64 " %-9s %5.1f %5.1f %5.1f %5.1f %7.0f %7" PRIu64 " %8s %8s %8s  %s",
		 r->pid, r->class, 100 * r->running, 100 * r->queued, 100 * r->preempted,
		 100 * r->blocked, rate(m, r->switches), r->migrations,
		 brief(r->p50_ns, p50, sizeof(p50)), brief(r->p99_ns, p99, sizeof(p99)),
		 brief(r->max_ns, max, sizeof(max)), r->name);
	return cut(out, width);
}

/* --- JSON ---------------------------------------------------------------------------------------------------- */

/* A quantile, or null where too few samples lie beyond it. */
static json_t *quantile_json(uint64_t ns)
{
	return ns ? json_integer((json_int_t)ns) : json_null();
}

static json_t *row_json(const struct top_row *r)
{
	return json_pack(
		"{s:I, s:I, s:s, s:s, s:f, s:f, s:f, s:f, s:I, s:I, s:I, s:I, s:o, s:o, s:I}",
		"pid", (json_int_t)r->pid, "tgid", (json_int_t)r->tgid, "comm", r->name, "class",
		r->class, "running", r->running, "queued", r->queued, "preempted", r->preempted,
		"blocked", r->blocked, "wait_ns", (json_int_t)r->wait_ns, "switches",
		(json_int_t)r->switches, "migrations", (json_int_t)r->migrations, "waits",
		(json_int_t)r->waits, "p50_ns", quantile_json(r->p50_ns), "p99_ns",
		quantile_json(r->p99_ns), "max_ns", (json_int_t)r->max_ns);
}

int top_model_json(const struct top_model *m, json_t *document)
{
	json_t *classes = json_array(), *tasks = json_array(), *events = json_object();
	int err = classes && tasks && events ? 0 : -1;
	size_t i;

	for (i = 0; !err && i < TOP_CLASSES; i++)
		if (m->classes[i].tasks)
			err = json_array_append_new(
				classes,
				json_pack("{s:s, s:I, s:f, s:o}", "name", m->classes[i].name,
					  "tasks", (json_int_t)m->classes[i].tasks, "running",
					  m->classes[i].running, "waits",
					  hist_to_json(&m->classes[i].waits, "ns")));
	for (i = 0; !err && i < m->nr_rows; i++)
		err = json_array_append_new(tasks, row_json(&m->rows[i]));
	for (i = 0; !err && i < m->nr_events; i++)
		err = json_object_set_new(events, m->events[i].name,
					  json_integer((json_int_t)m->events[i].delta));
	err = err ? err : json_object_set(document, "classes", classes);
	err = err ? err : json_object_set(document, "tasks", tasks);
	err = err ? err : json_object_set(document, "events", events);
	err = err ? err : json_object_set_new(document, "scheduler", json_string(m->scheduler));
	err = err ? err
		  : json_object_set_new(document, "sort", json_string(top_sort_name(m->sort)));
	json_decref(classes);
	json_decref(tasks);
	json_decref(events);
	return err ? -ENOMEM : 0;
}
