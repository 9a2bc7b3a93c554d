// SPDX-License-Identifier: GPL-2.0
/*
 * What an object needs from the running kernel: checked with words before anything is loaded, and filled in from the
 * kernel's BTF (constants declared as __SCX_*, arrays of one element per CPU, as the kernel's examples have them).
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "lib/fileio.h"
#include "lib/sysenv.h"
#include "loader/internal.h"

#define CAP_BIT(n)	 (1ULL << (n))
#define CAP_NET_ADMIN_	 CAP_BIT(12)
#define CAP_SYS_ADMIN_	 CAP_BIT(21)
#define CAP_PERFMON_	 CAP_BIT(38)
#define CAP_BPF_	 CAP_BIT(39)
#define CAPS_FOR_LOADING (CAP_NET_ADMIN_ | CAP_PERFMON_ | CAP_BPF_)

const struct btf *kernel_btf(struct loader *l)
{
	if (!l->vmlinux)
		l->vmlinux = btf__load_vmlinux_btf();
	return l->vmlinux;
}

/* Look at every enumerator of the kernel; @visit returns true to stop. */
static void each_enumerator(const struct btf *btf,
			    bool (*visit)(const char *name, uint64_t value, void *data), void *data)
{
	uint32_t i, count = btf__type_cnt(btf);
	int j;

	for (i = 1; i < count; i++) {
		const struct btf_type *t = btf__type_by_id(btf, i);

		if (!btf_is_enum(t) && !btf_is_enum64(t))
			continue;
		for (j = 0; j < btf_vlen(t); j++) {
			uint32_t name = btf_is_enum(t) ? btf_enum(t)[j].name_off
						       : btf_enum64(t)[j].name_off;
			uint64_t value = btf_is_enum(t) ? (uint64_t)(int64_t)btf_enum(t)[j].val
							: btf_enum64_value(&btf_enum64(t)[j]);

			if (btf_is_enum(t) && !btf_kflag(t))
				value = (uint32_t)value;
			if (visit(btf__name_by_offset(btf, name), value, data))
				return;
		}
	}
}

struct enum_search {
	const char *name;
	uint64_t value;
	bool found;
};

static bool match_name(const char *name, uint64_t value, void *data)
{
	struct enum_search *search = data;

	if (strcmp(name, search->name) != 0)
		return false;
	search->value = value;
	return search->found = true;
}

int kernel_enum_value(const struct btf *vmlinux, const char *name, uint64_t *value)
{
	struct enum_search search = {.name = name};

	each_enumerator(vmlinux, match_name, &search);
	if (!search.found)
		return -ENOENT;
	*value = search.value;
	return 0;
}

static bool fill_constant(const char *name, uint64_t value, void *data)
{
	struct loader *l = data;
	char variable[128];
	struct variable *v;

	if (strncmp(name, "SCX_", 4) != 0)
		return false;
	snprintf(variable, sizeof(variable), "__%s", name);
	v = object_variable(l, variable);
	if (v && object_is_rodata(v) && v->size <= sizeof(value))
		memcpy(object_data(v), &value, v->size);
	return false;
}

/* --- what is missing -------------------------------------------------------------------------------------------- */

static uint64_t effective_capabilities(void)
{
	char *text, *line;
	uint64_t caps = 0;

	if (file_read("/proc/self/status", 1 << 16, &text, NULL))
		return 0;
	line = strstr(text, "\nCapEff:");
	if (line)
		caps = strtoull(line + 8, NULL, 16);
	free(text);
	return caps;
}

static const struct btf_type *find_func(const struct btf *btf, const char *name)
{
	int id = btf__find_by_name_kind(btf, name, BTF_KIND_FUNC);

	return id > 0 ? btf__type_by_id(btf, (uint32_t)id) : NULL;
}

/* Whether the last argument of the kernel's @func is the verifier's own, which pahole should have hidden. */
static bool has_visible_aux(const struct btf *btf, const struct btf_type *func)
{
	const struct btf_type *proto = btf__type_by_id(btf, func->type);
	int count = proto ? btf_vlen(proto) : 0;
	const char *last;

	if (!count)
		return false;
	last = btf__name_by_offset(btf, btf_params(proto)[count - 1].name_off);
	return last && !strcmp(last, "aux");
}

/* A kfunc that @l names (libbpf has made its externs look like its own functions) and whose _impl the kernel's BTF lacks, or NULL. */
static const char *broken_kfunc(const struct loader *l, char *name, size_t size)
{
	uint32_t i, count = btf__type_cnt(l->btf);
	char impl[160];

	for (i = 1; i < count; i++) {
		const struct btf_type *t = btf__type_by_id(l->btf, i), *func;
		char *flavour;

		if (!btf_is_func(t))
			continue;
		snprintf(name, size, "%s", btf__name_by_offset(l->btf, t->name_off));
		/* Only these can be the kernel's; a search of its BTF takes a while. */
		if (strncmp(name, "scx_bpf_", 8) != 0 && strncmp(name, "bpf_", 4) != 0)
			continue;
		flavour = strstr(name, "___");
		if (flavour)
			*flavour = '\0';
		func = find_func(l->vmlinux, name);
		snprintf(impl, sizeof(impl), "%s_impl", name);
		if (func && has_visible_aux(l->vmlinux, func) && !find_func(l->vmlinux, impl))
			return name;
	}
	return NULL;
}

int kernel_check(struct loader *l, struct loader_error *error)
{
	uint64_t caps = effective_capabilities();
	struct utsname uts;
	char name[128];

	uname(&uts);
	if (!sysenv_has_sched_ext())
		return loader_fail(
			error, -ENOTSUP, EXIT_STATUS_UNSUPPORTED,
			"this kernel (%s) has no sched_ext: one of 6.12 or later built with "
			"CONFIG_SCHED_CLASS_EXT=y is needed",
			uts.release);
	if (!(caps & CAP_SYS_ADMIN_) && (caps & CAPS_FOR_LOADING) != CAPS_FOR_LOADING)
		return loader_fail(error, -EPERM, EXIT_STATUS_UNSUPPORTED,
				   "loading a scheduler needs root (or CAP_BPF, CAP_PERFMON and "
				   "CAP_NET_ADMIN)");
	if (!kernel_btf(l))
		return loader_fail(
			error, -ENOTSUP, EXIT_STATUS_UNSUPPORTED,
			"this kernel (%s) has no BTF (/sys/kernel/btf/vmlinux): one built with "
			"CONFIG_DEBUG_INFO_BTF=y is needed",
			uts.release);
	if (broken_kfunc(l, name, sizeof(name)))
		return loader_fail(error, -ENOTSUP, EXIT_STATUS_UNSUPPORTED,
				   "this kernel's BTF (%s) lacks %s_impl, so %s cannot be called: "
				   "it was built with too old a "
				   "pahole; take another kernel",
				   uts.release, name, name);
	return 0;
}

int loader_check_event(const struct loader *l, const char *name, struct loader_error *error)
{
	int id = btf__find_by_name_kind(l->vmlinux, "scx_event_stats", BTF_KIND_STRUCT), i, count;
	const struct btf_type *t = id > 0 ? btf__type_by_id(l->vmlinux, (uint32_t)id) : NULL;
	const char *names[LOADER_EVENTS_MAX], *nearest;

	if (!t)
		return loader_fail(error, -ENOTSUP, EXIT_STATUS_UNSUPPORTED,
				   "this kernel has no event counters (6.15 and later have)");
	count = btf_vlen(t) < LOADER_EVENTS_MAX ? btf_vlen(t) : LOADER_EVENTS_MAX;
	for (i = 0; i < count; i++) {
		names[i] = btf__name_by_offset(l->vmlinux, btf_members(t)[i].name_off);
		if (!strcmp(names[i], name))
			return 0;
	}
	nearest = cli_nearest(name, names, (size_t)count);
	return loader_fail(
		error, -EINVAL, EXIT_STATUS_USAGE,
		"this kernel has no counter '%s'%s%s%s (schedlab status shows them while "
		"a scheduler is active)",
		name, nearest ? "; did you mean '" : "", nearest ? nearest : "",
		nearest ? "'" : "");
}

/* --- what is filled in ------------------------------------------------------------------------------------------ */

/* An array of one element that has a data section to itself, named after it: sized by CPU count. */
static int fill_array(struct loader *l, struct variable *v, uint32_t cpus)
{
	const struct btf_type *t = btf__type_by_id(l->btf, v->type_id);
	const char *section = bpf_map__name(v->map), *part;
	int64_t element;

	if (section[0] != '.' || v->map == l->exit_layout.dump_map || !btf_is_array(t) ||
	    btf_array(t)->nelems != 1)
		return 0;
	part = strchr(section + 1, '.');
	if (!part || strcmp(part + 1, v->name) != 0)
		return 0;
	element = btf__resolve_size(l->btf, btf_array(t)->type);
	if (element <= 0 || element > (1 << 20))
		return 0;
	return bpf_map__set_value_size(v->map, (uint32_t)element * cpus);
}

int kernel_fill(struct loader *l, struct loader_error *error)
{
	int cpus = libbpf_num_possible_cpus(), err;
	struct variable *v;
	uint32_t count;
	size_t i;

	if (cpus < 1)
		return loader_fail(error, -EIO, EXIT_STATUS_FAILURE,
				   "cannot tell the number of CPUs: %s", strerror(-cpus));
	count = (uint32_t)cpus;
	each_enumerator(l->vmlinux, fill_constant, l);
	v = object_variable(l, "nr_cpu_ids");
	if (v && object_is_rodata(v) && v->size == sizeof(count))
		memcpy(object_data(v), &count, sizeof(count));
	for (i = 0, err = 0; i < l->variable_count && !err; i++)
		err = fill_array(l, &l->variables[i], count);
	err = err ? err : exit_prepare(l);
	if (err)
		return loader_fail(error, err, EXIT_STATUS_USAGE,
				   "%s: its arrays cannot be sized: %s", l->label, strerror(-err));
	return 0;
}
