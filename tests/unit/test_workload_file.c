// SPDX-License-Identifier: GPL-2.0
/* The workload file: what it means, and the exact message for every kind of mistake. */
#include "tests/unit/unit.h"

#include <unistd.h>

#include "lib/fileio.h"
#include "workloads/spec.h"

#define GOOD "arrivals = poisson rate=10\nservice = constant mean=1ms\n"
#define TEN  "[workload]\nduration = 10s\n"
#define ONE  TEN "[class a]\n"

static struct workload *parse(const char *text)
{
	char error[WORKLOAD_ERROR_SIZE];
	struct workload *w;

	if (workload_parse("x/test.ini", text, strlen(text), &w, error, sizeof(error)))
		fail_msg("%s", error);
	return w;
}

/* @message is what follows the file's name. */
static void refuses_size(const char *text, size_t size, const char *message)
{
	char error[WORKLOAD_ERROR_SIZE], expected[WORKLOAD_ERROR_SIZE];
	struct workload *w;

	if (workload_parse("test.ini", text, size, &w, error, sizeof(error)) != -EINVAL)
		fail_msg("accepted: %s", text);
	snprintf(expected, sizeof(expected), "test.ini:%s", message);
	assert_string_equal(error, expected);
}

static void refuses(const char *text, const char *message)
{
	refuses_size(text, strlen(text), message);
}

static void reads_everything(void **state)
{
	struct workload *w = parse("; comment\n# another\n"
				   "[workload]\n"
				   "name = my load ; behind a value\n"
				   "seed = 42\nduration = 1m\nwarmup = 500ms\ndrain = 2s\n"
				   "lateness_budget = 250us\nservers = 2\n"
				   "[class web]\n"
				   "  arrivals = poisson rho=0.7\n"
				   "\tservice = lognormal mean=2ms cv=1.5\r\n"
				   "threads = 16\nnice = -5\ncpus = 0-1,3\nruntime = 3ms\n"
				   "jobs = 1000\nuntil = 30s\n"
				   "[class pipe]\nkind = pipeline\n" GOOD "split = 1 2 1\n"
				   "[class hogs]\nkind = batch\nthreads = 3\n");
	const struct class_spec *c = &w->classes[0];

	assert_string_equal(workload_name(w), "my load");
	assert_int_equal(workload_seed(w), 42);
	assert_int_equal(workload_duration_ns(w), 60000000000ULL);
	assert_int_equal(workload_warmup_ns(w), 500000000);
	assert_int_equal(w->drain_ns, 2000000000);
	assert_int_equal(w->lateness_budget_ns, 250000);
	assert_int_equal(w->servers, 2);
	assert_int_equal(w->class_count, 3);
	assert_string_equal(c->name, "web");
	assert_int_equal(c->arrivals.kind, ARRIVAL_POISSON);
	assert_near(c->arrivals.rho, 0.7, 1e-12);
	assert_int_equal(c->service.kind, DIST_LOGNORMAL);
	assert_near(c->service.cv, 1.5, 1e-12);
	assert_int_equal(c->threads, 16);
	assert_int_equal(c->nice, -5);
	assert_int_equal(CPU_COUNT(&c->cpus), 3);
	assert_true(CPU_ISSET(3, &c->cpus));
	assert_int_equal(c->runtime_ns, 3000000);
	assert_int_equal(c->job_limit, 1000);
	assert_int_equal(c->stop_ns, 30000000000ULL);
	assert_int_equal(w->classes[1].stages, 3);
	assert_near(w->classes[1].split[1], 0.5, 1e-12);
	assert_int_equal(w->classes[2].kind, KIND_BATCH);
	assert_int_equal(w->classes[2].threads, 3);
	workload_free(w);
}

static void the_files_name_is_the_default(void **state)
{
	struct workload *w = parse(ONE GOOD);

	assert_string_equal(workload_name(w), "test");
	assert_int_equal(workload_seed(w), 1);
	assert_int_equal(strlen(w->sha256), 64);
	workload_free(w);
}

static void sections(void **state)
{
	refuses("", "1:1: no load: there is no [class NAME] section");
	refuses(TEN, "2:1: no load: there is no [class NAME] section");
	refuses("seed = 1\n", "1:1: a key before the first section; begin with [workload]");
	refuses("[workloads]\n",
		"1:2: there is no section [workloads]; there are [workload] and [class NAME]");
	refuses("[workload\nseed=1\n", "1:1: a section's name ends with ']'");
	refuses("[workload] seed\n", "1:11: text behind a section's name");
	refuses(ONE GOOD "[class a]\n" GOOD, "6:8: class 'a' is there already, at line 3");
	refuses(ONE GOOD "[workload]\n", "6:1: [workload] is there already");
	refuses(TEN "[class ]\n",
		"3:8: '' is no name of a class: 1 to 63 letters, digits, '_', '-'");
	refuses(TEN "[class a b]\n",
		"3:8: 'a b' is no name of a class: 1 to 63 letters, digits, '_', '-'");
	refuses(TEN "nonsense\n", "3:1: expected 'key = value'");
	refuses(TEN "  = 5\n", "3:3: expected 'key = value'");
}

static void keys(void **state)
{
	refuses(TEN "sed = 5\n", "3:1: there is no key 'sed' in [workload]; did you mean 'seed'?");
	refuses(ONE "  arivals = poisson rate=1\n",
		"4:3: there is no key 'arivals' in [class a]; did you mean 'arrivals'?");
	refuses(ONE "xyzzy = 1\n", "4:1: there is no key 'xyzzy' in [class a]");
	refuses(TEN "duration = 5s\n", "3:1: 'duration' is there already, at line 2");
	refuses(TEN "seed =\n", "3:1: 'seed' has no value");
	refuses(ONE "kind = batch\narrivals = poisson rate=1\n",
		"5:1: 'arrivals' has no meaning for kind batch");
	refuses(ONE "stages = 3\n" GOOD, "4:1: 'stages' has no meaning for kind jobs");
	refuses(ONE "kind = bach\n", "4:8: there is no kind 'bach'; did you mean 'batch'?");
	refuses(ONE "kind = xyzzyxyzzy\n", "4:8: there is no kind 'xyzzyxyzzy'; there are jobs, "
					   "sleeper, batch, pipeline, fork, "
					   "pingpong, message, build, stress and rtapp");
	refuses(ONE "service = constant mean=1ms\n",
		"3:1: [class a] (kind jobs) needs 'arrivals', for example 'arrivals = poisson "
		"rate=100'");
	refuses(ONE "arrivals = poisson rate=1\n",
		"3:1: [class a] (kind jobs) needs 'service', for example 'service = exponential "
		"mean=5ms'");
	refuses(ONE "kind = stress\n",
		"3:1: [class a] (kind stress) needs 'args', for example 'args = --switch 1'");
}

static void values(void **state)
{
	refuses(TEN "seed = x\n", "3:8: 'x' is no whole number");
	refuses(TEN "seed = -1\n", "3:8: '-1' is out of bounds: 0 to 9223372036854775807");
	refuses(TEN "warmup = 5 apples\n",
		"3:10: '5 apples' is no duration; write 250us, 1.5ms or 2s");
	refuses("[workload]\nduration = 48h\n", "2:12: '48h' is out of bounds: 1.00 ms to 86400 s");
	refuses(TEN "warmup = 10s\n[class a]\n" GOOD,
		"1:1: 'warmup' leaves nothing of 'duration' to measure");
	refuses(TEN "servers = 0\n", "3:11: '0' is out of bounds: 1 to 1024");
	refuses(ONE "nice = 20\n", "4:8: '20' is no nice value; it goes from -20 to 19");
	refuses(ONE "nice = 1.5\n", "4:8: '1.5' is no nice value; it goes from -20 to 19");
	refuses(ONE "cpus = 0-\n", "4:8: '0-' is no list of CPUs; write 0-3,8");
	refuses(ONE "cpus = 3-1\n", "4:8: '3-1' is no list of CPUs; write 0-3,8");
	refuses(ONE "threads = 5000\n", "4:11: '5000' is out of bounds: 1 to 4096");
	refuses(ONE "jobs = 0\n", "4:8: '0' is out of bounds: 1 to 20000000");
	refuses(ONE "runtime = 1us\n", "4:11: '1us' is out of bounds: 100 us to 100 ms");
	refuses(ONE "kind = pipeline\nsplit = 1\n" GOOD,
		"5:9: 'split' has 1 parts; a pipeline of 2 stages needs 2");
	refuses(ONE "kind = pipeline\nsplit = 1 x\n" GOOD, "5:11: 'x' is no share of the service");
	refuses("[workload]\n[class a]\n" GOOD,
		"2:1: class 'a' has no end: give it 'jobs' or 'until', or [workload] a 'duration'");
	refuses("[workload]\n[class a]\nkind = batch\n",
		"2:1: [workload] needs a 'duration', for example 'duration = 10s'");
}

static void distributions(void **state)
{
	refuses(ONE "service = gaussian mean=1ms\n",
		"4:11: there is no distribution 'gaussian'; there are constant, exponential, "
		"lognormal, bimodal, erlang, pareto and file");
	refuses(ONE "service = exponental mean=1ms\n",
		"4:11: there is no distribution 'exponental'; did you mean 'exponential'?");
	refuses(ONE "service = exponential\n", "4:11: exponential needs 'mean='");
	refuses(ONE "service = exponential men=1ms\n",
		"4:23: exponential has no 'men'; did you mean 'mean'?");
	refuses(ONE "service = exponential 5ms\n", "4:23: expected NAME=VALUE, not '5ms'");
	refuses(ONE "service = exponential mean=0\n", "4:28: '0' is out of bounds: 1 ns to 3600 s");
	refuses(ONE "service = exponential mean=1ms mean=2ms\n", "4:32: 'mean' is given twice");
	refuses(ONE "service = bimodal mean=1ms share=1 ratio=5\n",
		"4:34: '1' is no number from 1e-06 to 0.999999");
	refuses(ONE "service = erlang mean=1ms k=2.5\n", "4:27: 'k' is a whole number of phases");
	refuses(ONE "service = pareto alpha=1.5 min=2ms max=1ms\n",
		"4:28: 'min' must be below 'max'");
	refuses(ONE "service = lognormal mean=1ms cv=nan\n",
		"4:33: 'nan' is no number from 0.001 to 100");
	refuses(ONE "arrivals = poison rate=5\n",
		"4:12: there are no 'poison' arrivals; did you mean 'poisson'?");
	refuses(ONE "arrivals = poisson\n",
		"4:12: poisson needs one of 'rate=' (jobs a second) or 'rho=' (share of the CPUs)");
	refuses(ONE "arrivals = poisson rate=5 rho=0.5\n",
		"4:12: poisson needs one of 'rate=' (jobs a second) or 'rho=' (share of the CPUs)");
	refuses(ONE "arrivals = mmpp low=5 high=1 low_for=1s high_for=1s\n",
		"4:17: 'low' must be below 'high'");
}

static void bytes(void **state)
{
	static const char begin[] = "[workload]\nname = ";
	char text[8192];

	refuses_size("[work\0load]\n", 12, "1:1: a NUL byte; this is no text file");
	refuses_size("\x7f"
		     "ELF\x02\x01\n",
		     7, "1:1: expected 'key = value'");
	refuses("[workload]\nn\x1b[31m = 5\n", "2:1: there is no key 'n\\x1b[31m' in [workload]");
	memset(text, 'a', sizeof(text));
	for (size_t i = 0; begin[i]; i++)
		text[i] = begin[i];
	refuses_size(text, sizeof(text), "2:198: a line of more than 197 bytes");
}

/* Files named in a workload file, with mistakes of their own. */
static void write_file(const char *path, const char *text)
{
	assert_int_equal(file_replace(path, text, strlen(text)), 0);
}

static void check_named(const char *text, const char *message)
{
	char error[WORKLOAD_ERROR_SIZE];
	struct workload *w;

	assert_int_equal(workload_parse("test.ini", text, strlen(text), &w, error, sizeof(error)),
			 -EINVAL);
	assert_string_equal(error, message);
}

#define WITH_FILE TEN "[class a]\narrivals = file path=t.data\n"

static void data_files(void **state)
{
	char dir[] = "/tmp/schedlab-test-XXXXXX", old[4096];
	struct workload *w;

	assert_non_null(getcwd(old, sizeof(old)));
	assert_non_null(mkdtemp(dir));
	assert_int_equal(chdir(dir), 0);
	write_file("t.data", "# us, us\n10 5\n20.5 7 # note\n\n1ms,2ms\n");
	if (workload_parse("test.ini", WITH_FILE, strlen(WITH_FILE), &w, old, 0))
		fail();
	assert_int_equal(w->classes[0].arrivals.file_count, 3);
	assert_int_equal(w->classes[0].arrivals.file_ns[1], 20500);
	assert_int_equal(w->classes[0].arrivals.file_services[2], 2000000);
	workload_free(w);
	check_named(
		WITH_FILE "service = constant mean=1ms\n",
		"test.ini:3:1: [class a] has 'service', and so has its arrivals' file; leave one "
		"out");
	write_file("t.data", "10 5\nabc 7\n");
	check_named(WITH_FILE, "t.data:2:1: not a time of up to a day");
	write_file("t.data", "10 5\n12 7 9\n");
	check_named(WITH_FILE, "t.data:2:6: more than two columns");
	write_file("t.data", "10 5\n12\n");
	check_named(WITH_FILE, "t.data:2:1: not as many columns as in the first line");
	write_file("t.data", "# nothing\n");
	check_named(WITH_FILE, "t.data:1:1: no number in this file");
	write_file("t.data", "10\n5\n");
	check_named(WITH_FILE "service = constant mean=1ms\n",
		    "test.ini:4:22: arrival 2 of t.data is before the one above it");
	assert_int_equal(unlink("t.data"), 0);
	check_named(WITH_FILE, "test.ini:4:22: cannot read t.data: No such file or directory");
	assert_int_equal(chdir(old), 0);
	assert_int_equal(rmdir(dir), 0);
}

static void schbench_flags(void **state)
{
	struct workload *w = parse("[workload]\n[class m]\nkind = message\n"
				   "flags = -m 3 --threads=5 -r 7 -w 1 -s 250 -c 400 -n 2\n");
	const struct class_spec *c = &w->classes[0];

	assert_int_equal(c->threads, 3);
	assert_int_equal(c->workers, 5);
	assert_int_equal(c->operations, 2);
	assert_int_equal(c->sleep_ns, 250000);
	assert_near(c->service.mean_ns, 400000, 1e-9);
	assert_int_equal(w->duration_ns, 7000000000ULL);
	assert_int_equal(w->warmup_ns, 1000000000ULL);
	workload_free(w);
	refuses(ONE "kind = message\nflags = -m 3 -R 50\n",
		"5:14: schbench's '-R' is not taken; -m -t -r -w -s -c -n are");
	refuses(ONE "kind = message\nflags = -m\n", "5:9: schbench's '-m' needs a number");
	refuses(ONE "kind = message\nflags = -m two\n", "5:12: 'two' is no whole number");
}

static void rtapp_refuses(const char *text, const char *message)
{
	char error[WORKLOAD_ERROR_SIZE];
	struct rtapp rtapp = {NULL};

	assert_int_equal(rtapp_parse("t.json", text, strlen(text), &rtapp, error, sizeof(error)),
			 -EINVAL);
	assert_string_equal(error, message);
}

static void rtapp_subset(void **state)
{
	static const char text[] =
		"{\"global\": {\"duration\": 5}, \"tasks\": {\"a\": {\"instance\": 2, \"run\": 10, "
		"\"timer0\": {\"ref\": \"x\", \"period\": 100}}, \"b\": {\"phases\": {\"p\": "
		"{\"loop\": 3, \"run\": 7, \"sleep\": 9}}}}}";
	char error[WORKLOAD_ERROR_SIZE];
	struct rtapp r = {NULL};

	assert_int_equal(rtapp_parse("t", text, strlen(text), &r, error, sizeof(error)), 0);
	assert_int_equal(r.thread_count, 2);
	assert_int_equal(r.duration_ns, 5000000000ULL);
	assert_int_equal(r.threads[0].instances, 2);
	assert_int_equal(r.threads[0].event_count, 4);
	assert_int_equal(r.threads[0].events[0].op, RTAPP_LOOP);
	assert_int_equal(r.threads[0].events[0].value, 0);
	assert_int_equal(r.threads[0].events[1].op, RTAPP_RUN);
	assert_int_equal(r.threads[0].events[2].op, RTAPP_TIMER);
	assert_int_equal(r.threads[0].events[2].value, 100000);
	assert_int_equal(r.threads[1].event_count, 6);
	assert_int_equal(r.threads[1].events[1].value, 3);
	rtapp_free(&r);
}

static void rtapp_outside_the_subset(void **state)
{
	rtapp_refuses("{\"tasks\": {\"a\": {\"run\": 1, \"lock\": \"m\"}}}",
		      "t.json:1:1: task 'a': only run, runtime, sleep, timer, loop and phases are "
		      "taken, not 'lock'");
	rtapp_refuses("{\"tasks\": {\"a\": {\"run\": 1}}, \"resources\": {}}",
		      "t.json:1:1: only 'tasks' and 'global' are taken, not 'resources'");
	rtapp_refuses("{\"tasks\": {\"a\": {\"policy\": \"SCHED_FIFO\", \"run\": 1}}}",
		      "t.json:1:1: task 'a': only SCHED_OTHER is taken: 'policy'");
	rtapp_refuses("{\"tasks\": {\"a\": {\"run\": -1}}}",
		      "t.json:1:1: task 'a': not a time in us from 0 to 3600000000: 'run'");
	rtapp_refuses("{\"tasks\": {\"a\": {\"loop\": -1}}}",
		      "t.json:1:1: no event that takes time in task 'a'");
	rtapp_refuses("{\"tasks\": {}}", "t.json:1:1: not an object of tasks: 'tasks'");
	rtapp_refuses("[]", "t.json:1:1: not an object of tasks: 'tasks'");
	rtapp_refuses("{\"global\": {\"pi_enabled\": true}, \"tasks\": {\"a\": {\"run\": 1}}}",
		      "t.json:1:1: not taken in 'global': 'pi_enabled'");
	rtapp_refuses("{\"tasks\":\n  {\"a\" 5}}", "t.json:2:8: ':' expected near '5'");
}

/* Every workload that ships is a good one. */
static void shipped(void **state)
{
	static const char *const names[] = {
		"alone",    "antagonists", "bimodal", "build",	 "bursty", "cyclic",
		"fcfs",	    "fork",	   "mix",     "message", "mixed",  "pingpong",
		"pipeline", "replay",	   "rtapp",   "storm",	 "web",
	};
	char error[WORKLOAD_ERROR_SIZE], path[256];
	struct workload *w;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(path, sizeof(path), "workloads/%s.ini", names[i]);
		if (workload_load(path, &w, error, sizeof(error)))
			fail_msg("%s", error);
		assert_string_equal(workload_name(w), names[i]);
		workload_free(w);
	}
}

static void files_that_cannot_be_read(void **state)
{
	char error[WORKLOAD_ERROR_SIZE];
	struct workload *w;

	assert_int_equal(workload_load("/nowhere/x.ini", &w, error, sizeof(error)), -ENOENT);
	assert_string_equal(error,
			    "cannot read workload file /nowhere/x.ini: No such file or directory");
	assert_int_equal(workload_load("/tmp", &w, error, sizeof(error)), -EISDIR);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_everything),
		cmocka_unit_test(the_files_name_is_the_default),
		cmocka_unit_test(sections),
		cmocka_unit_test(keys),
		cmocka_unit_test(values),
		cmocka_unit_test(distributions),
		cmocka_unit_test(bytes),
		cmocka_unit_test(data_files),
		cmocka_unit_test(schbench_flags),
		cmocka_unit_test(rtapp_subset),
		cmocka_unit_test(rtapp_outside_the_subset),
		cmocka_unit_test(shipped),
		cmocka_unit_test(files_that_cannot_be_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
