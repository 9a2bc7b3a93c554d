// SPDX-License-Identifier: GPL-2.0
/*
 * Reads the kernel's debug dump for one question: did a task of a higher class hold the CPU of a task that stalled? It
 * finds nothing where the dump was cut short before that CPU, and it judges no scheduler.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "loader/loader.h"

/* The "[PID]" in "COMM[PID] failed to run for 31.3s", brackets included: COMM may hold brackets too. */
static bool stalled_task(const char *message, char *out, size_t size)
{
	const char *end = strstr(message, "] failed to run for "), *start = end;

	while (start && start > message && *start != '[')
		start--;
	if (!start || *start != '[' || (size_t)(end - start) + 2 > size)
		return false;
	snprintf(out, size, "%.*s", (int)(end - start) + 1, start);
	return true;
}

/* "          curr=COMM[PID] class=rt_sched_class": a task that sched_ext cannot displace. */
static bool higher_class(const char *line)
{
	const char *class = strstr(line, " class=");

	return class && (!strncmp(class + 7, "rt_", 3) || !strncmp(class + 7, "dl_", 3) ||
			 !strncmp(class + 7, "stop_", 5));
}

/* "  R COMM[PID] -33852ms": a runnable task and for how long it has been. */
static bool runnable_task(const char *line, const char *pid)
{
	char mark[40];

	snprintf(mark, sizeof(mark), "%s -", pid);
	return line[0] == ' ' && line[2] == 'R' && strstr(line, mark);
}

bool loader_exit_holder(const struct loader_exit *exit, char *out, size_t size)
{
	char line[256], pid[24], holder[64] = "";
	const char *at = exit->dump;
	long cpu = -1;

	if (!stalled_task(exit->message, pid, sizeof(pid)))
		return false;
	while (*at) {
		size_t length = strcspn(at, "\n");
		const char *curr;

		snprintf(line, sizeof(line), "%.*s", (int)(length < 255 ? length : 255), at);
		at += length + (at[length] == '\n');
		if (!strncmp(line, "CPU ", 4) && line[4] >= '0' && line[4] <= '9') {
			cpu = strtol(line + 4, NULL, 10);
			holder[0] = '\0';
		}
		curr = strstr(line, " curr=");
		if (curr && higher_class(line))
			snprintf(holder, sizeof(holder), "%.*s", (int)strcspn(curr + 6, " "),
				 curr + 6);
		if (holder[0] && runnable_task(line, pid)) {
			snprintf(out, size, "%s held CPU %ld", holder, cpu);
			return true;
		}
	}
	return false;
}
