// SPDX-License-Identifier: GPL-2.0
/*
 * libbpf's own messages: kept instead of printed, so that an error can say what libbpf knew. libbpf has one print
 * function per process, hence the statics. Not for the verifier's log, which has a buffer of its own.
 */
#include <stdio.h>
#include <string.h>

#include "loader/internal.h"

static char last[512];

static int keep(enum libbpf_print_level level, const char *format, va_list args)
{
	char line[512];

	/* The first warning is the cause, what follows are its consequences. */
	if (level != LIBBPF_WARN || last[0])
		return 0;
	vsnprintf(line, sizeof(line), format, args);
	line[strcspn(line, "\n")] = '\0';
	cli_printable(strncmp(line, "libbpf: ", 8) ? line : line + 8, last, sizeof(last));
	return 0;
}

void bpflog_start(void)
{
	last[0] = '\0';
	libbpf_set_print(keep);
}

const char *bpflog_last(void)
{
	return last;
}
