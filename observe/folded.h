/* SPDX-License-Identifier: GPL-2.0 */
/* Folded stacks, the field's exchange format: "command;outer;inner VALUE", one stack a line. */
#ifndef SCHEDLAB_OBSERVE_FOLDED_H
#define SCHEDLAB_OBSERVE_FOLDED_H

#include <stddef.h>
#include <stdio.h>

#include "observe/stacks.h"

struct folded_options {
	uint64_t
		unit_ns; /* values are written in this many ns, rounded down; 0 means 1000 (us, as in the field) */
	bool states;	      /* end each stack with a frame "[sleeping]", "[preempted]", ... */
	bool annotate_kernel; /* "_[k]" behind kernel frames, "_[i]" inlined, "_[j]" JIT, "_[w]" the waker's: what the field's tools read */
};

/* Write @p (sorted by the caller, profile_sort()) to @out. Returns 0 or -errno. Stacks of less than a unit are 0. */
int folded_write(const struct profile *p, const struct folded_options *options, FILE *out);

/*
 * Read folded text (@len bytes) with values in @unit_ns into the uninitialised @p: the first frame is the process,
 * "_[k]", "_[i]", "_[j]" and "_[w]" give the kind and a last frame "[sleeping]" and so on the state (else sleeping).
 * Returns 0, -ENOMEM, or -EINVAL with "line N: ..." in @error.
 */
int folded_read(const char *text, size_t len, uint64_t unit_ns, struct profile *p, char *error,
		size_t error_size);

#endif
