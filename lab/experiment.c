// SPDX-License-Identifier: GPL-2.0
/*
 * Experiment files: parsed with every mistake named by line and column, and turned into a plan of cells. Runs
 * nothing; bench.c does.
 */
#include <ctype.h>
#include <errno.h>
#include <ini.h>
#include <limits.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "lab/lab.h"
#include "lib/cli.h"
#include "lib/fileio.h"
#include "lib/timeutil.h"

#define REPETITIONS_MAX 10000
#define SEEDS_MAX	10000
#define JOBS_MAX	256
/* inih reads lines into a buffer of this size; a longer one would arrive in pieces. */
#define LINE_ROOM	200

enum section {
	SECTION_NONE,
	SECTION_EXPERIMENT,
	SECTION_SCHEDULER,
	SECTION_WORKLOAD,
};

struct parser {
	const char *path;
	const char *next; /* rest of the text */
	char line[LINE_ROOM + 1];
	int line_number;
	struct experiment *e;
	enum section section;
	int section_line;
	unsigned int seen; /* bits of the keys of this section */
	char *error;
	size_t error_size;
	int err;
};

/* Keep the first mistake. @at is a place in the current line, NULL for its beginning. */
__attribute__((format(printf, 3, 4))) static int mistake(struct parser *p, const char *at,
							 const char *format, ...)
{
	char shown[256], what[320];
	va_list args;

	if (p->err)
		return p->err;
	va_start(args, format);
	vsnprintf(what, sizeof(what), format, args);
	va_end(args);
	snprintf(p->error, p->error_size, "%s:%d:%d: %s",
		 cli_printable(p->path, shown, sizeof(shown)),
		 p->line_number > 0 ? p->line_number : 1, at ? (int)(at - p->line) + 1 : 1, what);
	p->err = -EINVAL;
	return p->err;
}

static int no_memory(struct parser *p)
{
	if (!p->err) {
		snprintf(p->error, p->error_size, "out of memory");
		p->err = -ENOMEM;
	}
	return p->err;
}

/* Where @word stands in the current line behind its '='; the value that inih passes is a copy. */
static const char *place_of(const struct parser *p, const char *word)
{
	const char *equals = strpbrk(p->line, "=:"), *at;

	at = equals ? strstr(equals + 1, word) : NULL;
	return at ? at : p->line;
}

static const char *shown_of(const char *text)
{
	static _Thread_local char shown[96];

	return cli_printable(text, shown, sizeof(shown));
}

static bool good_name(const char *name)
{
	size_t length = strlen(name);

	return length > 0 && length < EXPERIMENT_NAME_SIZE && name[0] != '.' &&
	       strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") ==
		       length;
}

/* --- values ------------------------------------------------------------------------------------------ */

static int take_u64(struct parser *p, const char *value, uint64_t min, uint64_t max, uint64_t *out)
{
	if (cli_parse_u64(value, min, max, out))
		return mistake(p, place_of(p, value), "'%s' is not a number from %llu to %llu",
			       shown_of(value), (unsigned long long)min, (unsigned long long)max);
	return 0;
}

static int take_bool(struct parser *p, const char *value, bool *out)
{
	*out = strcmp(value, "yes") == 0;
	if (*out || strcmp(value, "no") == 0)
		return 0;
	return mistake(p, place_of(p, value), "'%s' is neither yes nor no", shown_of(value));
}

static int take_word(struct parser *p, const char *value, const char *const *words, size_t count)
{
	const char *nearest;

	for (size_t i = 0; i < count; i++) {
		if (strcmp(value, words[i]) == 0)
			return (int)i;
	}
	nearest = cli_nearest(value, words, count);
	return mistake(p, place_of(p, value), "'%s' is not known here; did you mean %s?",
		       shown_of(value), nearest ? nearest : words[0]);
}

static int add_seed(struct parser *p, uint64_t seed)
{
	struct experiment *e = p->e;
	uint64_t *grown;

	if (e->seed_count == SEEDS_MAX)
		return mistake(p, NULL, "more than %d seeds", SEEDS_MAX);
	for (size_t i = 0; i < e->seed_count; i++) {
		if (e->seeds[i] == seed)
			return mistake(p, NULL,
				       "seed %llu is there twice; repetitions = N repeats cells",
				       (unsigned long long)seed);
	}
	grown = realloc(e->seeds, (e->seed_count + 1) * sizeof(*grown));
	if (!grown)
		return no_memory(p);
	e->seeds = grown;
	e->seeds[e->seed_count++] = seed;
	return 0;
}

/* "1, 2, 10-15" */
static int take_seeds(struct parser *p, const char *value)
{
	char *copy = strdup(value), *rest = copy, *word;

	if (!copy)
		return no_memory(p);
	while ((word = strsep(&rest, ", \t")) && !p->err) {
		char *dash = strchr(word, '-');
		uint64_t first, last;

		if (!*word)
			continue;
		if (dash)
			*dash = '\0';
		if (cli_parse_u64(word, 0, INT64_MAX, &first) ||
		    (dash && (cli_parse_u64(dash + 1, first, INT64_MAX, &last) ||
			      last - first >= SEEDS_MAX))) {
			if (dash)
				*dash = '-';
			mistake(p, place_of(p, word), "'%s' is not a seed or a range such as 1-8",
				shown_of(word));
			break;
		}
		last = dash ? last : first;
		for (uint64_t seed = first; seed <= last && !p->err; seed++)
			add_seed(p, seed);
	}
	free(copy);
	if (!p->err && !p->e->seed_count)
		return mistake(p, place_of(p, value), "no seed");
	return p->err;
}

static int take_text(struct parser *p, const char *value, char *out, size_t size)
{
	if (!good_name(value) || strlen(value) >= size)
		return mistake(
			p, place_of(p, value),
			"'%s': letters, digits, '.', '_' and '-' are wanted here, at most %zu",
			shown_of(value), size - 1);
	snprintf(out, size, "%s", value);
	return 0;
}

/* A file beside the experiment file becomes absolute; a bare name stays a name. */
static int take_file(struct parser *p, const char *value, char **out)
{
	char folder[PATH_MAX], real[PATH_MAX], joined[2 * PATH_MAX];
	const char *slash = strrchr(p->path, '/');

	free(*out);
	if (!strchr(value, '/') && !strchr(value, '.')) {
		*out = strdup(value);
		return *out ? 0 : no_memory(p);
	}
	snprintf(folder, sizeof(folder), "%.*s", slash ? (int)(slash - p->path) + 1 : 0, p->path);
	snprintf(joined, sizeof(joined), "%s%s", value[0] == '/' ? "" : folder, value);
	*out = NULL;
	if (!realpath(joined, real))
		return mistake(p, place_of(p, value), "%s: %s", shown_of(joined), strerror(errno));
	*out = strdup(real);
	return *out ? 0 : no_memory(p);
}

static int take_settings(struct parser *p, const char *value)
{
	struct experiment_scheduler *s = &p->e->schedulers[p->e->scheduler_count - 1];
	char *copy = strdup(value), *rest = copy, *word;

	if (!copy)
		return no_memory(p);
	while ((word = strsep(&rest, " \t,")) && !p->err) {
		char **grown;

		if (!*word)
			continue;
		if (!strchr(word, '=') || word[0] == '=') {
			mistake(p, place_of(p, word), "'%s' is not NAME=VALUE", shown_of(word));
			break;
		}
		grown = realloc(s->settings, (s->setting_count + 1) * sizeof(*grown));
		if (!grown) {
			no_memory(p);
			break;
		}
		s->settings = grown;
		grown[s->setting_count] = strdup(word);
		if (!grown[s->setting_count++])
			no_memory(p);
	}
	free(copy);
	return p->err;
}

/* --- keys --------------------------------------------------------------------------------------------- */

enum key {
	KEY_NAME,
	KEY_ORDER_SEED,
	KEY_SEEDS,
	KEY_REPETITIONS,
	KEY_DURATION,
	KEY_LEDGER,
	KEY_GRAPHS,
	KEY_WHERE,
	KEY_ACCEL,
	KEY_KERNEL,
	KEY_CPUS,
	KEY_JOBS,
	KEY_SCHED,
	KEY_SET,
	KEY_FILE,
};

static const struct key_name {
	const char *name;
	enum section section;
} keys[] = {
	[KEY_NAME] = {"name", SECTION_EXPERIMENT},
	[KEY_ORDER_SEED] = {"order-seed", SECTION_EXPERIMENT},
	[KEY_SEEDS] = {"seeds", SECTION_EXPERIMENT},
	[KEY_REPETITIONS] = {"repetitions", SECTION_EXPERIMENT},
	[KEY_DURATION] = {"duration", SECTION_EXPERIMENT},
	[KEY_LEDGER] = {"ledger", SECTION_EXPERIMENT},
	[KEY_GRAPHS] = {"graphs", SECTION_EXPERIMENT},
	[KEY_WHERE] = {"where", SECTION_EXPERIMENT},
	[KEY_ACCEL] = {"accel", SECTION_EXPERIMENT},
	[KEY_KERNEL] = {"kernel", SECTION_EXPERIMENT},
	[KEY_CPUS] = {"cpus", SECTION_EXPERIMENT},
	[KEY_JOBS] = {"jobs", SECTION_EXPERIMENT},
	[KEY_SCHED] = {"sched", SECTION_SCHEDULER},
	[KEY_SET] = {"set", SECTION_SCHEDULER},
	[KEY_FILE] = {"file", SECTION_WORKLOAD},
};
#define KEYS (sizeof(keys) / sizeof(keys[0]))

static int find_key(struct parser *p, const char *name)
{
	const char *names[KEYS], *nearest;
	size_t count = 0;

	for (size_t i = 0; i < KEYS; i++) {
		if (keys[i].section != p->section)
			continue;
		if (strcmp(keys[i].name, name) == 0)
			return (int)i;
		names[count++] = keys[i].name;
	}
	nearest = cli_nearest(name, names, count);
	return mistake(p, strstr(p->line, name), "unknown key '%s'%s%s%s", shown_of(name),
		       nearest ? "; did you mean '" : "", nearest ? nearest : "",
		       nearest ? "'?" : "");
}

static int take_where(struct parser *p, const char *value)
{
	static const char *const words[] = {"auto", "vm", "host"};
	int which = take_word(p, value, words, 3);

	if (which < 0)
		return which;
	p->e->place = (enum experiment_place)which;
	return 0;
}

static int take_accel(struct parser *p, const char *value)
{
	static const char *const words[] = {"lab", "auto", "kvm", "tcg"};
	int which = take_word(p, value, words, 4);

	if (which < 0)
		return which;
	snprintf(p->e->accel, sizeof(p->e->accel), "%s", words[which]);
	return 0;
}

static int take_duration(struct parser *p, const char *value)
{
	if (cli_parse_duration_ns(value, NSEC_PER_SEC, &p->e->duration_ns) || !p->e->duration_ns)
		return mistake(p, place_of(p, value), "'%s' is not a duration such as 10s",
			       shown_of(value));
	return 0;
}

/* "yes", "no", or a duration: yes, and so long. */
static int take_graphs(struct parser *p, const char *value)
{
	struct experiment *e = p->e;

	e->graphs = strcmp(value, "no") != 0;
	if (!e->graphs || strcmp(value, "yes") == 0)
		return 0;
	if (cli_parse_duration_ns(value, NSEC_PER_SEC, &e->graphs_duration_ns) ||
	    !e->graphs_duration_ns)
		return mistake(p, place_of(p, value),
			       "'%s' is neither yes, no, nor a duration such as 5s",
			       shown_of(value));
	return 0;
}

static int take_value(struct parser *p, enum key key, const char *value)
{
	struct experiment *e = p->e;
	uint64_t number = 0;
	int err;

	switch (key) {
	case KEY_NAME:
		return take_text(p, value, e->name, sizeof(e->name));
	case KEY_ORDER_SEED:
		return take_u64(p, value, 0, INT64_MAX, &e->order_seed);
	case KEY_SEEDS:
		return take_seeds(p, value);
	case KEY_REPETITIONS:
		return take_u64(p, value, 1, REPETITIONS_MAX, &e->repetitions);
	case KEY_DURATION:
		return take_duration(p, value);
	case KEY_LEDGER:
		return take_bool(p, value, &e->ledger);
	case KEY_GRAPHS:
		return take_graphs(p, value);
	case KEY_WHERE:
		return take_where(p, value);
	case KEY_ACCEL:
		return take_accel(p, value);
	case KEY_KERNEL:
		return take_text(p, value, e->kernel, sizeof(e->kernel));
	case KEY_CPUS:
		err = take_u64(p, value, 1, 64, &number);
		snprintf(e->cpus, sizeof(e->cpus), "%u", (unsigned int)number);
		return err;
	case KEY_JOBS:
		err = take_u64(p, value, 1, JOBS_MAX, &number);
		e->jobs = (unsigned int)number;
		return err;
	case KEY_SCHED:
		return take_file(p, value, &e->schedulers[e->scheduler_count - 1].sched);
	case KEY_SET:
		return take_settings(p, value);
	case KEY_FILE:
		return take_file(p, value, &e->workloads[e->workload_count - 1].file);
	}
	return 0;
}

static int on_key(void *user, const char *section, const char *name, const char *value)
{
	struct parser *p = user;
	int key;

	if (p->err)
		return 0;
	if (p->section == SECTION_NONE) {
		mistake(p, NULL, "'%s' stands before the first section, such as [experiment]",
			shown_of(name));
		return 0;
	}
	key = find_key(p, name);
	if (key < 0)
		return 0;
	if (p->seen & 1u << key) {
		mistake(p, strstr(p->line, name), "'%s' is there twice in this section",
			shown_of(name));
		return 0;
	}
	p->seen |= 1u << key;
	if (!*value)
		mistake(p, NULL, "'%s' has no value", shown_of(name));
	else
		take_value(p, (enum key)key, value);
	(void)section;
	return !p->err;
}

/* --- sections ----------------------------------------------------------------------------------------- */

static int add_scheduler(struct parser *p, const char *label)
{
	struct experiment *e = p->e;
	struct experiment_scheduler *grown;

	for (size_t i = 0; i < e->scheduler_count; i++) {
		if (strcmp(e->schedulers[i].label, label) == 0)
			return mistake(p, NULL,
				       "scheduler '%s' is there twice; give one another label and "
				       "sched = %s",
				       label, label);
	}
	grown = realloc(e->schedulers, (e->scheduler_count + 1) * sizeof(*grown));
	if (!grown)
		return no_memory(p);
	e->schedulers = grown;
	grown += e->scheduler_count++;
	memset(grown, 0, sizeof(*grown));
	snprintf(grown->label, sizeof(grown->label), "%s", label);
	return 0;
}

static int add_workload(struct parser *p, const char *label)
{
	struct experiment *e = p->e;
	struct experiment_workload *grown;

	for (size_t i = 0; i < e->workload_count; i++) {
		if (strcmp(e->workloads[i].label, label) == 0)
			return mistake(p, NULL, "workload '%s' is there twice", label);
	}
	grown = realloc(e->workloads, (e->workload_count + 1) * sizeof(*grown));
	if (!grown)
		return no_memory(p);
	e->workloads = grown;
	grown += e->workload_count++;
	memset(grown, 0, sizeof(*grown));
	snprintf(grown->label, sizeof(grown->label), "%s", label);
	return 0;
}

static void open_section(struct parser *p, const char *at, char *title)
{
	static const char *const words[] = {"experiment", "scheduler", "workload"};
	char *name = title + strcspn(title, " \t");
	const char *nearest;

	if (*name) {
		*name++ = '\0';
		name += strspn(name, " \t");
	}
	p->seen = 0;
	if (strcmp(title, "experiment") == 0) {
		if (*name)
			mistake(p, at, "[experiment] takes no name; name = %s says it",
				shown_of(name));
		else if (p->section_line)
			mistake(p, at, "[experiment] is there twice");
		p->section_line = p->line_number;
		p->section = SECTION_EXPERIMENT;
		return;
	}
	if (strcmp(title, "scheduler") != 0 && strcmp(title, "workload") != 0) {
		nearest = cli_nearest(title, words, 3);
		mistake(p, at, "unknown section '%s'%s%s%s", shown_of(title),
			nearest ? "; did you mean [" : "", nearest ? nearest : "",
			nearest ? "]?" : "");
		return;
	}
	if (!good_name(name)) {
		mistake(p, at,
			"[%s NAME] wants a name of letters, digits, '.', '_' and '-', at most %d",
			title, EXPERIMENT_NAME_SIZE - 1);
		return;
	}
	if (strcmp(title, "scheduler") == 0) {
		p->section = SECTION_SCHEDULER;
		add_scheduler(p, name);
	} else {
		p->section = SECTION_WORKLOAD;
		add_workload(p, name);
	}
}

/* inih does not tell of a section without keys, and [scheduler default] needs none: sections are found here. */
static void look_for_section(struct parser *p)
{
	const char *at = p->line + strspn(p->line, " \t");
	char title[LINE_ROOM + 1];
	const char *end;

	if (*at != '[' || p->err)
		return;
	end = strchr(at, ']');
	if (!end) {
		mistake(p, at, "']' is missing");
		return;
	}
	snprintf(title, sizeof(title), "%.*s", (int)(end - at) - 1, at + 1);
	open_section(p, at, title);
}

/* Gives inih one line and remembers it for messages. */
static char *next_line(char *out, int size, void *stream)
{
	struct parser *p = stream;
	size_t length;

	if (p->err || !*p->next)
		return NULL;
	length = strcspn(p->next, "\n");
	p->line_number++;
	snprintf(p->line, sizeof(p->line), "%.*s", (int)(length < LINE_ROOM ? length : LINE_ROOM),
		 p->next);
	if ((int)length + 2 > size || length >= LINE_ROOM) {
		mistake(p, p->line + LINE_ROOM - 1, "the line is longer than %d characters",
			LINE_ROOM - 2);
		return NULL;
	}
	memcpy(out, p->next, length);
	out[length] = '\n';
	out[length + 1] = '\0';
	p->next += length + (p->next[length] == '\n');
	look_for_section(p);
	return out;
}

/* --- whole files ---------------------------------------------------------------------------------------- */

static int fill_defaults(struct parser *p)
{
	struct experiment *e = p->e;
	double cells;

	if (!e->scheduler_count)
		return mistake(p, NULL, "no [scheduler NAME] section");
	if (!e->workload_count)
		return mistake(p, NULL, "no [workload NAME] section");
	if (!e->seed_count && add_seed(p, 1))
		return p->err;
	for (size_t i = 0; i < e->scheduler_count; i++) {
		if (!e->schedulers[i].sched)
			e->schedulers[i].sched = strdup(e->schedulers[i].label);
		if (!e->schedulers[i].sched)
			return no_memory(p);
		if (strcmp(e->schedulers[i].sched, "default") == 0 &&
		    e->schedulers[i].setting_count)
			return mistake(p, NULL,
				       "scheduler '%s' is the kernel's default, which has no "
				       "options to set",
				       e->schedulers[i].label);
	}
	for (size_t i = 0; i < e->workload_count; i++) {
		if (!e->workloads[i].file)
			e->workloads[i].file = strdup(e->workloads[i].label);
		if (!e->workloads[i].file)
			return no_memory(p);
	}
	cells = (double)e->scheduler_count * (double)e->workload_count * (double)e->seed_count *
			(double)e->repetitions +
		(e->graphs ? (double)e->scheduler_count * (double)e->workload_count : 0);
	if (cells > EXPERIMENT_MAX_CELLS)
		return mistake(p, NULL, "%.0f cells; at most %d are taken", cells,
			       EXPERIMENT_MAX_CELLS);
	return 0;
}

int experiment_parse(const char *path, const char *text, struct experiment *e, char *error,
		     size_t error_size)
{
	struct parser p = {
		.path = path, .next = text, .e = e, .error = error, .error_size = error_size};
	int bad_line;

	memset(e, 0, sizeof(*e));
	snprintf(e->name, sizeof(e->name), "experiment");
	snprintf(e->accel, sizeof(e->accel), "lab");
	e->order_seed = 1;
	e->repetitions = 1;
	bad_line = ini_parse_stream(next_line, &p, on_key, &p);
	if (!p.err && bad_line > 0)
		p.line_number = bad_line;
	if (!p.err && bad_line)
		mistake(&p, NULL, "neither a [section], nor KEY = VALUE, nor a comment");
	if (!p.err)
		fill_defaults(&p);
	if (p.err)
		experiment_free(e);
	return p.err;
}

int experiment_load(const char *path, struct experiment *e, char *error, size_t error_size)
{
	char *text, shown[256];
	size_t size;
	int err = file_read(path, EXPERIMENT_FILE_MAX, &text, &size);

	memset(e, 0, sizeof(*e));
	cli_printable(path, shown, sizeof(shown));
	if (err) {
		snprintf(error, error_size, "%s: %s", shown, strerror(-err));
		return err;
	}
	if (strlen(text) != size) {
		snprintf(error, error_size, "%s: not a text file: it holds a zero byte", shown);
		err = -EINVAL;
	} else {
		err = experiment_parse(path, text, e, error, error_size);
	}
	free(text);
	return err;
}

void experiment_free(struct experiment *e)
{
	for (size_t i = 0; i < e->scheduler_count; i++) {
		for (size_t k = 0; k < e->schedulers[i].setting_count; k++)
			free(e->schedulers[i].settings[k]);
		free(e->schedulers[i].settings);
		free(e->schedulers[i].sched);
	}
	for (size_t i = 0; i < e->workload_count; i++)
		free(e->workloads[i].file);
	free(e->schedulers);
	free(e->workloads);
	free(e->seeds);
	memset(e, 0, sizeof(*e));
}

/* --- the plan -------------------------------------------------------------------------------------------- */

/* Fisher and Yates, in units of @size bytes. */
static void shuffle(struct rng *rng, struct experiment_cell *cells, size_t units, size_t size)
{
	for (size_t i = units; i > 1; i--) {
		size_t k = rng_below(rng, i);

		for (size_t n = 0; n < size && k != i - 1; n++) {
			struct experiment_cell swap = cells[k * size + n];

			cells[k * size + n] = cells[(i - 1) * size + n];
			cells[(i - 1) * size + n] = swap;
		}
	}
}

int experiment_plan(const struct experiment *e, struct experiment_cell **cells, size_t *count)
{
	size_t blocks = e->workload_count * e->seed_count * e->repetitions, block = 0;
	size_t graphs = e->graphs ? e->workload_count * e->scheduler_count : 0;
	struct experiment_cell *list;
	struct rng rng;

	*count = blocks * e->scheduler_count + graphs;
	list = calloc(*count, sizeof(*list));
	*cells = list;
	if (!list)
		return -ENOMEM;
	rng_seed(&rng, e->order_seed, 0);
	for (size_t r = 0; r < e->repetitions; r++) {
		size_t first = block;

		for (size_t w = 0; w < e->workload_count; w++) {
			for (size_t s = 0; s < e->seed_count; s++, block++) {
				struct experiment_cell *here = list + block * e->scheduler_count;

				for (size_t i = 0; i < e->scheduler_count; i++)
					here[i] = (struct experiment_cell){
						.scheduler = &e->schedulers[i],
						.workload = &e->workloads[w],
						.seed = e->seeds[s],
						.repetition = r};
				shuffle(&rng, here, e->scheduler_count, 1);
			}
		}
		/* Blocks mix within a repetition, so that one cut short still has whole repetitions. */
		shuffle(&rng, list + first * e->scheduler_count, block - first, e->scheduler_count);
	}
	for (size_t i = 0; i < graphs; i++)
		list[*count - graphs + i] = (struct experiment_cell){
			.scheduler = &e->schedulers[i % e->scheduler_count],
			.workload = &e->workloads[i / e->scheduler_count],
			.seed = e->seeds[0],
			.graphs = true};
	for (size_t i = 0; i < *count; i++)
		list[i].number = i + 1;
	return 0;
}

int experiment_cell_path(const char *folder, const struct experiment_cell *cell, char *out,
			 size_t size)
{
	int length = snprintf(out, size, "%s/%s/%s/%s-s%llu-r%llu.json", folder,
			      cell->graphs ? "graphs" : "cells", cell->scheduler->label,
			      cell->workload->label, (unsigned long long)cell->seed,
			      (unsigned long long)cell->repetition);

	return length < 0 || (size_t)length >= size ? -ENAMETOOLONG : 0;
}
