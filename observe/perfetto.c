// SPDX-License-Identifier: GPL-2.0
/*
 * Perfetto's trace format by hand. A Trace is a sequence of TracePacket messages (field 1). Scheduling events are
 * gathered per CPU into FtraceEventBundle messages; everything else is a packet of its own.
 *
 * Field numbers: trace_packet.proto, ftrace/ftrace_event_bundle.proto, ftrace/ftrace_event.proto, ftrace/sched.proto,
 * ps/process_tree.proto, clock_snapshot.proto, system_info.proto, track_event/{track_descriptor,track_event,
 * debug_annotation}.proto.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>

#include "lib/timeutil.h"
#include "observe/escape.h"
#include "observe/perfetto.h"

enum { /* TracePacket */
	PACKET_FTRACE_EVENTS = 1,
	PACKET_PROCESS_TREE = 2,
	PACKET_CLOCK_SNAPSHOT = 6,
	PACKET_TIMESTAMP = 8,
	PACKET_SEQUENCE_ID = 10,
	PACKET_TRACK_EVENT = 11,
	PACKET_SEQUENCE_FLAGS = 13,
	PACKET_SYSTEM_INFO = 45,
	PACKET_TRACK_DESCRIPTOR = 60,
};

enum { /* FtraceEventBundle, FtraceEvent */
	BUNDLE_CPU = 1,
	BUNDLE_EVENT = 2,
	BUNDLE_LOST_EVENTS = 3,
	EVENT_TIMESTAMP = 1,
	EVENT_PID = 2,
	EVENT_COMMON_FLAGS = 5,
	EVENT_SCHED_SWITCH = 4,
	EVENT_SCHED_WAKING = 20,
	EVENT_SCHED_MIGRATE_TASK = 491,
};

enum { /* SchedSwitchFtraceEvent, SchedWakingFtraceEvent, SchedMigrateTaskFtraceEvent */
	SWITCH_PREV_COMM = 1,
	SWITCH_PREV_PID = 2,
	SWITCH_PREV_PRIO = 3,
	SWITCH_PREV_STATE = 4,
	SWITCH_NEXT_COMM = 5,
	SWITCH_NEXT_PID = 6,
	SWITCH_NEXT_PRIO = 7,
	WAKING_COMM = 1,
	WAKING_PID = 2,
	WAKING_PRIO = 3,
	WAKING_SUCCESS = 4,
	WAKING_TARGET_CPU = 5,
	MIGRATE_COMM = 1,
	MIGRATE_PID = 2,
	MIGRATE_PRIO = 3,
	MIGRATE_ORIG_CPU = 4,
	MIGRATE_DEST_CPU = 5,
};

enum { /* ProcessTree and its Process and Thread; ClockSnapshot and its Clock; SystemInfo and its Utsname */
	TREE_PROCESSES = 1,
	TREE_THREADS = 2,
	PROCESS_PID = 1,
	PROCESS_CMDLINE = 3,
	THREAD_TID = 1,
	THREAD_NAME = 2,
	THREAD_TGID = 3,
	SNAPSHOT_CLOCKS = 1,
	CLOCK_FIELD_ID = 1,
	CLOCK_FIELD_TIMESTAMP = 2,
	CLOCK_IS_REALTIME = 1,
	CLOCK_IS_MONOTONIC = 3,
	CLOCK_IS_BOOTTIME = 6,
	SYSTEM_UTSNAME = 1,
	UTSNAME_SYSNAME = 1,
	UTSNAME_VERSION = 2,
	UTSNAME_RELEASE = 3,
	UTSNAME_MACHINE = 4,
};

enum { /* TrackDescriptor, TrackEvent, DebugAnnotation */
	TRACK_UUID = 1,
	TRACK_NAME = 2,
	TRACK_PARENT_UUID = 5,
	TRACK_EVENT_ANNOTATION = 4,
	TRACK_EVENT_TYPE = 9,
	TRACK_EVENT_UUID = 11,
	TRACK_EVENT_CATEGORY = 22,
	TRACK_EVENT_NAME = 23,
	TYPE_SLICE_BEGIN = 1,
	TYPE_SLICE_END = 2,
	TYPE_INSTANT = 3,
	ANNOTATION_UINT = 3,
	ANNOTATION_NAME = 10,
};

#define FLAG_HARDIRQ	 0x08 /* TRACE_FLAG_HARDIRQ and _SOFTIRQ of ftrace's common flags */
#define FLAG_SOFTIRQ	 0x10
#define TRACE_PACKET	 1
#define SEQUENCE_ID	 1 /* all packets come from one writer */
#define STATE_CLEARED	 1
#define WIRE_VARINT	 0
#define WIRE_BYTES	 2
#define BUNDLE_MAX_BYTES 65536
#define CPUS_MAX	 8192
#define LANES_MAX	 64
#define TRACK_BASE	 0x7363686564ULL /* keeps our track ids apart from those of other producers */
#define TEXT_MAX	 256

/* A growing message. After a failed allocation nothing more is added and failed stays set. */
struct buffer {
	unsigned char *bytes;
	size_t used, cap;
	bool failed;
};

struct cpu {
	struct buffer events; /* encoded event fields of the bundle to come */
	bool lost;
	uint64_t last_ns;
};

struct perfetto {
	FILE *out;
	int err;
	int64_t offset_ns; /* BOOTTIME - MONOTONIC */
	struct cpu *cpus;
	uint32_t nr_cpus;
	uint64_t lanes[PERFETTO_TRACK_MARKS + 1]; /* bit per lane that has a descriptor */
	bool tracks[PERFETTO_TRACK_MARKS + 1];
};

static void put(struct buffer *b, const void *bytes, size_t len)
{
	if (b->failed)
		return;
	if (b->used + len > b->cap) {
		size_t want = (b->used + len) * 2 + 64;
		unsigned char *fresh = realloc(b->bytes, want);

		if (!fresh) {
			b->failed = true;
			return;
		}
		b->bytes = fresh;
		b->cap = want;
	}
	if (len)
		memcpy(b->bytes + b->used, bytes, len);
	b->used += len;
}

static void put_varint(struct buffer *b, uint64_t value)
{
	unsigned char bytes[10];
	size_t n = 0;

	do {
		bytes[n] = (unsigned char)((value & 0x7f) | (value > 0x7f ? 0x80 : 0));
		value >>= 7;
	} while (bytes[n++] & 0x80);
	put(b, bytes, n);
}

/* int32 and int64 fields are sign-extended to 64 bits; so this serves them all. */
static void put_number(struct buffer *b, uint32_t field, uint64_t value)
{
	put_varint(b, (uint64_t)field << 3 | WIRE_VARINT);
	put_varint(b, value);
}

static void put_bytes(struct buffer *b, uint32_t field, const void *bytes, size_t len)
{
	put_varint(b, (uint64_t)field << 3 | WIRE_BYTES);
	put_varint(b, len);
	put(b, bytes, len);
}

/* Text is made plain: proto strings must be UTF-8, and the viewer shows them. */
static void put_text(struct buffer *b, uint32_t field, const char *text)
{
	char plain[TEXT_MAX];

	escape_name(ESCAPE_TERMINAL, text ? text : "", plain, sizeof(plain));
	put_bytes(b, field, plain, strlen(plain));
}

static void put_message(struct buffer *b, uint32_t field, struct buffer *message)
{
	put_bytes(b, field, message->bytes, message->used);
	b->failed |= message->failed;
	free(message->bytes);
	*message = (struct buffer){0};
}

/* Write the packet, add it to the trace, release it. */
static void put_packet(struct perfetto *p, struct buffer *packet)
{
	struct buffer frame = {0};

	put_number(packet, PACKET_SEQUENCE_ID, SEQUENCE_ID);
	put_message(&frame, TRACE_PACKET, packet);
	if (frame.failed && !p->err)
		p->err = -ENOMEM;
	errno = 0;
	if (!p->err && fwrite(frame.bytes, 1, frame.used, p->out) != frame.used)
		p->err = errno ? -errno : -EIO;
	free(frame.bytes);
}

static uint64_t boottime(const struct perfetto *p, uint64_t monotonic_ns)
{
	return monotonic_ns + (uint64_t)p->offset_ns;
}

void perfetto_head_now(struct perfetto_head *head)
{
	static struct utsname name;

	memset(head, 0, sizeof(*head));
	head->monotonic_ns = time_clock_ns(CLOCK_MONOTONIC);
	head->boottime_ns = time_clock_ns(CLOCK_BOOTTIME);
	head->realtime_ns = time_clock_ns(CLOCK_REALTIME);
	if (uname(&name))
		return;
	head->sysname = name.sysname;
	head->release = name.release;
	head->version = name.version;
	head->machine = name.machine;
}

static void put_clock(struct buffer *snapshot, uint64_t id, uint64_t time_ns)
{
	struct buffer clock = {0};

	put_number(&clock, CLOCK_FIELD_ID, id);
	put_number(&clock, CLOCK_FIELD_TIMESTAMP, time_ns);
	put_message(snapshot, SNAPSHOT_CLOCKS, &clock);
}

static void put_clocks(struct perfetto *p, const struct perfetto_head *head)
{
	struct buffer packet = {0}, snapshot = {0};

	put_clock(&snapshot, CLOCK_IS_BOOTTIME, head->boottime_ns);
	put_clock(&snapshot, CLOCK_IS_MONOTONIC, head->monotonic_ns);
	put_clock(&snapshot, CLOCK_IS_REALTIME, head->realtime_ns);
	put_number(&packet, PACKET_TIMESTAMP, head->boottime_ns);
	put_number(&packet, PACKET_SEQUENCE_FLAGS, STATE_CLEARED);
	put_message(&packet, PACKET_CLOCK_SNAPSHOT, &snapshot);
	put_packet(p, &packet);
}

static void put_system(struct perfetto *p, const struct perfetto_head *head)
{
	struct buffer packet = {0}, info = {0}, name = {0};

	put_text(&name, UTSNAME_SYSNAME, head->sysname);
	put_text(&name, UTSNAME_VERSION, head->version);
	put_text(&name, UTSNAME_RELEASE, head->release);
	put_text(&name, UTSNAME_MACHINE, head->machine);
	put_message(&info, SYSTEM_UTSNAME, &name);
	put_message(&packet, PACKET_SYSTEM_INFO, &info);
	put_packet(p, &packet);
}

struct perfetto *perfetto_open(FILE *out, const struct perfetto_head *head)
{
	struct perfetto *p = calloc(1, sizeof(*p));

	if (!p)
		return NULL;
	p->out = out;
	p->offset_ns = (int64_t)(head->boottime_ns - head->monotonic_ns);
	put_clocks(p, head);
	put_system(p, head);
	return p;
}

static void flush_cpu(struct perfetto *p, uint32_t cpu)
{
	struct buffer packet = {0}, bundle = {0};
	struct cpu *c = &p->cpus[cpu];

	if (!c->events.used)
		return;
	put_number(&bundle, BUNDLE_CPU, cpu);
	put(&bundle, c->events.bytes, c->events.used);
	bundle.failed |= c->events.failed;
	if (c->lost)
		put_number(&bundle, BUNDLE_LOST_EVENTS, 1);
	put_message(&packet, PACKET_FTRACE_EVENTS, &bundle);
	put_packet(p, &packet);
	c->events.used = 0;
	c->lost = false;
}

int perfetto_close(struct perfetto *p)
{
	int err;

	for (uint32_t i = 0; i < p->nr_cpus; i++) {
		flush_cpu(p, i);
		free(p->cpus[i].events.bytes);
	}
	errno = 0;
	if (fflush(p->out) && !p->err)
		p->err = errno ? -errno : -EIO;
	err = p->err;
	free(p->cpus);
	free(p);
	return err;
}

/* The buffer of @cpu, or NULL (no memory, or no such CPU can be). */
static struct cpu *cpu_of(struct perfetto *p, uint32_t cpu)
{
	struct cpu *fresh;

	if (cpu < p->nr_cpus)
		return &p->cpus[cpu];
	fresh = cpu < CPUS_MAX ? reallocarray(p->cpus, cpu + 1, sizeof(*fresh)) : NULL;
	if (!fresh) {
		p->err = p->err ? p->err : -ENOMEM;
		return NULL;
	}
	memset(fresh + p->nr_cpus, 0, (cpu + 1 - p->nr_cpus) * sizeof(*fresh));
	p->cpus = fresh;
	p->nr_cpus = cpu + 1;
	return &fresh[cpu];
}

/* Add an event with @body as its @field to the bundle of @cpu; releases @body. */
static void put_event(struct perfetto *p, uint32_t cpu, uint64_t time_ns, uint32_t pid,
		      uint32_t flags, uint32_t field, struct buffer *body)
{
	struct cpu *c = cpu_of(p, cpu);
	struct buffer event = {0};

	put_number(&event, EVENT_TIMESTAMP, boottime(p, time_ns));
	put_number(&event, EVENT_PID, pid);
	if (flags)
		put_number(&event, EVENT_COMMON_FLAGS, flags);
	put_message(&event, field, body);
	if (!c) {
		free(event.bytes);
		return;
	}
	put_message(&c->events, BUNDLE_EVENT, &event);
	c->last_ns = time_ns;
	if (c->events.used > BUNDLE_MAX_BYTES)
		flush_cpu(p, cpu);
}

void perfetto_switch(struct perfetto *p, uint32_t cpu, uint64_t time_ns,
		     const struct perfetto_task *prev, int64_t prev_state,
		     const struct perfetto_task *next)
{
	struct buffer body = {0};

	put_text(&body, SWITCH_PREV_COMM, prev->comm);
	put_number(&body, SWITCH_PREV_PID, prev->pid);
	put_number(&body, SWITCH_PREV_PRIO, (uint64_t)(int64_t)prev->prio);
	put_number(&body, SWITCH_PREV_STATE, (uint64_t)prev_state);
	put_text(&body, SWITCH_NEXT_COMM, next->comm);
	put_number(&body, SWITCH_NEXT_PID, next->pid);
	put_number(&body, SWITCH_NEXT_PRIO, (uint64_t)(int64_t)next->prio);
	put_event(p, cpu, time_ns, prev->pid, 0, EVENT_SCHED_SWITCH, &body);
}

void perfetto_waking(struct perfetto *p, uint32_t cpu, uint64_t time_ns, uint32_t waker_pid,
		     enum perfetto_context context, const struct perfetto_task *wakee,
		     uint32_t target_cpu)
{
	uint32_t flags = context == PERFETTO_HARDIRQ   ? FLAG_HARDIRQ
			 : context == PERFETTO_SOFTIRQ ? FLAG_SOFTIRQ
						       : 0;
	struct buffer body = {0};

	put_text(&body, WAKING_COMM, wakee->comm);
	put_number(&body, WAKING_PID, wakee->pid);
	put_number(&body, WAKING_PRIO, (uint64_t)(int64_t)wakee->prio);
	put_number(&body, WAKING_SUCCESS, 1);
	put_number(&body, WAKING_TARGET_CPU, target_cpu);
	put_event(p, cpu, time_ns, waker_pid, flags, EVENT_SCHED_WAKING, &body);
}

void perfetto_migrate(struct perfetto *p, uint32_t cpu, uint64_t time_ns, uint32_t current_pid,
		      const struct perfetto_task *task, uint32_t from, uint32_t to)
{
	struct buffer body = {0};

	put_text(&body, MIGRATE_COMM, task->comm);
	put_number(&body, MIGRATE_PID, task->pid);
	put_number(&body, MIGRATE_PRIO, (uint64_t)(int64_t)task->prio);
	put_number(&body, MIGRATE_ORIG_CPU, from);
	put_number(&body, MIGRATE_DEST_CPU, to);
	put_event(p, cpu, time_ns, current_pid, 0, EVENT_SCHED_MIGRATE_TASK, &body);
}

void perfetto_lost(struct perfetto *p, uint32_t cpu, uint64_t count)
{
	struct cpu *c = cpu_of(p, cpu);

	if (!c || !count)
		return;
	flush_cpu(p, cpu);
	c->lost = true;
	perfetto_mark(p, PERFETTO_TRACK_MARKS, 0, c->last_ns, "events lost", "count", count);
}

void perfetto_thread(struct perfetto *p, uint64_t time_ns, uint32_t pid, uint32_t tgid,
		     const char *comm)
{
	struct buffer packet = {0}, tree = {0}, process = {0}, thread = {0};

	if (pid == tgid) {
		put_number(&process, PROCESS_PID, tgid);
		put_text(&process, PROCESS_CMDLINE, comm);
		put_message(&tree, TREE_PROCESSES, &process);
	}
	put_number(&thread, THREAD_TID, pid);
	put_text(&thread, THREAD_NAME, comm);
	put_number(&thread, THREAD_TGID, tgid);
	put_message(&tree, TREE_THREADS, &thread);
	put_number(&packet, PACKET_TIMESTAMP, boottime(p, time_ns));
	put_message(&packet, PACKET_PROCESS_TREE, &tree);
	put_packet(p, &packet);
}

static const char *const track_names[] = {
	[PERFETTO_TRACK_EPOCHS] = "scheduler",
	[PERFETTO_TRACK_JOBS] = "jobs",
	[PERFETTO_TRACK_MARKS] = "schedlab",
};

static uint64_t track_uuid(enum perfetto_track track)
{
	return TRACK_BASE << 16 | (uint64_t)track << 8;
}

static void put_track(struct perfetto *p, uint64_t uuid, uint64_t parent, const char *name)
{
	struct buffer packet = {0}, track = {0};

	put_number(&track, TRACK_UUID, uuid);
	put_text(&track, TRACK_NAME, name);
	if (parent)
		put_number(&track, TRACK_PARENT_UUID, parent);
	put_message(&packet, PACKET_TRACK_DESCRIPTOR, &track);
	put_packet(p, &packet);
}

/* The id of @lane of @track, both told to the trace when they are first used. */
static uint64_t lane_uuid(struct perfetto *p, enum perfetto_track track, uint32_t lane)
{
	uint64_t uuid, parent = track_uuid(track);
	char name[32];

	lane %= LANES_MAX;
	uuid = parent + 1 + lane;
	if (!p->tracks[track]) {
		p->tracks[track] = true;
		put_track(p, parent, 0, track_names[track]);
	}
	if (!(p->lanes[track] >> lane & 1)) {
		p->lanes[track] |= 1ULL << lane;
		snprintf(name, sizeof(name), "%s %u", track_names[track], lane);
		put_track(p, uuid, parent, lane ? name : track_names[track]);
	}
	return uuid;
}

static void put_track_event(struct perfetto *p, enum perfetto_track track, uint64_t uuid,
			    uint64_t type, uint64_t time_ns, const char *name, const char *key,
			    uint64_t value)
{
	struct buffer packet = {0}, event = {0}, annotation = {0};

	put_number(&event, TRACK_EVENT_TYPE, type);
	put_number(&event, TRACK_EVENT_UUID, uuid);
	put_text(&event, TRACK_EVENT_CATEGORY, track_names[track]);
	if (name)
		put_text(&event, TRACK_EVENT_NAME, name);
	if (key) {
		put_number(&annotation, ANNOTATION_UINT, value);
		put_text(&annotation, ANNOTATION_NAME, key);
		put_message(&event, TRACK_EVENT_ANNOTATION, &annotation);
	}
	put_number(&packet, PACKET_TIMESTAMP, boottime(p, time_ns));
	put_message(&packet, PACKET_TRACK_EVENT, &event);
	put_packet(p, &packet);
}

void perfetto_slice(struct perfetto *p, enum perfetto_track track, uint32_t lane, uint64_t start_ns,
		    uint64_t end_ns, const char *name)
{
	uint64_t uuid = lane_uuid(p, track, lane);

	put_track_event(p, track, uuid, TYPE_SLICE_BEGIN, start_ns, name, NULL, 0);
	put_track_event(p, track, uuid, TYPE_SLICE_END, end_ns > start_ns ? end_ns : start_ns, NULL,
			NULL, 0);
}

void perfetto_mark(struct perfetto *p, enum perfetto_track track, uint32_t lane, uint64_t time_ns,
		   const char *name, const char *key, uint64_t value)
{
	put_track_event(p, track, lane_uuid(p, track, lane), TYPE_INSTANT, time_ns, name, key,
			value);
}
