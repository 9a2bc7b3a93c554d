// SPDX-License-Identifier: GPL-2.0
/* Files written by a thread of its own, see writer.h. The queue is a pipe of pointers. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/fileio.h"
#include "loader/writer.h"

#define STACK_BYTES (128 * 1024)

struct job {
	char *path, *text;
};

struct writer {
	pthread_t thread;
	int in, out;
	atomic_uint lost;
	char error[512]; /* the thread's, until it has ended */
};

static void free_job(struct job *job)
{
	free(job->path);
	free(job->text);
	free(job);
}

/* The folder of @path, and those above it, are made where they are missing. */
static void make_folders(char *path)
{
	char *slash;

	for (slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		mkdir(path, 0755);
		*slash = '/';
	}
}

static void *writer_main(void *arg)
{
	struct writer *w = arg;
	struct job *job;
	int err;

	while (read(w->out, &job, sizeof(struct job *)) == (ssize_t)sizeof(struct job *)) {
		make_folders(job->path);
		err = file_replace(job->path, job->text, strlen(job->text));
		if (err) {
			atomic_fetch_add(&w->lost, 1);
			snprintf(w->error, sizeof(w->error), "%s: %s", job->path, strerror(-err));
		}
		free_job(job);
	}
	return NULL;
}

int writer_start(struct writer **writer)
{
	struct writer *w = calloc(1, sizeof(*w));
	pthread_attr_t attr;
	int fds[2], err;

	*writer = NULL;
	if (!w)
		return -ENOMEM;
	if (pipe2(fds, O_CLOEXEC)) {
		err = -errno;
		free(w);
		return err;
	}
	w->out = fds[0];
	w->in = fds[1];
	fcntl(w->in, F_SETFL, O_NONBLOCK);
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, STACK_BYTES);
	err = -pthread_create(&w->thread, &attr, writer_main, w);
	pthread_attr_destroy(&attr);
	if (err) {
		close(w->in);
		close(w->out);
		free(w);
		return err;
	}
	*writer = w;
	return 0;
}

void writer_put(struct writer *w, const char *path, const char *text)
{
	struct job *job = calloc(1, sizeof(*job));

	if (job) {
		job->path = strdup(path);
		job->text = strdup(text);
	}
	if (job && job->path && job->text &&
	    write(w->in, &job, sizeof(struct job *)) == (ssize_t)sizeof(struct job *))
		return;
	atomic_fetch_add(&w->lost, 1);
	if (job)
		free_job(job);
}

unsigned int writer_finish(struct writer *w, char *error, size_t error_size)
{
	unsigned int lost;

	if (!w)
		return 0;
	close(w->in);
	pthread_join(w->thread, NULL);
	close(w->out);
	lost = atomic_load(&w->lost);
	snprintf(error, error_size, "%s", w->error[0] ? w->error : "the queue was full");
	free(w);
	return lost;
}
