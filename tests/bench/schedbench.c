// SPDX-License-Identifier: GPL-2.0
/*
 * What the schedulers are compared by, in one program that needs no privilege and no library: an open-loop sleeper, CPU
 * hogs, a pipeline of three processes, pipe ping-pong, messaging in groups, and a build-like tree of short processes.
 *
 *	schedbench MODE [key=value]...      prints lines "name value"; times in us, shares of one CPU
 *
 * Modes and their keys (defaults): `schedbench help`. It measures itself, from user space: wakeup latency counts from the
 * intended arrival, so that a late job's successors show it too. It does not know which scheduler it runs under.
 */
#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <sched.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define NSEC	     1000000000ULL
#define MAX_SAMPLES  (1 << 20)
#define MAX_CHILDREN 8192

/* Keys of all modes; each mode reads those that concern it. */
static struct {
	const char *name, *help;
	double value;
} keys[] = {
	{"seconds", "length of the measured part", 10},
	{"hogs", "tasks that never sleep, beside what is measured", 0},
	{"nice", "nice value of the hogs", 0},
	{"sleepers", "sleepers (storm)", 1},
	{"gap_us", "mean gap between arrivals, exponential", 10000},
	{"service_us", "mean service of a job, exponential (disguise: constant)", 500},
	{"pause_us", "sleep of the disguised hog between services", 100},
	{"stage_us", "work of each stage of the pipeline", 20},
	{"noise_pct", "by how much that varies, up and down, uniformly", 0},
	{"hint_us",
	 "what sleepers and the disguised hog ask for with sched_setattr(sched_runtime); 0: "
	 "nothing",
	 0},
	{"near", "so many consecutive CPUs share a core or a cache (place)", 2},
	{"runs", "repetitions with the next seeds, all in one figure (pipeline)", 1},
	{"rounds", "round trips (pingpong), messages per sender (messaging)", 10000},
	{"groups", "groups of senders and receivers (messaging)", 4},
	{"tasks",
	 "senders and as many receivers in a group; jobs of a build (make); spinners (yield)", 8},
	{"jobs", "jobs at once (make)", 4},
	{"start_us", "pause before the measured part begins, beyond 0.1 s", 0},
	{"seed", "seed of arrivals and services", 1},
};

static double key(const char *name)
{
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (!strcmp(keys[i].name, name))
			return keys[i].value;
	abort();
}

static void die(const char *what)
{
	fprintf(stderr, "schedbench: %s: %s\n", what, strerror(errno));
	exit(1);
}

static uint64_t clock_ns(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (uint64_t)t.tv_sec * NSEC + (uint64_t)t.tv_nsec;
}

static uint64_t now_ns(void)
{
	return clock_ns(CLOCK_MONOTONIC);
}

static void sleep_until(uint64_t at_ns)
{
	struct timespec t = {(time_t)(at_ns / NSEC), (long)(at_ns % NSEC)};

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL) == EINTR)
		;
}

/* --- work of known length ---------------------------------------------------------------------------------------- */

static double loops_per_ns;

/* One copy, so that what was calibrated is what runs. */
__attribute__((noinline)) static void spin_loops(uint64_t loops)
{
	for (uint64_t i = 0; i < loops; i++)
		__asm__ volatile("" : : : "memory");
}

static void calibrate(void)
{
	const uint64_t loops = 2000000;

	for (int i = 0; i < 3; i++) {
		uint64_t start = now_ns();
		double rate;

		spin_loops(loops);
		rate = (double)loops / (double)(now_ns() - start);
		if (rate > loops_per_ns)
			loops_per_ns = rate;
	}
}

/* Run for @ns of CPU time of one's own, whoever interrupts. */
static void work_ns(double ns)
{
	spin_loops((uint64_t)(ns * loops_per_ns));
}

/* --- random numbers: splitmix64, exponential by inversion ----------------------------------------------------------- */

/* In [0, 1). */
static double random_uniform(uint64_t *state)
{
	uint64_t z = (*state += 0x9e3779b97f4a7c15ULL);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
	z ^= z >> 31;
	return (double)(z >> 11) / 9007199254740992.0;
}

static double random_exponential(uint64_t *state, double mean)
{
	return -mean * log1p(-random_uniform(state));
}

/* --- samples, in memory shared by all processes --------------------------------------------------------------------- */

struct samples {
	_Atomic uint64_t count;
	uint64_t ns[MAX_SAMPLES];
};

static struct samples *samples_new(void)
{
	void *m = mmap(NULL, sizeof(struct samples), PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (m == MAP_FAILED)
		die("memory for the samples");
	return m;
}

static void sample(struct samples *s, uint64_t from_ns, uint64_t to_ns)
{
	uint64_t i = s->count++;

	if (i < MAX_SAMPLES)
		s->ns[i] = to_ns > from_ns ? to_ns - from_ns : 0;
}

static int compare_u64(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static void samples_print(struct samples *s, const char *name)
{
	static const struct {
		const char *name;
		double q;
	} quantiles[] = {{"p50", .5}, {"p90", .9}, {"p99", .99}, {"p999", .999}, {"max", 1}};
	uint64_t n = s->count < MAX_SAMPLES ? s->count : MAX_SAMPLES;
	double sum = 0;

	printf("%s_count %llu\n", name, (unsigned long long)s->count);
	if (!n)
		return;
	qsort(s->ns, n, sizeof(s->ns[0]), compare_u64);
	for (uint64_t i = 0; i < n; i++)
		sum += (double)s->ns[i];
	printf("%s_mean %.3f\n", name, sum / (double)n / 1e3);
	for (size_t i = 0; i < sizeof(quantiles) / sizeof(quantiles[0]); i++) {
		double rank = ceil(quantiles[i].q * (double)n);

		printf("%s_%s %.3f\n", name, quantiles[i].name,
		       (double)s->ns[rank < 1 ? 0 : (uint64_t)rank - 1] / 1e3);
	}
}

/* --- children ------------------------------------------------------------------------------------------------------- */

static struct {
	pid_t pid[MAX_CHILDREN];
	int count;
} children;

/* fork() that is remembered; true in the child. */
static bool child(void)
{
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid < 0)
		die("fork");
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, 9);
		prctl(PR_SET_TIMERSLACK, 1);
		return true;
	}
	if (children.count < MAX_CHILDREN)
		children.pid[children.count++] = pid;
	return false;
}

static double cpu_seconds(const struct rusage *r)
{
	return (double)(r->ru_utime.tv_sec + r->ru_stime.tv_sec) +
	       (double)(r->ru_utime.tv_usec + r->ru_stime.tv_usec) / 1e6;
}

/* Wait for child @i; its CPU time in seconds. A child that failed makes us fail. */
static double child_wait(int i)
{
	struct rusage r;
	int status;

	while (wait4(children.pid[i], &status, 0, &r) < 0)
		if (errno != EINTR)
			die("wait");
	if (!WIFEXITED(status) || WEXITSTATUS(status)) {
		fprintf(stderr, "schedbench: a child failed\n");
		exit(1);
	}
	return cpu_seconds(&r);
}

/* --- the parts ------------------------------------------------------------------------------------------------------ */

static uint64_t hogs_ns, begin_ns, end_ns;

/* Of each hog from begin_ns to end_ns: longest time off the CPU, CPU time. */
static struct samples *hog_gaps, *hog_cpu;

static void hog(void)
{
	uint64_t last, longest = 0, cpu;

	prctl(PR_SET_NAME, "hog");
	sleep_until(hogs_ns);
	while ((last = now_ns()) < begin_ns)
		work_ns(5000);
	cpu = clock_ns(CLOCK_PROCESS_CPUTIME_ID);
	while (last < end_ns) {
		uint64_t t;

		work_ns(5000);
		t = now_ns();
		if (t - last > longest)
			longest = t - last;
		last = t;
	}
	sample(hog_cpu, cpu, clock_ns(CLOCK_PROCESS_CPUTIME_ID));
	sample(hog_gaps, 0, longest);
	_exit(0);
}

/* The kernel's struct sched_attr, as it was first; the C library has none before 2.41. */
struct attr {
	uint32_t size, policy;
	uint64_t flags;
	int32_t nice;
	uint32_t priority;
	uint64_t runtime, deadline, period;
};

/* Tell the scheduler how long a job takes. */
static void ask_for(double ns)
{
	struct attr a = {.size = sizeof(a), .runtime = (uint64_t)ns};

	if (ns > 0 && syscall(SYS_sched_setattr, 0, &a, 0))
		die("sched_setattr");
}

/* One Poisson stream of jobs from begin_ns to end_ns: latency is intended arrival to first instruction of the job. */
static void sleeper(uint64_t seed, struct samples *s, struct samples *sojourn)
{
	double at = (double)begin_ns, gap_ns = key("gap_us") * 1e3,
	       service_ns = key("service_us") * 1e3;

	prctl(PR_SET_NAME, "sleeper");
	ask_for(key("hint_us") * 1e3);
	for (;;) {
		uint64_t intended;

		at += random_exponential(&seed, gap_ns);
		intended = (uint64_t)at;
		if (intended >= end_ns)
			_exit(0);
		sleep_until(intended);
		sample(s, intended, now_ns());
		work_ns(random_exponential(&seed, service_ns));
		if (sojourn)
			sample(sojourn, intended, now_ns());
	}
}

static void transfer(int fd, void *data, size_t size, bool out)
{
	char *p = data;

	while (size) {
		ssize_t n = out ? write(fd, p, size) : read(fd, p, size);

		if (n == 0)
			_exit(0);
		if (n < 0 && errno != EINTR)
			die(out ? "write" : "read");
		if (n > 0) {
			p += n;
			size -= (size_t)n;
		}
	}
}

static void new_pipe(int fd[2])
{
	if (pipe(fd))
		die("pipe");
}

/*
 * Fork the hogs and say when the run begins and ends. All children are there before the hogs begin (forking beside hogs
 * takes its time), and a scheduler has a while to see that they are hogs. Returns the number of children before them.
 */
static int start_hogs(void)
{
	int first = children.count, n = (int)key("hogs");

	hog_gaps = samples_new();
	hog_cpu = samples_new();
	hogs_ns = now_ns() + NSEC / 10 + (uint64_t)(key("start_us") * 1e3);
	begin_ns = hogs_ns + NSEC / 5;
	end_ns = begin_ns + (uint64_t)(key("seconds") * 1e9);
	for (int i = 0; i < n; i++)
		if (child()) {
			if (setpriority(PRIO_PROCESS, 0, (int)key("nice")))
				die("nice");
			hog();
		}
	return first;
}

static void finish_hogs(int first)
{
	double total = 0, least = 1e9, most = 0;
	int n = (int)key("hogs");

	for (int i = 0; i < n; i++)
		child_wait(first + i);
	for (int i = 0; i < n; i++) {
		double cpu = (double)hog_cpu->ns[i] / 1e9 / key("seconds");

		total += cpu;
		least = cpu < least ? cpu : least;
		most = cpu > most ? cpu : most;
	}
	if (n) {
		printf("hogs_share %.5f\nhogs_least %.5f\nhogs_most %.5f\n", total, least, most);
		samples_print(hog_gaps, "hogs_wait");
	}
}

/* --- the modes ------------------------------------------------------------------------------------------------------ */

/* Sleepers, each a Poisson stream, beside hogs. */
static void mode_mix(void)
{
	struct samples *wakeup = samples_new(), *sojourn = samples_new();
	int n = (int)key("sleepers"), first = start_hogs();

	for (int i = 0; i < n; i++)
		if (child())
			sleeper((uint64_t)key("seed") * 1000 + (uint64_t)i, wakeup, sojourn);
	finish_hogs(first);
	for (int i = children.count - n; i < children.count; i++)
		child_wait(i);
	samples_print(wakeup, "wakeup");
	samples_print(sojourn, "sojourn");
}

/* The same with one more hog that sleeps pause_us after each service_us, to look like a sleeper. */
static void mode_disguise(void)
{
	struct samples *wakeup = samples_new(), *disguised = samples_new();
	int first = start_hogs(), last;
	double service_ns = key("service_us") * 1e3;

	if (child()) {
		uint64_t t;

		ask_for(key("hint_us") * 1e3);
		sleep_until(begin_ns);
		while ((t = now_ns()) < end_ns) {
			work_ns(service_ns);
			t = now_ns() + (uint64_t)(key("pause_us") * 1e3);
			sleep_until(t);
			sample(disguised, t, now_ns());
		}
		_exit(0);
	}
	last = children.count - 1;
	keys[5].value = 500; /* the real sleeper's service */
	if (child())
		sleeper((uint64_t)key("seed"), wakeup, NULL);
	finish_hogs(first);
	printf("disguised_share %.5f\n", child_wait(last) / key("seconds"));
	child_wait(last + 1);
	samples_print(disguised, "disguised");
	samples_print(wakeup, "wakeup");
}

/* A stage of the pipeline: read a request, which is its intended arrival, work, pass it on. */
static void stage(int in, int out, uint64_t seed)
{
	double noise = key("noise_pct") / 100;
	uint64_t intended_ns;

	for (;;) {
		transfer(in, &intended_ns, sizeof(intended_ns), false);
		work_ns(key("stage_us") * 1e3 * (1 + noise * (2 * random_uniform(&seed) - 1)));
		transfer(out, &intended_ns, sizeof(intended_ns), true);
	}
}

/*
 * client -> server -> helper -> client, a request at a time from a Poisson stream; latency from the intended arrival to
 * the answer.
 */
static void pipeline(struct samples *end_to_end, uint64_t seed)
{
	int server[2], helper[2], answer[2], first = start_hogs(), client;

	new_pipe(server);
	new_pipe(helper);
	new_pipe(answer);
	if (child())
		stage(server[0], helper[1], seed + 1000);
	if (child())
		stage(helper[0], answer[1], seed + 2000);
	client = children.count;
	if (child()) {
		double at = (double)begin_ns;

		for (;;) {
			uint64_t intended_ns;

			at += random_exponential(&seed, key("gap_us") * 1e3);
			if ((uint64_t)at >= end_ns)
				_exit(0);
			intended_ns = (uint64_t)at;
			sleep_until(intended_ns);
			transfer(server[1], &intended_ns, sizeof(intended_ns), true);
			transfer(answer[0], &intended_ns, sizeof(intended_ns), false);
			sample(end_to_end, intended_ns, now_ns());
		}
	}
	finish_hogs(first);
	child_wait(client);
}

static void mode_pipeline(void)
{
	struct samples *end_to_end = samples_new();

	for (int run = 0; run < (int)key("runs"); run++)
		pipeline(end_to_end, (uint64_t)key("seed") + (uint64_t)run);
	samples_print(end_to_end, "end_to_end");
}

/* A shell's shape: for each request a process that works and is gone; latency from the intended arrival to its end. */
static void mode_spawn(void)
{
	struct samples *end_to_end = samples_new();
	int first = start_hogs(), client = children.count;

	if (child()) {
		uint64_t seed = (uint64_t)key("seed");
		double at = (double)begin_ns;

		children.count = 0;
		for (;;) {
			at += random_exponential(&seed, key("gap_us") * 1e3);
			if ((uint64_t)at >= end_ns)
				_exit(0);
			sleep_until((uint64_t)at);
			children.count = 0;
			if (child()) {
				work_ns(key("service_us") * 1e3);
				_exit(0);
			}
			child_wait(0);
			sample(end_to_end, (uint64_t)at, now_ns());
		}
	}
	finish_hogs(first);
	child_wait(client);
	samples_print(end_to_end, "end_to_end");
}

/*
 * Where tasks are put: each works service_us and sleeps pause_us in turn. Counts how often one came to CPUs that are not
 * near those where it was, and the share of the work that was done with another task at work near by.
 */
struct places {
	_Atomic int cpu[64]; /* -1: sleeps */
	_Atomic uint64_t works, moves, looks, shared;
	struct samples *wakeup;
};

static void place_run(struct places *p, int self, int tasks, uint64_t seed)
{
	int near = (int)key("near"), last = -1;
	bool shared = false;

	sleep_until(begin_ns);
	while (now_ns() < end_ns) {
		uint64_t end_of_work = now_ns() +
				       (uint64_t)random_exponential(&seed, key("service_us") * 1e3),
			 end_of_pause;

		p->works++;
		while (now_ns() < end_of_work) {
			int cpu = sched_getcpu();

			p->cpu[self] = cpu;
			if (last >= 0 && cpu / near != last / near)
				p->moves++;
			last = cpu;
			shared = false;
			for (int i = 0; i < tasks; i++)
				shared |= i != self && p->cpu[i] >= 0 && p->cpu[i] != cpu &&
					  p->cpu[i] / near == cpu / near;
			p->looks++;
			p->shared += shared;
			work_ns(20e3);
		}
		p->cpu[self] = -1;
		end_of_pause =
			now_ns() + (uint64_t)random_exponential(&seed, key("pause_us") * 1e3);
		sleep_until(end_of_pause);
		sample(p->wakeup, end_of_pause, now_ns());
	}
	_exit(0);
}

static void mode_place(void)
{
	struct places *p =
		mmap(NULL, sizeof(*p), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int first = start_hogs(), tasks = (int)key("tasks") < 64 ? (int)key("tasks") : 64;

	if (p == MAP_FAILED)
		die("memory");
	p->wakeup = samples_new();
	for (int i = 0; i < tasks; i++)
		p->cpu[i] = -1;
	for (int i = 0; i < tasks; i++)
		if (child())
			place_run(p, i, tasks, (uint64_t)key("seed") * 1000 + (uint64_t)i);
	finish_hogs(first);
	for (int i = children.count - tasks; i < children.count; i++)
		child_wait(i);
	printf("works %llu\nmoves %.4f\nshared %.4f\n", (unsigned long long)p->works,
	       (double)p->moves / (double)p->works, (double)p->shared / (double)p->looks);
	samples_print(p->wakeup, "wakeup");
}

/* Two processes, one byte there and back. */
static void mode_pingpong(void)
{
	uint64_t rounds = (uint64_t)key("rounds"), start;
	int there[2], back[2];
	char byte = 0;

	new_pipe(there);
	new_pipe(back);
	if (child()) {
		close(there[1]);
		for (;;) {
			transfer(there[0], &byte, 1, false);
			transfer(back[1], &byte, 1, true);
		}
	}
	start = now_ns();
	for (uint64_t i = 0; i < rounds; i++) {
		transfer(there[1], &byte, 1, true);
		transfer(back[0], &byte, 1, false);
	}
	printf("round_trip %.3f\n", (double)(now_ns() - start) / 1e3 / (double)rounds);
	close(there[1]);
	child_wait(0);
}

/* hackbench's shape: in each group every sender sends to every receiver. */
static void mode_messaging(void)
{
	int groups = (int)key("groups"), tasks = (int)key("tasks"), rounds = (int)key("rounds");
	uint64_t start = now_ns();
	char message[100] = "";

	for (int g = 0; g < groups; g++) {
		int fd[64][2];

		for (int i = 0; i < tasks && i < 64; i++)
			if (socketpair(AF_UNIX, SOCK_STREAM, 0, fd[i]))
				die("socketpair");
		for (int i = 0; i < tasks && i < 64; i++)
			if (child()) {
				for (int n = 0; n < rounds * tasks; n++)
					transfer(fd[i][0], message, sizeof(message), false);
				_exit(0);
			}
		for (int i = 0; i < tasks && i < 64; i++)
			if (child()) {
				for (int n = 0; n < rounds; n++)
					for (int to = 0; to < tasks; to++)
						transfer(fd[to][1], message, sizeof(message), true);
				_exit(0);
			}
		for (int i = 0; i < tasks && i < 64; i++) {
			close(fd[i][0]);
			close(fd[i][1]);
		}
	}
	for (int i = 0; i < children.count; i++)
		child_wait(i);
	printf("elapsed %.3f\n", (double)(now_ns() - start) / 1e3);
}

/* make -jN's shape: a driver that keeps N short-lived workers going, each mostly computing, some output in a pipe. */
static void mode_make(void)
{
	int tasks = (int)key("tasks"), jobs = (int)key("jobs"), running = 0;
	uint64_t seed = (uint64_t)key("seed"), start = now_ns();
	int out[2];

	new_pipe(out);
	for (int i = 0; i < tasks; i++) {
		double cost = random_exponential(&seed, key("service_us") * 1e3);

		if (running == jobs) {
			char line[64];

			transfer(out[0], line, sizeof(line), false);
			child_wait(i - running);
			running--;
		}
		if (child()) {
			char line[64] = "done";
			char *memory = malloc(1 << 18);

			if (!memory)
				die("memory");
			memset(memory, 1, 1 << 18);
			work_ns(cost);
			transfer(out[1], line, sizeof(line), true);
			_exit(memory[1] != 1);
		}
		running++;
	}
	for (int i = children.count - running; i < children.count; i++)
		child_wait(i);
	printf("elapsed %.3f\n", (double)(now_ns() - start) / 1e3);
}

/* Threads that give the CPU up after service_us of work by sched_yield(): a dispatch each time. */
struct yielder {
	pthread_t thread;
	uint64_t turns, cpu_ns;
};

static void *yielder_run(void *data)
{
	struct yielder *y = data;

	sleep_until(begin_ns);
	while (now_ns() < end_ns) {
		work_ns(key("service_us") * 1e3);
		y->turns++;
		sched_yield();
	}
	y->cpu_ns = clock_ns(CLOCK_THREAD_CPUTIME_ID);
	return NULL;
}

static void mode_yield(void)
{
	int tasks = (int)key("tasks"), first = start_hogs();
	struct yielder *y = calloc((size_t)tasks, sizeof(*y));
	double turns = 0, total_ns = 0;
	pthread_attr_t attr;

	if (!y || pthread_attr_init(&attr) || pthread_attr_setstacksize(&attr, 65536))
		die("memory");
	for (int i = 0; i < tasks; i++)
		if (pthread_create(&y[i].thread, &attr, yielder_run, &y[i]))
			die("thread");
	for (int i = 0; i < tasks; i++) {
		pthread_join(y[i].thread, NULL);
		turns += (double)y[i].turns;
		total_ns += (double)y[i].cpu_ns;
	}
	finish_hogs(first);
	printf("yielders_share %.5f\nturns %.0f\nturn %.3f\n", total_ns / (key("seconds") * 1e9),
	       turns, key("seconds") * 1e6 / turns);
	free(y);
}

static const struct {
	const char *name, *help;
	void (*run)(void);
} modes[] = {
	{"mix", "sleepers beside hogs", mode_mix},
	{"disguise", "a sleeper, hogs, and a hog that sleeps now and then", mode_disguise},
	{"pipeline", "client, server and helper beside hogs", mode_pipeline},
	{"spawn", "a short process for each request, beside hogs", mode_spawn},
	{"place", "which CPUs tasks are put on", mode_place},
	{"pingpong", "one byte through two pipes and back", mode_pingpong},
	{"messaging", "groups of senders and receivers", mode_messaging},
	{"make", "many short processes, some at a time", mode_make},
	{"yield", "spinners that yield", mode_yield},
};

static int help(FILE *to, int status)
{
	fprintf(to, "schedbench MODE [key=value]...\n");
	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++)
		fprintf(to, "  %-12s %s\n", modes[i].name, modes[i].help);
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		fprintf(to, "  %-12s %s (%g)\n", keys[i].name, keys[i].help, keys[i].value);
	return status;
}

static void key_set(const char *text)
{
	const char *equals = strchr(text, '=');
	char *end;

	for (size_t i = 0; equals && i < sizeof(keys) / sizeof(keys[0]); i++)
		if (strlen(keys[i].name) == (size_t)(equals - text) &&
		    !strncmp(text, keys[i].name, strlen(keys[i].name))) {
			keys[i].value = strtod(equals + 1, &end);
			if (*end || end == equals + 1 || !isfinite(keys[i].value))
				break;
			return;
		}
	fprintf(stderr, "schedbench: no such key, or not a number: %s\n", text);
	exit(2);
}

int main(int argc, char **argv)
{
	if (argc < 2)
		return help(stderr, 2);
	if (!strcmp(argv[1], "help"))
		return help(stdout, 0);
	for (int i = 2; i < argc; i++)
		key_set(argv[i]);
	prctl(PR_SET_TIMERSLACK, 1);
	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++)
		if (!strcmp(argv[1], modes[i].name)) {
			calibrate();
			modes[i].run();
			return 0;
		}
	fprintf(stderr, "schedbench: no mode %s\n", argv[1]);
	return 2;
}
