/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Profiles as speedscope JSON: one "sampled" profile for each state that occurs, weights in nanoseconds.
 * Format: https://www.speedscope.app/file-format-schema.json
 */
#ifndef SCHEDLAB_OBSERVE_SPEEDSCOPE_H
#define SCHEDLAB_OBSERVE_SPEEDSCOPE_H

#include <jansson.h>

#include "observe/stacks.h"

/* The document for @p, called @name (made plain). NULL on lack of memory. */
json_t *speedscope_json(const struct profile *p, const char *name);

#endif
