/* SPDX-License-Identifier: GPL-2.0 */
/* The BPF scheduler objects carried inside the binary; the table is made by build-aux/embed. */
#ifndef SCHEDLAB_LIB_EMBED_H
#define SCHEDLAB_LIB_EMBED_H

#include <stddef.h>

/* One object: its scheduler's name ("fifo") and its bytes [begin, end). Static storage, never freed. */
struct embedded {
	const char *name;
	const unsigned char *begin;
	const unsigned char *end;
};

/* All embedded objects, sorted by name, ended by an entry whose name is NULL. */
extern const struct embedded embedded_objects[];

#endif
