// SPDX-License-Identifier: GPL-2.0
/* Rules from text, see rules.h. */
#include <ctype.h>
#include <errno.h>
#include <ini.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/cli.h"
#include "lib/fileio.h"
#include "lib/timeutil.h"
#include "loader/rules.h"
#include "observe/ledger_abi.h"

#define HOUR_NS	       (3600 * NSEC_PER_SEC)
#define RULES_FILE_MAX (1 << 20)
#define LINE_BYTES_MAX 197 /* what libinih's buffer takes beside the line's end */

static int bad(char *error, size_t size, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static int bad(char *error, size_t size, const char *format, ...)
{
	char text[512];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	cli_printable(text, error, size);
	return -EINVAL;
}

void rules_init(struct rules *rules)
{
	memset(rules, 0, sizeof(*rules));
	rules->back_off_ns = 100 * NSEC_PER_MSEC;
	rules->breaker = 5;
	rules->breaker_window_ns = 60 * NSEC_PER_SEC;
}

/* A duration within [min, max]; @unit_ns for a bare number, 0 to demand a unit. */
static int parse_time(const char *name, const char *text, uint64_t min, uint64_t max, uint64_t *ns,
		      char *error, size_t size)
{
	char low[32], high[32];
	uint64_t value;

	if (cli_parse_duration_ns(text, NSEC_PER_MSEC, &value))
		return bad(error, size, "%s: '%s' is not a duration like 500ms or 2s", name, text);
	if (value < min || value > max)
		return bad(error, size, "%s: %s is out of bounds, from %s to %s is allowed", name,
			   text, time_format(min, low, sizeof(low)),
			   time_format(max, high, sizeof(high)));
	*ns = value;
	return 0;
}

/* The next token of @text, up to one of @stop or the end, without blanks around it. Returns where it stopped. */
static const char *token(const char *text, const char *stop, char *out, size_t size)
{
	size_t length, end;

	text += strspn(text, " \t");
	length = strcspn(text, stop);
	for (end = length; end && isspace((unsigned char)text[end - 1]); end--)
		;
	snprintf(out, size, "%.*s", (int)end, text);
	return text + length;
}

static int parse_interval(const char *name, unsigned int *interval)
{
	static const struct {
		const char *name;
		enum ledger_interval interval;
	} known[] = {
		{"wakeup", LEDGER_WAKEUP},
		{"queue", LEDGER_QUEUE},
		{"preempt", LEDGER_PREEMPT},
		{"delay", LEDGER_RUN_DELAY},
	};
	size_t i;

	for (i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (!strcmp(name, known[i].name)) {
			*interval = known[i].interval;
			return 0;
		}
	return -EINVAL;
}

/* "mean", "max", "p50", "p99", "p99.9" */
static int parse_quantile(const char *name, double *quantile)
{
	double percent;

	*quantile = -1;
	if (!strcmp(name, "mean"))
		return 0;
	*quantile = 1;
	if (!strcmp(name, "max"))
		return 0;
	if (name[0] != 'p' || cli_parse_double(name + 1, 1, 99.999, &percent))
		return -EINVAL;
	*quantile = percent / 100;
	return 0;
}

static int parse_slo(struct rules *rules, const char *text, char *error, size_t size)
{
	struct rule_slo *slo = &rules->slos[rules->slo_count];
	char interval[32], quantile[32], limit[32], window[32];
	const char *at;

	if (rules->slo_count == RULES_MAX)
		return bad(error, size, "slo: at most %d rules", RULES_MAX);
	snprintf(slo->text, sizeof(slo->text), "%s", text);
	at = token(text, ".", interval, sizeof(interval));
	at = token(at + (*at == '.'), "<", quantile, sizeof(quantile));
	at = token(at + (*at == '<'), " \t", limit, sizeof(limit));
	at += strspn(at, " \t");
	if (strncmp(at, "for", 3) != 0 || !isspace((unsigned char)at[3]))
		return bad(error, size, "slo: '%s' is not of the form 'wakeup.p99<2ms for 5s'",
			   text);
	token(at + 3, "", window, sizeof(window));
	if (parse_interval(interval, &slo->interval))
		return bad(error, size,
			   "slo: '%s' is no interval; wakeup, queue, preempt and delay are",
			   interval);
	if (parse_quantile(quantile, &slo->quantile))
		return bad(error, size,
			   "slo: '%s' is no quantile; p50, p99, p99.9, mean and max are", quantile);
	if (parse_time("slo", limit, NSEC_PER_USEC, HOUR_NS, &slo->limit_ns, error, size) ||
	    parse_time("slo", window, 100 * NSEC_PER_MSEC, HOUR_NS, &slo->window_ns, error, size))
		return -EINVAL;
	rules->slo_count++;
	return 0;
}

static int parse_event(struct rules *rules, const char *text, char *error, size_t size)
{
	struct rule_event *event = &rules->events[rules->event_count];
	char limit[32];
	const char *at;

	if (rules->event_count == RULES_MAX)
		return bad(error, size, "event: at most %d rules", RULES_MAX);
	snprintf(event->text, sizeof(event->text), "%s", text);
	at = token(text, ">", event->name, sizeof(event->name));
	if (*at != '>' || !event->name[0])
		return bad(error, size,
			   "event: '%s' is not of the form 'SCX_EV_SELECT_CPU_FALLBACK>1000/s'",
			   text);
	at = token(at + 1, "/", limit, sizeof(limit));
	event->per_second = !strcmp(at, "/s");
	if ((*at && !event->per_second) || cli_parse_u64(limit, 0, UINT64_MAX, &event->limit))
		return bad(error, size,
			   "event: '%s' is not a count, or a count a second like 1000/s", text);
	rules->event_count++;
	return 0;
}

static int parse_fallbacks(struct rules *rules, const char *text, char *error, size_t size)
{
	char name[256];

	rules->fallback_count = 0;
	for (;;) {
		text = token(text, ",", name, sizeof(name));
		if (!name[0])
			return bad(error, size, "fallback: a name is missing between commas");
		if (rules->fallback_count == RULES_FALLBACK_MAX)
			return bad(error, size, "fallback: at most %d schedulers",
				   RULES_FALLBACK_MAX);
		memcpy(rules->fallbacks[rules->fallback_count++], name, sizeof(name));
		if (!*text)
			return 0;
		text++;
	}
}

/* "5", or "5 in 60s" */
static int parse_breaker(struct rules *rules, const char *text, char *error, size_t size)
{
	char count[32], in[8];
	const char *at = token(text, " \t", count, sizeof(count));
	uint64_t value;

	if (cli_parse_u64(count, 1, 1000, &value))
		return bad(error, size, "breaker: '%s' is not a count from 1 to 1000", count);
	at = token(at, " \t", in, sizeof(in));
	at += strspn(at, " \t");
	if (in[0] && strcmp(in, "in") != 0)
		return bad(error, size, "breaker: '%s' is not of the form '5 in 60s'", text);
	if (in[0] && parse_time("breaker", at, NSEC_PER_SEC, 24 * HOUR_NS,
				&rules->breaker_window_ns, error, size))
		return -EINVAL;
	rules->breaker = (unsigned int)value;
	return 0;
}

int rules_set(struct rules *r, const char *name, const char *value, char *error, size_t size)
{
	static const char *const names[] = {"max-wait", "canary",   "confirm",	"slo",
					    "event",	"fallback", "back-off", "breaker"};
	const char *nearest;

	if (!strcmp(name, "max-wait"))
		return parse_time(name, value, 20 * NSEC_PER_MSEC, HOUR_NS, &r->max_wait_ns, error,
				  size);
	if (!strcmp(name, "canary"))
		return parse_time(name, value, 20 * NSEC_PER_MSEC, HOUR_NS, &r->canary_ns, error,
				  size);
	if (!strcmp(name, "confirm"))
		return parse_time(name, value, NSEC_PER_MSEC, 24 * HOUR_NS, &r->confirm_ns, error,
				  size);
	if (!strcmp(name, "back-off"))
		return parse_time(name, value, 0, HOUR_NS, &r->back_off_ns, error, size);
	if (!strcmp(name, "slo"))
		return parse_slo(r, value, error, size);
	if (!strcmp(name, "event"))
		return parse_event(r, value, error, size);
	if (!strcmp(name, "fallback"))
		return parse_fallbacks(r, value, error, size);
	if (!strcmp(name, "breaker"))
		return parse_breaker(r, value, error, size);
	nearest = cli_nearest(name, names, sizeof(names) / sizeof(names[0]));
	bad(error, size, "there is no rule '%s'%s%s%s", name, nearest ? "; did you mean '" : "",
	    nearest ? nearest : "", nearest ? "'" : "");
	return -ENOENT;
}

struct reading {
	struct rules *rules;
	char *error;
	size_t error_size;
	bool value; /* the value is at fault, not what stands before it */
};

static int take_line(void *user, const char *section, const char *name, const char *value)
{
	struct reading *reading = user;
	int err;

	if (section[0] && strcmp(section, "guard") != 0) {
		bad(reading->error, reading->error_size, "there is no section [%s], only [guard]",
		    section);
		return 0;
	}
	err = rules_set(reading->rules, name, value, reading->error, reading->error_size);
	reading->value = err && err != -ENOENT;
	return !err;
}

static const char *line_start(const char *text, int line)
{
	while (--line > 0 && strchr(text, '\n'))
		text = strchr(text, '\n') + 1;
	return text;
}

/* The column, from 1, of the first word of @line, or of what follows its '='. */
static int column(const char *line, bool value)
{
	size_t at = value ? strcspn(line, "=:\n") : 0;

	/* Without one it continues the line before: all of it is value. */
	at = line[at] == '=' || line[at] == ':' ? at + 1 : 0;
	return (int)(at + strspn(line + at, " \t")) + 1;
}

/* The first line that the parser would cut in two, or 0. */
static int long_line(const char *text)
{
	int line;

	for (line = 1; *text; line++) {
		size_t length = strcspn(text, "\n");

		if (length > LINE_BYTES_MAX)
			return line;
		text += length + (text[length] == '\n');
	}
	return 0;
}

int rules_read(struct rules *rules, const char *path, char *error, size_t error_size)
{
	char why[512] = "", *text;
	struct reading reading = {.rules = rules, .error = why, .error_size = sizeof(why)};
	int line, err = file_read(path, RULES_FILE_MAX, &text, NULL);

	if (err) {
		snprintf(error, error_size, "%s: %s", path, strerror(-err));
		return err;
	}
	line = long_line(text);
	if (line)
		bad(why, sizeof(why), "a line has at most %d bytes", LINE_BYTES_MAX);
	else
		line = ini_parse_string(text, take_line, &reading);
	if (line < 0)
		snprintf(error, error_size, "%s: out of memory", path);
	else if (line)
		snprintf(error, error_size, "%s:%d:%d: %s", path, line,
			 column(line_start(text, line), reading.value),
			 why[0] ? why : "neither NAME = VALUE nor a section");
	free(text);
	return !line ? 0 : line < 0 ? -ENOMEM : -EINVAL;
}
