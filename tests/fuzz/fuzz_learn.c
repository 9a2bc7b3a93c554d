// SPDX-License-Identifier: GPL-2.0
/* Captured traces: jobs in order of arrival, or one line of refusal. */
#include <stdlib.h>
#include <string.h>
#include "workloads/learn.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = strndup((const char *)data, size), error[256] = "";
	struct learned l;

	if (!text)
		return 0;
	if (learn_jobs(text, "a", &l, error, sizeof(error))) {
		if (!*error || l.jobs)
			abort();
	} else {
		for (size_t i = 1; i < l.count; i++)
			if (l.jobs[i].arrival_ns < l.jobs[i - 1].arrival_ns)
				abort();
		learned_free(&l);
	}
	free(text);
	return 0;
}
