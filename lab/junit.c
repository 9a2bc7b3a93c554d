// SPDX-License-Identifier: GPL-2.0
/* Verdicts of --fail-if rules as JUnit XML, the format that CI servers read. Knows that one format and nothing else. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lab/lab.h"
#include "lab/markup.h"
#include "lib/fileio.h"

static void put_case(FILE *out, const struct rule_result *result)
{
	static const char *const tags[] = {
		[RULE_HOLDS] = NULL, [RULE_HIT] = "failure", [RULE_UNDECIDED] = "skipped"};
	const char *tag = tags[result->outcome];

	fputs("  <testcase classname=\"schedlab.compare\" name=\"", out);
	markup_put(out, result->rule.text);
	if (!tag) {
		fputs("\"/>\n", out);
		return;
	}
	fprintf(out, "\">\n    <%s message=\"", tag);
	markup_put(out, result->reason);
	fputs("\"/>\n  </testcase>\n", out);
}

struct suite {
	const struct rule_result *results;
	size_t count;
};

static int put_suite(void *context, FILE *out)
{
	const struct suite *suite = context;
	const struct rule_result *results = suite->results;
	size_t count = suite->count, failures = 0, skipped = 0;

	for (size_t i = 0; i < count; i++) {
		failures += results[i].outcome == RULE_HIT;
		skipped += results[i].outcome == RULE_UNDECIDED;
	}
	fprintf(out,
		"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuite name=\"schedlab compare\" "
		"tests=\"%zu\" "
		"failures=\"%zu\" errors=\"0\" skipped=\"%zu\">\n",
		count, failures, skipped);
	for (size_t i = 0; i < count; i++)
		put_case(out, &results[i]);
	fputs("</testsuite>\n", out);
	return 0;
}

int junit_write(const char *path, const struct rule_result *results, size_t count)
{
	struct suite suite = {results, count};

	return file_replace_with(path, put_suite, &suite);
}
