// SPDX-License-Identifier: GPL-2.0
/* How a scheduler ended, by the kernel's log: a socket that keeps records apart stands in for it. */
#include "tests/unit/unit.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "loader/kmsg.h"
#include "loader/loader.h"

/* Returns the kind that @records (up to a NULL) tell of the scheduler "fifo". */
static int32_t kind_of(const char *const *records, char *reason, size_t size)
{
	int fds[2];
	int32_t kind;

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, fds), 0);
	for (; *records; records++)
		assert_true(send(fds[0], *records, strlen(*records), 0) > 0);
	kind = kmsg_find_end(fds[1], "fifo", reason, size);
	close(fds[0]);
	close(fds[1]);
	return kind;
}

static void test_end(void **state)
{
	const char *const records[] = {
		"6,100,29,-;sched_ext: BPF scheduler \"fifo\" enabled\n",
		"6,101,30,-;sched_ext: BPF scheduler \"fifo2\" disabled (runtime error)\n",
		"4,102,31,c,more=fields;sysrq: Disable sched_ext\n SUBSYSTEM=x\n",
		"6,103,32,-;sched_ext: BPF scheduler \"fifo\" disabled (disabled by sysrq-S)\n",
		"3,104,33,-;sched_ext: BPF scheduler \"fifo\" disabled (runtime error)\n",
		NULL};
	char reason[64];

	assert_int_equal(kind_of(records, reason, sizeof(reason)), LOADER_KIND_SYSRQ);
	assert_string_equal(reason, "disabled by sysrq-S");
	assert_int_equal(kind_of(records + 4, reason, sizeof(reason)), LOADER_KIND_ERROR);
}

/* What a user wrote into the log, and what nobody understands, is nothing. */
static void test_not_the_kernels(void **state)
{
	const char *const records[] = {
		"12,1,1,-;sched_ext: BPF scheduler \"fifo\" disabled (disabled by sysrq-S)\n",
		"6,2,1,-;x sched_ext: BPF scheduler \"fifo\" disabled (disabled by sysrq-S)\n",
		"6,3,1,-;sched_ext: BPF scheduler \"fifo\" disabled (disabled by",
		"6,4,1,-;sched_ext: BPF scheduler \"fifo\" disabled (tired)\n",
		"6,5,1,-",
		NULL};
	char reason[64] = "x";

	assert_int_equal(kind_of(records, reason, sizeof(reason)), LOADER_KIND_NONE);
	assert_string_equal(reason, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_end),
		cmocka_unit_test(test_not_the_kernels),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
