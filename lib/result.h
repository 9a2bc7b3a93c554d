/* SPDX-License-Identifier: GPL-2.0 */
/* The result document, schema "schedlab.result/1": its frame. Rooms fill in their parts; docs/result.md lists every field. */
#ifndef SCHEDLAB_LIB_RESULT_H
#define SCHEDLAB_LIB_RESULT_H

#include <jansson.h>

#define RESULT_SCHEMA "schedlab.result/1"

/*
 * A fresh document with schema, evidence, environment and a scheduler object that says what sysfs says now
 * ("default" or the attached ops); workload, metrics, classes, oracles, ledger, exit are null or empty until set.
 * NULL on lack of memory.
 */
json_t *result_new(void);

/* Mark the run not valid and add a reason. Returns 0 or -ENOMEM. */
int result_invalidate(json_t *result, const char *reason);

/* Read the attached ops again into scheduler.ops_after; a change since result_new() invalidates. Returns 0 or -errno. */
int result_finish(json_t *result);

/*
 * Seal @result (lib/seal.h) and replace @path with it, whole or not at all; on one line, since a thousand of them are
 * to be read in a second. Returns 0 or -errno.
 */
int result_write(json_t *result, const char *path);

#endif
