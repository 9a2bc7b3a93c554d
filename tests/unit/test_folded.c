// SPDX-License-Identifier: GPL-2.0
/* Unit tests of observe/stacks and observe/folded: merging, order, out and back in, hostile names and files. */
#include <errno.h>

#include "observe/folded.h"
#include "observe/stacks.h"
#include "tests/unit/unit.h"

static uint32_t frame(struct profile *p, enum frame_kind kind, const char *name, uint64_t address)
{
	struct frame f = {.kind = kind, .name = name, .module = "prog", .address = address};
	int64_t id = profile_frame(p, &f);

	assert_true(id >= 0);
	return (uint32_t)id;
}

/* Two stacks of "server" in two states, one of a hostile name. */
static void sample(struct profile *p)
{
	uint32_t ids[4];

	profile_init(p);
	ids[0] = frame(p, FRAME_PROCESS, "server", 0);
	ids[1] = frame(p, FRAME_USER, "main", 0x1000);
	ids[2] = frame(p, FRAME_INLINED, "lock", 0x1010);
	ids[3] = frame(p, FRAME_KERNEL, "futex_wait", 0x20);
	assert_int_equal(profile_add(p, ids, 4, STATE_SLEEPING, 5000000, 2), 0);
	assert_int_equal(profile_add(p, ids, 4, STATE_SLEEPING, 1000000, 1), 0);
	assert_int_equal(profile_add(p, ids, 2, STATE_PREEMPTED, 2500, 1), 0);
	ids[0] = frame(p, FRAME_PROCESS, "a;b 7\nc\xff\"", 0);
	ids[1] = frame(p, FRAME_UNKNOWN, "[unknown]", 0xdead);
	assert_int_equal(profile_add(p, ids, 2, STATE_DISK, 1000, 1), 0);
	p->duration_ns = 7000000000;
	p->losses.user_not_walked = 3;
	profile_sort(p);
}

static char *write_folded(const struct profile *p, struct folded_options options)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	assert_non_null(out);
	assert_int_equal(folded_write(p, &options, out), 0);
	fclose(out);
	return text;
}

static void same_stacks_merge(void **state)
{
	struct profile p;

	sample(&p);
	assert_int_equal(p.nr_stacks, 3);
	assert_int_equal(p.nr_frames, 6);
	assert_int_equal(p.total_ns, 6003500);
	profile_free(&p);
}

static void unknown_frames_differ_by_address(void **state)
{
	struct profile p;

	profile_init(&p);
	assert_int_not_equal(frame(&p, FRAME_UNKNOWN, "[unknown]", 1),
			     frame(&p, FRAME_UNKNOWN, "[unknown]", 2));
	assert_int_equal(frame(&p, FRAME_USER, "f", 1), frame(&p, FRAME_USER, "f", 2));
	profile_free(&p);
}

static void bad_adds_are_refused(void **state)
{
	struct profile p;
	uint32_t ids[1];

	profile_init(&p);
	ids[0] = 0;
	assert_int_equal(profile_add(&p, ids, 1, STATE_SLEEPING, 1, 1), -EINVAL);
	ids[0] = frame(&p, FRAME_PROCESS, "x", 0);
	assert_int_equal(profile_add(&p, ids, 1, STACK_STATES, 1, 1), -EINVAL);
	assert_int_equal(profile_add(&p, ids, 1, STATE_SLEEPING, UINT64_MAX, 1), 0);
	assert_int_equal(profile_add(&p, ids, 1, STATE_SLEEPING, 1, 1), -EOVERFLOW);
	profile_free(&p);
}

static void text_is_what_the_field_writes(void **state)
{
	struct profile p;
	char *text;

	sample(&p);
	text = write_folded(&p, (struct folded_options){0});
	assert_string_equal(text, "a\\x3bb 7\\x0ac\\xff\";[unknown] 1\n"
				  "server;main 2\n"
				  "server;main;lock;futex_wait 6000\n");
	free(text);
	text = write_folded(
		&p, (struct folded_options){.unit_ns = 1, .states = true, .annotate_kernel = true});
	assert_string_equal(text, "a\\x3bb 7\\x0ac\\xff\";[unknown];[disk] 1000\n"
				  "server;main;[preempted] 2500\n"
				  "server;main;lock_[i];futex_wait_[k];[sleeping] 6000000\n");
	free(text);
	profile_free(&p);
}

static void text_reads_back(void **state)
{
	struct profile p, q;
	char *text, *again, error[128];
	struct folded_options options = {.unit_ns = 1, .states = true, .annotate_kernel = true};

	sample(&p);
	text = write_folded(&p, options);
	assert_int_equal(folded_read(text, strlen(text), 1, &q, error, sizeof(error)), 0);
	assert_int_equal(q.total_ns, p.total_ns);
	profile_sort(&q);
	again = write_folded(&q, options);
	assert_string_equal(text, again);
	free(text);
	free(again);
	profile_free(&p);
	profile_free(&q);
}

static void bad_text_is_refused(void **state)
{
	static const char *const bad[] = {"a;b\n",
					  "x 1\n 5\n",
					  "a;b -1\n",
					  "a;b 1x\n",
					  "a 99999999999999999999\n",
					  "a 18446744073709551615\n"};
	char error[128];
	struct profile p;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(
			folded_read(bad[i], strlen(bad[i]), 1000, &p, error, sizeof(error)),
			-EINVAL);
		assert_non_null(strstr(error, i == 1 ? "line 2: " : "line 1: "));
	}
}

static void json_round_trip(void **state)
{
	struct profile p, q;
	char error[128];
	json_t *a, *b;

	sample(&p);
	a = profile_to_json(&p);
	assert_non_null(a);
	assert_int_equal(profile_from_json(a, &q, error, sizeof(error)), 0);
	b = profile_to_json(&q);
	assert_true(json_equal(a, b));
	assert_int_equal(q.losses.user_not_walked, 3);
	json_decref(a);
	json_decref(b);
	profile_free(&p);
	profile_free(&q);
}

static void hostile_json_is_refused(void **state)
{
	static const char *const bad[] = {
		"{}",
		"{\"frames\":[],\"stacks\":{}}",
		"{\"frames\":[{\"name\":\"x\"}],\"stacks\":[]}",
		"{\"frames\":[{\"name\":\"x\",\"kind\":\"nope\"}],\"stacks\":[]}",
		"{\"frames\":[{\"name\":\"x\",\"kind\":\"user\"},{\"name\":\"x\",\"kind\":\"user\"}"
		"],\"stacks\":[]}",
		"{\"frames\":[],\"stacks\":[{\"state\":\"disk\",\"value_ns\":1,\"count\":1,"
		"\"frames\":[0]}]}",
		"{\"frames\":[],\"stacks\":[{\"state\":\"disk\",\"value_ns\":-1,\"count\":1,"
		"\"frames\":[]}]}",
		"{\"frames\":[],\"stacks\":[{\"state\":7,\"value_ns\":1,\"count\":1,\"frames\":[]}]"
		"}",
		"{\"frames\":[],\"stacks\":[],\"losses\":{\"cut\":-4}}",
	};
	char error[128];
	struct profile p;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		json_t *json = json_loads(bad[i], 0, NULL);

		assert_non_null(json);
		error[0] = '\0';
		assert_int_equal(profile_from_json(json, &p, error, sizeof(error)), -EINVAL);
		assert_int_not_equal(error[0], '\0');
		json_decref(json);
	}
}

/* A wake chain: the frames behind the separator are the waker's, and stay so through the text. */
static void wakers_come_back(void **state)
{
	static const char text[] = "a;read;vfs_read_[k];--;try_to_wake_up_[w];write_[w];b_[w] 5\n";
	struct folded_options options = {.annotate_kernel = true};
	struct profile p;
	char error[64], *back = NULL;
	size_t len;
	FILE *out = open_memstream(&back, &len);

	assert_int_equal(folded_read(text, strlen(text), 1000, &p, error, sizeof(error)), 0);
	assert_int_equal(p.nr_frames, 7);
	assert_int_equal(p.frames[2]->kind, FRAME_KERNEL);
	assert_int_equal(p.frames[3]->kind, FRAME_WAKER);
	assert_string_equal(p.frames[3]->name, WAKER_SEPARATOR);
	assert_int_equal(p.frames[6]->kind, FRAME_WAKER);
	assert_string_equal(p.frames[6]->name, "b");
	assert_int_equal(folded_write(&p, &options, out), 0);
	fclose(out);
	assert_string_equal(back, text);
	free(back);
	profile_free(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(same_stacks_merge),
		cmocka_unit_test(unknown_frames_differ_by_address),
		cmocka_unit_test(bad_adds_are_refused),
		cmocka_unit_test(text_is_what_the_field_writes),
		cmocka_unit_test(text_reads_back),
		cmocka_unit_test(bad_text_is_refused),
		cmocka_unit_test(json_round_trip),
		cmocka_unit_test(wakers_come_back),
		cmocka_unit_test(hostile_json_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
