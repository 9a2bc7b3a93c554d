/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the running kernel's verifier spends on each program of schedulers: verifier_cost NAME|FILE.bpf.o...
 * One line per program, tab-separated: object, program, instructions walked, states kept in all, most states at once,
 * time in us (worth as much as the guest's clock is), and the program's own length in instructions.
 * It loads and attaches nothing for longer than the load takes. make matrix makes its table from it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "loader/internal.h"

/* Statistics only: enum bpf_log_level of the kernel. */
#define LOG_STATS    4
#define LOG_BYTES    65536
#define PROGRAMS_MAX 256

static char *logs[PROGRAMS_MAX];

static unsigned long number_behind(const char *log, const char *word)
{
	const char *p = strstr(log, word);

	return p ? strtoul(p + strlen(word), NULL, 10) : 0;
}

static void print_cost(const char *label, const struct bpf_program *prog, const char *log)
{
	printf("%s\t%s\t%lu\t%lu\t%lu\t%lu\t%zu\n", label, bpf_program__name(prog),
	       number_behind(log, "processed "), number_behind(log, "total_states "),
	       number_behind(log, "peak_states "), number_behind(log, "verification time "),
	       bpf_program__insn_cnt(prog));
}

/* Load @object with a log of statistics for each program, and print them. Returns 0 or -errno. */
static int measure(const char *label, struct bpf_object *object)
{
	struct bpf_program *prog;
	size_t n = 0;
	int err;

	bpf_object__for_each_program(prog, object)
	{
		if (n == PROGRAMS_MAX)
			return -E2BIG;
		logs[n] = realloc(logs[n], LOG_BYTES);
		if (!logs[n])
			return -ENOMEM;
		logs[n][0] = '\0';
		bpf_program__set_log_level(prog, LOG_STATS);
		bpf_program__set_log_buf(prog, logs[n++], LOG_BYTES);
	}
	err = bpf_object__load(object);
	if (err)
		return err;
	n = 0;
	bpf_object__for_each_program(prog, object)
	{
		if (bpf_program__fd(prog) >= 0)
			print_cost(label, prog, logs[n]);
		n++;
	}
	return 0;
}

static int measure_scheduler(const char *what)
{
	struct loader_error error = {0};
	struct loader *l;
	int err = loader_open(what, &l, &error);

	err = err ? err : kernel_check(l, &error);
	err = err ? err : kernel_fill(l, &error);
	if (err)
		fprintf(stderr, "verifier_cost: %s\n", error.text);
	else
		err = measure(loader_ops_name(l), l->object);
	loader_close(l);
	return err;
}

int main(int argc, char **argv)
{
	int failures = 0;

	for (int i = 1; i < argc; i++) {
		int err = measure_scheduler(argv[i]);

		if (err) {
			fprintf(stderr, "verifier_cost: %s: %s\n", argv[i], strerror(-err));
			failures++;
		}
	}
	return failures ? 1 : 0;
}
