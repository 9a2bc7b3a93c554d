// SPDX-License-Identifier: GPL-2.0
/* From the ledger's rows and stack ids to a profile's named stacks. */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "observe/places.h"

static int push(struct places *p, struct place *place, const struct frame *f)
{
	int64_t id;

	if (place->depth == PLACES_DEPTH_MAX)
		return 0;
	id = profile_frame(p->profile, f);
	if (id < 0)
		return (int)id;
	place->frames[place->depth++] = (uint32_t)id;
	return 0;
}

static int push_named(struct places *p, struct place *place, enum frame_kind kind, const char *name)
{
	struct frame f = {.kind = kind, .name = name};

	return push(p, place, &f);
}

static void task_name(const struct places *p, const char *comm, uint64_t tgid, uint64_t pid,
		      char *out, size_t size)
{
	if (p->by_thread)
		snprintf(out, size, "%.*s %llu/%llu", LEDGER_COMM_LEN, comm,
			 (unsigned long long)tgid, (unsigned long long)pid);
	else
		snprintf(out, size, "%.*s", LEDGER_COMM_LEN, comm);
}

int place_begin(struct places *p, struct place *place, const char *comm, uint64_t tgid,
		uint64_t pid)
{
	char name[LEDGER_COMM_LEN + 48];

	place->depth = 0;
	task_name(p, comm, tgid, pid, name, sizeof(name));
	return push_named(p, place, FRAME_PROCESS, name);
}

static int push_user(struct places *p, struct place *place, pid_t tgid,
		     const struct ledger_stack *s)
{
	struct frame frames[SYMBOLS_MAX_INLINE];
	uint64_t i;
	int err = 0, nr;

	for (i = s->nr; !err && i-- > 0;) {
		nr = symbols_user(p->symbols, tgid, s->ip[i], i > 0, frames);
		if (frames[0].kind == FRAME_UNKNOWN)
			p->profile->losses.unknown_frames++;
		while (!err && nr-- > 0)
			err = push(p, place, &frames[nr]);
	}
	return err;
}

static int push_kernel(struct places *p, struct place *place, const struct ledger_stack *s)
{
	struct frame frame;
	uint64_t i;
	int err = 0;

	for (i = s->nr; !err && i-- > 0;) {
		symbols_kernel(p->symbols, s->ip[i], true, &frame);
		if (frame.kind == FRAME_UNKNOWN)
			p->profile->losses.unknown_frames++;
		err = push(p, place, &frame);
	}
	return err;
}

/* A stack with @id; one deeper than what is recorded is counted as cut. False: it is not there. */
static bool get_stack(struct places *p, uint64_t id, struct ledger_stack *s, uint64_t count,
		      uint64_t ns)
{
	if (!id || ledger_stack(p->ledger, id, s) || !s->nr)
		return false;
	if (s->nr >= LEDGER_MAX_FRAMES) {
		s->nr = LEDGER_MAX_FRAMES;
		p->profile->losses.cut += count;
		p->profile->losses.cut_ns += ns;
	}
	return true;
}

int place_stacks(struct places *p, struct place *place, uint64_t tgid, uint64_t user_stack,
		 uint64_t kernel_stack, uint64_t count, uint64_t ns)
{
	struct stack_losses *l = &p->profile->losses;
	struct ledger_stack s;
	int err = 0;

	if (p->user && get_stack(p, user_stack, &s, count, ns)) {
		err = push_user(p, place, (pid_t)tgid, &s);
	} else if (p->user && !symbols_is_kernel_thread(p->symbols, (pid_t)tgid)) {
		l->user_not_walked += count;
		l->user_not_walked_ns += ns;
		err = push_named(p, place, FRAME_LOST, "[user stack not walked]");
	}
	if (err || !p->kernel)
		return err;
	if (get_stack(p, kernel_stack, &s, count, ns))
		return push_kernel(p, place, &s);
	l->kernel_not_walked += count;
	l->kernel_not_walked_ns += ns;
	return push_named(p, place, FRAME_LOST, "[kernel stack not walked]");
}

bool places_own_frame(const char *name)
{
	static const char *const own[] = {"bpf_prog_", "bpf_trace_run", "__bpf_trace_",
					  "__traceiter_", "trace_call_bpf"};
	size_t i;

	for (i = 0; i < sizeof(own) / sizeof(own[0]); i++)
		if (!strncmp(name, own[i], strlen(own[i])))
			return true;
	return false;
}

static int push_waker(struct places *p, struct place *place, struct frame *f)
{
	if (f->kind == FRAME_UNKNOWN)
		p->profile->losses.unknown_frames++;
	f->kind = FRAME_WAKER;
	if (!f->name)
		f->name = "[unknown]";
	return push(p, place, f);
}

static int push_waker_stacks(struct places *p, struct place *place, const struct ledger_edge *e)
{
	struct frame frames[SYMBOLS_MAX_INLINE];
	struct ledger_stack s;
	bool begun = false;
	uint64_t i;
	int err = 0, nr, k;

	if (p->kernel && get_stack(p, e->kernel_stack, &s, 0, 0))
		for (i = 0; !err && i < s.nr; i++) {
			symbols_kernel(p->symbols, s.ip[i], true, &frames[0]);
			begun |= !frames[0].name || !places_own_frame(frames[0].name);
			if (begun)
				err = push_waker(p, place, &frames[0]);
		}
	if (p->user && get_stack(p, e->user_stack, &s, 0, 0))
		for (i = 0; !err && i < s.nr; i++) {
			nr = symbols_user(p->symbols, (pid_t)e->waker_tgid, s.ip[i], i > 0, frames);
			for (k = 0; !err && k < nr; k++)
				err = push_waker(p, place, &frames[k]);
		}
	return err;
}

int place_waker(struct places *p, struct place *place, const struct ledger_edge *edge)
{
	static const char *const interrupts[] = {"", "[softirq]", "[irq]", "[nmi]"};
	char name[LEDGER_COMM_LEN + 48];
	int err = push_named(p, place, FRAME_WAKER, WAKER_SEPARATOR);

	if (err)
		return err;
	if (!edge)
		return push_named(p, place, FRAME_LOST, "[waker not known]");
	err = push_waker_stacks(p, place, edge);
	if (err)
		return err;
	if (edge->context != LEDGER_CONTEXT_TASK && edge->context <= LEDGER_CONTEXT_NMI)
		return push_named(p, place, FRAME_WAKER, interrupts[edge->context]);
	task_name(p, edge->waker_comm, edge->waker_tgid, edge->waker_pid, name, sizeof(name));
	return push_named(p, place, FRAME_WAKER, name);
}

static enum stack_state state_of(uint64_t why)
{
	switch ((enum ledger_why)why) {
	case LEDGER_WHY_SLEEP:
		return STATE_SLEEPING;
	case LEDGER_WHY_DISK:
		return STATE_DISK;
	case LEDGER_WHY_PREEMPTED:
		return STATE_PREEMPTED;
	case LEDGER_WHY_ON_CPU:
		return STATE_RUNNING;
	default:
		return STATE_OTHER;
	}
}

static void add_times(struct state_times *t, const struct ledger_row *row)
{
	unsigned int i;

	if (!t->count || row->min_ns < t->min_ns)
		t->min_ns = row->min_ns;
	if (row->max_ns > t->max_ns)
		t->max_ns = row->max_ns;
	t->count += row->count;
	t->total_ns += row->total_ns;
	for (i = 0; i < LEDGER_SLOTS; i++)
		t->slots[i] += row->slots[i];
}

/* Edges as the rows name them; nothing where wakers were not asked for. */
struct wakers {
	struct ledger_edge *edges;
	size_t nr;
};

static int add_waker(struct places *p, struct place *place, const struct ledger_row *row,
		     const struct wakers *wakers)
{
	enum stack_state state = state_of(row->why);

	if (!p->wakers || state == STATE_PREEMPTED || state == STATE_RUNNING)
		return 0;
	return place_waker(p, place,
			   row->edge && row->edge <= wakers->nr ? &wakers->edges[row->edge - 1]
								: NULL);
}

/* Name the row's stack, and add its time: what was blocked, and what passed between the waking and the CPU. */
static int add_row(struct places *p, struct place *place, const struct ledger_row *row,
		   const struct wakers *wakers, unsigned int states)
{
	enum stack_state state = state_of(row->why);
	uint64_t queued_ns =
		state == STATE_PREEMPTED || state == STATE_RUNNING ? 0 : row->waiting_ns;
	/* A CPU sample of a task in user mode has no kernel stack, and that is no loss. */
	bool kernel = p->kernel;
	int err = place_begin(p, place, row->comm, row->tgid, row->pid);

	if (queued_ns > row->total_ns)
		queued_ns = row->total_ns;
	if (state == STATE_RUNNING && !row->kernel_stack)
		p->kernel = false;
	if (!err)
		err = place_stacks(p, place, row->tgid, row->user_stack, row->kernel_stack,
				   row->count, row->total_ns);
	p->kernel = kernel;
	if (!err)
		err = add_waker(p, place, row, wakers);
	if (!err && states >> state & 1)
		err = profile_add(p->profile, place->frames, place->depth, state,
				  row->total_ns - queued_ns, row->count);
	if (!err && queued_ns && states >> STATE_QUEUED & 1)
		err = profile_add(p->profile, place->frames, place->depth, STATE_QUEUED, queued_ns,
				  row->count);
	return err;
}

int places_rows(struct places *p, unsigned int states, struct state_times *times)
{
	struct place *place = malloc(sizeof(*place));
	struct ledger_row *rows = NULL;
	struct wakers wakers = {0};
	size_t nr = 0, i;
	int err = place ? ledger_rows(p->ledger, p->since, &rows, &nr) : -ENOMEM;

	if (!err && p->wakers)
		err = ledger_edges(p->ledger, LEDGER_SINCE_START, &wakers.edges, &wakers.nr);
	memset(times, 0, STACK_STATES * sizeof(*times));
	for (i = 0; !err && i < nr; i++) {
		enum stack_state state = state_of(rows[i].why);

		if (!rows[i].count || !(states & (1u << state | 1u << STATE_QUEUED)))
			continue;
		if (states >> state & 1)
			add_times(&times[state], &rows[i]);
		err = add_row(p, place, &rows[i], &wakers, states);
	}
	free(wakers.edges);
	free(rows);
	free(place);
	return err;
}

int places_profile(struct places *p, const struct ledger_snapshot *snapshot, unsigned int states,
		   struct state_times *times)
{
	int err = places_rows(p, states, times);

	p->profile->duration_ns = snapshot->time_ns - snapshot->start_ns;
	p->profile->losses.dropped =
		snapshot->losses[LEDGER_LOSS_ROWS] + snapshot->losses[LEDGER_LOSS_STACKS];
	profile_sort(p->profile);
	return err;
}

void places_remember_all(struct symbols *symbols, pid_t tgid)
{
	DIR *proc;
	struct dirent *entry;

	if (tgid) {
		symbols_remember(symbols, tgid);
		return;
	}
	symbols_new_pass(symbols);
	proc = opendir("/proc");
	while (proc && (entry = readdir(proc))) {
		char *end;
		long pid = isdigit((unsigned char)entry->d_name[0])
				   ? strtol(entry->d_name, &end, 10)
				   : 0;

		if (pid > 0 && pid <= INT32_MAX && !*end)
			symbols_remember(symbols, (pid_t)pid);
	}
	if (proc)
		closedir(proc);
}
