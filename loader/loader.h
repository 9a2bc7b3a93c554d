/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The loader: open any sched_ext object (one of ours by name, or any FILE.bpf.o), set its options by name, load, attach,
 * notice its end, read its statistics. Public header of loader/. It keeps no scheduler alive: the kernel unloads the
 * scheduler when the process that holds its link dies.
 *
 * Order of use: loader_open, (loader_set | loader_set_timeout_ms | ...)*, loader_load, loader_attach,
 * (loader_poll | loader_stats)*, loader_detach, loader_exit, loader_close. One thread at a time.
 *
 * Functions return 0 or -errno; where they take a struct loader_error it then holds one line for the user and the exit
 * status that belongs to it. Nothing here prints or exits.
 */
#ifndef SCHEDLAB_LOADER_LOADER_H
#define SCHEDLAB_LOADER_LOADER_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LOADER_NAME_MAX	      128   /* the kernel's limit for ops.name, with its NUL */
#define LOADER_TIMEOUT_MAX_MS 30000 /* the kernel's limit for ops.timeout_ms */

struct loader; /* one scheduler object */

struct loader_error {
	int status;	 /* enum exit_status */
	char text[1024]; /* one line, printable */
};

/* --- the object ------------------------------------------------------------------------------------------------ */

/*
 * Open @what: a name of an embedded scheduler, else (if it holds a '/' or ends in ".o") a file. Needs no privilege
 * and touches nothing. Errors: -ENOENT (no such name or file), -EINVAL (not a sched_ext object), -EFBIG, -ENOMEM, ...
 */
int loader_open(const char *what, struct loader **loader, struct loader_error *error);
/* Detach if attached, release all. NULL is allowed. */
void loader_close(struct loader *loader);

/* ops.name as in the object ("fifo"); valid until loader_close(). */
const char *loader_ops_name(const struct loader *loader);
/* What loader_open() was asked for, for messages. */
const char *loader_label(const struct loader *loader);
/* SHA-256 of the object's bytes, 64 hex digits. */
const char *loader_sha256(const struct loader *loader);

/* --- options: tunables of ours, plain read-only variables of other objects ---------------------------------------- */

struct loader_option {
	const char *name;
	const char *type; /* "bool", "u8" ... "u64", "s8" ... "s64" */
	const char *help; /* "" where the object states none */
	bool is_signed;
	bool declared;	  /* by TUNABLE: the bounds are the author's; else they are the type's */
	bool set;	  /* by loader_set() */
	int64_t min, max; /* unsigned types: as uint64_t in the same bits */
	int64_t def, value;
};

size_t loader_option_count(const struct loader *loader);
const struct loader_option *loader_option(const struct loader *loader, size_t index);

/* Apply "name=value" before loader_load(). -EINVAL: no such option (the nearest is named), not a value, out of bounds. */
int loader_set(struct loader *loader, const char *assignment, struct loader_error *error);
/* ops.timeout_ms, 1 to LOADER_TIMEOUT_MAX_MS. -EINVAL otherwise. */
int loader_set_timeout_ms(struct loader *loader, uint32_t timeout_ms, struct loader_error *error);
/* Only tasks of policy SCHED_EXT are scheduled by it (SCX_OPS_SWITCH_PARTIAL). */
int loader_set_partial(struct loader *loader, struct loader_error *error);

/* --- life in the kernel ------------------------------------------------------------------------------------------- */

/*
 * Check the kernel (sched_ext, its BTF, privilege), then have the verifier look at it. -EPERM and -ENOTSUP have exit
 * status 3; a rejection by the verifier (-EINVAL, -EACCES, ...) status 4 with the log in loader_verifier_log().
 */
int loader_load(struct loader *loader, struct loader_error *error);
/*
 * Make it the scheduler. -EBUSY: another one is loaded (status 7). -ECANCELED: it ended while starting, a failing
 * ops.init for example: loader_exit() has the record and the error the status.
 */
int loader_attach(struct loader *loader, struct loader_error *error);
/* Take it out, if it still is in, and wait until the kernel's default scheduler has all tasks again. */
void loader_detach(struct loader *loader);

/* Readable when the kernel has announced a change of scheduler: then call loader_poll(). Owned by the loader. */
int loader_fd(const struct loader *loader);
/* Never blocks. 1: still the active scheduler; 0: it has ended, see loader_exit(). sysfs and the exit record decide. */
int loader_poll(struct loader *loader);

/*
 * Whether the kernel has an event counter @name, after loader_load(). -EINVAL: it does not (the nearest is named, status 2);
 * -ENOTSUP: it has no counters at all (status 3).
 */
int loader_check_event(const struct loader *loader, const char *name, struct loader_error *error);

/* The verifier's whole log of the last load, "" without one; valid until loader_close(). */
const char *loader_verifier_log(const struct loader *loader);

/* --- how it ended --------------------------------------------------------------------------------------------------- */

/* Values of the kernel's enum scx_exit_kind that are the same on all kernels; a kind >= LOADER_KIND_ERROR is an error. */
enum loader_exit_kind {
	LOADER_KIND_NONE = 0,
	LOADER_KIND_DONE = 1,
	LOADER_KIND_UNREG = 64,	     /* by us */
	LOADER_KIND_UNREG_BPF = 65,  /* by the scheduler itself */
	LOADER_KIND_UNREG_KERN = 66, /* by the kernel: CPU hotplug */
	LOADER_KIND_SYSRQ = 67,
	LOADER_KIND_ERROR = 1024,
	LOADER_KIND_ERROR_BPF = 1025,
	LOADER_KIND_ERROR_STALL = 1026,
};

struct loader_exit {
	bool known;	    /* the object keeps an exit record and it was written */
	bool during_attach; /* it never ran */
	int32_t kind;	    /* without a record: the kernel log's, 0 where that does not have it */
	int32_t cpu;	    /* -1: not told */
	int64_t code;
	char reason[128]; /* as @kind */
	char message[1024];
	const char *dump; /* the kernel's debug dump, "" without one; valid until loader_close() */
};

/* After the end. Texts are as the kernel wrote them, not cleaned for terminals. */
void loader_exit(const struct loader *loader, struct loader_exit *exit);
/* The exit status (80 to 86) of an ejection; 0 where @exit is our own unregistering. */
int loader_exit_status(const struct loader_exit *exit);
/*
 * Whether the task that stalled waited for a CPU that a real-time or deadline task held when the kernel dumped its
 * state: no sched_ext scheduler can help it there, and before 7.0 the kernel keeps no time for it. @out gets
 * "COMM[PID] held CPU N", not cleaned for terminals.
 */
bool loader_exit_holder(const struct loader_exit *exit, char *out, size_t size);
/* Whether the kernel asked for the same scheduler again (after CPU hotplug). */
bool loader_exit_wants_restart(const struct loader_exit *exit);
/* "error (bpf)", ... for any number. */
const char *loader_exit_kind_name(int32_t kind);
/* {"kind","kind_name","code","cpu","reason","message","during_attach","known"} */
json_t *loader_exit_to_json(const struct loader_exit *exit);

/* --- statistics -------------------------------------------------------------------------------------------------- */

struct loader_stat {
	const char *name;
	const char *help; /* "" where the object states none */
	uint64_t value;	  /* since the load, summed over CPUs */
};

/*
 * Read all counters into a fresh array (*stats, the caller frees it; names belong to the loader). Counters are those
 * declared by STAT, and in other objects a per-CPU array named *stats and global integers named nr_*.
 */
int loader_stats(struct loader *loader, struct loader_stat **stats, size_t *count);

/* {name: value} of the options, of the statistics; the "scheduler" object of a result without ops_before/ops_after. */
json_t *loader_options_to_json(const struct loader *loader);
json_t *loader_stats_to_json(struct loader *loader);
json_t *loader_to_json(const struct loader *loader);

/* --- the kernel's own account (sysfs), the only truth about what is active ----------------------------------------- */

struct loader_event {
	char name[64];
	uint64_t value;
};

#define LOADER_EVENTS_MAX 64

struct loader_kernel_state {
	bool supported;		   /* the kernel has sched_ext */
	char state[32];		   /* "disabled", "enabling", "enabled", "disabling" */
	char ops[LOADER_NAME_MAX]; /* "" without a scheduler */
	bool switch_all;	   /* all normal tasks, not just SCHED_EXT ones */
	uint64_t enable_seq, nr_rejected, hotplug_seq;
	size_t event_count; /* 0 on kernels without event counters */
	struct loader_event events[LOADER_EVENTS_MAX];
};

/* Returns 0 (also without sched_ext: supported is false) or -errno. */
int loader_kernel_state(struct loader_kernel_state *state);
/* How many times a CPU has come or gone since boot; 0 without sched_ext. Returns 0 or -errno. */
int loader_hotplug_seq(uint64_t *seq);
/* {"supported","state","ops","switch_all","enable_seq","nr_rejected","hotplug_seq","events":{}} */
json_t *loader_kernel_state_to_json(const struct loader_kernel_state *state);

/* --- the trail in the system log ------------------------------------------------------------------------------------ */

/* Who loaded what: user, object and options. @more: words behind the name, "" for none. */
void loader_audit_loaded(const struct loader *loader, const char *more);
/* How its time of @ran_ns ended: @status 0 for a healthy end, @text "" or why. */
void loader_audit_ended(const struct loader *loader, bool ejected, uint64_t ran_ns,
			const char *rule, int status, const char *text);
/* At the end: warn of lines that did not reach the system log. A machine without one (/dev/log) loses none. */
void loader_audit_warn(void);

#endif
