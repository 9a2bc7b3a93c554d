// SPDX-License-Identifier: GPL-2.0
/*
 * Reads a Perfetto trace and prints it as text, for the tests: pftrace FILE. Made from the published field numbers, it
 * shares nothing with the writer. One line an event, in the order of the file:
 *
 *	switch CPU NS PREV_PID PREV_STATE NEXT_PID PREV_COMM NEXT_COMM
 *	waking CPU NS WAKER_PID FLAGS WAKEE_PID TARGET_CPU COMM
 *	migrate CPU NS PID FROM TO
 *	thread PID TGID NAME
 *	track UUID NAME
 *	slice|end|mark UUID NS NAME
 *	lost CPU
 *
 * Ends with 1 where a byte is not what the format says.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct span {
	const unsigned char *at, *end;
};

struct field {
	uint32_t number;
	uint64_t value;
	struct span span;
};

static void fault(const char *what)
{
	fprintf(stderr, "pftrace: %s\n", what);
	exit(1);
}

static uint64_t varint(struct span *s)
{
	uint64_t value = 0;

	for (int shift = 0; shift < 70; shift += 7) {
		if (s->at == s->end)
			fault("the file ends inside a number");
		value |= (uint64_t)(*s->at & 0x7f) << shift;
		if (!(*s->at++ & 0x80))
			return value;
	}
	fault("a number of more than ten bytes");
	return 0;
}

static bool next(struct span *s, struct field *f)
{
	uint64_t tag, len;

	if (s->at == s->end)
		return false;
	tag = varint(s);
	*f = (struct field){.number = (uint32_t)(tag >> 3)};
	switch (tag & 7) {
	case 0:
		f->value = varint(s);
		return true;
	case 2:
		len = varint(s);
		if (len > (uint64_t)(s->end - s->at))
			fault("a field reaches beyond its message");
		f->span = (struct span){s->at, s->at + len};
		s->at += len;
		return true;
	default:
		fault("a wire type that this trace does not use");
		return false;
	}
}

/* The last field @number of @message; zeroed where there is none. */
static struct field get(struct span message, uint32_t number)
{
	struct field f, found = {0};

	while (next(&message, &f))
		if (f.number == number)
			found = f;
	return found;
}

static void text(struct span message, uint32_t number)
{
	struct span s = get(message, number).span;

	printf(" %.*s", (int)(s.end - s.at), s.at ? (const char *)s.at : "");
}

#define U(message, number) ((unsigned long long)get(message, number).value)

static void event(unsigned long long cpu, struct span e)
{
	struct span sw = get(e, 4).span, wk = get(e, 20).span, mg = get(e, 491).span;

	if (sw.at) {
		printf("switch %llu %llu %llu %llu %llu", cpu, U(e, 1), U(sw, 2), U(sw, 4),
		       U(sw, 6));
		text(sw, 1);
		text(sw, 5);
	} else if (wk.at) {
		printf("waking %llu %llu %llu %llu %llu %llu", cpu, U(e, 1), U(e, 2), U(e, 5),
		       U(wk, 2), U(wk, 5));
		text(wk, 1);
	} else if (mg.at) {
		printf("migrate %llu %llu %llu %llu %llu", cpu, U(e, 1), U(mg, 2), U(mg, 4),
		       U(mg, 5));
	} else {
		fault("an event of no known kind");
	}
	putchar('\n');
}

static void bundle(struct span b)
{
	unsigned long long cpu = U(b, 1);
	struct field f;

	if (U(b, 3))
		printf("lost %llu\n", cpu);
	while (next(&b, &f))
		if (f.number == 2)
			event(cpu, f.span);
}

static void tree(struct span t)
{
	struct field f;

	while (next(&t, &f))
		if (f.number == 2) {
			printf("thread %llu %llu", U(f.span, 1), U(f.span, 3));
			text(f.span, 2);
			putchar('\n');
		}
}

static void track_event(struct span packet, struct span e)
{
	static const char *const types[] = {"unspecified", "slice", "end", "mark"};
	unsigned long long type = U(e, 9);

	if (type > 3)
		fault("a track event of no known type");
	printf("%s %llu %llu", types[type], U(e, 11), U(packet, 8));
	text(e, 23);
	putchar('\n');
}

static void packet(struct span p)
{
	struct span s;

	if (U(p, 10) != 1)
		fault("a packet without its sequence");
	s = get(p, 1).span;
	if (s.at)
		bundle(s);
	s = get(p, 2).span;
	if (s.at)
		tree(s);
	s = get(p, 60).span;
	if (s.at) {
		printf("track %llu", U(s, 1));
		text(s, 2);
		putchar('\n');
	}
	s = get(p, 11).span;
	if (s.at)
		track_event(p, s);
}

int main(int argc, char **argv)
{
	FILE *in = argc == 2 ? fopen(argv[1], "rb") : NULL;
	unsigned char *data = NULL;
	size_t size = 0, got = 0, cap = 0;
	struct field f;
	struct span s;

	if (!in)
		fault("usage: pftrace FILE");
	do {
		if (size == cap) {
			unsigned char *fresh = realloc(data, cap * 2 + 65536);

			if (!fresh)
				fault("out of memory");
			data = fresh;
			cap = cap * 2 + 65536;
		}
		got = fread(data + size, 1, cap - size, in);
		size += got;
	} while (got && !feof(in) && !ferror(in));
	fclose(in);
	s = (struct span){data, data + size};
	while (next(&s, &f)) {
		if (f.number != 1 || !f.span.at)
			fault("not a sequence of packets");
		packet(f.span);
	}
	free(data);
	return 0;
}
