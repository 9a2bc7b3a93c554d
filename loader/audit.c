// SPDX-License-Identifier: GPL-2.0
/*
 * The trail in the system log, see audit.h. syslog(3) may wait for a log daemon that the very scheduler under guard
 * starves, so the line is sent to the same socket without waiting.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <syslog.h>
#include <unistd.h>

#include "lib/cli.h"
#include "lib/fileio.h"
#include "lib/timeutil.h"
#include "loader/audit.h"

#define TEXT_MAX 2048

static unsigned int lost;
static int first_error; /* why the first one was lost */

static void send_line(const char *line)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "/dev/log"};
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	/* Without /dev/log there is no log that could miss a line. */
	if ((fd < 0 || sendto(fd, line, strlen(line), MSG_NOSIGNAL, (struct sockaddr *)&address,
			      sizeof(address)) < 0) &&
	    errno != ENOENT && !lost++)
		first_error = errno;
	if (fd >= 0)
		close(fd);
}

static void send_text(const char *text)
{
	char clean[TEXT_MAX], line[TEXT_MAX + 64];

	cli_printable(text, clean, sizeof(clean));
	snprintf(line, sizeof(line), "<%d>schedlab[%d]: %s", LOG_DAEMON | LOG_NOTICE, getpid(),
		 clean);
	send_line(line);
}

void audit(const char *format, ...)
{
	char text[TEXT_MAX];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	send_text(text);
}

/* The options come last: a log daemon with short lines cuts those and not who did what. */
void audit_scheduler(const struct loader *loader, const char *format, ...)
{
	json_t *options = loader_options_to_json(loader);
	char text[TEXT_MAX], *values = options ? json_dumps(options, JSON_COMPACT) : NULL;
	size_t used;
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text) / 2, format, args);
	va_end(args);
	used = strlen(text);
	snprintf(text + used, sizeof(text) - used, "; object %s, options %s", loader_sha256(loader),
		 values ? values : "?");
	send_text(text);
	free(values);
	json_decref(options);
}

void loader_audit_loaded(const struct loader *loader, const char *more)
{
	audit_scheduler(loader, "loaded %s%s, by %s", loader_label(loader), more,
			audit_user(0, getuid()));
}

void loader_audit_ended(const struct loader *loader, bool ejected, uint64_t ran_ns,
			const char *rule, int status, const char *text)
{
	char ran[32];

	audit_scheduler(loader, "%s %s after %s, rule %s, status %d%s%s, run by %s",
			ejected ? "ejected" : "ended", loader_label(loader),
			time_format(ran_ns, ran, sizeof(ran)), rule, status, text[0] ? ": " : "",
			text, audit_user(0, getuid()));
}

void loader_audit_warn(void)
{
	if (lost)
		cli_warn("%u lines did not reach the system log: %s", lost, strerror(first_error));
}

const char *audit_user(int pid, unsigned int uid)
{
	static char user[64];
	char path[64], *text;
	unsigned long login = 4294967295UL;

	snprintf(path, sizeof(path), pid ? "/proc/%d/loginuid" : "/proc/self/loginuid", pid);
	if (!file_read(path, 64, &text, NULL)) {
		login = strtoul(text, NULL, 10);
		free(text);
	}
	if (login == 4294967295UL)
		snprintf(user, sizeof(user), "uid %u", uid);
	else
		snprintf(user, sizeof(user), "uid %u, login uid %lu", uid, login);
	return user;
}
