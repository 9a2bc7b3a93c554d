// SPDX-License-Identifier: GPL-2.0
/* The kernel's dump after a stall: who held the CPU of the task that waited. */
#include "tests/unit/unit.h"

#include <string.h>

#include "loader/loader.h"

#define CPU(n, curr, class)                                                 \
	"CPU " n "   : nr_run=4 flags=0x5 cpu_rel=1 ops_qseq=1 pnt_seq=2\n" \
	"          curr=" curr " class=" class "_sched_class\n\n"
#define RUNNABLE(task, waited) "  R " task " -" waited "ms\n      cpus=2 no_mig=0\n\n"

static bool holder(const char *message, const char *dump, char *out, size_t size)
{
	struct loader_exit exit = {.dump = dump};

	snprintf(exit.message, sizeof(exit.message), "%s", message);
	return loader_exit_holder(&exit, out, size);
}

static void test_held(void **state)
{
	const char *dump = "CPU states\n----------\n\n" CPU("0", "hog[7]", "ext")
		RUNNABLE("odd [name[61]", "40") CPU("13", "spin[792]", "rt")
			RUNNABLE("odd [name[60]", "33852");
	char out[96];

	assert_true(holder("odd [name[60] failed to run for 33.852s", dump, out, sizeof(out)));
	assert_string_equal(out, "spin[792] held CPU 13");
}

static void test_not_held(void **state)
{
	const char *ext = CPU("0", "spin[792]", "rt") RUNNABLE("other[5]", "9")
		CPU("1", "hog[7]", "ext") RUNNABLE("late[60]", "30000");
	char out[96];

	assert_false(holder("late[60] failed to run for 30.0s", ext, out, sizeof(out)));
	/* Cut short before the CPU in question, or never made. */
	assert_false(holder("gone[61] failed to run for 30.0s", ext, out, sizeof(out)));
	assert_false(holder("late[60] failed to run for 30.0s", "", out, sizeof(out)));
	/* Another verdict; a message nobody knows. */
	assert_false(holder("late[60] did something else", ext, out, sizeof(out)));
	assert_false(holder("] failed to run for 1s", ext, out, sizeof(out)));
	assert_false(holder("", ext, out, sizeof(out)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_held),
		cmocka_unit_test(test_not_held),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
