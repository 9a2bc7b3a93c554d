// SPDX-License-Identifier: GPL-2.0
/* Unit tests of observe/symbols: this program's own functions, inlined ones and source lines; kallsyms, perf maps. */
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "observe/elfsyms.h"
#include "observe/symbols.h"
#include "tests/unit/unit.h"

static struct symbols *open_default(void)
{
	struct symbols_options options = {0};
	struct symbols *s = symbols_open(&options);

	assert_non_null(s);
	return s;
}

__attribute__((noinline)) static uint64_t where_called(void)
{
	return (uint64_t)__builtin_extract_return_addr(__builtin_return_address(0));
}

static inline __attribute__((always_inline)) uint64_t folded_in(void)
{
	uint64_t at = where_called();

	__asm__ volatile("" ::: "memory");
	return at;
}

__attribute__((noinline)) static uint64_t holds_another(void)
{
	uint64_t at = folded_in();

	__asm__ volatile("" ::: "memory");
	return at;
}

static void own_function(void **state)
{
	struct symbols *s = open_default();
	struct frame f[SYMBOLS_MAX_INLINE];

	assert_int_equal(symbols_user(s, getpid(), (uint64_t)&where_called, false, f), 1);
	assert_string_equal(f[0].name, "where_called");
	assert_string_equal(f[0].module, "test_symbols");
	assert_int_equal(f[0].kind, FRAME_USER);
	assert_true(strlen(f[0].build_id) >= 16);
	symbols_close(s);
}

static void inlined_functions_are_frames(void **state)
{
	struct symbols *s = open_default();
	struct frame f[SYMBOLS_MAX_INLINE];
	int nr = symbols_user(s, getpid(), holds_another(), true, f);

	assert_int_equal(nr, 2);
	assert_string_equal(f[0].name, "folded_in");
	assert_int_equal(f[0].kind, FRAME_INLINED);
	assert_string_equal(f[1].name, "holds_another");
	assert_int_equal(f[1].kind, FRAME_USER);
	assert_memory_equal(f[0].source, "test_symbols.c:", 15);
	/* The call stands some lines below the start of folded_in() and above that of holds_another(). */
	assert_true(atoi(f[0].source + 15) < atoi(f[1].source + 15));
	symbols_close(s);
}

static void without_dwarf_symbols_only(void **state)
{
	struct symbols_options options = {.no_dwarf = true};
	struct symbols *s = symbols_open(&options);
	struct frame f[SYMBOLS_MAX_INLINE];

	assert_int_equal(symbols_user(s, getpid(), holds_another(), true, f), 1);
	assert_string_equal(f[0].name, "holds_another");
	symbols_close(s);
}

static void a_shared_library(void **state)
{
	struct symbols *s = open_default();
	struct frame f[SYMBOLS_MAX_INLINE];
	int nr = symbols_user(s, getpid(), (uint64_t)&fchmodat, false, f);

	assert_true(nr >= 1);
	assert_string_equal(f[nr - 1].name, "fchmodat");
	symbols_close(s);
}

static void what_cannot_be_named_is_counted(void **state)
{
	struct symbols *s = open_default();
	struct frame f[SYMBOLS_MAX_INLINE];
	struct symbols_counts c;
	pid_t pid = fork();

	if (!pid)
		_exit(0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_int_equal(symbols_user(s, getpid(), 16, false, f), 1);
	assert_int_equal(f[0].kind, FRAME_UNKNOWN);
	assert_int_equal(symbols_user(s, pid, 0x401000, false, f), 1);
	assert_string_equal(f[0].name, "[unknown]");
	symbols_counts(s, &c);
	assert_int_equal(c.unknown_unmapped, 1);
	assert_int_equal(c.unknown_gone, 1);
	assert_int_equal(c.named, 0);
	symbols_close(s);
}

/* libdw 0.188 leaks a little where the DWARF of a file is broken. */
const char *__lsan_default_suppressions(void);

const char *__lsan_default_suppressions(void)
{
	return "leak:libdw";
}

/* A child that waits until we close the pipe. */
static pid_t child(int *hold)
{
	int fds[2];
	pid_t pid;

	assert_int_equal(pipe(fds), 0);
	pid = fork();
	if (!pid) {
		char c;

		close(fds[1]);
		while (read(fds[0], &c, 1) < 0 && errno == EINTR)
			;
		_exit(0);
	}
	close(fds[0]);
	*hold = fds[1];
	return pid;
}

static void a_remembered_process_may_end(void **state)
{
	struct symbols *s = open_default();
	struct frame f[SYMBOLS_MAX_INLINE];
	int hold, nr;
	pid_t pid = child(&hold);

	assert_int_equal(symbols_remember(s, pid), 0);
	close(hold);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	nr = symbols_user(s, pid, (uint64_t)&where_called, false, f);
	assert_string_equal(f[nr - 1].name, "where_called");
	symbols_close(s);
}

/* An hour of processes that come and go: the number remembered stays bounded, and those that live are not forgotten. */
static void memory_is_bounded(void **state)
{
	struct symbols *s = open_default();
	struct frame f[SYMBOLS_MAX_INLINE];
	struct symbols_counts counts;
	pid_t gone = INT32_MAX;
	int hold, nr, pass, i;
	pid_t pid = child(&hold);

	for (pass = 0; pass < 30; pass++) {
		symbols_new_pass(s);
		assert_int_equal(symbols_remember(s, pid), 0);
		for (i = 0; i < 1000; i++)
			assert_int_equal(symbols_remember(s, gone--), -ESRCH);
		symbols_counts(s, &counts);
		assert_true(counts.processes <= SYMBOLS_MAX_PROCESSES);
	}
	assert_true(counts.processes > SYMBOLS_MAX_PROCESSES / 2);
	close(hold);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	nr = symbols_user(s, pid, (uint64_t)&where_called, false, f);
	assert_string_equal(f[nr - 1].name, "where_called");
	symbols_close(s);
}

static void write_file(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

static void kernel_names(void **state)
{
	char path[] = "/tmp/kallsyms-XXXXXX";
	struct symbols_options options = {.kallsyms = path};
	struct symbols_counts c;
	struct symbols *s;
	struct frame f;

	close(mkstemp(path));
	write_file(path, "ffffffff81000000 T _text\n"
			 "ffffffff81000000 T startup_64\n"
			 "ffffffff81000100 t schedule\n"
			 "ffffffff81000200 D a_datum\n"
			 "ffffffff81000300 t do_idle\n"
			 "ffffffffc0000000 t ext4_sync_file\t[ext4]\n"
			 "not a line\n\n");
	s = symbols_open(&options);
	symbols_kernel(s, 0xffffffff81000150, false, &f);
	assert_string_equal(f.name, "schedule");
	assert_string_equal(f.module, "kernel");
	/* A return address right behind a call that ends a function belongs to that function. */
	symbols_kernel(s, 0xffffffff81000300, true, &f);
	assert_string_equal(f.name, "schedule");
	symbols_kernel(s, 0xffffffff81000300, false, &f);
	assert_string_equal(f.name, "do_idle");
	symbols_kernel(s, 0xffffffffc0000010, true, &f);
	assert_string_equal(f.name, "ext4_sync_file");
	assert_string_equal(f.module, "ext4");
	symbols_kernel(s, 0x1000, false, &f);
	assert_string_equal(f.name, "[unknown]");
	symbols_counts(s, &c);
	assert_int_equal(c.unknown_kernel, 1);
	assert_false(c.kernel_hidden);
	symbols_close(s);

	write_file(path, "0000000000000000 T _text\n0000000000000000 T schedule\n");
	s = symbols_open(&options);
	symbols_kernel(s, 0xffffffff81000150, false, &f);
	assert_int_equal(f.kind, FRAME_UNKNOWN);
	symbols_counts(s, &c);
	assert_true(c.kernel_hidden);
	symbols_close(s);
	unlink(path);
}

static void generated_code_by_perf_map(void **state)
{
	long page = sysconf(_SC_PAGESIZE);
	char *code =
		mmap(NULL, (size_t)page, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct frame f[SYMBOLS_MAX_INLINE];
	char path[64], map[256];
	struct symbols_counts c;
	struct symbols *s = open_default();

	assert_ptr_not_equal(code, MAP_FAILED);
	snprintf(path, sizeof(path), "/tmp/perf-%d.map", (int)getpid());
	unlink(path);
	assert_int_equal(symbols_user(s, getpid(), (uint64_t)code + 8, false, f), 1);
	assert_string_equal(f[0].name, "[unknown]");
	snprintf(map, sizeof(map), "%lx 20 LazyCompile:~tick a.js:1;x\nzz\n%lx 10 second\n",
		 (unsigned long)code, (unsigned long)code + 0x20);
	write_file(path, map);
	assert_int_equal(symbols_user(s, getpid(), (uint64_t)code + 8, false, f), 1);
	assert_string_equal(f[0].name, "LazyCompile:~tick a.js:1;x");
	assert_int_equal(f[0].kind, FRAME_JIT);
	symbols_user(s, getpid(), (uint64_t)code + 0x20, true, f);
	assert_string_equal(f[0].name, "LazyCompile:~tick a.js:1;x");
	symbols_user(s, getpid(), (uint64_t)code + 0x40, false, f);
	assert_int_equal(f[0].kind, FRAME_UNKNOWN);
	symbols_counts(s, &c);
	assert_int_equal(c.unknown_jit, 2);
	symbols_close(s);
	unlink(path);
	munmap(code, (size_t)page);
}

/* A perf map that is a link, or a pipe that nobody writes, is not read (and does not hang). */
static void hostile_perf_maps(void **state)
{
	long page = sysconf(_SC_PAGESIZE);
	char *code =
		mmap(NULL, (size_t)page, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct frame f[SYMBOLS_MAX_INLINE];
	struct symbols *s = open_default();
	char path[64];

	snprintf(path, sizeof(path), "/tmp/perf-%d.map", (int)getpid());
	unlink(path);
	assert_int_equal(symlink("/etc/passwd", path), 0);
	symbols_user(s, getpid(), (uint64_t)code, false, f);
	assert_int_equal(f[0].kind, FRAME_UNKNOWN);
	unlink(path);
	assert_int_equal(mkfifo(path, 0600), 0);
	symbols_user(s, getpid(), (uint64_t)code, false, f);
	assert_int_equal(f[0].kind, FRAME_UNKNOWN);
	unlink(path);
	symbols_close(s);
	munmap(code, (size_t)page);
}

static char *read_self(size_t *size)
{
	char *data = NULL;
	struct stat st;
	int fd = open("/proc/self/exe", O_RDONLY);

	assert_int_equal(fstat(fd, &st), 0);
	data = malloc((size_t)st.st_size);
	*size = 0;
	while (*size < (size_t)st.st_size) {
		ssize_t n = read(fd, data + *size, (size_t)st.st_size - *size);

		assert_true(n > 0);
		*size += (size_t)n;
	}
	close(fd);
	return data;
}

static int temp_with(const char *data, size_t size)
{
	char path[] = "/tmp/elfsyms-XXXXXX";
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	unlink(path);
	assert_int_equal(write(fd, data, size), (ssize_t)size);
	return fd;
}

/* Our own file, cut short or with bytes changed: any answer will do, but there must be one. */
static void broken_elf_files(void **state)
{
	struct frame f[SYMBOLS_MAX_INLINE];
	size_t size;
	char *good = read_self(&size), *bad = malloc(size);
	struct elfsyms *e = elfsyms_open(temp_with("\177ELF", 4), "x", true);
	uint64_t seed = 88172645463325252ULL;

	assert_non_null(bad);
	elfsyms_close(e);
	assert_null(elfsyms_open(temp_with("no ELF file at all", 18), "x", true));
	for (int round = 0; round < 60; round++) {
		size_t len = round < 10 ? size * (size_t)round / 10 : size;

		memcpy(bad, good, size);
		for (int i = 0; round >= 10 && i < 40; i++) {
			seed ^= seed << 13;
			seed ^= seed >> 7;
			seed ^= seed << 17;
			bad[i < 4 ? seed % 64 : seed % size] = (char)(seed >> 32);
		}
		e = elfsyms_open(temp_with(bad, len), "broken", true);
		if (!e)
			continue;
		for (uint64_t at = 0; at < size; at += size / 64 + 1)
			elfsyms_frames(e, elfsyms_address(e, at), f, SYMBOLS_MAX_INLINE);
		elfsyms_close(e);
	}
	free(good);
	free(bad);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(own_function),
		cmocka_unit_test(inlined_functions_are_frames),
		cmocka_unit_test(without_dwarf_symbols_only),
		cmocka_unit_test(a_shared_library),
		cmocka_unit_test(what_cannot_be_named_is_counted),
		cmocka_unit_test(a_remembered_process_may_end),
		cmocka_unit_test(memory_is_bounded),
		cmocka_unit_test(kernel_names),
		cmocka_unit_test(generated_code_by_perf_map),
		cmocka_unit_test(hostile_perf_maps),
		cmocka_unit_test(broken_elf_files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
