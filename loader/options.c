// SPDX-License-Identifier: GPL-2.0
/*
 * Options of an object: the TUNABLEs of ours with bounds and help, the plain read-only integers of any other. Found
 * and set through the object's BTF; what the loader fills in itself (constants, sizes, places) is no option.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "loader/internal.h"

static bool is_integer(const struct btf_type *t, bool *is_signed, bool *is_bool)
{
	*is_signed = false;
	*is_bool = false;
	if (btf_is_enum(t) || btf_is_enum64(t))
		return true;
	if (!btf_is_int(t))
		return false;
	*is_signed = btf_int_encoding(t) & BTF_INT_SIGNED;
	*is_bool = btf_int_encoding(t) & BTF_INT_BOOL;
	return true;
}

/* What the loader sets by itself, see kernel.c and exit.c. */
static bool is_filled_in(const struct loader *l, const struct variable *v)
{
	size_t length = strlen(v->name);

	return !strncmp(v->name, "__", 2) || !strcmp(v->name, "nr_cpu_ids") ||
	       strchr(v->name, '.') || (length > 9 && !strcmp(v->name + length - 9, "_dump_len")) ||
	       object_tag(l, v->id, "stat");
}

static int64_t read_value(const struct variable *v, bool is_signed)
{
	const void *data = object_data(v);
	uint64_t bits = 0;
	unsigned int shift = 64 - v->size * 8;

	memcpy(&bits, data,
	       v->size); /* little-endian hosts only, as the object check demands the host's order */
	if (!is_signed)
		return (int64_t)bits;
	return (int64_t)(bits << shift) >> shift;
}

static const char *type_name(uint32_t size, bool is_signed, bool is_bool)
{
	static const char *const names[2][9] = {
		{[1] = "u8", [2] = "u16", [4] = "u32", [8] = "u64"},
		{[1] = "s8", [2] = "s16", [4] = "s32", [8] = "s64"},
	};

	return is_bool ? "bool" : names[is_signed][size];
}

static void type_bounds(struct loader_option *o, uint32_t size, bool is_bool)
{
	unsigned int bits = size * 8;

	if (is_bool) {
		o->min = 0;
		o->max = 1;
	} else if (o->is_signed) {
		o->min = bits == 64 ? INT64_MIN : -(INT64_C(1) << (bits - 1));
		o->max = bits == 64 ? INT64_MAX : (INT64_C(1) << (bits - 1)) - 1;
	} else {
		o->min = 0;
		o->max = bits == 64 ? -1 : (int64_t)((UINT64_C(1) << bits) - 1);
	}
}

/* A whole number in the option's type: decimal or 0x..., suffixes of C literals allowed. 0, -EINVAL or -ERANGE. */
static int parse_number(const struct loader_option *o, const char *text, int64_t *value)
{
	int base =
		text[text[0] == '-'] == '0' && (text[(text[0] == '-') + 1] | 32) == 'x' ? 16 : 10;
	char *end;

	if (!text[0] || strchr(" \t\n+", text[0]))
		return -EINVAL;
	errno = 0;
	if (o->is_signed)
		*value = strtoll(text, &end, base);
	else if (text[0] == '-')
		return strtoull(text, &end, base) && !*end ? -ERANGE : -EINVAL;
	else
		*value = (int64_t)strtoull(text, &end, base);
	if (end == text || end[strspn(end, "uUlL")])
		return -EINVAL;
	return errno ? -ERANGE : 0;
}

static int parse_value(const struct loader_option *o, const char *text, int64_t *value)
{
	if (!strcmp(o->type, "bool")) {
		if (!strcmp(text, "true") || !strcmp(text, "on") || !strcmp(text, "yes"))
			return *value = 1, 0;
		if (!strcmp(text, "false") || !strcmp(text, "off") || !strcmp(text, "no"))
			return *value = 0, 0;
	}
	return parse_number(o, text, value);
}

static bool in_bounds(const struct loader_option *o, int64_t value)
{
	if (o->is_signed)
		return value >= o->min && value <= o->max;
	return (uint64_t)value >= (uint64_t)o->min && (uint64_t)value <= (uint64_t)o->max;
}

/* The author's bounds, where stated and within the type's. */
static void declared_bounds(const struct loader *l, const struct variable *v,
			    struct loader_option *o)
{
	const char *min = object_tag(l, v->id, "min"), *max = object_tag(l, v->id, "max");
	const char *help = object_tag(l, v->id, "help");
	int64_t low, high;

	o->help = help ? help : "";
	if (!min || !max || parse_value(o, min, &low) || parse_value(o, max, &high))
		return;
	if (!in_bounds(o, low) || !in_bounds(o, high))
		return;
	o->declared = true;
	o->min = low;
	o->max = high;
}

int options_find(struct loader *l)
{
	size_t i;

	l->options = calloc(l->variable_count + 1, sizeof(*l->options));
	l->option_variables = calloc(l->variable_count + 1, sizeof(*l->option_variables));
	if (!l->options || !l->option_variables)
		return -ENOMEM;
	for (i = 0; i < l->variable_count; i++) {
		struct variable *v = &l->variables[i];
		struct loader_option *o = &l->options[l->option_count];
		bool is_bool;

		if (!object_is_rodata(v) || is_filled_in(l, v) || v->size > 8 ||
		    !is_integer(btf__type_by_id(l->btf, v->type_id), &o->is_signed, &is_bool))
			continue;
		o->name = v->name;
		o->type = type_name(v->size, o->is_signed, is_bool);
		if (!o->type)
			continue;
		type_bounds(o, v->size, is_bool);
		declared_bounds(l, v, o);
		o->def = o->value = read_value(v, o->is_signed);
		l->option_variables[l->option_count++] = v;
	}
	return 0;
}

void options_free(struct loader *l)
{
	free(l->options);
	free(l->option_variables);
}

size_t loader_option_count(const struct loader *l)
{
	return l->option_count;
}

const struct loader_option *loader_option(const struct loader *l, size_t index)
{
	return index < l->option_count ? &l->options[index] : NULL;
}

static int no_such_option(const struct loader *l, const char *name, struct loader_error *error)
{
	const char *nearest, **names = calloc(l->option_count + 1, sizeof(*names));
	size_t i;

	if (!names)
		return loader_fail(error, -ENOMEM, EXIT_STATUS_FAILURE, "out of memory");
	for (i = 0; i < l->option_count; i++)
		names[i] = l->options[i].name;
	nearest = cli_nearest(name, names, l->option_count);
	free(names);
	if (!l->option_count)
		return loader_fail(error, -EINVAL, EXIT_STATUS_USAGE, "--set %s: %s has no options",
				   name, l->label);
	return loader_fail(error, -EINVAL, EXIT_STATUS_USAGE,
			   "--set %s: %s has no option of that name%s%s%s (see schedlab list %s)",
			   name, l->label, nearest ? "; did you mean '" : "",
			   nearest ? nearest : "", nearest ? "'" : "", l->label);
}

static int out_of_bounds(const struct loader_option *o, const char *text,
			 struct loader_error *error)
{
	if (o->is_signed)
		return loader_fail(error, -EINVAL, EXIT_STATUS_USAGE,
				   "--set %s=%s: out of bounds, from %" PRId64 " to %" PRId64
				   " is allowed",
				   o->name, text, o->min, o->max);
	return loader_fail(error, -EINVAL, EXIT_STATUS_USAGE,
			   "--set %s=%s: out of bounds, from %" PRIu64 " to %" PRIu64 " is allowed",
			   o->name, text, (uint64_t)o->min, (uint64_t)o->max);
}

int loader_set(struct loader *l, const char *assignment, struct loader_error *error)
{
	const char *equals = strchr(assignment, '=');
	struct loader_option *o = NULL;
	int64_t value;
	char name[128];
	size_t i;
	int err;

	if (!equals || equals == assignment || equals - assignment >= (ptrdiff_t)sizeof(name))
		return loader_fail(error, -EINVAL, EXIT_STATUS_USAGE,
				   "--set %s: NAME=VALUE is needed", assignment);
	snprintf(name, sizeof(name), "%.*s", (int)(equals - assignment), assignment);
	for (i = 0; i < l->option_count && !o; i++)
		if (!strcmp(l->options[i].name, name))
			o = &l->options[i];
	if (!o)
		return no_such_option(l, name, error);
	err = parse_value(o, equals + 1, &value);
	if (err == -EINVAL)
		return loader_fail(error, err, EXIT_STATUS_USAGE,
				   "--set %s: '%s' is not a value of type %s", name, equals + 1,
				   o->type);
	if (err || !in_bounds(o, value))
		return out_of_bounds(o, equals + 1, error);
	o->value = value;
	o->set = true;
	memcpy(object_data(l->option_variables[o - l->options]), &value,
	       l->option_variables[o - l->options]->size);
	return 0;
}

static json_t *value_to_json(const struct loader_option *o, int64_t value)
{
	if (!strcmp(o->type, "bool"))
		return json_boolean(value);
	/* JSON's integers here are signed 64 bits; what is above goes as text rather than wrong. */
	if (!o->is_signed && value < 0)
		return json_sprintf("%" PRIu64, (uint64_t)value);
	return json_integer(value);
}

json_t *loader_options_to_json(const struct loader *l)
{
	json_t *all = json_object();
	size_t i;

	for (i = 0; all && i < l->option_count; i++)
		json_object_set_new(all, l->options[i].name,
				    value_to_json(&l->options[i], l->options[i].value));
	return all;
}
