// SPDX-License-Identifier: GPL-2.0
/* Profiles as speedscope JSON. Builds the document only; the caller writes it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "observe/escape.h"
#include "observe/speedscope.h"

#define SPEEDSCOPE_SCHEMA "https://www.speedscope.app/file-format-schema.json"

/* "src/a.c:12" into file and line; line 0 where there is none. A waker's frame is marked as in folded text. */
static json_t *frame_json(const struct frame *f)
{
	json_t *json = json_pack("{s:s+}", "name", f->name, f->kind == FRAME_WAKER ? "_[w]" : "");
	const char *colon = strrchr(f->source, ':');
	int err = json ? 0 : -1;

	if (!err && colon && colon != f->source) {
		long line = strtol(colon + 1, NULL, 10);

		err = json_object_set_new(json, "file",
					  json_stringn(f->source, (size_t)(colon - f->source)));
		if (!err && line > 0)
			err = json_object_set_new(json, "line", json_integer(line));
	} else if (!err && f->module[0]) {
		err = json_object_set_new(json, "file", json_string(f->module));
	}
	if (!err)
		return json;
	json_decref(json);
	return NULL;
}

static json_t *sample_json(const struct stack *s)
{
	json_t *sample = json_array();

	if (!sample)
		return NULL;
	for (uint32_t i = 0; i < s->depth; i++)
		if (json_array_append_new(sample, json_integer(s->frames[i]))) {
			json_decref(sample);
			return NULL;
		}
	return sample;
}

/* The profile of one state; *@empty where no stack has it. */
static json_t *state_json(const struct profile *p, enum stack_state state, const char *name,
			  bool *empty)
{
	json_t *samples = json_array(), *weights = json_array();
	int err = samples && weights ? 0 : -1;
	uint64_t sum_ns = 0;

	*empty = true;
	for (uint32_t i = 0; !err && i < p->nr_stacks; i++) {
		const struct stack *s = p->stacks[i];

		if (s->state != state)
			continue;
		*empty = false;
		sum_ns += s->value_ns;
		err = json_array_append_new(samples, sample_json(s));
		err = err ? err
			  : json_array_append_new(weights, json_integer((json_int_t)s->value_ns));
	}
	if (!err)
		return json_pack("{s:s, s:s++, s:s, s:i, s:I, s:o, s:o}", "type", "sampled", "name",
				 name, ": ", stack_state_name(state), "unit", "nanoseconds",
				 "startValue", 0, "endValue", (json_int_t)sum_ns, "samples",
				 samples, "weights", weights);
	json_decref(samples);
	json_decref(weights);
	return NULL;
}

json_t *speedscope_json(const struct profile *p, const char *name)
{
	json_t *frames = json_array(), *profiles = json_array();
	char *plain = escape_dup(ESCAPE_TERMINAL, name);
	int err = frames && profiles && plain ? 0 : -1;
	json_t *json = NULL;

	for (uint32_t i = 0; !err && i < p->nr_frames; i++)
		err = json_array_append_new(frames, frame_json(p->frames[i]));
	for (int s = 0; !err && s < STACK_STATES; s++) {
		bool empty = true;
		json_t *one = state_json(p, (enum stack_state)s, plain, &empty);

		if (one && empty)
			json_decref(one);
		else
			err = json_array_append_new(profiles, one);
	}
	if (!err)
		json = json_pack("{s:s, s:s, s:s, s:i, s:{s:o}, s:o}", "$schema", SPEEDSCOPE_SCHEMA,
				 "exporter", "schedlab " SCHEDLAB_VERSION, "name", plain,
				 "activeProfileIndex", 0, "shared", "frames", frames, "profiles",
				 profiles);
	else {
		json_decref(frames);
		json_decref(profiles);
	}
	free(plain);
	return json;
}
