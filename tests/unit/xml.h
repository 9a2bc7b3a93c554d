/* SPDX-License-Identifier: GPL-2.0 */
/* Whether the pictures are well-formed XML; a checker of the subset that they use, not a parser. */
#ifndef SCHEDLAB_TESTS_XML_H
#define SCHEDLAB_TESTS_XML_H

#include <ctype.h>
#include <stdio.h>
#include <string.h>

/* Whether @text is one element with matching tags, quoted attributes and no stray '<' or '&' (a subset of XML 1.0). */
static inline const char *xml_fault(const char *text)
{
	char stack[256][32];
	const char *at = text;
	int depth = 0, roots = 0;

	while (*at) {
		if (!strncmp(at, "<?xml", 5)) {
			at = strstr(at, "?>") + 2;
		} else if (!strncmp(at, "<![CDATA[", 9)) {
			at = strstr(at, "]]>");
			if (!at)
				return "an open CDATA section";
			at += 3;
		} else if (!strncmp(at, "</", 2)) {
			size_t n = strcspn(at + 2, ">");

			if (!depth || strlen(stack[depth - 1]) != n ||
			    strncmp(stack[depth - 1], at + 2, n) != 0)
				return "tags that do not match";
			depth--;
			at += 2 + n + 1;
		} else if (*at == '<') {
			size_t n = strcspn(at + 1, " />\n");

			if (!isalpha((unsigned char)at[1]) || n > 31 || depth == 256 ||
			    (!depth && roots++))
				return "not a tag";
			snprintf(stack[depth], sizeof(stack[0]), "%.*s", (int)n, at + 1);
			at += 1 + n;
			while (*at == ' ') {
				at += 1 + strcspn(at + 1, "=");
				if (at[0] != '=' || at[1] != '"')
					return "an attribute without quotes";
				n = strcspn(at + 2, "\"<");
				if (at[2 + n] != '"')
					return "an attribute that does not end";
				at += 2 + n + 1;
			}
			if (!strncmp(at, "/>", 2))
				at += 2;
			else if (*at == '>')
				at++, depth++;
			else
				return "a tag that does not end";
		} else if (*at == '&') {
			if (strncmp(at, "&amp;", 5) != 0 && strncmp(at, "&lt;", 4) != 0 &&
			    strncmp(at, "&gt;", 4) != 0 && strncmp(at, "&quot;", 6) != 0 &&
			    strncmp(at, "&#39;", 5) != 0)
				return "a stray ampersand";
			at++;
		} else {
			if ((unsigned char)*at < 0x20 && *at != '\n' && *at != '\t')
				return "a control character";
			at++;
		}
	}
	return depth || roots != 1 ? "elements left open" : NULL;
}

#endif
