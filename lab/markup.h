/* SPDX-License-Identifier: GPL-2.0 */
/* Text made safe for XML and HTML. Shared by junit.c and report.c. */
#ifndef SCHEDLAB_LAB_MARKUP_H
#define SCHEDLAB_LAB_MARKUP_H

#include <stdio.h>

/* @text with the five special characters escaped, and control characters and broken UTF-8 shown as \xNN. */
void markup_put(FILE *out, const char *text);
/* JSON for a script element: as compact text in which no "</script" or "<!--" can stand. */
int markup_put_json(FILE *out, const char *json);

#endif
