// SPDX-License-Identifier: GPL-2.0
/* The report's contents: which runs go where, the numbers behind the plots, escaping. The page is tested from outside. */
#include <unistd.h>

#include "tests/unit/lab_runs.h"

#include "lab/markup.h"
#include "lab/report.h"
#include "lib/fileio.h"

static void add_run(struct run_set *set, const char *name, uint64_t seed, double mean_ns,
		    bool valid)
{
	struct rng rng;
	struct hist h;
	json_t *document;
	char error[256];

	rng_seed(&rng, seed, 3 + (uint64_t)name[0]);
	draw_hist(&rng, &h, 3000, mean_ns);
	document = made_up_result(name, seed, &h);
	hist_free(&h);
	json_object_set_new(json_object_get(document, "validity"), "valid", json_boolean(valid));
	set->runs = realloc(set->runs, (set->count + 1) * sizeof(*set->runs));
	assert_non_null(set->runs);
	assert_int_equal(run_parse(document, name, RUN_KEEP_DOCUMENT | RUN_NO_CHECKSUM,
				   &set->runs[set->count], error, sizeof(error)),
			 0);
	set->count++;
	json_decref(document);
}

static struct run_set two_schedulers(void)
{
	struct run_set set = {0};

	for (uint64_t seed = 1; seed <= 6; seed++) {
		add_run(&set, "beta", seed, 2e6, true);
		add_run(&set, "default", seed, 1e6, true);
	}
	add_run(&set, "beta", 7, 9e9, false);
	return set;
}

static void runs_are_sorted_and_compared_with_the_default(void **state)
{
	struct run_set set = two_schedulers();
	struct report_options options = {.title = "t", .margin_pct = 2, .seed = 1};
	struct report *r = report_new(&set, &options);
	const struct report_workload *w;

	assert_non_null(r);
	assert_int_equal(r->workload_count, 1);
	assert_int_equal(r->valid, 12);
	assert_int_equal(r->invalid, 1);
	w = &r->workloads[0];
	assert_int_equal(w->series_count, 2);
	assert_string_equal(w->series[w->base].label, "default");
	assert_int_equal(w->series[0].run_count, 6);
	assert_int_equal(w->series[0].invalid_count, 1);
	assert_int_equal(w->series[0].comparison_count, 1);
	assert_string_equal(w->series[0].why_not, "");
	assert_int_equal(w->series[0].against_base[0].rows[0].verdict, VERDICT_WORSE);
	assert_null(w->series[w->base].against_base);
	report_free(r);
	run_set_free(&set);
}

/* The curve's median is the merged histogram's; the shares add up to one; the run that is not valid is in neither. */
static void the_plots_have_the_files_numbers(void **state)
{
	struct run_set set = two_schedulers();
	struct report_options options = {.title = "t", .margin_pct = 2, .seed = 1};
	struct report *r = report_new(&set, &options);
	json_t *data = report_data(r), *series, *point;
	struct hist h;
	double sum = 0;
	bool found = false;
	size_t i;

	assert_int_equal(report_merge(&r->workloads[0].series[0], "wakeup", &h), 0);
	assert_int_equal(h.count, 18000);
	assert_true(h.max < 1000000000);
	series = json_array_get(
		json_object_get(
			json_array_get(
				json_object_get(
					json_array_get(json_object_get(data, "workloads"), 0),
					"metrics"),
				0),
			"series"),
		0);
	assert_string_equal(json_string_value(json_object_get(series, "label")), "beta");
	json_array_foreach (json_object_get(series, "curve"), i, point) {
		if (json_real_value(json_array_get(point, 0)) != 0.5)
			continue;
		found = true;
		assert_int_equal(json_integer_value(json_array_get(point, 1)),
				 hist_quantile(&h, 0.5));
	}
	assert_true(found);
	json_array_foreach (json_object_get(series, "hist"), i, point)
		sum += json_real_value(json_array_get(point, 1));
	assert_near(sum, 1, 1e-9);
	hist_free(&h);
	assert_int_equal(report_merge(&r->workloads[0].series[0], "none", &h), -ENOENT);
	json_decref(data);
	report_free(r);
	run_set_free(&set);
}

static void check_markup(const char *text, const char *wanted)
{
	char *out;
	size_t size;
	FILE *f = open_memstream(&out, &size);

	assert_non_null(f);
	markup_put(f, text);
	fclose(f);
	assert_string_equal(out, wanted);
	free(out);
}

static void text_is_escaped(void **state)
{
	char *out;
	size_t size;
	FILE *f = open_memstream(&out, &size);

	check_markup("a<b>&\"'c", "a&lt;b&gt;&amp;&quot;&#39;c");
	check_markup("\x1b[31m\xff", "\\x1b[31m\\xff");
	check_markup("", "");
	assert_non_null(f);
	assert_int_equal(markup_put_json(f, "\"</script><!--\""), 0);
	fclose(f);
	assert_string_equal(out, "\"\\u003c/script>\\u003c!--\"");
	free(out);
}

/* A folder in which every run is marked gives a page, not a crash. */
static void nothing_valid_gives_a_page(void **state)
{
	struct run_set set = {0};
	struct report_options options = {.title = "t", .margin_pct = 2, .seed = 1};
	char path[] = "/tmp/schedlab-report-XXXXXX", *text;
	int fd = mkstemp(path);
	struct report *r;

	assert_true(fd >= 0);
	close(fd);
	add_run(&set, "beta", 1, 1e6, false);
	r = report_new(&set, &options);
	assert_non_null(r);
	assert_int_equal(report_write_html(r, path), 0);
	assert_int_equal(file_read(path, 10000000, &text, NULL), 0);
	assert_non_null(strstr(text, "0 runs are valid, 1 are not"));
	free(text);
	unlink(path);
	report_free(r);
	run_set_free(&set);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(runs_are_sorted_and_compared_with_the_default),
		cmocka_unit_test(the_plots_have_the_files_numbers),
		cmocka_unit_test(text_is_escaped),
		cmocka_unit_test(nothing_valid_gives_a_page),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
