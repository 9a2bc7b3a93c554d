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
	run_set_grow(set);
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
	assert_non_null(
		strstr(text, "Valid runs: 0. Not valid, and left out of every figure above: 1"));
	free(text);
	unlink(path);
	report_free(r);
	run_set_free(&set);
}

/* The page of @set as text; the caller frees it. */
static char *page_of(const struct run_set *set)
{
	struct report_options options = {.title = "t", .margin_pct = 2, .seed = 1};
	char path[] = "/tmp/schedlab-report-XXXXXX", *text;
	struct report *r = report_new(set, &options);
	int fd = mkstemp(path);

	assert_non_null(r);
	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(report_write_html(r, path), 0);
	assert_int_equal(file_read(path, 10000000, &text, NULL), 0);
	unlink(path);
	report_free(r);
	return text;
}

static void set_host(const struct run_set *set, size_t index, double started_s, double wall_s)
{
	json_object_set_new(
		set->runs[index].document, "host",
		json_pack("{s:I, s:f}", "started_unix_s", (json_int_t)started_s, "wall_s", wall_s));
}

/*
 * Three runs on the clock: two beside each other, and a day later one that is not valid. The day is drawn as a tenth of
 * the 200 busy seconds; of the 220 that are drawn the last run has those from 120 on.
 */
static void the_timeline_has_the_clock(void **state)
{
	struct run_set set = {0};
	char *text;

	add_run(&set, "beta", 1, 1e6, true);
	add_run(&set, "beta", 2, 1e6, true);
	add_run(&set, "beta", 3, 1e6, false);
	add_run(&set, "beta", 4, 1e6, true);
	set_host(&set, 0, 1800000000, 60);
	set_host(&set, 1, 1800000030, 70);
	set_host(&set, 2, 1800086400, 100);
	text = page_of(&set);
	assert_non_null(strstr(text, "2027-01-15 08:00:00 to 2027-01-16 08:01:40 UTC"));
	assert_non_null(strstr(text, "style=\"left:0.000%;width:27.273%;top:0.0rem\""));
	assert_non_null(strstr(text, "style=\"left:13.636%;width:31.818%;top:1.3rem\""));
	assert_non_null(strstr(text, "<a class=\"bar bad\" href=\"#incident-3\" "
				     "style=\"left:54.545%;width:45.455%;top:0.0rem\""));
	assert_non_null(strstr(text, "<tr id=\"incident-3\">"));
	assert_non_null(strstr(text, "they do not say when they ran: 1."));
	free(text);
	run_set_free(&set);
}

/* Files are anybody's: no clock of theirs puts anything but a bar inside the page. */
static void a_clock_out_of_all_bounds_is_none(void **state)
{
	static const double clocks[][2] = {
		{-5, 10}, {1e300, 1}, {1800000000, -1}, {1800000000, 1e300}};
	struct run_set set = {0};
	char *text;

	for (size_t i = 0; i < 4; i++) {
		add_run(&set, "beta", i + 1, 1e6, true);
		json_object_set_new(set.runs[i].document, "host",
				    json_pack("{s:f, s:f}", "started_unix_s", clocks[i][0],
					      "wall_s", clocks[i][1]));
	}
	text = page_of(&set);
	assert_non_null(strstr(text, "they do not say when they ran: 4."));
	assert_null(strstr(text, "class=\"bar"));
	free(text);
	run_set_free(&set);
}

/* A run that recorded graphs is in no figure; what lies beside its file is in the page. */
static void graphs_are_shown_and_not_counted(void **state)
{
	static const char svg[] =
		"<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"100%\" height=\"321\"></svg>";
	struct run_set set = two_schedulers();
	struct report_options options = {.title = "t", .margin_pct = 2, .seed = 1};
	char path[] = "/tmp/schedlab-graph-XXXXXX", beside[64], *text;
	struct report *r;
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	close(fd);
	add_run(&set, "beta", 1, 1e6, true);
	set.runs[set.count - 1].graphs = true;
	free(set.runs[set.count - 1].path);
	set.runs[set.count - 1].path = strdup(path);
	assert_int_equal(cell_graph_path(path, "offcpu", beside, sizeof(beside)), 0);
	assert_int_equal(file_replace(beside, svg, sizeof(svg) - 1), 0);
	r = report_new(&set, &options);
	assert_non_null(r);
	assert_int_equal(r->valid, 12);
	assert_int_equal(r->graphs, 1);
	assert_int_equal(r->workloads[0].series[0].run_count, 6);
	report_free(r);
	text = page_of(&set);
	assert_non_null(strstr(text, "For the graphs only: 1."));
	assert_non_null(
		strstr(text, "title=\"Off-CPU flame graph, beta under web\" style=\"height:329px\" "
			     "src=\"data:image/svg+xml;base64,PHN2ZyB4bWxucz0i"));
	assert_null(strstr(text, "Wake graph, beta"));
	free(text);
	unlink(path);
	unlink(beside);
	run_set_free(&set);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(runs_are_sorted_and_compared_with_the_default),
		cmocka_unit_test(the_plots_have_the_files_numbers),
		cmocka_unit_test(text_is_escaped),
		cmocka_unit_test(nothing_valid_gives_a_page),
		cmocka_unit_test(the_timeline_has_the_clock),
		cmocka_unit_test(a_clock_out_of_all_bounds_is_none),
		cmocka_unit_test(graphs_are_shown_and_not_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
