// SPDX-License-Identifier: GPL-2.0
/* The values of a workload file: durations, distributions, arrivals, CPU lists, schbench's flags. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "lib/cli.h"
#include "lib/fileio.h"
#include "lib/timeutil.h"
#include "workloads/parser.h"

#define NAMED_FILE_MAX_BYTES (512U << 20)
#define RATE_MAX_HZ	     1e7
#define MEAN_MAX_NS	     (3600.0 * NSEC_PER_SEC)

enum param_type {
	PARAM_DURATION, /* double, ns */
	PARAM_NUMBER,	/* double */
	PARAM_PATH,	/* char * into the text */
};

/* A NAME=VALUE word of a value. */
struct param {
	const char *name;
	enum param_type type;
	bool seen;
	double min, max;
	void *value;
};

int parse_duration(struct parser *p, const char *text, uint64_t min, uint64_t max, uint64_t *ns)
{
	char low[32], high[32];
	uint64_t value;
	int err = cli_parse_duration_ns(text, NSEC_PER_USEC, &value);

	if (err == -EINVAL)
		return parser_fail(p, text, "'%s' is no duration; write 250us, 1.5ms or 2s", text);
	if (err || value < min || value > max)
		return parser_fail(p, text, "'%s' is out of bounds: %s to %s", text,
				   time_format(min, low, sizeof(low)),
				   time_format(max, high, sizeof(high)));
	*ns = value;
	return 0;
}

int parse_count(struct parser *p, const char *text, uint64_t min, uint64_t max, uint64_t *value)
{
	int err = cli_parse_u64(text, min, max, value);

	if (err == -ERANGE)
		return parser_fail(p, text, "'%s' is out of bounds: %llu to %llu", text,
				   (unsigned long long)min, (unsigned long long)max);
	if (err)
		return parser_fail(p, text, "'%s' is no whole number", text);
	return 0;
}

static int read_param(struct parser *p, struct param *param, char *text)
{
	uint64_t ns = 0;
	int err;

	switch (param->type) {
	case PARAM_DURATION:
		err = parse_duration(p, text, (uint64_t)param->min, (uint64_t)param->max, &ns);
		if (!err)
			*(double *)param->value = (double)ns;
		return err;
	case PARAM_NUMBER:
		if (!cli_parse_double(text, param->min, param->max, param->value))
			return 0;
		return parser_fail(p, text, "'%s' is no number from %g to %g", text, param->min,
				   param->max);
	case PARAM_PATH:
		*(char **)param->value = text;
		return *text ? 0 : parser_fail(p, param->name, "'path' has no value");
	}
	return -EINVAL;
}

static int unknown_param(struct parser *p, const char *what, const char *word,
			 const struct param *params, size_t count)
{
	const char *names[8], *nearest;
	char list[128] = "";

	for (size_t i = 0; i < count; i++) {
		names[i] = params[i].name;
		snprintf(list + strlen(list), sizeof(list) - strlen(list), "%s%s", i ? ", " : "",
			 params[i].name);
	}
	nearest = cli_nearest(word, names, count);
	if (nearest)
		return parser_fail(p, word, "%s has no '%s'; did you mean '%s'?", what, word,
				   nearest);
	return parser_fail(p, word, "%s has no '%s'; it takes %s", what, word, list);
}

/* Read the words NAME=VALUE of @text into @params. @what is the word before them. */
static int read_params(struct parser *p, const char *what, char *text, struct param *params,
		       size_t count)
{
	char *word, *value, *rest = text;
	size_t i;

	while ((word = strtok_r(rest, " \t", &rest))) {
		value = strchr(word, '=');
		if (!value)
			return parser_fail(p, word, "expected NAME=VALUE, not '%s'", word);
		*value++ = '\0';
		for (i = 0; i < count && strcmp(params[i].name, word) != 0; i++)
			;
		if (i == count)
			return unknown_param(p, what, word, params, count);
		if (params[i].seen)
			return parser_fail(p, word, "'%s' is given twice", word);
		params[i].seen = true;
		if (read_param(p, &params[i], value))
			return p->err;
	}
	return 0;
}

static int need_params(struct parser *p, const char *what, const struct param *params, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (!params[i].seen)
			return parser_fail(p, what, "%s needs '%s='", what, params[i].name);
	return 0;
}

/* Cut the first word off @text; *rest is what follows. */
static char *first_word(char *text, char **rest)
{
	return strtok_r(text, " \t", rest);
}

int parse_named_file(struct parser *p, const char *text, char **data, size_t *size, char *path,
		     size_t path_size)
{
	const char *slash = p->name ? strrchr(p->name, '/') : NULL;
	int err;

	if (!p->name)
		return parser_fail(p, text, "this text may name no files");
	if (*text == '/' || !slash)
		snprintf(path, path_size, "%s", text);
	else
		snprintf(path, path_size, "%.*s/%s", (int)(slash - p->name), p->name, text);
	err = file_read(path, NAMED_FILE_MAX_BYTES, data, size);
	if (!err)
		return 0;
	return parser_fail(p, text, "cannot read %s: %s", path,
			   err == -EFBIG ? "it is larger than 512 MiB" : strerror(-err));
}

/* Numbers of a data file, one or two columns; bare numbers are us. */
struct column_reader {
	struct parser *p;
	const char *path;
	int columns; /* 0 before the first line */
	uint64_t *first, *second;
	size_t count, capacity;
};

static int data_error(struct column_reader *r, int line, int column, const char *what)
{
	char shown[512];

	if (!r->p->err) {
		r->p->err = -EINVAL;
		snprintf(r->p->error, r->p->error_size, "%s:%d:%d: %s",
			 cli_printable(r->path, shown, sizeof(shown)), line, column, what);
	}
	return -EINVAL;
}

static int grow_columns(struct column_reader *r)
{
	size_t capacity = r->capacity ? 2 * r->capacity : 1024;
	uint64_t *first = realloc(r->first, capacity * sizeof(*first)), *second;

	if (!first)
		return -ENOMEM;
	r->first = first;
	second = realloc(r->second, capacity * sizeof(*second));
	if (!second)
		return -ENOMEM;
	r->second = second;
	r->capacity = capacity;
	return 0;
}

static int read_data_line(struct column_reader *r, char *text, int line)
{
	char *rest, *a = strtok_r(text, " \t\r,", &rest), *b, *c;
	uint64_t values[2] = {0};

	if (!a || *a == '#')
		return 0;
	b = strtok_r(NULL, " \t\r,", &rest);
	c = strtok_r(NULL, " \t\r,", &rest);
	if (c && *c != '#')
		return data_error(r, line, (int)(c - text) + 1, "more than two columns");
	if (b && *b == '#')
		b = NULL;
	if (!r->columns)
		r->columns = b ? 2 : 1;
	if (r->columns != (b ? 2 : 1))
		return data_error(r, line, 1, "not as many columns as in the first line");
	if (cli_parse_duration_ns(a, NSEC_PER_USEC, &values[0]) ||
	    values[0] > WORKLOAD_MAX_DURATION)
		return data_error(r, line, (int)(a - text) + 1, "not a time of up to a day");
	if (b && (cli_parse_duration_ns(b, NSEC_PER_USEC, &values[1]) ||
		  values[1] > (uint64_t)MEAN_MAX_NS))
		return data_error(r, line, (int)(b - text) + 1, "not a service of up to an hour");
	if (r->count == r->capacity && grow_columns(r))
		return -ENOMEM;
	r->first[r->count] = values[0];
	r->second[r->count++] = values[1];
	return 0;
}

static int read_data_file(struct column_reader *r, const char *text)
{
	char *data = NULL, path[4096], *line;
	size_t size = 0;
	int err, number = 0;

	err = parse_named_file(r->p, text, &data, &size, path, sizeof(path));
	if (err || !data)
		return err;
	r->path = path;
	if (memchr(data, '\0', size))
		err = data_error(r, 1, 1, "a NUL byte; this is no text file");
	for (char *rest = data; !err && (line = strsep(&rest, "\n"));)
		err = read_data_line(r, line, ++number);
	if (!err && !r->count)
		err = data_error(r, 1, 1, "no number in this file");
	free(data);
	r->path = NULL;
	if (err == -ENOMEM)
		parser_fail(r->p, text, "not enough memory for %s", path);
	return r->p->err;
}

static int read_service_file(struct parser *p, const char *path, struct dist *d)
{
	struct column_reader r = {.p = p};
	int err = read_data_file(&r, path);

	free(r.second);
	d->values = r.first;
	d->count = r.count;
	if (!err && r.columns != 1)
		err = parser_fail(p, path, "a file of services has one column, this one has two");
	return err;
}

static int read_arrival_file(struct parser *p, const char *path, struct arrivals *a)
{
	struct column_reader r = {.p = p};
	int err = read_data_file(&r, path);

	a->file_ns = r.first;
	a->file_count = r.count;
	if (r.columns == 2)
		a->file_services = r.second;
	else
		free(r.second);
	for (size_t i = 1; !err && i < r.count; i++)
		if (a->file_ns[i] < a->file_ns[i - 1])
			err = parser_fail(p, path, "arrival %zu of %s is before the one above it",
					  i + 1, path);
	return err;
}

static const char *const dist_names[] = {"constant", "exponential", "lognormal", "bimodal",
					 "erlang",   "pareto",	    "file"};

static int parse_pareto(struct parser *p, char *rest, struct dist *d)
{
	struct param params[] = {{"alpha", PARAM_NUMBER, false, 0.01, 100, &d->alpha},
				 {"min", PARAM_DURATION, false, 1, MEAN_MAX_NS, &d->min_ns},
				 {"max", PARAM_DURATION, false, 1, MEAN_MAX_NS, &d->max_ns}};

	d->kind = DIST_PARETO;
	if (read_params(p, "pareto", rest, params, 3) || need_params(p, "pareto", params, 3))
		return p->err;
	if (d->min_ns >= d->max_ns)
		return parser_fail(p, "min", "'min' must be below 'max'");
	return 0;
}

static int parse_dist_file(struct parser *p, char *rest, struct dist *d)
{
	char *path = NULL;
	struct param params[] = {{"path", PARAM_PATH, false, 0, 0, &path}};

	d->kind = DIST_FILE;
	if (read_params(p, "file", rest, params, 1) || need_params(p, "file", params, 1))
		return p->err;
	return read_service_file(p, path, d);
}

int parse_dist(struct parser *p, char *text, struct dist *d)
{
	double k = 2;
	char *rest = NULL, *word = first_word(text, &rest);
	struct param params[] = {
		{"mean", PARAM_DURATION, false, 1, MEAN_MAX_NS, &d->mean_ns},
		{"cv", PARAM_NUMBER, false, 0.001, 100, &d->cv},       /* lognormal */
		{"ratio", PARAM_NUMBER, false, 1.001, 1e6, &d->ratio}, /* bimodal */
		{"share", PARAM_NUMBER, false, 1e-6, 0.999999, &d->share},
		{"k", PARAM_NUMBER, false, 1, 1000, &k}, /* erlang */
	};
	/* Which of the above each name takes: first and count beside the mean. */
	static const struct {
		const char *name;
		enum dist_kind kind;
		size_t first, count;
	} kinds[] = {{"constant", DIST_CONSTANT, 1, 0},
		     {"exponential", DIST_EXPONENTIAL, 1, 0},
		     {"lognormal", DIST_LOGNORMAL, 1, 1},
		     {"bimodal", DIST_BIMODAL, 2, 2},
		     {"erlang", DIST_ERLANG, 4, 1}};
	struct param taken[3];
	const char *nearest;

	if (!word)
		return parser_fail(p, text, "no distribution");
	if (!strcmp(word, "pareto"))
		return parse_pareto(p, rest, d);
	if (!strcmp(word, "file"))
		return parse_dist_file(p, rest, d);
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (strcmp(word, kinds[i].name) != 0)
			continue;
		taken[0] = params[0];
		memcpy(taken + 1, params + kinds[i].first, kinds[i].count * sizeof(taken[0]));
		if (read_params(p, word, rest, taken, 1 + kinds[i].count) ||
		    need_params(p, word, taken, 1 + kinds[i].count))
			return p->err;
		if (k != floor(k))
			return parser_fail(p, "k=", "'k' is a whole number of phases");
		d->kind = kinds[i].kind;
		d->k = (unsigned int)k;
		return 0;
	}
	nearest = cli_nearest(word, dist_names, sizeof(dist_names) / sizeof(dist_names[0]));
	if (nearest)
		return parser_fail(p, word, "there is no distribution '%s'; did you mean '%s'?",
				   word, nearest);
	return parser_fail(p, word,
			   "there is no distribution '%s'; there are constant, exponential, "
			   "lognormal, bimodal, erlang, pareto and file",
			   word);
}

static int parse_steady(struct parser *p, const char *what, char *rest, struct arrivals *a)
{
	double period_ns = 0;
	bool constant = a->kind == ARRIVAL_CONSTANT;
	struct param params[] = {{"rate", PARAM_NUMBER, false, 1e-4, RATE_MAX_HZ, &a->rate_hz},
				 {"rho", PARAM_NUMBER, false, 1e-6, 100, &a->rho},
				 {"period", PARAM_DURATION, false, 100, MEAN_MAX_NS, &period_ns}};
	size_t count = constant ? 3 : 2;

	if (read_params(p, what, rest, params, count))
		return p->err;
	if (params[0].seen + params[1].seen + params[2].seen != 1)
		return parser_fail(p, what, "%s needs one of 'rate=' (jobs a second)%s 'rho='%s",
				   what, constant ? "," : " or",
				   constant ? " and 'period='" : " (share of the CPUs)");
	if (period_ns > 0)
		a->rate_hz = NSEC_PER_SEC / period_ns;
	return 0;
}

static int parse_mmpp(struct parser *p, char *rest, struct arrivals *a)
{
	struct param params[] = {
		{"low", PARAM_NUMBER, false, 0, RATE_MAX_HZ, &a->low_hz},
		{"high", PARAM_NUMBER, false, 1e-4, RATE_MAX_HZ, &a->high_hz},
		{"low_for", PARAM_DURATION, false, 1000, MEAN_MAX_NS, &a->low_ns},
		{"high_for", PARAM_DURATION, false, 1000, MEAN_MAX_NS, &a->high_ns}};

	if (read_params(p, "mmpp", rest, params, 4) || need_params(p, "mmpp", params, 4))
		return p->err;
	if (a->low_hz >= a->high_hz)
		return parser_fail(p, "low", "'low' must be below 'high'");
	a->rate_hz = (a->low_hz * a->low_ns + a->high_hz * a->high_ns) / (a->low_ns + a->high_ns);
	return 0;
}

static int parse_arrival_file(struct parser *p, char *rest, struct arrivals *a)
{
	char *path = NULL;
	struct param params[] = {{"path", PARAM_PATH, false, 0, 0, &path}};

	if (read_params(p, "file", rest, params, 1) || need_params(p, "file", params, 1))
		return p->err;
	return read_arrival_file(p, path, a);
}

int parse_arrivals(struct parser *p, char *text, struct arrivals *a)
{
	static const char *const names[] = {"poisson", "constant", "mmpp", "file"};
	char *rest = NULL, *word = first_word(text, &rest);
	const char *nearest;

	if (!word)
		return parser_fail(p, text, "no arrivals");
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(word, names[i]) != 0)
			continue;
		a->kind = (enum arrival_kind)(ARRIVAL_POISSON + i);
		if (a->kind == ARRIVAL_MMPP)
			return parse_mmpp(p, rest, a);
		if (a->kind == ARRIVAL_FILE)
			return parse_arrival_file(p, rest, a);
		return parse_steady(p, word, rest, a);
	}
	nearest = cli_nearest(word, names, 4);
	if (nearest)
		return parser_fail(p, word, "there are no '%s' arrivals; did you mean '%s'?", word,
				   nearest);
	return parser_fail(p, word,
			   "there are no '%s' arrivals; there are poisson, constant, mmpp and file",
			   word);
}

/* "0-3,8": as in cpuset.cpus. */
int parse_cpus(struct parser *p, const char *text, cpu_set_t *cpus)
{
	char copy[512], *rest = copy, *item, *dash;
	uint64_t first, last;

	snprintf(copy, sizeof(copy), "%s", text);
	CPU_ZERO(cpus);
	while ((item = strsep(&rest, ","))) {
		dash = strchr(item, '-');
		if (dash)
			*dash++ = '\0';
		if (cli_parse_u64(item, 0, CPU_SETSIZE - 1, &first) ||
		    cli_parse_u64(dash ? dash : item, first, CPU_SETSIZE - 1, &last))
			return parser_fail(p, text, "'%s' is no list of CPUs; write 0-3,8", text);
		for (; first <= last; first++)
			CPU_SET(first, cpus);
	}
	return 0;
}

int parse_split(struct parser *p, char *text, double *split, unsigned int *count)
{
	char *rest, *word;
	double sum = 0;
	unsigned int n = 0;

	for (word = strtok_r(text, " ,\t", &rest); word; word = strtok_r(NULL, " ,\t", &rest)) {
		if (n == WORKLOAD_MAX_STAGES)
			return parser_fail(p, word, "more than %d stages", WORKLOAD_MAX_STAGES);
		if (cli_parse_double(word, 1e-6, 1e6, &split[n]))
			return parser_fail(p, word, "'%s' is no share of the service", word);
		sum += split[n++];
	}
	if (n < 2 || (*count && *count != n))
		return parser_fail(p, text,
				   "'split' has %u parts; a pipeline of %u stages needs %u", n,
				   *count ? *count : 2, *count ? *count : 2);
	for (unsigned int i = 0; i < n; i++)
		split[i] /= sum;
	*count = n;
	return 0;
}

/* One flag of schbench and its value. */
static int schbench_flag(struct parser *p, const char *flag, const char *value,
			 struct class_spec *c, uint64_t *duration_ns, uint64_t *warmup_ns)
{
	bool may_be_zero = flag[1] == 's' || flag[1] == 'w' || !strncmp(flag, "--s", 3) ||
			   !strncmp(flag, "--w", 3);
	uint64_t n;

	if (parse_count(p, value, !may_be_zero, 1000000000, &n))
		return p->err;
	if (!strcmp(flag, "-m") || !strcmp(flag, "--message-threads"))
		c->threads = (unsigned int)n;
	else if (!strcmp(flag, "-t") || !strcmp(flag, "--threads"))
		c->workers = (unsigned int)n;
	else if (!strcmp(flag, "-r") || !strcmp(flag, "--runtime"))
		*duration_ns = n * NSEC_PER_SEC;
	else if (!strcmp(flag, "-w") || !strcmp(flag, "--warmuptime"))
		*warmup_ns = n * NSEC_PER_SEC;
	else if (!strcmp(flag, "-s") || !strcmp(flag, "--sleep_usec") ||
		 !strcmp(flag, "--sleeptime"))
		c->sleep_ns = n * NSEC_PER_USEC;
	else if (!strcmp(flag, "-c") || !strcmp(flag, "--cputime"))
		c->service = (struct dist){.kind = DIST_CONSTANT,
					   .mean_ns = (double)(n * NSEC_PER_USEC)};
	else if (!strcmp(flag, "-n") || !strcmp(flag, "--operations"))
		c->operations = (unsigned int)n;
	else
		return parser_fail(p, flag,
				   "schbench's '%s' is not taken; -m -t -r -w -s -c -n are", flag);
	return 0;
}

int parse_schbench_flags(struct parser *p, char *text, struct class_spec *c, uint64_t *duration_ns,
			 uint64_t *warmup_ns)
{
	char *rest, *flag, *value;

	c->sleep_ns = 100 * NSEC_PER_USEC;
	for (flag = strtok_r(text, " \t", &rest); flag; flag = strtok_r(NULL, " \t", &rest)) {
		value = flag[0] == '-' && flag[1] == '-' ? strchr(flag, '=') : NULL;
		if (value)
			*value++ = '\0';
		else
			value = strtok_r(NULL, " \t", &rest);
		if (!value)
			return parser_fail(p, flag, "schbench's '%s' needs a number", flag);
		if (schbench_flag(p, flag, value, c, duration_ns, warmup_ns))
			return p->err;
	}
	if (c->threads > WORKLOAD_MAX_THREADS || c->workers > WORKLOAD_MAX_THREADS ||
	    c->operations > 1000 || *duration_ns > WORKLOAD_MAX_DURATION)
		return parser_fail(p, "flags", "a number is too large");
	return 0;
}
