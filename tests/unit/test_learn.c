// SPDX-License-Identifier: GPL-2.0
/* Jobs learned from traces in ftrace's and perf's text. */
#include "tests/unit/unit.h"

#include "workloads/learn.h"

#define WAKE(t, comm, pid)                                                    \
	"  <idle>-0  [000] d.h4. " t ": sched_waking: comm=" comm " pid=" pid \
	" prio=120 target_cpu=000\n"
#define SWITCH(t, prev, ppid, state, next, npid)                                    \
	"  x-1  [000] d..2. " t ": sched_switch: prev_comm=" prev " prev_pid=" ppid \
	" prev_prio=120 prev_state=" state " ==> next_comm=" next " next_pid=" npid \
	" next_prio=120\n"

/* Woken at 1.000100, runs for 200 us, preempted, runs for 50 us more, blocks; then a second job of 1 ms. */
static const char two_jobs[] = "# tracer: nop\n" WAKE("1.000100", "web server", "12") SWITCH(
	"1.000150", "swapper/0", "0", "R", "web server", "12") WAKE("1.000200", "other", "13")
	SWITCH("1.000350", "web server", "12", "R+", "other",
	       "13") SWITCH("1.000500", "other", "13", "S", "web server",
			    "12") SWITCH("1.000550", "web server", "12", "S", "swapper/0", "0")
		WAKE("1.010100", "web server", "12") WAKE("1.010110", "web server", "12")
			SWITCH("1.010200", "swapper/0", "0", "R", "web server", "12")
				SWITCH("1.011200", "web server", "12", "D", "swapper/0", "0")
					WAKE("1.020000", "web server", "12");

static void learns_two_jobs(void **state)
{
	struct learned l;
	char error[256];

	assert_int_equal(learn_jobs(two_jobs, "web server", &l, error, sizeof(error)), 0);
	assert_int_equal(l.count, 2);
	assert_int_equal(l.jobs[0].arrival_ns, 0);
	assert_int_equal(l.jobs[0].service_ns, 250000);
	assert_int_equal(l.jobs[1].arrival_ns, 10000000);
	assert_int_equal(l.jobs[1].service_ns, 1000000);
	assert_int_equal(l.tasks, 1);
	assert_int_equal(l.unfinished, 1);
	assert_int_equal(l.unbegun, 0);
	learned_free(&l);
}

static void a_number_is_a_thread(void **state)
{
	struct learned l;
	char error[256];

	assert_int_equal(learn_jobs(two_jobs, "13", &l, error, sizeof(error)), 0);
	assert_int_equal(l.count, 1);
	assert_int_equal(l.jobs[0].service_ns, 150000);
	learned_free(&l);
}

static void perf_script(void **state)
{
	static const char text[] =
		"swapper 0 [000] 5.100000001: sched:sched_waking: comm=a pid=7 prio=120 "
		"target_cpu=0\n"
		"swapper 0 [000] 5.100000011: sched:sched_switch: prev_comm=swapper/0 prev_pid=0 "
		"prev_prio=120 prev_state=R ==> next_comm=a next_pid=7 next_prio=120\n"
		"a 7 [000] 5.100000111: sched:sched_switch: prev_comm=a prev_pid=7 prev_prio=120 "
		"prev_state=S ==> next_comm=swapper/0 next_pid=0 next_prio=120\n";
	struct learned l;
	char error[256], *out = NULL;
	size_t size;
	FILE *file;

	assert_int_equal(learn_jobs(text, "a", &l, error, sizeof(error)), 0);
	assert_int_equal(l.count, 1);
	assert_int_equal(l.jobs[0].service_ns, 100);
	file = open_memstream(&out, &size);
	assert_non_null(file);
	assert_int_equal(learned_print(&l, file), 0);
	fclose(file);
	assert_string_equal(out,
			    "# arrival and service of 1 jobs of 1 tasks, learned from a trace\n"
			    "0ns 100ns\n");
	free(out);
	learned_free(&l);
}

/* Running when the capture begins: no arrival is known, so it is no job. */
static void no_wakeup_no_job(void **state)
{
	static const char text[] =
		SWITCH("1.0", "x", "1", "S", "a", "7") SWITCH("1.5", "a", "7", "S", "x", "1")
			WAKE("2.0", "a", "7") SWITCH("2.1", "x", "1", "R", "a", "7")
				SWITCH("2.2", "a", "7", "S", "x", "1");
	struct learned l;
	char error[256];

	assert_int_equal(learn_jobs(text, "a", &l, error, sizeof(error)), 0);
	assert_int_equal(l.count, 1);
	assert_int_equal(l.unbegun, 1);
	assert_int_equal(l.jobs[0].service_ns, 100000000);
	learned_free(&l);
}

static void refuses(const char *text, const char *task, int err, const char *message)
{
	struct learned l;
	char error[256] = "";

	assert_int_equal(learn_jobs(text, task, &l, error, sizeof(error)), err);
	assert_string_equal(error, message);
	assert_null(l.jobs);
}

static void refuses_what_it_cannot_read(void **state)
{
	refuses("", "a", -ENOENT, "no sched_waking or sched_switch in this capture");
	refuses("nonsense\n\n", "a", -ENOENT, "no sched_waking or sched_switch in this capture");
	refuses(two_jobs, "nobody", -ENOENT, "no whole job of a task 'nobody' in this capture");
	refuses("x-1 [000] 1.0: sched_waking: foo:12 [120] CPU:000\n", "a", -EINVAL,
		"line 1: an event whose fields are not name=value; capture with ftrace or 'perf "
		"script'");
	refuses("\nx-1 [000] soon: sched_waking: comm=a pid=1 prio=1\n", "a", -EINVAL,
		"line 2: no time before the event");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(learns_two_jobs),
		cmocka_unit_test(a_number_is_a_thread),
		cmocka_unit_test(perf_script),
		cmocka_unit_test(no_wakeup_no_job),
		cmocka_unit_test(refuses_what_it_cannot_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
