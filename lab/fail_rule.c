// SPDX-License-Identifier: GPL-2.0
/* Rules of `schedlab compare --fail-if`: their little language and their judgement. Writes no report. */
#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "lab/lab.h"
#include "lib/cli.h"
#include "lib/timeutil.h"

static int wrong(char *error, size_t size, const char *text, const char *at, const char *what)
{
	char shown[160];

	snprintf(error, size, "rule '%s': column %zu: %s",
		 cli_printable(text, shown, sizeof(shown)), (size_t)(at - text) + 1, what);
	return -EINVAL;
}

/* "wakeup.p99.9" is metric "wakeup", statistic "p99.9": the last dot that a letter follows. */
static const char *split_name(const char *name, size_t length)
{
	for (size_t i = length; i-- > 1;) {
		if (name[i] == '.' && i + 1 < length && isalpha((unsigned char)name[i + 1]))
			return name + i;
	}
	return NULL;
}

static const char *skip_space(const char *text)
{
	while (isspace((unsigned char)*text))
		text++;
	return text;
}

static bool take_word(const char **at, const char *word)
{
	size_t length = strlen(word);

	if (strncmp(*at, word, length) != 0 || !isspace((unsigned char)(*at)[length]))
		return false;
	*at = skip_space(*at + length);
	return true;
}

static int parse_limit(struct fail_rule *rule, const char *text, const char *at, char *error,
		       size_t size)
{
	char number[64];
	uint64_t ns;
	size_t length;

	snprintf(number, sizeof(number), "%s", at);
	length = strlen(number);
	while (length && isspace((unsigned char)number[length - 1]))
		number[--length] = '\0';
	if (rule->absolute) {
		if (cli_parse_duration_ns(number, 1, &ns))
			return wrong(error, size, text, at,
				     "a duration is wanted here, such as 5ms");
		rule->limit = (double)ns;
		return 0;
	}
	if (!length || number[length - 1] != '%')
		return wrong(error, size, text, at, "a percentage is wanted here, such as 5%");
	number[--length] = '\0';
	while (length && isspace((unsigned char)number[length - 1]))
		number[--length] = '\0';
	if (cli_parse_double(number, 0, 1e6, &rule->limit))
		return wrong(error, size, text, at,
			     "a percentage from 0 up is wanted here, such as 5%");
	return 0;
}

int fail_rule_parse(const char *text, struct fail_rule *rule, char *error, size_t error_size)
{
	const char *at = skip_space(text), *name = at, *dot;
	size_t length = strcspn(at, " \t\n");

	memset(rule, 0, sizeof(*rule));
	if (strlen(text) >= sizeof(rule->text))
		return wrong(error, error_size, text, text + sizeof(rule->text), "too long");
	snprintf(rule->text, sizeof(rule->text), "%s", text);
	dot = split_name(name, length);
	if (!dot || (size_t)(dot - name) >= sizeof(rule->metric) ||
	    length - (size_t)(dot - name) - 1 >= sizeof(rule->stat))
		return wrong(error, error_size, text, name,
			     "METRIC.STATISTIC is wanted here, such as wakeup.p99");
	snprintf(rule->metric, sizeof(rule->metric), "%.*s", (int)(dot - name), name);
	snprintf(rule->stat, sizeof(rule->stat), "%.*s", (int)(length - (size_t)(dot - name) - 1),
		 dot + 1);
	at = skip_space(name + length);
	if (take_word(&at, "above")) {
		rule->absolute = true;
	} else {
		const char *begin = at;

		if (!take_word(&at, "worse") || !take_word(&at, "than"))
			return wrong(error, error_size, text, begin,
				     "'worse than N%' or 'above DURATION' is wanted here");
	}
	return parse_limit(rule, text, at, error, error_size);
}

/* How much worse B is, in percent of A: best case and worst case of the interval. */
static struct stats_interval worsening(const struct comparison_row *row)
{
	const struct stats_interval *ci = &row->effect.ratio_ci;

	if (row->more_is_better)
		return (struct stats_interval){100 * (1 - ci->high), 100 * (1 - ci->low)};
	return (struct stats_interval){100 * (ci->low - 1), 100 * (ci->high - 1)};
}

static enum rule_outcome judge_row(const struct fail_rule *rule, const struct comparison_row *row)
{
	struct stats_interval change = worsening(row);

	if (row->verdict == VERDICT_TOO_FEW_SAMPLES)
		return RULE_UNDECIDED;
	if (rule->absolute)
		return row->effect.b > rule->limit ? RULE_HIT : RULE_HOLDS;
	if (!isfinite(change.low)) {
		if (!row->effect.has_interval || row->effect.b != 0)
			return RULE_UNDECIDED;
		/* B is 0 in all runs: of a time the best there is, of a share the worst. */
		return row->more_is_better && row->effect.a > 0 ? RULE_HIT : RULE_HOLDS;
	}
	if (change.low > rule->limit)
		return RULE_HIT;
	return change.high <= rule->limit ? RULE_HOLDS : RULE_UNDECIDED;
}

static void explain(const struct fail_rule *rule, const struct comparison *c,
		    const struct comparison_row *row, enum rule_outcome outcome, char *reason,
		    size_t size)
{
	static const char *const words[] = {"holds", "is true", "is undecided"};
	char a[32], b[32], workload[64], text[160], interval[80] = "no interval";
	struct stats_interval change = worsening(row);

	if (row->verdict == VERDICT_TOO_FEW_SAMPLES)
		snprintf(interval, sizeof(interval), "fewer than %d samples beyond", HIST_MIN_TAIL);
	else if (isfinite(change.low))
		snprintf(interval, sizeof(interval), "worse by %.1f to %.1f %%", change.low,
			 change.high);
	if (isnan(row->quantile)) {
		snprintf(a, sizeof(a), "%.4g", row->effect.a);
		snprintf(b, sizeof(b), "%.4g", row->effect.b);
	} else {
		time_format((uint64_t)row->effect.a, a, sizeof(a));
		time_format((uint64_t)row->effect.b, b, sizeof(b));
	}
	snprintf(reason, size, "'%s' %s: workload %s: A %s, B %s, %s",
		 cli_printable(rule->text, text, sizeof(text)), words[outcome],
		 cli_printable(c->workload, workload, sizeof(workload)), a, b, interval);
}

int fail_rule_judge(const struct fail_rule *rule, const struct comparison *comparisons,
		    size_t count, enum rule_outcome *outcome, char *reason, size_t reason_size)
{
	/* From best to worst, so that the worst workload's reason is the one given. */
	static const int severity[] = {[RULE_HOLDS] = 0, [RULE_UNDECIDED] = 1, [RULE_HIT] = 2};
	bool found = false;

	*outcome = RULE_HOLDS;
	for (size_t n = 0; n < count; n++) {
		const struct comparison *c = &comparisons[n];

		for (size_t i = 0; i < c->row_count; i++) {
			const struct comparison_row *row = &c->rows[i];
			enum rule_outcome here;

			if (strcmp(row->metric, rule->metric) != 0 ||
			    strcmp(row->stat, rule->stat) != 0)
				continue;
			here = judge_row(rule, row);
			if (!found || severity[here] > severity[*outcome]) {
				*outcome = here;
				explain(rule, c, row, here, reason, reason_size);
			}
			found = true;
		}
	}
	return found ? 0 : -ENOENT;
}
