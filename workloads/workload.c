// SPDX-License-Identifier: GPL-2.0
/*
 * The workload file: sections and keys, see docs/workloads.md. inih cuts the lines into keys and values; it tells
 * neither lines nor columns, so the text is handed to it line by line from here, and each handler call belongs to the
 * line that was handed over last. Values are read in values.c.
 */
#include <errno.h>
#include <ini.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/cli.h"
#include "lib/digest.h"
#include "lib/fileio.h"
#include "lib/timeutil.h"
#include "workloads/parser.h"

#define WORKLOAD_MAX_BYTES  (1 << 20)
#define DEFAULT_DRAIN_NS    (60 * NSEC_PER_SEC)
#define DEFAULT_LATENESS_NS (500 * NSEC_PER_USEC)

#define VALUE_SIZE 1024

#define KINDS(k)   (1U << (k))
#define ALL_KINDS  (KINDS(KIND_COUNT) - 1)
#define JOB_KINDS  (KINDS(KIND_JOBS) | KINDS(KIND_SLEEPER) | KINDS(KIND_PIPELINE) | KINDS(KIND_FORK))
#define POOL_KINDS (JOB_KINDS & ~KINDS(KIND_SLEEPER))

const char *const class_kind_names[KIND_COUNT] = {
	"jobs",	    "sleeper", "batch", "pipeline", "fork",
	"pingpong", "message", "build", "stress",   "rtapp",
};

/* A key of a section: who may have it, and what reads its value. */
struct key {
	const char *name;
	unsigned int kinds; /* of class; 0: a key of [workload] */
	int (*read)(struct parser *p, char *text);
};

int parser_fail_at(struct parser *p, int line, int column, int err, const char *format, ...)
{
	char shown[2 * WORKLOAD_ERROR_SIZE], message[WORKLOAD_ERROR_SIZE];
	va_list args;

	if (p->err)
		return p->err;
	p->err = err;
	va_start(args, format);
	vsnprintf(message, sizeof(message), format, args);
	va_end(args);
	cli_printable(message, shown, sizeof(shown));
	snprintf(p->error, p->error_size, "%s:%d:%d: %s", p->name ? p->name : "workload", line,
		 column, shown);
	return err;
}

static size_t line_length(const struct parser *p)
{
	const char *end = memchr(p->line_text, '\n', (size_t)(p->end - p->line_text));

	return (size_t)((end ? end : p->end) - p->line_text);
}

/* Where the value begins in the current line, behind the '=' and blanks. */
static int value_column(const struct parser *p)
{
	size_t length = line_length(p), at;
	const char *equals = memchr(p->line_text, '=', length);

	at = equals ? (size_t)(equals - p->line_text) + 1 : 0;
	while (at < length && strchr(" \t", p->line_text[at]))
		at++;
	return (int)at + 1;
}

/* Column of @text: a place in the copy of the value, or else a word to look for behind the '='. */
static int column_of(const struct parser *p, const char *text)
{
	size_t length = line_length(p), size = strlen(text), from;
	uintptr_t offset = (uintptr_t)text - (uintptr_t)p->value;
	const char *found;

	if (p->value && offset < VALUE_SIZE)
		return p->value_column + (int)offset;
	from = (size_t)value_column(p) - 1;
	found = size ? memmem(p->line_text + from, length - from, text, size) : NULL;
	return found ? (int)(found - p->line_text) + 1 : 1;
}

int parser_fail(struct parser *p, const char *text, const char *format, ...)
{
	char message[WORKLOAD_ERROR_SIZE];
	va_list args;

	va_start(args, format);
	vsnprintf(message, sizeof(message), format, args);
	va_end(args);
	return parser_fail_at(p, p->line, column_of(p, text), -EINVAL, "%s", message);
}

static int read_name(struct parser *p, char *text)
{
	size_t size = strlen(text);

	if (!size || size >= WORKLOAD_NAME_SIZE)
		return parser_fail(p, text, "a name has 1 to %d bytes", WORKLOAD_NAME_SIZE - 1);
	for (const char *c = text; *c; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			return parser_fail(p, text, "a name has no control characters");
	memcpy(p->workload->name, text, size + 1);
	return 0;
}

static int read_seed(struct parser *p, char *text)
{
	return parse_count(p, text, 0, INT64_MAX, &p->workload->seed);
}

static int read_duration(struct parser *p, char *text)
{
	return parse_duration(p, text, NSEC_PER_MSEC, WORKLOAD_MAX_DURATION,
			      &p->workload->duration_ns);
}

static int read_warmup(struct parser *p, char *text)
{
	return parse_duration(p, text, 0, WORKLOAD_MAX_DURATION, &p->workload->warmup_ns);
}

static int read_drain(struct parser *p, char *text)
{
	return parse_duration(p, text, 0, WORKLOAD_MAX_DURATION, &p->workload->drain_ns);
}

static int read_lateness(struct parser *p, char *text)
{
	return parse_duration(p, text, 1, NSEC_PER_SEC, &p->workload->lateness_budget_ns);
}

static int read_unsigned(struct parser *p, const char *text, uint64_t min, uint64_t max,
			 unsigned int *value)
{
	uint64_t wide;
	int err = parse_count(p, text, min, max, &wide);

	if (!err)
		*value = (unsigned int)wide;
	return err;
}

static int read_servers(struct parser *p, char *text)
{
	return read_unsigned(p, text, 1, CPU_SETSIZE, &p->workload->servers);
}

static int read_kind(struct parser *p, char *text)
{
	const char *nearest;

	for (int i = 0; i < KIND_COUNT; i++)
		if (!strcmp(text, class_kind_names[i])) {
			p->class->kind = (enum class_kind)i;
			return 0;
		}
	nearest = cli_nearest(text, class_kind_names, KIND_COUNT);
	if (nearest)
		return parser_fail(p, text, "there is no kind '%s'; did you mean '%s'?", text,
				   nearest);
	return parser_fail(p, text,
			   "there is no kind '%s'; there are jobs, sleeper, batch, pipeline, fork, "
			   "pingpong, message, build, stress and rtapp",
			   text);
}

static int read_arrivals(struct parser *p, char *text)
{
	return parse_arrivals(p, text, &p->class->arrivals);
}

static int read_service(struct parser *p, char *text)
{
	return parse_dist(p, text, &p->class->service);
}

static int read_threads(struct parser *p, char *text)
{
	if (!strcmp(text, "auto"))
		return 0;
	return read_unsigned(p, text, 1, WORKLOAD_MAX_THREADS, &p->class->threads);
}

static int read_jobs(struct parser *p, char *text)
{
	return parse_count(p, text, 1, WORKLOAD_MAX_JOBS, &p->class->job_limit);
}

static int read_until(struct parser *p, char *text)
{
	return parse_duration(p, text, 1, WORKLOAD_MAX_DURATION, &p->class->stop_ns);
}

static int read_nice(struct parser *p, char *text)
{
	double value;

	if (cli_parse_double(text, -20, 19, &value) || value != (double)(int)value)
		return parser_fail(p, text, "'%s' is no nice value; it goes from -20 to 19", text);
	p->class->nice = (int)value;
	return 0;
}

static int read_cpus(struct parser *p, char *text)
{
	p->class->has_cpus = true;
	return parse_cpus(p, text, &p->class->cpus);
}

/* The kernel's own bounds for a slice hint. */
static int read_runtime(struct parser *p, char *text)
{
	return parse_duration(p, text, 100 * NSEC_PER_USEC, 100 * NSEC_PER_MSEC,
			      &p->class->runtime_ns);
}

static int read_stages(struct parser *p, char *text)
{
	return read_unsigned(p, text, 2, WORKLOAD_MAX_STAGES, &p->class->stages);
}

static int read_split(struct parser *p, char *text)
{
	return parse_split(p, text, p->class->split, &p->class->stages);
}

static int read_workers(struct parser *p, char *text)
{
	return read_unsigned(p, text, 1, WORKLOAD_MAX_THREADS, &p->class->workers);
}

static int read_sleep(struct parser *p, char *text)
{
	return parse_duration(p, text, 0, 3600 * NSEC_PER_SEC, &p->class->sleep_ns);
}

static int read_operations(struct parser *p, char *text)
{
	return read_unsigned(p, text, 1, 1000, &p->class->operations);
}

static int read_flags(struct parser *p, char *text)
{
	return parse_schbench_flags(p, text, p->class, &p->workload->duration_ns,
				    &p->workload->warmup_ns);
}

static int read_leaves(struct parser *p, char *text)
{
	return read_unsigned(p, text, 1, 100000, &p->class->leaves);
}

static int read_fanin(struct parser *p, char *text)
{
	return read_unsigned(p, text, 2, 1000, &p->class->fanin);
}

static int read_parallel(struct parser *p, char *text)
{
	return read_unsigned(p, text, 1, 1024, &p->class->parallel);
}

static int read_args(struct parser *p, char *text)
{
	size_t size = strlen(text);

	if (!size || size >= WORKLOAD_ARGS_SIZE)
		return parser_fail(p, text, "stress-ng needs 1 to %d bytes of options",
				   WORKLOAD_ARGS_SIZE - 1);
	memcpy(p->class->args, text, size + 1);
	return 0;
}

static int read_rtapp(struct parser *p, char *text)
{
	char *data, path[4096];
	size_t size;
	int err;

	err = parse_named_file(p, text, &data, &size, path, sizeof(path));
	if (err)
		return err;
	rtapp_free(&p->class->rtapp);
	err = rtapp_parse(path, data, size, &p->class->rtapp, p->error, p->error_size);
	free(data);
	if (err)
		p->err = err;
	return err;
}

static const struct key keys[] = {
	{"name", 0, read_name},
	{"seed", 0, read_seed},
	{"duration", 0, read_duration},
	{"warmup", 0, read_warmup},
	{"drain", 0, read_drain},
	{"lateness_budget", 0, read_lateness},
	{"servers", 0, read_servers},
	{"kind", ALL_KINDS, read_kind},
	{"arrivals", JOB_KINDS, read_arrivals},
	{"service", JOB_KINDS | KINDS(KIND_MESSAGE) | KINDS(KIND_BUILD), read_service},
	{"threads", ALL_KINDS & ~(KINDS(KIND_BUILD) | KINDS(KIND_STRESS) | KINDS(KIND_RTAPP)),
	 read_threads},
	{"jobs", JOB_KINDS, read_jobs},
	{"until", JOB_KINDS, read_until},
	{"nice", ALL_KINDS, read_nice},
	{"cpus", ALL_KINDS, read_cpus},
	{"runtime", ALL_KINDS & ~KINDS(KIND_STRESS), read_runtime},
	{"stages", KINDS(KIND_PIPELINE), read_stages},
	{"split", KINDS(KIND_PIPELINE), read_split},
	{"workers", KINDS(KIND_MESSAGE), read_workers},
	{"sleep", KINDS(KIND_MESSAGE), read_sleep},
	{"operations", KINDS(KIND_MESSAGE), read_operations},
	{"flags", KINDS(KIND_MESSAGE), read_flags},
	{"leaves", KINDS(KIND_BUILD), read_leaves},
	{"fanin", KINDS(KIND_BUILD), read_fanin},
	{"parallel", KINDS(KIND_BUILD), read_parallel},
	{"args", KINDS(KIND_STRESS), read_args},
	{"file", KINDS(KIND_RTAPP), read_rtapp},
};
#define KEY_COUNT (sizeof(keys) / sizeof(keys[0]))
_Static_assert(KEY_COUNT <=
		       sizeof(((struct parser *)0)->seen) / sizeof(((struct parser *)0)->seen[0]),
	       "struct parser remembers every key");

static bool key_seen(const struct parser *p, const char *name)
{
	for (size_t i = 0; i < KEY_COUNT; i++)
		if (!strcmp(keys[i].name, name))
			return p->seen[i].line;
	return false;
}

static int need_key(struct parser *p, const char *name, const char *example)
{
	if (key_seen(p, name))
		return 0;
	return parser_fail_at(p, p->section_line, 1, -EINVAL,
			      "[%s] (kind %s) needs '%s', for example '%s = %s'", p->section,
			      class_kind_names[p->class->kind], name, name, example);
}

/* Which keys a kind must have. */
static int check_needed(struct parser *p, const struct class_spec *c)
{
	if (class_has_jobs(c->kind)) {
		if (need_key(p, "arrivals", "poisson rate=100"))
			return p->err;
		if (c->arrivals.file_services && key_seen(p, "service"))
			return parser_fail_at(p, p->section_line, 1, -EINVAL,
					      "[%s] has 'service', and so has its arrivals' file; "
					      "leave one out",
					      p->section);
		if (!c->arrivals.file_services)
			need_key(p, "service", "exponential mean=5ms");
	}
	if (c->kind == KIND_BUILD)
		need_key(p, "service", "lognormal mean=20ms cv=1");
	if (c->kind == KIND_STRESS)
		need_key(p, "args", "--switch 1");
	if (c->kind == KIND_RTAPP)
		need_key(p, "file", "periodic.json");
	return p->err;
}

/* What is left out where it may be. */
static void fill_defaults(const struct parser *p, struct class_spec *c)
{
	bool pool = KINDS(c->kind) & POOL_KINDS;

	if (!c->threads && (!pool || c->kind == KIND_PIPELINE))
		c->threads = c->kind == KIND_PIPELINE ? 8 : c->kind == KIND_MESSAGE ? 2 : 1;
	if (c->kind == KIND_PIPELINE && !key_seen(p, "split")) {
		c->stages = c->stages ? c->stages : 3;
		for (unsigned int i = 0; i < c->stages; i++)
			c->split[i] = 1.0 / c->stages;
	}
	if (c->kind == KIND_MESSAGE) {
		c->workers = c->workers ? c->workers : 4;
		c->operations = c->operations ? c->operations : 1;
		if (!key_seen(p, "sleep") && !key_seen(p, "flags"))
			c->sleep_ns = 100 * NSEC_PER_USEC;
		if (c->service.kind == DIST_NONE)
			c->service = (struct dist){.kind = DIST_CONSTANT,
						   .mean_ns = 2.0 * NSEC_PER_MSEC};
	}
	if (c->kind == KIND_BUILD) {
		c->leaves = c->leaves ? c->leaves : 32;
		c->fanin = c->fanin ? c->fanin : 8;
	}
}

static int check_class(struct parser *p)
{
	struct class_spec *c = p->class;

	for (size_t i = 0; i < KEY_COUNT; i++)
		if (p->seen[i].line && !(keys[i].kinds & KINDS(c->kind)))
			return parser_fail_at(p, p->seen[i].line, p->seen[i].column, -EINVAL,
					      "'%s' has no meaning for kind %s", keys[i].name,
					      class_kind_names[c->kind]);
	if (check_needed(p, c))
		return p->err;
	if (key_seen(p, "stages") && key_seen(p, "split"))
		for (unsigned int i = 0; i < c->stages; i++)
			if (!(c->split[i] > 0))
				return parser_fail_at(
					p, p->section_line, 1, -EINVAL,
					"[%s]: 'split' and 'stages' disagree; 'split' "
					"alone says both",
					p->section);
	fill_defaults(p, c);
	return p->err;
}

static int end_section(struct parser *p)
{
	if (!p->err && p->class)
		check_class(p);
	p->class = NULL;
	memset(p->seen, 0, sizeof(p->seen));
	return p->err;
}

static bool name_is_plain(const char *name)
{
	size_t size = strlen(name);

	return size && size < WORKLOAD_NAME_SIZE &&
	       strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") ==
		       size;
}

static int begin_class(struct parser *p, const char *name)
{
	struct workload *w = p->workload;

	if (!name_is_plain(name))
		return parser_fail_at(
			p, p->line, 8, -EINVAL,
			"'%s' is no name of a class: 1 to %d letters, digits, '_', '-'", name,
			WORKLOAD_NAME_SIZE - 1);
	for (size_t i = 0; i < w->class_count; i++)
		if (!strcmp(w->classes[i].name, name))
			return parser_fail_at(p, p->line, 8, -EINVAL,
					      "class '%s' is there already, at line %d", name,
					      w->classes[i].line);
	if (w->class_count == WORKLOAD_MAX_CLASSES)
		return parser_fail_at(p, p->line, 1, -EINVAL, "more than %d classes",
				      WORKLOAD_MAX_CLASSES);
	p->class = &w->classes[w->class_count++];
	p->class->line = p->line;
	memcpy(p->class->name, name, strlen(name) + 1);
	return 0;
}

/* A line that begins with '['. */
static int begin_section(struct parser *p, const char *line)
{
	const char *close = strchr(line, ']');
	size_t size = close ? (size_t)(close - line - 1) : 0;
	static const char *const names[] = {"workload", "class NAME"};

	if (end_section(p))
		return p->err;
	if (!close)
		return parser_fail_at(p, p->line, 1, -EINVAL, "a section's name ends with ']'");
	if (close[1 + strspn(close + 1, " \t\r")] &&
	    !strchr(";#", close[1 + strspn(close + 1, " \t\r")]))
		return parser_fail_at(p, p->line, (int)size + 3, -EINVAL,
				      "text behind a section's name");
	if (size >= sizeof(p->section))
		return parser_fail_at(p, p->line, 1, -EINVAL, "the section's name is too long");
	memcpy(p->section, line + 1, size);
	p->section[size] = '\0';
	p->section_line = p->line;
	p->in_section = true;
	if (!strncmp(p->section, "class ", 6))
		return begin_class(p, p->section + 6 + strspn(p->section + 6, " "));
	if (strcmp(p->section, names[0]) != 0)
		return parser_fail_at(
			p, p->line, 2, -EINVAL,
			"there is no section [%s]; there are [workload] and [class NAME]",
			p->section);
	if (p->seen_workload)
		return parser_fail_at(p, p->line, 1, -EINVAL, "[workload] is there already");
	p->seen_workload = true;
	return 0;
}

/* A line as inih would get it, checked for what inih would pass over in silence. */
static int check_line(struct parser *p, const char *line, int indent)
{
	if (!*line || *line == ';' || *line == '#')
		return 0;
	if (*line == '[')
		return begin_section(p, line);
	if (!strchr(line, '=') || *line == '=')
		return parser_fail_at(p, p->line, indent + 1, -EINVAL, "expected 'key = value'");
	if (!p->in_section)
		return parser_fail_at(p, p->line, indent + 1, -EINVAL,
				      "a key before the first section; begin with [workload]");
	return 0;
}

/* inih's reader: the next line, without indentation (which inih would take for a continued value). */
static char *next_line(char *out, int size, void *user)
{
	struct parser *p = user;
	size_t length;
	int indent;

	if (p->cursor >= p->end)
		return NULL;
	p->line++;
	p->line_text = p->cursor;
	length = line_length(p);
	p->cursor += length + (p->cursor + length < p->end);
	out[0] = '\0';
	if (p->err)
		return out;
	if (memchr(p->line_text, '\0', length)) {
		parser_fail_at(p, p->line, 1, -EINVAL, "a NUL byte; this is no text file");
		return out;
	}
	for (indent = 0; (size_t)indent < length && strchr(" \t\r\f\v", p->line_text[indent]);)
		indent++;
	if (length - (size_t)indent >= (size_t)size - 2) {
		parser_fail_at(p, p->line, size - 2, -EINVAL, "a line of more than %d bytes",
			       size - 3);
		return out;
	}
	memcpy(out, p->line_text + indent, length - (size_t)indent);
	out[length - (size_t)indent] = '\0';
	if (check_line(p, out, indent))
		out[0] = '\0';
	return out;
}

static int unknown_key(struct parser *p, const char *name, int column)
{
	const char *names[KEY_COUNT], *nearest;
	size_t count = 0;

	for (size_t i = 0; i < KEY_COUNT; i++)
		if (!keys[i].kinds == !p->class)
			names[count++] = keys[i].name;
	nearest = cli_nearest(name, names, count);
	return parser_fail_at(p, p->line, column, -EINVAL, "there is no key '%s' in [%s]%s%s%s",
			      name, p->section, nearest ? "; did you mean '" : "",
			      nearest ? nearest : "", nearest ? "'?" : "");
}

/* inih's handler. */
static int on_key(void *user, const char *section, const char *name, const char *value)
{
	struct parser *p = user;
	int column = (int)strspn(p->line_text, " \t\f\v") + 1;
	char text[VALUE_SIZE];

	if (p->err)
		return 1;
	for (size_t i = 0; i < KEY_COUNT; i++) {
		if (!keys[i].kinds != !p->class || strcmp(name, keys[i].name) != 0)
			continue;
		if (p->seen[i].line) {
			parser_fail_at(p, p->line, column, -EINVAL,
				       "'%s' is there already, at line %d", name, p->seen[i].line);
			return 1;
		}
		p->seen[i].line = p->line;
		p->seen[i].column = column;
		snprintf(text, sizeof(text), "%s", value);
		p->value = text;
		p->value_column = value_column(p);
		if (!*text)
			parser_fail_at(p, p->line, column, -EINVAL, "'%s' has no value", name);
		else
			keys[i].read(p, text);
		p->value = NULL;
		return 1;
	}
	unknown_key(p, name, column);
	return 1;
}

/* Whether the class's jobs end by themselves. */
static bool class_ends(const struct class_spec *c)
{
	return class_has_jobs(c->kind) &&
	       (c->job_limit || c->stop_ns || c->arrivals.kind == ARRIVAL_FILE);
}

static int check_workload(struct parser *p)
{
	struct workload *w = p->workload;
	bool ends = false;

	if (!w->class_count)
		return parser_fail_at(p, p->line ? p->line : 1, 1, -EINVAL,
				      "no load: there is no [class NAME] section");
	for (size_t i = 0; i < w->class_count && !w->duration_ns; i++) {
		const struct class_spec *c = &w->classes[i];

		if (class_has_jobs(c->kind) && !class_ends(c))
			return parser_fail_at(
				p, c->line, 1, -EINVAL,
				"class '%s' has no end: give it 'jobs' or 'until', or "
				"[workload] a 'duration'",
				c->name);
		ends |= class_ends(c);
	}
	if (!w->duration_ns && !ends)
		return parser_fail_at(
			p, w->classes[0].line, 1, -EINVAL,
			"[workload] needs a 'duration', for example 'duration = 10s'");
	if (w->duration_ns && w->warmup_ns >= w->duration_ns)
		return parser_fail_at(p, 1, 1, -EINVAL,
				      "'warmup' leaves nothing of 'duration' to measure");
	return 0;
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static void default_name(struct workload *w, const char *path)
{
	const char *base = path ? base_name(path) : "workload";
	size_t size = strlen(base);
	char shown[4 * WORKLOAD_NAME_SIZE];

	if (size > 4 && !strcmp(base + size - 4, ".ini"))
		size -= 4;
	snprintf(shown, sizeof(shown), "%.*s", (int)size, base);
	cli_printable(shown, w->name, sizeof(w->name));
}

int workload_parse(const char *name, const char *text, size_t size, struct workload **workload,
		   char *error, size_t error_size)
{
	struct workload *w = calloc(1, sizeof(*w));
	struct parser p = {.name = name,
			   .workload = w,
			   .cursor = text,
			   .end = text + size,
			   .error = error,
			   .error_size = error_size};
	int bad_line;

	if (!w) {
		snprintf(error, error_size, "not enough memory");
		return -ENOMEM;
	}
	w->seed = 1;
	w->drain_ns = DEFAULT_DRAIN_NS;
	w->lateness_budget_ns = DEFAULT_LATENESS_NS;
	default_name(w, name);
	digest_bytes(text, size, w->sha256);
	bad_line = ini_parse_stream(next_line, &p, on_key, &p);
	end_section(&p);
	if (!p.err && bad_line)
		parser_fail_at(&p, bad_line > 0 ? bad_line : 1, 1, -EINVAL,
			       "not the form of a workload file");
	if (!p.err)
		check_workload(&p);
	if (p.err) {
		workload_free(w);
		return p.err;
	}
	*workload = w;
	return 0;
}

void workload_free(struct workload *w)
{
	if (!w)
		return;
	for (size_t i = 0; i < w->class_count; i++) {
		free(w->classes[i].arrivals.file_ns);
		free(w->classes[i].arrivals.file_services);
		free(w->classes[i].service.values);
		rtapp_free(&w->classes[i].rtapp);
	}
	free(w);
}

/* A folder of the name (build/, say) does not hide a workload that ships. */
static bool is_file(const char *path)
{
	struct stat st;

	return !stat(path, &st) && !S_ISDIR(st.st_mode);
}

/* The folder of the workloads that were installed with this binary: ../share/schedlab/workloads from its own. */
static void installed_folder(char *out, size_t size)
{
	char self[2048];
	ssize_t length = readlink("/proc/self/exe", self, sizeof(self) - 1);

	self[length > 0 ? length : 0] = '\0';
	if (strrchr(self, '/'))
		*strrchr(self, '/') = '\0';
	snprintf(out, size, "%s/../share/schedlab/workloads", self);
}

/* The file meant by @path: itself, or one that ships. */
static const char *find_file(const char *path, char *found, size_t size)
{
	char installed[2200];
	const char *folders[] = {"workloads", "/workloads", installed};

	if (strchr(path, '/') || is_file(path))
		return path;
	installed_folder(installed, sizeof(installed));
	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
		snprintf(found, size, "%s/%s.ini", folders[i], path);
		if (is_file(found))
			return found;
	}
	return path;
}

int workload_load(const char *path, struct workload **workload, char *error, size_t error_size)
{
	char found[4096], shown[4096], *text;
	size_t size;
	int err;

	path = find_file(path, found, sizeof(found));
	cli_printable(path, shown, sizeof(shown));
	err = file_read(path, WORKLOAD_MAX_BYTES, &text, &size);
	if (err) {
		snprintf(error, error_size, "cannot read workload file %s: %s", shown,
			 err == -EFBIG ? "it is larger than 1 MiB" : strerror(-err));
		return err;
	}
	err = workload_parse(path, text, size, workload, error, error_size);
	free(text);
	return err;
}

const char *workload_name(const struct workload *w)
{
	return w->name;
}

uint64_t workload_seed(const struct workload *w)
{
	return w->seed;
}

uint64_t workload_duration_ns(const struct workload *w)
{
	return w->duration_ns;
}

uint64_t workload_warmup_ns(const struct workload *w)
{
	return w->warmup_ns;
}

void workload_set_seed(struct workload *w, uint64_t seed)
{
	w->seed = seed;
}

void workload_set_duration_ns(struct workload *w, uint64_t duration_ns)
{
	w->duration_ns = duration_ns;
}
