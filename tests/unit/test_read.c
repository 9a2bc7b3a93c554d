// SPDX-License-Identifier: GPL-2.0
/* The reader of result files: what is refused, by which name and for which reason; and that it is quick enough. */
#include <time.h>
#include <unistd.h>

#include "tests/unit/lab_runs.h"

#include "lib/fileio.h"
#include "lib/timeutil.h"

static char folder[] = "/tmp/schedlab-read-XXXXXX";

static json_t *good_result(void)
{
	struct hist h;
	struct rng rng;
	json_t *document;

	rng_seed(&rng, 1, 0);
	draw_hist(&rng, &h, 5000, 1e6);
	document = made_up_result("fifo", 7, &h);
	hist_free(&h);
	return document;
}

static const char *path_in_folder(const char *name)
{
	static char path[128];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	return path;
}

/* Write @text, read it, return the status; the message is left in @error. */
static int read_text(const char *text, size_t size, unsigned int flags, char *error,
		     size_t error_size)
{
	const char *path = path_in_folder("hostile.json");
	struct lab_run run = {0};
	int err;

	assert_int_equal(file_replace(path, text, size), 0);
	err = run_read(path, flags, &run, error, error_size);
	if (!err)
		run_free(&run);
	else
		assert_non_null(strstr(error, "hostile.json"));
	unlink(path);
	return err;
}

static int read_document(json_t *document, char *error, size_t error_size)
{
	char *text = json_dumps(document, JSON_COMPACT);
	int err = read_text(text, strlen(text), 0, error, error_size);

	free(text);
	json_decref(document);
	return err;
}

static void a_good_file_is_read(void **state)
{
	json_t *document = good_result();
	const struct run_metric *metric;
	struct lab_run run = {0};
	char error[256];

	assert_int_equal(
		run_parse(document, "x.json", RUN_KEEP_DOCUMENT, &run, error, sizeof(error)), 0);
	assert_string_equal(run.scheduler, "fifo");
	assert_string_equal(run.workload, "web");
	assert_string_equal(run.kernel, "6.18.15");
	assert_int_equal(run.seed, 7);
	assert_true(run.valid);
	metric = run_metric_find(&run, "wakeup");
	assert_non_null(metric);
	assert_int_equal(metric->hist.count, 5000);
	assert_null(run_metric_find(&run, "sojourn"));
	assert_ptr_equal(run.document, document);
	run_free(&run);
	json_decref(document);
}

/* A cut anywhere is noticed, and called truncated. */
static void a_truncated_file_is_named(void **state)
{
	json_t *document = good_result();
	char *text = json_dumps(document, JSON_COMPACT), error[256];
	size_t size = strlen(text);

	for (size_t cut = 1; cut < size; cut += 997) {
		assert_int_equal(read_text(text, cut, 0, error, sizeof(error)), -EBADMSG);
		assert_non_null(strstr(error, "truncated"));
	}
	assert_int_equal(read_text(text, 0, 0, error, sizeof(error)), -EBADMSG);
	free(text);
	json_decref(document);
}

static void other_kinds_and_newer_schemas_are_named(void **state)
{
	json_t *document = good_result();
	char error[256];

	json_object_set_new(document, "schema", json_string("schedlab.compare/1"));
	assert_int_equal(read_document(document, error, sizeof(error)), -EPROTO);
	assert_non_null(strstr(error, "schedlab.compare/1"));
	document = good_result();
	json_object_set_new(document, "schema", json_string("schedlab.result/2"));
	assert_int_equal(read_document(document, error, sizeof(error)), -EPROTONOSUPPORT);
	assert_non_null(strstr(error, "newer"));
	assert_int_equal(read_document(json_pack("{s:i}", "answer", 42), error, sizeof(error)),
			 -EPROTO);
	assert_int_equal(read_document(json_pack("[i]", 42), error, sizeof(error)), -EPROTO);
	assert_int_equal(read_text("schedlab", 8, 0, error, sizeof(error)), -EBADMSG);
	assert_int_equal(
		run_read("/nonexistent/x.json", 0, &(struct lab_run){0}, error, sizeof(error)),
		-ENOENT);
	assert_non_null(strstr(error, "/nonexistent/x.json"));
}

static void an_edited_file_is_refused(void **state)
{
	json_t *document = good_result();
	char error[256], *text;

	json_object_set_new(json_object_get(document, "workload"), "seed", json_integer(8));
	assert_int_equal(read_document(document, error, sizeof(error)), -EUCLEAN);
	assert_non_null(strstr(error, "edited"));
	document = good_result();
	json_object_del(document, "checksum");
	text = json_dumps(document, 0);
	assert_int_equal(read_text(text, strlen(text), 0, error, sizeof(error)), -EUCLEAN);
	assert_int_equal(read_text(text, strlen(text), RUN_NO_CHECKSUM, error, sizeof(error)), 0);
	free(text);
	json_decref(document);
}

/* Layout and order of keys are not content. */
static void a_file_indented_anew_is_accepted(void **state)
{
	json_t *document = good_result();
	char error[256], *text;

	json_object_set_new(document, "host",
			    json_pack("{s:f, s:f}", "load", 0.1 + 0.2, "whole", 3.0));
	assert_int_equal(seal_add(document), 0);
	text = json_dumps(document, JSON_INDENT(4) | JSON_SORT_KEYS | JSON_REAL_PRECISION(15));
	assert_int_equal(read_text(text, strlen(text), 0, error, sizeof(error)), 0);
	free(text);
	json_decref(document);
}

static void wrong_fields_are_named(void **state)
{
	json_t *document = good_result();
	char error[256];

	json_object_set_new(json_object_get(json_object_get(document, "metrics"), "wakeup"),
			    "count", json_integer(1));
	seal_add(document);
	assert_int_equal(read_document(document, error, sizeof(error)), -EINVAL);
	assert_non_null(strstr(error, "wakeup"));
	document = good_result();
	json_object_del(document, "validity");
	seal_add(document);
	assert_int_equal(read_document(document, error, sizeof(error)), -EINVAL);
	document = good_result();
	json_object_set_new(document, "classes", json_pack("[{s:s}]", "kind", "jobs"));
	seal_add(document);
	assert_int_equal(read_document(document, error, sizeof(error)), -EINVAL);
	assert_non_null(strstr(error, "class 1"));
}

static void count_line(const char *line, void *context)
{
	++*(int *)context;
}

static void a_folder_is_read_in_order(void **state)
{
	struct run_set set = {0};
	json_t *document = good_result();
	int lines = 0;

	assert_int_equal(file_replace_json(path_in_folder("b.json"), document, 0), 0);
	assert_int_equal(file_replace_json(path_in_folder("a.json"), document, 0), 0);
	assert_int_equal(file_replace(path_in_folder("c.json"), "{", 1), 0);
	assert_int_equal(file_replace(path_in_folder("notes.txt"), "{", 1), 0);
	assert_int_equal(run_set_add(&set, folder, 0, true, count_line, &lines), 0);
	assert_int_equal(set.count, 2);
	assert_int_equal(set.refused, 1);
	assert_int_equal(lines, 1);
	assert_non_null(strstr(set.runs[0].path, "/a.json"));
	run_set_free(&set);
	assert_int_equal(run_set_add(&set, folder, 0, false, count_line, &lines), -EBADMSG);
	run_set_free(&set);
	unlink(path_in_folder("a.json"));
	unlink(path_in_folder("b.json"));
	unlink(path_in_folder("c.json"));
	unlink(path_in_folder("notes.txt"));
	assert_int_equal(run_set_add(&set, folder, 0, true, count_line, &lines), -ENOENT);
	json_decref(document);
}

/* Hostile bytes in a name or text must not reach the terminal. */
static void control_characters_are_shown_escaped(void **state)
{
	json_t *document = good_result();
	char error[256];

	json_object_set_new(document, "schema", json_string("\x1b[2Jevil"));
	assert_int_equal(read_document(document, error, sizeof(error)), -EPROTO);
	assert_null(strchr(error, 0x1b));
}

static int make_folder(void **state)
{
	return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
	return rmdir(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_good_file_is_read),
		cmocka_unit_test(a_truncated_file_is_named),
		cmocka_unit_test(other_kinds_and_newer_schemas_are_named),
		cmocka_unit_test(an_edited_file_is_refused),
		cmocka_unit_test(a_file_indented_anew_is_accepted),
		cmocka_unit_test(wrong_fields_are_named),
		cmocka_unit_test(a_folder_is_read_in_order),
		cmocka_unit_test(control_characters_are_shown_escaped),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
