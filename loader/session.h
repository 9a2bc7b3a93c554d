/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A guarded run: one scheduler with what follows it, from the first attach to the end of the command or the run.
 * session.c is the loop, chain.c starts and ends schedulers, incident.c writes down what happened. One thread.
 */
#ifndef SCHEDLAB_LOADER_SESSION_H
#define SCHEDLAB_LOADER_SESSION_H

#include "loader/absence.h"
#include "loader/command.h"
#include "loader/control.h"
#include "loader/guard.h"
#include "loader/internal.h"
#include "loader/rules.h"
#include "loader/writer.h"

#define INCIDENTS_DEFAULT "/var/lib/schedlab/incidents"
#define BREAKER_MAX	  1000 /* the most ejections that a breaker can count */

struct session_options {
	const char *scheduler;
	const char **sets; /* "name=value" for @scheduler */
	size_t set_count;
	struct rules rules;
	uint64_t duration_ns;  /* 0: no limit */
	uint32_t timeout_ms;   /* 0: the object's own */
	const char *incidents; /* folder for incident records */
	const char *metrics;   /* file for Prometheus text; NULL: none */
	uint64_t metrics_every_ns;
	bool verbose, json, partial;
	char **command; /* NULL: none */
};

/* One way in which a scheduler's time ended. */
struct ending {
	int status; /* enum exit_status; 0: a healthy end */
	const char
		*rule; /* "kernel", "max-wait", ...; NULL until the kernel's record has been read */
	char text[512];			/* for the user; printable */
	uint64_t observed_ns, limit_ns; /* of rules on times; else 0 */
	bool restart;			/* the same scheduler is to be started again */
	bool last;			/* nothing is to follow: the operator's will */
	bool refused; /* it never got into the kernel, so there is no exit record */
	struct loader_exit exit;
};

/* What a change of scheduler cost: wall time, and CPU time of all CPUs by who had them. */
struct swap {
	uint64_t from_ns;     /* when the end was noticed or decided */
	uint64_t detached_ns; /* ... and the kernel's default had all tasks */
	uint64_t attach_ns;   /* when the next one's attach began; 0: none followed */
	uint64_t attached_ns;
	uint64_t bypass_run_ns, fair_run_ns;
	bool accounted;	   /* the two are known */
	bool knows_bypass; /* ... the first of them too: this kernel shows when it is in bypass */
};

struct session {
	const struct session_options *options;
	struct loader *chain[RULES_FALLBACK_MAX +
			     1]; /* [0] the scheduler, then its fallbacks; all loaded beforehand */
	size_t chain_count, index;
	struct loader **retired; /* what restarts have replaced */
	size_t retired_count;
	uint64_t hotplug_seq, hotplug_ns; /* as last read, and when it was first seen */
	struct loader *current;		  /* NULL: the kernel's default is active */
	struct guard *guard;
	struct control *control;
	struct writer *writer;
	struct command_process command;
	int signal_fd;
	uint64_t start_ns;	/* of the run */
	uint64_t active_ns;	/* since when the current scheduler is active */
	uint64_t kill_at_ns;	/* when to stop waiting for the command; 0: not asked to end */
	uint64_t confirm_by_ns; /* for whatever is active by then; 0: nothing to confirm */
	uint64_t look_ns;	/* next look at sysfs's counters */
	uint64_t metrics_ns;	/* next writing of the metrics */
	uint64_t
		absent_ns; /* when we last came back from a stop, or the machine from sleep; 0: not in the current scheduler's time */
	struct absence absence;
	bool ending;   /* told to end by a signal, an operator or the duration */
	bool in_order; /* the chain's start has succeeded once */
	bool begun;    /* ... and the command been started, where there is one */

	int status; /* of the first ejection, or of the operator's; 0 so far */
	bool restarting,
		pending; /* a start is due at @start_at_ns: of the same scheduler, or of the next */
	uint64_t start_at_ns;
	uint64_t ejected_ns[BREAKER_MAX]; /* times of what the breaker counts, a ring */
	size_t ejected_count;
	unsigned int restarts, ejections;
	uint64_t restarted_ns; /* the last restart after CPU hotplug */
	bool breaker_open;

	struct loader_kernel_state first,
		last; /* sysfs at the attach, and as last seen while active */
	uint64_t base_bypass_ns, base_fair_ns; /* CPU accounts as last seen while active */
	struct swap swap, last_swap; /* under way; the last complete one. from_ns 0: none */
	json_t *ended;		     /* array: each scheduler that ended */
	json_t *incident; /* of the last ejection, until it is known what follows; NULL: none is open */
	char incident_path[4096];
	unsigned int incidents;
};

/* session.c */
/* Open, set and load the whole chain, the guard and what belongs to it. Messages are printed. Returns an exit status. */
int session_prepare(struct session *s);
/* Attach, watch, end. Returns the run's exit status. */
int session_go(struct session *s);
void session_free(struct session *s);

/* chain.c */
/*
 * Open and load chain[@index], in place of what is there. Returns an exit status. Messages are printed, but in a restart for
 * @error's, which its ending has.
 */
int chain_load(struct session *s, size_t index, struct loader_error *error);
/* Close what restarts replaced, where that is safe by now. */
void chain_reap(struct session *s);
/* At the end: close all schedulers, as soon as no CPU comes or goes (10 s later at most). */
void chain_close(struct session *s);
/* frees.c: wait until the kernel has freed what was closed, 2 s at least and a minute at most. */
void frees_wait(void);
/* Attach chain[index]. Messages are printed. Returns 0 or -errno; s->current says what is active. */
int chain_start(struct session *s);
/* The current scheduler is to end, or has ended, for the reason in @e: take it out, record it, decide what follows. */
void chain_end(struct session *s, struct ending *e);
/* Start what is due. */
void chain_continue(struct session *s);

/* incident.c */
/* Write down the end of the current scheduler (already detached) in the run's list and, if it was ejected, in an incident. */
void incident_new(struct session *s, const struct ending *e);
/* What followed is known: complete the open incident and hand it to the writer. */
void incident_close(struct session *s);
/* A change of scheduler may begin: its CPU time counts from here. */
void incident_base(struct session *s);
/* Keep what an incident must compare with: sysfs's counters and the CPU accounts of the active scheduler. */
void incident_look(struct session *s);
json_t *swap_to_json(const struct swap *swap);
/* From the cause of a change to the next scheduler's start, or to the kernel's default where none followed. */
uint64_t swap_total_ns(const struct swap *swap);
/* The answer to `schedlab status`. */
json_t *session_status(struct session *s);
void session_metrics(struct session *s);

#endif
