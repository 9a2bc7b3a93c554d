// SPDX-License-Identifier: GPL-2.0
/*
 * Unit tests of observe/perfetto: the file read back by a parser of our own, made from the published messages (field
 * name and number side by side below), which shares no code and no table with the writer.
 */
#include <stdbool.h>

#include "lib/rng.h"
#include "observe/perfetto.h"
#include "tests/unit/unit.h"

/* The wire: one field after another. */
struct field {
	uint32_t number, wire;
	uint64_t value;		    /* of a varint */
	const unsigned char *bytes; /* of a string or message */
	size_t len;
};

struct cursor {
	const unsigned char *at, *end;
	bool bad;
};

static uint64_t varint(struct cursor *c)
{
	uint64_t value = 0;

	for (int shift = 0; shift < 70; shift += 7) {
		if (c->at == c->end)
			break;
		value |= (uint64_t)(*c->at & 0x7f) << shift;
		if (!(*c->at++ & 0x80))
			return value;
	}
	c->bad = true;
	return 0;
}

static bool next(struct cursor *c, struct field *f)
{
	uint64_t tag;

	if (c->bad || c->at == c->end)
		return false;
	tag = varint(c);
	*f = (struct field){.number = (uint32_t)(tag >> 3), .wire = tag & 7};
	if (f->wire == 0) {
		f->value = varint(c);
	} else if (f->wire == 2) {
		f->len = varint(c);
		if (f->len > (size_t)(c->end - c->at))
			c->bad = true;
		f->bytes = c->at;
		if (!c->bad)
			c->at += f->len;
	} else {
		c->bad = true;
	}
	return !c->bad;
}

/* Walk @path of field numbers (ended by 0) into the message; the last one's @nth occurrence. False: not there. */
static bool get(const unsigned char *bytes, size_t len, const uint32_t *path, struct field *out)
{
	struct cursor c = {bytes, bytes + len, false};

	while (next(&c, out))
		if (out->number == path[0]) {
			if (!path[1])
				return true;
			if (out->wire == 2 && get(out->bytes, out->len, path + 1, out))
				return true;
		}
	assert_false(c.bad);
	return false;
}
#define PATH(...)   ((const uint32_t[]){__VA_ARGS__, 0})
#define GET(f, ...) get((f).bytes, (f).len, PATH(__VA_ARGS__), &found)
#define NUM(f, ...) (assert_true(GET(f, __VA_ARGS__)), assert_int_equal(found.wire, 0), found.value)
#define TEXT_IS(f, want, ...)                                      \
	do {                                                       \
		assert_true(GET(f, __VA_ARGS__));                  \
		assert_int_equal(found.wire, 2);                   \
		assert_int_equal(found.len, strlen(want));         \
		assert_memory_equal(found.bytes, want, found.len); \
	} while (0)

/* message TracePacket */
enum {
	ftrace_events = 1,
	process_tree = 2,
	clock_snapshot = 6,
	timestamp = 8,
	trusted_packet_sequence_id = 10,
	track_event = 11,
	sequence_flags = 13,
	system_info = 45,
	track_descriptor = 60
};
/* message FtraceEventBundle; message FtraceEvent */
enum {
	bundle_cpu = 1,
	bundle_event = 2,
	bundle_lost_events = 3
};
enum {
	event_timestamp = 1,
	event_pid = 2,
	sched_switch = 4,
	sched_waking = 20,
	sched_migrate_task = 491
};
/* message SchedSwitchFtraceEvent */
enum {
	prev_comm = 1,
	prev_pid,
	prev_prio,
	prev_state,
	next_comm,
	next_pid,
	next_prio
};
/* message SchedWakingFtraceEvent; message SchedMigrateTaskFtraceEvent */
enum {
	wake_comm = 1,
	wake_pid,
	wake_prio,
	wake_success,
	wake_target_cpu
};
enum {
	migrate_comm = 1,
	migrate_pid,
	migrate_prio,
	migrate_orig_cpu,
	migrate_dest_cpu
};

#define PACKETS_MAX 4096

struct trace {
	char *bytes;
	size_t len;
	struct field packets[PACKETS_MAX];
	size_t nr;
};

static const struct perfetto_head head = {
	.monotonic_ns = 1000000,
	.boottime_ns = 5000000,
	.realtime_ns = 1800000000000000000ULL,
	.sysname = "Linux",
	.release = "6.18.15",
	.version = "#1",
	.machine = "x86_64",
};

static struct perfetto *begin(struct trace *t, FILE **out)
{
	memset(t, 0, sizeof(*t));
	*out = open_memstream(&t->bytes, &t->len);
	return perfetto_open(*out, &head);
}

/* End the trace and take it apart into packets: it must be packets (field 1) from the first to the last byte. */
static void end(struct trace *t, struct perfetto *p, FILE *out)
{
	struct cursor c;
	struct field f;

	assert_int_equal(perfetto_close(p), 0);
	fclose(out);
	c = (struct cursor){(unsigned char *)t->bytes, (unsigned char *)t->bytes + t->len, false};
	while (next(&c, &f)) {
		assert_int_equal(f.number, 1);
		assert_int_equal(f.wire, 2);
		assert_true(t->nr < PACKETS_MAX);
		t->packets[t->nr++] = f;
	}
	assert_false(c.bad);
}

static void begins_with_clocks_and_system(void **state)
{
	struct field found, clock;
	struct perfetto *p;
	struct cursor c;
	struct trace t;
	uint64_t clocks[7] = {0};
	FILE *out;

	p = begin(&t, &out);
	end(&t, p, out);
	assert_int_equal(t.nr, 2);
	assert_int_equal(NUM(t.packets[0], trusted_packet_sequence_id), 1);
	assert_int_equal(NUM(t.packets[0], sequence_flags), 1); /* SEQ_INCREMENTAL_STATE_CLEARED */
	assert_true(GET(t.packets[0], clock_snapshot));
	c = (struct cursor){found.bytes, found.bytes + found.len, false};
	while (next(&c, &clock)) {
		uint64_t id;

		assert_int_equal(clock.number, 1); /* ClockSnapshot.clocks */
		id = NUM(clock, 1);
		assert_true(id < 7);
		clocks[id] = NUM(clock, 2);
	}
	assert_int_equal(clocks[6], head.boottime_ns);	/* BUILTIN_CLOCK_BOOTTIME */
	assert_int_equal(clocks[3], head.monotonic_ns); /* BUILTIN_CLOCK_MONOTONIC */
	assert_int_equal(clocks[1], head.realtime_ns);	/* BUILTIN_CLOCK_REALTIME */
	TEXT_IS(t.packets[1], "6.18.15", system_info, 1, 3);
	free(t.bytes);
}

static void switches_and_wakings(void **state)
{
	struct perfetto_task idle = {0, 120, "swapper/1"}, a = {17, 120, "a\xff\n"},
			     b = {18, -1, "b"};
	struct field found, bundle, event;
	struct perfetto *p;
	struct cursor c;
	struct trace t;
	int nr = 0;
	FILE *out;

	p = begin(&t, &out);
	perfetto_waking(p, 1, 1000010, 0, PERFETTO_HARDIRQ, &a, 1);
	perfetto_switch(p, 1, 1000020, &idle, 0, &a);
	perfetto_switch(p, 1, 1000030, &a, PERFETTO_PREEMPTED, &b);
	perfetto_migrate(p, 1, 1000035, 18, &a, 1, 0);
	perfetto_switch(p, 0, 1000040, &idle, 0, &a);
	end(&t, p, out);
	assert_int_equal(t.nr, 4); /* two bundles */
	assert_int_equal(NUM(t.packets[2], ftrace_events, bundle_cpu), 0);
	assert_true(GET(t.packets[3], ftrace_events));
	bundle = found;
	assert_int_equal(NUM(bundle, bundle_cpu), 1);
	assert_false(GET(bundle, bundle_lost_events));
	c = (struct cursor){bundle.bytes, bundle.bytes + bundle.len, false};
	while (next(&c, &event)) {
		if (event.number != bundle_event)
			continue;
		switch (nr++) {
		default:
			fail();
			break;
		case 0:
			/* Times are on CLOCK_BOOTTIME: 4 ms ahead of the monotonic clock here. */
			assert_int_equal(NUM(event, event_timestamp), 5000010);
			assert_int_equal(NUM(event, event_pid), 0);
			TEXT_IS(event, "a\\xff\\x0a", sched_waking, wake_comm);
			assert_int_equal(NUM(event, 5), 8); /* common_flags: TRACE_FLAG_HARDIRQ */
			assert_int_equal(NUM(event, sched_waking, wake_pid), 17);
			assert_int_equal(NUM(event, sched_waking, wake_target_cpu), 1);
			assert_int_equal(NUM(event, sched_waking, wake_success), 1);
			break;
		case 1:
			assert_int_equal(NUM(event, event_pid), 0);
			TEXT_IS(event, "swapper/1", sched_switch, prev_comm);
			assert_int_equal(NUM(event, sched_switch, prev_state), 0);
			assert_int_equal(NUM(event, sched_switch, next_pid), 17);
			break;
		case 2:
			assert_int_equal(NUM(event, event_timestamp), 5000030);
			assert_int_equal(NUM(event, event_pid), 17);
			assert_int_equal(NUM(event, sched_switch, prev_pid), 17);
			assert_int_equal(NUM(event, sched_switch, prev_prio), 120);
			assert_int_equal(NUM(event, sched_switch, prev_state), 256);
			TEXT_IS(event, "b", sched_switch, next_comm);
			assert_int_equal((int64_t)NUM(event, sched_switch, next_prio),
					 -1); /* deadline tasks */
			break;
		case 3:
			assert_int_equal(NUM(event, sched_migrate_task, migrate_pid), 17);
			assert_int_equal(NUM(event, sched_migrate_task, migrate_orig_cpu), 1);
			assert_int_equal(NUM(event, sched_migrate_task, migrate_dest_cpu), 0);
			break;
		}
	}
	assert_int_equal(nr, 4);
	free(t.bytes);
}

static void threads_have_their_process(void **state)
{
	struct field found;
	struct perfetto *p;
	struct trace t;
	FILE *out;

	p = begin(&t, &out);
	perfetto_thread(p, 1000001, 40, 40, "main");
	perfetto_thread(p, 1000002, 41, 40, "worker");
	end(&t, p, out);
	assert_int_equal(NUM(t.packets[2], process_tree, 1, 1), 40); /* processes.pid */
	TEXT_IS(t.packets[2], "main", process_tree, 1, 3);	     /* processes.cmdline */
	assert_false(GET(t.packets[3], process_tree, 1));
	assert_int_equal(NUM(t.packets[3], process_tree, 2, 1), 41); /* threads.tid */
	assert_int_equal(NUM(t.packets[3], process_tree, 2, 3), 40); /* threads.tgid */
	TEXT_IS(t.packets[3], "worker", process_tree, 2, 2);	     /* threads.name */
	assert_int_equal(NUM(t.packets[3], timestamp), 5000002);
	free(t.bytes);
}

static void epochs_and_jobs_are_slices(void **state)
{
	uint64_t scheduler, lane;
	struct field found;
	struct perfetto *p;
	struct trace t;
	FILE *out;

	p = begin(&t, &out);
	perfetto_slice(p, PERFETTO_TRACK_EPOCHS, 0, 1000000, 2000000, "default");
	perfetto_slice(p, PERFETTO_TRACK_JOBS, 3, 1000500, 1000400, "job 7");
	perfetto_mark(p, PERFETTO_TRACK_JOBS, 3, 1000600, "late", "ns", 99);
	end(&t, p, out);
	assert_int_equal(t.nr, 2 + 4 + 5);
	scheduler = NUM(t.packets[2], track_descriptor, 1); /* uuid */
	TEXT_IS(t.packets[2], "scheduler", track_descriptor, 2);
	lane = NUM(t.packets[3], track_descriptor, 1);
	assert_int_equal(NUM(t.packets[3], track_descriptor, 5), scheduler); /* parent_uuid */
	assert_int_equal(NUM(t.packets[4], track_event, 9), 1);		     /* TYPE_SLICE_BEGIN */
	assert_int_equal(NUM(t.packets[4], track_event, 11), lane);	     /* track_uuid */
	TEXT_IS(t.packets[4], "default", track_event, 23);		     /* name */
	assert_int_equal(NUM(t.packets[4], timestamp), 5000000);
	assert_int_equal(NUM(t.packets[5], track_event, 9), 2); /* TYPE_SLICE_END */
	assert_int_equal(NUM(t.packets[5], timestamp), 6000000);
	TEXT_IS(t.packets[7], "jobs 3", track_descriptor, 2);
	/* A slice never ends before it begins. */
	assert_int_equal(NUM(t.packets[9], timestamp), NUM(t.packets[8], timestamp));
	assert_int_equal(NUM(t.packets[10], track_event, 9), 3); /* TYPE_INSTANT */
	TEXT_IS(t.packets[10], "ns", track_event, 4, 10);	 /* debug_annotations.name */
	assert_int_equal(NUM(t.packets[10], track_event, 4, 3),
			 99); /* debug_annotations.uint_value */
	free(t.bytes);
}

static void losses_are_marked(void **state)
{
	struct perfetto_task a = {1, 120, "a"}, b = {2, 120, "b"};
	struct field found;
	struct perfetto *p;
	struct trace t;
	FILE *out;

	p = begin(&t, &out);
	perfetto_switch(p, 0, 1000001, &a, 1, &b);
	perfetto_lost(p, 0, 12);
	perfetto_switch(p, 0, 1000009, &a, 1, &b);
	end(&t, p, out);
	assert_false(GET(t.packets[2], ftrace_events, bundle_lost_events));
	assert_int_equal(NUM(t.packets[5], track_event, 4, 3), 12);
	assert_int_equal(NUM(t.packets[6], ftrace_events, bundle_lost_events), 1);
	free(t.bytes);
}

/* Many events on many CPUs: bundles are split, and every event comes back once, in the order of its CPU. */
static void nothing_is_lost_in_bundles(void **state)
{
	uint64_t last[8] = {0}, sums[8] = {0}, want[8] = {0};
	struct field found;
	struct perfetto *p;
	struct trace t;
	struct rng rng;
	int nr = 0;
	FILE *out;

	rng_seed(&rng, 1, 0);
	p = begin(&t, &out);
	for (uint32_t i = 0; i < 50000; i++) {
		struct perfetto_task prev = {i, 120, "previous"}, nxt = {i + 1, 120, "next"};
		uint32_t cpu = (uint32_t)rng_below(&rng, 8);

		perfetto_switch(p, cpu, 2000000 + i, &prev, (int64_t)(i % 3), &nxt);
		want[cpu] += i;
	}
	end(&t, p, out);
	assert_true(t.nr > 20);
	for (size_t i = 2; i < t.nr; i++) {
		uint64_t cpu = NUM(t.packets[i], ftrace_events, bundle_cpu);
		struct field event;
		struct cursor c;

		assert_true(GET(t.packets[i], ftrace_events));
		c = (struct cursor){found.bytes, found.bytes + found.len, false};
		while (next(&c, &event)) {
			if (event.number != bundle_event)
				continue;
			nr++;
			assert_true(NUM(event, event_timestamp) > last[cpu]);
			last[cpu] = found.value;
			sums[cpu] += NUM(event, sched_switch, prev_pid);
		}
	}
	assert_int_equal(nr, 50000);
	assert_memory_equal(sums, want, sizeof(want));
	free(t.bytes);
}

static void a_full_disk_is_told(void **state)
{
	struct perfetto_task a = {1, 120, "a"}, b = {2, 120, "b"};
	FILE *out = fopen("/dev/full", "w");
	struct perfetto *p;

	assert_non_null(out);
	p = perfetto_open(out, &head);
	for (uint32_t i = 0; i < 10000; i++)
		perfetto_switch(p, 0, 2000000 + i, &a, 1, &b);
	assert_int_equal(perfetto_close(p), -ENOSPC);
	fclose(out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(begins_with_clocks_and_system),
		cmocka_unit_test(switches_and_wakings),
		cmocka_unit_test(threads_have_their_process),
		cmocka_unit_test(epochs_and_jobs_are_slices),
		cmocka_unit_test(losses_are_marked),
		cmocka_unit_test(nothing_is_lost_in_bundles),
		cmocka_unit_test(a_full_disk_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
