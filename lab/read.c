// SPDX-License-Identifier: GPL-2.0
/*
 * Reader of result files. Believes nothing: kind, schema, checksum and every field it uses are checked, and what is
 * refused is refused by the file's name. Judges no run; that is for the comparison.
 */
#include <dirent.h>
#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "lab/lab.h"
#include "lib/cli.h"
#include "lib/fileio.h"
#include "lib/result.h"
#include "lib/seal.h"

#define SCHEMA_STEM   "schedlab.result/"
#define SCHEMA_NUMBER 1
#define FOLDER_DEPTH  16

__attribute__((format(printf, 3, 4))) static void complain(char *error, size_t size,
							   const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(error, size, format, args);
	va_end(args);
}

/* A member's text, or "" where it is not there or no text. */
static const char *text_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

static uint64_t number_of(const json_t *object, const char *key)
{
	const json_t *number = json_object_get(object, key);

	return json_is_integer(number) ? (uint64_t)json_integer_value(number) : 0;
}

static int check_schema(const json_t *document, const char *name, char *error, size_t size)
{
	const char *schema = json_string_value(json_object_get(document, "schema"));
	char shown[80], *end;
	unsigned long version;

	if (!schema) {
		complain(error, size, "%s: not a schedlab document: it has no \"schema\"", name);
		return -EPROTO;
	}
	cli_printable(schema, shown, sizeof(shown));
	if (strncmp(schema, SCHEMA_STEM, strlen(SCHEMA_STEM)) != 0) {
		complain(error, size, "%s: another kind of document: %s, not %s", name, shown,
			 RESULT_SCHEMA);
		return -EPROTO;
	}
	version = strtoul(schema + strlen(SCHEMA_STEM), &end, 10);
	if (*end || end == schema + strlen(SCHEMA_STEM) || version == 0) {
		complain(error, size, "%s: unknown schema %s; this program reads %s", name, shown,
			 RESULT_SCHEMA);
		return -EPROTO;
	}
	if (version > SCHEMA_NUMBER) {
		complain(error, size,
			 "%s: written by a newer schedlab (%s); this one reads %s: update it", name,
			 shown, RESULT_SCHEMA);
		return -EPROTONOSUPPORT;
	}
	return 0;
}

static int check_seal(const json_t *document, const char *name, char *error, size_t size)
{
	int err = seal_check(document);

	if (err == -ENOENT)
		complain(error, size,
			 "%s: no checksum: edited, or not written by schedlab (--no-checksum "
			 "accepts it)",
			 name);
	else if (err == -EUCLEAN)
		complain(error, size,
			 "%s: edited since it was written: the checksum differs (--no-checksum "
			 "accepts it)",
			 name);
	else if (err)
		complain(error, size, "%s: %s", name, strerror(-err));
	return err == -ENOENT ? -EUCLEAN : err;
}

/* --- metrics ------------------------------------------------------------------------------------ */

static struct run_metric *new_metric(struct lab_run *run, const char *prefix, const char *name)
{
	struct run_metric *grown = realloc(
		run->metrics, (run->metric_count + 1) * sizeof(*run->metrics)); /* few: a dozen */

	if (!grown)
		return NULL;
	run->metrics = grown;
	grown += run->metric_count;
	memset(grown, 0, sizeof(*grown));
	if (asprintf(&grown->name, "%s%s%s", prefix, *prefix ? "." : "", name) < 0)
		return NULL;
	run->metric_count++;
	return grown;
}

struct metric_reader {
	struct lab_run *run;
	const char *path;
	char *error;
	size_t error_size;
};

/* Every histogram member of @object as metric PREFIX.KEY. */
static int read_hists(struct metric_reader *r, const json_t *object, const char *prefix)
{
	struct run_metric *metric;
	const char *key;
	json_t *value;

	json_object_foreach ((json_t *)object, key, value) {
		char why[160], shown[80];
		struct hist h;
		int err;

		if (!json_object_get(value, "buckets"))
			continue;
		err = hist_from_json(value, &h, why, sizeof(why));
		if (err) {
			complain(r->error, r->error_size, "%s: histogram \"%s\": %s", r->path,
				 cli_printable(key, shown, sizeof(shown)),
				 err == -EINVAL ? why : strerror(-err));
			return err;
		}
		metric = new_metric(r->run, prefix, key);
		err = metric ? sparse_hist_from(&metric->hist, &h) : -ENOMEM;
		hist_free(&h);
		if (err)
			return err;
	}
	return 0;
}

static int read_scalar(struct metric_reader *r, const json_t *number, const char *prefix,
		       const char *name, bool more_is_better)
{
	struct run_metric *metric;

	if (!json_is_number(number))
		return 0;
	metric = new_metric(r->run, prefix, name);
	if (!metric)
		return -ENOMEM;
	metric->is_scalar = true;
	metric->more_is_better = more_is_better;
	metric->value = json_number_value(number);
	return 0;
}

static int read_classes(struct metric_reader *r, const json_t *classes)
{
	size_t index;
	json_t *class;

	json_array_foreach ((json_t *)classes, index, class) {
		const char *name = json_string_value(json_object_get(class, "name"));
		bool batch = strcmp(text_of(class, "kind"), "batch") == 0;
		int err;

		if (!name || !*name) {
			complain(r->error, r->error_size, "%s: class %zu has no name", r->path,
				 index + 1);
			return -EINVAL;
		}
		err = read_hists(r, json_object_get(class, "metrics"), name);
		/* A batch class is there to get CPU time; the share of a job class follows from its load. */
		if (!err && batch)
			err = read_scalar(r, json_object_get(class, "cpu_share"), name, "cpu_share",
					  true);
		if (!err)
			err = read_scalar(r, json_object_get(class, "rate_hz"), name, "rate_hz",
					  true);
		if (err)
			return err;
	}
	return 0;
}

static int read_metrics(struct metric_reader *r, const json_t *document)
{
	const json_t *ledger = json_object_get(document, "ledger");
	int err = read_hists(r, json_object_get(document, "metrics"), "");

	if (!err)
		err = read_classes(r, json_object_get(document, "classes"));
	if (!err && json_is_object(ledger))
		err = read_hists(r, json_object_get(ledger, "intervals"), "ledger");
	return err;
}

static double real_of(const json_t *object, const char *key)
{
	const json_t *number = json_object_get(object, key);

	return json_is_number(number) ? json_number_value(number) : NAN;
}

static int read_oracles(struct lab_run *run, const json_t *oracles)
{
	size_t index;
	json_t *oracle;

	run->oracles = calloc(json_array_size(oracles) + 1, sizeof(*run->oracles));
	if (!run->oracles)
		return -ENOMEM;
	json_array_foreach ((json_t *)oracles, index, oracle) {
		struct run_oracle *o = &run->oracles[run->oracle_count++];

		snprintf(o->name, sizeof(o->name), "%s", text_of(oracle, "name"));
		o->mean_ns = real_of(oracle, "mean_ns");
		o->measured_mean_ns = real_of(oracle, "measured_mean_ns");
		o->error_pct = real_of(oracle, "error_pct");
		o->p99_error_pct = real_of(oracle, "p99_error_pct");
		o->corrected_error_pct = real_of(oracle, "corrected_error_pct");
		o->corrected_p99_error_pct = real_of(oracle, "corrected_p99_error_pct");
		o->agrees = strcmp(text_of(oracle, "verdict"), "agrees") == 0;
	}
	return 0;
}

/* --- one run -------------------------------------------------------------------------------------- */

/* "NAME" or "NAME k=v k=v": what tells two schedulers of an experiment apart when nobody gave them labels. */
static char *scheduler_label(const json_t *document)
{
	const json_t *scheduler = json_object_get(document, "scheduler");
	const char *label = text_of(json_object_get(document, "cell"), "label");
	json_t *settings = json_object_get(json_object_get(document, "cell"), "settings");
	const char *name = text_of(scheduler, "name");
	char *text, *longer;
	size_t index;
	json_t *setting;

	if (*label)
		return strdup(label);
	text = strdup(*name ? name : "unknown");
	json_array_foreach (settings, index, setting) {
		if (!text || asprintf(&longer, "%s %s", text, json_string_value(setting)) < 0)
			break;
		free(text);
		text = longer;
	}
	return text;
}

static char *join_reasons(const json_t *reasons)
{
	char *text = strdup(""), *longer;
	size_t index;
	json_t *reason;

	json_array_foreach ((json_t *)reasons, index, reason) {
		if (!text || !json_is_string(reason))
			continue;
		if (asprintf(&longer, "%s%s%s", text, *text ? "; " : "",
			     json_string_value(reason)) < 0)
			break;
		free(text);
		text = longer;
	}
	return text;
}

int run_parse(json_t *document, const char *path, unsigned int flags, struct lab_run *run,
	      char *error, size_t error_size)
{
	const json_t *workload, *validity;
	char shown[256];
	struct metric_reader reader = {run, shown, error, error_size};
	int err;

	memset(run, 0, sizeof(*run));
	cli_printable(path, shown, sizeof(shown));
	err = check_schema(document, shown, error, error_size);
	if (!err && !(flags & RUN_NO_CHECKSUM))
		err = check_seal(document, shown, error, error_size);
	if (err)
		return err;
	workload = json_object_get(document, "workload");
	validity = json_object_get(document, "validity");
	if (!json_is_boolean(json_object_get(validity, "valid")) ||
	    !*text_of(document, "evidence") ||
	    !json_is_object(json_object_get(document, "metrics"))) {
		complain(error, error_size,
			 "%s: a member is missing: evidence, validity.valid or metrics", shown);
		return -EINVAL;
	}
	run->valid = json_is_true(json_object_get(validity, "valid"));
	run->seed = number_of(workload, "seed");
	run->repetition = number_of(json_object_get(document, "cell"), "repetition");
	run->graphs = json_is_true(json_object_get(json_object_get(document, "cell"), "graphs"));
	run->path = strdup(path);
	run->evidence = strdup(text_of(document, "evidence"));
	run->kernel = strdup(text_of(json_object_get(document, "environment"), "kernel"));
	run->scheduler = scheduler_label(document);
	run->workload = strdup(*text_of(workload, "name") ? text_of(workload, "name") : "none");
	run->trace_hash = strdup(text_of(workload, "trace_hash"));
	run->invalid_reason = join_reasons(json_object_get(validity, "reasons"));
	if (!run->path || !run->evidence || !run->kernel || !run->scheduler || !run->workload ||
	    !run->trace_hash || !run->invalid_reason)
		err = -ENOMEM;
	if (!err)
		err = read_metrics(&reader, document);
	if (!err)
		err = read_oracles(run, json_object_get(document, "oracles"));
	if (err == -ENOMEM)
		complain(error, error_size, "%s: out of memory", shown);
	if (err)
		run_free(run);
	else if (flags & RUN_KEEP_DOCUMENT)
		run->document = json_incref(document);
	return err;
}

int run_read(const char *path, unsigned int flags, struct lab_run *run, char *error,
	     size_t error_size)
{
	char shown[256], *data;
	json_error_t where;
	json_t *document;
	size_t size;
	int err;

	memset(run, 0, sizeof(*run));
	cli_printable(path, shown, sizeof(shown));
	err = file_read(path, RUN_FILE_MAX, &data, &size);
	if (err) {
		complain(error, error_size, "%s: %s", shown,
			 err == -EFBIG ? "larger than 64 MiB: not a result file" : strerror(-err));
		return err;
	}
	document = json_loadb(data, size, JSON_REJECT_DUPLICATES, &where);
	free(data);
	if (!document) {
		if (json_error_code(&where) == json_error_premature_end_of_input)
			complain(error, error_size,
				 "%s: truncated: the file ends at line %d in the middle of the "
				 "document",
				 shown, where.line);
		else
			complain(error, error_size, "%s:%d:%d: not a result file: %s", shown,
				 where.line, where.column,
				 cli_printable(where.text, (char[JSON_ERROR_TEXT_LENGTH]){0},
					       JSON_ERROR_TEXT_LENGTH));
		return -EBADMSG;
	}
	err = run_parse(document, path, flags, run, error, error_size);
	json_decref(document);
	return err;
}

void run_free(struct lab_run *run)
{
	for (size_t i = 0; i < run->metric_count; i++) {
		free(run->metrics[i].name);
		sparse_hist_free(&run->metrics[i].hist);
	}
	free(run->metrics);
	free(run->oracles);
	free(run->path);
	free(run->evidence);
	free(run->kernel);
	free(run->scheduler);
	free(run->workload);
	free(run->trace_hash);
	free(run->invalid_reason);
	json_decref(run->document);
	memset(run, 0, sizeof(*run));
}

const struct run_metric *run_metric_find(const struct lab_run *run, const char *name)
{
	for (size_t i = 0; i < run->metric_count; i++) {
		if (strcmp(run->metrics[i].name, name) == 0)
			return &run->metrics[i];
	}
	return NULL;
}

/* --- folders ---------------------------------------------------------------------------------------- */

struct path_list {
	char **paths;
	size_t count, room;
};

static int add_path(struct path_list *list, char *path)
{
	if (list->count == list->room) {
		size_t room = list->room ? 2 * list->room : 64;
		char **grown = realloc(list->paths, room * sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		list->paths = grown;
		list->room = room;
	}
	list->paths[list->count++] = path;
	return 0;
}

static bool ends_in_json(const char *name)
{
	size_t length = strlen(name);

	return length > 5 && strcmp(name + length - 5, ".json") == 0;
}

static int walk(struct path_list *list, const char *folder, int depth)
{
	DIR *dir = opendir(folder);
	struct dirent *entry;
	int err = 0;

	if (!dir)
		return -errno;
	while (!err && (errno = 0, entry = readdir(dir))) {
		struct stat st;
		char *path;

		if (entry->d_name[0] == '.')
			continue;
		if (asprintf(&path, "%s/%s", folder, entry->d_name) < 0) {
			err = -ENOMEM;
			break;
		}
		/* No links to folders are followed: they could lead round. */
		if (lstat(path, &st) == 0 && S_ISDIR(st.st_mode) && depth < FOLDER_DEPTH)
			err = walk(list, path, depth + 1);
		else if (ends_in_json(path) && stat(path, &st) == 0 && S_ISREG(st.st_mode)) {
			err = add_path(list, path);
			if (!err)
				continue;
		}
		free(path);
	}
	if (!err && errno)
		err = -errno;
	closedir(dir);
	return err;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

int lab_paths(const char *folder, char ***paths, size_t *count)
{
	struct path_list list = {0};
	int err = walk(&list, folder, 0);

	if (err) {
		lab_paths_free(list.paths, list.count);
		return err;
	}
	if (list.count)
		qsort(list.paths, list.count, sizeof(*list.paths), by_name);
	*paths = list.paths;
	*count = list.count;
	return 0;
}

void lab_paths_free(char **paths, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(paths[i]);
	free(paths);
}

static int add_file(struct run_set *set, const char *path, unsigned int flags, bool skip_bad,
		    run_complain say, void *context)
{
	struct lab_run *grown = set->runs;
	char error[512] = "";
	int err;

	/* Room grows at powers of two. */
	if ((set->count & (set->count - 1)) == 0) {
		grown = realloc(set->runs, (set->count ? 2 * set->count : 1) * sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		set->runs = grown;
	}
	err = run_read(path, flags, &grown[set->count], error, sizeof(error));
	if (!err) {
		set->count++;
		return 0;
	}
	say(error, context);
	if (!skip_bad || err == -ENOMEM)
		return err;
	set->refused++;
	return 0;
}

int run_set_add(struct run_set *set, const char *path, unsigned int flags, bool skip_bad,
		run_complain say, void *context)
{
	struct stat st;
	char **paths, line[320], shown[256];
	size_t count;
	int err;

	if (stat(path, &st) || !S_ISDIR(st.st_mode))
		return add_file(set, path, flags, skip_bad, say, context);
	err = lab_paths(path, &paths, &count);
	cli_printable(path, shown, sizeof(shown));
	if (err) {
		snprintf(line, sizeof(line), "%s: %s", shown, strerror(-err));
		say(line, context);
		return err;
	}
	if (!count) {
		snprintf(line, sizeof(line), "%s: no result file (*.json) in this folder", shown);
		say(line, context);
		err = -ENOENT;
	}
	for (size_t i = 0; i < count && !err; i++)
		err = add_file(set, paths[i], flags, skip_bad, say, context);
	lab_paths_free(paths, count);
	return err;
}

void run_set_free(struct run_set *set)
{
	for (size_t i = 0; i < set->count; i++)
		run_free(&set->runs[i]);
	free(set->runs);
	memset(set, 0, sizeof(*set));
}
