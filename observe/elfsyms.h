/* SPDX-License-Identifier: GPL-2.0 */
/*
 * One ELF file's names: function symbols, inlined functions and source lines by DWARF, build-id. Part of the
 * symbolizer (symbols.h); knows nothing of processes.
 */
#ifndef SCHEDLAB_OBSERVE_ELFSYMS_H
#define SCHEDLAB_OBSERVE_ELFSYMS_H

#include <stdbool.h>
#include <stdint.h>

#include "observe/stacks.h"

struct elfsyms;

/*
 * Take over @fd (closed by elfsyms_close(), or here on failure), a regular file that was opened as @path. Separate
 * debug information is looked for below /usr/lib/debug by build-id, then by the debug link. @dwarf: use DWARF.
 * NULL where it is no ELF file that we can read.
 */
struct elfsyms *elfsyms_open(int fd, const char *path, bool dwarf);
void elfsyms_close(struct elfsyms *e);

/* The file's own address of the byte at @offset in it, by the program headers; @offset itself where none holds it. */
uint64_t elfsyms_address(const struct elfsyms *e, uint64_t offset);

/*
 * Name @address into @out (@max of them), innermost first. Returns how many, 0 where no function is there. The text
 * lives until elfsyms_close().
 */
int elfsyms_frames(struct elfsyms *e, uint64_t address, struct frame *out, int max);

/* Hexadecimal, "" where there is none. */
const char *elfsyms_build_id(const struct elfsyms *e);

#endif
