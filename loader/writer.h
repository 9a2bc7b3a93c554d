/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Files written by a thread of its own, so that a slow or full disk never holds up the guard. What cannot be written is
 * counted and told. Whole files only, each there completely or not at all.
 */
#ifndef SCHEDLAB_LOADER_WRITER_H
#define SCHEDLAB_LOADER_WRITER_H

#include <stddef.h>

struct writer;

/* Returns 0 or -errno. */
int writer_start(struct writer **writer);
/* Write @text to @path later; both are copied. Never waits: a job that finds the queue full is counted as lost. */
void writer_put(struct writer *writer, const char *path, const char *text);
/*
 * Wait until all is written, end the thread, free. Returns how many files were lost; the last one's reason is in @error.
 */
unsigned int writer_finish(struct writer *writer, char *error, size_t error_size);

#endif
