// SPDX-License-Identifier: GPL-2.0
/* Names of address ranges from the kernel's list of symbols and from perf maps, whose lines are cut up in place. */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/fileio.h"
#include "observe/ranges.h"

#define KALLSYMS_MAX_BYTES (256u << 20)
#define PERF_MAP_MAX_BYTES (256u << 20)

static int compare_ranges(const void *a, const void *b)
{
	const struct range *x = a, *y = b;

	return x->start < y->start ? -1 : x->start > y->start;
}

void ranges_free(struct ranges *r)
{
	free(r->v);
	free(r->text);
	memset(r, 0, sizeof(*r));
}

static int ranges_add(struct ranges *r, size_t *cap, const struct range *one)
{
	if (r->nr == *cap) {
		size_t want = *cap ? *cap * 2 : 1024;
		struct range *fresh = reallocarray(r->v, want, sizeof(*fresh));

		if (!fresh)
			return -ENOMEM;
		r->v = fresh;
		*cap = want;
	}
	r->v[r->nr++] = *one;
	return 0;
}

const struct range *ranges_find(const struct ranges *r, uint64_t at)
{
	size_t low = 0, high = r->nr;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (r->v[mid].start <= at)
			low = mid + 1;
		else
			high = mid;
	}
	return low && at < r->v[low - 1].end ? &r->v[low - 1] : NULL;
}

/* One line of kallsyms, cut up in place: "ffffffff81000000 T name\t[module]". False: not a function. */
static bool kallsyms_line(char *line, struct range *out)
{
	char *type, *name, *module;

	out->start = strtoull(line, &type, 16);
	if (type == line || type[0] != ' ' || !type[1] || type[2] != ' ' ||
	    !strchr("tTwW", type[1]))
		return false;
	name = type + 3;
	module = strpbrk(name, " \t");
	if (module) {
		*module++ = '\0';
		module += strspn(module, " \t[");
		module[strcspn(module, "]")] = '\0';
	}
	out->name = name;
	out->module = module && *module ? module : "kernel";
	return *name;
}

int kallsyms_read(struct ranges *r, const char *path)
{
	int err = file_read(path, KALLSYMS_MAX_BYTES, &r->text, NULL);
	char *rest, *line;
	size_t cap = 0;

	if (err)
		return err;
	rest = r->text;
	while ((line = strsep(&rest, "\n"))) {
		struct range one;

		if (kallsyms_line(line, &one) && one.start && ranges_add(r, &cap, &one))
			break;
	}
	if (!r->nr)
		return 0;
	qsort(r->v, r->nr, sizeof(*r->v), compare_ranges);
	for (size_t i = 0; i + 1 < r->nr; i++)
		r->v[i].end = r->v[i + 1].start;
	r->v[r->nr - 1].end = r->v[r->nr - 1].start + 4096;
	/* Aliases share an address: an empty range would hide behind its twin, so give all of them its end. */
	for (size_t i = r->nr - 1; i-- > 0;)
		if (r->v[i].start == r->v[i + 1].start)
			r->v[i].end = r->v[i + 1].end;
	return 0;
}

/* The last number of the NSpid line of /proc/PID/status: the pid by which the process calls itself. */
static pid_t own_pid(const char *proc, pid_t tgid)
{
	char path[256], *text, *line, *last;
	pid_t pid = tgid;
	long number_of;

	snprintf(path, sizeof(path), "%s/%d/status", proc, (int)tgid);
	if (file_read(path, 1u << 20, &text, NULL))
		return pid;
	line = strstr(text, "\nNSpid:");
	if (line) {
		line[1 + strcspn(line + 1, "\n")] = '\0';
		last = strrchr(line, '\t');
		number_of = last ? strtol(last, NULL, 10) : 0;
		if (number_of > 0 && number_of <= INT32_MAX)
			pid = (pid_t)number_of;
	}
	free(text);
	return pid;
}

/* "START SIZE name" in hexadecimal, cut up in place. */
static bool perf_map_line(char *line, struct range *out)
{
	char *at, *name;
	uint64_t size;

	out->start = strtoull(line, &at, 16);
	if (at == line || *at != ' ')
		return false;
	size = strtoull(at, &name, 16);
	if (name == at || *name != ' ' || !name[1] || !size)
		return false;
	if (__builtin_add_overflow(out->start, size, &out->end))
		return false;
	out->name = name + 1;
	out->module = "[jit]";
	return true;
}

/* Only the process's own user, or root, may name its code. */
static bool perf_map_trusted(const char *proc, pid_t tgid, const struct stat *map)
{
	char path[256];
	struct stat st;

	snprintf(path, sizeof(path), "%s/%d", proc, (int)tgid);
	return S_ISREG(map->st_mode) &&
	       (map->st_uid == 0 || (!stat(path, &st) && st.st_uid == map->st_uid));
}

static int open_perf_map(const char *proc, pid_t tgid, struct stat *st)
{
	const int flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW;
	char path[256];
	int fd;

	snprintf(path, sizeof(path), "%s/%d/root/tmp/perf-%d.map", proc, (int)tgid,
		 (int)own_pid(proc, tgid));
	fd = open(path, flags);
	if (fd < 0) {
		snprintf(path, sizeof(path), "/tmp/perf-%d.map", (int)tgid);
		fd = open(path, flags);
	}
	if (fd >= 0 && (fstat(fd, st) || !perf_map_trusted(proc, tgid, st))) {
		close(fd);
		return -1;
	}
	return fd;
}

void perf_map_read(struct perf_map *map, const char *proc, pid_t tgid)
{
	char path[64], *rest, *line;
	size_t cap = 0;
	struct stat st;
	int fd = open_perf_map(proc, tgid, &st), err;

	if (fd < 0)
		return;
	if (st.st_size == map->size) {
		close(fd);
		return;
	}
	perf_map_forget(map);
	map->size = st.st_size;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	err = file_read(path, PERF_MAP_MAX_BYTES, &map->ranges.text, NULL);
	close(fd);
	if (err)
		return;
	rest = map->ranges.text;
	while ((line = strsep(&rest, "\n"))) {
		struct range one;

		if (perf_map_line(line, &one) && ranges_add(&map->ranges, &cap, &one))
			break;
	}
	if (map->ranges.nr)
		qsort(map->ranges.v, map->ranges.nr, sizeof(*map->ranges.v), compare_ranges);
}

void perf_map_forget(struct perf_map *map)
{
	ranges_free(&map->ranges);
	map->size = 0;
}
