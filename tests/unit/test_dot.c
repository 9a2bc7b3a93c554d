// SPDX-License-Identifier: GPL-2.0
/* Unit tests of observe/dot and observe/wakesvg: merging, trimming, and text that hostile names cannot break. */
#include "observe/wakesvg.h"
#include "tests/unit/unit.h"
#include "tests/unit/xml.h"

static int add(struct wake_graph *g, uint32_t from, uint32_t to, uint64_t count,
	       uint64_t latency_ns, uint64_t max_latency_ns, uint64_t other_cache)
{
	struct wake_edge edge = {.from = from,
				 .to = to,
				 .count = count,
				 .latency_ns = latency_ns,
				 .max_latency_ns = max_latency_ns,
				 .same_cpu = count - other_cache,
				 .other_cache = other_cache};

	edge.slots[10] = count;
	return wake_graph_add(g, &edge);
}

static void build(struct wake_graph *g)
{
	uint32_t irq, a, b;

	wake_graph_init(g, NULL);
	irq = (uint32_t)wake_graph_node(g, "irq", true);
	a = (uint32_t)wake_graph_node(g, "a\"]; evil [label=\"x\n\xff<&>", false);
	b = (uint32_t)wake_graph_node(g, "irq",
				      false); /* a task of that name is not the interrupt */
	assert_int_equal(wake_graph_node(g, "irq", true), irq);
	assert_int_equal(add(g, irq, a, 90, 90 * 1000, 4000, 0), 0);
	assert_int_equal(add(g, irq, a, 10, 10 * 1000, 9000, 5), 0);
	assert_int_equal(add(g, a, b, 50, 50 * 20000000ULL, 30000000, 50), 0);
	assert_int_equal(add(g, b, a, 1, 1000, 1000, 0), 0);
}

static char *text_of(const struct wake_graph *g, bool svg)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	assert_int_equal(svg ? wake_graph_svg(g, out, 0, 0) : dot_write(g, out), 0);
	fclose(out);
	return text;
}

static void edges_merge(void **state)
{
	struct wake_graph g;

	build(&g);
	assert_int_equal(g.nr_nodes, 3);
	assert_int_equal(g.nr_edges, 3);
	assert_int_equal(g.edges[0].count, 100);
	assert_int_equal(g.edges[0].max_latency_ns, 9000);
	assert_int_equal(g.nodes[1].in, 101);
	assert_int_equal(add(&g, 0, 3, 1, 1, 1, 0), -EINVAL);
	assert_int_equal(add(&g, 0, 1, UINT64_MAX, 1, 1, 0), -EOVERFLOW);
	wake_graph_free(&g);
}

static void dot_is_well_formed(void **state)
{
	struct wake_graph g;
	char *text;

	build(&g);
	text = text_of(&g, false);
	assert_string_equal(
		text,
		"digraph wakeups {\n"
		"\trankdir=LR;\n"
		"\tnode [shape=box, fontname=\"monospace\"];\n"
		"\tedge [fontname=\"monospace\"];\n"
		"\tn0 [label=\"irq\", style=dashed];\n"
		"\tn1 [label=\"a\\\"]; evil [label=\\\"x\\\\x0a\\\\xff<&>\"];\n"
		"\tn2 [label=\"irq\"];\n"
		"\tn0 -> n1 [label=\"100 x 1.00 us\", penwidth=8.00, color=\"0.333 0.9 0.7\"];\n"
		"\tn1 -> n2 [label=\"50 x 20.0 ms\", penwidth=5.95, color=\"0.000 0.9 0.7\"];\n"
		"\tn2 -> n1 [label=\"1 x 1.00 us\", penwidth=1.70, color=\"0.333 0.9 0.7\"];\n"
		"}\n");
	free(text);
	wake_graph_free(&g);
}

static void trimming_counts_what_it_drops(void **state)
{
	struct wake_graph g;
	char *text;

	build(&g);
	wake_graph_trim(&g, 1);
	assert_int_equal(g.nr_edges, 1);
	assert_int_equal(g.left_out, 51);
	text = text_of(&g, false);
	assert_non_null(strstr(text, "51 wakeups on edges that are not shown"));
	assert_null(strstr(text, "n2")); /* nobody is left who wakes it */
	free(text);
	wake_graph_free(&g);
}

static void many_nodes(void **state)
{
	struct wake_graph g;
	char name[16], *text;

	wake_graph_init(&g, "t");
	for (int i = 0; i < 300; i++) {
		snprintf(name, sizeof(name), "task%d", i);
		assert_int_equal(wake_graph_node(&g, name, false), i);
	}
	for (uint32_t i = 0; i < 300; i++)
		assert_int_equal(add(&g, i, (i * 7 + 1) % 300, i + 1, 1000, 1000, 0), 0);
	text = text_of(&g, true);
	assert_non_null(strstr(text, ">task299</text>"));
	free(text);
	wake_graph_free(&g);
}

static void the_99th_percentile_is_a_bound(void **state)
{
	struct wake_edge e = {.count = 1000, .max_latency_ns = 5000000};

	e.slots[10] = 989;
	e.slots[22] = 11; /* one too many to lie beyond */
	assert_int_equal(wake_edge_p99_ns(&e), 5000000);
	e.slots[10] = 990;
	e.slots[22] = 10;
	assert_int_equal(wake_edge_p99_ns(&e), 2048);
	e.max_latency_ns = 1500; /* the slots' ends are coarser than the longest */
	assert_int_equal(wake_edge_p99_ns(&e), 1500);
	e.count = 999; /* fewer than ten beyond it: refused */
	assert_int_equal(wake_edge_p99_ns(&e), 0);
}

static void svg_is_well_formed_with_hostile_names(void **state)
{
	struct wake_graph g;
	char *text;

	build(&g);
	text = text_of(&g, true);
	assert_null(xml_fault(text));
	assert_null(strstr(text, "<&>"));
	assert_non_null(strstr(text, "\\xff&lt;&amp;&gt;</text>"));
	assert_non_null(strstr(text, "stroke-dasharray")); /* the interrupt's frame */
	assert_true(wake_graph_height_px(&g) > 0);
	free(text);
	wake_graph_free(&g);
}

static void svg_tells_how_often_how_late_and_where(void **state)
{
	struct wake_graph g;
	char *text;

	build(&g);
	assert_int_equal(add(&g, 0, 2, 5000, 5000ULL * 1500, 2000, 1000), 0);
	g.left_out = 7;
	g.lost = 3;
	text = text_of(&g, true);
	assert_null(xml_fault(text));
	assert_non_null(
		strstr(text, "<title>irq wakes irq\n5000 times\nlatency mean 1.50 us, p99 at most "
			     "2.00 us, max 2.00 us\n80.0 % onto the waker's CPU, 0.0 % onto its "
			     "cache's, 20.0 % elsewhere</title>"));
	/* Few wakeups: no percentile. 20 ms is red. */
	assert_non_null(strstr(text, "50 times\nlatency mean 20.0 ms, max 30.0 ms"));
	assert_non_null(strstr(text, "data-count=\"50\" style=\"--hue:0\""));
	assert_non_null(strstr(text, "; 7 wakeups on edges not shown"));
	assert_non_null(strstr(text, ">3 wakeups found no room in the table<"));
	free(text);
	wake_graph_free(&g);
}

static void the_document_stands_alone(void **state)
{
	struct wake_graph g;
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	build(&g);
	assert_int_equal(wake_graph_document(&g, out), 0);
	fclose(out);
	assert_null(xml_fault(text));
	assert_int_equal(strncmp(text, "<?xml", 5), 0);
	assert_non_null(strstr(text, ".node rect"));
	assert_non_null(strstr(text, "<g id=\"graph\""));
	assert_non_null(strstr(text, "function searchPattern"));
	assert_string_equal(text + len - strlen("</script>\n</svg>\n"), "</script>\n</svg>\n");
	free(text);
	wake_graph_free(&g);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(edges_merge),
		cmocka_unit_test(dot_is_well_formed),
		cmocka_unit_test(trimming_counts_what_it_drops),
		cmocka_unit_test(many_nodes),
		cmocka_unit_test(the_99th_percentile_is_a_bound),
		cmocka_unit_test(svg_is_well_formed_with_hostile_names),
		cmocka_unit_test(svg_tells_how_often_how_late_and_where),
		cmocka_unit_test(the_document_stands_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
