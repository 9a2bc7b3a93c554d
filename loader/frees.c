// SPDX-License-Identifier: GPL-2.0
/*
 * The kernel frees maps and programs in its workers, long after the last descriptor is closed, and tells nobody when it is
 * done. Their stacks do.
 */
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lib/fileio.h"
#include "lib/timeutil.h"
#include "loader/session.h"

#define STACK_MAX 65536
#define REST_NS	  (2 * NSEC_PER_SEC) /* programs go before maps, and wait for grace periods */
#define MOST_NS	  (60 * NSEC_PER_SEC)

/* Whether the task of @folder (/proc/PID) is a worker that frees something of BPF's. */
static bool frees(const char *folder)
{
	char path[64], name[64], *stack;
	bool found;

	snprintf(path, sizeof(path), "%s/comm", folder);
	if (file_read_line(path, name, sizeof(name)) || strncmp(name, "kworker/", 8) != 0)
		return false;
	snprintf(path, sizeof(path), "%s/stack", folder);
	if (file_read(path, STACK_MAX, &stack, NULL))
		return false;
	found = strstr(stack, "bpf_map_free_deferred") || strstr(stack, "bpf_prog_free_deferred");
	free(stack);
	return found;
}

static bool frees_under_way(void)
{
	glob_t tasks;
	bool found = false;
	size_t i;

	if (glob("/proc/[1-9]*", GLOB_NOSORT, NULL, &tasks))
		return false;
	for (i = 0; i < tasks.gl_pathc && !found; i++)
		found = frees(tasks.gl_pathv[i]);
	globfree(&tasks);
	return found;
}

void frees_wait(void)
{
	uint64_t now = time_now_ns(), give_up_ns = now + MOST_NS, seen_ns = now;
	struct timespec pause = time_spec(NSEC_PER_SEC / 10);

	while (now - seen_ns < REST_NS && now < give_up_ns) {
		nanosleep(&pause, NULL);
		now = time_now_ns();
		if (frees_under_way())
			seen_ns = now;
	}
}
