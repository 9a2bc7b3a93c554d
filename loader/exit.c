// SPDX-License-Identifier: GPL-2.0
/*
 * The exit record: found in any object by its shape (a struct variable with kind, reason and msg), read from the
 * object's mapped memory without a system call, and turned into words and an exit status. An
 * object without one has the kernel log's word, as far as that goes.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "loader/internal.h"
#include "loader/kmsg.h"

/* Bits of the exit code with which the kernel asks for more (include/linux: enum scx_exit_code). */
#define ECODE_RSN_HOTPLUG (1LL << 32)
#define ECODE_ACT_RESTART (1LL << 48)

/* The offset of member @name in @t, whose size must be within [min, max]. Returns 0 or -ENOENT. */
static int member_at(const struct loader *l, const struct btf_type *t, const char *name,
		     int64_t min, int64_t max, uint32_t *offset, uint32_t *size)
{
	const struct btf_member *m = btf_members(t);
	int64_t bytes;
	int i;

	for (i = 0; i < btf_vlen(t); i++) {
		const char *member = btf__name_by_offset(l->btf, m[i].name_off);

		if (!member || strcmp(member, name) != 0)
			continue;
		bytes = btf__resolve_size(l->btf, m[i].type);
		if (bytes < min || bytes > max ||
		    (uint64_t)m[i].offset / 8 + (uint64_t)bytes > t->size)
			return -ENOENT;
		*offset = m[i].offset / 8;
		if (size)
			*size = (uint32_t)bytes;
		return 0;
	}
	return -ENOENT;
}

static bool read_layout(const struct loader *l, const struct variable *v, struct exit_layout *e)
{
	const struct btf_type *t = btf__type_by_id(l->btf, v->type_id);

	if (!btf_is_struct(t) || t->size > v->size || object_is_rodata(v) ||
	    member_at(l, t, "kind", 4, 4, &e->kind, NULL) ||
	    member_at(l, t, "reason", 2, 65536, &e->reason, &e->reason_size) ||
	    member_at(l, t, "msg", 2, 65536, &e->message, &e->message_size))
		return false;
	e->has_code = !member_at(l, t, "exit_code", 8, 8, &e->code, NULL);
	e->has_cpu = !member_at(l, t, "exit_cpu", 4, 4, &e->cpu, NULL);
	e->kind += v->offset;
	e->reason += v->offset;
	e->message += v->offset;
	e->code += v->offset;
	e->cpu += v->offset;
	e->map = v->map;
	return true;
}

int exit_find(struct loader *l)
{
	char dump[256];
	struct variable *v;
	size_t i;

	for (i = 0; i < l->variable_count; i++)
		if (read_layout(l, &l->variables[i], &l->exit_layout))
			break;
	if (i == l->variable_count)
		return 0;
	snprintf(dump, sizeof(dump), "%.240s_dump", l->variables[i].name);
	v = object_variable(l, dump);
	if (v && !v->offset && btf_is_array(btf__type_by_id(l->btf, v->type_id)))
		l->exit_layout.dump_map = v->map;
	return 0;
}

int exit_prepare(struct loader *l)
{
	uint32_t *wanted = object_ops_member(l, "exit_dump_len", sizeof(*wanted));
	uint32_t size = wanted && *wanted ? *wanted : EXIT_DUMP_DEFAULT;
	struct exit_layout *e = &l->exit_layout;
	size_t i;
	int err;

	if (!e->dump_map)
		return 0;
	if (size > EXIT_DUMP_MAX)
		size = EXIT_DUMP_MAX;
	err = bpf_map__set_value_size(e->dump_map, size);
	if (err)
		return err;
	e->dump_size = size;
	for (i = 0; i < l->variable_count; i++) {
		struct variable *v = &l->variables[i];
		size_t length = strlen(v->name);

		if (length > 9 && !strcmp(v->name + length - 9, "_dump_len") &&
		    v->size == sizeof(size) && object_is_rodata(v))
			memcpy(object_data(v), &size, sizeof(size));
	}
	return 0;
}

static const char *record_at(const struct loader *l, uint32_t offset)
{
	size_t size;
	const char *data = bpf_map__initial_value(l->exit_layout.map, &size);

	return data && offset < size ? data + offset : NULL;
}

int32_t exit_kind_now(const struct loader *l)
{
	const void *at = l->exit_layout.map ? record_at(l, l->exit_layout.kind) : NULL;
	const int32_t *kind = at;

	/* Acquire: whoever sees the kind sees the texts that were written before it. */
	return kind ? __atomic_load_n(kind, __ATOMIC_ACQUIRE) : 0;
}

static void copy_text(const struct loader *l, uint32_t offset, uint32_t record_size, char *out,
		      size_t size)
{
	const char *from = record_at(l, offset);

	snprintf(out, size, "%.*s", (int)record_size, from ? from : "");
}

static const char *dump_text(const struct loader *l)
{
	size_t size = 0;
	const char *dump = l->exit_layout.dump_size
				   ? bpf_map__initial_value(l->exit_layout.dump_map, &size)
				   : NULL;

	return dump && memchr(dump, 0, size) ? dump : "";
}

void exit_ask_log(struct loader *l)
{
	if (l->log_fd >= 0 && !exit_kind_now(l) && !l->logged_kind)
		l->logged_kind = kmsg_find_end(l->log_fd, l->ops_name, l->logged_reason,
					       sizeof(l->logged_reason));
}

void loader_exit(const struct loader *l, struct loader_exit *exit)
{
	const struct exit_layout *e = &l->exit_layout;
	int32_t kind = exit_kind_now(l);

	memset(exit, 0, sizeof(*exit));
	exit->cpu = -1;
	exit->dump = "";
	exit->during_attach = l->during_attach;
	exit->kind = kind ? kind : l->logged_kind;
	if (!kind) {
		snprintf(exit->reason, sizeof(exit->reason), "%s", l->logged_reason);
		return;
	}
	exit->known = true;
	if (e->has_code)
		memcpy(&exit->code, record_at(l, e->code), sizeof(exit->code));
	if (e->has_cpu)
		memcpy(&exit->cpu, record_at(l, e->cpu), sizeof(exit->cpu));
	copy_text(l, e->reason, e->reason_size, exit->reason, sizeof(exit->reason));
	copy_text(l, e->message, e->message_size, exit->message, sizeof(exit->message));
	exit->dump = dump_text(l);
}

int loader_exit_status(const struct loader_exit *exit)
{
	if (exit->kind == LOADER_KIND_SYSRQ)
		return EXIT_STATUS_EJECTED_SYSRQ;
	if (exit->during_attach)
		return EXIT_STATUS_EJECTED_INIT;
	switch (exit->kind) {
	case LOADER_KIND_DONE:
	case LOADER_KIND_UNREG:
		return EXIT_STATUS_OK;
	case LOADER_KIND_UNREG_BPF:
		return EXIT_STATUS_EJECTED_UNREG_BPF;
	case LOADER_KIND_ERROR_BPF:
		return EXIT_STATUS_EJECTED_BPF;
	case LOADER_KIND_ERROR_STALL:
		return EXIT_STATUS_EJECTED_STALL;
	case LOADER_KIND_NONE:
		return EXIT_STATUS_EJECTED_ERROR;
	default:
		return exit->kind >= LOADER_KIND_ERROR ? EXIT_STATUS_EJECTED_ERROR
						       : EXIT_STATUS_EJECTED_KERNEL;
	}
}

bool loader_exit_wants_restart(const struct loader_exit *exit)
{
	return exit->kind == LOADER_KIND_UNREG_KERN && (exit->code & ECODE_ACT_RESTART);
}

const char *loader_exit_kind_name(int32_t kind)
{
	switch (kind) {
	case LOADER_KIND_NONE:
		return "unknown";
	case LOADER_KIND_DONE:
		return "done";
	case LOADER_KIND_UNREG:
		return "unregistered";
	case LOADER_KIND_UNREG_BPF:
		return "unregistered by the scheduler";
	case LOADER_KIND_UNREG_KERN:
		return "unregistered by the kernel";
	case LOADER_KIND_SYSRQ:
		return "SysRq-S";
	case LOADER_KIND_ERROR:
		return "error";
	case LOADER_KIND_ERROR_BPF:
		return "error from the scheduler";
	case LOADER_KIND_ERROR_STALL:
		return "stall";
	default:
		return kind >= LOADER_KIND_ERROR ? "error of a newer kind" : "end of a newer kind";
	}
}

json_t *loader_exit_to_json(const struct loader_exit *exit)
{
	char reason[512], message[4096];

	return json_pack("{s:i, s:s, s:I, s:i, s:s, s:s, s:b, s:b}", "kind", exit->kind,
			 "kind_name", loader_exit_kind_name(exit->kind), "code",
			 (json_int_t)exit->code, "cpu", exit->cpu, "reason",
			 cli_printable(exit->reason, reason, sizeof(reason)), "message",
			 cli_printable(exit->message, message, sizeof(message)), "during_attach",
			 exit->during_attach, "known", exit->known);
}
