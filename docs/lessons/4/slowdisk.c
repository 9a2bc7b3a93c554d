// SPDX-License-Identifier: GPL-2.0
/*
 * slowdisk: a file system for lesson 4 whose only cost is a known one: fsync takes DELAY_US, the rest nothing. It speaks
 * the kernel's FUSE protocol itself, so that the lesson needs no disk and repeats itself in the virtual lab. One folder,
 * files of any name, and what is written to them is forgotten.
 *
 *	slowdisk FOLDER DELAY_US        mounts itself on FOLDER and serves until it is killed (root)
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#define FILE_NODE   2
#define BUFFER_SIZE (FUSE_MIN_READ_BUFFER + 65536)

static uint64_t file_size;

static void reply(int fd, uint64_t unique, int error, const void *data, size_t size)
{
	struct fuse_out_header out = {
		.len = (uint32_t)(sizeof(out) + size), .error = -error, .unique = unique};
	struct iovec parts[2] = {{&out, sizeof(out)}, {(void *)(uintptr_t)data, size}};

	if (writev(fd, parts, size ? 2 : 1) < 0 && errno != ENOENT)
		perror("slowdisk: reply");
}

static struct fuse_attr attributes(uint64_t node)
{
	return (struct fuse_attr){
		.ino = node,
		.size = node == FUSE_ROOT_ID ? 0 : file_size,
		.mode = node == FUSE_ROOT_ID ? S_IFDIR | 0755 : S_IFREG | 0644,
		.nlink = 1,
		.blksize = 4096,
	};
}

static struct fuse_entry_out entry(void)
{
	return (struct fuse_entry_out){.nodeid = FILE_NODE, .attr = attributes(FILE_NODE)};
}

static void serve_init(int fd, const struct fuse_in_header *in, const struct fuse_init_in *init)
{
	struct fuse_init_out out = {
		.major = FUSE_KERNEL_VERSION,
		.minor = init->minor < FUSE_KERNEL_MINOR_VERSION ? init->minor
								 : FUSE_KERNEL_MINOR_VERSION,
		.max_readahead = 0,
		.max_background = 1,
		.congestion_threshold = 1,
		.max_write = 4096,
	};

	reply(fd, in->unique, 0, &out, sizeof(out));
}

static void serve_create(int fd, const struct fuse_in_header *in)
{
	struct {
		struct fuse_entry_out entry;
		struct fuse_open_out open;
	} out = {.entry = entry(), .open = {.open_flags = FOPEN_DIRECT_IO}};

	reply(fd, in->unique, 0, &out, sizeof(out));
}

static void serve(int fd, const struct fuse_in_header *in, unsigned int delay_us)
{
	const void *body = in + 1;
	const struct fuse_write_in *wr = body;
	struct timespec delay = {delay_us / 1000000, (long)(delay_us % 1000000) * 1000};
	struct fuse_attr_out attr = {.attr = attributes(in->nodeid)};
	struct fuse_open_out opened = {.open_flags = FOPEN_DIRECT_IO};
	struct fuse_write_out written;
	struct fuse_entry_out found;

	switch (in->opcode) {
	case FUSE_INIT:
		serve_init(fd, in, body);
		return;
	case FUSE_LOOKUP:
		found = entry();
		reply(fd, in->unique, 0, &found, sizeof(found));
		return;
	case FUSE_CREATE:
		serve_create(fd, in);
		return;
	case FUSE_OPEN:
	case FUSE_OPENDIR:
		reply(fd, in->unique, 0, &opened, sizeof(opened));
		return;
	case FUSE_GETATTR:
	case FUSE_SETATTR:
		reply(fd, in->unique, 0, &attr, sizeof(attr));
		return;
	case FUSE_WRITE:
		file_size = wr->offset + wr->size;
		written = (struct fuse_write_out){.size = wr->size};
		reply(fd, in->unique, 0, &written, sizeof(written));
		return;
	case FUSE_FSYNC:
		nanosleep(&delay, NULL);
		reply(fd, in->unique, 0, NULL, 0);
		return;
	case FUSE_FLUSH:
	case FUSE_RELEASE:
	case FUSE_RELEASEDIR:
		reply(fd, in->unique, 0, NULL, 0);
		return;
	case FUSE_FORGET:
	case FUSE_BATCH_FORGET:
	case FUSE_INTERRUPT:
		return; /* want no reply */
	default:
		reply(fd, in->unique, ENOSYS, NULL, 0);
	}
}

int main(int argc, char **argv)
{
	static char buffer[BUFFER_SIZE] __attribute__((aligned(8)));
	unsigned int delay_us;
	char options[100];
	int fd;

	if (argc != 3) {
		fprintf(stderr, "usage: slowdisk FOLDER DELAY_US\n");
		return 2;
	}
	delay_us = (unsigned int)strtoul(argv[2], NULL, 10);
	prctl(PR_SET_TIMERSLACK, 1);
	fd = open("/dev/fuse", O_RDWR);
	if (fd < 0) {
		perror("slowdisk: /dev/fuse");
		return 1;
	}
	snprintf(options, sizeof(options), "fd=%d,rootmode=40000,user_id=0,group_id=0", fd);
	if (mount("slowdisk", argv[1], "fuse.slowdisk", MS_NOSUID | MS_NODEV, options)) {
		perror("slowdisk: mount");
		return 1;
	}
	for (;;) {
		ssize_t n = read(fd, buffer, sizeof(buffer));

		if (n < 0 && (errno == EINTR || errno == ENOENT))
			continue;
		if (n < (ssize_t)sizeof(struct fuse_in_header))
			return n < 0 && errno == ENODEV ? 0 : 1;
		serve(fd, (const struct fuse_in_header *)buffer, delay_us);
	}
}
