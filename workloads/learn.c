// SPDX-License-Identifier: GPL-2.0
/* Jobs learned from a captured trace, see workloads/learn.h. */
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "lib/cli.h"
#include "lib/timeutil.h"
#include "workloads/learn.h"

#define COMM_SIZE 64
#define MAX_TASKS 4096

struct learned_task {
	uint64_t pid;
	bool woken;   /* a job is under way */
	bool running; /* since the time below */
	uint64_t arrival_ns, since_ns, service_ns;
};

struct learner {
	const char *task;
	uint64_t pid; /* of @task where it is a number */
	bool by_pid;
	struct learned *out;
	struct learned_task *tasks;
	size_t task_count;
	char *error;
	size_t error_size;
	unsigned int line;
};

/* One event, as far as it is of interest. */
struct event {
	uint64_t ns;
	bool is_switch;
	char comm[2][COMM_SIZE]; /* waking: [0]; switch: prev and next */
	uint64_t pid[2];
	bool blocks; /* prev is not runnable */
};

static int bad_line(struct learner *l, const char *what)
{
	snprintf(l->error, l->error_size, "line %u: %s", l->line, what);
	return -EINVAL;
}

/* "SEC.FRACTION:" before the event's name, into ns. */
static bool parse_time(const char *line, const char *event, uint64_t *ns)
{
	const char *end = event, *begin;
	uint64_t sec = 0, fraction = 0, unit = NSEC_PER_SEC;

	while (end > line && end[-1] == ' ')
		end--;
	begin = end;
	while (begin > line && begin[-1] != ' ')
		begin--;
	for (; begin < end && *begin >= '0' && *begin <= '9' && sec < UINT32_MAX; begin++)
		sec = 10 * sec + (uint64_t)(*begin - '0');
	if (begin >= end || *begin != '.')
		return false;
	for (begin++; begin < end && *begin >= '0' && *begin <= '9' && unit > 1; begin++) {
		unit /= 10;
		fraction += unit * (uint64_t)(*begin - '0');
	}
	*ns = sec * NSEC_PER_SEC + fraction;
	return begin + 1 == end && *begin == ':';
}

/* The text behind " NAME=", or NULL. */
static const char *find_field(const char *text, const char *name)
{
	char key[32];
	int size = snprintf(key, sizeof(key), " %s=", name);
	const char *at = strstr(text, key);

	return at ? at + size : NULL;
}

/* A command's name may hold blanks: it ends where the next field begins. */
static bool field_comm(const char *text, const char *name, const char *next, char comm[COMM_SIZE])
{
	const char *at = find_field(text, name), *end;
	char key[32];

	snprintf(key, sizeof(key), " %s=", next);
	end = at ? strstr(at, key) : NULL;
	if (!end || end - at >= COMM_SIZE)
		return false;
	memcpy(comm, at, (size_t)(end - at));
	comm[end - at] = '\0';
	return true;
}

static bool field_number(const char *text, const char *name, uint64_t *value)
{
	const char *at = find_field(text, name);
	char digits[24];
	size_t size = at ? strspn(at, "0123456789") : 0;

	if (!size || size >= sizeof(digits))
		return false;
	memcpy(digits, at, size);
	digits[size] = '\0';
	return !cli_parse_u64(digits, 0, UINT32_MAX, value);
}

static bool parse_switch(const char *fields, struct event *e)
{
	const char *state = find_field(fields, "prev_state");

	e->is_switch = true;
	e->blocks = state && *state != 'R';
	return state && field_comm(fields, "prev_comm", "prev_pid", e->comm[0]) &&
	       field_number(fields, "prev_pid", &e->pid[0]) &&
	       field_comm(fields, "next_comm", "next_pid", e->comm[1]) &&
	       field_number(fields, "next_pid", &e->pid[1]);
}

static bool parse_waking(const char *fields, struct event *e)
{
	e->is_switch = false;
	return field_comm(fields, "comm", "pid", e->comm[0]) &&
	       field_number(fields, "pid", &e->pid[0]);
}

/* Returns 1 for an event, 0 for a line of something else, -EINVAL. */
static int parse_line(struct learner *l, const char *line, struct event *e)
{
	const char *wake = strstr(line, "sched_waking: "), *swap = strstr(line, "sched_switch: ");
	const char *at = wake ? wake : swap, *name = at;
	bool good;

	if (!at)
		return 0;
	if (at - line >= 6 && !memcmp(at - 6, "sched:", 6))
		name -= 6;
	good = wake ? parse_waking(at + 13, e) : parse_switch(at + 13, e);
	if (!good)
		return bad_line(l,
				"an event whose fields are not name=value; capture with ftrace or "
				"'perf script'");
	if (!parse_time(line, name, &e->ns))
		return bad_line(l, "no time before the event");
	return 1;
}

static bool matches(const struct learner *l, const char *comm, uint64_t pid)
{
	return pid && (l->by_pid ? pid == l->pid : !strcmp(comm, l->task));
}

static struct learned_task *find_task(struct learner *l, uint64_t pid)
{
	struct learned_task *t = l->tasks;

	for (; t < l->tasks + l->task_count; t++)
		if (t->pid == pid)
			return t;
	if (l->task_count == MAX_TASKS)
		return NULL;
	l->task_count++;
	*t = (struct learned_task){.pid = pid};
	return t;
}

static int add_job(struct learner *l, const struct learned_task *t)
{
	struct learned *out = l->out;
	struct learned_job *grown;

	if (out->count == out->capacity) {
		out->capacity = out->capacity ? 2 * out->capacity : 1024;
		grown = realloc(out->jobs, out->capacity * sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		out->jobs = grown;
	}
	out->jobs[out->count++] = (struct learned_job){t->arrival_ns, t->service_ns};
	return 0;
}

static int switch_out(struct learner *l, struct learned_task *t, const struct event *e)
{
	int err = 0;

	if (!t->running)
		return 0;
	t->running = false;
	if (!t->woken) {
		l->out->unbegun += e->blocks;
		return 0;
	}
	t->service_ns += e->ns > t->since_ns ? e->ns - t->since_ns : 0;
	if (e->blocks) {
		err = add_job(l, t);
		t->woken = false;
	}
	return err;
}

static int use_event(struct learner *l, const struct event *e)
{
	struct learned_task *t;
	int err = 0;

	l->out->events++;
	if (matches(l, e->comm[0], e->pid[0])) {
		t = find_task(l, e->pid[0]);
		if (!t)
			return bad_line(l, "more than 4096 tasks of this name");
		if (e->is_switch) {
			err = switch_out(l, t, e);
		} else if (!t->woken && !t->running) {
			/* A second waking before it has run changes nothing. */
			t->woken = true;
			t->arrival_ns = e->ns;
			t->service_ns = 0;
		}
	}
	if (!err && e->is_switch && matches(l, e->comm[1], e->pid[1])) {
		t = find_task(l, e->pid[1]);
		if (!t)
			return bad_line(l, "more than 4096 tasks of this name");
		t->running = true;
		t->since_ns = e->ns;
	}
	return err;
}

static int compare_jobs(const void *a, const void *b)
{
	const struct learned_job *x = a, *y = b;

	return (x->arrival_ns > y->arrival_ns) - (x->arrival_ns < y->arrival_ns);
}

static int read_lines(struct learner *l, const char *text)
{
	struct event e;
	int err = 0;

	while (*text && !err) {
		size_t size = strcspn(text, "\n");
		char *line = strndup(text, size);

		if (!line)
			return -ENOMEM;
		l->line++;
		err = parse_line(l, line, &e);
		free(line);
		if (err > 0)
			err = use_event(l, &e);
		text += size + (text[size] == '\n');
	}
	return err;
}

static int finish(struct learner *l)
{
	struct learned *out = l->out;
	char shown[128];

	for (size_t i = 0; i < l->task_count; i++)
		out->unfinished += l->tasks[i].woken;
	out->tasks = l->task_count;
	if (!out->events) {
		snprintf(l->error, l->error_size,
			 "no sched_waking or sched_switch in this capture");
		return -ENOENT;
	}
	if (!out->count) {
		snprintf(l->error, l->error_size, "no whole job of a task '%s' in this capture",
			 cli_printable(l->task, shown, sizeof(shown)));
		return -ENOENT;
	}
	qsort(out->jobs, out->count, sizeof(*out->jobs), compare_jobs);
	for (size_t i = out->count; i-- > 0;)
		out->jobs[i].arrival_ns -= out->jobs[0].arrival_ns;
	return 0;
}

int learn_jobs(const char *text, const char *task, struct learned *learned, char *error,
	       size_t error_size)
{
	struct learner l = {.task = task,
			    .out = learned,
			    .tasks = calloc(MAX_TASKS, sizeof(*l.tasks)),
			    .error = error,
			    .error_size = error_size};
	int err;

	memset(learned, 0, sizeof(*learned));
	l.by_pid = !cli_parse_u64(task, 1, UINT32_MAX, &l.pid);
	err = l.tasks ? read_lines(&l, text) : -ENOMEM;
	if (!err)
		err = finish(&l);
	free(l.tasks);
	if (err == -ENOMEM)
		snprintf(error, error_size, "not enough memory");
	if (err)
		learned_free(learned);
	return err;
}

void learned_free(struct learned *learned)
{
	free(learned->jobs);
	memset(learned, 0, sizeof(*learned));
}

int learned_print(const struct learned *learned, FILE *out)
{
	fprintf(out, "# arrival and service of %zu jobs of %zu tasks, learned from a trace\n",
		learned->count, learned->tasks);
	for (size_t i = 0; i < learned->count; i++)
		fprintf(out, "%" PRIu64 "ns %" PRIu64 "ns\n", learned->jobs[i].arrival_ns,
			learned->jobs[i].service_ns);
	return ferror(out) ? -EIO : 0;
}
