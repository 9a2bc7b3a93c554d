/* SPDX-License-Identifier: GPL-2.0 */
/*
 * latency: tasks that use less than their share run at once; everybody's share and wait are bounded.
 *
 * Policy. Each task has a virtual run time, its run time divided by its weight (nice), and asks for a request: what it
 * says with sched_setattr(sched_runtime), or the burst that it has been seen to run between two sleeps, a slice at most.
 * Its deadline is virtual time plus request; the earliest deadline runs first, one queue per last-level cache. A task that
 * slept comes back up to burst_us of virtual time behind the others: that lag is its credit. If its deadline is earlier
 * than that of the task on its CPU it takes the CPU at once, by a kick and not at the next tick; running spends the
 * credit, so a hog that sleeps now and then soon competes as a hog. What tasks really get is measured: one that waited
 * longer than target_us on waking has its deadlines moved forward, up to burst_us, until it does not, and for a second
 * slices shrink to slice_min_us. A task woken by one with credit shares its deadline, whatever the process, up to burst_us
 * of debt; so does a child, and its parent pays for it. A kernel thread always wakes with full credit, since the machine's
 * own work must not wait behind its users'. What a real-time task drives from a CPU goes back to the queue, in its turn.
 *
 * Bounds, for n runnable tasks of equal weight on one CPU (w_others / w_own in place of n - 1 otherwise), tick included:
 *   longest wait of a runnable task    (n - 1) * (2 * burst_us + 2 * slice_us + one tick)
 *   CPU time of a hog over any time T  T / n - 2 * burst_us - slice_us - one tick
 * Lag is capped at burst_us and a boost or loan is no more than that, so what the others can take before its deadline
 * passes is too.
 *
 * Limits. Bounds are per last-level cache: stealing spreads load, nothing balances virtual time between caches. They hold
 * among users' tasks: what kernel threads and real-time tasks take comes on top. Tasks bound to a CPU share it by turns, not
 * by weight, while a light task has another of that cache to itself. An interrupt's wakeups are nobody's: no chain starts
 * there. Slices end at the tick unless somebody preempts.
 *
 * Cost: one task-storage lookup per callback (two where a task wakes another), one sorted insert per wait; who wakes looks
 * at what MAX_TRIES CPUs run at most. Each part can be switched off to see what it is worth: preempt, learn, chain,
 * feedback, adapt, hint, core, llc.
 */
#include "bpf/scx.bpf.h"
#include "bpf/exit.bpf.h"
#include "bpf/stats.bpf.h"
#include "bpf/tunable.bpf.h"

char _license[] SEC("license") = "GPL";

TUNABLE(u64, target_us, 500, 10, 1000000, "wait after waking that should not be exceeded");
TUNABLE(u64, slice_us, 20000, 1000, 1000000, "slice while nobody is behind target");
TUNABLE(u64, slice_min_us, 3000, 100, 1000000, "slice while somebody is");
TUNABLE(u64, burst_us, 10000, 100, 1000000, "largest credit from sleeping, in virtual time");
TUNABLE(bool, preempt, 1, 0, 1, "preempt at once for an earlier deadline");
TUNABLE(bool, learn, 1, 0, 1, "learn each task's request from its bursts");
TUNABLE(bool, chain, 1, 0, 1,
	"a task with credit shares its deadline with those it wakes or forks");
TUNABLE(bool, feedback, 1, 0, 1, "move deadlines by the measured wait");
TUNABLE(bool, adapt, 1, 0, 1, "shorten slices while somebody is behind target");
TUNABLE(bool, hint, 1, 0, 1, "take the request from sched_setattr(sched_runtime) where set");
TUNABLE(bool, core, 1, 0, 1, "look for idle CPUs by topology: whole cores first, near ones first");
TUNABLE(bool, llc, 1, 0, 1, "one queue per last-level cache, with stealing");

STAT(wakeups, "tasks queued on waking");
STAT(direct, "tasks that found an idle CPU when they woke");
STAT(kept, "tasks that went on after their slice: nobody's deadline is earlier");
STAT(preempted, "running tasks preempted for an earlier deadline");
STAT(late, "waits after waking above target_us");
STAT(boosted, "tasks queued with a deadline moved forward");
STAT(chained, "tasks queued with their waker's deadline");
STAT(stolen, "tasks taken from another cache's queue");

EXIT_RECORD_DEFINE(exit_record);

#define NO_DEADLINE (1ULL << 62) /* later than any on a clock that starts at 0 */
#define MAX_RT_PRIO 100
#define MAX_CPUS    1024
#define MAX_LLCS    64
#define MAX_TRIES   8		 /* CPUs looked at for one to preempt */
#define BEHIND_NS   NSEC_PER_SEC /* for how long a late wait keeps slices short */

struct task_ctx {
	u64 vruntime;	     /* ns of run time by weight */
	u64 deadline;	     /* of the request, virtual */
	u64 charged_ns;	     /* how much of the kernel's sum of its run time is in vruntime */
	u64 burst_ns;	     /* run since it last woke */
	u64 request_ns;	     /* learned: moving average of bursts */
	u64 woken_at_ns;     /* 0: it does not wait after waking */
	u64 wait_ns;	     /* moving average of waits after waking */
	u64 unstopped_until; /* virtual: what it wakes does not preempt it before */
	u64 boost_ns;	     /* by which its deadlines are moved forward */
	bool hands_over;     /* to a task that it woke */
	bool aside;	     /* waits on the CPU itself */
	bool credit;	     /* it was behind the others when it woke, or its waker was */
	bool forked;	     /* and has not been queued yet */
};

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct task_ctx);
} tasks SEC(".maps");

/* What runs on a CPU, or will once higher classes leave it: written there, read by wakers. */
struct cpu_ctx {
	u64 deadline;
	u64 vruntime;	     /* at started_at_ns */
	u64 started_at_ns;   /* 0: not on the CPU yet */
	u64 queued_deadline; /* earliest that came to wait since this CPU last looked at the queue */
	u32 weight;
	u32 llc;
	bool aside; /* a task that handed over waits on the CPU itself */
};

static struct cpu_ctx cpus[MAX_CPUS];
static u64 vtime_now[MAX_LLCS];	   /* the virtual time that running tasks have reached */
static u64 behind_until[MAX_LLCS]; /* slices are short until then */
static u32 nr_llcs = 1, nr_cpus = 1;
static u32 queue_of_id
	[MAX_CPUS]; /* 1 + the queue of the kernel's id of a last-level cache; 0: none yet */

extern const int sd_llc_id __ksym __weak;

static struct task_ctx *task_ctx(struct task_struct *p)
{
	return bpf_task_storage_get(&tasks, p, NULL, 0);
}

static struct cpu_ctx *cpu_ctx(u32 cpu)
{
	barrier_var(cpu);
	return &cpus[cpu & (MAX_CPUS - 1)];
}

static u32 llc_of(s32 cpu)
{
	u32 id = cpu_ctx(cpu)->llc;

	barrier_var(id);
	return id & (MAX_LLCS - 1);
}

static u64 to_virtual(u64 ns, u64 weight)
{
	return weight == 100 ? ns : ns * 100 / weight;
}

/* --- deadlines ----------------------------------------------------------------------------------------------------- */

static u64 slice_of(u32 id)
{
	if (adapt && behind_until[id]) {
		if (time_before(scx_bpf_now(), behind_until[id]))
			return slice_min_us * NSEC_PER_USEC;
		behind_until[id] = 0;
	}
	return slice_us * NSEC_PER_USEC;
}

/* Account for what @p ran since it was last looked at; the kernel's own sum leaves interruptions out. */
static void charge(struct task_struct *p, struct task_ctx *t)
{
	u64 ran_ns = p->se.sum_exec_runtime - t->charged_ns;

	t->charged_ns += ran_ns;
	t->burst_ns += ran_ns;
	t->vruntime += to_virtual(ran_ns, p->scx.weight);
}

/* How long @p asks to run, in virtual ns: what it says, what it was seen to need, a slice at most. */
static u64 request_of(struct task_struct *p, const struct task_ctx *t, u64 slice_ns)
{
	u64 request_ns = slice_ns;

	if (hint && p->se.custom_slice)
		request_ns = p->se.slice;
	else if (learn) /* a burst longer than usual: it may be a hog by now */
		request_ns = t->request_ns > t->burst_ns ? t->request_ns : t->burst_ns;
	return to_virtual(request_ns < slice_ns ? request_ns : slice_ns, p->scx.weight);
}

/* The task of ours that wakes another just now, if it is one: not an interrupt, not a task of a higher class. */
static struct task_ctx *waker_ctx(void)
{
	struct task_struct *waker = bpf_get_current_task_btf();

	return waker->prio >= MAX_RT_PRIO && in_task() ? task_ctx(waker) : NULL;
}

/* The waker's deadline holds for the wakee too, unless that is in debt already. */
static void deadline_inherit(struct task_ctx *t, const struct task_ctx *waker, u64 vtime)
{
	if (!waker->credit || !time_before(waker->deadline, t->deadline))
		return;
	if (time_before(vtime + burst_us * NSEC_PER_USEC, t->vruntime))
		return;
	STAT_INC(chained);
	t->deadline = waker->deadline;
	t->credit = true;
}

/* A child starts with its parent's deadline, and the parent pays for it. */
static void deadline_fork(struct task_struct *p, struct task_ctx *t, u32 id, u64 slice_ns)
{
	struct task_ctx *parent = waker_ctx();

	if (!parent || !parent->credit || !time_before(parent->vruntime, vtime_now[id]))
		return;
	deadline_inherit(t, parent, vtime_now[id]);
	parent->vruntime += request_of(p, t, slice_ns);
}

/* @p comes back from sleep: cap its credit, set its deadline. */
static void deadline_wake(struct task_struct *p, struct task_ctx *t, u32 id, u64 slice_ns,
			  u64 now_ns)
{
	u64 vtime = vtime_now[id], oldest = vtime - burst_us * NSEC_PER_USEC;

	t->woken_at_ns = now_ns;
	t->request_ns = (3 * t->request_ns + t->burst_ns) / 4;
	t->burst_ns = 0;
	if ((p->flags & PF_KTHREAD) || time_before(t->vruntime, oldest))
		t->vruntime = oldest;
	t->credit = time_before(t->vruntime, vtime);
	t->deadline = t->vruntime + request_of(p, t, slice_ns);
	if (feedback && t->boost_ns) {
		STAT_INC(boosted);
		t->deadline -= t->boost_ns;
	}
}

/*
 * A request that is served gives way to the next; one cut short by a preemption keeps its deadline, and so its turn. On one
 * CPU nobody gets further behind than a full credit and a slice. Where tasks are bound to CPUs a light one, alone on its own,
 * takes virtual time far ahead; those elsewhere start anew from there, or who wakes would wait until they have caught up.
 */
static void request_renew(struct task_struct *p, struct task_ctx *t, u32 id, u64 slice_ns)
{
	u64 most = burst_us * NSEC_PER_USEC + to_virtual(slice_us * NSEC_PER_USEC, p->scx.weight);

	if (time_before(t->vruntime, vtime_now[id] - most))
		t->vruntime = vtime_now[id];
	if (time_before(t->vruntime, t->deadline))
		return;
	t->deadline = t->vruntime + request_of(p, t, slice_ns);
	t->credit = false;
}

/* The virtual time that the task on a CPU has reached. */
static u64 vruntime_running(const struct cpu_ctx *c, u64 now_ns)
{
	return c->started_at_ns ? c->vruntime + to_virtual(now_ns - c->started_at_ns, c->weight)
				: c->vruntime;
}

/* Its deadline by now: it moves on when more than the request has been used. */
static u64 deadline_running(const struct cpu_ctx *c, u64 now_ns)
{
	u64 reached = vruntime_running(c, now_ns);

	return c->started_at_ns && time_before(c->deadline, reached) ? reached : c->deadline;
}

/* Steer by what was measured: move the deadline forward while the waits are above target, back when they are not. */
static void wait_measured(struct task_ctx *t, u64 wait_ns, u32 id, u64 now_ns)
{
	u64 target_ns = target_us * NSEC_PER_USEC, limit_ns = burst_us * NSEC_PER_USEC;

	if (wait_ns > target_ns) {
		STAT_INC(late);
		behind_until[id] = now_ns + BEHIND_NS;
	}
	t->wait_ns = (3 * t->wait_ns + wait_ns) / 4;
	if (t->wait_ns > target_ns)
		t->boost_ns += (t->wait_ns - target_ns) / 2;
	else
		t->boost_ns -= t->boost_ns / 8;
	if (t->boost_ns > limit_ns)
		t->boost_ns = limit_ns;
}

/* --- the ops ------------------------------------------------------------------------------------------------------- */

s32 BPF_STRUCT_OPS(latency_select_cpu, struct task_struct *p, s32 prev_cpu, u64 wake_flags)
{
	struct task_ctx *t;
	bool idle = false;
	s32 cpu;

	if (core) {
		cpu = scx_bpf_select_cpu_dfl(p, prev_cpu, wake_flags, &idle);
	} else {
		cpu = scx_bpf_pick_idle_cpu(p->cpus_ptr, 0);
		idle = cpu >= 0;
		cpu = idle ? cpu : prev_cpu;
	}
	t = idle ? task_ctx(p) : NULL;
	if (t) {
		u32 id = llc_of(cpu);
		u64 slice_ns = slice_of(id);

		STAT_INC(direct);
		deadline_wake(p, t, id, slice_ns, scx_bpf_now());
		dsq_insert(p, DSQ_LOCAL, slice_ns, 0);
	}
	return cpu;
}

/*
 * The CPU within reach of @p to preempt for @deadline: @start, its own, if what runs there has a later one, since that needs
 * no interrupt and finds its cache; else the one with the latest. -1 if none.
 */
static s32 victim_find(struct task_struct *p, u64 deadline, u32 id, u32 start, u64 now_ns)
{
	u32 tries = nr_cpus < MAX_TRIES ? nr_cpus : MAX_TRIES, i;
	u64 latest = deadline;
	s32 victim = -1;

	if (nr_cpus == 1)
		return time_before(deadline, deadline_running(cpu_ctx(0), now_ns)) ? 0 : -1;
	bpf_for (i, 0, tries) {
		u32 cpu = (start + i) % nr_cpus;
		struct cpu_ctx *c = cpu_ctx(cpu);
		u64 running = deadline_running(c, now_ns);

		if (c->llc == id && c->deadline != NO_DEADLINE && time_before(latest, running) &&
		    bpf_cpumask_test_cpu(cpu, p->cpus_ptr)) {
			latest = running;
			victim = cpu;
		}
		if (i == 0 && victim >= 0)
			break;
	}
	return victim;
}

/*
 * Two that work together need another rule than two that compete. A waker that is about to sleep, by its habit, hands the
 * CPU over even if its deadline is a little earlier; one that goes on, to wake more, is stopped once per target_us of its
 * own run time.
 */
static bool waker_may_be_preempted(struct task_ctx *waker, u64 *deadline, u64 now_ns)
{
	u64 target_ns = target_us * NSEC_PER_USEC, reached;

	if (waker->request_ns < target_ns) {
		*deadline -= target_ns;
		waker->hands_over = true;
		return true;
	}
	reached = vruntime_running(cpu_ctx(bpf_get_smp_processor_id()), now_ns);
	if (time_before(reached, waker->unstopped_until))
		return false;
	waker->unstopped_until = reached + target_ns;
	return true;
}

static void deadline_waits(struct cpu_ctx *c, u64 deadline)
{
	if (time_before(deadline, c->queued_deadline))
		c->queued_deadline = deadline;
}

/* A task that wakes takes the CPU whose task's deadline is the latest after its own, or waits in the queue. */
static void enqueue_woken(struct task_struct *p, struct task_ctx *t, s32 cpu, u32 id, u64 slice_ns,
			  u64 enq_flags)
{
	struct cpu_ctx *c = cpu_ctx(cpu);
	struct task_ctx *waker = waker_ctx();
	u64 deadline, now_ns = scx_bpf_now();
	s32 victim = -1;

	STAT_INC(wakeups);
	deadline_wake(p, t, id, slice_ns, now_ns);
	if (chain && waker)
		deadline_inherit(t, waker, vtime_now[id]);
	deadline = t->deadline;
	if (preempt && (!waker || waker_may_be_preempted(waker, &deadline, now_ns)))
		victim = victim_find(p, deadline, id, cpu, now_ns);
	if (victim == cpu) {
		STAT_INC(preempted);
		c->deadline = t->deadline; /* what runs next here */
		c->started_at_ns = 0;
		dsq_insert(p, DSQ_LOCAL, slice_ns, enq_flags | ENQ_HEAD | ENQ_PREEMPT);
		return;
	}
	dsq_insert_vtime(p, id, slice_ns, t->deadline, enq_flags);
	if (victim >= 0) {
		STAT_INC(preempted);
		c = cpu_ctx(victim);
		c->deadline = t->deadline;
		c->started_at_ns = 0;
		scx_bpf_kick_cpu(victim, KICK_PREEMPT);
	} else {
		deadline_waits(c, t->deadline);
	}
}

void BPF_STRUCT_OPS(latency_enqueue, struct task_struct *p, u64 enq_flags)
{
	s32 cpu = scx_bpf_task_cpu(p);
	struct task_ctx *t = task_ctx(p);
	struct cpu_ctx *c = cpu_ctx(cpu);
	u32 id = llc_of(cpu);
	u64 slice_ns = slice_of(id);

	if (!t) {
		dsq_insert(p, DSQ_LOCAL, slice_ns, enq_flags);
		return;
	}
	charge(p, t);
	if (enq_flags & ENQ_WAKEUP) {
		enqueue_woken(p, t, cpu, id, slice_ns, enq_flags);
	} else if (t->hands_over && nr_cpus == 1 && !c->aside) {
		/* No other CPU could use it, and it is wanted again at once: it need not go through the queue. */
		c->aside = t->aside = true;
		deadline_waits(c, t->deadline);
		dsq_insert(p, DSQ_LOCAL, slice_ns, enq_flags);
	} else {
		request_renew(p, t, id, slice_ns);
		if (t->forked && chain)
			deadline_fork(p, t, id, slice_ns);
		t->forked = false;
		deadline_waits(c, t->deadline);
		dsq_insert_vtime(p, id, slice_ns, t->deadline, enq_flags);
	}
	if (nr_cpus == 1)
		return;
	cpu = scx_bpf_pick_idle_cpu(p->cpus_ptr, 0);
	if (cpu >= 0)
		scx_bpf_kick_cpu(cpu, KICK_IDLE);
}

/* The earliest deadline on queue @id. */
static u64 queue_deadline(u32 id)
{
	u64 deadline = NO_DEADLINE;
	struct task_struct *p;

	bpf_for_each (scx_dsq, p, id, 0) {
		deadline = p->scx.dsq_vtime;
		break;
	}
	return deadline;
}

static void cpu_takes(struct cpu_ctx *c, u32 id, struct task_struct *p, const struct task_ctx *t,
		      u64 now_ns)
{
	if (time_before(vtime_now[id], t->vruntime))
		vtime_now[id] = t->vruntime;
	c->deadline = t->deadline;
	c->vruntime = t->vruntime;
	c->weight = p->scx.weight;
	c->started_at_ns = now_ns;
}

/* @prev used its slice: with a fresh request, is its deadline still the earliest? Then it just goes on. */
static bool keep_running(struct task_struct *prev, s32 cpu, u32 id)
{
	struct task_ctx *t = task_ctx(prev);
	u64 now_ns = scx_bpf_now(), slice_ns = slice_of(id);

	if (!t)
		return false;
	charge(prev, t);
	request_renew(prev, t, id, slice_ns);
	if (time_before(queue_deadline(id), t->deadline))
		return false;
	STAT_INC(kept);
	cpu_takes(cpu_ctx(cpu), id, prev, t, now_ns);
	task_set_slice(prev, slice_ns);
	return true;
}

void BPF_STRUCT_OPS(latency_dispatch, s32 cpu, struct task_struct *prev)
{
	u32 id = llc_of(cpu), n = nr_llcs;

	cpu_ctx(cpu)->queued_deadline = NO_DEADLINE;
	if (prev && (prev->scx.flags & TASK_QUEUED) && keep_running(prev, cpu, id))
		return;
	if (dsq_move_to_local(id) || n == 1)
		return;
	for (u32 i = 1; i < MAX_LLCS && i < n; i++) {
		if (dsq_move_to_local((id + i) % n)) {
			STAT_INC(stolen);
			return;
		}
	}
}

void BPF_STRUCT_OPS(latency_running, struct task_struct *p)
{
	s32 cpu = bpf_get_smp_processor_id();
	struct task_ctx *t = task_ctx(p);
	struct cpu_ctx *c = cpu_ctx(cpu);
	u32 id = llc_of(cpu);
	u64 now_ns = scx_bpf_now();
	bool woken;

	if (!t)
		return;
	woken = t->woken_at_ns;
	if (woken) {
		wait_measured(t, now_ns - t->woken_at_ns, id, now_ns);
		t->woken_at_ns = 0;
	}
	t->hands_over = false;
	if (t->aside)
		t->aside = c->aside = false;
	cpu_takes(c, id, p, t, now_ns);
	/*
	 * One that was picked before a higher class took the CPU, or that this interrupted, comes back without a look at
	 * who waits by now. One that just woke has been compared with them.
	 */
	if (preempt && !woken && time_before(c->queued_deadline, t->deadline)) {
		c->queued_deadline = NO_DEADLINE;
		STAT_INC(preempted);
		scx_bpf_kick_cpu(cpu, KICK_PREEMPT);
	}
}

/* Once its request is used up, the running task keeps one with an earlier deadline waiting for a tick at most. */
void BPF_STRUCT_OPS(latency_tick, struct task_struct *p)
{
	struct cpu_ctx *c = cpu_ctx(scx_bpf_task_cpu(p));
	u64 deadline = deadline_running(c, scx_bpf_now());

	if (preempt && (time_before(c->queued_deadline, deadline) ||
			time_before(queue_deadline(c->llc), deadline)))
		task_set_slice(p, 0);
}

void BPF_STRUCT_OPS(latency_cpu_release, s32 cpu, struct scx_cpu_release_args *args)
{
	reenqueue_local();
}

void BPF_STRUCT_OPS(latency_enable, struct task_struct *p)
{
	struct task_ctx *t = task_ctx(p);

	if (!t)
		return;
	t->charged_ns = p->se.sum_exec_runtime;
	t->vruntime = vtime_now[llc_of(scx_bpf_task_cpu(p))]; /* no credit yet */
	t->request_ns = slice_min_us * NSEC_PER_USEC;	      /* until it is known */
	t->deadline = t->vruntime + to_virtual(t->request_ns, p->scx.weight);
	t->forked = true;
}

s32 BPF_STRUCT_OPS_SLEEPABLE(latency_init_task, struct task_struct *p,
			     struct scx_init_task_args *args)
{
	return bpf_task_storage_get(&tasks, p, NULL, BPF_LOCAL_STORAGE_GET_F_CREATE) ? 0 : -ENOMEM;
}

/* The kernel numbers caches by their first CPU; ours count from 0. */
static void llc_init(s32 cpu)
{
	const int *id;
	u32 *queue;

	if (!llc || !bpf_ksym_exists(&sd_llc_id))
		return;
	id = bpf_per_cpu_ptr(&sd_llc_id, cpu);
	if (!id)
		return;
	queue = &queue_of_id[*id & (MAX_CPUS - 1)];
	if (!*queue)
		*queue = 1 + (cpu && nr_llcs < MAX_LLCS ? nr_llcs++ : 0);
	cpu_ctx(cpu)->llc = *queue - 1;
}

s32 BPF_STRUCT_OPS_SLEEPABLE(latency_init)
{
	s32 cpu, err = 0, nr = scx_bpf_nr_cpu_ids();
	u32 id;

	nr_cpus = nr;
	bpf_for (cpu, 0, nr) {
		cpu_ctx(cpu)->deadline = NO_DEADLINE;
		cpu_ctx(cpu)->queued_deadline = NO_DEADLINE;
		llc_init(cpu);
	}
	bpf_for (id, 0, nr_llcs) {
		if (!err)
			err = scx_bpf_create_dsq(id, -1);
	}
	return err;
}

void BPF_STRUCT_OPS(latency_exit, struct scx_exit_info *ei)
{
	EXIT_RECORD(exit_record, ei);
}

/* clang-format off */
SEC(".struct_ops.link")
struct sched_ext_ops latency_ops = {
	.select_cpu  = (void *)latency_select_cpu,
	.enqueue     = (void *)latency_enqueue,
	.dispatch    = (void *)latency_dispatch,
	.running     = (void *)latency_running,
	.tick	     = (void *)latency_tick,
	.cpu_release = (void *)latency_cpu_release,
	.enable	     = (void *)latency_enable,
	.init_task   = (void *)latency_init_task,
	.init	     = (void *)latency_init,
	.exit	     = (void *)latency_exit,
	.flags	     = SCX_OPS_ENQ_MIGRATION_DISABLED, /* see reenqueue_local() */
	.name	     = "latency",
};
