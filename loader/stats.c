// SPDX-License-Identifier: GPL-2.0
/*
 * Statistics of an object, read by name through its BTF: STATs of ours; in other objects a per-CPU array named *stats
 * and global integers named nr_*. Counters are read, never cleared: clearing would lose what is counted meanwhile.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "loader/internal.h"

#define FOREIGN_SLOTS_MAX 64

static struct stat_place *add_place(struct loader *l)
{
	struct stat_place *grown = realloc(l->stats, (l->stat_count + 1) * sizeof(*grown));

	if (!grown)
		return NULL;
	l->stats = grown;
	memset(&grown[l->stat_count], 0, sizeof(*grown));
	return &grown[l->stat_count++];
}

static int add_declared(struct loader *l, const struct variable *v, const char *help)
{
	struct bpf_map *map = bpf_object__find_map_by_name(l->object, "schedlab_stats");
	struct stat_place *place;
	uint32_t slot = 0;

	if (!map || v->size != sizeof(slot) || strncmp(v->name, "stat_", 5) != 0)
		return 0;
	memcpy(&slot, object_data(v), sizeof(slot));
	if (bpf_map__type(map) != BPF_MAP_TYPE_PERCPU_ARRAY || slot >= bpf_map__value_size(map) / 8)
		return 0;
	place = add_place(l);
	if (!place)
		return -ENOMEM;
	place->name = v->name + 5;
	place->help = help;
	place->map = map;
	place->offset = slot * 8;
	place->size = 8;
	place->per_cpu = true;
	return 0;
}

static int add_global(struct loader *l, const struct variable *v)
{
	struct stat_place *place;

	if (strncmp(v->name, "nr_", 3) != 0 || object_is_rodata(v) ||
	    (v->size != 4 && v->size != 8) || !btf_is_int(btf__type_by_id(l->btf, v->type_id)))
		return 0;
	place = add_place(l);
	if (!place)
		return -ENOMEM;
	place->name = v->name;
	place->help = "";
	place->map = v->map;
	place->offset = v->offset;
	place->size = v->size;
	return 0;
}

static int add_array(struct loader *l, struct bpf_map *map)
{
	const char *name = bpf_map__name(map);
	size_t length = strlen(name);
	uint32_t i;

	if (bpf_map__type(map) != BPF_MAP_TYPE_PERCPU_ARRAY || bpf_map__value_size(map) != 8 ||
	    length < 5 || strcmp(name + length - 5, "stats") != 0)
		return 0;
	for (i = 0; i < bpf_map__max_entries(map) && i < FOREIGN_SLOTS_MAX; i++) {
		struct stat_place *place = add_place(l);
		char *label;

		if (!place || asprintf(&label, "%s_%u", name, i) < 0)
			return -ENOMEM;
		place->name = label;
		place->owns_name = true;
		place->help = "";
		place->map = map;
		place->key = i;
		place->size = 8;
		place->per_cpu = true;
	}
	return 0;
}

int stats_find(struct loader *l)
{
	struct bpf_map *map;
	size_t i;
	int err = 0;

	for (i = 0; i < l->variable_count && !err; i++) {
		const struct variable *v = &l->variables[i];
		const char *help = object_tag(l, v->id, "stat");

		err = help ? add_declared(l, v, help) : add_global(l, v);
	}
	bpf_object__for_each_map(map, l->object) err = err ? err : add_array(l, map);
	return err;
}

void stats_free(struct loader *l)
{
	size_t i;

	for (i = 0; i < l->stat_count; i++)
		if (l->stats[i].owns_name)
			free((char *)l->stats[i].name);
	free(l->stats);
}

/* All CPUs' values of one map element; @buffer holds the element read last. */
static int read_element(const struct stat_place *place, const struct stat_place *previous,
			char **buffer, int cpus)
{
	size_t size = ((size_t)bpf_map__value_size(place->map) + 7) / 8 * 8 * (size_t)cpus;

	if (previous && previous->per_cpu && previous->map == place->map &&
	    previous->key == place->key)
		return 0;
	free(*buffer);
	*buffer = malloc(size);
	if (!*buffer)
		return -ENOMEM;
	return bpf_map__lookup_elem(place->map, &place->key, sizeof(place->key), *buffer, size, 0);
}

static uint64_t read_global(const struct stat_place *place)
{
	size_t size;
	const char *data = bpf_map__initial_value(place->map, &size);
	uint64_t value = 0;

	if (data && (size_t)place->offset + place->size <= size)
		memcpy(&value, data + place->offset, place->size);
	return value;
}

static int read_all(struct loader *l, struct loader_stat *stats)
{
	int cpus = libbpf_num_possible_cpus(), cpu, err = 0;
	char *buffer = NULL;
	size_t i;

	if (cpus < 0)
		return cpus;
	for (i = 0; i < l->stat_count && !err; i++) {
		const struct stat_place *place = &l->stats[i];
		size_t step = ((size_t)bpf_map__value_size(place->map) + 7) / 8 * 8;

		stats[i].name = place->name;
		stats[i].help = place->help;
		if (!place->per_cpu) {
			stats[i].value = read_global(place);
			continue;
		}
		err = read_element(place, i ? place - 1 : NULL, &buffer, cpus);
		for (cpu = 0; cpu < cpus && !err; cpu++) {
			uint64_t value;

			memcpy(&value, buffer + step * (size_t)cpu + place->offset, sizeof(value));
			stats[i].value += value;
		}
	}
	free(buffer);
	return err;
}

int loader_stats(struct loader *l, struct loader_stat **stats, size_t *count)
{
	int err;

	*count = 0;
	*stats = calloc(l->stat_count + 1, sizeof(**stats));
	if (!*stats)
		return -ENOMEM;
	err = read_all(l, *stats);
	if (err) {
		free(*stats);
		*stats = NULL;
		return err;
	}
	*count = l->stat_count;
	return 0;
}

json_t *loader_stats_to_json(struct loader *l)
{
	struct loader_stat *stats;
	json_t *all;
	size_t i, count;

	if (loader_stats(l, &stats, &count))
		return json_null();
	all = json_object();
	for (i = 0; all && i < count; i++)
		json_object_set_new(all, stats[i].name, json_integer((json_int_t)stats[i].value));
	free(stats);
	return all;
}
