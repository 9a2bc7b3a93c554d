// SPDX-License-Identifier: GPL-2.0
/* Names made safe for every output format. Knows nothing of what the names mean. */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "observe/escape.h"

size_t utf8_char(const char *text, size_t len, unsigned int *code)
{
	/* Least code point of each length: what needs fewer bytes is an overlong form. */
	static const unsigned int least[] = {0, 0, 0x80, 0x800, 0x10000};
	const unsigned char *s = (const unsigned char *)text;
	unsigned int c;
	size_t n;

	if (!len)
		return 0;
	if (s[0] < 0x80) {
		*code = s[0];
		return 1;
	}
	if ((s[0] & 0xe0) == 0xc0)
		n = 2;
	else if ((s[0] & 0xf0) == 0xe0)
		n = 3;
	else if ((s[0] & 0xf8) == 0xf0)
		n = 4;
	else
		return 0;
	if (n > len)
		return 0;
	c = s[0] & (0x7fU >> n);
	for (size_t i = 1; i < n; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (s[i] & 0x3f);
	}
	if (c < least[n] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		return 0;
	*code = c;
	return n;
}

/* Characters that move the cursor, break a line, hide or reorder text, or that XML 1.0 forbids. */
static bool must_hide(unsigned int c)
{
	return c < 0x20 || (c >= 0x7f && c <= 0x9f) || c == 0xad || c == 0x61c ||
	       (c >= 0x200b && c <= 0x200f) || (c >= 0x2028 && c <= 0x202e) ||
	       (c >= 0x2060 && c <= 0x206f) || c == 0xfeff || (c >= 0xfff9 && c <= 0xfffb) ||
	       (c >= 0xfdd0 && c <= 0xfdef) || (c & 0xfffe) == 0xfffe ||
	       (c >= 0xe0000 && c <= 0xe007f);
}

/* What @format writes for the plain ASCII character @c, or NULL for the character itself. */
static const char *quoted(enum escape_format format, unsigned int c)
{
	switch (format) {
	case ESCAPE_TERMINAL:
		return NULL;
	case ESCAPE_FOLDED:
		return c == ';' ? "\\x3b" : NULL;
	case ESCAPE_XML:
		switch (c) {
		case '&':
			return "&amp;";
		case '<':
			return "&lt;";
		case '>':
			return "&gt;";
		case '"':
			return "&quot;";
		case '\'':
			return "&#39;";
		default:
			return NULL;
		}
	case ESCAPE_JSON:
	case ESCAPE_DOT:
	case ESCAPE_PROMETHEUS:
		return c == '"' ? "\\\"" : c == '\\' ? "\\\\" : NULL;
	}
	return NULL;
}

struct sink {
	char *out;
	size_t size;
	size_t used; /* bytes written, without the NUL */
	size_t need; /* bytes that the whole output needs */
	bool full;
};

static void put(struct sink *sink, const char *bytes, size_t len)
{
	sink->need += len;
	if (!sink->out || sink->full || sink->used + len >= sink->size) {
		sink->full = true;
		return;
	}
	memcpy(sink->out + sink->used, bytes, len);
	sink->used += len;
}

/* The escape \xNN, whose backslash the quoting formats must double. */
static void put_hex(struct sink *sink, enum escape_format format, unsigned char byte)
{
	char text[8];
	bool twice = format == ESCAPE_JSON || format == ESCAPE_DOT || format == ESCAPE_PROMETHEUS;
	int n = snprintf(text, sizeof(text), "%s\\x%02x", twice ? "\\" : "", byte);

	put(sink, text, (size_t)n);
}

size_t escape_bytes(enum escape_format format, const char *text, size_t len, char *out, size_t size)
{
	struct sink sink = {.out = out, .size = size};
	size_t at = 0;

	while (at < len) {
		unsigned int code = 0;
		size_t n = utf8_char(text + at, len - at, &code);
		const char *q;

		if (!n || must_hide(code)) {
			for (size_t i = 0; i < (n ? n : 1); i++)
				put_hex(&sink, format, (unsigned char)text[at + i]);
			at += n ? n : 1;
			continue;
		}
		q = quoted(format, code);
		if (q)
			put(&sink, q, strlen(q));
		else
			put(&sink, text + at, n);
		at += n;
	}
	if (size)
		out[sink.used] = '\0';
	return sink.need;
}

char *escape_name(enum escape_format format, const char *text, char *out, size_t size)
{
	escape_bytes(format, text, strlen(text), out, size);
	return out;
}

char *escape_dup(enum escape_format format, const char *text)
{
	size_t len = strlen(text);
	size_t need = escape_bytes(format, text, len, NULL, 0) + 1;
	char *out = malloc(need);

	if (out)
		escape_bytes(format, text, len, out, need);
	return out;
}
