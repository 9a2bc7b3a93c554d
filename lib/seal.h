/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A checksum inside a result document: finds a file that was edited, cut or mixed up by accident. It is no signature:
 * whoever edits a file on purpose can seal it again.
 */
#ifndef SCHEDLAB_LIB_SEAL_H
#define SCHEDLAB_LIB_SEAL_H

#include <jansson.h>

/*
 * Set @document's "checksum" to "fnv1a64:<16 hex digits>" over all its other members: kinds, keys in byte order, values.
 * Layout and the order of keys do not count, so a file that a tool has indented anew still has the same checksum.
 * Call it last, before the file is written. Returns 0, -EINVAL (not an object) or -ENOMEM.
 */
int seal_add(json_t *document);

/* Returns 0, -ENOENT (no checksum), -EUCLEAN (it differs) or -ENOMEM. */
int seal_check(const json_t *document);

#endif
