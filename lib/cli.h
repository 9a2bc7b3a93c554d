/* SPDX-License-Identifier: GPL-2.0 */
/* What every subcommand shares: exit statuses, numbers with units, name suggestions, one-line errors. */
#ifndef SCHEDLAB_LIB_CLI_H
#define SCHEDLAB_LIB_CLI_H

#include <argp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Every exit status of the program, in one place; documented in schedlab(1). */
enum exit_status {
	EXIT_STATUS_OK = 0,
	EXIT_STATUS_FAILURE = 1,      /* run-time failure: I/O, memory, a full disk */
	EXIT_STATUS_USAGE = 2,	      /* wrong option, file, value or name */
	EXIT_STATUS_UNSUPPORTED = 3,  /* a privilege or a kernel feature is missing */
	EXIT_STATUS_REJECTED = 4,     /* the verifier rejected a BPF program */
	EXIT_STATUS_INVALID = 5,      /* a run that is not valid, a verdict that fails */
	EXIT_STATUS_WORSE = 6,	      /* compare --fail-if is true */
	EXIT_STATUS_BUSY = 7,	      /* another scheduler is loaded, a folder is in use */
	EXIT_STATUS_EJECTED_BPF = 80, /* the scheduler reported an error itself */
	EXIT_STATUS_EJECTED_ERROR =
		81, /* the kernel found an error, or an error kind we do not know */
	EXIT_STATUS_EJECTED_STALL = 82,	    /* the kernel's watchdog */
	EXIT_STATUS_EJECTED_SYSRQ = 83,	    /* the operator's veto */
	EXIT_STATUS_EJECTED_KERNEL = 84,    /* unregistered by the kernel, hotplug for example */
	EXIT_STATUS_EJECTED_UNREG_BPF = 85, /* the scheduler unregistered itself */
	EXIT_STATUS_EJECTED_INIT = 86,	    /* ops.init failed */
	EXIT_STATUS_GUARD_MAX_WAIT = 90,
	EXIT_STATUS_GUARD_CANARY = 91,
	EXIT_STATUS_GUARD_SLO = 92,
	EXIT_STATUS_GUARD_UNCONFIRMED = 93,
	EXIT_STATUS_GUARD_BREAKER = 94, /* every fallback failed: the breaker is open */
	EXIT_STATUS_GUARD_EVENT = 95,
	EXIT_STATUS_GUARD_STOPPED = 96, /* schedlab stop */
};

/* A subcommand. @main gets argv with argv[0] = "schedlab NAME" and returns an exit status. */
struct command {
	const char *name;
	const char *summary;
	int (*main)(int argc, char **argv);
};

/*
 * Parse "250ns", "10us", "1.5ms", "2s", "3m", "1h" (a bare number is in @default_unit_ns) into nanoseconds.
 * Returns 0, -EINVAL (not a duration) or -ERANGE (negative, or above 2^63 - 1 ns).
 */
int cli_parse_duration_ns(const char *text, uint64_t default_unit_ns, uint64_t *ns);

/* Parse a decimal or 0x number within [min, max]. Returns 0, -EINVAL or -ERANGE. */
int cli_parse_u64(const char *text, uint64_t min, uint64_t max, uint64_t *value);

/* Parse a finite decimal number within [min, max]. Returns 0, -EINVAL or -ERANGE. */
int cli_parse_double(const char *text, double min, double max, double *value);

/*
 * The name of @names (@count of them) nearest to @text by edit distance, or NULL where none is near enough to be
 * what the user meant (distance above a third of its length, rounded up).
 */
const char *cli_nearest(const char *text, const char *const *names, size_t count);

/* Print "schedlab: " and one line to stderr. Control characters in arguments are the caller's to clean. */
void cli_error(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* The same for wrong use: the line is cleaned, and the program ends with EXIT_STATUS_USAGE. */
void cli_usage_error(const char *format, ...) __attribute__((noreturn, format(printf, 1, 2)));
/* As cli_error(), with "schedlab: warning: " and "schedlab: note: ". */
void cli_warn(const char *format, ...) __attribute__((format(printf, 1, 2)));
void cli_note(const char *format, ...) __attribute__((format(printf, 1, 2)));

/*
 * argp_parse() with this program's habits: wrong use exits with EXIT_STATUS_USAGE after one line, --help goes to
 * stdout and exits 0. Returns 0, or the parser's error.
 */
int cli_parse(const struct argp *argp, int argc, char **argv, unsigned int flags, void *input);

/*
 * Copy @text into @out (@size bytes, always terminated) so that it is safe to print on a terminal: control
 * characters, and bytes that are not UTF-8, become \xNN. Returns @out.
 */
char *cli_printable(const char *text, char *out, size_t size);

#endif
