// SPDX-License-Identifier: GPL-2.0
/* Folded stacks out and in. Escapes for the format; the meaning of a frame's kind is in stacks.h. */
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "observe/escape.h"
#include "observe/folded.h"

#define FOLDED_DEPTH_MAX 4096

/* What stands between a stack and its waker's, as in the field's wake-chain graphs. */
static bool is_separator(const char *name)
{
	return strcmp(name, WAKER_SEPARATOR) == 0;
}

static const char *suffix(enum frame_kind kind)
{
	switch (kind) {
	case FRAME_WAKER:
		return "_[w]";
	case FRAME_KERNEL:
		return "_[k]";
	case FRAME_INLINED:
		return "_[i]";
	case FRAME_JIT:
		return "_[j]";
	default:
		return "";
	}
}

static int write_stack(const struct profile *p, const struct stack *s,
		       const struct folded_options *options, FILE *out)
{
	uint64_t unit_ns = options->unit_ns ? options->unit_ns : 1000;

	for (uint32_t i = 0; i < s->depth; i++) {
		const struct frame *f = p->frames[s->frames[i]];
		char *name = escape_dup(ESCAPE_FOLDED, f->name);

		if (!name)
			return -ENOMEM;
		fprintf(out, "%s%s%s", i ? ";" : "", name,
			options->annotate_kernel && !is_separator(f->name) ? suffix(f->kind) : "");
		free(name);
	}
	if (options->states)
		fprintf(out, "%s[%s]", s->depth ? ";" : "", stack_state_name(s->state));
	return fprintf(out, " %" PRIu64 "\n", s->value_ns / unit_ns) < 0 ? -EIO : 0;
}

int folded_write(const struct profile *p, const struct folded_options *options, FILE *out)
{
	for (uint32_t i = 0; i < p->nr_stacks; i++) {
		int err = write_stack(p, p->stacks[i], options, out);

		if (err)
			return err;
	}
	errno = 0;
	return fflush(out) || ferror(out) ? (errno ? -errno : -EIO) : 0;
}

/* Take the kind's suffix off @name. */
static enum frame_kind strip_suffix(char *name, bool first)
{
	static const enum frame_kind kinds[] = {FRAME_KERNEL, FRAME_INLINED, FRAME_JIT,
						FRAME_WAKER};
	size_t len = strlen(name);

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (len > 4 && strcmp(name + len - 4, suffix(kinds[i])) == 0) {
			name[len - 4] = '\0';
			return kinds[i];
		}
	if (is_separator(name))
		return FRAME_WAKER;
	if (strcmp(name, "[unknown]") == 0)
		return FRAME_UNKNOWN;
	return first ? FRAME_PROCESS : FRAME_USER;
}

/* Parse one line (NUL-terminated, no newline). Returns 0, -EINVAL with the reason in *@why, or another error. */
static int read_line(struct profile *p, char *line, uint64_t unit_ns, const char **why)
{
	char *space = strrchr(line, ' '), *end, *name, *rest = line;
	enum stack_state state = STATE_SLEEPING;
	uint32_t ids[FOLDED_DEPTH_MAX], depth = 0;
	unsigned long long value;
	uint64_t value_ns;

	*why = "expected \"frame;frame;... NUMBER\"";
	if (!space || space == line || space[1] < '0' || space[1] > '9')
		return -EINVAL;
	errno = 0;
	value = strtoull(space + 1, &end, 10);
	if (*end || errno)
		return -EINVAL;
	*why = "the value is too large";
	if (__builtin_mul_overflow((uint64_t)value, unit_ns, &value_ns))
		return -EINVAL;
	*space = '\0';
	*why = "the stack is deeper than 4096 frames";
	while ((name = strsep(&rest, ";"))) {
		struct frame f = {.kind = strip_suffix(name, depth == 0), .name = name};
		size_t len = strlen(name);
		int64_t id;

		if (!rest && depth && len > 2 && name[0] == '[' && name[len - 1] == ']') {
			int s;

			name[len - 1] = '\0';
			s = stack_state_from_name(name + 1);
			name[len - 1] = ']';
			if (s >= 0) {
				state = (enum stack_state)s;
				break;
			}
		}
		if (depth == FOLDED_DEPTH_MAX)
			return -EINVAL;
		id = profile_frame(p, &f);
		if (id < 0)
			return (int)id;
		ids[depth++] = (uint32_t)id;
	}
	*why = "the sum of the values is too large";
	return profile_add(p, ids, depth, state, value_ns, 1) == -ENOMEM ? -ENOMEM : 0;
}

int folded_read(const char *text, size_t len, uint64_t unit_ns, struct profile *p, char *error,
		size_t error_size)
{
	const char *at = text, *stop = text + len;
	size_t number = 0;

	profile_init(p);
	while (at < stop) {
		const char *newline = memchr(at, '\n', (size_t)(stop - at)), *why;
		size_t n = (size_t)((newline ? newline : stop) - at);
		char *line = strndup(at, n);
		int err;

		number++;
		if (!line) {
			profile_free(p);
			return -ENOMEM;
		}
		err = *line ? read_line(p, line, unit_ns, &why) : 0;
		free(line);
		if (err) {
			if (err == -EINVAL)
				snprintf(error, error_size, "line %zu: %s", number, why);
			profile_free(p);
			return err;
		}
		at += n + 1;
	}
	return 0;
}
