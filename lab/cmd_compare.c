// SPDX-License-Identifier: GPL-2.0
/* `schedlab compare`: options, files in, tables out, one exit status. The statistics are in compare.c and stats.c. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "lab/lab.h"
#include "lib/cli.h"
#include "lib/fileio.h"

#define RULES_MAX	   64
#define DEFAULT_MARGIN_PCT 2
#define DEFAULT_SEED	   1
#define PLAIN_COLUMNS	   108

enum option_key {
	KEY_FAIL_IF = 256,
	KEY_JUNIT,
	KEY_MARGIN,
	KEY_METRIC,
	KEY_ALL,
	KEY_SEED,
	KEY_RESAMPLES,
	KEY_STRICT,
	KEY_ALLOW_EVIDENCE,
	KEY_ALLOW_TRACE,
	KEY_ALLOW_KERNEL,
	KEY_COLOR,
	KEY_NOISE,
};

static const struct argp_option options[] = {
	{"json", 'j', NULL, 0, "One JSON document (schedlab.compare/1) instead of tables", 0},
	{"fail-if", KEY_FAIL_IF, "RULE", 0,
	 "End with status 6 where RULE is true: 'wakeup.p99 worse than 5%' (the whole interval "
	 "lies beyond 5 %) or "
	 "'web.sojourn.p99 above 20ms'. May be given many times",
	 0},
	{"strict", KEY_STRICT, NULL, 0, "End with status 5 where a rule is undecided", 0},
	{"junit", KEY_JUNIT, "FILE", 0, "Write the rules' outcomes to FILE as JUnit XML", 0},
	{"margin", KEY_MARGIN, "PERCENT", 0, "Changes within this are no difference (default 2)",
	 0},
	{"metric", KEY_METRIC, "NAME", 0, "Only this metric, such as wakeup or web.sojourn", 0},
	{"all", KEY_ALL, NULL, 0, "The ledger's intervals and the dispatcher's lateness too", 0},
	{"noise", KEY_NOISE, "FILE|FOLDER", 0,
	 "More runs of A's scheduler: what A against them shows is printed as the noise floor", 0},
	{"seed", KEY_SEED, "N", 0, "Seed of bootstrap and permutations (default 1)", 0},
	{"resamples", KEY_RESAMPLES, "N", 0,
	 "Bootstrap replicates (default: 500 to 2000, by the number of runs)", 0},
	{"allow-evidence", KEY_ALLOW_EVIDENCE, NULL, 0, "Compare across evidence classes", 0},
	{"allow-trace", KEY_ALLOW_TRACE, NULL, 0,
	 "Compare across different workload traces or seeds", 0},
	{"allow-kernel", KEY_ALLOW_KERNEL, NULL, 0, "Compare across kernels", 0},
	{"color", KEY_COLOR, "WHEN", 0, "auto (default), always or never", 0},
	{0},
};

struct arguments {
	struct compare_options compare;
	struct run_set sets[2];
	char **files[2];
	size_t file_count[2];
	int side;
	struct rule_result rules[RULES_MAX];
	size_t rule_count;
	const char *junit;
	bool json, strict;
	struct read_args read;
	const char *color;
	const char *noise;
	struct run_set noise_set;
};

static void add_rule(struct arguments *args, const char *text)
{
	char error[320];

	if (args->rule_count == RULES_MAX)
		cli_usage_error("more than %d rules", RULES_MAX);
	if (fail_rule_parse(text, &args->rules[args->rule_count].rule, error, sizeof(error)))
		cli_usage_error("%s", error);
	if (strncmp(args->rules[args->rule_count].rule.metric, "ledger.", 7) == 0)
		args->compare.all = true;
	args->rule_count++;
}

static void wrong_value(const char *option, const char *text, const char *wanted)
{
	cli_usage_error("%s: '%s' is not %s", option, text, wanted);
}

static void parse_number(struct arguments *args, int key, const char *text)
{
	uint64_t value;

	switch (key) {
	case KEY_MARGIN:
		if (cli_parse_double(text, 0, 100, &args->compare.margin_pct))
			wrong_value("--margin", text, "a percentage from 0 to 100");
		break;
	case KEY_SEED:
		if (cli_parse_u64(text, 0, UINT64_MAX, &args->compare.seed))
			wrong_value("--seed", text, "a number from 0 up");
		break;
	default:
		if (cli_parse_u64(text, 100, 100000, &value))
			wrong_value("--resamples", text, "a number from 100 to 100000");
		args->compare.resamples = (unsigned int)value;
	}
}

static void parse_color(struct arguments *args, const char *text)
{
	if (strcmp(text, "auto") != 0 && strcmp(text, "always") != 0 && strcmp(text, "never") != 0)
		wrong_value("--color", text, "auto, always or never");
	args->color = text;
}

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct arguments *args = state->input;

	switch (key) {
	case 'j':
		args->json = true;
		return 0;
	case KEY_FAIL_IF:
		add_rule(args, arg);
		return 0;
	case KEY_STRICT:
		args->strict = true;
		return 0;
	case KEY_JUNIT:
		args->junit = arg;
		return 0;
	case KEY_MARGIN:
	case KEY_SEED:
	case KEY_RESAMPLES:
		parse_number(args, key, arg);
		return 0;
	case KEY_METRIC:
		args->compare.metric = arg;
		return 0;
	case KEY_ALL:
		args->compare.all = true;
		return 0;
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &args->read;
		return 0;
	case KEY_ALLOW_EVIDENCE:
		args->compare.allow_evidence = true;
		return 0;
	case KEY_ALLOW_TRACE:
		args->compare.allow_trace = true;
		return 0;
	case KEY_ALLOW_KERNEL:
		args->compare.allow_kernel = true;
		return 0;
	case KEY_NOISE:
		args->noise = arg;
		return 0;
	case KEY_COLOR:
		parse_color(args, arg);
		return 0;
	case ARGP_KEY_ARG:
		args->files[args->side][args->file_count[args->side]++] = arg;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp argp = {
	options,
	parse_option,
	"A... -- B...\nFOLDER_A FOLDER_B",
	"Compare the runs B with the runs A: result files, or folders of them.\v"
	"The unit is the run. Runs of one seed are paired. A verdict needs six pairs at least; "
	"with fewer, or with one run, "
	"the figures are shown and the verdict says what they cannot say.\n\n"
	"Exit status: 0, 2 for files that cannot be compared, 5 (--strict) or 6 by the rules.",
	read_args_children,
	NULL,
	NULL};

/* argp takes "--" away; here it divides A from B, so each part is parsed by itself. */
static int parse_arguments(int argc, char **argv, struct arguments *args)
{
	int divide = 1;

	while (divide < argc && strcmp(argv[divide], "--") != 0)
		divide++;
	for (int side = 0; side < 2; side++) {
		args->files[side] = calloc((size_t)argc + 1, sizeof(char *));
		if (!args->files[side])
			return -ENOMEM;
	}
	cli_parse(&argp, divide, argv, 0, args);
	if (divide < argc) {
		args->side = 1;
		argv[divide] = argv[0];
		cli_parse(&argp, argc - divide, argv + divide, 0, args);
	} else if (args->file_count[0] == 2) {
		args->files[1][args->file_count[1]++] = args->files[0][--args->file_count[0]];
	}
	if (args->file_count[0] && args->file_count[1])
		return 0;
	cli_error("nothing to compare with: give A... -- B..., or two folders");
	return -EINVAL;
}

static int read_sets(struct arguments *args)
{
	int status = EXIT_STATUS_OK;

	for (int side = 0; side < 2; side++) {
		for (size_t i = 0; i < args->file_count[side] && !status; i++)
			status =
				read_args_add(&args->read, &args->sets[side], args->files[side][i]);
		if (args->sets[side].refused)
			cli_warn("%zu file%s of %s left out", args->sets[side].refused,
				 args->sets[side].refused == 1 ? "" : "s", side ? "B" : "A");
	}
	if (args->noise && !status) {
		status = read_args_add(&args->read, &args->noise_set, args->noise);
		args->compare.noise = &args->noise_set;
	}
	return status;
}

static int terminal_columns(void)
{
	struct winsize size;
	const char *columns = getenv("COLUMNS");
	uint64_t value;

	if (columns && !cli_parse_u64(columns, 40, 1000, &value))
		return (int)value;
	if (isatty(STDOUT_FILENO) && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 &&
	    size.ws_col >= 40)
		return size.ws_col;
	return PLAIN_COLUMNS;
}

static bool use_color(const struct arguments *args)
{
	if (args->color && strcmp(args->color, "auto") != 0)
		return strcmp(args->color, "always") == 0;
	return isatty(STDOUT_FILENO) && !getenv("NO_COLOR");
}

static int show(const struct arguments *args, const struct comparison *comparisons, size_t count)
{
	if (args->json) {
		json_t *document = compare_to_json(comparisons, count, &args->compare);
		int err = document ? file_print_json(document) : -ENOMEM;

		json_decref(document);
		return err;
	}
	compare_print(comparisons, count, &args->compare, terminal_columns(), use_color(args),
		      stdout);
	return fflush(stdout) ? -errno : 0;
}

/* Judge all rules; one line each on stderr for those that do not hold. */
static int judge_rules(struct arguments *args, const struct comparison *comparisons, size_t count)
{
	int status = EXIT_STATUS_OK, err;

	for (size_t i = 0; i < args->rule_count; i++) {
		struct rule_result *r = &args->rules[i];

		err = fail_rule_judge(&r->rule, comparisons, count, &r->outcome, r->reason,
				      sizeof(r->reason));
		if (err) {
			char shown[160];

			cli_error(
				"rule '%s': these runs have no %s.%s (--json lists what they have)",
				cli_printable(r->rule.text, shown, sizeof(shown)), r->rule.metric,
				r->rule.stat);
			return EXIT_STATUS_USAGE;
		}
		if (r->outcome == RULE_HIT)
			status = EXIT_STATUS_WORSE;
		else if (r->outcome == RULE_UNDECIDED && args->strict && !status)
			status = EXIT_STATUS_INVALID;
		if (r->outcome != RULE_HOLDS)
			cli_note("%s", r->reason);
	}
	if (!args->junit)
		return status;
	err = junit_write(args->junit, args->rules, args->rule_count);
	if (!err)
		return status;
	cli_error("%s: %s", args->junit, strerror(-err));
	return EXIT_STATUS_FAILURE;
}

static int compare_and_show(struct arguments *args)
{
	struct comparison *comparisons;
	char error[512];
	size_t count;
	int err, status;

	err = compare_sets(&args->sets[0], &args->sets[1], &args->compare, &comparisons, &count,
			   error, sizeof(error));
	if (err) {
		cli_error("%s", error);
		return err == -EINVAL ? EXIT_STATUS_USAGE : EXIT_STATUS_FAILURE;
	}
	err = show(args, comparisons, count);
	status = judge_rules(args, comparisons, count);
	if (err && !status) {
		cli_error("standard output: %s", strerror(-err));
		status = EXIT_STATUS_FAILURE;
	}
	compare_free(comparisons, count);
	return status;
}

int cmd_compare(int argc, char **argv)
{
	struct arguments *args = calloc(1, sizeof(*args));
	int status = EXIT_STATUS_USAGE;

	if (!args) {
		cli_error("out of memory");
		return EXIT_STATUS_FAILURE;
	}
	args->compare.margin_pct = DEFAULT_MARGIN_PCT;
	args->compare.seed = DEFAULT_SEED;
	if (!parse_arguments(argc, argv, args))
		status = read_sets(args);
	if (!status)
		status = compare_and_show(args);
	for (int side = 0; side < 2; side++) {
		run_set_free(&args->sets[side]);
		free(args->files[side]);
	}
	run_set_free(&args->noise_set);
	free(args);
	return status;
}
