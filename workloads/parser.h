/* SPDX-License-Identifier: GPL-2.0 */
/* The workload parser's position and first error; shared by its files. Inner header of the load room. */
#ifndef SCHEDLAB_WORKLOADS_PARSER_H
#define SCHEDLAB_WORKLOADS_PARSER_H

#include "workloads/spec.h"

struct parser {
	const char *name; /* for messages; NULL: text from nowhere, which may name no files */
	struct workload *workload;
	const char *cursor, *end; /* of the text still to be read */
	const char *line_text;	  /* the line being parsed, as in the file; ends at '\n' or @end */
	int line;
	char section[WORKLOAD_NAME_SIZE + 16];
	int section_line;
	struct class_spec *class; /* NULL in [workload] and before the first section */
	bool in_section, seen_workload;
	struct {
		int line, column;
	} seen[32];	   /* by key of this section; line 0: not seen */
	const char *value; /* the copy of the value being read, while it is */
	int value_column;
	int err; /* first error, 0 while there is none */
	char *error;
	size_t error_size;
};

/* Note the first error at the given place; later ones are ignored. Returns @err or the earlier one. */
int parser_fail_at(struct parser *p, int line, int column, int err, const char *format, ...)
	__attribute__((format(printf, 5, 6)));
/* The same at the current line, at the place where @text begins in it (1 where it does not). */
int parser_fail(struct parser *p, const char *text, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* values.c: each reads one kind of value out of the text of a line, which it may cut up. */
int parse_dist(struct parser *p, char *text, struct dist *d);
int parse_arrivals(struct parser *p, char *text, struct arrivals *a);
int parse_duration(struct parser *p, const char *text, uint64_t min, uint64_t max, uint64_t *ns);
int parse_count(struct parser *p, const char *text, uint64_t min, uint64_t max, uint64_t *value);
int parse_cpus(struct parser *p, const char *text, cpu_set_t *cpus);
int parse_split(struct parser *p, char *text, double *split, unsigned int *count);
int parse_schbench_flags(struct parser *p, char *text, struct class_spec *c, uint64_t *duration_ns,
			 uint64_t *warmup_ns);
/* Read a file named in the workload file, relative to it. The caller frees *data. */
int parse_named_file(struct parser *p, const char *text, char **data, size_t *size, char *path,
		     size_t path_size);

#endif
