// SPDX-License-Identifier: GPL-2.0
/* Numbers, durations and names of the command line. */
#include <stdlib.h>
#include <string.h>
#include "lib/cli.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_printable(const char *text)
{
	static char out[4096];
	char small[9];

	cli_printable(text, out, sizeof(out));
	for (const char *p = out; *p; p++)
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			abort();
	memset(small, '#', sizeof(small));
	cli_printable(text, small, sizeof(small) - 1);
	if (small[8] != '#' || !memchr(small, 0, 8))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const names[] = {"list", "run", "status", "runqlat", "offcpu"};
	char *text = strndup((const char *)data, size);
	uint64_t number;
	double real;

	if (!text)
		return 0;
	if (!cli_parse_duration_ns(text, 1000, &number) && number > INT64_MAX)
		abort();
	if (!cli_parse_u64(text, 3, 1000, &number) && (number < 3 || number > 1000))
		abort();
	if (!cli_parse_double(text, -1, 1, &real) && !(real >= -1 && real <= 1))
		abort();
	cli_nearest(text, names, sizeof(names) / sizeof(names[0]));
	check_printable(text);
	free(text);
	return 0;
}
