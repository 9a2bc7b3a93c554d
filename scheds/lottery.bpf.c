/* SPDX-License-Identifier: GPL-2.0 */
/*
 * lottery: proportional share by drawing lots (Waldspurger and Weihl, OSDI 1994).
 *
 * Policy. Every runnable task holds tickets; a CPU that needs work draws one ticket of all that wait, the task that just
 * used its slice and those that run on other CPUs included, and its owner runs for slice_us (next, if it runs already).
 * Over n draws a task's share is binomial around tickets/total. A winner that a real-time task drives from its CPU goes on
 * with the rest of its quantum elsewhere. From the paper:
 *   tickets       100 at nice 0, by the kernel's weight for other nice values; `schedlab tickets PID=N` sets others
 *   currencies    a cgroup's tasks divide what the cgroup is worth, by cpu.weight or `schedlab tickets CGROUP=N`, among
 *                 those that are runnable; nested cgroups likewise up to the root
 *   compensation  a task that used the fraction f of its quantum competes with 1/f of its tickets until it wins again
 *                 (f > 1 too: a slice ends at a tick, so it can last longer than asked)
 *   transfer      a task that blocks within transfer_us of waking another lends that one its tickets until it is woken
 *   inflation     is what the operator does with `schedlab tickets`; tasks cannot mint tickets themselves
 * A zero-sum guard: tasks without tickets, and those above SLOTS waiting at once, stand in the house queue, which holds
 * house_pct of all tickets: a queue with no tickets still runs.
 *
 * Limits. A lottery bounds no wait, only its probability: k rounds pass a task by with e^-k. Shares hold among tasks free
 * to run anywhere; one that wins while its CPUs are busy waits in front of the next draw there. The client of a transfer
 * is guessed from the order of events: a task that wakes another and then sleeps on something else lends all the same.
 * Not in the paper's sense: tickets are worth what they were at the moment of queueing, so a currency's change is felt a
 * draw later; no mutex lotteries, no lottery among CPUs. A CPU that is idle is given without a draw.
 *
 * Cost: a draw reads one path of a binary tree of partial sums, SLOT_BITS steps whatever waits, or looks through the CPUs
 * where a task that runs wins; MAX_DRAWS of them at most in a row. Queueing and removing write one such path with atomic
 * adds, no lock. The draws follow from `seed` and their number alone.
 */
#include "bpf/scx.bpf.h"
#include "bpf/exit.bpf.h"
#include "bpf/lottery.h"
#include "bpf/stats.bpf.h"
#include "bpf/tunable.bpf.h"

char _license[] SEC("license") = "GPL";

TUNABLE(u64, slice_us, 10000, 100, 10000000, "quantum of a winner");
TUNABLE(u64, seed, 1, 0, 0x7fffffffffffffff, "seed of the draws");
TUNABLE(u32, compensation, 100, 1, 10000,
	"largest compensation factor for an early end of a quantum; 1: none");
TUNABLE(u32, transfer_us, 50, 0, 1000000,
	"block this soon after waking a task to lend it the tickets; 0: never");
TUNABLE(bool, cgroups, 1, 0, 1, "cgroups are currencies");
TUNABLE(u32, house_pct, 2, 0, 50,
	"share of the house queue while others wait; 0: only when nobody does");

STAT(draws, "draws made");
STAT(missed, "draws that fell on a ticket just taken, made again");
STAT(kept, "draws won by the task that was running");
STAT(banked, "draws won by a task that runs on another CPU: its next quantum");
STAT(forfeited, "such draws beyond MAX_QUANTA: nobody's");
STAT(direct, "tasks that found an idle CPU when they woke: no draw");
STAT(house, "tasks that went to the house queue: no tickets, or no slot");
STAT(compensated, "tasks queued with compensation tickets");
STAT(transfers, "loans of a blocked client's tickets");
STAT(elsewhere, "winners that wait for a CPU they may use");
STAT(displaced, "winners that a real-time task drove from their CPU");

EXIT_RECORD_DEFINE(exit_record);

#define SLOT_BITS  13
#define SLOTS	   (1 << SLOT_BITS)
#define MAX_CPUS   1024
#define MAX_QUANTA 64 /* banked for one task; more only where it is due more than a CPU */
#define MAX_DEPTH  8  /* levels of cgroups that are followed */
#define MAX_DRAWS  16 /* for one dispatch */
#define WON_DSQ	   0
#define HOUSE_DSQ  1

/* `schedlab tickets` finds these two and the accounts by name; see bpf/lottery.h. */
struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct lottery_tickets);
} task_tickets SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_CGRP_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct lottery_tickets);
} cgroup_tickets SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct lottery_account);
} accounts SEC(".maps");

/* A currency: what the cgroup is worth in its parent's, and what is issued in it to runnable tasks and cgroups. */
struct currency {
	u64 weight; /* cpu.weight, in LOTTERY_SCALE */
	u64 counted; /* its worth as counted in the parent's active sum; 0 while nothing in it is runnable */
	u64 active; /* sum over runnable tasks and active cgroups, in LOTTERY_SCALE */
};

struct {
	__uint(type, BPF_MAP_TYPE_CGRP_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct currency);
} currencies SEC(".maps");

/* Slots that nobody waits in. */
struct {
	__uint(type, BPF_MAP_TYPE_STACK);
	__uint(max_entries, SLOTS);
	__type(value, u32);
} free_slots SEC(".maps");

/* sums[1] is the total, sums[SLOTS + s] slot s, every other the sum of its two children. */
static u64 sums[2 * SLOTS];
static u32 owner[SLOTS]; /* pid that waits there; 0: nobody, or somebody is changing the slot */
static u64 draw_number;

struct runner {
	u64 worth;  /* tickets of the task that runs on this CPU, in the root currency */
	u64 quanta; /* that it has won meanwhile in draws of other CPUs */
};

static struct runner runners[MAX_CPUS];
static u64 running_worth; /* sum over the CPUs */
static u32 nr_cpus = 1;

/* --- the tree ------------------------------------------------------------------------------------------------------ */

static void slot_add(u32 slot, u64 tickets)
{
	u32 node = SLOTS + slot;

	for (int level = 0; level <= SLOT_BITS; level++) {
		barrier_var(node);
		__sync_fetch_and_add(&sums[node & (2 * SLOTS - 1)], tickets);
		node /= 2;
	}
}

static u64 slot_tickets(u32 slot)
{
	return sums[(SLOTS + slot) & (2 * SLOTS - 1)];
}

/* Whoever turns the owner into 0 owns the slot: exactly one of the CPUs that race for it. */
static bool slot_claim(u32 slot, u32 pid)
{
	barrier_var(slot);
	return pid && __sync_val_compare_and_swap(&owner[slot & (SLOTS - 1)], pid, 0) == pid;
}

/* The sums hold the tickets before the owner is seen, so a claim never takes what is not yet there. */
static void slot_publish(u32 slot, u32 pid)
{
	barrier_var(slot);
	__sync_lock_test_and_set(&owner[slot & (SLOTS - 1)], pid);
}

static void slot_free(u32 slot)
{
	slot_add(slot, -slot_tickets(slot));
	bpf_map_push_elem(&free_slots, &slot, 0);
}

/*
 * Follow ticket number @ticket down the sums; under a race this may end at a slot without owner, a missed draw. The
 * step has no branch: the verifier would follow both sides of each, 2^SLOT_BITS paths. Tickets stay below 2^63.
 */
static u32 slot_find(u64 ticket)
{
	u64 node = 1;

	for (int level = 0; level < SLOT_BITS; level++) {
		u64 left, right, beyond;

		node *= 2;
		barrier_var(node);
		left = sums[node & (2 * SLOTS - 1)];
		beyond = ticket - left;
		barrier_var(beyond);
		right = ~beyond >> 63; /* 1: the ticket lies in the right half */
		barrier_var(right);
		ticket -= left & -right;
		node += right;
	}
	return node - SLOTS;
}

/* The n-th output of splitmix64 (Steele, Lea and Flood 2014): a draw depends on nothing but seed and number. */
static u64 draw_random(void)
{
	u64 z = seed + __sync_add_and_fetch(&draw_number, 1) * 0x9e3779b97f4a7c15ULL;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
	return z ^ (z >> 31);
}

/* --- what a task's tickets are worth ------------------------------------------------------------------------------- */

static struct lottery_account *account_of(struct task_struct *p)
{
	return bpf_task_storage_get(&accounts, p, NULL, 0);
}

/* In the root currency, with what it has borrowed and its compensation. */
static u64 worth(const struct lottery_account *a, u64 used_ns)
{
	u64 slice_ns = slice_us * NSEC_PER_USEC,
	    tickets = a->base * a->fraction / LOTTERY_ONE + a->borrowed;

	if (compensation == 1 || !used_ns)
		return tickets;
	if (used_ns < slice_ns / compensation)
		return tickets * compensation;
	return tickets * ((slice_ns << 10) / used_ns) >> 10;
}

static void lend(u32 pid, u64 start_ns, u64 tickets)
{
	struct task_struct *server = bpf_task_from_pid(pid);
	struct lottery_account *a;

	if (!server)
		return;
	a = account_of(server);
	if (a && server->start_time == start_ns) {
		u32 slot = a->slot;

		__sync_fetch_and_add(&a->borrowed, tickets);
		if (slot_claim(slot, pid)) {
			slot_add(slot, worth(a, a->used_ns) - slot_tickets(slot));
			slot_publish(slot, pid);
		}
	}
	bpf_task_release(server);
}

static u64 cgroup_worth(struct cgroup *cgrp, const struct currency *c)
{
	struct lottery_tickets *t = bpf_cgrp_storage_get(&cgroup_tickets, cgrp, NULL, 0);

	return t ? t->tickets * LOTTERY_SCALE : c->weight;
}

/*
 * Add @tickets to what is active in @p's cgroup, activate or deactivate the cgroups above where that is their first or
 * last, and return what one ticket of @p's cgroup is worth at the root, in 1/LOTTERY_ONE.
 */
static u64 currency_update(struct task_struct *p, u64 tickets)
{
	struct cgroup *cgrp = scx_bpf_task_cgroup(p);
	u64 fraction = LOTTERY_ONE, delta = tickets;
	int depth = cgrp ? cgrp->level : 0;

	for (int i = 0; i < MAX_DEPTH && depth > i; i++) {
		struct cgroup *level = bpf_cgroup_ancestor(cgrp, depth - i);
		struct currency *c;

		if (!level)
			break;
		c = bpf_cgrp_storage_get(&currencies, level, NULL, 0);
		if (c) {
			u64 active = __sync_add_and_fetch(&c->active, delta);
			u64 now = active ? cgroup_worth(level, c) : 0;

			delta = now - __sync_lock_test_and_set(&c->counted, now);
			if (active)
				fraction = fraction * now / active;
			if (fraction > LOTTERY_FRACTION_MAX)
				fraction = LOTTERY_FRACTION_MAX;
		}
		bpf_cgroup_release(level);
	}
	if (cgrp)
		bpf_cgroup_release(cgrp);
	return fraction;
}

/* Bring @a up to date with the task's tickets; @runnable tells whether they count in its cgroup. */
static void account_refresh(struct task_struct *p, struct lottery_account *a, bool runnable)
{
	struct lottery_tickets *t = bpf_task_storage_get(&task_tickets, p, NULL, 0);
	u64 counted = runnable ? (t ? t->tickets : p->scx.weight) * LOTTERY_SCALE : 0;

	if (runnable)
		a->base = counted;
	if (cgroups)
		a->fraction = currency_update(p, counted - a->counted);
	a->counted = counted;
}

/* --- who runs where ------------------------------------------------------------------------------------------------ */

static struct runner *runner_on(u32 cpu)
{
	barrier_var(cpu);
	return &runners[cpu & (MAX_CPUS - 1)];
}

/* This CPU's task holds @tickets from now on. Returns the quanta that were won on it and not run. */
static u64 runner_set(u64 tickets)
{
	struct runner *r = runner_on(bpf_get_smp_processor_id());

	if (nr_cpus == 1)
		return 0;
	__sync_fetch_and_add(&running_worth, tickets - r->worth);
	r->worth = tickets;
	return __sync_lock_test_and_set(&r->quanta, 0);
}

/* --- the ops ------------------------------------------------------------------------------------------------------- */

static void quantum_start(struct lottery_account *a, u64 now_ns)
{
	a->used_ns = 0;
	a->ran_at_ns = now_ns;
}

s32 BPF_STRUCT_OPS(lottery_select_cpu, struct task_struct *p, s32 prev_cpu, u64 wake_flags)
{
	struct lottery_account *a = account_of(p);
	bool idle = false;
	s32 cpu = scx_bpf_select_cpu_dfl(p, prev_cpu, wake_flags, &idle);

	if (idle && a) {
		STAT_INC(direct);
		quantum_start(a, 0);
		dsq_insert(p, DSQ_LOCAL, slice_us * NSEC_PER_USEC, 0);
	}
	return cpu;
}

static bool enqueue_slot(struct task_struct *p, struct lottery_account *a)
{
	u64 tickets = worth(a, a->used_ns);
	u32 slot;

	if (slot_claim(a->slot,
		       p->pid)) /* left behind by a race of a draw with a change of the task */
		slot_free(a->slot);
	if (!tickets || bpf_map_pop_elem(&free_slots, &slot))
		return false;
	if (compensation > 1 && a->used_ns)
		STAT_INC(compensated);
	a->slot = slot;
	slot_add(slot, tickets);
	slot_publish(slot, p->pid);
	return true;
}

void BPF_STRUCT_OPS(lottery_enqueue, struct task_struct *p, u64 enq_flags)
{
	struct lottery_account *a = account_of(p);
	s32 cpu;

	if (!a || is_percpu_kthread(p)) {
		dsq_insert(p, DSQ_LOCAL, slice_us * NSEC_PER_USEC, enq_flags);
		return;
	}
	account_refresh(p, a, true);
	if (enq_flags & ENQ_REENQ) { /* in mid-quantum */
		STAT_INC(displaced);
		dsq_insert(p, WON_DSQ, p->scx.slice ?: slice_us * NSEC_PER_USEC, enq_flags);
	} else if (a->owed) {
		a->owed--;
		a->wins++;
		quantum_start(a, 0);
		dsq_insert(p, WON_DSQ, slice_us * NSEC_PER_USEC, enq_flags);
	} else if (!enqueue_slot(p, a)) {
		STAT_INC(house);
		dsq_insert(p, HOUSE_DSQ, slice_us * NSEC_PER_USEC, enq_flags);
	}
	cpu = scx_bpf_pick_idle_cpu(p->cpus_ptr, 0);
	if (cpu >= 0)
		scx_bpf_kick_cpu(cpu, KICK_IDLE);
}

/* The kernel takes a waiting task back: its affinity, class or weight changes. */
void BPF_STRUCT_OPS(lottery_dequeue, struct task_struct *p, u64 deq_flags)
{
	struct lottery_account *a = account_of(p);

	if (a && slot_claim(a->slot, p->pid))
		slot_free(a->slot);
}

/* The owner of @slot has won: it goes to the queue in front of the draws. False if it went away meanwhile. */
static bool winner_take(u32 slot, s32 cpu)
{
	struct task_struct *p;
	struct lottery_account *a;
	u32 pid;

	barrier_var(slot);
	pid = owner[slot & (SLOTS - 1)];
	if (!slot_claim(slot, pid))
		return false;
	slot_free(slot);
	p = bpf_task_from_pid(pid);
	if (!p)
		return false;
	a = account_of(p);
	if (a) {
		a->wins++;
		quantum_start(a, 0);
	}
	dsq_insert(p, WON_DSQ, slice_us * NSEC_PER_USEC, 0);
	if (!bpf_cpumask_test_cpu(cpu, p->cpus_ptr) ||
	    (p->migration_disabled && scx_bpf_task_cpu(p) != cpu)) {
		STAT_INC(elsewhere);
		scx_bpf_kick_cpu(scx_bpf_task_cpu(p), 0);
	}
	bpf_task_release(p);
	return true;
}

/* @prev goes on for another quantum. */
static bool prev_take(struct task_struct *prev, struct lottery_account *a)
{
	STAT_INC(kept);
	a->wins++;
	quantum_start(a, scx_bpf_now());
	task_set_slice(prev, slice_us * NSEC_PER_USEC);
	return true;
}

/* Ticket number @ticket of those that run on other CPUs than @cpu: its owner's next quantum is won. */
static void runner_take(s32 cpu, u64 ticket)
{
	u32 i;

	bpf_for (i, 0, nr_cpus) {
		struct runner *r = runner_on(i);

		if (i == (u32)cpu)
			continue;
		if (ticket < r->worth) {
			STAT_INC(banked);
			if (r->quanta < MAX_QUANTA)
				__sync_fetch_and_add(&r->quanta, 1);
			else
				STAT_INC(forfeited);
			return;
		}
		ticket -= r->worth;
	}
}

/*
 * One draw for @cpu among those who wait, the house, @prev, which holds @kept, and those that run elsewhere, who hold
 * @others: they too must be able to win, or a task would be out of the draws as long as it runs and large holders got
 * less than their share. True when @cpu has its task.
 */
static bool draw(s32 cpu, struct task_struct *prev, struct lottery_account *prev_account, u64 kept,
		 u64 others)
{
	u64 waiting = sums[1], house = 0, ticket;

	if (scx_bpf_dsq_nr_queued(HOUSE_DSQ) > 0) {
		house = (waiting + kept + others) * house_pct / (100 - house_pct);
		if (!(waiting + kept))
			house = 1;
	}
	if (!(waiting + kept + house))
		return true;
	STAT_INC(draws);
	ticket = draw_random() % (waiting + kept + house + others);
	if (ticket < kept && prev && prev_account)
		return prev_take(prev, prev_account);
	ticket -= kept;
	if (ticket < house)
		return dsq_move_to_local(HOUSE_DSQ);
	ticket -= house;
	if (ticket < others) {
		runner_take(cpu, ticket);
		return false;
	}
	if (!winner_take(slot_find(ticket - others), cpu)) {
		STAT_INC(missed);
		return false;
	}
	return dsq_move_to_local(WON_DSQ);
}

void BPF_STRUCT_OPS(lottery_dispatch, s32 cpu, struct task_struct *prev)
{
	struct runner *r = runner_on(cpu);
	struct lottery_account *a = NULL;
	u64 kept = 0, others;

	if (prev && (prev->scx.flags & TASK_QUEUED))
		a = account_of(prev);
	if (a && prev && r->quanta) {
		__sync_fetch_and_sub(&r->quanta, 1);
		prev_take(prev, a);
		return;
	}
	if (dsq_move_to_local(WON_DSQ))
		return;
	if (a)
		kept = worth(a, a->used_ns + scx_bpf_now() - a->ran_at_ns);
	others = nr_cpus > 1 ? running_worth - r->worth : 0;
	bpf_repeat (MAX_DRAWS)
		if (draw(cpu, prev, a, kept, others))
			return;
	if (!draw(cpu, prev, a, kept, 0)) /* mostly those elsewhere have won: one without them */
		scx_bpf_kick_cpu(cpu, 0); /* as unlikely as it is: others wait, so look again */
}

void BPF_STRUCT_OPS(lottery_runnable, struct task_struct *p, u64 enq_flags)
{
	struct lottery_account *a = account_of(p), *waker;
	struct task_struct *current_task = bpf_get_current_task_btf();

	if (!a)
		return;
	account_refresh(p, a, true);
	if (a->lent) {
		lend(a->woke_pid, a->woke_start_ns, -a->lent);
		a->lent = 0;
	}
	if (!transfer_us || !(enq_flags & ENQ_WAKEUP) || !in_task())
		return;
	waker = account_of(current_task);
	if (waker && waker != a) {
		waker->woke_at_ns = scx_bpf_now();
		waker->woke_pid = p->pid;
		waker->woke_start_ns = p->start_time;
	}
}

void BPF_STRUCT_OPS(lottery_running, struct task_struct *p)
{
	struct lottery_account *a = account_of(p);

	if (!a)
		return;
	a->ran_at_ns = scx_bpf_now();
	runner_set(worth(a, 0));
}

void BPF_STRUCT_OPS(lottery_stopping, struct task_struct *p, bool runnable)
{
	struct lottery_account *a = account_of(p);

	if (!a)
		return;
	a->used_ns += scx_bpf_now() - a->ran_at_ns;
	a->owed += runner_set(0);
	if (a->owed > MAX_QUANTA)
		a->owed = MAX_QUANTA;
}

void BPF_STRUCT_OPS(lottery_quiescent, struct task_struct *p, u64 deq_flags)
{
	struct lottery_account *a = account_of(p);

	if (!a)
		return;
	if (transfer_us && (deq_flags & DEQ_SLEEP) && a->woke_pid && !a->lent &&
	    scx_bpf_now() - a->woke_at_ns < transfer_us * NSEC_PER_USEC) {
		STAT_INC(transfers);
		a->lent = worth(a, 0);
		lend(a->woke_pid, a->woke_start_ns, a->lent);
	}
	account_refresh(p, a, false);
}

void BPF_STRUCT_OPS(lottery_cpu_release, s32 cpu, struct scx_cpu_release_args *args)
{
	reenqueue_local();
}

s32 BPF_STRUCT_OPS_SLEEPABLE(lottery_init_task, struct task_struct *p,
			     struct scx_init_task_args *args)
{
	struct lottery_account *a =
		bpf_task_storage_get(&accounts, p, NULL, BPF_LOCAL_STORAGE_GET_F_CREATE);

	if (!a)
		return -ENOMEM;
	a->fraction = LOTTERY_ONE;
	return 0;
}

s32 BPF_STRUCT_OPS_SLEEPABLE(lottery_cgroup_init, struct cgroup *cgrp,
			     struct scx_cgroup_init_args *args)
{
	struct currency *c =
		bpf_cgrp_storage_get(&currencies, cgrp, NULL, BPF_LOCAL_STORAGE_GET_F_CREATE);

	if (!c)
		return -ENOMEM;
	c->weight = args->weight * LOTTERY_SCALE;
	return 0;
}

void BPF_STRUCT_OPS(lottery_cgroup_set_weight, struct cgroup *cgrp, u32 weight)
{
	struct currency *c = bpf_cgrp_storage_get(&currencies, cgrp, NULL, 0);

	if (c)
		c->weight = weight * LOTTERY_SCALE;
}

s32 BPF_STRUCT_OPS_SLEEPABLE(lottery_init)
{
	s32 err = scx_bpf_create_dsq(WON_DSQ, -1);
	u32 slot;

	nr_cpus = scx_bpf_nr_cpu_ids();
	if (!err)
		err = scx_bpf_create_dsq(HOUSE_DSQ, -1);
	bpf_for (slot, 0, SLOTS) {
		u32 top = SLOTS - 1 - slot;

		bpf_map_push_elem(&free_slots, &top, 0);
	}
	return err;
}

void BPF_STRUCT_OPS(lottery_exit, struct scx_exit_info *ei)
{
	EXIT_RECORD(exit_record, ei);
}

/* clang-format off */
SEC(".struct_ops.link")
struct sched_ext_ops lottery_ops = {
	.select_cpu	   = (void *)lottery_select_cpu,
	.enqueue	   = (void *)lottery_enqueue,
	.dequeue	   = (void *)lottery_dequeue,
	.dispatch	   = (void *)lottery_dispatch,
	.runnable	   = (void *)lottery_runnable,
	.running	   = (void *)lottery_running,
	.stopping	   = (void *)lottery_stopping,
	.quiescent	   = (void *)lottery_quiescent,
	.cpu_release	   = (void *)lottery_cpu_release,
	.init_task	   = (void *)lottery_init_task,
	.cgroup_init	   = (void *)lottery_cgroup_init,
	.cgroup_set_weight = (void *)lottery_cgroup_set_weight,
	.init		   = (void *)lottery_init,
	.exit		   = (void *)lottery_exit,
	.flags		   = SCX_OPS_ENQ_MIGRATION_DISABLED, /* see reenqueue_local() */
	.name		   = "lottery",
};
