// SPDX-License-Identifier: GPL-2.0
/*
 * Locks the program's memory, so that what must react is not swapped out. mlockall() would do but for BPF objects with an
 * arena: that is address space of gigabytes, and mlockall(MCL_CURRENT) fills it, MCL_ONFAULT or not, since its mapping is one
 * that cannot be locked. So each mapping is locked by itself, but for those that are BPF's.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "lib/fileio.h"
#include "lib/memlock.h"

#define MAPS_MAX (1 << 20)

/* A line of /proc/self/maps: lock it if it is memory of the program's own that can be read. */
static int line_lock(const char *line)
{
	unsigned long begin, end;
	char *at, readable;

	begin = strtoul(line, &at, 16);
	end = strtoul(at + 1, &at, 16);
	readable = at[1];
	if (readable != 'r' || strstr(at, "anon_inode:") || strstr(at, "[v"))
		return 0; /* [v: vdso and its like */
	return mlock((void *)begin, end - begin) ? -errno : 0;
}

int memory_lock(void)
{
	char *text, *line, *rest;
	int err = file_read("/proc/self/maps", MAPS_MAX, &text, NULL);

	if (err)
		return err;
	for (line = strtok_r(text, "\n", &rest); line && !err; line = strtok_r(NULL, "\n", &rest))
		err = line_lock(line);
	free(text);
	return err;
}
