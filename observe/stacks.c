// SPDX-License-Identifier: GPL-2.0
/* The profile: interned frames, merged stacks, and their JSON. Writes no file and names no address. */
#include <errno.h>
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "observe/escape.h"
#include "observe/stacks.h"

/* A name longer than this is cut; C++ template names can be of any length. */
#define NAME_MAX_BYTES 1024
#define DEPTH_MAX      4096

static const char *const state_names[STACK_STATES] = {
	[STATE_RUNNING] = "running", [STATE_SLEEPING] = "sleeping", [STATE_DISK] = "disk",
	[STATE_OTHER] = "other",     [STATE_QUEUED] = "queued",	    [STATE_PREEMPTED] = "preempted",
};

static const char *const kind_names[FRAME_KINDS] = {
	[FRAME_PROCESS] = "process", [FRAME_USER] = "user",	[FRAME_INLINED] = "inlined",
	[FRAME_JIT] = "jit",	     [FRAME_KERNEL] = "kernel", [FRAME_UNKNOWN] = "unknown",
	[FRAME_LOST] = "lost",	     [FRAME_WAKER] = "waker",
};

static int name_index(const char *const *names, int count, const char *name)
{
	for (int i = 0; i < count; i++)
		if (strcmp(names[i], name) == 0)
			return i;
	return -EINVAL;
}

const char *stack_state_name(enum stack_state state)
{
	return (unsigned int)state < STACK_STATES ? state_names[state] : NULL;
}

int stack_state_from_name(const char *name)
{
	return name_index(state_names, STACK_STATES, name);
}

const char *frame_kind_name(enum frame_kind kind)
{
	return (unsigned int)kind < FRAME_KINDS ? kind_names[kind] : NULL;
}

int frame_kind_from_name(const char *name)
{
	return name_index(kind_names, FRAME_KINDS, name);
}

void profile_init(struct profile *p)
{
	memset(p, 0, sizeof(*p));
}

struct frame_entry {
	struct frame frame; /* first: profile.frames points at it */
	uint32_t index;
};

struct stack_entry {
	struct stack stack; /* first, as above */
};

static void keep(void *node)
{
	(void)node; /* the arrays own the entries */
}

void profile_free(struct profile *p)
{
	tdestroy(p->frame_index, keep);
	tdestroy(p->stack_index, keep);
	for (uint32_t i = 0; i < p->nr_frames; i++) {
		free((char *)p->frames[i]->name);
		free((char *)p->frames[i]->module);
		free((char *)p->frames[i]->build_id);
		free((char *)p->frames[i]->source);
		free(p->frames[i]);
	}
	for (uint32_t i = 0; i < p->nr_stacks; i++) {
		free((uint32_t *)p->stacks[i]->frames);
		free(p->stacks[i]);
	}
	free(p->frames);
	free(p->stacks);
	memset(p, 0, sizeof(*p));
}

int frame_compare(const struct frame *a, const struct frame *b)
{
	int c = strcmp(a->name, b->name);

	if (c)
		return c;
	c = strcmp(a->module, b->module);
	return c ? c : (int)a->kind - (int)b->kind;
}

static int compare_entries(const void *a, const void *b)
{
	const struct frame *x = a, *y = b;
	int c = frame_compare(x, y);

	if (c || x->kind != FRAME_UNKNOWN)
		return c;
	return x->address < y->address ? -1 : x->address > y->address;
}

static int compare_stacks(const void *a, const void *b)
{
	const struct stack *x = a, *y = b;

	if (x->state != y->state)
		return x->state < y->state ? -1 : 1;
	if (x->depth != y->depth)
		return x->depth < y->depth ? -1 : 1;
	return x->depth ? memcmp(x->frames, y->frames, x->depth * sizeof(*x->frames)) : 0;
}

/* Room for one more pointer in @array. Returns 0, -ENOMEM or -ENOSPC. */
static int grow(void ***array, uint32_t used, uint32_t *cap)
{
	uint32_t want = *cap ? *cap * 2 : 256;
	void **fresh;

	if (used < *cap)
		return 0;
	if (*cap > INT32_MAX / 2)
		return -ENOSPC;
	fresh = reallocarray(*array, want, sizeof(*fresh));
	if (!fresh)
		return -ENOMEM;
	*array = fresh;
	*cap = want;
	return 0;
}

/* A plain copy of @text in fresh memory, of at most NAME_MAX_BYTES. */
static char *plain(const char *text)
{
	char out[NAME_MAX_BYTES];

	return strdup(escape_name(ESCAPE_TERMINAL, text ? text : "", out, sizeof(out)));
}

static void free_entry(struct frame_entry *e)
{
	if (!e)
		return;
	free((char *)e->frame.name);
	free((char *)e->frame.module);
	free((char *)e->frame.build_id);
	free((char *)e->frame.source);
	free(e);
}

static struct frame_entry *new_entry(const struct frame *f)
{
	struct frame_entry *e = calloc(1, sizeof(*e));

	if (!e)
		return NULL;
	e->frame = (struct frame){
		.kind = f->kind,
		.address = f->address,
		.name = plain(f->name),
		.module = plain(f->module),
		.build_id = plain(f->build_id),
		.source = plain(f->source),
	};
	if (e->frame.name && e->frame.module && e->frame.build_id && e->frame.source)
		return e;
	free_entry(e);
	return NULL;
}

int64_t profile_frame(struct profile *p, const struct frame *f)
{
	struct frame_entry *e, **slot;
	int err = grow((void ***)&p->frames, p->nr_frames, &p->cap_frames);

	if (err)
		return err;
	e = new_entry(f);
	if (!e)
		return -ENOMEM;
	slot = tsearch(e, &p->frame_index, compare_entries);
	if (!slot) {
		free_entry(e);
		return -ENOMEM;
	}
	if (*slot != e) {
		free_entry(e);
		return (*slot)->index;
	}
	e->index = p->nr_frames;
	p->frames[p->nr_frames++] = &e->frame;
	return e->index;
}

static struct stack *new_stack(const uint32_t *frames, uint32_t depth, enum stack_state state)
{
	struct stack_entry *e = calloc(1, sizeof(*e));
	uint32_t *copy = e ? malloc((depth ? depth : 1) * sizeof(*copy)) : NULL;

	if (!copy) {
		free(e);
		return NULL;
	}
	memcpy(copy, frames, depth * sizeof(*copy));
	e->stack = (struct stack){.frames = copy, .depth = depth, .state = state};
	return &e->stack;
}

static int add_new(struct profile *p, const struct stack *key, struct stack **found)
{
	struct stack *s;
	int err = grow((void ***)&p->stacks, p->nr_stacks, &p->cap_stacks);

	if (err)
		return err;
	s = new_stack(key->frames, key->depth, key->state);
	if (!s)
		return -ENOMEM;
	if (!tsearch(s, &p->stack_index, compare_stacks)) {
		free((uint32_t *)s->frames);
		free(s);
		return -ENOMEM;
	}
	p->stacks[p->nr_stacks++] = s;
	*found = s;
	return 0;
}

int profile_add(struct profile *p, const uint32_t *frames, uint32_t depth, enum stack_state state,
		uint64_t value_ns, uint64_t count)
{
	struct stack key = {.frames = frames, .depth = depth, .state = state};
	struct stack **slot, *s = NULL;
	uint64_t total_ns, stack_ns, stack_count;

	if ((unsigned int)state >= STACK_STATES || depth > DEPTH_MAX)
		return -EINVAL;
	for (uint32_t i = 0; i < depth; i++)
		if (frames[i] >= p->nr_frames)
			return -EINVAL;
	if (__builtin_add_overflow(p->total_ns, value_ns, &total_ns))
		return -EOVERFLOW;
	slot = tfind(&key, &p->stack_index, compare_stacks);
	if (slot) {
		s = *slot;
	} else {
		int err = add_new(p, &key, &s);

		if (err)
			return err;
	}
	if (__builtin_add_overflow(s->value_ns, value_ns, &stack_ns) ||
	    __builtin_add_overflow(s->count, count, &stack_count))
		return -EOVERFLOW;
	s->value_ns = stack_ns;
	s->count = stack_count;
	p->total_ns = total_ns;
	return 0;
}

static int compare_by_name(const void *a, const void *b, void *arg)
{
	const struct stack *x = *(const struct stack *const *)a,
			   *y = *(const struct stack *const *)b;
	const struct profile *p = arg;
	uint32_t depth = x->depth < y->depth ? x->depth : y->depth;

	for (uint32_t i = 0; i < depth; i++) {
		int c = x->frames[i] == y->frames[i]
				? 0
				: frame_compare(p->frames[x->frames[i]], p->frames[y->frames[i]]);

		if (c)
			return c;
	}
	if (x->depth != y->depth)
		return x->depth < y->depth ? -1 : 1;
	if (x->state != y->state)
		return x->state < y->state ? -1 : 1;
	/* Stacks that differ only in the address of an unknown frame: keep the order of their frames. */
	return x->depth ? memcmp(x->frames, y->frames, x->depth * sizeof(*x->frames)) : 0;
}

void profile_sort(struct profile *p)
{
	if (p->nr_stacks)
		qsort_r(p->stacks, p->nr_stacks, sizeof(struct stack *), compare_by_name, p);
}

static json_t *frame_to_json(const struct frame *f)
{
	char address[20];

	snprintf(address, sizeof(address), "0x%llx", (unsigned long long)f->address);
	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s}", "name", f->name, "kind",
			 frame_kind_name(f->kind), "module", f->module, "build_id", f->build_id,
			 "source", f->source, "address", address);
}

static json_t *stack_to_json(const struct stack *s)
{
	json_t *frames = json_array();

	if (!frames)
		return NULL;
	for (uint32_t i = 0; i < s->depth; i++)
		if (json_array_append_new(frames, json_integer(s->frames[i]))) {
			json_decref(frames);
			return NULL;
		}
	return json_pack("{s:s, s:I, s:I, s:o}", "state", stack_state_name(s->state), "value_ns",
			 (json_int_t)s->value_ns, "count", (json_int_t)s->count, "frames", frames);
}

// clang-format off: one name a line
#define LOSSES(X) \
	X(kernel_not_walked) \
	X(kernel_not_walked_ns) \
	X(user_not_walked) \
	X(user_not_walked_ns) \
	X(cut) \
	X(cut_ns) \
	X(dropped) \
	X(dropped_ns) \
	X(unknown_frames)
// clang-format on

static json_t *losses_to_json(const struct stack_losses *l)
{
	json_t *json = json_object();
	int err = json ? 0 : -1;

#define X(name) \
	err = err ? err : json_object_set_new(json, #name, json_integer((json_int_t)l->name));
	LOSSES(X)
#undef X
	if (!err)
		return json;
	json_decref(json);
	return NULL;
}

json_t *profile_to_json(const struct profile *p)
{
	json_t *frames = json_array(), *stacks = json_array(), *losses = losses_to_json(&p->losses);
	int err = frames && stacks && losses ? 0 : -1;

	for (uint32_t i = 0; !err && i < p->nr_frames; i++)
		err = json_array_append_new(frames, frame_to_json(p->frames[i]));
	for (uint32_t i = 0; !err && i < p->nr_stacks; i++)
		err = json_array_append_new(stacks, stack_to_json(p->stacks[i]));
	if (!err)
		return json_pack("{s:I, s:I, s:o, s:o, s:o}", "total_ns", (json_int_t)p->total_ns,
				 "duration_ns", (json_int_t)p->duration_ns, "frames", frames,
				 "stacks", stacks, "losses", losses);
	json_decref(frames);
	json_decref(stacks);
	json_decref(losses);
	return NULL;
}

static int frame_from_json(struct profile *p, json_t *json, size_t at, char *error,
			   size_t error_size)
{
	const char *kind = NULL, *address = "0x0";
	struct frame f = {0};
	int64_t index;
	int k;

	if (json_unpack(json, "{s:s, s:s, s?s, s?s, s?s, s?s}", "name", &f.name, "kind", &kind,
			"module", &f.module, "build_id", &f.build_id, "source", &f.source,
			"address", &address) ||
	    (k = frame_kind_from_name(kind)) < 0) {
		snprintf(error, error_size, "frames[%zu] has no name, or no known kind", at);
		return -EINVAL;
	}
	f.kind = (enum frame_kind)k;
	f.address = strtoull(address, NULL, 16);
	index = profile_frame(p, &f);
	if (index < 0)
		return (int)index;
	if ((size_t)index != at) {
		snprintf(error, error_size, "frames[%zu] is there twice", at);
		return -EINVAL;
	}
	return 0;
}

static int stack_from_json(struct profile *p, json_t *json, size_t at, char *error,
			   size_t error_size)
{
	json_int_t value_ns = -1, count = -1;
	const char *state = NULL;
	json_t *frames = NULL, *value;
	uint32_t ids[DEPTH_MAX];
	size_t i;
	int s, err;

	if (json_unpack(json, "{s:s, s:I, s:I, s:o}", "state", &state, "value_ns", &value_ns,
			"count", &count, "frames", &frames) ||
	    value_ns < 0 || count < 0 || !json_is_array(frames) ||
	    json_array_size(frames) > DEPTH_MAX || (s = stack_state_from_name(state)) < 0) {
		snprintf(error, error_size, "stacks[%zu] is not {state, value_ns, count, frames}",
			 at);
		return -EINVAL;
	}
	json_array_foreach (frames, i, value) {
		json_int_t id = json_is_integer(value) ? json_integer_value(value) : -1;

		if (id < 0 || id >= p->nr_frames) {
			snprintf(error, error_size, "stacks[%zu] names a frame that is not there",
				 at);
			return -EINVAL;
		}
		ids[i] = (uint32_t)id;
	}
	err = profile_add(p, ids, (uint32_t)i, (enum stack_state)s, (uint64_t)value_ns,
			  (uint64_t)count);
	if (err == -EOVERFLOW) {
		snprintf(error, error_size, "stacks[%zu]: the sum of the times is beyond 2^64 - 1",
			 at);
		return -EINVAL;
	}
	return err;
}

static int losses_from_json(const json_t *json, struct stack_losses *l)
{
	const json_t *value;

#define X(name)                                                                  \
	value = json_object_get(json, #name);                                    \
	if (value && (!json_is_integer(value) || json_integer_value(value) < 0)) \
		return -EINVAL;                                                  \
	l->name = (uint64_t)json_integer_value(value);
	LOSSES(X)
#undef X
	return 0;
}

int profile_from_json(const json_t *json, struct profile *p, char *error, size_t error_size)
{
	json_t *frames = json_object_get(json, "frames"), *stacks = json_object_get(json, "stacks"),
	       *value;
	json_int_t duration_ns = json_integer_value(json_object_get(json, "duration_ns"));
	int err = 0;
	size_t i;

	profile_init(p);
	if (!json_is_array(frames) || !json_is_array(stacks) || duration_ns < 0) {
		snprintf(error, error_size, "not a profile: frames and stacks must be arrays");
		return -EINVAL;
	}
	json_array_foreach (frames, i, value) {
		err = frame_from_json(p, value, i, error, error_size);
		if (err)
			goto fail;
	}
	json_array_foreach (stacks, i, value) {
		err = stack_from_json(p, value, i, error, error_size);
		if (err)
			goto fail;
	}
	p->duration_ns = (uint64_t)duration_ns;
	err = losses_from_json(json_object_get(json, "losses"), &p->losses);
	if (!err)
		return 0;
	snprintf(error, error_size, "losses: not all are counts");
fail:
	profile_free(p);
	return err;
}
