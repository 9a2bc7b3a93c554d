// SPDX-License-Identifier: GPL-2.0
/* User side of guard.bpf.c, see watch.h. */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

typedef __u64 u64;
typedef __u32 u32;
typedef __s32 s32;
#include "lib/fileio.h"
#include "lib/timeutil.h"
#include "loader/guard.skel.h"
#include "loader/watch.h"

#define SAMPLES	  64  /* per CPU */
#define READ_MAX  256 /* waits */
#define PROBE_MAX 0xffffffffULL

struct watch {
	struct guard_bpf *skel;
	struct bpf_link *iterator;
	const struct guard_cpu *cpus; /* mapped */
	size_t mapped;
	unsigned int cpu_count;
	uint64_t jiffy_ns;
	uint64_t sample_ns[SAMPLES]; /* when */
	uint64_t *held;		     /* [sample * cpu_count + cpu] */
	size_t samples;		     /* taken so far */
	struct guard_wait *buffer;
	char online[8192]; /* the kernel's list of CPUs, as of this walk; "": not read */
};

void watch_cpu(const struct watch *w, unsigned int cpu, struct guard_cpu *account)
{
	const struct guard_cpu *c = &w->cpus[cpu];
	uint64_t seq, now;
	int tries;

	memset(account, 0, sizeof(*account));
	for (tries = 0; tries < 1000; tries++) {
		seq = __atomic_load_n(&c->seq, __ATOMIC_ACQUIRE);
		memcpy(account, c, sizeof(*account));
		__atomic_thread_fence(__ATOMIC_ACQUIRE);
		if (!(seq & 1) && seq == __atomic_load_n(&c->seq, __ATOMIC_RELAXED))
			break;
	}
	now = time_now_ns();
	if (account->since_ns && account->since_ns < now && account->holder < GUARD_HOLDERS)
		account->ns[account->holder] += now - account->since_ns;
}

unsigned int watch_cpu_count(const struct watch *w)
{
	return w->cpu_count;
}

bool watch_knows_bypass(const struct watch *w)
{
	return w->skel->bss->knows_bypass;
}

void watch_sample(struct watch *w)
{
	size_t slot = w->samples % SAMPLES;
	struct guard_cpu account;
	unsigned int cpu;

	w->sample_ns[slot] = time_now_ns();
	for (cpu = 0; cpu < w->cpu_count; cpu++) {
		watch_cpu(w, cpu, &account);
		w->held[slot * w->cpu_count + cpu] = account.ns[GUARD_HELD];
	}
	w->samples++;
}

uint64_t watch_held_since(const struct watch *w, unsigned int cpu, uint64_t since_ns)
{
	size_t kept = w->samples < SAMPLES ? w->samples : SAMPLES, i, slot = 0;
	uint64_t now = time_now_ns(), span = now > since_ns ? now - since_ns : 0, held, unknown = 0;
	struct guard_cpu account;

	if (!kept || cpu >= w->cpu_count)
		return 0;
	for (i = 1; i <= kept; i++) {
		slot = (w->samples - i) % SAMPLES;
		if (w->sample_ns[slot] <= since_ns)
			break;
	}
	/* Before the oldest sample nothing is known: that time is not the scheduler's either. */
	if (w->sample_ns[slot] > since_ns)
		unknown = w->sample_ns[slot] - since_ns;
	watch_cpu(w, cpu, &account);
	held = account.ns[GUARD_HELD] - w->held[slot * w->cpu_count + cpu] + unknown;
	return held < span ? held : span;
}

/* Whether @cpu is in a list like "0-3,5". */
static bool in_list(const char *list, unsigned int cpu)
{
	unsigned long first, last;
	char *end;

	for (; *list; list = end + strspn(end, ",")) {
		first = last = strtoul(list, &end, 10);
		if (*end == '-')
			last = strtoul(end + 1, &end, 10);
		if (end == list)
			break;
		if (cpu >= first && cpu <= last)
			return true;
	}
	return false;
}

/* A CPU that is off has nobody who holds it, and nothing to give. Where the list cannot be read all count as online. */
static void read_online(struct watch *w)
{
	if (!w->online[0] &&
	    file_read_line("/sys/devices/system/cpu/online", w->online, sizeof(w->online)))
		w->online[0] = '\0';
}

/* Of a wait, what the best of the task's CPUs could have given it. */
static uint64_t available(const struct watch *w, const struct guard_wait *g, uint64_t wait_ns)
{
	uint64_t since = time_now_ns() - wait_ns, best = 0, held;
	unsigned int cpu;

	for (cpu = 0; cpu < w->cpu_count && cpu < GUARD_CPU_WORDS * 64; cpu++) {
		if (!(g->cpus[cpu / 64] >> (cpu % 64) & 1) ||
		    (w->online[0] && !in_list(w->online, cpu)))
			continue;
		held = watch_held_since(w, cpu, since);
		/* The clock has gone on since the walk: the whole wait may be held, and a little more. */
		if (held < wait_ns && wait_ns - held > best)
			best = wait_ns - held;
	}
	return best;
}

static void consider(struct watch *w, const struct guard_wait *g, struct watch_wait *worst,
		     bool *found)
{
	uint64_t wait_ns = g->wait_jiffies * w->jiffy_ns, free_ns;

	read_online(w);
	free_ns = available(w, g, wait_ns);
	if (*found && free_ns <= worst->available_ns)
		return;
	*found = true;
	worst->pid = (pid_t)g->pid;
	worst->tgid = (pid_t)g->tgid;
	memcpy(worst->comm, g->comm, sizeof(worst->comm));
	worst->comm[sizeof(worst->comm) - 1] = '\0';
	worst->cpu = (unsigned int)g->cpu;
	worst->wait_ns = wait_ns;
	worst->available_ns = free_ns;
}

static int walk(struct watch *w, uint64_t limit_jiffies, struct watch_wait *worst, bool *found)
{
	ssize_t got;
	size_t i;
	int fd, err = 0;

	w->skel->bss->limit_jiffies = limit_jiffies;
	w->skel->bss->oldest_jiffies = 0;
	w->skel->bss->waiting = 0;
	w->online[0] = '\0';
	*found = false;
	fd = bpf_iter_create(bpf_link__fd(w->iterator));
	if (fd < 0)
		return -errno;
	while ((got = read(fd, w->buffer, READ_MAX * sizeof(*w->buffer))) != 0) {
		if (got < 0 && errno == EAGAIN)
			continue;
		if (got < 0) {
			err = -errno;
			break;
		}
		for (i = 0; i < (size_t)got / sizeof(*w->buffer); i++)
			consider(w, &w->buffer[i], worst, found);
	}
	close(fd);
	return err;
}

int watch_walk(struct watch *w, uint64_t limit_ns, struct watch_wait *worst, bool *found,
	       uint64_t *oldest_ns, uint64_t *waiting)
{
	int err = walk(w, (limit_ns + w->jiffy_ns - 1) / w->jiffy_ns, worst, found);

	*oldest_ns = w->skel->bss->oldest_jiffies * w->jiffy_ns;
	*waiting = w->skel->bss->waiting;
	return err;
}

/*
 * The kernel tells its tick rate nowhere without its config. But jiffies start at -300 s of ticks (in 32 bits), so the
 * rate is the one with which they have come as far as the clock since boot.
 */
static int find_jiffy(struct watch *w)
{
	static const uint64_t rates[] = {100, 250, 300, 1000};
	double up = (double)time_clock_ns(CLOCK_MONOTONIC) / 1e9, best = 1e30, ticks, off;
	struct watch_wait worst;
	bool found;
	size_t i;
	int err = walk(w, PROBE_MAX, &worst, &found);

	if (err)
		return err;
	for (i = 0; i < sizeof(rates) / sizeof(rates[0]); i++) {
		ticks = (double)w->skel->bss->now_jiffies -
			(4294967296.0 - 300.0 * (double)rates[i]);
		off = ticks / (double)rates[i] - up;
		off = off < 0 ? -off : off;
		if (off < best) {
			best = off;
			w->jiffy_ns = NSEC_PER_SEC / rates[i];
		}
	}
	return 0;
}

/* A CPU shows its holder only from a switch on: make one on each. */
static void visit_cpus(const struct watch *w)
{
	cpu_set_t own, one;
	unsigned int cpu;

	if (sched_getaffinity(0, sizeof(own), &own))
		return;
	for (cpu = 0; cpu < w->cpu_count && cpu < CPU_SETSIZE; cpu++) {
		CPU_ZERO(&one);
		CPU_SET(cpu, &one);
		sched_setaffinity(0, sizeof(one), &one);
	}
	sched_setaffinity(0, sizeof(own), &own);
}

static int map_cpus(struct watch *w)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE), size = w->cpu_count * sizeof(struct guard_cpu);
	void *at;

	w->mapped = (size + page - 1) / page * page;
	at = mmap(NULL, w->mapped, PROT_READ, MAP_SHARED, bpf_map__fd(w->skel->maps.cpus), 0);
	if (at == MAP_FAILED)
		return -errno;
	w->cpus = at;
	return 0;
}

static int load(struct watch *w)
{
	int err, cpus = libbpf_num_possible_cpus();

	if (cpus < 1)
		return cpus;
	w->cpu_count = (unsigned int)cpus;
	w->skel->rodata->nr_cpus = w->cpu_count;
	w->skel->rodata->own_tgid = getpid();
	bpf_program__set_autoattach(w->skel->progs.walk, false);
	err = bpf_map__set_max_entries(w->skel->maps.cpus, w->cpu_count);
	err = err ? err : guard_bpf__load(w->skel);
	err = err ? err : map_cpus(w);
	err = err ? err : guard_bpf__attach(w->skel);
	if (err)
		return err;
	w->iterator = bpf_program__attach_iter(w->skel->progs.walk, NULL);
	if (!w->iterator)
		return -errno;
	w->held = calloc((size_t)SAMPLES * w->cpu_count, sizeof(*w->held));
	w->buffer = calloc(READ_MAX, sizeof(*w->buffer));
	if (!w->held || !w->buffer)
		return -ENOMEM;
	err = find_jiffy(w);
	visit_cpus(w);
	watch_sample(w);
	return err;
}

int watch_open(struct watch **watch, char *error, size_t error_size)
{
	struct watch *w = calloc(1, sizeof(*w));
	int err = -ENOMEM;

	*watch = NULL;
	if (w)
		w->skel = guard_bpf__open();
	if (w && w->skel)
		err = load(w);
	if (err) {
		snprintf(error, error_size, "the guard's own BPF programs cannot be loaded: %s",
			 strerror(-err));
		watch_close(w);
		return err;
	}
	*watch = w;
	return 0;
}

void watch_close(struct watch *w)
{
	if (!w)
		return;
	if (w->cpus)
		munmap((void *)w->cpus, w->mapped);
	bpf_link__destroy(w->iterator);
	guard_bpf__destroy(w->skel);
	free(w->held);
	free(w->buffer);
	free(w);
}
