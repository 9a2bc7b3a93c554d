// SPDX-License-Identifier: GPL-2.0
/* Unit tests of observe/speedscope: the document against the rules of its published schema. */
#include "observe/speedscope.h"
#include "tests/unit/unit.h"

/* The rules of https://www.speedscope.app/file-format-schema.json for what we write, in the order of the schema. */
static const char *fault(const json_t *doc)
{
	json_t *frames = json_object_get(json_object_get(doc, "shared"), "frames");
	json_t *profiles = json_object_get(doc, "profiles"), *f, *p;
	const char *schema = json_string_value(json_object_get(doc, "$schema"));
	size_t i;

	if (!schema || strcmp(schema, "https://www.speedscope.app/file-format-schema.json") != 0)
		return "$schema";
	if (!json_is_array(frames) || !json_is_array(profiles))
		return "frames and profiles are required";
	json_array_foreach (frames, i, f) {
		json_t *line = json_object_get(f, "line"), *file = json_object_get(f, "file");

		if (!json_is_string(json_object_get(f, "name")))
			return "a frame without a name";
		if ((line && !json_is_number(line)) || (file && !json_is_string(file)))
			return "a frame's file or line";
	}
	json_array_foreach (profiles, i, p) {
		json_t *samples = json_object_get(p, "samples"),
		       *weights = json_object_get(p, "weights"), *s, *v;
		json_int_t start, end, sum = 0;
		size_t j, k;

		if (strcmp(json_string_value(json_object_get(p, "type")), "sampled") != 0 ||
		    strcmp(json_string_value(json_object_get(p, "unit")), "nanoseconds") != 0 ||
		    !json_is_string(json_object_get(p, "name")))
			return "a profile's type, unit or name";
		if (!json_is_integer(json_object_get(p, "startValue")) ||
		    !json_is_integer(json_object_get(p, "endValue")))
			return "startValue and endValue are required";
		start = json_integer_value(json_object_get(p, "startValue"));
		end = json_integer_value(json_object_get(p, "endValue"));
		if (json_array_size(samples) != json_array_size(weights) ||
		    !json_array_size(samples))
			return "as many samples as weights";
		json_array_foreach (samples, j, s)
			json_array_foreach (s, k, v)
				if (!json_is_integer(v) || json_integer_value(v) < 0 ||
				    (size_t)json_integer_value(v) >= json_array_size(frames))
					return "a sample's frame index";
		json_array_foreach (weights, j, v) {
			if (!json_is_number(v))
				return "a weight";
			sum += json_integer_value(v);
		}
		if (end - start != sum)
			return "the weights do not fill the profile";
	}
	return NULL;
}

static uint32_t frame(struct profile *p, enum frame_kind kind, const char *name, const char *source)
{
	struct frame f = {.kind = kind, .name = name, .source = source, .module = "prog"};

	return (uint32_t)profile_frame(p, &f);
}

static void build(struct profile *p)
{
	uint32_t ids[2];

	profile_init(p);
	ids[0] = frame(p, FRAME_PROCESS, "x\"\\\xff\n</script>", NULL);
	ids[1] = frame(p, FRAME_USER, "main", "src/main.c:42");
	profile_add(p, ids, 2, STATE_SLEEPING, 30, 1);
	profile_add(p, ids, 1, STATE_SLEEPING, 12, 1);
	profile_add(p, ids, 1, STATE_DISK, 5, 1);
}

static void document_follows_the_schema(void **state)
{
	struct profile p;
	json_t *doc;

	build(&p);
	doc = speedscope_json(&p, "off-CPU \xfe");
	assert_non_null(doc);
	assert_null(fault(doc));
	assert_int_equal(json_array_size(json_object_get(doc, "profiles")), 2);
	json_decref(doc);
	profile_free(&p);
}

static void frames_carry_their_source(void **state)
{
	struct profile p;
	json_t *doc, *frames;

	build(&p);
	doc = speedscope_json(&p, "x");
	frames = json_object_get(json_object_get(doc, "shared"), "frames");
	assert_string_equal(json_string_value(json_object_get(json_array_get(frames, 0), "name")),
			    "x\"\\\\xff\\x0a</script>");
	assert_string_equal(json_string_value(json_object_get(json_array_get(frames, 1), "file")),
			    "src/main.c");
	assert_int_equal(json_integer_value(json_object_get(json_array_get(frames, 1), "line")),
			 42);
	json_decref(doc);
	profile_free(&p);
}

/* The checker itself must find faults. */
static void checker_finds_faults(void **state)
{
	struct profile p;
	json_t *doc, *one;

	build(&p);
	doc = speedscope_json(&p, "x");
	one = json_array_get(json_object_get(doc, "profiles"), 0);
	json_array_append_new(json_object_get(one, "weights"), json_integer(1));
	assert_non_null(fault(doc));
	json_array_append_new(json_object_get(one, "samples"), json_pack("[i]", 99));
	assert_non_null(fault(doc));
	json_decref(doc);
	profile_free(&p);
}

static void an_empty_profile_is_a_document(void **state)
{
	struct profile p;
	json_t *doc;

	profile_init(&p);
	doc = speedscope_json(&p, "empty");
	assert_non_null(doc);
	assert_null(fault(doc));
	json_decref(doc);
	profile_free(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(document_follows_the_schema),
		cmocka_unit_test(frames_carry_their_source),
		cmocka_unit_test(checker_finds_faults),
		cmocka_unit_test(an_empty_profile_is_a_document),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
