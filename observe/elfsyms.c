// SPDX-License-Identifier: GPL-2.0
/*
 * One ELF file's names, by libelf and libdw. Files are read, not mapped: one that is cut short meanwhile gives an
 * error instead of a signal.
 */
#include <dwarf.h>
#include <elfutils/libdw.h>
#include <errno.h>
#include <fcntl.h>
#include <gelf.h>
#include <libelf.h>
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "observe/elfsyms.h"

#define FILE_MAX_BYTES	 (2LL << 30)
#define BUILD_ID_MAX	 64 /* bytes; 20 is usual */
#define SYMBOLS_MAX	 (16u << 20)
#define DEBUG_ROOT	 "/usr/lib/debug"
#define INLINE_DEPTH_MAX 16

struct segment {
	uint64_t offset, address, size;
};

struct function {
	uint64_t start, end; /* end == start: unknown size */
	uint32_t name;	     /* offset in names */
	unsigned char rank;  /* among aliases the highest is shown */
};

/* A file of the pair: the mapped one, and its separate debug file if there is one. */
struct image {
	int fd;
	Elf *elf;
};

/* What was found for an address: kept, as stacks repeat. */
struct answer {
	uint64_t address; /* key */
	int nr;
	struct frame frames[]; /* source is ours to free */
};

struct elfsyms {
	struct image main, debug;
	Dwarf *dwarf;
	char *module; /* base name */
	char build_id[2 * BUILD_ID_MAX + 1];
	struct segment *segments;
	size_t nr_segments;
	struct function *functions;
	size_t nr_functions, cap_functions;
	char *names;
	size_t names_used, names_cap;
	void *answers;
};

/* Take over @fd. Returns 0 or -1. */
static int image_open(struct image *image, int fd)
{
	struct stat st;

	image->fd = fd;
	if (fstat(fd, &st) || !S_ISREG(st.st_mode) || st.st_size > FILE_MAX_BYTES)
		return -1;
	if (elf_version(EV_CURRENT) == EV_NONE)
		return -1;
	image->elf = elf_begin(fd, ELF_C_READ, NULL);
	return image->elf && elf_kind(image->elf) == ELF_K_ELF ? 0 : -1;
}

static void image_close(struct image *image)
{
	elf_end(image->elf);
	if (image->fd >= 0)
		close(image->fd);
	*image = (struct image){.fd = -1};
}

/* The next section of @type after @scn, with its header, or NULL. */
static Elf_Scn *next_section(Elf *elf, Elf_Scn *scn, uint32_t type, GElf_Shdr *header)
{
	while ((scn = elf_nextscn(elf, scn)))
		if (gelf_getshdr(scn, header) && header->sh_type == type)
			return scn;
	return NULL;
}

static bool note_build_id(Elf_Data *data, char *out)
{
	size_t at = 0, name_at, desc_at;
	GElf_Nhdr note;

	while (at < data->d_size && (at = gelf_getnote(data, at, &note, &name_at, &desc_at)) > 0) {
		const unsigned char *desc = (unsigned char *)data->d_buf + desc_at;

		if (note.n_type != NT_GNU_BUILD_ID || note.n_namesz != 4 ||
		    note.n_descsz > BUILD_ID_MAX ||
		    memcmp((char *)data->d_buf + name_at, "GNU", 4) != 0)
			continue;
		for (size_t i = 0; i < note.n_descsz; i++)
			sprintf(out + 2 * i, "%02x", desc[i]);
		return true;
	}
	return false;
}

static void read_build_id(Elf *elf, char *out)
{
	Elf_Scn *scn = NULL;
	GElf_Shdr header;

	out[0] = '\0';
	while ((scn = next_section(elf, scn, SHT_NOTE, &header))) {
		Elf_Data *data = elf_getdata(scn, NULL);

		if (data && note_build_id(data, out))
			return;
	}
}

static void read_segments(struct elfsyms *e)
{
	size_t nr = 0;

	if (elf_getphdrnum(e->main.elf, &nr) || nr > 65535)
		return;
	e->segments = calloc(nr ? nr : 1, sizeof(*e->segments));
	for (size_t i = 0; e->segments && i < nr; i++) {
		GElf_Phdr p;

		if (gelf_getphdr(e->main.elf, (int)i, &p) && p.p_type == PT_LOAD)
			e->segments[e->nr_segments++] =
				(struct segment){p.p_offset, p.p_vaddr, p.p_filesz};
	}
}

/* Keep a copy of @name; its offset, or -1 on lack of memory. */
static int64_t keep_name(struct elfsyms *e, const char *name)
{
	size_t len = strlen(name) + 1, at = e->names_used;

	if (at + len > UINT32_MAX)
		return -1;
	if (at + len > e->names_cap) {
		size_t want = (at + len) * 2 + 4096;
		char *fresh = realloc(e->names, want);

		if (!fresh)
			return -1;
		e->names = fresh;
		e->names_cap = want;
	}
	memcpy(e->names + at, name, len);
	e->names_used += len;
	return (int64_t)at;
}

static int keep_function(struct elfsyms *e, const GElf_Sym *sym, const char *name)
{
	unsigned char bind = GELF_ST_BIND(sym->st_info);
	int64_t at;

	if (e->nr_functions == e->cap_functions) {
		size_t want = e->cap_functions ? e->cap_functions * 2 : 1024;
		struct function *fresh = reallocarray(e->functions, want, sizeof(*fresh));

		if (!fresh)
			return -1;
		e->functions = fresh;
		e->cap_functions = want;
	}
	at = keep_name(e, name);
	if (at < 0)
		return -1;
	e->functions[e->nr_functions++] = (struct function){
		.start = sym->st_value,
		.end = sym->st_value + sym->st_size,
		.name = (uint32_t)at,
		.rank = (unsigned char)((bind == STB_GLOBAL ? 2
					 : bind == STB_WEAK ? 1
							    : 0) *
						2 +
					(name[0] != '_')),
	};
	return 0;
}

static void read_symbols(struct elfsyms *e, Elf *elf, uint32_t type)
{
	Elf_Scn *scn = NULL;
	GElf_Shdr header;

	while ((scn = next_section(elf, scn, type, &header))) {
		Elf_Data *data = elf_getdata(scn, NULL);
		size_t nr = data && header.sh_entsize ? header.sh_size / header.sh_entsize : 0;

		for (size_t i = 0; i < nr && e->nr_functions < SYMBOLS_MAX; i++) {
			const char *name;
			GElf_Sym sym;

			if (!gelf_getsym(data, (int)i, &sym) || sym.st_shndx == SHN_UNDEF ||
			    !sym.st_value ||
			    (GELF_ST_TYPE(sym.st_info) != STT_FUNC &&
			     GELF_ST_TYPE(sym.st_info) != STT_GNU_IFUNC))
				continue;
			name = elf_strptr(elf, header.sh_link, sym.st_name);
			if (name && *name && keep_function(e, &sym, name))
				return;
		}
	}
}

static int compare_functions(const void *a, const void *b)
{
	const struct function *x = a, *y = b;

	if (x->start != y->start)
		return x->start < y->start ? -1 : 1;
	return (int)x->rank - (int)y->rank; /* the last of equals is found */
}

/* The file @path, if it is of the same build. Opens @image; returns 0 or -1. */
static int open_debug(struct elfsyms *e, const char *path)
{
	char build_id[sizeof(e->build_id)];
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	if (fd < 0)
		return -1;
	if (!image_open(&e->debug, fd)) {
		read_build_id(e->debug.elf, build_id);
		if (strcmp(build_id, e->build_id) == 0)
			return 0;
	}
	image_close(&e->debug);
	return -1;
}

/* The name in .gnu_debuglink, or NULL. */
static const char *debug_link(Elf *elf)
{
	Elf_Scn *scn = NULL;
	size_t names;

	if (elf_getshdrstrndx(elf, &names))
		return NULL;
	while ((scn = elf_nextscn(elf, scn))) {
		GElf_Shdr header;
		const char *name;
		Elf_Data *data;

		if (!gelf_getshdr(scn, &header))
			continue;
		name = elf_strptr(elf, names, header.sh_name);
		if (!name || strcmp(name, ".gnu_debuglink") != 0)
			continue;
		data = elf_rawdata(scn, NULL);
		return data && memchr(data->d_buf, 0, data->d_size) && !strchr(data->d_buf, '/')
			       ? data->d_buf
			       : NULL;
	}
	return NULL;
}

static void find_debug(struct elfsyms *e, const char *path)
{
	const char *link = debug_link(e->main.elf), *slash = strrchr(path, '/');
	int dir = slash ? (int)(slash - path) : 0;
	char name[4352];

	if (strlen(e->build_id) <
	    8) /* without one there is no telling whether a file is of the same build */
		return;
	snprintf(name, sizeof(name), DEBUG_ROOT "/.build-id/%.2s/%s.debug", e->build_id,
		 e->build_id + 2);
	if (!open_debug(e, name) || !link)
		return;
	snprintf(name, sizeof(name), DEBUG_ROOT "%.*s/%s", dir, path, link);
	if (!open_debug(e, name))
		return;
	snprintf(name, sizeof(name), "%.*s/.debug/%s", dir, path, link);
	if (!open_debug(e, name))
		return;
	snprintf(name, sizeof(name), "%.*s/%s", dir, path, link);
	open_debug(e, name);
}

static void read_names(struct elfsyms *e, bool dwarf)
{
	if (e->debug.elf)
		read_symbols(e, e->debug.elf, SHT_SYMTAB);
	if (!e->nr_functions)
		read_symbols(e, e->main.elf, SHT_SYMTAB);
	if (!e->nr_functions)
		read_symbols(e, e->main.elf, SHT_DYNSYM);
	if (e->nr_functions)
		qsort(e->functions, e->nr_functions, sizeof(*e->functions), compare_functions);
	if (!dwarf)
		return;
	if (e->debug.elf)
		e->dwarf = dwarf_begin_elf(e->debug.elf, DWARF_C_READ, NULL);
	if (!e->dwarf)
		e->dwarf = dwarf_begin_elf(e->main.elf, DWARF_C_READ, NULL);
}

struct elfsyms *elfsyms_open(int fd, const char *path, bool dwarf)
{
	const char *slash = strrchr(path, '/');
	struct elfsyms *e = calloc(1, sizeof(*e));

	if (!e) {
		close(fd);
		return NULL;
	}
	e->debug.fd = -1;
	e->module = strdup(slash && slash[1] ? slash + 1 : path);
	if (image_open(&e->main, fd) || !e->module) {
		elfsyms_close(e);
		return NULL;
	}
	read_build_id(e->main.elf, e->build_id);
	read_segments(e);
	find_debug(e, path);
	read_names(e, dwarf);
	return e;
}

static void free_answer(void *node)
{
	struct answer *a = node;

	for (int i = 0; i < a->nr; i++)
		free((char *)a->frames[i].source);
	free(a);
}

void elfsyms_close(struct elfsyms *e)
{
	if (!e)
		return;
	tdestroy(e->answers, free_answer);
	dwarf_end(e->dwarf);
	image_close(&e->debug);
	image_close(&e->main);
	free(e->segments);
	free(e->functions);
	free(e->names);
	free(e->module);
	free(e);
}

const char *elfsyms_build_id(const struct elfsyms *e)
{
	return e->build_id;
}

uint64_t elfsyms_address(const struct elfsyms *e, uint64_t offset)
{
	for (size_t i = 0; i < e->nr_segments; i++)
		if (offset >= e->segments[i].offset &&
		    offset - e->segments[i].offset < e->segments[i].size)
			return offset - e->segments[i].offset + e->segments[i].address;
	return offset;
}

static const char *function_at(const struct elfsyms *e, uint64_t address)
{
	size_t low = 0, high = e->nr_functions;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (e->functions[mid].start <= address)
			low = mid + 1;
		else
			high = mid;
	}
	if (!low)
		return NULL;
	/* A symbol without a size reaches to the next one; one with a size may hold smaller ones. */
	for (size_t i = low, looked = 0; i-- > 0 && looked < 16; looked++) {
		const struct function *f = &e->functions[i];

		if (address < f->end || (f->end == f->start && i == low - 1))
			return e->names + f->name;
	}
	return NULL;
}

/* The compilation unit that holds @address: by the index, or by asking each one. */
static bool unit_at(Dwarf *dwarf, uint64_t address, Dwarf_Die *unit)
{
	Dwarf_Off at = 0, next;
	size_t header;

	if (dwarf_addrdie(dwarf, address, unit))
		return true;
	while (!dwarf_nextcu(dwarf, at, &next, &header, NULL, NULL, NULL)) {
		if (dwarf_offdie(dwarf, at + header, unit) && dwarf_haspc(unit, address) == 1)
			return true;
		at = next;
	}
	return false;
}

static char *source_text(const char *file, int line)
{
	const char *slash = file ? strrchr(file, '/') : NULL;
	char *text = NULL;

	if (!file || line <= 0)
		return strdup("");
	return asprintf(&text, "%s:%d", slash ? slash + 1 : file, line) < 0 ? NULL : text;
}

static char *line_of_address(Dwarf_Die *unit, uint64_t address)
{
	Dwarf_Line *line = dwarf_getsrc_die(unit, address);
	int number = 0;

	if (!line || dwarf_lineno(line, &number))
		return strdup("");
	return source_text(dwarf_linesrc(line, NULL, NULL), number);
}

/* Where the function that was folded in had been called. */
static char *line_of_call(Dwarf_Die *unit, Dwarf_Die *inlined)
{
	Dwarf_Word file = 0, line = 0;
	Dwarf_Attribute attr;
	Dwarf_Files *files;
	size_t nr;

	if (dwarf_formudata(dwarf_attr(inlined, DW_AT_call_file, &attr), &file) ||
	    dwarf_formudata(dwarf_attr(inlined, DW_AT_call_line, &attr), &line) ||
	    dwarf_getsrcfiles(unit, &files, &nr) || file >= nr)
		return strdup("");
	return source_text(dwarf_filesrc(files, file, NULL, NULL), (int)line);
}

struct found {
	struct frame frames[INLINE_DEPTH_MAX];
	int nr;
};

static void found_add(struct found *f, const struct elfsyms *e, enum frame_kind kind,
		      const char *name, char *source, uint64_t address)
{
	if (!name || !source || f->nr == INLINE_DEPTH_MAX) {
		free(source);
		return;
	}
	f->frames[f->nr++] = (struct frame){
		.kind = kind,
		.name = name,
		.module = e->module,
		.build_id = e->build_id,
		.source = source,
		.address = address,
	};
}

/*
 * The inlined functions around @address, innermost first, then the real one. The real one's name comes from the
 * symbol table where that has one: it is what other tools show.
 */
static void ask_dwarf(struct elfsyms *e, uint64_t address, const char *symbol, struct found *out)
{
	Dwarf_Die unit, *scopes = NULL, *chain = NULL;
	char *source;
	int nr;

	if (!unit_at(e->dwarf, address, &unit))
		return;
	nr = dwarf_getscopes(&unit, address, &scopes);
	if (nr <= 0)
		return;
	/* The scopes of an inlined function are those of its definition; its parents are where it was folded in. */
	nr = dwarf_getscopes_die(&scopes[0], &chain);
	source = line_of_address(&unit, address);
	for (int i = 0; i < nr; i++) {
		int tag = dwarf_tag(&chain[i]);

		if (tag == DW_TAG_inlined_subroutine) {
			found_add(out, e, FRAME_INLINED, dwarf_diename(&chain[i]), source, address);
			source = line_of_call(&unit, &chain[i]);
		} else if (tag == DW_TAG_subprogram) {
			found_add(out, e, FRAME_USER, symbol ? symbol : dwarf_diename(&chain[i]),
				  source, address);
			source = NULL;
			break;
		}
	}
	free(source);
	free(chain);
	free(scopes);
}

static int compare_answers(const void *a, const void *b)
{
	const struct answer *x = a, *y = b;

	return x->address < y->address ? -1 : x->address > y->address;
}

/* Look @address up and keep the answer; NULL on lack of memory. */
static struct answer *look_up(struct elfsyms *e, uint64_t address)
{
	const char *symbol = function_at(e, address);
	struct found found = {.nr = 0};
	struct answer *a;

	if (e->dwarf)
		ask_dwarf(e, address, symbol, &found);
	if (symbol && (!found.nr || found.frames[found.nr - 1].kind == FRAME_INLINED))
		found_add(&found, e, FRAME_USER, symbol, strdup(""), address);
	a = malloc(sizeof(*a) + (size_t)found.nr * sizeof(a->frames[0]));
	if (a) {
		a->address = address;
		a->nr = found.nr;
		memcpy(a->frames, found.frames, (size_t)found.nr * sizeof(a->frames[0]));
		if (tsearch(a, &e->answers, compare_answers))
			return a;
	}
	for (int i = 0; i < found.nr; i++)
		free((char *)found.frames[i].source);
	free(a);
	return NULL;
}

int elfsyms_frames(struct elfsyms *e, uint64_t address, struct frame *out, int max)
{
	struct answer key = {.address = address},
		      **slot = tfind(&key, &e->answers, compare_answers);
	struct answer *a = slot ? *slot : look_up(e, address);
	int nr;

	if (!a)
		return 0;
	nr = a->nr < max ? a->nr : max;
	if (nr > 0)
		memcpy(out, a->frames, (size_t)nr * sizeof(*out));
	return nr;
}
