// SPDX-License-Identifier: GPL-2.0
/* The kernel log's word about a scheduler's end, see kmsg.h. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "loader/kmsg.h"
#include "loader/loader.h"

#define RECORD_MAX 8192 /* the kernel's limit for one record */
#define FACILITY_SHIFT \
	3 /* of the number that a record begins with; facility 0 is the kernel itself */

/* The kernel's texts (scx_exit_reason()), the same from 6.12 on. */
static const struct {
	const char *reason;
	int32_t kind;
} kinds[] = {
	{"unregistered from user space", LOADER_KIND_UNREG},
	{"unregistered from BPF", LOADER_KIND_UNREG_BPF},
	{"unregistered from the main kernel", LOADER_KIND_UNREG_KERN},
	{"disabled by sysrq-S", LOADER_KIND_SYSRQ},
	{"runtime error", LOADER_KIND_ERROR},
	{"scx_bpf_error", LOADER_KIND_ERROR_BPF},
	{"runnable task stall", LOADER_KIND_ERROR_STALL},
};

int kmsg_open(void)
{
	int err, fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	if (lseek(fd, 0, SEEK_END) < 0) {
		err = -errno;
		close(fd);
		return err;
	}
	return fd;
}

/* "PRIORITY,...;TEXT": the reason in @record, if it is the kernel's and about @name's end. */
static int32_t read_end(const char *record, const char *name, char *reason, size_t size)
{
	const char *at = strchr(record, ';'), *end;
	char begin[LOADER_NAME_MAX + 64];
	size_t i;

	snprintf(begin, sizeof(begin), "sched_ext: BPF scheduler \"%s\" disabled (", name);
	if (!at || strtoul(record, NULL, 10) >> FACILITY_SHIFT ||
	    strncmp(at + 1, begin, strlen(begin)) != 0)
		return LOADER_KIND_NONE;
	at += 1 + strlen(begin);
	end = strchr(at, ')');
	for (i = 0; end && i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strlen(kinds[i].reason) == (size_t)(end - at) &&
		    !strncmp(at, kinds[i].reason, (size_t)(end - at))) {
			snprintf(reason, size, "%s", kinds[i].reason);
			return kinds[i].kind;
		}
	return LOADER_KIND_NONE;
}

int32_t kmsg_find_end(int fd, const char *name, char *reason, size_t size)
{
	char record[RECORD_MAX + 1];
	int32_t kind = LOADER_KIND_NONE;
	ssize_t got;

	reason[0] = '\0';
	while (kind == LOADER_KIND_NONE) {
		got = read(fd, record, RECORD_MAX);
		/* EPIPE: the kernel has overwritten what was next; the read after it goes on behind. */
		if (got < 0 && (errno == EPIPE || errno == EINTR))
			continue;
		if (got <= 0)
			break;
		record[got] = '\0';
		kind = read_end(record, name, reason, size);
	}
	return kind;
}
