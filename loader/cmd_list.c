// SPDX-License-Identifier: GPL-2.0
/* schedlab list: the schedulers in the binary, or one scheduler's options and statistics. Needs no privilege. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/cli.h"
#include "lib/embed.h"
#include "lib/fileio.h"
#include "loader/cmd.h"
#include "loader/internal.h"

struct list_options {
	const char *name;
	bool json;
};

static const struct argp_option option_table[] = {
	{"json", 'j', NULL, 0, "one JSON document on stdout", 0},
	{0},
};

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct list_options *options = state->input;

	switch (key) {
	case 'j':
		options->json = true;
		return 0;
	case ARGP_KEY_ARG:
		if (options->name)
			cli_usage_error("one NAME or FILE at most, '%s' is a second one", arg);
		options->name = arg;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static json_t *number_to_json(const struct loader_option *o, int64_t value)
{
	if (!strcmp(o->type, "bool"))
		return json_boolean(value);
	return !o->is_signed && value < 0 ? json_sprintf("%" PRIu64, (uint64_t)value)
					  : json_integer(value);
}

static json_t *describe_options(const struct loader *l)
{
	json_t *all = json_array();
	size_t i;

	for (i = 0; all && i < loader_option_count(l); i++) {
		const struct loader_option *o = loader_option(l, i);

		json_array_append_new(
			all, json_pack("{s:s, s:s, s:o, s:o, s:o, s:s, s:b}", "name", o->name,
				       "type", o->type, "default", number_to_json(o, o->def), "min",
				       number_to_json(o, o->min), "max", number_to_json(o, o->max),
				       "help", o->help, "declared", o->declared));
	}
	return all;
}

static json_t *describe_stats(const struct loader *l)
{
	json_t *all = json_array();
	size_t i;

	for (i = 0; all && i < l->stat_count; i++)
		json_array_append_new(all, json_pack("{s:s, s:s}", "name", l->stats[i].name, "help",
						     l->stats[i].help));
	return all;
}

static json_t *describe(const struct loader *l)
{
	return json_pack("{s:s, s:s, s:s, s:b, s:o, s:o}", "name", loader_label(l), "ops",
			 loader_ops_name(l), "object_sha256", loader_sha256(l), "exit_record",
			 l->exit_layout.map != NULL, "tunables", describe_options(l), "statistics",
			 describe_stats(l));
}

static void print_number(const struct loader_option *o, int64_t value)
{
	if (o->is_signed)
		printf("%" PRId64, value);
	else
		printf("%" PRIu64, (uint64_t)value);
}

static void print_one(const struct loader *l)
{
	char help[512];
	size_t i;

	printf("%s (ops %s)\n", loader_label(l), loader_ops_name(l));
	if (loader_option_count(l))
		puts("options, for --set NAME=VALUE:");
	for (i = 0; i < loader_option_count(l); i++) {
		const struct loader_option *o = loader_option(l, i);

		printf("  %-24s %-4s ", o->name, o->type);
		print_number(o, o->def);
		fputs("  [", stdout);
		print_number(o, o->min);
		fputs(", ", stdout);
		print_number(o, o->max);
		printf("]%s%s\n", o->help[0] ? "  " : "",
		       cli_printable(o->help, help, sizeof(help)));
	}
	if (l->stat_count)
		puts("statistics:");
	for (i = 0; i < l->stat_count; i++)
		printf("  %-24s %s\n", l->stats[i].name,
		       cli_printable(l->stats[i].help, help, sizeof(help)));
}

static int list_one(const struct list_options *options)
{
	struct loader_error error;
	struct loader *l;
	json_t *json;
	int err = 0;

	if (loader_open(options->name, &l, &error)) {
		cli_error("%s", error.text);
		return error.status;
	}
	if (options->json) {
		json = json_pack("{s:s, s:o}", "schema", "schedlab.list/1", "schedulers",
				 json_pack("[o]", describe(l)));
		err = json ? file_print_json(json) : -1;
		json_decref(json);
	} else {
		print_one(l);
		err = fflush(stdout);
	}
	loader_close(l);
	return err ? EXIT_STATUS_FAILURE : EXIT_STATUS_OK;
}

static int list_all(bool as_json)
{
	json_t *all = json_array(), *document;
	const struct embedded *e;
	struct loader_error error;
	struct loader *l;
	int err;

	for (e = embedded_objects; e->name; e++) {
		if (loader_open(e->name, &l, &error)) {
			cli_error("%s", error.text);
			json_decref(all);
			return error.status;
		}
		if (as_json)
			json_array_append_new(all, describe(l));
		else
			printf("%-12s %zu options, %zu statistics\n", e->name,
			       loader_option_count(l), l->stat_count);
		loader_close(l);
	}
	if (!as_json) {
		json_decref(all);
		return fflush(stdout) ? EXIT_STATUS_FAILURE : EXIT_STATUS_OK;
	}
	document = json_pack("{s:s, s:o}", "schema", "schedlab.list/1", "schedulers", all);
	err = document ? file_print_json(document) : -1;
	json_decref(document);
	return err ? EXIT_STATUS_FAILURE : EXIT_STATUS_OK;
}

int cmd_list(int argc, char **argv)
{
	static const struct argp argp = {
		option_table,
		parse_option,
		"[NAME|FILE.bpf.o]",
		"List the schedulers in the binary, or one scheduler's options and statistics.",
		NULL,
		NULL,
		NULL};
	struct list_options options = {0};

	cli_parse(&argp, argc, argv, 0, &options);
	return options.name ? list_one(&options) : list_all(options.json);
}
