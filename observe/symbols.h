/* SPDX-License-Identifier: GPL-2.0 */
/*
 * From addresses to names: the kernel's by /proc/kallsyms, a process's by the symbol tables and the DWARF inlining of
 * the ELF files it has mapped (also separate debug files found by build-id or debug link), JIT code by perf maps.
 * Nothing is fetched from a network. Reads files that the observed processes chose: only regular ones, of bounded
 * size, checked to be the mapped ones; what is wrong in them gives unknown names, never a failure.
 * C++ and Rust names stay as they are in the file (mangled).
 */
#ifndef SCHEDLAB_OBSERVE_SYMBOLS_H
#define SCHEDLAB_OBSERVE_SYMBOLS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "observe/stacks.h"

struct symbols;

/* Zeroed: what a program on a live system wants. */
struct symbols_options {
	const char *kallsyms; /* NULL: /proc/kallsyms */
	const char *proc;     /* NULL: /proc */
	bool no_dwarf; /* names from symbol tables only: no inlined frames, no source lines */
};

/* What could not be named, and why. */
struct symbols_counts {
	uint64_t named;
	uint64_t
		unknown_kernel; /* no symbol at the address, or kallsyms shows no addresses (kptr_restrict) */
	uint64_t unknown_gone;	    /* the process had ended before its mappings were read */
	uint64_t unknown_unmapped;  /* the process has no mapping there (any more) */
	uint64_t unknown_no_file;   /* the mapped file cannot be read, was replaced, or is no ELF */
	uint64_t unknown_no_symbol; /* the file has no symbol there: stripped, or a jump table */
	uint64_t unknown_jit;	    /* generated code without a perf map entry */
	uint64_t processes;	    /* remembered now: at most SYMBOLS_MAX_PROCESSES */
	bool kernel_hidden; /* kallsyms shows no addresses: run as root with kernel.kptr_restrict below 2 */
};

#define SYMBOLS_MAX_INLINE 16

/* Returns a fresh symbolizer, or NULL on lack of memory. A missing kallsyms is counted, not an error. */
struct symbols *symbols_open(const struct symbols_options *options);
void symbols_close(struct symbols *s);

/* Processes whose mappings are remembered; beyond, those are forgotten that have not been met for the longest. */
#define SYMBOLS_MAX_PROCESSES 8192

/*
 * A pass over all processes begins: each living one is remembered in it. One that was not in the last pass has got its id
 * anew, and its mappings are read again.
 */
void symbols_new_pass(struct symbols *s);
/*
 * Read the mappings of process @tgid now, so that its addresses can be named after it has ended. Cheap when it is known
 * already; after an exec they are read anew. Returns 0, -ENOMEM, or -ESRCH (had ended).
 */
int symbols_remember(struct symbols *s, pid_t tgid);
/* Whether @tgid is a living process without mappings: its user stacks cannot be missing. */
bool symbols_is_kernel_thread(struct symbols *s, pid_t tgid);

/*
 * Name the kernel address @ip into @out. @caller: @ip is a return address, so the call stands before it.
 * Always fills @out; its text lives until symbols_close().
 */
void symbols_kernel(struct symbols *s, uint64_t ip, bool caller, struct frame *out);

/*
 * Name @ip of process @tgid into @out[SYMBOLS_MAX_INLINE], innermost first: the inlined functions, then the function
 * that holds them. Returns how many frames (at least 1: an unknown one). Text lives until symbols_close().
 */
int symbols_user(struct symbols *s, pid_t tgid, uint64_t ip, bool caller, struct frame *out);

void symbols_counts(const struct symbols *s, struct symbols_counts *counts);

#endif
