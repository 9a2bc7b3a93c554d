// SPDX-License-Identifier: GPL-2.0
/* What a capture of stacks comes to, in words on standard output, and what is missing in it, on standard error; and as JSON. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/cli.h"
#include "lib/hist.h"
#include "lib/timeutil.h"
#include "observe/stackreport.h"

static void print_state(enum stack_state state, const struct state_times *t)
{
	char total[32], mean[32], max[32];
	struct hist h;
	unsigned int i;

	if (!t->count)
		return;
	printf("\n%s: %s in %" PRIu64 " intervals, mean %s", stack_state_name(state),
	       time_format(t->total_ns, total, sizeof(total)), t->count,
	       time_format(t->total_ns / t->count, mean, sizeof(mean)));
	if (!t->max_ns || state == STATE_RUNNING || hist_init(&h, 1)) {
		putchar('\n'); /* samples, or a capture that did not keep durations */
		return;
	}
	printf(", longest %s\n", time_format(t->max_ns, max, sizeof(max)));
	for (i = 0; i < LEDGER_SLOTS; i++)
		if (t->slots[i])
			hist_add_bucket(&h, hist_index(1, 1ULL << i), t->slots[i]);
	hist_set_exact(&h, t->total_ns, t->min_ns, t->max_ns);
	hist_print_log2(&h, NSEC_PER_USEC, "usecs", stdout);
	hist_free(&h);
}

void stackreport_times(const struct state_times *times)
{
	int s;

	for (s = 0; s < STACK_STATES; s++)
		print_state((enum stack_state)s, &times[s]);
}

static int compare_values(const void *a, const void *b)
{
	const struct stack *x = *(struct stack *const *)a, *y = *(struct stack *const *)b;

	return x->value_ns > y->value_ns ? -1 : x->value_ns < y->value_ns;
}

static void print_frame(const struct frame *f)
{
	printf("    %s", f->name);
	if (f->kind == FRAME_INLINED)
		printf(" (inlined)");
	if (f->kind == FRAME_UNKNOWN)
		printf(" %s+0x%" PRIx64, f->module, f->address);
	else if (f->module[0] && f->kind != FRAME_PROCESS)
		printf(" [%s]", f->module);
	if (f->source[0])
		printf(" %s", f->source);
	putchar('\n');
}

static void print_stack(const struct profile *p, const struct stack *s)
{
	char total[32];
	uint32_t i;

	printf("\n%s, %.1f %%, %" PRIu64 " times, %s\n",
	       time_format(s->value_ns, total, sizeof(total)),
	       p->total_ns ? 100.0 * (double)s->value_ns / (double)p->total_ns : 0.0, s->count,
	       stack_state_name(s->state));
	for (i = s->depth; i-- > 0;)
		print_frame(p->frames[s->frames[i]]);
}

int stackreport_top(const struct profile *p, uint64_t top)
{
	struct stack **by_value = malloc((p->nr_stacks + 1) * sizeof(*by_value));
	uint32_t i;

	if (!by_value)
		return -ENOMEM;
	memcpy(by_value, p->stacks, p->nr_stacks * sizeof(*by_value));
	qsort(by_value, p->nr_stacks, sizeof(*by_value), compare_values);
	for (i = 0; i < p->nr_stacks && i < top; i++)
		print_stack(p, by_value[i]);
	if (p->nr_stacks > top)
		printf("\n%" PRIu64 " of %" PRIu32 " stacks shown (--top)\n", top, p->nr_stacks);
	free(by_value);
	return 0;
}

static void say_loss(const char *what, uint64_t count, uint64_t ns)
{
	char text[32];

	if (count)
		cli_note("%" PRIu64 " intervals %s (%s)", count, what,
			 time_format(ns, text, sizeof(text)));
}

void stackreport_losses(const struct profile *p, const struct symbols_counts *c)
{
	const struct stack_losses *l = &p->losses;

	say_loss("without a kernel stack", l->kernel_not_walked, l->kernel_not_walked_ns);
	say_loss("without a user stack", l->user_not_walked, l->user_not_walked_ns);
	say_loss("with a stack cut at the recorded depth", l->cut, l->cut_ns);
	if (l->dropped)
		cli_note("%" PRIu64 " intervals found no room for their row or stack", l->dropped);
	if (c->kernel_hidden)
		cli_note(
			"kernel symbols are hidden: run as root with kernel.kptr_restrict below 2");
	if (l->unknown_frames)
		cli_note("%" PRIu64 " addresses without a name: %" PRIu64
			 " of ended processes, %" PRIu64 " not mapped, %" PRIu64
			 " in files that cannot be read, %" PRIu64 " without a symbol, %" PRIu64
			 " generated, %" PRIu64 " of the kernel",
			 l->unknown_frames, c->unknown_gone, c->unknown_unmapped,
			 c->unknown_no_file, c->unknown_no_symbol, c->unknown_jit,
			 c->unknown_kernel);
}

static json_t *times_json(const struct state_times *t)
{
	json_t *slots = json_array();
	unsigned int i;

	for (i = 0; slots && i < LEDGER_SLOTS; i++)
		if (t->slots[i])
			json_array_append_new(slots, json_pack("[I, I]", (json_int_t)(1ULL << i),
							       (json_int_t)t->slots[i]));
	return json_pack("{s:I, s:I, s:I, s:I, s:o}", "count", (json_int_t)t->count, "total_ns",
			 (json_int_t)t->total_ns, "min_ns", (json_int_t)t->min_ns, "max_ns",
			 (json_int_t)t->max_ns, "slots", slots);
}

json_t *stackreport_times_json(const struct state_times *times)
{
	json_t *states = json_object();
	int s, err = states ? 0 : -1;

	for (s = 0; !err && s < STACK_STATES; s++)
		if (times[s].count)
			err = json_object_set_new(states, stack_state_name((enum stack_state)s),
						  times_json(&times[s]));
	if (!err)
		return states;
	json_decref(states);
	return NULL;
}

json_t *stackreport_symbols_json(const struct symbols_counts *c)
{
	return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:b}", "named", (json_int_t)c->named,
			 "unknown_kernel", (json_int_t)c->unknown_kernel, "unknown_gone",
			 (json_int_t)c->unknown_gone, "unknown_unmapped",
			 (json_int_t)c->unknown_unmapped, "unknown_no_file",
			 (json_int_t)c->unknown_no_file, "unknown_no_symbol",
			 (json_int_t)c->unknown_no_symbol, "unknown_jit",
			 (json_int_t)c->unknown_jit, "kernel_hidden", c->kernel_hidden);
}
