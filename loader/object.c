// SPDX-License-Identifier: GPL-2.0
/*
 * Open an object: from the binary or from a file that may be anything. A file is checked and opened once in a child
 * before libbpf parses it here, so that what would crash the parser ends as an error message. Loads nothing.
 */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/embed.h"
#include "lib/fileio.h"
#include "loader/internal.h"

#define OBJECT_MAX_BYTES (64 << 20)
#define TRIAL_CPU_S	 20

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define ELFDATA_HOST ELFDATA2LSB
#else
#define ELFDATA_HOST ELFDATA2MSB
#endif

int loader_fail(struct loader_error *error, int err, int status, const char *format, ...)
{
	char text[sizeof(error->text)];
	va_list args;

	if (!error)
		return err;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	cli_printable(text, error->text, sizeof(error->text));
	error->status = status;
	return err;
}

static int refuse(struct loader_error *error, const char *label, const char *why)
{
	return loader_fail(error, -EINVAL, EXIT_STATUS_USAGE, "%s: %s", label, why);
}

const struct btf_type *object_base_type(const struct btf *btf, uint32_t id, uint32_t *base_id)
{
	const struct btf_type *t = btf__type_by_id(btf, id);
	unsigned int depth = 0;

	while (t && (btf_is_mod(t) || btf_is_typedef(t) || btf_is_type_tag(t))) {
		if (++depth > 64) /* a hostile object can point in circles */
			return NULL;
		id = t->type;
		t = btf__type_by_id(btf, id);
	}
	if (base_id)
		*base_id = id;
	return t;
}

struct variable *object_variable(const struct loader *l, const char *name)
{
	size_t i;

	for (i = 0; i < l->variable_count; i++)
		if (!strcmp(l->variables[i].name, name))
			return &l->variables[i];
	return NULL;
}

static bool section_is(const struct variable *v, const char *section)
{
	const char *name = bpf_map__name(v->map), *dot = strchr(name, '.');
	size_t length = strlen(section);

	/* "fifo.rodata" or ".rodata.part" */
	return dot && !strncmp(dot, section, length) && (!dot[length] || dot[length] == '.');
}

bool object_is_rodata(const struct variable *v)
{
	return section_is(v, ".rodata");
}

void *object_data(const struct variable *v)
{
	size_t size;
	char *data = bpf_map__initial_value(v->map, &size);

	if (!data || v->offset > size || v->size > size - v->offset)
		return NULL;
	return data + v->offset;
}

const char *object_tag(const struct loader *l, uint32_t id, const char *key)
{
	uint32_t i, count = btf__type_cnt(l->btf);
	size_t length = strlen(key);

	for (i = 1; i < count; i++) {
		const struct btf_type *t = btf__type_by_id(l->btf, i);
		const char *text;

		if (!btf_is_decl_tag(t) || t->type != id)
			continue;
		text = btf__name_by_offset(l->btf, t->name_off);
		if (text && !strncmp(text, "schedlab.", 9) && !strncmp(text + 9, key, length) &&
		    text[9 + length] == '=')
			return text + 9 + length + 1;
	}
	return NULL;
}

void *object_ops_member(const struct loader *l, const char *name, size_t size)
{
	const struct btf_member *m = btf_members(l->ops_type);
	size_t map_size, at;
	char *data = bpf_map__initial_value(l->ops, &map_size);
	int i;

	for (i = 0; data && i < btf_vlen(l->ops_type); i++) {
		if (strcmp(btf__name_by_offset(l->btf, m[i].name_off), name) != 0)
			continue;
		at = m[i].offset / 8;
		if ((int64_t)size != btf__resolve_size(l->btf, m[i].type) || at > map_size ||
		    size > map_size - at)
			return NULL;
		return data + at;
	}
	return NULL;
}

/* --- finding the parts ---------------------------------------------------------------------------------------- */

static int add_section(struct loader *l, const struct btf_type *section, struct bpf_map *map)
{
	const struct btf_var_secinfo *info = btf_var_secinfos(section);
	struct variable *grown;
	int i;

	grown = realloc(l->variables,
			(l->variable_count + btf_vlen(section)) * sizeof(*l->variables));
	if (!grown && btf_vlen(section))
		return -ENOMEM;
	l->variables = grown;
	for (i = 0; i < btf_vlen(section); i++) {
		const struct btf_type *var = btf__type_by_id(l->btf, info[i].type);
		struct variable v = {.map = map,
				     .id = info[i].type,
				     .offset = info[i].offset,
				     .size = info[i].size};

		if (!var || !btf_is_var(var) || !object_base_type(l->btf, var->type, &v.type_id))
			continue;
		v.name = btf__name_by_offset(l->btf, var->name_off);
		if (!v.name || !v.name[0] || !object_data(&v))
			continue;
		l->variables[l->variable_count++] = v;
	}
	return 0;
}

static int find_variables(struct loader *l)
{
	uint32_t i, count = btf__type_cnt(l->btf);
	int err = 0;

	for (i = 1; i < count && !err; i++) {
		const struct btf_type *t = btf__type_by_id(l->btf, i);
		const char *name;
		struct bpf_map *map;

		if (!btf_is_datasec(t))
			continue;
		name = btf__name_by_offset(l->btf, t->name_off);
		if (!name || name[0] != '.' || !strcmp(name, ".maps"))
			continue;
		map = bpf_object__find_map_by_name(l->object, name);
		if (map && bpf_map__type(map) == BPF_MAP_TYPE_ARRAY)
			err = add_section(l, t, map);
	}
	return err;
}

/* "sched_ext_ops", also with a ___flavour, and its form by CPU ids of kernel 7.2. */
static bool is_ops_type(const char *name)
{
	if (!name || strncmp(name, "sched_ext_ops", 13) != 0)
		return false;
	return !name[13] || !strncmp(name + 13, "___", 3) || !strncmp(name + 13, "_cid", 4);
}

static const struct btf_type *struct_ops_type(const struct loader *l, const struct bpf_map *map)
{
	uint32_t i, count = btf__type_cnt(l->btf);

	for (i = 1; i < count; i++) {
		const struct btf_type *t = btf__type_by_id(l->btf, i);

		if (btf_is_var(t) &&
		    !strcmp(btf__name_by_offset(l->btf, t->name_off), bpf_map__name(map)))
			return object_base_type(l->btf, t->type, NULL);
	}
	return NULL;
}

static int find_ops(struct loader *l, struct loader_error *error)
{
	const char *other = NULL, *type_name;
	struct bpf_map *map;
	char *name;

	bpf_object__for_each_map(map, l->object)
	{
		const struct btf_type *type;

		if (bpf_map__type(map) != BPF_MAP_TYPE_STRUCT_OPS)
			continue;
		type = struct_ops_type(l, map);
		type_name = type && btf_is_struct(type)
				    ? btf__name_by_offset(l->btf, type->name_off)
				    : NULL;
		if (!is_ops_type(type_name)) {
			other = type_name ? type_name : "an unknown type";
			continue;
		}
		if (l->ops)
			return loader_fail(error, -EINVAL, EXIT_STATUS_USAGE,
					   "%s: holds two sched_ext schedulers, '%s' and '%s'; one "
					   "object must hold one",
					   l->label, bpf_map__name(l->ops), bpf_map__name(map));
		l->ops = map;
		l->ops_type = type;
	}
	if (!l->ops && other)
		return loader_fail(error, -EINVAL, EXIT_STATUS_USAGE,
				   "%s: has no sched_ext_ops but struct_ops of %s, so it is not a "
				   "sched_ext scheduler",
				   l->label, other);
	if (!l->ops)
		return refuse(error, l->label,
			      "has no sched_ext_ops, so it is not a sched_ext scheduler");
	name = object_ops_member(l, "name", LOADER_NAME_MAX);
	if (!name || !name[0] || !memchr(name, 0, LOADER_NAME_MAX))
		return refuse(error, l->label, "its sched_ext_ops has no name");
	cli_printable(name, l->ops_name, sizeof(l->ops_name));
	return 0;
}

/* --- opening ---------------------------------------------------------------------------------------------------- */

static int inspect(struct loader *l, const void *data, size_t size, struct loader_error *error)
{
	LIBBPF_OPTS(bpf_object_open_opts, opts, .object_name = "schedlab");
	int err;

	bpflog_start();
	l->object = bpf_object__open_mem(data, size, &opts);
	if (!l->object) {
		err = errno ? -errno : -EINVAL;
		if (err == -ENOMEM)
			return loader_fail(error, err, EXIT_STATUS_FAILURE, "%s: out of memory",
					   l->label);
		return loader_fail(error, -EINVAL, EXIT_STATUS_USAGE,
				   "%s: is corrupt or no BPF object (%s)", l->label,
				   bpflog_last()[0] ? bpflog_last() : strerror(-err));
	}
	l->btf = bpf_object__btf(l->object);
	if (!l->btf)
		return refuse(error, l->label,
			      "has no BTF; build it with clang -g and do not strip its .BTF");
	err = find_ops(l, error);
	if (err)
		return err;
	err = find_variables(l);
	err = err ? err : options_find(l);
	err = err ? err : exit_find(l);
	err = err ? err : stats_find(l);
	if (err)
		return loader_fail(error, err, EXIT_STATUS_FAILURE, "%s: %s", l->label,
				   strerror(-err));
	return 0;
}

/* Parse it in a child first: a file made to crash the parser must not crash us. */
static int try_in_child(struct loader *l, const void *data, size_t size, struct loader_error *error)
{
	struct rlimit no_core = {0, 0}, cpu = {TRIAL_CPU_S, TRIAL_CPU_S};
	int status;
	pid_t pid = fork();

	if (pid < 0)
		return loader_fail(error, -errno, EXIT_STATUS_FAILURE, "cannot start a process: %s",
				   strerror(errno));
	if (pid == 0) {
		setrlimit(RLIMIT_CORE, &no_core);
		setrlimit(RLIMIT_CPU, &cpu);
		inspect(l, data, size, NULL);
		_exit(0);
	}
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return loader_fail(error, -errno, EXIT_STATUS_FAILURE, "waitpid: %s",
					   strerror(errno));
	if (WIFSIGNALED(status))
		return refuse(error, l->label, "is corrupt: the BPF library crashed on it");
	return 0;
}

static int check_elf(const char *label, const char *data, size_t size, struct loader_error *error)
{
	Elf64_Ehdr h;

	if (size < SELFMAG || memcmp(data, ELFMAG, SELFMAG) != 0)
		return refuse(
			error, label,
			"is not an ELF file; a BPF object built by clang -target bpf is needed");
	if (size < sizeof(h))
		return refuse(error, label, "is truncated: the ELF header is not whole");
	memcpy(&h, data, sizeof(h));
	if (h.e_ident[EI_CLASS] != ELFCLASS64)
		return refuse(error, label, "is a 32-bit ELF file, not a BPF object");
	if (h.e_ident[EI_DATA] != ELFDATA_HOST)
		return refuse(
			error, label,
			"is of foreign byte order; build it for this machine (clang -target bpf)");
	if (h.e_machine != EM_BPF)
		return refuse(
			error, label,
			"is an ELF file for another machine, not a BPF object (clang -target bpf)");
	if (h.e_type != ET_REL)
		return refuse(error, label, "is not a relocatable object");
	if (h.e_shoff > size || (uint64_t)h.e_shnum * sizeof(Elf64_Shdr) > size - h.e_shoff)
		return refuse(error, label, "is truncated: its section table lies beyond its end");
	return 0;
}

static int read_object(const char *path, char **data, size_t *size, struct loader_error *error)
{
	struct stat st;
	int err;

	if (stat(path, &st))
		return loader_fail(error, -errno, EXIT_STATUS_USAGE, "%s: %s", path,
				   strerror(errno));
	if (S_ISDIR(st.st_mode))
		return loader_fail(error, -EISDIR, EXIT_STATUS_USAGE,
				   "%s: is a directory, not a BPF object", path);
	if (!S_ISREG(st.st_mode))
		return loader_fail(error, -EINVAL, EXIT_STATUS_USAGE, "%s: is not a regular file",
				   path);
	err = file_read(path, OBJECT_MAX_BYTES, data, size);
	if (err == -EFBIG)
		return loader_fail(error, err, EXIT_STATUS_USAGE,
				   "%s: is larger than %d MiB, too large for a BPF object", path,
				   OBJECT_MAX_BYTES >> 20);
	if (err)
		return loader_fail(error, err, EXIT_STATUS_USAGE, "%s: %s", path, strerror(-err));
	return 0;
}

static int open_file(struct loader *l, const char *path, struct loader_error *error)
{
	char *data = NULL;
	size_t size = 0;
	int err = read_object(path, &data, &size, error);

	if (err)
		return err;
	digest_bytes(data, size, l->sha256);
	err = check_elf(path, data, size, error);
	err = err ? err : try_in_child(l, data, size, error);
	err = err ? err : inspect(l, data, size, error);
	free(data);
	return err;
}

static int open_embedded(struct loader *l, const char *name, struct loader_error *error)
{
	const char *names[256], *nearest;
	const struct embedded *e;
	size_t count = 0;

	for (e = embedded_objects; e->name; e++) {
		if (!strcmp(e->name, name)) {
			digest_bytes(e->begin, (size_t)(e->end - e->begin), l->sha256);
			return inspect(l, e->begin, (size_t)(e->end - e->begin), error);
		}
		if (count < sizeof(names) / sizeof(names[0]))
			names[count++] = e->name;
	}
	nearest = cli_nearest(name, names, count);
	return loader_fail(error, -ENOENT, EXIT_STATUS_USAGE,
			   "there is no scheduler '%s'%s%s%s; schedlab list shows all, a file is "
			   "given as ./FILE.bpf.o",
			   name, nearest ? "; did you mean '" : "", nearest ? nearest : "",
			   nearest ? "'" : "");
}

static bool is_file_name(const char *what)
{
	size_t length = strlen(what);

	return strchr(what, '/') || (length > 2 && !strcmp(what + length - 2, ".o"));
}

int loader_open(const char *what, struct loader **loader, struct loader_error *error)
{
	struct loader *l = calloc(1, sizeof(*l));
	int err;

	*loader = NULL;
	if (!l)
		return loader_fail(error, -ENOMEM, EXIT_STATUS_FAILURE, "out of memory");
	l->notice_fd = -1;
	l->log_fd = -1;
	l->label = strdup(what);
	if (!l->label)
		err = loader_fail(error, -ENOMEM, EXIT_STATUS_FAILURE, "out of memory");
	else if (is_file_name(what))
		err = open_file(l, what, error);
	else
		err = open_embedded(l, what, error);
	if (err) {
		loader_close(l);
		return err;
	}
	*loader = l;
	return 0;
}

void loader_close(struct loader *l)
{
	if (!l)
		return;
	loader_detach(l);
	if (l->notice_fd >= 0)
		close(l->notice_fd);
	if (l->log_fd >= 0)
		close(l->log_fd);
	options_free(l);
	stats_free(l);
	free(l->variables);
	bpf_object__close(l->object);
	btf__free(l->vmlinux);
	free(l->log);
	free(l->label);
	free(l);
}

const char *loader_ops_name(const struct loader *l)
{
	return l->ops_name;
}

const char *loader_label(const struct loader *l)
{
	return l->label;
}

const char *loader_sha256(const struct loader *l)
{
	return l->sha256;
}
