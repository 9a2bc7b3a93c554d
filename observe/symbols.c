// SPDX-License-Identifier: GPL-2.0
/*
 * The symbolizer: which mapping of which process an address lies in, and who can name it there: elfsyms.c the code of ELF
 * files, ranges.c the kernel's and generated code. Each process's mappings are read once and again when an address falls
 * outside of them.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "lib/fileio.h"
#include "observe/elfsyms.h"
#include "observe/ranges.h"
#include "observe/symbols.h"

#define MAPS_MAX_BYTES (64u << 20)
#define REREADS_MAX    8

/* One executable mapping of a process. */
struct mapping {
	uint64_t start, end, offset;
	uint64_t inode;
	unsigned int dev_major, dev_minor;
	char *path;
	struct elfsyms *elf; /* not ours: of symbols.files */
	bool tried;
};

struct process {
	pid_t tgid; /* key */
	struct mapping *maps;
	size_t nr_maps;
	char *exe; /* what it runs, by the link in /proc; NULL: a kernel thread, or not known */
	unsigned int rereads;
	bool gone;
	uint64_t pass; /* in which it was last met alive */
	struct perf_map jit;
};

/* One ELF file, shared by all that map it. */
struct file {
	uint64_t dev, inode; /* key */
	struct elfsyms *elf; /* NULL: not usable */
};

struct symbols {
	char *proc;
	bool no_dwarf;
	struct ranges kernel;
	void *processes, *files; /* tsearch trees */
	size_t nr_processes;
	uint64_t pass; /* of symbols_new_pass() */
	struct symbols_counts counts;
};

struct symbols *symbols_open(const struct symbols_options *options)
{
	struct symbols *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->proc = strdup(options->proc ? options->proc : "/proc");
	s->no_dwarf = options->no_dwarf;
	if (!s->proc) {
		free(s);
		return NULL;
	}
	if (!kallsyms_read(&s->kernel, options->kallsyms ? options->kallsyms : "/proc/kallsyms"))
		s->counts.kernel_hidden = s->kernel.nr == 0;
	return s;
}

static void free_maps(struct process *p)
{
	for (size_t i = 0; i < p->nr_maps; i++)
		free(p->maps[i].path);
	free(p->maps);
	p->maps = NULL;
	p->nr_maps = 0;
}

static void free_process(void *node)
{
	struct process *p = node;

	free_maps(p);
	perf_map_forget(&p->jit);
	free(p->exe);
	free(p);
}

static void free_file(void *node)
{
	struct file *f = node;

	elfsyms_close(f->elf);
	free(f);
}

void symbols_close(struct symbols *s)
{
	if (!s)
		return;
	tdestroy(s->processes, free_process);
	tdestroy(s->files, free_file);
	ranges_free(&s->kernel);
	free(s->proc);
	free(s);
}

struct process_list {
	struct process **v;
	size_t nr, cap;
};

static void collect(const void *node, VISIT visit, void *context)
{
	struct process_list *list = context;

	if ((visit == postorder || visit == leaf) && list->nr < list->cap)
		list->v[list->nr++] = *(struct process *const *)node;
}

static int compare_passes(const void *a, const void *b)
{
	const struct process *x = *(struct process *const *)a, *y = *(struct process *const *)b;

	return x->pass < y->pass ? -1 : x->pass > y->pass;
}

static int compare_processes(const void *a, const void *b)
{
	const struct process *x = a, *y = b;

	return x->tgid < y->tgid ? -1 : x->tgid > y->tgid;
}

static int compare_files(const void *a, const void *b)
{
	const struct file *x = a, *y = b;

	if (x->dev != y->dev)
		return x->dev < y->dev ? -1 : 1;
	return x->inode < y->inode ? -1 : x->inode > y->inode;
}

/* The number in @base at *@at, which moves behind it and the byte @end that must follow, or the end. */
static bool number(char **at, int base, char end, uint64_t *value)
{
	char *stop;

	*value = strtoull(*at, &stop, base);
	if (stop == *at || (*stop && *stop != end))
		return false;
	*at = *stop ? stop + 1 : stop;
	return true;
}

/* One line of maps: "start-end perms offset major:minor inode   path". False: not executable, or malformed. */
static bool maps_line(char *line, struct mapping *m)
{
	uint64_t major, minor;
	char *perms;

	if (!number(&line, 16, '-', &m->start) || !number(&line, 16, ' ', &m->end) ||
	    m->end <= m->start)
		return false;
	perms = strsep(&line, " ");
	if (!line || !strchr(perms, 'x') || !number(&line, 16, ' ', &m->offset) ||
	    !number(&line, 16, ':', &major) || !number(&line, 16, ' ', &minor) ||
	    !number(&line, 10, ' ', &m->inode))
		return false;
	m->dev_major = (unsigned int)major;
	m->dev_minor = (unsigned int)minor;
	m->path = strdup(line + strspn(line, " "));
	return m->path != NULL;
}

/* Read the mappings of @p, replacing those known. Returns 0 or -errno; on an error those known stay. */
static int read_maps(struct symbols *s, struct process *p)
{
	struct process fresh = {.tgid = p->tgid};
	char path[256], *text, *rest, *line;
	size_t cap = 0;
	int err;

	snprintf(path, sizeof(path), "%s/%d/maps", s->proc, (int)p->tgid);
	err = file_read(path, MAPS_MAX_BYTES, &text, NULL);
	if (err)
		return err;
	rest = text;
	while ((line = strsep(&rest, "\n"))) {
		struct mapping m = {0};

		if (!maps_line(line, &m))
			continue;
		if (fresh.nr_maps == cap) {
			struct mapping *v =
				reallocarray(fresh.maps, cap ? cap * 2 : 16, sizeof(*v));

			if (!v) {
				free(m.path);
				break;
			}
			cap = cap ? cap * 2 : 16;
			fresh.maps = v;
		}
		fresh.maps[fresh.nr_maps++] = m;
	}
	free(text);
	/* A process that is just ending has an empty list: what was known is better. */
	if (!fresh.nr_maps && p->nr_maps)
		return -ESRCH;
	free_maps(p);
	p->maps = fresh.maps;
	p->nr_maps = fresh.nr_maps;
	return 0;
}

/* The target of /proc/PID/exe in fresh memory; NULL where there is none (a kernel thread, an ended process). */
static char *read_exe(const struct symbols *s, pid_t tgid)
{
	char path[256], target[4096];
	ssize_t n;

	snprintf(path, sizeof(path), "%s/%d/exe", s->proc, (int)tgid);
	n = readlink(path, target, sizeof(target) - 1);
	if (n < 0)
		return NULL;
	target[n] = '\0';
	return strdup(target);
}

/* Forget the quarter of the processes that have not been met for the longest. */
static void forget_some(struct symbols *s)
{
	struct process_list list = {.cap = s->nr_processes};
	size_t i;

	list.v = calloc(list.cap, sizeof(struct process *));
	if (!list.v)
		return;
	twalk_r(s->processes, collect, &list);
	qsort(list.v, list.nr, sizeof(struct process *), compare_passes);
	for (i = 0; i < list.nr / 4; i++) {
		tdelete(list.v[i], &s->processes, compare_processes);
		free_process(list.v[i]);
		s->nr_processes--;
	}
	free(list.v);
}

static struct process *process_of(struct symbols *s, pid_t tgid)
{
	struct process key = {.tgid = tgid}, *p,
		       **slot = tfind(&key, &s->processes, compare_processes);

	if (slot)
		return *slot;
	if (s->nr_processes >= SYMBOLS_MAX_PROCESSES)
		forget_some(s);
	p = calloc(1, sizeof(*p));
	if (!p)
		return NULL;
	p->tgid = tgid;
	p->pass = s->pass;
	if (!tsearch(p, &s->processes, compare_processes)) {
		free(p);
		return NULL;
	}
	s->nr_processes++;
	p->exe = read_exe(s, tgid);
	p->gone = read_maps(s, p) != 0;
	return p;
}

void symbols_new_pass(struct symbols *s)
{
	s->pass++;
}

int symbols_remember(struct symbols *s, pid_t tgid)
{
	struct process *p = process_of(s, tgid);
	char *exe;

	if (!p)
		return -ENOMEM;
	/* After an exec, or when another process has got the id, what was known is of another program. */
	exe = read_exe(s, tgid);
	if (exe && (!p->exe || strcmp(exe, p->exe) != 0 || p->pass + 1 < s->pass)) {
		free_maps(p);
		perf_map_forget(&p->jit);
		p->rereads = 0;
		free(p->exe);
		p->exe = exe;
		exe = NULL;
		p->gone = read_maps(s, p) != 0;
	}
	free(exe);
	p->pass = s->pass;
	return p->gone ? -ESRCH : 0;
}

bool symbols_is_kernel_thread(struct symbols *s, pid_t tgid)
{
	struct process *p = process_of(s, tgid);

	return p && !p->gone && !p->nr_maps;
}

static struct mapping *mapping_at(struct process *p, uint64_t ip)
{
	for (size_t i = 0; i < p->nr_maps; i++)
		if (ip >= p->maps[i].start && ip < p->maps[i].end)
			return &p->maps[i];
	return NULL;
}

/* Open the file behind @m: the kernel's own handle on it, or its path if that is still the same file. -1: neither. */
static int open_mapped(struct symbols *s, const struct process *p, const struct mapping *m)
{
	const int flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
	char path[4352];
	struct stat st;
	int fd;

	snprintf(path, sizeof(path), "%s/%d/map_files/%" PRIx64 "-%" PRIx64, s->proc, (int)p->tgid,
		 m->start, m->end);
	fd = open(path, flags);
	if (fd >= 0 && !fstat(fd, &st) && S_ISREG(st.st_mode))
		return fd;
	if (fd >= 0)
		close(fd);
	snprintf(path, sizeof(path), "%s/%d/root%s", s->proc, (int)p->tgid, m->path);
	fd = open(path, flags);
	if (fd < 0)
		fd = open(m->path, flags);
	if (fd >= 0 && !fstat(fd, &st) && S_ISREG(st.st_mode) && st.st_ino == m->inode)
		return fd;
	if (fd >= 0)
		close(fd);
	return -1;
}

/* The ELF file behind @m, opened once for all that map it; NULL where it cannot be used. */
static struct elfsyms *elf_of(struct symbols *s, const struct process *p, struct mapping *m)
{
	struct file key = {.dev = makedev(m->dev_major, m->dev_minor), .inode = m->inode}, *f,
		    **slot;
	int fd;

	if (m->tried)
		return m->elf;
	m->tried = true;
	slot = tfind(&key, &s->files, compare_files);
	if (slot) {
		m->elf = (*slot)->elf;
		return m->elf;
	}
	fd = open_mapped(s, p, m);
	f = calloc(1, sizeof(*f));
	if (!f) {
		if (fd >= 0)
			close(fd);
		return NULL;
	}
	*f = key;
	if (fd >= 0)
		f->elf = elfsyms_open(fd, m->path, !s->no_dwarf);
	if (!tsearch(f, &s->files, compare_files)) {
		free_file(f);
		return NULL;
	}
	m->elf = f->elf;
	return m->elf;
}

static int unknown(struct frame *out, const char *module, const char *build_id, uint64_t address,
		   uint64_t *why)
{
	(*why)++;
	*out = (struct frame){.kind = FRAME_UNKNOWN,
			      .name = "[unknown]",
			      .module = module,
			      .build_id = build_id,
			      .source = "",
			      .address = address};
	return 1;
}

static int jit_frame(struct symbols *s, struct process *p, const struct mapping *m, uint64_t ip,
		     struct frame *out)
{
	const struct range *r = ranges_find(&p->jit.ranges, ip);

	if (!r) {
		perf_map_read(&p->jit, s->proc, p->tgid);
		r = ranges_find(&p->jit.ranges, ip);
	}
	if (!r)
		return unknown(out, m->path[0] ? m->path : "[anon]", "", ip,
			       &s->counts.unknown_jit);
	s->counts.named++;
	*out = (struct frame){.kind = FRAME_JIT,
			      .name = r->name,
			      .module = r->module,
			      .build_id = "",
			      .source = "",
			      .address = ip};
	return 1;
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash && slash[1] ? slash + 1 : path;
}

int symbols_user(struct symbols *s, pid_t tgid, uint64_t ip, bool caller, struct frame *out)
{
	struct process *p = process_of(s, tgid);
	uint64_t at = caller && ip ? ip - 1 : ip, address;
	struct mapping *m = p ? mapping_at(p, at) : NULL;
	struct elfsyms *elf;
	int nr;

	if (p && !m && !p->gone && p->rereads++ < REREADS_MAX && !read_maps(s, p))
		m = mapping_at(p, at);
	if (!m)
		return unknown(out, "", "", at,
			       p && !p->gone ? &s->counts.unknown_unmapped
					     : &s->counts.unknown_gone);
	if (!m->inode || strncmp(m->path, "/memfd:", 7) == 0) {
		if (strcmp(m->path, "[vdso]") != 0)
			return jit_frame(s, p, m, at, out);
		s->counts.named++;
		*out = (struct frame){.kind = FRAME_USER,
				      .name = "[vdso]",
				      .module = "[vdso]",
				      .build_id = "",
				      .source = ""};
		return 1;
	}
	elf = elf_of(s, p, m);
	if (!elf)
		return unknown(out, base_name(m->path), "", at - m->start + m->offset,
			       &s->counts.unknown_no_file);
	address = elfsyms_address(elf, at - m->start + m->offset);
	nr = elfsyms_frames(elf, address, out, SYMBOLS_MAX_INLINE);
	if (nr <= 0)
		return unknown(out, base_name(m->path), elfsyms_build_id(elf), address,
			       &s->counts.unknown_no_symbol);
	s->counts.named++;
	return nr;
}

void symbols_kernel(struct symbols *s, uint64_t ip, bool caller, struct frame *out)
{
	uint64_t at = caller && ip ? ip - 1 : ip;
	const struct range *r = ranges_find(&s->kernel, at);

	if (!r) {
		unknown(out, "kernel", "", at, &s->counts.unknown_kernel);
		return;
	}
	s->counts.named++;
	*out = (struct frame){.kind = FRAME_KERNEL,
			      .name = r->name,
			      .module = r->module,
			      .build_id = "",
			      .source = "",
			      .address = at};
}

void symbols_counts(const struct symbols *s, struct symbols_counts *counts)
{
	*counts = s->counts;
	counts->processes = s->nr_processes;
}
