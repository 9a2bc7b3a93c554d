// SPDX-License-Identifier: GPL-2.0
/* Checksum over a JSON tree: FNV-1a (Fowler, Noll, Vo) with 64 bits, fed eight bytes at a time. */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/seal.h"

#define FNV_OFFSET 0xcbf29ce484222325ULL
#define FNV_PRIME  0x100000001b3ULL
#define SEAL_KEY   "checksum"

static uint64_t mix_u64(uint64_t hash, uint64_t value)
{
	/* The shift carries high bits down: a plain multiplication only moves them up. */
	hash = (hash ^ value) * FNV_PRIME;
	return hash ^ hash >> 29;
}

static uint64_t mix_text(uint64_t hash, const char *text, size_t length)
{
	hash = mix_u64(hash, length);
	for (size_t i = 0; i < length; i++)
		hash = (hash ^ (unsigned char)text[i]) * FNV_PRIME;
	return hash;
}

static int by_key(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int mix(const json_t *json, uint64_t *hash, bool top);

static int mix_object(const json_t *json, uint64_t *hash, bool top)
{
	size_t count = json_object_size(json), n = 0;
	const char **keys = malloc((count + 1) * sizeof(*keys));
	const char *key;
	json_t *value;
	int err = 0;

	if (!keys)
		return -ENOMEM;
	json_object_foreach ((json_t *)json, key, value) {
		if (!top || strcmp(key, SEAL_KEY) != 0)
			keys[n++] = key;
	}
	qsort(keys, n, sizeof(*keys), by_key);
	*hash = mix_u64(*hash, n);
	for (size_t i = 0; i < n && !err; i++) {
		*hash = mix_text(*hash, keys[i], strlen(keys[i]));
		err = mix(json_object_get(json, keys[i]), hash, false);
	}
	free(keys);
	return err;
}

/*
 * 1.0 and 1 are one number: tools that write JSON anew do not keep them apart. Other reals count as they are written,
 * with 15 digits (lib/fileio), which survive being read and written again.
 */
static uint64_t mix_number(const json_t *json, uint64_t hash)
{
	double real = json_number_value(json);
	char text[40];

	if (json_is_integer(json))
		return mix_u64(hash, (uint64_t)json_integer_value(json));
	if (rint(real) == real && fabs(real) < 9e15)
		return mix_u64(hash, (uint64_t)(int64_t)real);
	snprintf(text, sizeof(text), "%.15g", real);
	return mix_text(hash, text, strlen(text));
}

static int mix(const json_t *json, uint64_t *hash, bool top)
{
	json_type type = json_typeof(json);
	size_t index;
	json_t *value;
	int err = 0;

	*hash = mix_u64(*hash, type == JSON_REAL ? JSON_INTEGER : type);
	switch (type) {
	case JSON_OBJECT:
		return mix_object(json, hash, top);
	case JSON_ARRAY:
		*hash = mix_u64(*hash, json_array_size(json));
		json_array_foreach ((json_t *)json, index, value) {
			err = mix(value, hash, false);
			if (err)
				return err;
		}
		return 0;
	case JSON_STRING:
		*hash = mix_text(*hash, json_string_value(json), json_string_length(json));
		return 0;
	case JSON_INTEGER:
	case JSON_REAL:
		*hash = mix_number(json, *hash);
		return 0;
	default:
		return 0;
	}
}

static int seal_of(const json_t *document, char *text, size_t size)
{
	uint64_t hash = FNV_OFFSET;
	int err;

	if (!json_is_object(document))
		return -EINVAL;
	err = mix(document, &hash, true);
	snprintf(text, size, "fnv1a64:%016" PRIx64, hash);
	return err;
}

int seal_add(json_t *document)
{
	char text[32];
	int err = seal_of(document, text, sizeof(text));

	if (err)
		return err;
	return json_object_set_new(document, SEAL_KEY, json_string(text)) ? -ENOMEM : 0;
}

int seal_check(const json_t *document)
{
	const char *have = json_string_value(json_object_get(document, SEAL_KEY));
	char text[32];
	int err;

	if (!have)
		return -ENOENT;
	err = seal_of(document, text, sizeof(text));
	if (err)
		return err;
	return strcmp(have, text) ? -EUCLEAN : 0;
}
