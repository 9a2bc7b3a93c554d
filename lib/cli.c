// SPDX-License-Identifier: GPL-2.0
/* What every subcommand shares, see lib/cli.h. */
#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/cli.h"
#include "lib/timeutil.h"

#define NAME_MAX_LENGTH 64

static const struct {
	const char *suffix;
	uint64_t ns;
} duration_units[] = {
	{"ns", 1},	     {"us", NSEC_PER_USEC},    {"ms", NSEC_PER_MSEC},
	{"s", NSEC_PER_SEC}, {"m", 60 * NSEC_PER_SEC}, {"h", 3600 * NSEC_PER_SEC},
};

static uint64_t unit_of(const char *suffix, uint64_t default_unit_ns)
{
	size_t i;

	if (!*suffix)
		return default_unit_ns;
	for (i = 0; i < sizeof(duration_units) / sizeof(duration_units[0]); i++)
		if (!strcmp(suffix, duration_units[i].suffix))
			return duration_units[i].ns;
	return 0;
}

int cli_parse_duration_ns(const char *text, uint64_t default_unit_ns, uint64_t *ns)
{
	uint64_t unit_ns;
	double value;
	char *end;

	/* strtod takes hexadecimal, "inf" and leading space too; a duration begins with a digit or a point. */
	if (*text == '-')
		return -ERANGE;
	if (!isdigit((unsigned char)*text) && *text != '.')
		return -EINVAL;
	if (text[strspn(text, "0123456789.")] == 'x')
		return -EINVAL;
	value = strtod(text, &end);
	if (end == text)
		return -EINVAL;
	unit_ns = unit_of(end, default_unit_ns);
	if (!unit_ns)
		return -EINVAL;
	value = round(value * (double)unit_ns);
	if (!(value < 0x1p63))
		return -ERANGE;
	*ns = (uint64_t)value;
	return 0;
}

int cli_parse_u64(const char *text, uint64_t min, uint64_t max, uint64_t *value)
{
	unsigned long long parsed;
	char *end;

	if (*text == '-')
		return -ERANGE;
	if (!isdigit((unsigned char)*text))
		return -EINVAL;
	errno = 0;
	parsed = strtoull(text, &end, text[0] == '0' && (text[1] | 32) == 'x' ? 16 : 10);
	if (*end)
		return -EINVAL;
	if (errno == ERANGE || parsed < min || parsed > max)
		return -ERANGE;
	*value = parsed;
	return 0;
}

int cli_parse_double(const char *text, double min, double max, double *value)
{
	double parsed;
	char *end;

	if (!*text || isspace((unsigned char)*text))
		return -EINVAL;
	parsed = strtod(text, &end);
	if (*end || end == text || !isfinite(parsed))
		return -EINVAL;
	if (parsed < min || parsed > max)
		return -ERANGE;
	*value = parsed;
	return 0;
}

/* Levenshtein distance, one row at a time. */
static size_t edit_distance(const char *a, const char *b)
{
	size_t row[NAME_MAX_LENGTH + 1], i, j, length_b = strlen(b);

	for (j = 0; j <= length_b; j++)
		row[j] = j;
	for (i = 0; a[i]; i++) {
		size_t diagonal = row[0];

		row[0] = i + 1;
		for (j = 0; j < length_b; j++) {
			size_t change = diagonal + (a[i] != b[j]);
			size_t best = row[j] < row[j + 1] ? row[j] + 1 : row[j + 1] + 1;

			diagonal = row[j + 1];
			row[j + 1] = change < best ? change : best;
		}
	}
	return row[length_b];
}

const char *cli_nearest(const char *text, const char *const *names, size_t count)
{
	size_t limit = (strlen(text) + 2) / 3, best = limit + 1, i;
	const char *nearest = NULL;

	if (strlen(text) > NAME_MAX_LENGTH)
		return NULL;
	for (i = 0; i < count; i++) {
		size_t distance;

		if (strlen(names[i]) > NAME_MAX_LENGTH)
			continue;
		distance = edit_distance(text, names[i]);
		if (distance < best) {
			best = distance;
			nearest = names[i];
		}
	}
	return nearest;
}

static void say(const char *kind, const char *format, va_list args)
{
	fprintf(stderr, "schedlab: %s", kind);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
}

void cli_error(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say("", format, args);
	va_end(args);
}

void cli_usage_error(const char *format, ...)
{
	char text[1024], clean[1024];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	cli_error("%s", cli_printable(text, clean, sizeof(clean)));
	exit(EXIT_STATUS_USAGE);
}

void cli_warn(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say("warning: ", format, args);
	va_end(args);
}

void cli_note(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say("note: ", format, args);
	va_end(args);
}

#define LONG_OPTIONS_MAX 128

/* Collect the long options that @argp and its children know, argp's own among them. */
static size_t long_options(const struct argp *argp, const char **names, size_t count)
{
	const struct argp_child *child;
	const struct argp_option *o;

	for (o = argp->options; o && (o->name || o->key || o->doc); o++)
		if (o->name && count < LONG_OPTIONS_MAX)
			names[count++] = o->name;
	for (child = argp->children; child && child->argp; child++)
		count = long_options(child->argp, names, count);
	return count;
}

/* An option may be shortened to what is unique; getopt decides that, here a prefix is enough. */
static bool known_option(const char *name, size_t length, const char **names, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (!strncmp(name, names[i], length))
			return true;
	return false;
}

/* argp's own message for an unknown option takes two lines and suggests nothing: look first. */
static void refuse_unknown_option(const struct argp *argp, int argc, char **argv,
				  unsigned int flags)
{
	const char *names[LONG_OPTIONS_MAX + 3] = {"help", "usage", "version"};
	size_t count = long_options(argp, names, 3), length;
	char name[NAME_MAX_LENGTH + 1], shown[4 * NAME_MAX_LENGTH];
	const char *nearest;
	int i;

	for (i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "--") || ((flags & ARGP_IN_ORDER) && argv[i][0] != '-'))
			return;
		if (strncmp(argv[i], "--", 2) != 0)
			continue;
		length = strcspn(argv[i] + 2, "=");
		if (known_option(argv[i] + 2, length, names, count))
			continue;
		snprintf(name, sizeof(name), "%.*s", (int)length, argv[i] + 2);
		nearest = cli_nearest(name, names, count);
		fprintf(stderr, "%s: there is no option --%s%s%s (see %s --help)\n", argv[0],
			cli_printable(name, shown, sizeof(shown)),
			nearest ? "; did you mean --" : "", nearest ? nearest : "", argv[0]);
		exit(EXIT_STATUS_USAGE);
	}
}

int cli_parse(const struct argp *argp, int argc, char **argv, unsigned int flags, void *input)
{
	argp_err_exit_status = EXIT_STATUS_USAGE;
	refuse_unknown_option(argp, argc, argv, flags);
	return argp_parse(argp, argc, argv, flags, NULL, input);
}

/* The length of the valid UTF-8 sequence at @s that is no control character, or 0. */
static size_t printable_length(const unsigned char *s)
{
	size_t length, i;
	uint32_t code;

	if (s[0] < 0x80)
		return s[0] >= 0x20 && s[0] != 0x7f;
	length = s[0] >= 0xf0 ? 4 : s[0] >= 0xe0 ? 3 : 2;
	if (s[0] < 0xc2 || s[0] > 0xf4)
		return 0;
	code = s[0] & (0x7fU >> length);
	for (i = 1; i < length; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		code = code << 6 | (s[i] & 0x3f);
	}
	/* Overlong forms, surrogates, beyond Unicode, C1 controls, and the marks that reorder text. */
	if ((length == 3 && code < 0x800) || (length == 4 && code < 0x10000) || code > 0x10ffff ||
	    (code >= 0xd800 && code <= 0xdfff) || code < 0xa0 ||
	    (code >= 0x2028 && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069))
		return 0;
	return length;
}

char *cli_printable(const char *text, char *out, size_t size)
{
	const unsigned char *s = (const unsigned char *)text;
	size_t used = 0, length;

	while (*s) {
		length = printable_length(s);
		if (used + (length ? length : 4) + 1 > size)
			break;
		if (length) {
			memcpy(out + used, s, length);
			used += length;
			s += length;
		} else {
			used += (size_t)snprintf(out + used, size - used, "\\x%02x", *s++);
		}
	}
	out[used] = '\0';
	return out;
}
