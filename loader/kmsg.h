/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the kernel log says about a scheduler's end, for objects that keep no exit record. The kernel writes the line before
 * sysfs shows the end. Its wording is no promise: what is not understood stays unknown.
 */
#ifndef SCHEDLAB_LOADER_KMSG_H
#define SCHEDLAB_LOADER_KMSG_H

#include <stddef.h>
#include <stdint.h>

/* The log from its present end on. Returns a file descriptor, or -errno: no privilege, or no /dev/kmsg. */
int kmsg_open(void);
/*
 * Read on until scheduler @name's end and put the kernel's reason into @reason. Returns its enum loader_exit_kind, or
 * LOADER_KIND_NONE (0) with @reason "" where the log does not have it. Never waits.
 */
int32_t kmsg_find_end(int fd, const char *name, char *reason, size_t size);

#endif
