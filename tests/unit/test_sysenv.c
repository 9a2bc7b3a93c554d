// SPDX-License-Identifier: GPL-2.0
/* What the machine is, and the frame of a result document that says it. Runs on any kernel, without root. */
#include "tests/unit/unit.h"
#include <sys/utsname.h>
#include <unistd.h>
#include "lib/result.h"
#include "lib/sysenv.h"

static void evidence_has_a_name(void **state)
{
	assert_string_equal(sysenv_evidence_name(EVIDENCE_METAL), "metal");
	assert_string_equal(sysenv_evidence_name(EVIDENCE_KVM), "kvm");
	assert_string_equal(sysenv_evidence_name(EVIDENCE_TCG), "tcg");
	assert_string_equal(sysenv_evidence_name(EVIDENCE_ICOUNT), "icount");
	assert_non_null(sysenv_evidence_name(sysenv_evidence()));
}

static void environment_names_this_kernel(void **state)
{
	json_t *env = sysenv_to_json();
	struct utsname uts;
	char *text;

	assert_non_null(env);
	assert_true(json_is_object(env));
	assert_int_equal(uname(&uts), 0);
	text = json_dumps(env, 0);
	assert_non_null(text);
	assert_non_null(strstr(text, uts.release));
	free(text);
	/* Linux ticks 24 to 1,200 times a second, whatever the machine. */
	assert_in_range(json_integer_value(json_object_get(env, "hz")), 24, 1200);
	assert_true(json_is_object(json_object_get(env, "mitigations")));
	json_decref(env);
}

static void sched_ext_agrees_with_sysfs(void **state)
{
	char ops[128] = "unset";
	int status = sysenv_active_ops(ops, sizeof(ops));

	assert_int_equal(sysenv_has_sched_ext(), access("/sys/kernel/sched_ext", F_OK) == 0);
	if (sysenv_has_sched_ext())
		assert_int_equal(status, 0);
	else
		assert_int_equal(status, -ENOTSUP);
}

static void result_has_its_frame(void **state)
{
	json_t *result = result_new();

	assert_non_null(result);
	assert_string_equal(json_string_value(json_object_get(result, "schema")), RESULT_SCHEMA);
	assert_string_equal(json_string_value(json_object_get(result, "evidence")),
			    sysenv_evidence_name(sysenv_evidence()));
	assert_true(json_is_object(json_object_get(result, "environment")));
	assert_true(json_is_object(json_object_get(result, "scheduler")));
	assert_true(json_is_true(json_object_get(json_object_get(result, "validity"), "valid")));
	json_decref(result);
}

static void reasons_add_up(void **state)
{
	json_t *result = result_new(), *validity;

	assert_non_null(result);
	assert_int_equal(result_invalidate(result, "first"), 0);
	assert_int_equal(result_invalidate(result, "second"), 0);
	validity = json_object_get(result, "validity");
	assert_true(json_is_false(json_object_get(validity, "valid")));
	assert_int_equal(json_array_size(json_object_get(validity, "reasons")), 2);
	assert_string_equal(
		json_string_value(json_array_get(json_object_get(validity, "reasons"), 1)),
		"second");
	json_decref(result);
}

static void an_unchanged_scheduler_stays_valid(void **state)
{
	json_t *result = result_new();

	assert_non_null(result);
	assert_int_equal(result_finish(result), 0);
	assert_true(json_is_true(json_object_get(json_object_get(result, "validity"), "valid")));
	assert_non_null(json_object_get(json_object_get(result, "scheduler"), "ops_after"));
	json_decref(result);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(evidence_has_a_name),
		cmocka_unit_test(environment_names_this_kernel),
		cmocka_unit_test(sched_ext_agrees_with_sysfs),
		cmocka_unit_test(result_has_its_frame),
		cmocka_unit_test(reasons_add_up),
		cmocka_unit_test(an_unchanged_scheduler_stays_valid),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
