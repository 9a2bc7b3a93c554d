// SPDX-License-Identifier: GPL-2.0
/*
 * The kernel announces each scheduler that starts or ends by a uevent: a netlink socket that wakes us at once. An
 * announcement only says "look": what is true is in sysfs and in the exit record.
 */
#include <errno.h>
#include <linux/netlink.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "loader/internal.h"

#define UEVENT_GROUP_KERNEL 1
#define UEVENT_MAX	    8192

int notice_open(void)
{
	struct sockaddr_nl address = {.nl_family = AF_NETLINK, .nl_groups = UEVENT_GROUP_KERNEL};
	int fd, err;

	fd = socket(AF_NETLINK, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, NETLINK_KOBJECT_UEVENT);
	if (fd < 0)
		return -errno;
	if (bind(fd, (struct sockaddr *)&address, sizeof(address))) {
		err = -errno;
		close(fd);
		return err;
	}
	return fd;
}

bool notice_drain(int fd)
{
	struct sockaddr_nl from = {0};
	socklen_t length;
	char text[UEVENT_MAX];
	bool ours = false;
	ssize_t got;

	for (;;) {
		length = sizeof(from);
		got = recvfrom(fd, text, sizeof(text) - 1, MSG_DONTWAIT, (struct sockaddr *)&from,
			       &length);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return ours || (errno != EAGAIN && errno != EWOULDBLOCK);
		text[got] = '\0';
		/* Port 0 is the kernel; anyone else may only claim to be. */
		if (from.nl_pid == 0 && strstr(text, "/sched_ext/"))
			ours = true;
	}
}
