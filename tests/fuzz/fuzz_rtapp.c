// SPDX-License-Identifier: GPL-2.0
/* rt-app files: refused with one line, or a program of events whose loops are closed. */
#include <stdlib.h>
#include <string.h>
#include "workloads/spec.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_thread(const struct rtapp_thread *t)
{
	int depth = 0;

	for (size_t i = 0; i < t->event_count; i++) {
		depth += t->events[i].op == RTAPP_LOOP;
		depth -= t->events[i].op == RTAPP_LOOP_END;
		if (depth < 0 || depth > 2)
			abort();
	}
	if (depth || !t->instances || t->instances > 256 || t->nice < -20 || t->nice > 19)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char error[WORKLOAD_ERROR_SIZE] = "";
	struct rtapp rtapp = {NULL};

	if (rtapp_parse("fuzz.json", (const char *)data, size, &rtapp, error, sizeof(error))) {
		if (!*error || rtapp.threads)
			abort();
		return 0;
	}
	for (size_t i = 0; i < rtapp.thread_count; i++)
		check_thread(&rtapp.threads[i]);
	rtapp_free(&rtapp);
	return 0;
}
