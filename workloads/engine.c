// SPDX-License-Identifier: GPL-2.0
/*
 * One run: make all threads and processes, let them start at one time, mark the measured window, wait for the last
 * job, end everything. The load itself is in pool.c, agents.c and procs.c; what it gave is in report.c.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/cli.h"
#include "lib/fileio.h"
#include "lib/memlock.h"
#include "lib/sysenv.h"
#include "lib/timeutil.h"
#include "workloads/report.h"

#define SCHED_EXT_POLICY    7
#define WORKER_STACK	    (128 * 1024)
#define START_DELAY_NS	    (20 * NSEC_PER_MSEC)
#define READY_POLL_NS	    NSEC_PER_MSEC
#define DRAIN_POLL_NS	    (10 * NSEC_PER_MSEC)
#define SCHEDSTAT_MAX_BYTES (16 << 20)
#define READY_LIMIT_NS	    (120 * NSEC_PER_SEC)

/* The first version of the kernel's struct sched_attr, which libc does not declare. */
struct sched_attr_v0 {
	uint32_t size;
	uint32_t sched_policy;
	uint64_t sched_flags;
	int32_t sched_nice;
	uint32_t sched_priority;
	uint64_t sched_runtime;
	uint64_t sched_deadline;
	uint64_t sched_period;
};

static int fail(struct engine *e, int err, const char *what)
{
	snprintf(e->error, e->error_size, "%s: %s", what, strerror(-err));
	return err;
}

/*
 * Memory that a fork neither copies nor write-protects. What the dispatcher writes lies in such memory: a page fault
 * after another thread's fork would make it wait for the lock that a later fork holds.
 */
static void *steady_alloc(size_t count, size_t size)
{
	void *p = mmap(NULL, count * size + 1, PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	return p == MAP_FAILED ? NULL : p;
}

static void steady_free(void *p, size_t count, size_t size)
{
	if (p)
		munmap(p, count * size + 1);
}

/* --- what each agent does first ------------------------------------------------------------------ */

static int set_attributes(const struct class_spec *c, bool sched_ext)
{
	struct sched_attr_v0 attr = {.size = sizeof(attr),
				     .sched_policy = sched_ext ? SCHED_EXT_POLICY : SCHED_OTHER,
				     .sched_nice = c->nice,
				     .sched_runtime = c->runtime_ns};

	return syscall(SYS_sched_setattr, 0, &attr, 0) ? -errno : 0;
}

/* The task is called as its class, in every tracer too. */
int agent_apply(const struct engine *e, const struct class_spec *c)
{
	prctl(PR_SET_NAME, c->name, 0, 0, 0);
	if (c->has_cpus && sched_setaffinity(0, sizeof(c->cpus), &c->cpus))
		return -errno;
	return set_attributes(c, e->options->sched_ext);
}

int agent_begin(struct agent *a)
{
	struct engine *e = a->engine;

	a->err = agent_apply(e, e->classes[a->class].spec);
	atomic_fetch_add(&e->ready, 1);
	while (!atomic_load(&e->shared->go))
		futex_wait(&e->shared->go, 0);
	return a->err;
}

/* --- making --------------------------------------------------------------------------------------- */

int engine_add_child(struct engine *e, pid_t pid)
{
	pid_t *grown = realloc(e->children, (e->child_count + 1) * sizeof(*grown));

	if (!grown)
		return -ENOMEM;
	e->children = grown;
	e->children[e->child_count++] = pid;
	return 0;
}

static int add_account(struct class_run *c, clockid_t clock)
{
	struct cpu_account *grown = realloc(c->accounts, (c->account_count + 1) * sizeof(*grown));

	if (!grown)
		return -ENOMEM;
	c->accounts = grown;
	c->accounts[c->account_count++] = (struct cpu_account){.clock = clock};
	return 0;
}

int engine_add_process_account(struct class_run *c, pid_t pid)
{
	clockid_t clock;
	int err = clock_getcpuclockid(pid, &clock);

	return err ? -err : add_account(c, clock);
}

/* A process of a pipeline: read a job's number, do this stage's share, hand the number on. */
static void stage_main(const struct engine *e, const struct class_spec *spec, unsigned int stage,
		       int in, int out)
{
	uint64_t cpu_ns, now;
	uint32_t job;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (agent_apply(e, spec))
		_exit(1);
	cpu_ns = thread_cpu_ns();
	while (read(in, &job, sizeof(job)) == sizeof(job)) {
		uint64_t share =
			(uint64_t)((double)e->trace->jobs[job].service_ns * spec->split[stage]);

		now = burn_until(e, cpu_ns + share);
		e->times[job].cpu_ns += now - cpu_ns;
		cpu_ns = now;
		if (write(out, &job, sizeof(job)) != sizeof(job))
			break;
	}
	_exit(0);
}

/* Chain the pipeline's further stages behind worker @a: worker -> stage 1 -> ... -> worker. */
static int prepare_chain(struct engine *e, struct class_run *c, struct agent *a)
{
	int pipes[WORKLOAD_MAX_STAGES][2], err = 0;
	unsigned int made = 0, stages = c->spec->stages;
	pid_t pid;

	for (; made < stages && !err; made += !err)
		err = pipe2(pipes[made], O_CLOEXEC) ? -errno : 0;
	for (unsigned int s = 1; s < stages && !err; s++) {
		pid = bare_fork();
		if (!pid)
			stage_main(e, c->spec, s, pipes[s - 1][0], pipes[s][1]);
		err = pid < 0 ? pid : engine_add_child(e, pid);
		if (!err)
			err = engine_add_process_account(c, pid);
	}
	for (unsigned int i = 0; i < made; i++) {
		if (i == 0 && !err)
			a->pipe_out = pipes[i][1];
		else
			close(pipes[i][1]);
		if (i == stages - 1 && !err)
			a->pipe_in = pipes[i][0];
		else
			close(pipes[i][0]);
	}
	return err;
}

static uint32_t agents_of(const struct engine *e, uint32_t class)
{
	const struct class_spec *spec = e->classes[class].spec;
	uint32_t count = 0;

	switch (spec->kind) {
	case KIND_JOBS:
	case KIND_FORK:
	case KIND_PIPELINE:
		return pool_size(e, class);
	case KIND_MESSAGE:
		return spec->threads * (1 + spec->workers);
	case KIND_RTAPP:
		for (size_t i = 0; i < spec->rtapp.thread_count; i++)
			count += spec->rtapp.threads[i].instances;
		return count;
	case KIND_BUILD:
	case KIND_STRESS:
		return 1;
	default:
		return spec->threads;
	}
}

static int list_jobs(struct engine *e, uint32_t class)
{
	struct class_run *c = &e->classes[class];
	size_t total = e->trace->class_jobs[class];

	c->jobs = calloc(total ? total : 1, sizeof(*c->jobs));
	if (!c->jobs)
		return -ENOMEM;
	for (size_t i = 0; i < e->trace->count; i++)
		if (e->trace->jobs[i].class == class)
			c->jobs[c->job_count++] = (uint32_t)i;
	return 0;
}

static int make_agents(struct engine *e, uint32_t class)
{
	struct class_run *c = &e->classes[class];

	c->agent_count = agents_of(e, class);
	if (c->agent_count > WORKLOAD_MAX_THREADS)
		return -E2BIG;
	c->agents = steady_alloc(c->agent_count, sizeof(*c->agents));
	if (!c->agents)
		return -ENOMEM;
	for (uint32_t i = 0; i < c->agent_count; i++) {
		struct agent *a = &c->agents[i];

		a->engine = e;
		a->class = class;
		a->index = i;
		a->pipe_in = a->pipe_out = -1;
	}
	return 0;
}

static int make_hists(struct class_run *c)
{
	for (uint32_t i = 0; i < c->agent_count; i++)
		for (int h = 0; h < CLASS_HISTS; h++)
			if (hist_init(&c->agents[i].hists[h], HIST_SUB_BITS_RESULT))
				return -ENOMEM;
	return 0;
}

static int prepare_backlog(struct class_run *c)
{
	c->backlog = steady_alloc(c->job_count, sizeof(*c->backlog));
	return c->backlog ? 0 : -ENOMEM;
}

static int prepare_stress(struct engine *e, struct class_run *c)
{
	int fd;

	if (!program_exists("stress-ng")) {
		snprintf(e->error, e->error_size,
			 "class '%s' needs stress-ng, which is not on PATH; install the package "
			 "stress-ng",
			 c->spec->name);
		return -ENOENT;
	}
	c->stress_yaml = strdup("/tmp/schedlab-stress-XXXXXX");
	fd = c->stress_yaml ? mkostemp(c->stress_yaml, O_CLOEXEC) : -1;
	if (fd < 0)
		return fail(e, c->stress_yaml ? -errno : -ENOMEM, "cannot make a temporary file");
	close(fd);
	return 0;
}

static int check_cpus(struct engine *e, const struct class_spec *spec)
{
	cpu_set_t allowed;

	if (!spec->has_cpus)
		return 0;
	if (sched_getaffinity(0, sizeof(allowed), &allowed))
		return -errno;
	CPU_AND(&allowed, &allowed, &spec->cpus);
	if (CPU_EQUAL(&allowed, &spec->cpus))
		return 0;
	snprintf(e->error, e->error_size,
		 "class '%s' asks for CPUs that this machine or cpuset lacks", spec->name);
	return -EINVAL;
}

static int prepare_class(struct engine *e, uint32_t class)
{
	struct class_run *c = &e->classes[class];
	int err;

	c->spec = &e->workload->classes[class];
	err = check_cpus(e, c->spec);
	if (!err)
		err = list_jobs(e, class);
	if (!err)
		err = make_agents(e, class);
	if (!err && !class_has_jobs(c->spec->kind))
		err = make_hists(c);
	if (!err && class_has_jobs(c->spec->kind) && c->spec->kind != KIND_SLEEPER)
		err = prepare_backlog(c);
	if (!err && c->spec->kind == KIND_STRESS)
		err = prepare_stress(e, c);
	if (err && !e->error[0])
		fail(e, err, "cannot prepare the load");
	return err;
}

/* Processes are made before there are threads. */
static int prepare_processes(struct engine *e, uint32_t class)
{
	struct class_run *c = &e->classes[class];
	int err = 0;

	if (c->spec->kind == KIND_PINGPONG)
		err = pingpong_prepare(e, class);
	for (uint32_t i = 0; c->spec->kind == KIND_PIPELINE && !err && i < c->agent_count; i++)
		err = prepare_chain(e, c, &c->agents[i]);
	return err ? fail(e, err, "cannot make the load's processes") : 0;
}

/* Everything that children see too: the flags and the jobs' times, all pages there from the start. */
static int map_shared(struct engine *e)
{
	e->shared = steady_alloc(1, sizeof(*e->shared));
	e->times = steady_alloc(e->trace->count, sizeof(*e->times));
	if (!e->shared || !e->times)
		return fail(e, -ENOMEM, "cannot map memory for the jobs' times");
	return 0;
}

static void unmap_shared(struct engine *e)
{
	steady_free(e->times, e->trace->count, sizeof(*e->times));
	steady_free(e->shared, 1, sizeof(*e->shared));
}

/* --- the control thread's own state ---------------------------------------------------------------- */

struct control {
	int policy;
	struct sched_param param;
	unsigned long slack_ns;
	struct sigaction pipe_action;
	bool raised, had_huge_pages;
};

/*
 * Above the load, and with SCHED_RESET_ON_FORK so that the load's own tasks begin as SCHED_OTHER. Timer slack 1 ns is
 * inherited by all of them; it would be 50 us. No huge pages: khugepaged, a nice task, holds the lock on the process's
 * memory while it makes one, and where the scheduler under test lets it wait then, the dispatcher waits with it.
 */
static int control_begin(struct engine *e, struct control *control)
{
	struct sched_param priority = {.sched_priority = CONTROL_PRIORITY};
	struct sigaction ignore = {.sa_handler = SIG_IGN};

	control->policy = sched_getscheduler(0);
	sched_getparam(0, &control->param);
	if (sched_setscheduler(0, SCHED_FIFO | SCHED_RESET_ON_FORK, &priority)) {
		snprintf(e->error, e->error_size,
			 "no right to use SCHED_FIFO, which the dispatcher needs: run as root, or "
			 "with CAP_SYS_NICE, or with 'ulimit -r %d'",
			 CONTROL_PRIORITY);
		return -EPERM;
	}
	control->raised = true;
	control->slack_ns = (unsigned long)prctl(PR_GET_TIMERSLACK, 0, 0, 0, 0);
	prctl(PR_SET_TIMERSLACK, 1, 0, 0, 0);
	sigaction(SIGPIPE, &ignore, &control->pipe_action);
	control->had_huge_pages = prctl(PR_GET_THP_DISABLE, 0, 0, 0, 0) == 0;
	prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);
	e->memory_locked = !memory_lock() && !mlockall(MCL_FUTURE | MCL_ONFAULT);
	return 0;
}

static void control_end(struct engine *e, const struct control *control)
{
	if (!control->raised)
		return;
	if (e->memory_locked)
		munlockall();
	sigaction(SIGPIPE, &control->pipe_action, NULL);
	if (control->had_huge_pages)
		prctl(PR_SET_THP_DISABLE, 0, 0, 0, 0);
	prctl(PR_SET_TIMERSLACK, control->slack_ns, 0, 0, 0);
	sched_setscheduler(0, control->policy, &control->param);
}

/* --- threads ----------------------------------------------------------------------------------------- */

static void *(*agent_main(const struct agent *a))(void *)
{
	const struct class_spec *spec = a->engine->classes[a->class].spec;

	switch (spec->kind) {
	case KIND_SLEEPER:
		return sleeper_main;
	case KIND_BATCH:
		return batch_main;
	case KIND_PINGPONG:
		return pingpong_main;
	case KIND_MESSAGE:
		return a->index < spec->threads ? message_main : message_worker_main;
	case KIND_BUILD:
		return build_main;
	case KIND_STRESS:
		return stress_main;
	case KIND_RTAPP:
		return rtapp_main;
	default:
		return pool_worker;
	}
}

static int start_class(struct engine *e, uint32_t class, const pthread_attr_t *attr)
{
	struct class_run *c = &e->classes[class];
	clockid_t clock;
	int err = 0;

	for (uint32_t i = 0; !err && i < c->agent_count; i++) {
		struct agent *a = &c->agents[i];

		if (c->spec->kind == KIND_MESSAGE && c->spec->threads && i >= c->spec->threads)
			a->message_thread = &c->agents[(i - c->spec->threads) % c->spec->threads];
		err = -pthread_create(&a->thread, attr, agent_main(a), a);
		a->started = !err;
		e->agent_total += !err;
		/* A pool's CPU time is the sum of its jobs': reading a thousand clocks would disturb them. */
		if (!err && c->spec->kind != KIND_JOBS && c->spec->kind != KIND_SLEEPER)
			err = pthread_getcpuclockid(a->thread, &clock) ? -ESRCH
								       : add_account(c, clock);
	}
	return err;
}

/* Its stack is left out of forks, for the same reason as steady_alloc()'s memory. */
static int start_dispatcher(struct engine *e, pthread_attr_t *attr)
{
	int err;

	e->dispatcher_stack = mmap(NULL, WORKER_STACK, PROT_READ | PROT_WRITE,
				   MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	if (e->dispatcher_stack == MAP_FAILED) {
		e->dispatcher_stack = NULL;
		return -errno;
	}
	madvise(e->dispatcher_stack, WORKER_STACK, MADV_DONTFORK);
	err = -pthread_attr_setstack(attr, e->dispatcher_stack, WORKER_STACK);
	if (!err)
		err = -pthread_create(&e->dispatcher, attr, dispatcher_main, e);
	e->dispatcher_started = !err;
	e->agent_total += !err;
	return err;
}

static int start_threads(struct engine *e)
{
	pthread_attr_t attr;
	int err;

	err = -pthread_attr_init(&attr);
	if (err)
		return err;
	pthread_attr_setstacksize(&attr, WORKER_STACK);
	for (uint32_t i = 0; !err && i < e->workload->class_count; i++)
		err = start_class(e, i, &attr);
	if (!err)
		err = start_dispatcher(e, &attr);
	pthread_attr_destroy(&attr);
	if (err)
		fail(e, err, "cannot make the load's threads");
	return err;
}

/* --- the course of a run ------------------------------------------------------------------------------ */

/* Wait until @until_ns or for a stop fd. Returns whether one has fired. */
static bool wait_or_stop(struct engine *e, uint64_t until_ns)
{
	const struct load_options *o = e->options;
	struct pollfd fds[8];
	size_t count = o->stop_fd_count < 8 ? o->stop_fd_count : 8;

	for (size_t i = 0; i < count; i++)
		fds[i] = (struct pollfd){.fd = o->stop_fds[i], .events = POLLIN};
	while (e->stopped_by < 0) {
		uint64_t now = time_now_ns();
		struct timespec left = time_spec(until_ns > now ? until_ns - now : 0);

		if (ppoll(fds, count, &left, NULL) > 0)
			for (size_t i = 0; i < count && e->stopped_by < 0; i++)
				if (fds[i].revents)
					e->stopped_by = (int)i;
		if (time_now_ns() >= until_ns)
			break;
	}
	return e->stopped_by >= 0;
}

static int wait_ready(struct engine *e)
{
	uint64_t limit = time_now_ns() + READY_LIMIT_NS;

	while (atomic_load(&e->ready) < e->agent_total) {
		if (wait_or_stop(e, time_now_ns() + READY_POLL_NS))
			return 0;
		if (time_now_ns() > limit) {
			snprintf(e->error, e->error_size,
				 "the load's threads did not get to run in %llu s",
				 READY_LIMIT_NS / NSEC_PER_SEC);
			return -ETIMEDOUT;
		}
	}
	return 0;
}

static int first_agent_error(struct engine *e)
{
	char what[WORKLOAD_NAME_SIZE + 64];

	if (e->dispatcher_err)
		return fail(e, e->dispatcher_err, "cannot make the dispatcher SCHED_FIFO");
	for (uint32_t i = 0; i < e->workload->class_count; i++)
		for (uint32_t k = 0; k < e->classes[i].agent_count; k++)
			if (e->classes[i].agents[k].err) {
				snprintf(what, sizeof(what), "class '%s' cannot go on",
					 e->classes[i].spec->name);
				return fail(e, e->classes[i].agents[k].err, what);
			}
	return 0;
}

static void read_accounts(struct engine *e, bool begins)
{
	for (uint32_t i = 0; i < e->workload->class_count; i++) {
		struct class_run *c = &e->classes[i];

		for (uint32_t k = 0; k < c->account_count; k++) {
			struct cpu_account *account = &c->accounts[k];
			struct timespec t;
			bool read = !clock_gettime(account->clock, &t);
			uint64_t ns =
				read ? (uint64_t)t.tv_sec * NSEC_PER_SEC + (uint64_t)t.tv_nsec : 0;

			if (begins) {
				account->begin_ns = ns;
				account->valid = read;
			} else {
				account->end_ns = ns;
				account->valid &= read;
			}
		}
	}
}

static void mark_window(struct engine *e, bool begins)
{
	read_accounts(e, begins);
	if (e->options->window)
		e->options->window(e->options->user, begins);
}

/* The CPUs that the load may use. */
static void load_cpus(const struct engine *e, cpu_set_t *cpus)
{
	CPU_ZERO(cpus);
	for (uint32_t i = 0; i < e->workload->class_count; i++) {
		const struct class_spec *spec = e->classes[i].spec;
		cpu_set_t allowed;

		if (!sched_getaffinity(0, sizeof(allowed), &allowed))
			CPU_OR(cpus, cpus, spec->has_cpus ? &spec->cpus : &allowed);
	}
}

/* A line "cpuN" of /proc/schedstat: the CPU, and field 7, the time for which it ran tasks. */
static bool schedstat_line(char *line, uint64_t *cpu, uint64_t *ns)
{
	char *rest, *word = strtok_r(line, " ", &rest);

	if (!word || strncmp(word, "cpu", 3) != 0 ||
	    cli_parse_u64(word + 3, 0, CPU_SETSIZE - 1, cpu))
		return false;
	for (int field = 0; word && field < 7; field++)
		word = strtok_r(NULL, " ", &rest);
	return word && !cli_parse_u64(word, 0, UINT64_MAX, ns);
}

/*
 * CPU time that all tasks but the idle ones have had on these CPUs, from the run queues' own clocks. 0 where the kernel
 * does not tell.
 */
static uint64_t busy_now_ns(const struct engine *e)
{
	char *text, *line, *rest;
	uint64_t sum = 0, cpu, ns;
	cpu_set_t cpus;

	if (file_read("/proc/schedstat", SCHEDSTAT_MAX_BYTES, &text, NULL))
		return 0;
	load_cpus(e, &cpus);
	for (rest = text; (line = strsep(&rest, "\n"));)
		if (schedstat_line(line, &cpu, &ns) && CPU_ISSET(cpu, &cpus))
			sum += ns;
	free(text);
	return sum;
}

/* Jobs that are to end by themselves. */
static uint64_t jobs_expected(const struct engine *e)
{
	return e->trace->count - atomic_load(&e->shared->failed);
}

static void run_window(struct engine *e)
{
	struct shared *s = e->shared;
	uint64_t limit, busy_ns = busy_now_ns(e);

	s->start_ns = time_now_ns() + START_DELAY_NS;
	s->measure_from_ns = s->start_ns + e->workload->warmup_ns;
	s->measure_to_ns = s->start_ns + e->trace->duration_ns;
	atomic_store(&s->go, 1);
	futex_wake(&s->go, INT32_MAX);
	if (wait_or_stop(e, s->measure_from_ns))
		return;
	mark_window(e, true);
	wait_or_stop(e, s->measure_to_ns);
	mark_window(e, false);
	if (time_now_ns() < s->measure_to_ns)
		s->measure_to_ns = time_now_ns();
	limit = s->measure_to_ns + e->workload->drain_ns;
	while (e->stopped_by < 0 && atomic_load(&s->done) < jobs_expected(e) &&
	       time_now_ns() < limit)
		wait_or_stop(e, time_now_ns() + DRAIN_POLL_NS);
	if (busy_ns)
		e->busy_ns = busy_now_ns(e) - busy_ns;
}

static void kill_children(struct engine *e)
{
	for (size_t i = 0; i < e->child_count; i++)
		kill(e->children[i], SIGKILL);
	for (size_t i = 0; i < e->child_count; i++)
		while (waitpid(e->children[i], NULL, 0) < 0 && errno == EINTR)
			;
}

/* The write ends that we hold must go, so that a thread which waits for its partner sees the end. */
static void close_pipes(struct class_run *c, bool readers)
{
	for (uint32_t i = 0; i < c->agent_count; i++) {
		int *fd = readers ? &c->agents[i].pipe_in : &c->agents[i].pipe_out;

		if (*fd >= 0)
			close(*fd);
		*fd = -1;
	}
}

static void end_all(struct engine *e)
{
	atomic_store(&e->shared->stop, 1);
	atomic_store(&e->shared->go, 1);
	futex_wake(&e->shared->go, INT32_MAX);
	for (uint32_t i = 0; i < e->workload->class_count; i++)
		pool_wake_all(&e->classes[i]);
	kill_children(e);
	for (uint32_t i = 0; i < e->workload->class_count; i++)
		for (uint32_t k = 0; k < e->classes[i].agent_count; k++)
			if (e->classes[i].agents[k].started)
				pthread_join(e->classes[i].agents[k].thread, NULL);
	if (e->dispatcher_started)
		pthread_join(e->dispatcher, NULL);
	for (uint32_t i = 0; i < e->workload->class_count; i++) {
		close_pipes(&e->classes[i], false);
		close_pipes(&e->classes[i], true);
	}
}

static void free_classes(struct engine *e)
{
	for (uint32_t i = 0; i < WORKLOAD_MAX_CLASSES; i++) {
		struct class_run *c = &e->classes[i];

		for (uint32_t k = 0; c->agents && k < c->agent_count; k++)
			for (int h = 0; h < CLASS_HISTS; h++)
				hist_free(&c->agents[k].hists[h]);
		if (c->stress_yaml)
			unlink(c->stress_yaml);
		free(c->stress_yaml);
		steady_free(c->agents, c->agent_count, sizeof(*c->agents));
		steady_free(c->backlog, c->job_count, sizeof(*c->backlog));
		free(c->jobs);
		free(c->accounts);
	}
	free(e->children);
}

static int run_prepared(struct engine *e)
{
	int err = 0;

	for (uint32_t i = 0; !err && i < e->workload->class_count; i++)
		err = prepare_processes(e, i);
	if (!err)
		err = start_threads(e);
	if (!err)
		err = wait_ready(e);
	if (!err)
		err = first_agent_error(e);
	if (!err && e->stopped_by < 0)
		run_window(e);
	end_all(e);
	return err ? err : first_agent_error(e);
}

static int check_policy(struct engine *e)
{
	if (!e->options->sched_ext || sysenv_has_sched_ext())
		return 0;
	snprintf(e->error, e->error_size,
		 "this kernel has no sched_ext, so there is no SCHED_EXT to put the load into");
	return -ENOTSUP;
}

int load_run(const struct workload *workload, const struct trace *trace,
	     const struct load_options *options, struct load_report **report, char *error,
	     size_t error_size)
{
	struct control control = {.raised = false};
	struct engine *e = steady_alloc(1, sizeof(*e));
	int err;

	error[0] = '\0';
	if (!e) {
		snprintf(error, error_size, "not enough memory");
		return -ENOMEM;
	}
	*e = (struct engine){.workload = workload,
			     .trace = trace,
			     .options = options,
			     .stopped_by = -1,
			     .error = error,
			     .error_size = error_size};
	err = check_policy(e);
	if (!err)
		err = control_begin(e, &control);
	if (!err)
		err = map_shared(e);
	for (uint32_t i = 0; !err && i < workload->class_count; i++)
		err = prepare_class(e, i);
	if (!err) {
		e->spins_per_ns = burn_calibrate();
		err = run_prepared(e);
	}
	control_end(e, &control);
	if (!err)
		err = report_make(e, report);
	if (err && !error[0])
		fail(e, err, "the load cannot run");
	free_classes(e);
	if (e->dispatcher_stack)
		munmap(e->dispatcher_stack, WORKER_STACK);
	unmap_shared(e);
	steady_free(e, 1, sizeof(*e));
	return err;
}
