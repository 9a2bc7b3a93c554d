/* SPDX-License-Identifier: GPL-2.0 */
/* What the files of loader/ share about one object. Nothing outside this folder includes it. */
#ifndef SCHEDLAB_LOADER_INTERNAL_H
#define SCHEDLAB_LOADER_INTERNAL_H

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <stdarg.h>

#include "lib/cli.h"
#include "lib/digest.h"
#include "loader/loader.h"

#define EXIT_DUMP_DEFAULT 32768 /* the kernel's own size where ops.exit_dump_len is 0 */
#define EXIT_DUMP_MAX	  (4 << 20)

/* A global variable of the object: where it lies in which of its data maps. */
struct variable {
	const char *name; /* in the object's BTF */
	struct bpf_map *map;
	uint32_t id;	  /* its BTF_KIND_VAR */
	uint32_t type_id; /* of its type, without typedefs and qualifiers */
	uint32_t offset, size;
};

/* Where the exit record lies; sizes of 0 mean that the object has no such part. */
struct exit_layout {
	struct bpf_map *map, *dump_map;
	uint32_t kind, cpu, code, reason, message; /* offsets in the map */
	bool has_cpu, has_code;
	uint32_t reason_size, message_size, dump_size;
};

struct stat_place {
	const char *name, *help;
	struct bpf_map *map;
	uint32_t key, offset, size; /* of the map's element, in one CPU's value */
	bool per_cpu;
	bool owns_name;
};

struct loader {
	char *label;
	char sha256[DIGEST_HEX_SIZE];
	struct bpf_object *object;
	struct btf *btf;     /* the object's, owned by libbpf */
	struct btf *vmlinux; /* the running kernel's; ours, from loader_load() on */
	struct bpf_map *ops;
	const struct btf_type *ops_type;
	char ops_name[LOADER_NAME_MAX];
	struct bpf_link *link;
	struct bpf_link **other_links; /* of programs beside the ops table */
	size_t other_count;

	struct variable *variables;
	size_t variable_count;
	struct loader_option *options;
	struct variable **option_variables; /* the variable of each option */
	size_t option_count;
	struct stat_place *stats;
	size_t stat_count;
	struct exit_layout exit_layout;

	int notice_fd;
	int log_fd;	     /* the kernel log since the attach; -1: not to be had */
	int32_t logged_kind; /* the end that the log tells of, where there is no record */
	char logged_reason[64];
	uint64_t enable_seq; /* sysfs's, while we were the active scheduler */
	bool attached, ended, during_attach, loaded, partial;
	pid_t hurried; /* what rcu_calm() wants back; 0: nothing */
	char *log;     /* of the verifier */
	size_t log_size;
};

/* Fill @error (may be NULL) and return @err. */
int loader_fail(struct loader_error *error, int err, int status, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/* object.c: the type @id without typedefs and qualifiers. */
const struct btf_type *object_base_type(const struct btf *btf, uint32_t id, uint32_t *base_id);
/* object.c: the variable called @name, or NULL. */
struct variable *object_variable(const struct loader *l, const char *name);
/* object.c: whether @v lies in memory that is read-only once loaded. */
bool object_is_rodata(const struct variable *v);
/* object.c: initial (before the load) or live value of @v; NULL if it is not to be had. */
void *object_data(const struct variable *v);
/* object.c: text after "schedlab.@key=" among the declaration tags of variable @id, or NULL. */
const char *object_tag(const struct loader *l, uint32_t id, const char *key);
/* object.c: the member @name of the ops table in its initial value (@size bytes, checked), or NULL. */
void *object_ops_member(const struct loader *l, const char *name, size_t size);

/* Called by loader_open(), in this order; each returns 0 or -errno. */
int options_find(struct loader *l);
int exit_find(struct loader *l);
int stats_find(struct loader *l);
void options_free(struct loader *l);
void stats_free(struct loader *l);

/* kernel.c: what the running kernel lacks, before anything is loaded into it. */
int kernel_check(struct loader *l, struct loader_error *error);
/* kernel.c: fill __SCX_* constants and arrays sized by CPU count from the running kernel. */
int kernel_fill(struct loader *l, struct loader_error *error);
/* kernel.c: the value of the kernel's enumerator @name. -ENOENT if it has none of that name. */
int kernel_enum_value(const struct btf *vmlinux, const char *name, uint64_t *value);
/* kernel.c: the kernel's BTF, loaded once. NULL without one. */
const struct btf *kernel_btf(struct loader *l);

/* exit.c: make room for the kernel's dump, before the load. Returns 0 or -errno. */
int exit_prepare(struct loader *l);
/* exit.c: the record's kind as it stands, 0 while there is none. */
int32_t exit_kind_now(const struct loader *l);
/* exit.c: after the end: where there is no record, keep what the kernel log says. */
void exit_ask_log(struct loader *l);

/* notice.c: a socket on which the kernel announces changes of scheduler. -errno without one. */
int notice_open(void);
/* notice.c: take in all that is announced; true if something about sched_ext was among it, or announcements were lost. */
bool notice_drain(int fd);

/*
 * rcu.c: real-time priority for the kernel's grace-period thread while a scheduler is put in or taken out. Returns what rcu_calm() wants
 * back; 0 where there is nothing to do, or no privilege: the change may take longer then.
 */
pid_t rcu_hurry(void);
void rcu_calm(pid_t pid);

/* bpflog.c: collect libbpf's messages from now on; the last that tells what is wrong. */
void bpflog_start(void);
const char *bpflog_last(void);

/* verifier.c: the last lines of the verifier's log and the source line they belong to, for one message. */
void verifier_summary(const char *log, char *out, size_t size);

#endif
