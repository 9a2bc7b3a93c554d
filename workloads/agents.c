// SPDX-License-Identifier: GPL-2.0
/*
 * Load that is not dispatched: sleepers, hogs, ping-pong, schbench's messages, rt-app's loops. Each thread keeps its own
 * histograms; the engine merges them when it has joined the thread.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "lib/timeutil.h"
#include "workloads/engine.h"

static struct class_run *class_of(const struct agent *a)
{
	return &a->engine->classes[a->class];
}

static void record(struct agent *a, int hist, uint64_t from_ns, uint64_t to_ns)
{
	if (in_window(a->engine, from_ns))
		hist_add(&a->hists[hist], to_ns > from_ns ? to_ns - from_ns : 0);
}

/*
 * Every threads-th job of the class is this thread's. It sets its own timer; a job that comes while it is busy waits
 * for it, and its latency counts from the intended time all the same.
 */
void *sleeper_main(void *arg)
{
	struct agent *a = arg;
	struct engine *e = a->engine;
	const struct class_run *c = class_of(a);
	uint64_t cpu_ns, now;

	if (agent_begin(a))
		return NULL;
	now = time_now_ns();
	for (uint32_t i = a->index; i < c->job_count && !engine_stopped(e); i += c->agent_count) {
		struct job_times *t = &e->times[c->jobs[i]];
		const struct job *job = &e->trace->jobs[c->jobs[i]];

		now = sleep_until(e, e->shared->start_ns + job->intended_ns, now);
		if (engine_stopped(e))
			break;
		t->released_ns = e->shared->start_ns + job->intended_ns;
		t->first_run_ns = now;
		cpu_ns = thread_cpu_ns();
		t->cpu_ns = burn_until(e, cpu_ns + job->service_ns) - cpu_ns;
		now = time_now_ns();
		if (engine_stopped(e))
			break;
		t->done_ns = now;
		atomic_fetch_add(&e->shared->done, 1);
	}
	return NULL;
}

void *batch_main(void *arg)
{
	struct agent *a = arg;

	if (!agent_begin(a))
		burn_until(a->engine, UINT64_MAX);
	return NULL;
}

/* --- ping-pong: hists[0] is the round trip ----------------------------------------------------- */

/* The partner: send back what comes, until the pipe closes. */
static void pong(int in, int out)
{
	char byte;

	while (read(in, &byte, 1) == 1 && write(out, &byte, 1) == 1)
		;
	_exit(0);
}

/* Close all but what the child needs, so that the pipes end when the partner does. */
static void keep_only(int in, int out)
{
	unsigned int low = (unsigned int)(in < out ? in : out),
		     high = (unsigned int)(in < out ? out : in);

	if (low > 3)
		close_range(3, low - 1, 0);
	if (high > low + 1)
		close_range(low + 1, high - 1, 0);
	close_range(high + 1, ~0U, 0);
}

static int start_partner(struct engine *e, struct agent *a)
{
	int ping[2], reply[2];
	pid_t pid;

	if (pipe2(ping, O_CLOEXEC))
		return -errno;
	if (pipe2(reply, O_CLOEXEC)) {
		close(ping[0]);
		close(ping[1]);
		return -EMFILE;
	}
	pid = bare_fork();
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		keep_only(ping[0], reply[1]);
		if (agent_apply(e, class_of(a)->spec))
			_exit(1);
		pong(ping[0], reply[1]);
	}
	close(ping[0]);
	close(reply[1]);
	a->pipe_out = ping[1];
	a->pipe_in = reply[0];
	if (pid < 0)
		return pid;
	a->partner = pid;
	return engine_add_child(e, pid);
}

int pingpong_prepare(struct engine *e, uint32_t class)
{
	struct class_run *c = &e->classes[class];
	int err = 0;

	for (uint32_t i = 0; !err && i < c->agent_count; i++) {
		err = start_partner(e, &c->agents[i]);
		if (!err)
			err = engine_add_process_account(c, c->agents[i].partner);
	}
	return err;
}

void *pingpong_main(void *arg)
{
	struct agent *a = arg;
	uint64_t from, now;
	char byte = 0;

	if (agent_begin(a))
		return NULL;
	now = time_now_ns();
	while (!engine_stopped(a->engine)) {
		from = now;
		if (write(a->pipe_out, &byte, 1) != 1 || read(a->pipe_in, &byte, 1) != 1)
			break;
		now = time_now_ns();
		record(a, 0, from, now);
		a->rounds += in_window(a->engine, from);
	}
	return NULL;
}

/* --- rt-app: hists[0] is the wakeup latency of timers and sleeps, hists[1] a timer's overrun ---- */

struct rtapp_state {
	struct agent *agent;
	const struct rtapp_thread *spec;
	uint64_t due_ns; /* of the next timer; 0 before the first */
	struct {
		size_t begin;
		uint64_t left; /* 0: for ever */
	} loops[8];
	size_t depth;
};

/* An absolute timer: wait for the period's end, or note by how much it has passed. */
static void rtapp_timer(struct rtapp_state *s, uint64_t period_ns)
{
	struct agent *a = s->agent;
	uint64_t now = time_now_ns();

	s->due_ns = (s->due_ns ? s->due_ns : now) + period_ns;
	if (now >= s->due_ns) {
		record(a, 1, s->due_ns, now);
		s->due_ns = now;
		return;
	}
	now = sleep_until(a->engine, s->due_ns, now);
	if (!engine_stopped(a->engine))
		record(a, 0, s->due_ns, now);
	a->rounds += in_window(a->engine, s->due_ns);
}

static void rtapp_sleep(struct rtapp_state *s, uint64_t ns)
{
	uint64_t now = time_now_ns(), due = now + ns;

	now = sleep_until(s->agent->engine, due, now);
	if (!engine_stopped(s->agent->engine))
		record(s->agent, 0, due, now);
}

/* Back to the block's begin, but for a block that has had all its turns. */
static size_t rtapp_loop_end(struct rtapp_state *s, size_t i)
{
	uint64_t *left = &s->loops[s->depth - 1].left;

	if (*left != 1) {
		*left -= *left > 0;
		return s->loops[s->depth - 1].begin;
	}
	s->depth--;
	return i + 1;
}

/* Returns the index of the event to go on with. */
static size_t rtapp_step(struct rtapp_state *s, size_t i)
{
	const struct rtapp_event *event = &s->spec->events[i];

	switch (event->op) {
	case RTAPP_RUN:
		burn_until(s->agent->engine, thread_cpu_ns() + event->value);
		break;
	case RTAPP_SLEEP:
		rtapp_sleep(s, event->value);
		break;
	case RTAPP_TIMER:
		rtapp_timer(s, event->value);
		break;
	case RTAPP_LOOP:
		s->loops[s->depth].begin = i + 1;
		s->loops[s->depth++].left = event->value;
		break;
	case RTAPP_LOOP_END:
		return rtapp_loop_end(s, i);
	}
	return i + 1;
}

/* The task that the class's thread number @index belongs to. */
static const struct rtapp_thread *rtapp_task(const struct rtapp *rtapp, uint32_t index)
{
	const struct rtapp_thread *t = rtapp->threads;

	for (; index >= t->instances; t++)
		index -= t->instances;
	return t;
}

/* The task's own nice value and CPUs, over the class's. */
static int rtapp_apply(const struct engine *e, const struct class_spec *class,
		       const struct rtapp_thread *t)
{
	struct class_spec own = *class;

	if (t->nice)
		own.nice = t->nice;
	if (t->has_cpus) {
		own.has_cpus = true;
		own.cpus = t->cpus;
	}
	return agent_apply(e, &own);
}

void *rtapp_main(void *arg)
{
	struct agent *a = arg;
	const struct class_spec *class = class_of(a)->spec;
	struct rtapp_state s = {.agent = a, .spec = rtapp_task(&class->rtapp, a->index)};

	if (agent_begin(a))
		return NULL;
	a->err = rtapp_apply(a->engine, class, s.spec);
	if (s.spec->delay_ns)
		rtapp_sleep(&s, s.spec->delay_ns);
	for (size_t i = 0; i < s.spec->event_count && !engine_stopped(a->engine);)
		i = rtapp_step(&s, i);
	return NULL;
}

/* --- messages: hists[0] is the workers' wakeup latency, hists[1] a whole request ---------------- */

/* Put the worker on its message thread's list and wake that. */
static void post(struct agent *worker)
{
	struct agent *m = worker->message_thread, *head = atomic_load(&m->waiting);

	atomic_store(&worker->wake, 0);
	do {
		atomic_store(&worker->next_waiting, head);
	} while (!atomic_compare_exchange_weak(&m->waiting, &head, worker));
	atomic_store(&m->wake, 1);
	futex_wake(&m->wake, 1);
}

static void wait_wake(struct agent *a)
{
	while (!atomic_load(&a->wake) && !atomic_load(&a->engine->shared->stop))
		futex_wait(&a->wake, 0);
}

/* Wake every worker that waits; each measures from the moment that its own wake-up is sent. */
void *message_main(void *arg)
{
	struct agent *m = arg, *worker, *next;

	if (agent_begin(m))
		return NULL;
	while (!engine_stopped(m->engine)) {
		wait_wake(m);
		atomic_store(&m->wake, 0);
		for (worker = atomic_exchange(&m->waiting, NULL); worker; worker = next) {
			next = atomic_load(&worker->next_waiting);
			worker->posted_ns = time_now_ns();
			atomic_store(&worker->wake, 1);
			futex_wake(&worker->wake, 1);
		}
	}
	return NULL;
}

static void work(struct agent *a, struct rng *rng)
{
	const struct class_spec *spec = class_of(a)->spec;
	uint64_t service = dist_sample(&spec->service, rng), now;

	for (unsigned int i = 0; i < spec->operations && !engine_stopped(a->engine); i++) {
		now = time_now_ns();
		if (spec->sleep_ns)
			sleep_until(a->engine, now + spec->sleep_ns, now);
		burn_until(a->engine, thread_cpu_ns() + service / spec->operations);
	}
}

void *message_worker_main(void *arg)
{
	struct agent *a = arg;
	struct rng rng;
	uint64_t woken;

	class_stream(a->engine->workload, a->class, a->index, &rng);
	if (agent_begin(a))
		return NULL;
	while (!engine_stopped(a->engine)) {
		post(a);
		wait_wake(a);
		if (engine_stopped(a->engine))
			break;
		woken = time_now_ns();
		record(a, 0, a->posted_ns, woken);
		work(a, &rng);
		if (engine_stopped(a->engine))
			break;
		record(a, 1, a->posted_ns, time_now_ns());
		a->rounds += in_window(a->engine, a->posted_ns);
	}
	return NULL;
}
