// SPDX-License-Identifier: GPL-2.0
/* Whole files in and out, see lib/fileio.h. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/fileio.h"

#define READ_CHUNK    65536
#define LINE_FILE_MAX (1 << 20) /* /proc/stat of a large machine has its place in it */

static int read_all(int fd, size_t max_bytes, char **data, size_t *size)
{
	size_t used = 0, room = READ_CHUNK;
	char *buffer = malloc(room + 1), *grown;
	ssize_t n;

	while (buffer) {
		n = read(fd, buffer + used, room - used);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			int err = -errno;

			free(buffer);
			return err;
		}
		if (n == 0)
			break;
		used += (size_t)n;
		if (used > max_bytes) {
			free(buffer);
			return -EFBIG;
		}
		if (used < room)
			continue;
		room *= 2;
		grown = realloc(buffer, room + 1);
		if (!grown)
			free(buffer);
		buffer = grown;
	}
	if (!buffer)
		return -ENOMEM;
	buffer[used] = '\0';
	*data = buffer;
	if (size)
		*size = used;
	return 0;
}

int file_read(const char *path, size_t max_bytes, char **data, size_t *size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), err;

	if (fd < 0)
		return -errno;
	err = read_all(fd, max_bytes, data, size);
	close(fd);
	return err;
}

int file_read_line(const char *path, char *line, size_t size)
{
	char *text = NULL;
	int err = file_read(path, LINE_FILE_MAX, &text, NULL);

	if (!text)
		return err;
	text[strcspn(text, "\n")] = '\0';
	snprintf(line, size, "%s", text);
	free(text);
	return 0;
}

static int write_all(int fd, const char *data, size_t size)
{
	ssize_t n;

	while (size) {
		n = write(fd, data, size);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		data += n;
		size -= (size_t)n;
	}
	return 0;
}

/* A rename is durable once its folder is synced; a file system that cannot sync a folder is not an error. */
static void sync_folder(const char *path)
{
	char folder[PATH_MAX];
	char *slash;
	int fd;

	snprintf(folder, sizeof(folder), "%s", path);
	slash = strrchr(folder, '/');
	if (!slash)
		snprintf(folder, sizeof(folder), ".");
	else if (slash == folder)
		slash[1] = '\0';
	else
		*slash = '\0';
	fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return;
	fsync(fd);
	close(fd);
}

int file_replace(const char *path, const void *data, size_t size)
{
	char temporary[PATH_MAX];
	int fd, err;

	if ((size_t)snprintf(temporary, sizeof(temporary), "%s.XXXXXX", path) >= sizeof(temporary))
		return -ENAMETOOLONG;
	fd = mkostemp(temporary, O_CLOEXEC);
	if (fd < 0)
		return -errno;
	err = write_all(fd, data, size);
	if (!err && (fchmod(fd, 0644) || fsync(fd)))
		err = -errno;
	if (close(fd) && !err)
		err = -errno;
	if (!err && rename(temporary, path))
		err = -errno;
	if (err)
		unlink(temporary);
	else
		sync_folder(path);
	return err;
}

static int print_text(const char *text, size_t size)
{
	errno = 0;
	if (fwrite(text, 1, size, stdout) == size && !fflush(stdout))
		return 0;
	return errno ? -errno : -EIO;
}

int file_replace_with(const char *path, int (*write)(void *context, FILE *out), void *context)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);
	int err;

	if (!out)
		return -errno;
	err = write(context, out);
	if (fclose(out) && !err)
		err = -ENOMEM;
	if (!err)
		err = strcmp(path, "-") ? file_replace(path, text, size) : print_text(text, size);
	free(text);
	return err;
}

int file_replace_json(const char *path, const json_t *json, size_t layout)
{
	char *text = json_dumps(json, layout | JSON_REAL_PRECISION(15));
	size_t size;
	int err;

	if (!text)
		return -ENOMEM;
	/* The terminating NUL's place takes the final newline. */
	size = strlen(text);
	text[size] = '\n';
	err = file_replace(path, text, size + 1);
	free(text);
	return err;
}

int file_print_json(const json_t *json)
{
	char *text = json_dumps(json, JSON_COMPACT | JSON_REAL_PRECISION(15));
	int err = 0;

	if (!text)
		return -ENOMEM;
	if (puts(text) == EOF || fflush(stdout) == EOF)
		err = errno ? -errno : -EIO;
	free(text);
	return err;
}
