// SPDX-License-Identifier: GPL-2.0
/*
 * The dispatcher and its pools. A job is bound to a thread when it is released, a thread has one job at a time, and
 * the pool is large enough for every job that can be outstanding: so the scheduler's queue of threads is the queue of
 * jobs, and whatever order it serves them in is seen. Threads found wanting, jobs wait here first come first served,
 * and are counted.
 *
 * A pool's state is one 64-bit word: the top of the stack of idle workers (low half, index + 1) or the number of jobs
 * that wait for one (high half); never both. Only the dispatcher takes workers off the stack, so there is no ABA.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <signal.h>
#include <unistd.h>

#include "lib/timeutil.h"
#include "workloads/engine.h"
#include "workloads/oracle.h"

#define POOL_MIN 64

/* Twice what the most crowded of first-come-first-served and processor sharing would have outstanding. */
uint32_t pool_size(const struct engine *e, uint32_t class)
{
	const struct class_run *c = &e->classes[class];
	size_t most;

	if (c->spec->threads)
		return c->spec->threads;
	most = 2 * oracle_max_outstanding(e->trace, class);
	if (most < POOL_MIN)
		most = POOL_MIN;
	if (most > c->job_count)
		most = c->job_count;
	if (most > WORKLOAD_MAX_THREADS / 2)
		most = WORKLOAD_MAX_THREADS / 2;
	return most ? (uint32_t)most : 1;
}

/* Give @job to an idle worker, or leave it in the backlog. Dispatcher only. */
static void pool_give(struct class_run *c, uint32_t job)
{
	uint64_t head = atomic_load(&c->head), next;
	struct agent *a = NULL;

	do {
		uint32_t top = (uint32_t)head;

		if (top) {
			a = &c->agents[top - 1];
			next = a->next_idle;
		} else {
			c->backlog[c->backlog_tail] = job;
			a = NULL;
			next = head + (1ULL << 32);
		}
	} while (!atomic_compare_exchange_weak(&c->head, &head, next));
	if (!a) {
		c->backlog_tail++;
		c->queued++;
		return;
	}
	a->job = job;
	atomic_store(&a->wake, 1);
	futex_wake(&a->wake, 1);
}

/* The next job of the backlog for worker @a, or NO_JOB after it has gone idle. */
static uint32_t pool_take(struct class_run *c, struct agent *a)
{
	uint64_t head = atomic_load(&c->head), next;

	do {
		if (head >> 32) {
			next = head - (1ULL << 32);
		} else {
			atomic_store(&a->wake, 0);
			a->next_idle = (uint32_t)head;
			next = a->index + 1;
		}
	} while (!atomic_compare_exchange_weak(&c->head, &head, next));
	if (head >> 32)
		return c->backlog[atomic_fetch_add(&c->backlog_head, 1)];
	return NO_JOB;
}

static uint32_t pool_wait(struct class_run *c, struct agent *a)
{
	uint32_t job = pool_take(c, a);

	if (job != NO_JOB)
		return job;
	/* Sequentially consistent, as the stores of pool_wake_all(), so that a stop cannot be missed. */
	while (!atomic_load(&a->wake) && !atomic_load(&a->engine->shared->stop))
		futex_wait(&a->wake, 0);
	return atomic_load(&a->engine->shared->stop) ? NO_JOB : a->job;
}

/* After the stop is set. */
void pool_wake_all(struct class_run *c)
{
	for (uint32_t i = 0; i < c->agent_count; i++) {
		atomic_store(&c->agents[i].wake, 2);
		futex_wake(&c->agents[i].wake, 1);
	}
}

/* Pass the job through the pipeline's other processes; they note their own CPU time. */
static int run_chain(struct agent *a, uint32_t job)
{
	uint32_t reply;

	if (write(a->pipe_out, &job, sizeof(job)) != sizeof(job) ||
	    read(a->pipe_in, &reply, sizeof(reply)) != sizeof(reply))
		return -EPIPE;
	return 0;
}

/* In the new process. Nothing but system calls: the other threads' locks are in an unknown state. */
static void child_job(const struct engine *e, uint32_t job)
{
	struct job_times *t = &e->times[job];

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	t->first_run_ns = time_now_ns();
	t->cpu_ns = burn_until(e, e->trace->jobs[job].service_ns);
	t->done_ns = engine_stopped(e) ? 0 : time_now_ns();
	_exit(0);
}

static int run_process(struct agent *a, uint32_t job)
{
	struct engine *e = a->engine;
	pid_t pid = bare_fork();

	if (pid < 0)
		return pid;
	if (!pid)
		child_job(e, job);
	while (waitpid(pid, NULL, __WALL) < 0 && errno == EINTR)
		;
	if (e->times[job].done_ns && in_window(e, e->times[job].done_ns))
		atomic_fetch_add(&e->classes[a->class].child_cpu_ns, e->times[job].cpu_ns);
	return 0;
}

/*
 * A job's service is the CPU time of its thread from the end of the thread's job before (@cpu_ns) on, so that going to
 * sleep, being woken and switched to are part of it and cost the trace nothing. Returns the clock at its end.
 */
static uint64_t run_job(struct agent *a, uint32_t job, uint64_t cpu_ns)
{
	struct engine *e = a->engine;
	const struct class_spec *spec = e->classes[a->class].spec;
	struct job_times *t = &e->times[job];
	uint64_t service = e->trace->jobs[job].service_ns, now;
	int err = 0;

	if (spec->kind == KIND_FORK) {
		err = run_process(a, job);
		now = cpu_ns;
	} else {
		t->first_run_ns = time_now_ns();
		if (spec->kind == KIND_PIPELINE)
			service = (uint64_t)((double)service * spec->split[0]);
		now = burn_until(e, cpu_ns + service);
		t->cpu_ns = now - cpu_ns;
		if (spec->kind == KIND_PIPELINE)
			err = run_chain(a, job);
		if (!err && !engine_stopped(e))
			t->done_ns = time_now_ns();
	}
	if (t->done_ns)
		atomic_fetch_add(&e->shared->done, 1);
	else if (err && !engine_stopped(e))
		atomic_fetch_add(&e->shared->failed, 1);
	return now;
}

void *pool_worker(void *arg)
{
	struct agent *a = arg;
	struct class_run *c = &a->engine->classes[a->class];
	uint64_t cpu_ns;
	uint32_t job;

	if (agent_begin(a))
		return NULL;
	cpu_ns = thread_cpu_ns();
	while ((job = pool_wait(c, a)) != NO_JOB && !engine_stopped(a->engine))
		cpu_ns = run_job(a, job, cpu_ns);
	return NULL;
}

static bool is_pool(enum class_kind kind)
{
	return kind == KIND_JOBS || kind == KIND_PIPELINE || kind == KIND_FORK;
}

/* Wait for each job's time and release it. Sleeps are absolute; what is due already is released without one. */
void *dispatcher_main(void *arg)
{
	struct engine *e = arg;
	struct sched_param priority = {.sched_priority = DISPATCH_PRIORITY};
	uint64_t now, cpu_ns;

	prctl(PR_SET_NAME, "dispatcher", 0, 0, 0);
	e->dispatcher_err = -pthread_setschedparam(pthread_self(), SCHED_FIFO, &priority);
	atomic_fetch_add(&e->ready, 1);
	while (!atomic_load(&e->shared->go))
		futex_wait(&e->shared->go, 0);
	now = time_now_ns();
	cpu_ns = thread_cpu_ns();
	for (size_t i = 0; i < e->trace->count && !engine_stopped(e); i++) {
		const struct job *job = &e->trace->jobs[i];
		uint64_t due = e->shared->start_ns + job->intended_ns;
		struct class_run *c = &e->classes[job->class];

		if (!is_pool(c->spec->kind))
			continue;
		if (now < due)
			now = sleep_until(e, due, now);
		else
			now = time_now_ns();
		if (engine_stopped(e))
			break;
		e->times[i].released_ns = now;
		e->dispatched++;
		pool_give(c, (uint32_t)i);
	}
	e->dispatcher_cpu_ns = thread_cpu_ns() - cpu_ns;
	return NULL;
}
