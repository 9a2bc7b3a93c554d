// SPDX-License-Identifier: GPL-2.0
/* The ledger's events as a Perfetto trace. */
#include <errno.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "lib/cli.h"
#include "observe/ledger.h"
#include "observe/timeline.h"

#define LANES 60 /* job lanes: jobs of one class that overlap need one each */

/* Bits of a task's state, as the kernel keeps it and as its sched_switch event reports it. */
#define STATE_REPORTED 0x7f   /* TASK_REPORT */
#define STATE_DEAD     0x80   /* TASK_DEAD: on its way out */
#define STATE_IDLE     0x402  /* TASK_IDLE: uninterruptible, not counted as load */
#define STATE_AS_D     0x9000 /* TASK_RTLOCK_WAIT, TASK_FROZEN: reported as uninterruptible */
#define REPORT_DEAD    0x10
#define REPORT_IDLE    0x80
#define REPORT_DISK    0x02

struct task {
	uint32_t pid; /* key */
	uint32_t tgid;
	int32_t prio;
	char comm[LEDGER_COMM_LEN + 1];
};

struct timeline {
	struct perfetto *perfetto;
	void *tasks;
	struct timeline_counts counts;
	uint64_t lane_until_ns[LANES];
	char lane_class[LANES][32];
};

static int compare_tasks(const void *a, const void *b)
{
	const struct task *x = a, *y = b;

	return x->pid < y->pid ? -1 : x->pid > y->pid;
}

struct timeline *timeline_open(FILE *out, const struct perfetto_head *head)
{
	struct timeline *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	t->perfetto = perfetto_open(out, head);
	if (t->perfetto)
		return t;
	free(t);
	return NULL;
}

int timeline_close(struct timeline *t)
{
	int err = perfetto_close(t->perfetto);

	tdestroy(t->tasks, free);
	free(t);
	return err;
}

void timeline_counts(const struct timeline *t, struct timeline_counts *counts)
{
	*counts = t->counts;
}

/* The task with @pid, known or new; NULL on lack of memory. */
static struct task *task_of(struct timeline *t, uint32_t pid)
{
	struct task key = {.pid = pid}, *task, **slot = tfind(&key, &t->tasks, compare_tasks);

	if (slot)
		return *slot;
	task = calloc(1, sizeof(*task));
	if (!task)
		return NULL;
	*task = (struct task){.pid = pid, .prio = 120};
	if (tsearch(task, &t->tasks, compare_tasks))
		return task;
	free(task);
	return NULL;
}

/* The task has ended: its id may be another's soon, and memory must not grow with those that were. */
static void forget(struct timeline *t, uint32_t pid)
{
	struct task key = {.pid = pid}, *task, **slot = tfind(&key, &t->tasks, compare_tasks);

	if (!slot)
		return;
	task = *slot;
	tdelete(task, &t->tasks, compare_tasks);
	free(task);
}

/* What an event needs to know of a task; the idle task of @cpu has the kernel's name for it. */
static int describe(struct timeline *t, uint32_t pid, uint32_t cpu, char *idle,
		    struct perfetto_task *out)
{
	struct task *task;

	if (!pid) {
		snprintf(idle, 24, "swapper/%u", cpu);
		*out = (struct perfetto_task){.prio = 120, .comm = idle};
		return 0;
	}
	task = task_of(t, pid);
	if (!task)
		return -ENOMEM;
	t->counts.unnamed += !task->comm[0];
	*out = (struct perfetto_task){.pid = pid, .prio = task->prio, .comm = task->comm};
	return 0;
}

/* prev_state as the kernel's own sched_switch event has it. */
static int64_t reported_state(uint64_t state)
{
	if (state & LEDGER_PREEMPT_FLAG)
		return PERFETTO_PREEMPTED;
	if ((state & STATE_IDLE) == STATE_IDLE)
		return REPORT_IDLE;
	if (state & STATE_DEAD)
		return REPORT_DEAD;
	if (state & STATE_REPORTED)
		return (int64_t)1 << (63 - __builtin_clzll(state & STATE_REPORTED));
	return state & STATE_AS_D ? REPORT_DISK : 0;
}

static int add_switch(struct timeline *t, const struct ledger_event *e)
{
	struct perfetto_task prev, next;
	char idle[2][24];
	int err = describe(t, ledger_pid(e->task), ledger_event_cpu(e), idle[0], &prev);

	if (!err)
		err = describe(t, ledger_pid(e->other), ledger_event_cpu(e), idle[1], &next);
	if (err)
		return err;
	prev.prio = (int32_t)(uint32_t)e->arg1;
	next.prio = (int32_t)(e->arg1 >> 32);
	perfetto_switch(t->perfetto, ledger_event_cpu(e), e->time_ns, &prev,
			reported_state(e->arg0), &next);
	if (reported_state(e->arg0) == REPORT_DEAD)
		forget(t, prev.pid);
	t->counts.switches++;
	return 0;
}

static enum perfetto_context context_of(uint64_t context)
{
	return context == LEDGER_CONTEXT_TASK	   ? PERFETTO_TASK
	       : context == LEDGER_CONTEXT_SOFTIRQ ? PERFETTO_SOFTIRQ
						   : PERFETTO_HARDIRQ;
}

static int add_waking(struct timeline *t, const struct ledger_event *e)
{
	struct perfetto_task wakee;
	char idle[24];
	int err = describe(t, ledger_pid(e->task), ledger_event_cpu(e), idle, &wakee);

	if (err)
		return err;
	perfetto_waking(t->perfetto, ledger_event_cpu(e), e->time_ns, ledger_pid(e->other),
			context_of(e->arg0), &wakee, (uint32_t)e->arg1);
	t->counts.wakings++;
	return 0;
}

static int add_migration(struct timeline *t, const struct ledger_event *e)
{
	struct perfetto_task task;
	char idle[24];
	int err = describe(t, ledger_pid(e->task), ledger_event_cpu(e), idle, &task);

	if (err)
		return err;
	perfetto_migrate(t->perfetto, ledger_event_cpu(e), e->time_ns, 0, &task, (uint32_t)e->arg0,
			 (uint32_t)e->arg1);
	t->counts.migrations++;
	return 0;
}

static int add_name(struct timeline *t, const struct ledger_event *e)
{
	struct task *task = task_of(t, ledger_pid(e->task));

	if (!task)
		return -ENOMEM;
	task->tgid = ledger_tgid(e->task);
	memcpy(task->comm, &e->arg0, sizeof(e->arg0));
	memcpy(task->comm + sizeof(e->arg0), &e->arg1, sizeof(e->arg1));
	perfetto_thread(t->perfetto, e->time_ns, task->pid, task->tgid, task->comm);
	return 0;
}

int timeline_event(struct timeline *t, const struct ledger_event *e)
{
	if (!t->counts.first_ns || e->time_ns < t->counts.first_ns)
		t->counts.first_ns = e->time_ns;
	if (e->time_ns > t->counts.last_ns)
		t->counts.last_ns = e->time_ns;
	switch (ledger_event_kind(e)) {
	case LEDGER_EVENT_SWITCH:
		return add_switch(t, e);
	case LEDGER_EVENT_WAKING:
		return add_waking(t, e);
	case LEDGER_EVENT_MIGRATE:
		return add_migration(t, e);
	case LEDGER_EVENT_NAME:
		return add_name(t, e);
	case LEDGER_EVENT_FORK:
		t->counts.forks++;
		return 0;
	case LEDGER_EVENT_EXIT:
		t->counts.exits++;
		return 0;
	case LEDGER_EVENT_WAKEUP: /* the importer works from sched_waking */
	case LEDGER_EVENT_EPOCH:  /* named at the end, by timeline_epochs() */
		return 0;
	}
	return 0;
}

void timeline_epochs(struct timeline *t, const struct ledger_epoch *epochs, unsigned int nr,
		     uint64_t end_ns)
{
	unsigned int i;

	for (i = 0; i < nr; i++)
		perfetto_slice(t->perfetto, PERFETTO_TRACK_EPOCHS, 0, epochs[i].start_ns,
			       epochs[i].end_ns ? epochs[i].end_ns : end_ns, epochs[i].scheduler);
	t->counts.epochs += nr;
}

/* A lane of @class that is free at @from_ns and then taken until @to_ns; the last one where all are taken. */
static uint32_t lane_for(struct timeline *t, const char *class, uint64_t from_ns, uint64_t to_ns)
{
	uint32_t i;

	for (i = 0; i < LANES - 1; i++) {
		if (!t->lane_class[i][0])
			snprintf(t->lane_class[i], sizeof(t->lane_class[i]), "%s", class);
		if (strcmp(t->lane_class[i], class) == 0 && t->lane_until_ns[i] <= from_ns)
			break;
	}
	if (to_ns > t->lane_until_ns[i])
		t->lane_until_ns[i] = to_ns;
	return i + 1;
}

struct job_line {
	const char *class;
	uint64_t index, intended_ns, released_ns, first_run_ns, done_ns;
};

static bool parse_job(char *line, struct job_line *job)
{
	uint64_t *const fields[] = {&job->index, &job->intended_ns, &job->released_ns,
				    &job->first_run_ns, &job->done_ns};
	char *text;
	size_t i;

	job->class = strsep(&line, ",");
	for (i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		text = strsep(&line, ",");
		if (!text || cli_parse_u64(text, 0, UINT64_MAX, fields[i]))
			return false;
	}
	return job->class && job->class[0] && !line;
}

static void add_job(struct timeline *t, const struct job_line *job)
{
	uint64_t end_ns = job->done_ns ? job->done_ns : t->counts.last_ns;
	char name[80];
	uint32_t lane;

	if (end_ns < job->intended_ns)
		end_ns = job->intended_ns;
	lane = lane_for(t, job->class, job->intended_ns, end_ns);
	snprintf(name, sizeof(name), "%.40s %llu%s", job->class, (unsigned long long)job->index,
		 job->done_ns ? "" : " (not done)");
	perfetto_slice(t->perfetto, PERFETTO_TRACK_JOBS, lane, job->intended_ns, end_ns, name);
	if (job->first_run_ns)
		perfetto_mark(t->perfetto, PERFETTO_TRACK_JOBS, lane, job->first_run_ns,
			      "first run", "wait_ns",
			      job->first_run_ns > job->intended_ns
				      ? job->first_run_ns - job->intended_ns
				      : 0);
	t->counts.jobs++;
}

int timeline_jobs(struct timeline *t, char *text, char *error, size_t error_size)
{
	unsigned int number = 0;
	char *line;

	while ((line = strsep(&text, "\n"))) {
		struct job_line job;

		number++;
		if (!*line || (number == 1 && !strncmp(line, "class,", 6)))
			continue;
		if (!parse_job(line, &job)) {
			snprintf(error, error_size,
				 "line %u: expected "
				 "class,index,intended_ns,released_ns,first_run_ns,done_ns",
				 number);
			return -EINVAL;
		}
		add_job(t, &job);
	}
	return 0;
}

void timeline_lost(struct timeline *t, uint64_t count)
{
	if (count)
		perfetto_mark(t->perfetto, PERFETTO_TRACK_MARKS, 0, t->counts.last_ns,
			      "events lost in all", "count", count);
}
