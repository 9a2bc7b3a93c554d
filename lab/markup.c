// SPDX-License-Identifier: GPL-2.0
/* Escaping for XML and HTML, see lab/markup.h. Writes text nodes and quoted attributes, nothing else. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lab/markup.h"
#include "lib/cli.h"

static void put_one(FILE *out, char c)
{
	switch (c) {
	case '&':
		fputs("&amp;", out);
		break;
	case '<':
		fputs("&lt;", out);
		break;
	case '>':
		fputs("&gt;", out);
		break;
	case '"':
		fputs("&quot;", out);
		break;
	case '\'':
		fputs("&#39;", out);
		break;
	default:
		fputc(c, out);
	}
}

void markup_put(FILE *out, const char *text)
{
	/* Each byte takes at most four ("\xNN"). */
	size_t size = 4 * strlen(text) + 1;
	char *safe = malloc(size);

	if (!safe) {
		fputs("?", out);
		return;
	}
	cli_printable(text, safe, size);
	for (const char *c = safe; *c; c++)
		put_one(out, *c);
	free(safe);
}

int markup_put_json(FILE *out, const char *json)
{
	for (; *json; json++) {
		if (*json == '<')
			fputs("\\u003c", out);
		else
			fputc((unsigned char)*json, out);
	}
	return ferror(out) ? -EIO : 0;
}
