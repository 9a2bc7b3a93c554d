/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Stacks for ledger.bpf.c. A walk costs some 5,600 instructions (the kernel's ORC unwinder), so a place is known again:
 * the words where the last walk found its return addresses are looked at, about 15 instructions each, and only where one
 * differs the stack is walked. An unwinder that goes by the stack pointer depends on nothing but the first address and
 * these words, so equal words mean an equal stack. Two things can break that: functions that unwind by frame
 * pointer, and a return address that stands twice between its neighbours (such a place is marked, and in exact mode
 * always walked). One in CHECK_EVERY known places is walked all the same, and what was wrong is counted.
 * User stacks can be taken only while the task runs, at its switch out: exact mode walks each; else a place is known by
 * the user's instruction, stack and frame pointers at kernel entry, with the same checks.
 */
#ifndef SCHEDLAB_OBSERVE_LEDGER_STACKS_BPF_H
#define SCHEDLAB_OBSERVE_LEDGER_STACKS_BPF_H

#define PLACE_WAYS	4
#define PLACE_SETS	64
#define CHECK_EVERY	61	 /* odd, so that no rhythm of the load keeps in step with it */
#define STACK_SIZE	16384ULL /* x86-64; elsewhere cfg_know_places is off */
#define SCAN_WORDS	1024
#define USER_STACK_SIZE (8ULL << 20) /* as large as a stack grows by default */
#define OWN_FRAMES	8	     /* at most: of this program and what called it */

/* Where the stack at one depth was found to hold which return addresses. Per CPU, used with interrupts off. */
struct place {
	__u64 key; /* offset of the base in its stack, | KIND bits; 0: free */
	__u64 id;
	__u32 nr;
	__u32 ambiguous;
	__u32 first; /* leading addresses of a walk that are dropped: this program's own */
	__u32 unused;
	__u64 ip[LEDGER_MAX_FRAMES];
	__u16 at[LEDGER_MAX_FRAMES]; /* bytes above the base */
};

struct place_set {
	__u64 victim;
	struct place way[PLACE_WAYS];
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, PLACE_SETS);
	__type(key, __u32);
	__type(value, struct place_set);
} places SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct ledger_stack);
} scratch SEC(".maps");

extern void *bpf_rdonly_cast(const void *object, __u32 btf_id) __ksym;

/* One word of kernel memory; 0 where there is none. A struct that begins with a number serves as its type. */
static __always_inline __u64 peek(__u64 address)
{
	struct timespec64 *word =
		bpf_rdonly_cast((void *)address, bpf_core_type_id_kernel(struct timespec64));

	return word->tv_sec;
}

/*
 * The functions with loops are global: the verifier goes through each once, and not once for every way that leads to a
 * call. It checks their arguments' types, and wants them to look at pointers for NULL themselves.
 */
__noinline bool place_holds(const struct place *place, __u64 base)
{
	__u32 i;

	if (!place)
		return false;
	for (i = 0; i < LEDGER_MAX_FRAMES; i++) {
		if (i >= place->nr)
			return true;
		if (peek(base + place->at[i]) != place->ip[i])
			return false;
	}
	return true;
}

__noinline __u64 stack_hash(const struct ledger_stack *stack)
{
	__u64 hash = 14695981039346656037ULL;
	__u32 i;

	if (!stack)
		return 0;
	for (i = 0; i < LEDGER_MAX_FRAMES; i++) {
		if (i >= stack->nr)
			break;
		hash = (hash ^ stack->ip[i]) * 1099511628211ULL;
		hash ^= hash >> 29;
	}
	return hash ? hash : 1;
}

/* The id of the stack in @stack, kept if new; 0 where the table is full. */
static __always_inline __u64 stack_keep(const struct ledger_stack *stack)
{
	__u64 id = stack_hash(stack);

	if (bpf_map_lookup_elem(&stacks, &id))
		return id;
	if (bpf_map_update_elem(&stacks, &id, stack, BPF_ANY)) {
		lost(LEDGER_LOSS_STACKS);
		return 0;
	}
	return id;
}

/* Whether @word, found @at bytes above the base, is the address that comes next. */
static __always_inline void place_match(struct place *place, const struct ledger_stack *stack,
					__u64 word, __u16 at)
{
	__u32 nr = place->nr, next = place->first + nr, last = nr - 1;

	if (!nr) { /* how many own frames come first is not known */
		for (next = 0; next < OWN_FRAMES && stack->ip[next] != word; next++)
			;
		if (next == OWN_FRAMES)
			return;
		place->first = next;
	}
	asm volatile("" : "+r"(next), "+r"(nr), "+r"(last));
	if (next < LEDGER_MAX_FRAMES && next < stack->nr && nr < LEDGER_MAX_FRAMES &&
	    stack->ip[next] == word) {
		place->ip[nr] = word;
		place->at[nr] = at;
		place->nr = nr + 1;
	} else if (nr && last < LEDGER_MAX_FRAMES && place->ip[last] == word) {
		place->ambiguous = 1;
	}
}

/*
 * Find where above @base the addresses of @stack stand. Leading addresses that are not there (this program's own frames)
 * are dropped; in an interrupt the rest, on the interrupted task's stack, too. Fills the place; returns whether it
 * may be known again.
 */
__noinline bool place_learn(struct place *place, struct ledger_stack *stack, __u64 base,
			    bool interrupt)
{
	__u64 top = (base | (STACK_SIZE - 1)) + 1;
	__u32 w;

	if (!place || !stack)
		return false;
	/* The counters live in the map: as variables they would be a state each to the verifier. */
	place->ambiguous = 0;
	place->first = 0;
	place->nr = 0;
	bpf_for (w, 0, SCAN_WORDS) {
		__u64 address = base + w * 8;
		__u64 word = peek(address);

		if (address >= top)
			break;
		if (word)
			place_match(place, stack, word, w * 8);
	}
	return place->nr && (interrupt || place->first + place->nr == stack->nr);
}

/* Make @stack say what @place found: without the frames of the instrument. */
__noinline int stack_from_place(struct ledger_stack *stack, const struct place *place)
{
	__u32 i;

	if (!stack || !place)
		return 0;
	stack->nr = place->nr;
	for (i = 0; i < LEDGER_MAX_FRAMES; i++) {
		if (i >= place->nr)
			break;
		stack->ip[i] = place->ip[i];
	}
	return 0;
}

/* Whether this use of something known is to be checked by a walk. */
static __always_inline bool check_turn(void)
{
	struct counters *c = my_counters();

	return c && ++c->turn % CHECK_EVERY == 0;
}

/* Walk: of the blocked @task, or, NULL, of the current one from the tracepoint's @ctx. Returns whether it went well. */
static __always_inline bool kernel_walk(void *ctx, struct task_struct *task,
					struct ledger_stack *stack)
{
	long bytes;

	if (task)
		bytes = bpf_get_task_stack(task, stack->ip, sizeof(stack->ip), 0);
	else
		bytes = bpf_get_stack(ctx, stack->ip, sizeof(stack->ip), 0);
	if (bytes <= 0) {
		lost(LEDGER_LOSS_WALK_KERNEL);
		return false;
	}
	stack->nr = (__u64)bytes / 8;
	counted(LEDGER_COUNT_WALKS);
	return true;
}

static __always_inline struct place *place_find(struct place_set *set, __u64 key, __u64 base)
{
	__u32 i;

	for (i = 0; i < PLACE_WAYS; i++)
		if (set->way[i].key == key && place_holds(&set->way[i], base))
			return &set->way[i];
	return NULL;
}

/* Whether a walk found what @place says, behind its own frames; in an interrupt more may follow. */
__noinline bool place_agrees(const struct place *place, const struct ledger_stack *stack,
			     bool interrupt)
{
	__u32 i;

	if (!place || !stack)
		return false;
	if (stack->nr < place->first + place->nr ||
	    (!interrupt && stack->nr != place->first + place->nr))
		return false;
	for (i = 0; i < LEDGER_MAX_FRAMES; i++) {
		__u32 at = place->first + i;

		if (i >= place->nr)
			return true;
		asm volatile("" : "+r"(at));
		if (at >= LEDGER_MAX_FRAMES || stack->ip[at] != place->ip[i])
			return false;
	}
	return true;
}

/* Walk, learn the place in a way of @set, keep the stack. A known @place that still agrees need not be learnt again. */
static __always_inline __u64 place_walk(void *ctx, struct task_struct *task, struct place_set *set,
					struct place *place, __u64 key, __u64 base, bool interrupt)
{
	__u32 zero = 0;
	struct ledger_stack *stack = bpf_map_lookup_elem(&scratch, &zero);

	if (!stack || !kernel_walk(ctx, task, stack))
		return 0;
	if (!cfg_know_places)
		return stack_keep(stack);
	if (place && place_agrees(place, stack, interrupt))
		return place->id;
	if (!place)
		place = &set->way[set->victim++ & (PLACE_WAYS - 1)];
	if (place_learn(place, stack, base, interrupt)) {
		stack_from_place(stack, place);
		place->key = key;
	} else {
		place->key = 0;
	}
	place->id = stack_keep(stack);
	return place->id;
}

/*
 * The id of the kernel stack of @task (blocked, its saved stack pointer is @base), or of the current one (@task NULL,
 * @base the address of the tracepoint's arguments). @kind tells apart sorts of stacks that begin differently.
 */
static __noinline __u64 kernel_stack(void *ctx, struct task_struct *task, __u64 base, __u32 kind)
{
	__u64 key = ((base & (STACK_SIZE - 1)) << 8) | kind | 1;
	__u32 at = ((base >> 3) ^ (base >> 9)) & (PLACE_SETS - 1);
	struct place_set *set = bpf_map_lookup_elem(&places, &at);
	struct place *place = NULL;
	bool interrupt = kind >= 8;
	__u64 known, id;

	if (!set)
		return 0;
	if (cfg_know_places)
		place = place_find(set, key, base);
	if (!place)
		return place_walk(ctx, task, set, NULL, key, base, interrupt);
	known = place->id;
	if (!(cfg_exact && place->ambiguous) && !check_turn()) {
		counted(LEDGER_COUNT_PLACES);
		return known;
	}
	id = place_walk(ctx, task, set, place, key, base, interrupt);
	counted(LEDGER_COUNT_CHECKS);
	if (id && id != known)
		counted(LEDGER_COUNT_WRONG);
	return id;
}

static __always_inline __u64 user_walk(void *ctx)
{
	__u32 zero = 0;
	struct ledger_stack *stack = bpf_map_lookup_elem(&scratch, &zero);
	long bytes;

	if (!stack)
		return 0;
	bytes = bpf_get_stack(ctx, stack->ip, sizeof(stack->ip), BPF_F_USER_STACK);
	if (bytes <= 0) {
		lost(LEDGER_LOSS_WALK_USER);
		return 0;
	}
	stack->nr = (__u64)bytes / 8;
	counted(LEDGER_COUNT_USER_WALKS);
	return stack_keep(stack);
}

/*
 * What the frame pointer adds to a place's key. Code built without frame pointers uses the register for anything: what
 * cannot be a frame above @sp leads the kernel's walk nowhere, and does not tell two places apart.
 */
static __always_inline __u64 frame_pointer(__u64 sp, __u64 fp)
{
	return fp - sp < USER_STACK_SIZE ? fp : 0;
}

/* The id of the current task's user stack, known again by @place; 0 for a kernel thread. */
static __noinline __u64 user_stack(void *ctx, struct task_struct *current, struct user_place *place)
{
	struct pt_regs *regs;
	__u64 id, ip, sp, bp;

	if (!place || (current->flags & PF_KTHREAD))
		return 0;
	regs = (struct pt_regs *)bpf_task_pt_regs(current);
	ip = PT_REGS_IP(regs);
	sp = PT_REGS_SP(regs);
	bp = frame_pointer(sp, PT_REGS_FP(regs));
	if (!cfg_exact && place->stack && ip == place->ip && sp == place->sp && bp == place->bp) {
		if (++place->uses % CHECK_EVERY) {
			counted(LEDGER_COUNT_USER_PLACES);
			return place->stack;
		}
		id = user_walk(ctx);
		counted(LEDGER_COUNT_USER_CHECKS);
		if (id && id != place->stack)
			counted(LEDGER_COUNT_USER_WRONG);
	} else {
		id = user_walk(ctx);
	}
	place->stack = id;
	place->ip = ip;
	place->sp = sp;
	place->bp = bp;
	return id;
}

#endif
