// SPDX-License-Identifier: GPL-2.0
/*
 * The ledger's life: open, start, poll, stop, close, and the waits that are open. Reading what it has summed is in
 * ledger_snapshot.c and ledger_rows.c; it draws and prints nothing.
 */
#include "observe/ledger.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/perf_event.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "lib/cli.h"
#include "lib/fileio.h"
#include "lib/sysenv.h"
#include "lib/timeutil.h"
#include "observe/ledger_internal.h"

#define CGROUP_ROOT  "/sys/fs/cgroup"
#define CGROUP_MAGIC 0x63677270 /* CGROUP2_SUPER_MAGIC */

void ledger_options_all(struct ledger_options *options)
{
	*options = (struct ledger_options){
		.intervals = (1u << LEDGER_NR_INTERVALS) - 1,
		.accounts = true,
	};
}

/* --- options that name something ---------------------------------------------------------------------- */

static int check_process(struct ledger *ledger, char *error, size_t size)
{
	pid_t tgid = ledger->options.tgid;

	if (tgid < 0 || (tgid > 0 && kill(tgid, 0) && errno == ESRCH)) {
		snprintf(error, size, "there is no process %d", tgid);
		return -ESRCH;
	}
	return 0;
}

static uint32_t path_depth(const char *path)
{
	uint32_t depth = 0;

	for (; *path; path++)
		if (*path != '/' && (path[1] == '/' || !path[1]))
			depth++;
	return depth;
}

static int find_cgroup(struct ledger *ledger, char *error, size_t size)
{
	const char *name = ledger->options.cgroup;
	char path[PATH_MAX], real[PATH_MAX], shown[128];
	struct statfs fs;
	struct stat st;

	if (!name)
		return 0;
	snprintf(path, sizeof(path), "%s%s",
		 name[0] == '/' && !strncmp(name, CGROUP_ROOT, strlen(CGROUP_ROOT)) ? ""
										    : CGROUP_ROOT
			 "/",
		 name);
	cli_printable(name, shown, sizeof(shown));
	if (!realpath(path, real) || stat(real, &st) || !S_ISDIR(st.st_mode) || statfs(real, &fs)) {
		snprintf(error, size, "there is no cgroup '%s' below " CGROUP_ROOT, shown);
		return -ENOENT;
	}
	if (fs.f_type != CGROUP_MAGIC || strncmp(real, CGROUP_ROOT, strlen(CGROUP_ROOT)) != 0) {
		snprintf(error, size,
			 "'%s' is not a directory of a cgroup v2 hierarchy mounted at " CGROUP_ROOT,
			 shown);
		return -ENOENT;
	}
	ledger->bpf->rodata->cfg_cgroup = st.st_ino;
	ledger->bpf->rodata->cfg_cgroup_level = path_depth(real + strlen(CGROUP_ROOT));
	return 0;
}

/* --- loading ------------------------------------------------------------------------------------------- */

static int say_load_error(int err, char *error, size_t size)
{
	if (err == -EPERM || err == -EACCES)
		snprintf(error, size, "observing needs the capabilities BPF and PERFMON (or root)");
	else if (access("/sys/kernel/btf/vmlinux", R_OK))
		snprintf(error, size,
			 "this kernel tells no types of its own (CONFIG_DEBUG_INFO_BTF): its tasks "
			 "cannot be followed");
	else
		snprintf(error, size, "this kernel does not take the ledger's programs: %s",
			 strerror(-err));
	return err == -EPERM || err == -EACCES ? -EPERM : err == -ENOMEM ? -ENOMEM : -ENOTSUP;
}

/* libbpf's own lines are for developers: SCHEDLAB_DEBUG shows them. */
static int print_nothing(enum libbpf_print_level level, const char *format, va_list args)
{
	return getenv("SCHEDLAB_DEBUG") ? vfprintf(stderr, format, args) : 0;
}

/* ... with the verifier's account of each program. */
static void ask_statistics(struct ledger *ledger)
{
	const char *debug = getenv("SCHEDLAB_DEBUG");
	struct bpf_program *program;

	if (debug)
		bpf_object__for_each_program(program, ledger->bpf->obj)
			bpf_program__set_log_level(program, debug[0] == '2' ? 7 : 4);
}

static void set_defaults(struct ledger_options *o)
{
	if (!o->split_max)
		o->split_max = 512;
	if (!o->rows_max)
		o->rows_max = 16384;
	if (o->rows_max > LEDGER_MAX_ROWS)
		o->rows_max = LEDGER_MAX_ROWS;
	if (!o->stacks_max)
		o->stacks_max = 16384;
	if (!o->events_bytes)
		o->events_bytes = 16u << 20;
}

static int take_record(void *context, void *data, size_t size)
{
	struct ledger *ledger = context;

	if (size >= sizeof(struct ledger_slow))
		return ledger->on_slow ? ledger->on_slow(ledger->slow_context, data) : 0;
	if (size >= sizeof(struct ledger_account) && ledger->options.accounts)
		return ledger_accounts_add(&ledger->dead, data);
	return 0;
}

static int take_event(void *context, void *data, size_t size)
{
	struct ledger *ledger = context;

	if (size < sizeof(struct ledger_event) || !ledger->on_event)
		return 0;
	return ledger->on_event(ledger->event_context, data);
}

static int open_rings(struct ledger *ledger)
{
	ledger->records =
		ring_buffer__new(bpf_map__fd(ledger->bpf->maps.records), take_record, ledger, NULL);
	if (!ledger->records)
		return -errno;
	ledger->events =
		ring_buffer__new(bpf_map__fd(ledger->bpf->maps.events), take_event, ledger, NULL);
	return ledger->events ? 0 : -errno;
}

static int load(struct ledger *ledger, char *error, size_t size)
{
	libbpf_print_fn_t before = libbpf_set_print(print_nothing);
	int cpus = libbpf_num_possible_cpus(), err;

	ledger->nr_cpus = cpus > 0 ? (unsigned int)cpus : 1;
	ledger->bpf = ledger_bpf__open();
	err = ledger->bpf ? check_process(ledger, error, size)
			  : say_load_error(-errno, error, size);
	if (!err)
		err = find_cgroup(ledger, error, size);
	if (!err) {
		ledger_configure(ledger);
		ask_statistics(ledger);
		err = ledger_bpf__load(ledger->bpf);
		if (err)
			err = say_load_error(err, error, size);
	}
	libbpf_set_print(before);
	if (!err) {
		err = open_rings(ledger);
		if (err)
			snprintf(error, size, "the ledger's buffers cannot be mapped: %s",
				 strerror(-err));
	}
	return err;
}

int ledger_open(const struct ledger_options *options, struct ledger **ledger, char *error,
		size_t error_size)
{
	struct ledger *l = calloc(1, sizeof(*l));
	int err;

	*ledger = NULL;
	if (!l) {
		snprintf(error, error_size, "out of memory");
		return -ENOMEM;
	}
	l->options = *options;
	l->budget.stats_fd = -1;
	l->budget.factor = 1;
	set_defaults(&l->options);
	err = load(l, error, error_size);
	if (err) {
		ledger_close(l);
		return err;
	}
	*ledger = l;
	return 0;
}

/* --- start and stop ---------------------------------------------------------------------------------------- */

uint64_t ledger_sample_period_ns(const struct ledger *ledger)
{
	return ledger->options.sample_hz ? NSEC_PER_SEC / ledger->options.sample_hz : 0;
}

/* Returns 0, also where the CPU is offline, or -errno. */
static int attach_sample(struct ledger *ledger, unsigned int cpu)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_SOFTWARE,
		.size = sizeof(attr),
		.config = PERF_COUNT_SW_CPU_CLOCK,
		.sample_period = ledger_sample_period_ns(ledger),
	};
	int fd = (int)syscall(SYS_perf_event_open, &attr, -1, (int)cpu, -1, PERF_FLAG_FD_CLOEXEC);

	if (fd < 0)
		return errno == ENODEV || errno == ENXIO ? 0 : -errno;
	ledger->samples[cpu].link =
		bpf_program__attach_perf_event(ledger->bpf->progs.on_sample, fd);
	if (!ledger->samples[cpu].link) {
		int err = -errno;

		close(fd);
		return err;
	}
	ledger->samples[cpu].fd = fd; /* the link's from now on */
	ledger->samples[cpu].clock_ns = 0;
	return 0;
}

static int attach_samples(struct ledger *ledger)
{
	unsigned int cpu;
	int err = 0;

	if (!ledger->options.sample_hz)
		return 0;
	ledger->samples = calloc(ledger->nr_cpus, sizeof(*ledger->samples));
	if (!ledger->samples)
		return -ENOMEM;
	for (cpu = 0; !err && cpu < ledger->nr_cpus; cpu++)
		err = attach_sample(ledger, cpu);
	return err;
}

static void detach_samples(struct ledger *ledger)
{
	unsigned int cpu;

	for (cpu = 0; ledger->samples && cpu < ledger->nr_cpus; cpu++)
		bpf_link__destroy(ledger->samples[cpu].link);
	free(ledger->samples);
	ledger->samples = NULL;
}

static void first_epoch(struct ledger *ledger)
{
	char name[LEDGER_SCHED_NAME] = "";

	if (sysenv_active_ops(name, sizeof(name)) || !name[0])
		return;
	ledger->bpf->bss->epoch_kind[0] = 2;
	snprintf(ledger->bpf->bss->epoch_name[0], LEDGER_SCHED_NAME, "%s", name);
}

/* The kernel's count and ours at one moment: attaching takes time and switches of its own. */
static int base_switches(struct ledger *ledger)
{
	uint64_t losses[LEDGER_NR_LOSSES] = {0}, counts[LEDGER_NR_COUNTS] = {0};
	int err;

	ledger->base_ctxt = ledger_kernel_switches();
	err = ledger_sum_counters(ledger, losses, counts);
	ledger->base_switches = counts[LEDGER_COUNT_SWITCHES];
	return err;
}

static int follow_all(struct ledger *ledger)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts);

	return bpf_prog_test_run_opts(bpf_program__fd(ledger->bpf->progs.follow_all), &opts);
}

int ledger_start(struct ledger *ledger)
{
	libbpf_print_fn_t before;
	int err;

	if (ledger->options.max_overhead > 0) {
		ledger->budget.stats_fd = bpf_enable_stats(BPF_STATS_RUN_TIME);
		if (ledger->budget.stats_fd < 0)
			return -errno;
	}
	err = ledger->only_waits ? 0 : follow_all(ledger);
	if (err)
		return err;
	first_epoch(ledger);
	before = libbpf_set_print(print_nothing);
	ledger->start_ns = time_now_ns();
	ledger->budget.checked_ns = ledger->start_ns;
	err = ledger_bpf__attach(ledger->bpf);
	if (!err)
		err = attach_samples(ledger);
	libbpf_set_print(before);
	ledger->attached = !err;
	if (!err)
		err = base_switches(ledger);
	return err;
}

/* Detaching takes time: what comes from here on is no part of the capture. */
static void stop_counting(struct ledger *ledger)
{
	ledger->bpf->bss->stopped = 1;
}

static void detach(struct ledger *ledger)
{
	detach_samples(ledger);
	ledger_bpf__detach(ledger->bpf);
	ledger->attached = false;
}

int ledger_stop(struct ledger *ledger)
{
	int err = 0;

	if (!ledger->attached)
		return 0;
	if (ledger->options.accounts)
		err = ledger_read_living(ledger, &ledger->living);
	ledger_find_oldest(ledger);
	ledger->stop_ctxt = ledger_kernel_switches();
	ledger->stop_ns = time_now_ns();
	stop_counting(ledger);
	detach(ledger);
	ring_buffer__consume(ledger->records);
	ring_buffer__consume(ledger->events);
	return err;
}

void ledger_close(struct ledger *ledger)
{
	unsigned int i;

	if (!ledger)
		return;
	if (ledger->bpf && ledger->attached)
		detach(ledger);
	if (ledger->budget.stats_fd >= 0)
		close(ledger->budget.stats_fd);
	ring_buffer__free(ledger->records);
	ring_buffer__free(ledger->events);
	ledger_bpf__destroy(ledger->bpf);
	free(ledger->dead.entries);
	free(ledger->living.entries);
	for (i = 0; i < LEDGER_NR_INTERVALS; i++)
		hist_free(&ledger->windows[i]);
	for (i = 0; i < NR_TABLES; i++)
		free(ledger->before[i].entries);
	free(ledger);
}

/* --- while it runs --------------------------------------------------------------------------------------------- */

/* Without the programs that tell it, a change of scheduler is seen here, late by up to the time between two polls. */
static void watch_scheduler(struct ledger *ledger)
{
	struct ledger_bpf__bss *bss = ledger->bpf->bss;
	char name[LEDGER_SCHED_NAME] = "";
	uint32_t e = bss->epoch;

	if (ledger->epoch_programs || ledger->max_epochs == 1 ||
	    sysenv_active_ops(name, sizeof(name)))
		return;
	if (!strcmp(name, bss->epoch_name[e]) || e + 1 >= LEDGER_MAX_EPOCHS)
		return;
	snprintf(bss->epoch_name[e + 1], LEDGER_SCHED_NAME, "%s", name);
	bss->epoch_kind[e + 1] = name[0] ? 2 : 0;
	bss->epoch_start_ns[e + 1] = time_now_ns();
	bss->epoch = e + 1;
}

/* Whether @sample's clock has gone on since the last look. */
static bool is_sampling(struct ledger_sample *sample)
{
	uint64_t clock_ns;

	if (!sample->link || read(sample->fd, &clock_ns, sizeof(clock_ns)) != sizeof(clock_ns) ||
	    clock_ns == sample->clock_ns)
		return false;
	sample->clock_ns = clock_ns;
	return true;
}

/*
 * The kernel takes the samples off a CPU that goes offline, for good: they are put on anew. The list of CPUs would not tell of
 * one that went and came back between two looks; the sample's own clock does, since it stands.
 */
static int watch_cpus(struct ledger *ledger)
{
	unsigned int cpu;
	int err = 0;

	for (cpu = 0; !err && ledger->samples && cpu < ledger->nr_cpus; cpu++) {
		if (is_sampling(&ledger->samples[cpu]))
			continue;
		bpf_link__destroy(ledger->samples[cpu].link);
		ledger->samples[cpu].link = NULL;
		err = attach_sample(ledger, cpu);
	}
	return err;
}

int ledger_poll(struct ledger *ledger, int timeout_ms)
{
	uint64_t until =
		time_now_ns() + (uint64_t)(timeout_ms > 0 ? timeout_ms : 0) * NSEC_PER_MSEC;
	int taken = 0, n;

	do {
		uint64_t now = time_now_ns(), left = until > now ? until - now : 0;
		struct timespec pause =
			time_spec(left < 100 * NSEC_PER_MSEC ? left : 100 * NSEC_PER_MSEC);

		if (left && nanosleep(&pause, NULL))
			return -errno;
		n = ring_buffer__consume(ledger->events);
		if (n < 0)
			return n;
		taken += n;
		n = ring_buffer__consume(ledger->records);
		if (n < 0)
			return n;
		taken += n;
		watch_scheduler(ledger);
		n = watch_cpus(ledger);
		if (n < 0)
			return n;
		ledger_budget_check(ledger);
	} while (time_now_ns() < until);
	return taken;
}

void ledger_on_event(struct ledger *ledger, ledger_event_fn fn, void *context)
{
	ledger->on_event = fn;
	ledger->event_context = context;
}

void ledger_on_slow(struct ledger *ledger, ledger_slow_fn fn, void *context)
{
	ledger->on_slow = fn;
	ledger->slow_context = context;
}

void ledger_set_slow_ns(struct ledger *ledger, uint64_t slow_ns)
{
	ledger->bpf->bss->slow_ns = slow_ns;
}

int ledger_find_oldest(struct ledger *ledger)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts);

	return bpf_prog_test_run_opts(bpf_program__fd(ledger->bpf->progs.find_oldest), &opts);
}

int ledger_oldest_wait(struct ledger *ledger, struct ledger_open_wait *wait)
{
	int err = ledger_find_oldest(ledger);

	if (err)
		return err;
	memcpy(wait, &ledger->bpf->bss->oldest, sizeof(*wait));
	return 0;
}

int ledger_parse_pid(const char *text, struct ledger_options *options, char *error,
		     size_t error_size)
{
	char shown[64];
	uint64_t pid;

	if (cli_parse_u64(text, 1, INT_MAX, &pid)) {
		snprintf(error, error_size, "'%s' is not a process id",
			 cli_printable(text, shown, sizeof(shown)));
		return -EINVAL;
	}
	options->tgid = (pid_t)pid;
	return 0;
}
