// SPDX-License-Identifier: GPL-2.0
/* Load made of processes that come and go: a make-like tree, and stress-ng. */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/cli.h"
#include "lib/fileio.h"
#include "lib/timeutil.h"
#include "workloads/engine.h"

#define STRESS_MAX_ARGS 64
#define YAML_MAX_BYTES	(1 << 20)

pid_t bare_fork(void)
{
	long pid = syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL);

	return pid < 0 ? -errno : (pid_t)pid;
}

bool program_exists(const char *name)
{
	const char *path = getenv("PATH");
	char file[4096];

	for (size_t size; path && *path; path += size + (path[size] == ':')) {
		size = strcspn(path, ":");
		snprintf(file, sizeof(file), "%.*s/%s", (int)size, path, name);
		if (!access(file, X_OK))
			return true;
	}
	return false;
}

/* --- build: hists[0] is a whole build, hists[1] one of its processes ---------------------------- */

/* The tree by levels: leaves first, each @fanin of a level under one of the next, until there is a root. */
struct tree {
	uint32_t count;
	uint32_t *parent;  /* count: none */
	uint32_t *pending; /* children not done */
	uint64_t *service_ns;
	uint64_t *started_ns;
	pid_t *pid;
	uint32_t *ready; /* queue */
	uint32_t ready_head, ready_tail;
};

static uint32_t tree_count(uint32_t leaves, uint32_t fanin)
{
	uint32_t count = leaves;

	for (uint32_t level = leaves; level > 1;) {
		level = (level + fanin - 1) / fanin;
		count += level;
	}
	return count;
}

static void tree_free(struct tree *t)
{
	free(t->parent);
	free(t->pending);
	free(t->service_ns);
	free(t->started_ns);
	free(t->pid);
	free(t->ready);
}

static int tree_init(struct tree *t, const struct class_spec *spec)
{
	uint32_t begin = 0, level = spec->leaves, n = tree_count(spec->leaves, spec->fanin);

	*t = (struct tree){.count = n,
			   .parent = calloc(n, sizeof(*t->parent)),
			   .pending = calloc(n, sizeof(*t->pending)),
			   .service_ns = calloc(n, sizeof(*t->service_ns)),
			   .started_ns = calloc(n, sizeof(*t->started_ns)),
			   .pid = calloc(n, sizeof(*t->pid)),
			   .ready = calloc(n, sizeof(*t->ready))};
	if (!t->parent || !t->pending || !t->service_ns || !t->started_ns || !t->pid || !t->ready)
		return -ENOMEM;
	for (; level > 1; begin += level, level = (level + spec->fanin - 1) / spec->fanin)
		for (uint32_t i = 0; i < level; i++)
			t->parent[begin + i] = begin + level + i / spec->fanin;
	t->parent[n - 1] = n;
	return 0;
}

/* Ready for another build: every leaf can start, services are drawn. */
static void tree_reset(struct tree *t, const struct class_spec *spec, struct rng *rng)
{
	memset(t->pending, 0, t->count * sizeof(*t->pending));
	memset(t->pid, 0, t->count * sizeof(*t->pid));
	t->ready_head = t->ready_tail = 0;
	for (uint32_t i = 0; i < t->count; i++) {
		t->service_ns[i] = dist_sample(&spec->service, rng);
		if (t->parent[i] < t->count)
			t->pending[t->parent[i]]++;
	}
	for (uint32_t i = 0; i < spec->leaves; i++)
		t->ready[t->ready_tail++] = i;
}

static int start_task(struct agent *a, struct tree *t, uint32_t task)
{
	pid_t pid;

	t->started_ns[task] = time_now_ns();
	pid = bare_fork();
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		burn_until(a->engine, t->service_ns[task]);
		_exit(0);
	}
	if (pid < 0)
		return pid;
	t->pid[task] = pid;
	return 0;
}

static void account_child(struct agent *a, const struct rusage *usage)
{
	uint64_t us =
		((uint64_t)usage->ru_utime.tv_sec + (uint64_t)usage->ru_stime.tv_sec) * 1000000 +
		(uint64_t)usage->ru_utime.tv_usec + (uint64_t)usage->ru_stime.tv_usec;

	atomic_fetch_add(&a->engine->classes[a->class].child_cpu_ns, us * NSEC_PER_USEC);
}

/* Wait for one task to end and let its parent know. */
static int finish_task(struct agent *a, struct tree *t)
{
	struct rusage usage;
	uint64_t now;
	uint32_t task, parent;
	pid_t pid;

	do
		pid = wait4(-1, NULL, __WNOTHREAD, &usage);
	while (pid < 0 && errno == EINTR);
	if (pid < 0)
		return -errno;
	now = time_now_ns();
	for (task = 0; task < t->count && t->pid[task] != pid; task++)
		;
	if (task == t->count)
		return 0;
	t->pid[task] = 0;
	if (in_window(a->engine, t->started_ns[task])) {
		hist_add(&a->hists[1], now - t->started_ns[task]);
		account_child(a, &usage);
	}
	parent = t->parent[task];
	if (parent < t->count && !--t->pending[parent])
		t->ready[t->ready_tail++] = parent;
	return 0;
}

static int build_once(struct agent *a, struct tree *t, unsigned int parallel)
{
	unsigned int running = 0;
	int err = 0;

	while (!err && (running || t->ready_head < t->ready_tail)) {
		if (running < parallel && t->ready_head < t->ready_tail &&
		    !engine_stopped(a->engine)) {
			err = start_task(a, t, t->ready[t->ready_head++]);
			running += !err;
		} else if (running) {
			err = finish_task(a, t);
			running--;
		} else {
			break;
		}
	}
	while (running--)
		finish_task(a, t);
	return err;
}

void *build_main(void *arg)
{
	struct agent *a = arg;
	const struct class_spec *spec = a->engine->classes[a->class].spec;
	struct tree tree;
	struct rng rng;
	uint64_t from;

	a->err = tree_init(&tree, spec);
	class_stream(a->engine->workload, a->class, a->index, &rng);
	if (agent_begin(a))
		a->err = -ECANCELED;
	while (!a->err && !engine_stopped(a->engine)) {
		tree_reset(&tree, spec, &rng);
		from = time_now_ns();
		a->err = build_once(a, &tree, class_parallel(spec));
		if (a->err || engine_stopped(a->engine))
			break;
		if (in_window(a->engine, from)) {
			hist_add(&a->hists[0], time_now_ns() - from);
			a->rounds++;
		}
	}
	tree_free(&tree);
	return NULL;
}

/* --- stress-ng ----------------------------------------------------------------------------------- */

/* Cut the file's options into words behind our own. */
static size_t stress_argv(const struct agent *a, char *options, char *timeout, char **argv)
{
	size_t n = 0;
	char *rest;

	argv[n++] = (char *)"stress-ng";
	argv[n++] = (char *)"--timeout";
	argv[n++] = timeout;
	argv[n++] = (char *)"--quiet";
	argv[n++] = (char *)"--metrics";
	argv[n++] = (char *)"--yaml";
	argv[n++] = a->engine->classes[a->class].stress_yaml;
	for (char *word = strtok_r(options, " \t", &rest); word && n < STRESS_MAX_ARGS - 1;
	     word = strtok_r(NULL, " \t", &rest))
		argv[n++] = word;
	argv[n] = NULL;
	return n;
}

static pid_t stress_start(struct agent *a)
{
	const struct shared *shared = a->engine->shared;
	char options[WORKLOAD_ARGS_SIZE], timeout[32], *argv[STRESS_MAX_ARGS];
	uint64_t seconds =
		(shared->measure_to_ns - shared->start_ns + NSEC_PER_SEC - 1) / NSEC_PER_SEC;
	sigset_t none;
	pid_t pid;
	int null;

	snprintf(options, sizeof(options), "%s", a->engine->classes[a->class].spec->args);
	snprintf(timeout, sizeof(timeout), "%llus", (unsigned long long)seconds);
	stress_argv(a, options, timeout, argv);
	pid = bare_fork();
	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	/* What the engine does for its own memory is not stress-ng's: it would survive exec. */
	prctl(PR_SET_THP_DISABLE, 0, 0, 0, 0);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	null = open("/dev/null", O_RDWR);
	for (int fd = 0; null >= 0 && fd < 3; fd++)
		dup2(null, fd);
	execvp("stress-ng", argv);
	_exit(127);
}

/* The sum of "bogo-ops: N" over its stressors. */
static double stress_ops(const char *path)
{
	static const char key[] = "bogo-ops:";
	double sum = NAN;
	char *text;

	if (file_read(path, YAML_MAX_BYTES, &text, NULL))
		return NAN;
	for (const char *at = text; (at = strstr(at, key));) {
		at += sizeof(key) - 1;
		sum = (isnan(sum) ? 0 : sum) + strtod(at, NULL);
	}
	free(text);
	return sum;
}

static int stress_wait(struct agent *a, pid_t pid, struct rusage *usage)
{
	bool told = false;
	int status = 0;

	while (wait4(pid, &status, WNOHANG, usage) == 0) {
		uint64_t now = time_now_ns();

		if (engine_stopped(a->engine) && !told) {
			kill(pid, SIGTERM);
			told = true;
		}
		if (told && now > a->engine->shared->measure_to_ns + 10 * NSEC_PER_SEC)
			kill(pid, SIGKILL);
		clock_nanosleep(CLOCK_MONOTONIC, 0, &(struct timespec){.tv_nsec = 100000000}, NULL);
	}
	if (!told && !(WIFEXITED(status) && WEXITSTATUS(status) == 0))
		return -ENOEXEC;
	return 0;
}

/* CPU time of the whole of its run, since a process tree has no clock that can be read in the middle. */
void *stress_main(void *arg)
{
	struct agent *a = arg;
	struct class_run *c = &a->engine->classes[a->class];
	struct rusage usage = {0};
	pid_t pid;

	if (agent_begin(a))
		return NULL;
	pid = stress_start(a);
	if (pid < 0) {
		a->err = pid;
		return NULL;
	}
	a->err = stress_wait(a, pid, &usage);
	account_child(a, &usage);
	c->stress_ops = stress_ops(c->stress_yaml);
	return NULL;
}
