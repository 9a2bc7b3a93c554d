// SPDX-License-Identifier: GPL-2.0
/* Unit tests of observe/flame: the SVG is well-formed XML, widths add up, hostile names stay text. */
#include "observe/dot.h"
#include "observe/flame.h"
#include "tests/unit/unit.h"
#include "tests/unit/xml.h"

static uint32_t frame(struct profile *p, enum frame_kind kind, const char *name)
{
	struct frame f = {.kind = kind, .name = name, .module = "m"};

	return (uint32_t)profile_frame(p, &f);
}

static void add(struct profile *p, const char *process, const char *outer, const char *inner,
		enum stack_state s, uint64_t ns)
{
	uint32_t ids[3] = {frame(p, FRAME_PROCESS, process), frame(p, FRAME_USER, outer),
			   frame(p, FRAME_KERNEL, inner)};

	assert_int_equal(profile_add(p, ids, 3, s, ns, 1), 0);
}

static char *svg_text; /* of the last svg(); the caller frees it */
static size_t svg_len;

static char *svg(struct profile *p, struct flame_options options, struct flame_report *report)
{
	FILE *out = open_memstream(&svg_text, &svg_len);

	profile_sort(p);
	assert_int_equal(flame_write(p, &options, out, report), 0);
	fclose(out);
	return svg_text;
}

static void checker_finds_faults(void **state)
{
	assert_null(xml_fault("<a b=\"c\"><d/>x &amp; y</a>"));
	assert_non_null(xml_fault("<a><b></a></b>"));
	assert_non_null(xml_fault("<a b=c></a>"));
	assert_non_null(xml_fault("<a>&nbsp;</a>"));
	assert_non_null(xml_fault("<a>\033</a>"));
	assert_non_null(xml_fault("<a></a><b></b>"));
}

static const char hostile[] = "</title><script>alert(1)</script>\"'&]]>\033\xff;";

static void hostile_names_stay_text(void **state)
{
	struct flame_options options = {.title = hostile, .subtitle = hostile};
	struct profile p;
	char *text;

	profile_init(&p);
	add(&p, hostile, hostile, hostile, STATE_SLEEPING, 1000000);
	text = svg(&p, options, NULL);
	assert_null(xml_fault(text));
	assert_null(strstr(text, "<script>alert"));
	assert_non_null(strstr(text, "&lt;script&gt;alert(1)"));
	free(text);
	profile_free(&p);
}

static double width_of(const char *text, const char *name)
{
	char key[128];
	const char *at, *width;

	snprintf(key, sizeof(key), "data-n=\"%s\"", name);
	at = strstr(text, key);
	assert_non_null(at);
	for (width = at; strncmp(width, "<svg", 4) != 0; width--)
		;
	return atof(strstr(width, "width=\"") + 7);
}

static void widths_are_shares(void **state)
{
	struct flame_report report;
	struct profile p;
	char *text;

	profile_init(&p);
	add(&p, "a", "main", "futex", STATE_SLEEPING, 600);
	add(&p, "a", "main", "fsync", STATE_DISK, 150);
	add(&p, "b", "work", "schedule", STATE_PREEMPTED, 250);
	text = svg(&p, (struct flame_options){.title = "t"}, &report);
	assert_null(xml_fault(text));
	assert_near(width_of(text, "all"), 100, 1e-9);
	assert_near(width_of(text, "a"), 75, 1e-9);
	assert_near(width_of(text, "futex"), 60, 1e-9);
	assert_near(width_of(text, "fsync"), 15, 1e-9);
	assert_near(width_of(text, "b"), 25, 1e-9);
	assert_int_equal(report.drawn, 8);
	assert_int_equal(report.left_out, 0);
	/* The frame of two states is painted in their proportion. */
	assert_non_null(strstr(text, "class=\"sleeping\" width=\"80.000%\""));
	assert_non_null(strstr(text, "class=\"disk\" x=\"80.000%\" width=\"20.000%\""));
	free(text);
	profile_free(&p);
}

static void narrow_frames_are_counted(void **state)
{
	struct flame_report report;
	struct profile p;
	char *text;

	profile_init(&p);
	add(&p, "a", "main", "futex", STATE_SLEEPING, 1000000000);
	add(&p, "tiny", "x", "y", STATE_SLEEPING, 1000);
	text = svg(&p, (struct flame_options){.title = "t"}, &report);
	assert_int_equal(report.left_out, 1); /* with what stands on it */
	assert_non_null(strstr(text, "1 frames too narrow to draw"));
	free(text);
	profile_free(&p);
}

/* The picture's height with a stack of @depth frames that is too narrow to be drawn. */
static int height_beside_tower(uint32_t depth)
{
	uint32_t ids[40];
	struct profile p;
	int height;
	char *text;

	profile_init(&p);
	add(&p, "a", "main", "futex", STATE_SLEEPING, 1000000000);
	for (uint32_t i = 0; i < depth; i++)
		ids[i] = frame(&p, FRAME_USER, i ? "deeper" : "tower");
	assert_int_equal(profile_add(&p, ids, depth, STATE_SLEEPING, 1, 1), 0);
	text = svg(&p, (struct flame_options){.title = "t"}, NULL);
	assert_null(strstr(text, "data-n=\"tower\""));
	height = atoi(strstr(text, " height=\"") + 9);
	free(text);
	profile_free(&p);
	return height;
}

/* What is not drawn takes no room. */
static void narrow_towers_leave_no_room(void **state)
{
	assert_true(height_beside_tower(1) > 0);
	assert_int_equal(height_beside_tower(40), height_beside_tower(1));
}

static void losses_are_shown(void **state)
{
	struct profile p;
	char *text;

	profile_init(&p);
	add(&p, "a", "main", "futex", STATE_SLEEPING, 1000000000);
	p.losses = (struct stack_losses){
		.user_not_walked = 7, .user_not_walked_ns = 5000000, .dropped = 2};
	text = svg(&p, (struct flame_options){.title = "t"}, NULL);
	assert_non_null(strstr(text, "7 user stacks could not be walked, 5.00 ms"));
	assert_non_null(strstr(text, "2 intervals found no room for their stack"));
	free(text);
	profile_free(&p);
}

static void difference_in_both_directions(void **state)
{
	struct profile before, after;
	struct flame_options options = {
		.title = "t", .before = &before, .before_name = "A<", .after_name = "B"};
	char *text, *second;

	profile_init(&before);
	profile_init(&after);
	add(&before, "p", "main", "gone", STATE_SLEEPING, 800);
	add(&before, "p", "main", "kept", STATE_SLEEPING, 200);
	add(&after, "p", "main", "kept", STATE_SLEEPING, 300);
	add(&after, "p", "main", "new", STATE_SLEEPING, 100);
	before.duration_ns = 2000; /* twice as long: its times count half */
	after.duration_ns = 1000;
	profile_sort(&before);
	text = svg(&after, options, NULL);
	assert_null(xml_fault(text));
	second = strstr(text, "widths of A&lt; (before)\">");
	assert_non_null(second);
	assert_non_null(strstr(second, "data-n=\"gone\""));
	assert_null(strstr(second, "data-n=\"new\""));
	assert_near(width_of(second, "gone"), 80, 1e-9);
	assert_near(width_of(text, "kept"), 75, 1e-9);
	assert_non_null(strstr(text, "100 ns before, 300 ns after: +200 ns (+200.0 %)"));
	assert_non_null(strstr(text, "0 ns before, 100 ns after: +100 ns (new)"));
	assert_non_null(strstr(second, "400 ns before, 0 ns after: -400 ns (-100.0 %)"));
	free(text);
	profile_free(&before);
	profile_free(&after);
}

static void empty_and_with_a_wake_graph(void **state)
{
	struct flame_options options = {.title = "t"};
	struct wake_graph g;
	struct profile p;
	char *text;

	profile_init(&p);
	text = svg(&p, options, NULL);
	assert_null(xml_fault(text));
	free(text);
	wake_graph_init(&g, "wakes");
	assert_int_equal(wake_graph_node(&g, hostile, true), 0);
	assert_int_equal(wake_graph_node(&g, "b", false), 1);
	assert_int_equal(wake_graph_add(&g, &(struct wake_edge){.to = 1, .count = 5}), 0);
	options.graph = &g;
	add(&p, "a", "main", "futex", STATE_SLEEPING, 10);
	text = svg(&p, options, NULL);
	assert_null(xml_fault(text));
	assert_non_null(strstr(text, "id=\"graph\""));
	free(text);
	wake_graph_free(&g);
	profile_free(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(checker_finds_faults),
		cmocka_unit_test(hostile_names_stay_text),
		cmocka_unit_test(widths_are_shares),
		cmocka_unit_test(narrow_frames_are_counted),
		cmocka_unit_test(narrow_towers_leave_no_room),
		cmocka_unit_test(losses_are_shown),
		cmocka_unit_test(difference_in_both_directions),
		cmocka_unit_test(empty_and_with_a_wake_graph),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
