/* SPDX-License-Identifier: GPL-2.0 */
/* Whole files in and out. A file that we write is there whole or not at all: temporary name, fsync, rename. */
#ifndef SCHEDLAB_LIB_FILEIO_H
#define SCHEDLAB_LIB_FILEIO_H

#include <jansson.h>
#include <stddef.h>
#include <stdio.h>

/*
 * Read @path whole into a fresh, NUL-terminated buffer (*@data, the caller frees; *@size without the NUL, may be
 * NULL). Reads regular files, pipes and /proc alike. Returns 0, -EFBIG above @max_bytes, or -errno.
 */
int file_read(const char *path, size_t max_bytes, char **data, size_t *size);

/* The first line of a small file (1 MiB at most), without its end, cut to @size. Returns 0 or as file_read() does. */
int file_read_line(const char *path, char *line, size_t size);

/* Replace @path with @size bytes of @data, mode 0644. Returns 0 or -errno; on an error @path is as it was. */
int file_replace(const char *path, const void *data, size_t size);

/*
 * Replace @path with the text that @write puts into @out, or print it where @path is "-". @write returns 0 or -errno;
 * the text is whole in memory before anything is written. Returns 0 or -errno.
 */
int file_replace_with(const char *path, int (*write)(void *context, FILE *out), void *context);

/* Replace @path with @json and a newline at the end; @layout is JSON_COMPACT or JSON_INDENT(n). Returns 0 or -errno. */
int file_replace_json(const char *path, const json_t *json, size_t layout);

/* Print @json on stdout on one line and flush. Returns 0 or -errno (a closed pipe, a full disk). */
int file_print_json(const json_t *json);

#endif
