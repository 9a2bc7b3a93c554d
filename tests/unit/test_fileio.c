// SPDX-License-Identifier: GPL-2.0
/* Files in and out: whole or not at all. */
#include "tests/unit/unit.h"
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include "lib/fileio.h"

static char folder[] = "/tmp/schedlab-unit-XXXXXX";
static char path[sizeof(folder) + 16];

static int make_folder(void **state)
{
	if (!mkdtemp(folder))
		return -1;
	snprintf(path, sizeof(path), "%s/file", folder);
	return 0;
}

static int remove_folder(void **state)
{
	unlink(path);
	return rmdir(folder);
}

/* How many names the folder holds: no temporary file may stay behind. */
static int entries(void)
{
	DIR *dir = opendir(folder);
	int n = -2; /* . and .. */

	assert_non_null(dir);
	while (readdir(dir))
		n++;
	closedir(dir);
	return n;
}

static void assert_holds(const char *expected)
{
	char *data = NULL;
	size_t size = 0;

	assert_int_equal(file_read(path, 1 << 20, &data, &size), 0);
	assert_int_equal(size, strlen(expected));
	assert_string_equal(data, expected);
	free(data);
}

static void replace_and_read_back(void **state)
{
	struct stat st;

	assert_int_equal(file_replace(path, "one", 3), 0);
	assert_holds("one");
	assert_int_equal(file_replace(path, "second", 6), 0);
	assert_holds("second");
	assert_int_equal(file_replace(path, "", 0), 0);
	assert_holds("");
	assert_int_equal(entries(), 1);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0644);
}

static void bytes_with_nul_survive(void **state)
{
	static const char bytes[] = "a\0b\0\377c";
	char *data = NULL;
	size_t size = 0;

	assert_int_equal(file_replace(path, bytes, sizeof(bytes)), 0);
	assert_int_equal(file_read(path, 100, &data, &size), 0);
	assert_int_equal(size, sizeof(bytes));
	assert_memory_equal(data, bytes, sizeof(bytes));
	assert_int_equal(data[size], 0);
	free(data);
}

static void size_may_be_null(void **state)
{
	char *data = NULL;

	assert_int_equal(file_replace(path, "x", 1), 0);
	assert_int_equal(file_read(path, 100, &data, NULL), 0);
	assert_string_equal(data, "x");
	free(data);
}

static void limit_is_kept(void **state)
{
	char *data = NULL;
	size_t size;

	assert_int_equal(file_replace(path, "12345", 5), 0);
	assert_int_equal(file_read(path, 5, &data, &size), 0);
	free(data);
	assert_int_equal(file_read(path, 4, &data, &size), -EFBIG);
	/* An endless file is refused too, not read until memory ends. */
	assert_int_equal(file_read("/dev/zero", 1 << 16, &data, &size), -EFBIG);
}

static void proc_files_have_no_size_and_are_read(void **state)
{
	char *data = NULL;
	size_t size = 0;

	assert_int_equal(file_read("/proc/self/status", 1 << 20, &data, &size), 0);
	assert_true(size > 100);
	assert_non_null(strstr(data, "Name:"));
	free(data);
}

static void missing_places_are_errors(void **state)
{
	char *data = NULL;

	assert_int_equal(file_read("/tmp/schedlab-no-such-file", 100, &data, NULL), -ENOENT);
	assert_int_equal(file_read("/tmp", 100, &data, NULL), -EISDIR);
	assert_int_equal(file_replace("/tmp/schedlab-no-such-folder/file", "x", 1), -ENOENT);
}

/* A disk that is full in the middle of a write (here: the process's own file size limit). */
static void a_failed_write_leaves_the_old_file(void **state)
{
	static char big[65536];
	struct rlimit old, small;
	int status;

	memset(big, 'n', sizeof(big));
	assert_int_equal(file_replace(path, "old", 3), 0);
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	small = old;
	small.rlim_cur = 4096;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	status = file_replace(path, big, sizeof(big));
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
	assert_int_equal(status, -EFBIG);
	assert_holds("old");
	assert_int_equal(entries(), 1);
}

static void json_is_written_with_its_newline(void **state)
{
	json_t *json = json_pack("{s:i, s:[i,i]}", "a", 1, "b", 2, 3), *back;
	char *data = NULL;
	size_t size = 0;

	assert_int_equal(file_replace_json(path, json, JSON_INDENT(1)), 0);
	assert_int_equal(file_read(path, 1 << 16, &data, &size), 0);
	assert_int_equal(data[size - 1], '\n');
	back = json_loads(data, 0, NULL);
	assert_true(json_equal(json, back));
	json_decref(json);
	json_decref(back);
	free(data);
}

/* Run file_print_json() with stdout on @fd. */
static int print_to(int fd, const json_t *json)
{
	int saved, status;

	fflush(stdout);
	saved = dup(STDOUT_FILENO);
	dup2(fd, STDOUT_FILENO);
	status = file_print_json(json);
	clearerr(stdout);
	dup2(saved, STDOUT_FILENO);
	close(saved);
	return status;
}

static void json_on_stdout_is_one_line(void **state)
{
	json_t *json = json_pack("{s:[i,i]}", "a", 1, 2);
	int pipes[2];
	char text[100] = "";
	ssize_t n;

	assert_int_equal(pipe(pipes), 0);
	assert_int_equal(print_to(pipes[1], json), 0);
	n = read(pipes[0], text, sizeof(text) - 1);
	assert_true(n > 0);
	assert_ptr_equal(strchr(text, '\n'), text + n - 1);
	close(pipes[0]);
	close(pipes[1]);
	json_decref(json);
}

static void a_full_disk_under_stdout_is_an_error(void **state)
{
	json_t *json = json_pack("{s:i}", "a", 1);
	int fd = open("/dev/full", O_WRONLY);

	assert_true(fd >= 0);
	assert_int_equal(print_to(fd, json), -ENOSPC);
	close(fd);
	json_decref(json);
}

static int write_greeting(void *context, FILE *out)
{
	fputs("hello", out);
	return *(int *)context;
}

static void a_writer_fills_the_file_or_leaves_it(void **state)
{
	int fine = 0, wrong = -ENOSPC;

	assert_int_equal(file_replace_with(path, write_greeting, &fine), 0);
	assert_holds("hello");
	assert_int_equal(file_replace(path, "old", 3), 0);
	assert_int_equal(file_replace_with(path, write_greeting, &wrong), -ENOSPC);
	assert_holds("old");
	assert_int_equal(
		file_replace_with("/tmp/schedlab-no-such-folder/file", write_greeting, &fine),
		-ENOENT);
	assert_int_equal(entries(), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(replace_and_read_back),
		cmocka_unit_test(bytes_with_nul_survive),
		cmocka_unit_test(size_may_be_null),
		cmocka_unit_test(limit_is_kept),
		cmocka_unit_test(proc_files_have_no_size_and_are_read),
		cmocka_unit_test(missing_places_are_errors),
		cmocka_unit_test(a_failed_write_leaves_the_old_file),
		cmocka_unit_test(a_writer_fills_the_file_or_leaves_it),
		cmocka_unit_test(json_is_written_with_its_newline),
		cmocka_unit_test(json_on_stdout_is_one_line),
		cmocka_unit_test(a_full_disk_under_stdout_is_an_error),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
