/* SPDX-License-Identifier: GPL-2.0 */
/* SHA-256, by nettle: names the bytes that a run depended on (objects, workload files, traces). */
#ifndef SCHEDLAB_LIB_DIGEST_H
#define SCHEDLAB_LIB_DIGEST_H

#include <stddef.h>

#define DIGEST_HEX_SIZE 65 /* 64 hexadecimal digits and the NUL */

/* The SHA-256 of @size bytes, in lower-case hexadecimal. */
void digest_bytes(const void *data, size_t size, char hex[DIGEST_HEX_SIZE]);

#endif
