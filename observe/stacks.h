/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A profile: stacks with the time that was spent in each, already named. It is what the symbolizer fills and what the
 * writers (folded, flame, speedscope, JSON) read. It knows nothing of BPF, processes or files.
 */
#ifndef SCHEDLAB_OBSERVE_STACKS_H
#define SCHEDLAB_OBSERVE_STACKS_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

/* Where a frame comes from; the writers colour by it. */
enum frame_kind {
	FRAME_PROCESS, /* the command that waited: the root of its stacks */
	FRAME_USER,    /* a function of an ELF file */
	FRAME_INLINED, /* a function that the compiler folded into the next outer user frame */
	FRAME_JIT,     /* a function named by a perf map */
	FRAME_KERNEL,  /* a kernel function */
	FRAME_UNKNOWN, /* an address without a name */
	FRAME_LOST,    /* stands for a stack that could not be walked, or that was dropped */
	FRAME_WAKER, /* a frame of the task that ended the wait: behind WAKER_SEPARATOR, innermost first */
	FRAME_KINDS
};

/* The frame between a blocked stack and its waker's, as in the field's wake-chain graphs. */
#define WAKER_SEPARATOR "--"

/* What the task was doing, in the words of docs/measurement: every stack has one. */
enum stack_state {
	STATE_RUNNING,	 /* on a CPU (profiles of the whole wall time only) */
	STATE_SLEEPING,	 /* blocked, interruptible (S) */
	STATE_DISK,	 /* blocked, uninterruptible (D) */
	STATE_OTHER,	 /* blocked otherwise: stopped, traced, idle kernel thread */
	STATE_QUEUED,	 /* woken, waiting for a CPU: activation and queue wait */
	STATE_PREEMPTED, /* runnable, waiting for a CPU: preempt wait */
	STACK_STATES
};

/* "running", "sleeping", ... ; NULL beyond the last. */
const char *stack_state_name(enum stack_state state);
/* The state of that name, or -EINVAL. */
int stack_state_from_name(const char *name);
/* "process", "user", ... ; NULL beyond the last. */
const char *frame_kind_name(enum frame_kind kind);
/* The kind of that name, or -EINVAL. */
int frame_kind_from_name(const char *name);

/*
 * One frame. All text is plain (escape.h, ESCAPE_TERMINAL) and owned by the profile; "" where there is none.
 * Frames are the same when kind, name and module are, and for unknown ones the address.
 */
struct frame {
	enum frame_kind kind;
	const char *name;
	const char *module;   /* file name of the ELF object, "kernel", a kernel module, "" */
	const char *build_id; /* hexadecimal */
	const char *source;   /* "file:line" of the first address seen */
	uint64_t
		address; /* of the first address seen: in the ELF file's own (unrelocated) addresses; 0 if none */
};

/* One stack: frames from the root (the process) to the leaf. */
struct stack {
	const uint32_t *frames; /* indexes into profile.frames; owned by the profile */
	uint32_t depth;
	enum stack_state state;
	uint64_t value_ns; /* time spent */
	uint64_t count;	   /* intervals */
};

/* What is missing from the picture. Counts of stacks, and the time that stands behind them. */
struct stack_losses {
	uint64_t kernel_not_walked, kernel_not_walked_ns; /* no kernel stack could be taken */
	uint64_t user_not_walked, user_not_walked_ns;	  /* no user stack could be taken */
	uint64_t cut, cut_ns;	      /* deeper than the longest stack recorded */
	uint64_t dropped, dropped_ns; /* no room to keep the stack */
	uint64_t unknown_frames;      /* addresses without a name */
};

struct profile {
	struct frame **frames;
	uint32_t nr_frames;
	struct stack **stacks;
	uint32_t nr_stacks;
	uint64_t total_ns;    /* sum over the stacks */
	uint64_t duration_ns; /* of the capture; 0 where unknown */
	struct stack_losses losses;
	/* private */
	void *frame_index;
	void *stack_index;
	uint32_t cap_frames;
	uint32_t cap_stacks;
};

/* Prepare an empty profile in @p; profile_free() releases what it owns (safe on a zeroed struct). */
void profile_init(struct profile *p);
void profile_free(struct profile *p);

/*
 * The index of the frame like @f (its text is copied and made plain; NULL text is ""), new or known.
 * Returns the index, or -ENOMEM, or -ENOSPC beyond 2^31 - 1 frames.
 */
int64_t profile_frame(struct profile *p, const struct frame *f);

/*
 * Add @value_ns and @count to the stack of @depth @frames (root first) in @state; the same stack is one entry.
 * Returns 0, -EINVAL (a frame that is not there), -EOVERFLOW (a sum beyond 2^64 - 1) or -ENOMEM.
 */
int profile_add(struct profile *p, const uint32_t *frames, uint32_t depth, enum stack_state state,
		uint64_t value_ns, uint64_t count);

/* Bring the stacks into the order of their frames' names, then state: the order of all outputs. */
void profile_sort(struct profile *p);
/* The order of two frames: by name, then module, then kind. */
int frame_compare(const struct frame *a, const struct frame *b);

/*
 * {"total_ns","duration_ns","frames":[{"name","kind","module","build_id","source","address"}],
 *  "stacks":[{"state","value_ns","count","frames":[index,...]}],"losses":{...}}; NULL on lack of memory.
 */
json_t *profile_to_json(const struct profile *p);
/* Read the same back into the uninitialised @p. Returns 0, -ENOMEM, or -EINVAL with one line in @error. */
int profile_from_json(const json_t *json, struct profile *p, char *error, size_t error_size);

#endif
