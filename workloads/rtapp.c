// SPDX-License-Identifier: GPL-2.0
/*
 * A subset of rt-app's JSON grammar: tasks with phases and loops of run, sleep and timer. What is outside it is
 * refused by name, so that no figure stands for a load that was not made. rt-app's times are us.
 */
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "lib/cli.h"
#include "lib/timeutil.h"
#include "workloads/spec.h"

#define RTAPP_MAX_EVENTS  10000
#define RTAPP_MAX_THREADS 256
#define RTAPP_MAX_US	  3600000000LL

struct reader {
	const char *path;
	struct rtapp *rtapp;
	char *error;
	size_t error_size;
};

static int refuse(struct reader *r, const char *task, const char *what, const char *name)
{
	char shown[128], where[128], path[256];

	snprintf(r->error, r->error_size, "%s:1:1: %s%s%s%s '%s'",
		 cli_printable(r->path, path, sizeof(path)), task ? "task '" : "",
		 task ? cli_printable(task, where, sizeof(where)) : "", task ? "': " : "", what,
		 cli_printable(name, shown, sizeof(shown)));
	return -EINVAL;
}

static int add_event(struct rtapp_thread *t, enum rtapp_op op, uint64_t value)
{
	struct rtapp_event *grown;

	if (t->event_count >= RTAPP_MAX_EVENTS)
		return -E2BIG;
	grown = realloc(t->events, (t->event_count + 1) * sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	t->events = grown;
	t->events[t->event_count++] = (struct rtapp_event){op, value};
	return 0;
}

static int time_value(struct reader *r, const char *task, const char *key, const json_t *value,
		      uint64_t *ns)
{
	if (!json_is_integer(value) || json_integer_value(value) < 0 ||
	    json_integer_value(value) > RTAPP_MAX_US)
		return refuse(r, task, "not a time in us from 0 to 3600000000:", key);
	*ns = (uint64_t)json_integer_value(value) * NSEC_PER_USEC;
	return 0;
}

static int read_timer(struct reader *r, struct rtapp_thread *t, const char *key,
		      const json_t *value)
{
	const json_t *period = json_object_get(value, "period");
	const char *name;
	json_t *member;
	uint64_t ns;
	int err;

	json_object_foreach ((json_t *)value, name, member)
		if (strcmp(name, "ref") != 0 && strcmp(name, "period") != 0)
			return refuse(r, t->name, "a timer takes 'ref' and 'period', not", name);
	err = time_value(r, t->name, key, period, &ns);
	if (!err && !ns)
		return refuse(r, t->name, "a period of 0:", key);
	return err ? err : add_event(t, RTAPP_TIMER, ns);
}

/* rt-app lets a number follow an event's name, so that a name can come twice in an object. */
static bool is_event(const char *key, const char *name)
{
	size_t size = strlen(name);

	return !strncmp(key, name, size) && strspn(key + size, "0123456789") == strlen(key + size);
}

static bool is_setting(const char *key)
{
	static const char *const names[] = {"loop",   "phases", "instance", "priority",
					    "policy", "cpus",	"delay"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!strcmp(key, names[i]))
			return true;
	return false;
}

static int read_event(struct reader *r, struct rtapp_thread *t, const char *key,
		      const json_t *value)
{
	enum rtapp_op op;
	uint64_t ns;
	int err;

	if (is_event(key, "timer"))
		return read_timer(r, t, key, value);
	if (is_event(key, "run") || is_event(key, "runtime"))
		op = RTAPP_RUN;
	else if (is_event(key, "sleep"))
		op = RTAPP_SLEEP;
	else
		return refuse(r, t->name,
			      "only run, runtime, sleep, timer, loop and phases are taken, not",
			      key);
	err = time_value(r, t->name, key, value, &ns);
	return err ? err : add_event(t, op, ns);
}

/* -1 is rt-app's "for ever". */
static int loop_count(struct reader *r, const char *task, const json_t *object, json_int_t absent,
		      uint64_t *count)
{
	const json_t *value = json_object_get(object, "loop");
	json_int_t n = value ? json_integer_value(value) : absent;

	if ((value && !json_is_integer(value)) || n < -1 || n == 0 || n > 1000000000)
		return refuse(r, task, "not a count (-1 for ever):", "loop");
	*count = n < 0 ? 0 : (uint64_t)n;
	return 0;
}

static int read_block(struct reader *r, struct rtapp_thread *t, json_t *object, bool top)
{
	uint64_t count = 0;
	const char *key;
	json_t *value;
	int err = loop_count(r, t->name, object, top ? -1 : 1, &count);

	if (!err)
		err = add_event(t, RTAPP_LOOP, count);
	json_object_foreach (object, key, value) {
		if (err)
			return err;
		if (!strcmp(key, "loop") || (top && is_setting(key)))
			continue;
		err = read_event(r, t, key, value);
	}
	return err ? err : add_event(t, RTAPP_LOOP_END, 0);
}

static int read_phases(struct reader *r, struct rtapp_thread *t, json_t *task, json_t *phases)
{
	uint64_t count = 0;
	const char *key;
	json_t *value;
	int err;

	if (!json_is_object(phases) || !json_object_size(phases))
		return refuse(r, t->name, "not an object of phases:", "phases");
	json_object_foreach (task, key, value)
		if (!is_setting(key))
			return refuse(r, t->name, "beside 'phases' no event may stand:", key);
	err = loop_count(r, t->name, task, -1, &count);
	if (!err)
		err = add_event(t, RTAPP_LOOP, count);
	json_object_foreach (phases, key, value) {
		if (err)
			return err;
		err = json_is_object(value) ? read_block(r, t, value, false)
					    : refuse(r, t->name, "not an object: phase", key);
	}
	return err ? err : add_event(t, RTAPP_LOOP_END, 0);
}

static int read_cpus(struct reader *r, struct rtapp_thread *t, const json_t *cpus)
{
	size_t i;
	json_t *value;

	CPU_ZERO(&t->cpus);
	json_array_foreach (cpus, i, value) {
		if (!json_is_integer(value) || json_integer_value(value) < 0 ||
		    json_integer_value(value) >= CPU_SETSIZE)
			return refuse(r, t->name, "not a list of CPUs:", "cpus");
		CPU_SET((size_t)json_integer_value(value), &t->cpus);
	}
	if (!CPU_COUNT(&t->cpus))
		return refuse(r, t->name, "not a list of CPUs:", "cpus");
	t->has_cpus = true;
	return 0;
}

static int read_settings(struct reader *r, struct rtapp_thread *t, json_t *task)
{
	const json_t *instance = json_object_get(task, "instance"),
		     *priority = json_object_get(task, "priority"),
		     *policy = json_object_get(task, "policy"),
		     *delay = json_object_get(task, "delay"), *cpus = json_object_get(task, "cpus");

	t->instances = 1;
	if (instance && (!json_is_integer(instance) || json_integer_value(instance) < 1 ||
			 json_integer_value(instance) > RTAPP_MAX_THREADS))
		return refuse(r, t->name, "not a count from 1 to 256:", "instance");
	if (instance)
		t->instances = (unsigned int)json_integer_value(instance);
	if (policy &&
	    (!json_is_string(policy) || (strcmp(json_string_value(policy), "SCHED_OTHER") != 0)))
		return refuse(r, t->name, "only SCHED_OTHER is taken:", "policy");
	if (priority && (!json_is_integer(priority) || json_integer_value(priority) < -20 ||
			 json_integer_value(priority) > 19))
		return refuse(r, t->name, "not a nice value from -20 to 19:", "priority");
	t->nice = (int)json_integer_value(priority);
	if (delay && time_value(r, t->name, "delay", delay, &t->delay_ns))
		return -EINVAL;
	return cpus ? read_cpus(r, t, cpus) : 0;
}

static bool has_work(const struct rtapp_thread *t)
{
	for (size_t i = 0; i < t->event_count; i++)
		if (t->events[i].op < RTAPP_LOOP && t->events[i].value)
			return true;
	return false;
}

static int read_task(struct reader *r, const char *name, json_t *task)
{
	struct rtapp_thread *t = &r->rtapp->threads[r->rtapp->thread_count++];
	json_t *phases = json_object_get(task, "phases");
	int err;

	snprintf(t->name, sizeof(t->name), "%s", name);
	if (!json_is_object(task))
		return refuse(r, NULL, "not an object: task", name);
	err = read_settings(r, t, task);
	if (!err)
		err = phases ? read_phases(r, t, task, phases) : read_block(r, t, task, true);
	if (!err && !has_work(t))
		err = refuse(r, NULL, "no event that takes time in task", name);
	return err;
}

static int read_tasks(struct reader *r, json_t *tasks)
{
	const char *name;
	json_t *task;
	unsigned int total = 0;
	int err = 0;

	if (!json_is_object(tasks) || !json_object_size(tasks))
		return refuse(r, NULL, "not an object of tasks:", "tasks");
	r->rtapp->threads = calloc(json_object_size(tasks), sizeof(*r->rtapp->threads));
	if (!r->rtapp->threads)
		return -ENOMEM;
	json_object_foreach (tasks, name, task) {
		if (err)
			break;
		err = read_task(r, name, task);
		if (!err)
			total += r->rtapp->threads[r->rtapp->thread_count - 1].instances;
	}
	if (!err && total > RTAPP_MAX_THREADS)
		err = refuse(r, NULL, "more than 256 threads in", "tasks");
	return err;
}

/* What "global" may say here: settings that change what the load does are refused, those of rt-app's own log are not. */
static int read_global(struct reader *r, json_t *global)
{
	static const char *const harmless[] = {"duration", "logdir",  "log_basename", "log_size",
					       "ftrace",   "gnuplot", "calibration"};
	const char *key;
	json_t *value;
	size_t i;

	json_object_foreach (global, key, value) {
		for (i = 0; i < sizeof(harmless) / sizeof(harmless[0]); i++)
			if (!strcmp(key, harmless[i]))
				break;
		if (i < sizeof(harmless) / sizeof(harmless[0]))
			continue;
		if (!strcmp(key, "default_policy") && json_is_string(value) &&
		    !strcmp(json_string_value(value), "SCHED_OTHER"))
			continue;
		return refuse(r, NULL, "not taken in 'global':", key);
	}
	value = json_object_get(global, "duration");
	if (value && (!json_is_integer(value) || json_integer_value(value) < -1 ||
		      json_integer_value(value) == 0 || json_integer_value(value) > 86400))
		return refuse(r, NULL, "not a time in s:", "duration");
	if (json_integer_value(value) > 0)
		r->rtapp->duration_ns = (uint64_t)json_integer_value(value) * NSEC_PER_SEC;
	return 0;
}

int rtapp_parse(const char *path, const char *text, size_t size, struct rtapp *rtapp, char *error,
		size_t error_size)
{
	struct reader r = {path, rtapp, error, error_size};
	json_error_t where;
	json_t *root = json_loadb(text, size, JSON_REJECT_DUPLICATES, &where), *value;
	char shown[256], message[256];
	const char *key;
	int err = 0;

	if (!root) {
		snprintf(error, error_size, "%s:%d:%d: %s",
			 cli_printable(path, shown, sizeof(shown)), where.line, where.column,
			 cli_printable(where.text, message, sizeof(message)));
		return -EINVAL;
	}
	json_object_foreach (root, key, value)
		if (!err && strcmp(key, "tasks") != 0 && strcmp(key, "global") != 0)
			err = refuse(&r, NULL, "only 'tasks' and 'global' are taken, not", key);
	if (!err && json_object_get(root, "global"))
		err = read_global(&r, json_object_get(root, "global"));
	if (!err)
		err = read_tasks(&r, json_object_get(root, "tasks"));
	json_decref(root);
	if (err && err != -EINVAL)
		snprintf(error, error_size, "%s: %s", cli_printable(path, shown, sizeof(shown)),
			 err == -E2BIG ? "a task has more than 10000 events" : "not enough memory");
	if (err == -E2BIG)
		err = -EINVAL;
	if (err)
		rtapp_free(rtapp);
	return err;
}

void rtapp_free(struct rtapp *rtapp)
{
	for (size_t i = 0; i < rtapp->thread_count; i++)
		free(rtapp->threads[i].events);
	free(rtapp->threads);
	memset(rtapp, 0, sizeof(*rtapp));
}
