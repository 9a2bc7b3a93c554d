// SPDX-License-Identifier: GPL-2.0
/* SHA-256, see lib/digest.h. */
#include <nettle/sha2.h>
#include <stdio.h>

#include "lib/digest.h"

void digest_bytes(const void *data, size_t size, char hex[DIGEST_HEX_SIZE])
{
	unsigned char digest[SHA256_DIGEST_SIZE];
	struct sha256_ctx context;
	size_t i;

	sha256_init(&context);
	sha256_update(&context, size, data);
	sha256_digest(&context, sizeof(digest), digest);
	for (i = 0; i < sizeof(digest); i++)
		snprintf(hex + 2 * i, 3, "%02x", digest[i]);
}
