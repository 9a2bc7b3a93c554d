// SPDX-License-Identifier: GPL-2.0
/* The verifier's log, cut to what a reader needs first: the complaint and the source line that it is about. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "loader/internal.h"

/* The log's own last lines tell of its effort, not of the fault. */
static bool is_complaint(const char *line)
{
	static const char *const effort[] = {
		"processed ", "verification time", "stack depth", "peak_states", "-- END", NULL};
	size_t i;

	if (!line[0] || line[0] == ';')
		return false;
	for (i = 0; effort[i]; i++)
		if (!strncmp(line, effort[i], strlen(effort[i])))
			return false;
	return true;
}

void verifier_summary(const char *log, char *out, size_t size)
{
	char *copy = strdup(log), *line, *rest, *complaint = NULL, *source = NULL;

	snprintf(out, size, "the verifier gave no reason");
	for (line = copy ? strtok_r(copy, "\n", &rest) : NULL; line;
	     line = strtok_r(NULL, "\n", &rest)) {
		if (line[0] == ';')
			source = line + strspn(line, "; ");
		else if (is_complaint(line))
			complaint = line;
	}
	if (complaint && source)
		snprintf(out, size, "%.300s, at: %.300s", complaint, source);
	else if (complaint)
		snprintf(out, size, "%.600s", complaint);
	free(copy);
}
