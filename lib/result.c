// SPDX-License-Identifier: GPL-2.0
/* The frame of a result document, see lib/result.h. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/fileio.h"
#include "lib/result.h"
#include "lib/seal.h"
#include "lib/sysenv.h"

#define OPS_NAME_MAX 128

/* The attached ops, or "default"; a kernel without sched_ext has only its default. */
static int active_scheduler(char *out, size_t size)
{
	int err = sysenv_active_ops(out, size);

	if (err && err != -ENOTSUP)
		return err;
	if (!out[0])
		snprintf(out, size, "default");
	return 0;
}

json_t *result_new(void)
{
	char ops[OPS_NAME_MAX];

	if (active_scheduler(ops, sizeof(ops)))
		snprintf(ops, sizeof(ops), "unknown");
	return json_pack(
		"{s:s, s:s, s:o, s:{s:s, s:s, s:{}, s:n, s:s, s:n}, s:n, s:{s:b, s:[]}, s:{}, "
		"s:[], s:[], s:n,"
		" s:{}, s:{}, s:n, s:{}}",
		"schema", RESULT_SCHEMA, "evidence", sysenv_evidence_name(sysenv_evidence()),
		"environment", sysenv_to_json(), "scheduler", "name", ops, "kind",
		strcmp(ops, "default") ? "sched_ext" : "default", "tunables", "object_sha256",
		"ops_before", ops, "ops_after", "workload", "validity", "valid", 1, "reasons",
		"metrics", "classes", "oracles", "ledger", "identities", "losses", "exit", "host");
}

int result_invalidate(json_t *result, const char *reason)
{
	json_t *validity = json_object_get(result, "validity");

	if (json_object_set_new(validity, "valid", json_false()) ||
	    json_array_append_new(json_object_get(validity, "reasons"), json_string(reason)))
		return -ENOMEM;
	return 0;
}

int result_finish(json_t *result)
{
	json_t *scheduler = json_object_get(result, "scheduler");
	const char *before = json_string_value(json_object_get(scheduler, "ops_before"));
	char ops[OPS_NAME_MAX], reason[3 * OPS_NAME_MAX];
	int err = active_scheduler(ops, sizeof(ops));

	if (err)
		return err;
	if (json_object_set_new(scheduler, "ops_after", json_string(ops)))
		return -ENOMEM;
	if (before && !strcmp(before, ops))
		return 0;
	snprintf(reason, sizeof(reason), "the scheduler changed from %s to %s during the run",
		 before ? before : "unknown", ops);
	return result_invalidate(result, reason);
}

int result_write(json_t *result, const char *path)
{
	int err = seal_add(result);

	return err ? err : file_replace_json(path, result, JSON_COMPACT);
}
