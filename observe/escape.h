/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Names made safe for every format that the views write. Task, cgroup, file and function names are chosen by those
 * who are observed: they hold separators, quotes, terminal sequences and broken UTF-8. Each function first makes the
 * name plain (control characters, bytes that are not UTF-8 and the code points that reorder or hide text become
 * \xNN, byte by byte), then quotes what the format needs. All outputs are valid UTF-8 on one line.
 */
#ifndef SCHEDLAB_OBSERVE_ESCAPE_H
#define SCHEDLAB_OBSERVE_ESCAPE_H

#include <stddef.h>

enum escape_format {
	ESCAPE_TERMINAL, /* plain only: for text output and ncurses */
	ESCAPE_FOLDED,	 /* plain; ';' becomes \x3b, as it parts frames */
	ESCAPE_XML,	 /* plain; & < > " ' as entities: for text and for attributes */
	ESCAPE_JSON,	 /* plain; quotes and backslashes escaped: the inside of a JSON string */
	ESCAPE_DOT, /* plain; quotes and backslashes escaped: the inside of a quoted DOT identifier */
	ESCAPE_PROMETHEUS, /* plain; quotes and backslashes escaped: the inside of a label's value */
};

/*
 * Write @text (@len bytes; may hold NUL bytes, which are escaped too) for @format into @out, always terminated where
 * @size > 0. An output that does not fit is cut before the first character or escape that does not fit whole.
 * Returns the length that the whole output needs, without the NUL.
 */
size_t escape_bytes(enum escape_format format, const char *text, size_t len, char *out,
		    size_t size);

/* The same for a NUL-terminated @text; returns @out. */
char *escape_name(enum escape_format format, const char *text, char *out, size_t size);

/* The same into fresh memory (the caller frees), or NULL on lack of memory. */
char *escape_dup(enum escape_format format, const char *text);

/*
 * Length of the well-formed UTF-8 character at the start of @text (@len bytes), or 0 where there is none
 * (Unicode 15, table 3-7: no overlong forms, no surrogates, nothing above U+10FFFF). The code point goes to @code.
 */
size_t utf8_char(const char *text, size_t len, unsigned int *code);

#endif
