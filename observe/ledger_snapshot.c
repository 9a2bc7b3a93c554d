// SPDX-License-Identifier: GPL-2.0
/* Reading the ledger: histograms, accounts, losses. Per-CPU sums are read and never cleared; windows are differences. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/timeutil.h"
#include "observe/ledger_internal.h"

/* --- histograms ------------------------------------------------------------------------------------------ */

void ledger_add_hist_bpf(struct hist *out, const struct hist_bpf *from)
{
	unsigned __int128 sum = out->sum + from->sum;
	uint64_t min = ~from->not_min < out->min ? ~from->not_min : out->min;
	uint64_t max = from->max > out->max ? from->max : out->max;
	uint32_t i;
	bool any = false;

	for (i = 0; i < HIST_BPF_BUCKETS; i++)
		if (from->buckets[i]) {
			hist_add_bucket(out, i, from->buckets[i]);
			any = true;
		}
	if (any)
		hist_set_exact(out, sum, min, max);
}

int ledger_read_hist(const struct ledger *ledger, uint32_t index, int cpu, struct hist *out)
{
	size_t each = (sizeof(struct hist_bpf) + 7) & ~7UL;
	char *values = calloc(ledger->nr_cpus, each);
	unsigned int i;
	int err;

	if (!values)
		return -ENOMEM;
	err = bpf_map__lookup_elem(ledger->bpf->maps.hists, &index, sizeof(index), values,
				   each * ledger->nr_cpus, 0);
	for (i = 0; !err && i < ledger->nr_cpus; i++)
		if (cpu < 0 || (unsigned int)cpu == i)
			ledger_add_hist_bpf(out, (const struct hist_bpf *)(values + i * each));
	free(values);
	return err;
}

static int read_interval(const struct ledger *ledger, unsigned int epoch, unsigned int interval,
			 int cpu, struct hist *out)
{
	return ledger_read_hist(ledger, epoch * ledger->nr_hists + ledger->slots[interval] - 1, cpu,
				out);
}

static unsigned int epochs_now(const struct ledger *ledger)
{
	uint32_t epoch = ledger->bpf->bss->epoch;

	return epoch < LEDGER_MAX_EPOCHS ? epoch + 1 : LEDGER_MAX_EPOCHS;
}

static int read_hists(const struct ledger *ledger, struct ledger_snapshot *s)
{
	unsigned int e, i;
	int err = 0;

	for (e = 0; e < s->nr_epochs; e++)
		for (i = 0; !err && i < LEDGER_NR_INTERVALS; i++) {
			if (!ledger->slots[i])
				continue;
			err = hist_init(&s->hists[e][i], HIST_SUB_BITS_LEDGER);
			if (!err)
				err = read_interval(ledger, e, i, -1, &s->hists[e][i]);
		}
	return err;
}

static int read_cpu_hists(const struct ledger *ledger, struct ledger_snapshot *s)
{
	unsigned int cpu, i, e;
	int err = 0;

	s->cpu_hists = calloc((size_t)s->nr_cpus * LEDGER_NR_INTERVALS, sizeof(*s->cpu_hists));
	if (!s->cpu_hists)
		return -ENOMEM;
	for (cpu = 0; cpu < s->nr_cpus; cpu++)
		for (i = 0; i < LEDGER_NR_INTERVALS; i++) {
			struct hist *h = &s->cpu_hists[cpu * LEDGER_NR_INTERVALS + i];

			if (!ledger->slots[i])
				continue;
			err = hist_init(h, HIST_SUB_BITS_LEDGER);
			for (e = 0; !err && e < s->nr_epochs; e++)
				err = read_interval(ledger, e, i, (int)cpu, h);
			if (err)
				return err;
		}
	return 0;
}

/* --- splits ---------------------------------------------------------------------------------------------------- */

static const char *const class_names[] = {"fair", "rt", "deadline", "stop", "ext", "idle"};

static void name_split(const struct ledger *ledger, const struct split_name *from,
		       struct ledger_split_hists *to)
{
	to->id = from->id;
	switch (ledger->options.split) {
	case LEDGER_SPLIT_THREAD:
	case LEDGER_SPLIT_PROCESS:
		snprintf(to->name, sizeof(to->name), "%llu %.16s", from->id, from->comm);
		break;
	case LEDGER_SPLIT_COMM:
		snprintf(to->name, sizeof(to->name), "%.16s", from->comm);
		break;
	case LEDGER_SPLIT_NICE:
		snprintf(to->name, sizeof(to->name), "nice %d", (int)from->id - 20);
		break;
	case LEDGER_SPLIT_CLASS:
		snprintf(to->name, sizeof(to->name), "%s",
			 from->id < 6 ? class_names[from->id] : "?");
		break;
	case LEDGER_SPLIT_CGROUP:
		ledger_cgroup_name(from->id, to->name, sizeof(to->name));
		break;
	case LEDGER_SPLIT_NONE:
		break;
	}
}

static int read_split(const struct ledger *ledger, uint32_t at, struct hist_bpf *buffer,
		      struct ledger_split_hists *to)
{
	struct split_name name;
	uint32_t index;
	unsigned int i;
	int err = bpf_map__lookup_elem(ledger->bpf->maps.split_names, &at, sizeof(at), &name,
				       sizeof(name), 0);

	if (err)
		return err;
	name_split(ledger, &name, to);
	for (i = 0; i < LEDGER_NR_INTERVALS; i++) {
		if (!ledger->slots[i])
			continue;
		index = at * ledger->nr_hists + ledger->slots[i] - 1;
		err = hist_init(&to->hists[i], HIST_SUB_BITS_LEDGER);
		if (!err)
			err = bpf_map__lookup_elem(ledger->bpf->maps.split_hists, &index,
						   sizeof(index), buffer, sizeof(*buffer), 0);
		if (err)
			return err;
		ledger_add_hist_bpf(&to->hists[i], buffer);
	}
	return 0;
}

static int read_splits(const struct ledger *ledger, struct ledger_snapshot *s)
{
	uint32_t used = ledger->bpf->bss->splits_used, at;
	struct hist_bpf *buffer;
	int err = 0;

	if (!ledger->options.split || !used || !ledger->nr_hists)
		return 0;
	s->nr_splits = used < ledger->options.split_max ? used : ledger->options.split_max;
	s->splits = calloc(s->nr_splits, sizeof(*s->splits));
	buffer = malloc(sizeof(*buffer));
	if (!s->splits || !buffer)
		err = -ENOMEM;
	for (at = 0; !err && at < s->nr_splits; at++)
		err = read_split(ledger, at, buffer, &s->splits[at]);
	free(buffer);
	return err;
}

/* --- accounts ------------------------------------------------------------------------------------------------------ */

/* Beyond LEDGER_MAX_DEAD entries the sums go into the last one, whose pid is 0: memory stays bounded. */
static void fold(struct ledger_account *into, const struct ledger_account *from)
{
	unsigned int i;

	into->tgid = into->pid = 0;
	memcpy(into->comm, "(others)", sizeof("(others)"));
	if (from->first_ns < into->first_ns)
		into->first_ns = from->first_ns;
	for (i = 0; i < LEDGER_NR_STATES; i++) {
		into->ns[i] += from->ns[i];
		into->count[i] += from->count[i];
	}
}

int ledger_accounts_add(struct ledger_accounts *a, const struct ledger_account *account)
{
	if (a->nr == LEDGER_MAX_DEAD) {
		fold(&a->entries[a->nr - 1], account);
		return 0;
	}
	if (a->nr == a->capacity) {
		size_t capacity = a->capacity ? a->capacity * 2 : 64;
		struct ledger_account *entries =
			reallocarray(a->entries, capacity, sizeof(*entries));

		if (!entries)
			return -ENOMEM;
		a->entries = entries;
		a->capacity = capacity;
	}
	a->entries[a->nr++] = *account;
	return 0;
}

static int read_iterator(int fd, struct ledger_accounts *into)
{
	struct ledger_account batch[32];
	size_t have = 0, i;
	ssize_t n;
	int err = 0;

	while (!err && (n = read(fd, (char *)batch + have, sizeof(batch) - have)) != 0) {
		if (n < 0 && errno == EAGAIN)
			continue;
		if (n < 0)
			return -errno;
		have += (size_t)n;
		for (i = 0; !err && (i + 1) * sizeof(batch[0]) <= have; i++)
			err = ledger_accounts_add(into, &batch[i]);
		have -= i * sizeof(batch[0]);
		memmove(batch, (char *)batch + i * sizeof(batch[0]), have);
	}
	return err;
}

int ledger_read_living(struct ledger *ledger, struct ledger_accounts *into)
{
	struct bpf_link *link = bpf_program__attach_iter(ledger->bpf->progs.accounts, NULL);
	int fd, err;

	if (!link)
		return -errno;
	fd = bpf_iter_create(bpf_link__fd(link));
	err = fd < 0 ? fd : read_iterator(fd, into);
	if (fd >= 0)
		close(fd);
	bpf_link__destroy(link);
	return err;
}

static int by_first(const void *a, const void *b)
{
	const struct ledger_account *x = a, *y = b;

	if (x->first_ns != y->first_ns)
		return x->first_ns < y->first_ns ? -1 : 1;
	return x->pid < y->pid ? -1 : x->pid > y->pid;
}

static int read_tasks(struct ledger *ledger, struct ledger_snapshot *s)
{
	struct ledger_accounts now = {};
	int err = 0;

	if (ledger->attached) {
		ring_buffer__consume(ledger->records);
		err = ledger_read_living(ledger, &now);
	}
	s->nr_tasks = ledger->dead.nr + ledger->living.nr + now.nr;
	s->tasks = calloc(s->nr_tasks ? s->nr_tasks : 1, sizeof(*s->tasks));
	if (!s->tasks)
		err = -ENOMEM;
	if (!err) {
		if (ledger->dead.nr)
			memcpy(s->tasks, ledger->dead.entries, ledger->dead.nr * sizeof(*s->tasks));
		if (ledger->living.nr)
			memcpy(s->tasks + ledger->dead.nr, ledger->living.entries,
			       ledger->living.nr * sizeof(*s->tasks));
		if (now.nr)
			memcpy(s->tasks + ledger->dead.nr + ledger->living.nr, now.entries,
			       now.nr * sizeof(*s->tasks));
		qsort(s->tasks, s->nr_tasks, sizeof(*s->tasks), by_first);
	}
	free(now.entries);
	return err;
}

/* --- counters ---------------------------------------------------------------------------------------------------------- */

uint64_t ledger_kernel_switches(void)
{
	unsigned long long switches = 0;
	char line[256];
	FILE *file = fopen("/proc/stat", "re");

	if (!file)
		return 0;
	while (fgets(line, sizeof(line), file))
		if (!strncmp(line, "ctxt ", 5)) {
			switches = strtoull(line + 5, NULL, 10);
			break;
		}
	fclose(file);
	return switches;
}

int ledger_sum_counters(const struct ledger *ledger, uint64_t losses[LEDGER_NR_LOSSES],
			uint64_t counts[LEDGER_NR_COUNTS])
{
	struct counters *values = calloc(ledger->nr_cpus, sizeof(*values));
	uint32_t zero = 0;
	unsigned int cpu, i;
	int err;

	if (!values)
		return -ENOMEM;
	err = bpf_map__lookup_elem(ledger->bpf->maps.counters, &zero, sizeof(zero), values,
				   ledger->nr_cpus * sizeof(*values), 0);
	for (cpu = 0; !err && cpu < ledger->nr_cpus; cpu++) {
		for (i = 0; i < LEDGER_NR_LOSSES; i++)
			losses[i] += values[cpu].losses[i];
		for (i = 0; i < LEDGER_NR_COUNTS; i++)
			counts[i] += values[cpu].counts[i];
	}
	free(values);
	return err;
}

/* Waits that the cheapest form holds open. */
static uint64_t open_slots(const struct ledger *ledger)
{
	const struct ledger_open_slot *slots = ledger->bpf->data_waits->slots;
	uint64_t open = 0;
	unsigned int i;

	for (i = 0; ledger->only_waits && i < LEDGER_OPEN_SLOTS; i++)
		open += slots[i].owner != 0;
	return open;
}

static int read_counters(struct ledger *ledger, struct ledger_snapshot *s)
{
	uint64_t kernel = ledger->stop_ctxt ? ledger->stop_ctxt : ledger_kernel_switches();
	struct ledger_program_sums sums;
	int err = ledger_sum_counters(ledger, s->losses, s->counts);

	s->counts[LEDGER_COUNT_CTXT] = kernel - ledger->base_ctxt + ledger->base_switches;
	ledger_program_sums(ledger, &sums);
	s->losses[LEDGER_LOSS_RECURSION] += sums.misses;
	if (ledger->attached)
		ledger_find_oldest(ledger);
	s->counts[LEDGER_COUNT_CENSORED] = ledger->bpf->bss->oldest.waiting + open_slots(ledger);
	return err;
}

static void read_epochs(const struct ledger *ledger, struct ledger_snapshot *s)
{
	const struct ledger_bpf__bss *bss = ledger->bpf->bss;
	static const char *const kinds[] = {"default", "changing"};
	unsigned int e;

	for (e = 0; e < s->nr_epochs; e++) {
		s->epochs[e].start_ns = e ? bss->epoch_start_ns[e] : s->start_ns;
		if (e)
			s->epochs[e - 1].end_ns = bss->epoch_start_ns[e];
		snprintf(s->epochs[e].scheduler, LEDGER_SCHED_NAME, "%s",
			 bss->epoch_kind[e] < 2 ? kinds[bss->epoch_kind[e]] : bss->epoch_name[e]);
	}
}

int ledger_snapshot(struct ledger *ledger, unsigned int flags, struct ledger_snapshot *s)
{
	int err;

	memset(s, 0, sizeof(*s));
	s->start_ns = ledger->start_ns;
	s->time_ns = ledger->stop_ns ? ledger->stop_ns : time_now_ns();
	s->nr_cpus = ledger->nr_cpus;
	s->nr_epochs = epochs_now(ledger);
	s->intervals = ledger->options.intervals;
	read_epochs(ledger, s);
	err = read_counters(ledger, s);
	if (!err)
		err = read_hists(ledger, s);
	if (!err && (flags & LEDGER_SNAPSHOT_CPUS))
		err = read_cpu_hists(ledger, s);
	if (!err)
		err = read_splits(ledger, s);
	if (!err && (flags & LEDGER_SNAPSHOT_TASKS) && ledger->options.accounts)
		err = read_tasks(ledger, s);
	if (err)
		ledger_snapshot_free(s);
	return err;
}

void ledger_snapshot_free(struct ledger_snapshot *s)
{
	size_t i, j;

	for (i = 0; i < LEDGER_MAX_EPOCHS; i++)
		for (j = 0; j < LEDGER_NR_INTERVALS; j++)
			hist_free(&s->hists[i][j]);
	for (i = 0; s->cpu_hists && i < (size_t)s->nr_cpus * LEDGER_NR_INTERVALS; i++)
		hist_free(&s->cpu_hists[i]);
	for (i = 0; i < s->nr_splits && s->splits; i++)
		for (j = 0; j < LEDGER_NR_INTERVALS; j++)
			hist_free(&s->splits[i].hists[j]);
	free(s->cpu_hists);
	free(s->splits);
	free(s->tasks);
	memset(s, 0, sizeof(*s));
}

static int subtract(struct hist *into, const struct hist *earlier)
{
	return into->buckets && earlier->buckets ? hist_subtract(into, earlier) : 0;
}

/* @nr histograms of @from into fresh ones; those without buckets stay without. Returns 0 or -ENOMEM. */
static int copy_hists(struct hist *to, const struct hist *from, size_t nr)
{
	size_t i;
	int err = 0;

	for (i = 0; !err && i < nr; i++) {
		memset(&to[i], 0, sizeof(to[i]));
		if (from[i].buckets)
			err = hist_init(&to[i], from[i].sub_bits);
		if (!err && from[i].buckets)
			err = hist_merge(&to[i], &from[i]);
	}
	return err;
}

int ledger_snapshot_copy(const struct ledger_snapshot *from, struct ledger_snapshot *to)
{
	size_t nr_cpu_hists = from->cpu_hists ? (size_t)from->nr_cpus * LEDGER_NR_INTERVALS : 0, i;
	int err;

	*to = *from;
	memset(to->hists, 0, sizeof(to->hists));
	to->tasks = NULL;
	to->nr_tasks = 0;
	to->cpu_hists = nr_cpu_hists ? calloc(nr_cpu_hists, sizeof(*to->cpu_hists)) : NULL;
	to->splits = from->nr_splits ? calloc(from->nr_splits, sizeof(*to->splits)) : NULL;
	err = (nr_cpu_hists && !to->cpu_hists) || (from->nr_splits && !to->splits) ? -ENOMEM : 0;
	for (i = 0; !err && i < LEDGER_MAX_EPOCHS; i++)
		err = copy_hists(to->hists[i], from->hists[i], LEDGER_NR_INTERVALS);
	if (!err)
		err = copy_hists(to->cpu_hists, from->cpu_hists, nr_cpu_hists);
	for (i = 0; !err && i < from->nr_splits; i++) {
		to->splits[i].id = from->splits[i].id;
		memcpy(to->splits[i].name, from->splits[i].name, sizeof(to->splits[i].name));
		err = copy_hists(to->splits[i].hists, from->splits[i].hists, LEDGER_NR_INTERVALS);
	}
	if (err)
		ledger_snapshot_free(to);
	return err;
}

int ledger_snapshot_subtract(struct ledger_snapshot *into, const struct ledger_snapshot *earlier)
{
	size_t i, j;
	int err = 0;

	for (i = 0; i < earlier->nr_epochs; i++)
		for (j = 0; !err && j < LEDGER_NR_INTERVALS; j++)
			err = subtract(&into->hists[i][j], &earlier->hists[i][j]);
	for (i = 0; !err && into->cpu_hists && earlier->cpu_hists &&
		    i < (size_t)into->nr_cpus * LEDGER_NR_INTERVALS;
	     i++)
		err = subtract(&into->cpu_hists[i], &earlier->cpu_hists[i]);
	for (i = 0; i < earlier->nr_splits; i++) /* keys keep their places */
		for (j = 0; !err && j < LEDGER_NR_INTERVALS; j++)
			err = subtract(&into->splits[i].hists[j], &earlier->splits[i].hists[j]);
	for (i = 0; i < LEDGER_NR_LOSSES; i++)
		into->losses[i] -= earlier->losses[i];
	for (i = 0; i < LEDGER_NR_COUNTS; i++)
		if (i != LEDGER_COUNT_CENSORED)
			into->counts[i] -= earlier->counts[i];
	into->start_ns = earlier->time_ns;
	return err;
}

int ledger_snapshot_hist(const struct ledger_snapshot *s, enum ledger_interval interval,
			 struct hist *out)
{
	unsigned int e;
	int err;

	if (!(s->intervals & (1u << interval)))
		return -ENOENT;
	err = hist_init(out, HIST_SUB_BITS_LEDGER);
	for (e = 0; !err && e < s->nr_epochs; e++)
		err = hist_merge(out, &s->hists[e][interval]);
	return err;
}

int ledger_window(struct ledger *ledger, enum ledger_interval interval, struct hist *out)
{
	struct hist *last = &ledger->windows[interval];
	unsigned int e, epochs = epochs_now(ledger);
	struct hist all;
	int err;

	if (!ledger->slots[interval])
		return -ENOENT;
	err = hist_init(&all, HIST_SUB_BITS_LEDGER);
	if (err)
		return err;
	for (e = 0; !err && e < epochs; e++)
		err = read_interval(ledger, e, interval, -1, &all);
	if (!err)
		err = hist_init(out, HIST_SUB_BITS_LEDGER);
	if (!err) {
		err = hist_merge(out, &all);
		if (!err && last->buckets)
			err = hist_subtract(out, last);
		if (err)
			hist_free(out);
	}
	if (err) {
		hist_free(&all);
		return err;
	}
	hist_free(last);
	*last = all;
	return 0;
}

void ledger_identities(const struct ledger_snapshot *s, struct ledger_identities *out)
{
	size_t i;
	unsigned int k;

	memset(out, 0, sizeof(*out));
	for (i = 0; i < s->nr_tasks; i++) {
		const struct ledger_account *a = &s->tasks[i];
		uint64_t wall = a->last_ns - a->first_ns,
			 sum = a->state == LEDGER_STATE_DEAD ? 0 : a->last_ns - a->since_ns;
		uint64_t gap;

		for (k = 0; k < LEDGER_NR_STATES; k++)
			sum += a->ns[k];
		gap = wall > sum ? wall - sum : sum - wall;
		out->wall_ns += wall;
		out->accounted_ns += sum;
		if (a->pid && gap > out->worst_task_ns)
			out->worst_task_ns = gap;
		out->run_delay_ns += a->ns[LEDGER_QUEUE] + a->ns[LEDGER_PREEMPT];
	}
	out->censored = s->counts[LEDGER_COUNT_CENSORED];
	out->switches = s->counts[LEDGER_COUNT_SWITCHES];
}
