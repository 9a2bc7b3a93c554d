/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Names of address ranges, as text files list them: the kernel's symbols, and the perf map that a process writes of the
 * code that it generates. Part of the symbolizer (symbols.h); knows nothing of mappings.
 */
#ifndef SCHEDLAB_OBSERVE_RANGES_H
#define SCHEDLAB_OBSERVE_RANGES_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* A name for [start, end). */
struct range {
	uint64_t start, end;
	const char *name;
	const char *module;
};

/* Zeroed: none. */
struct ranges {
	struct range *v; /* by start */
	size_t nr;
	char *text; /* what the names point into */
};

void ranges_free(struct ranges *r);

/* The range that holds @at, or NULL. Where ranges overlap the one that begins last wins. */
const struct range *ranges_find(const struct ranges *r, uint64_t at);

/*
 * The functions that the kallsyms at @path shows into empty @r; none where it hides their addresses. Returns 0, or -errno
 * where it cannot be read.
 */
int kallsyms_read(struct ranges *r, const char *path);

/* Zeroed: not read. */
struct perf_map {
	struct ranges ranges;
	off_t size; /* of the file when it was read */
};

/*
 * Read the perf map of process @tgid if it has changed its size since: /tmp/perf-PID.map as the process sees it, else
 * ours. @proc: /proc. One that is not the process's own user's, or root's, is not taken; whatever fails leaves no ranges.
 */
void perf_map_read(struct perf_map *map, const char *proc, pid_t tgid);
void perf_map_forget(struct perf_map *map);

#endif
