// SPDX-License-Identifier: GPL-2.0
/*
 * The guard's eyes: who has each CPU for how long, and which tasks of the scheduler have waited too long.
 *
 * Cost: at each switch one clock read and some ten memory accesses; the walk over all tasks, some 50 ns a task, runs
 * only when the guard asks, a few times in each --max-wait. What it can miss: a class change of a running task shows
 * at its next switch; a wait is known to one jiffy (1 to 10 ms); CPUs beyond 1,024 are not told apart; where the kernel shows
 * its bypass state in neither of the two known places, time in bypass counts as the scheduler's and @knows_bypass is 0.
 */
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "loader/guard_abi.h"

char _license[] SEC("license") = "GPL";

#define MAX_RT_PRIO 100

const volatile u32 nr_cpus = 1;
const volatile s32 own_tgid;	 /* the guard's: its waits are nobody's fault */
u64 limit_jiffies;		 /* waits from here on are reported; set before each walk */
u64 now_jiffies, oldest_jiffies; /* results of the walk: the clock, the longest wait */
u64 waiting;			 /* tasks that wait */
u64 knows_bypass; /* whether GUARD_BYPASS can be told from GUARD_EXT; set by each walk */

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1); /* one per CPU, sized by the loader */
	__type(key, u32);
	__type(value, struct guard_cpu);
} cpus SEC(".maps");

extern struct rq runqueues __ksym;

/* From 7.1 on bypass is a state of the task's scheduler (in kernels with sub-schedulers), before that of the run queue. */
struct scx_sched___depth {
	s32 bypass_depth;
} __attribute__((preserve_access_index));
struct sched_ext_entity___sched {
	struct scx_sched___depth *sched;
} __attribute__((preserve_access_index));

#define HAS_RQ_BYPASS() bpf_core_enum_value_exists(enum scx_rq_flags, SCX_RQ_BYPASSING)
#define HAS_SCHED_BYPASS()                                                \
	(bpf_core_field_exists(struct sched_ext_entity___sched, sched) && \
	 bpf_core_field_exists(struct scx_sched___depth, bypass_depth))

static bool in_bypass(const struct task_struct *p)
{
	const struct sched_ext_entity___sched *scx = (const void *)&p->scx;
	struct rq *rq = bpf_this_cpu_ptr(&runqueues);

	if (HAS_RQ_BYPASS())
		return rq->scx.flags & bpf_core_enum_value(enum scx_rq_flags, SCX_RQ_BYPASSING);
	if (HAS_SCHED_BYPASS())
		return BPF_CORE_READ(scx, sched, bypass_depth) > 0;
	return false;
}

static u64 holder_of(const struct task_struct *p)
{
	if (!p->pid)
		return GUARD_IDLE;
	if (p->prio < MAX_RT_PRIO)
		return GUARD_HELD;
	if (!(p->scx.flags & bpf_core_enum_value(enum scx_ent_flags, SCX_TASK_QUEUED)))
		return GUARD_FAIR;
	return in_bypass(p) ? GUARD_BYPASS : GUARD_EXT;
}

SEC("tp_btf/sched_switch")
int BPF_PROG(on_switch, bool preempt, struct task_struct *prev, struct task_struct *next)
{
	u32 cpu = bpf_get_smp_processor_id();
	struct guard_cpu *c = bpf_map_lookup_elem(&cpus, &cpu);
	u64 now = bpf_ktime_get_ns(), holder;

	if (!c)
		return 0;
	__sync_fetch_and_add(&c->seq, 1);
	holder = c->holder;
	if (c->since_ns && holder < GUARD_HOLDERS)
		c->ns[holder] += now - c->since_ns;
	c->holder = holder_of(next);
	c->since_ns = now;
	__sync_fetch_and_add(&c->seq, 1);
	return 0;
}

/* As the kernel's own watchdog: on a queue of the scheduler's, and not run since runnable_at. */
static bool is_waiting(const struct task_struct *p)
{
	u32 flags = p->scx.flags;

	return (flags & bpf_core_enum_value(enum scx_ent_flags, SCX_TASK_QUEUED)) &&
	       !(flags & bpf_core_enum_value(enum scx_ent_flags, SCX_TASK_RESET_RUNNABLE_AT)) &&
	       !BPF_CORE_READ_BITFIELD_PROBED(p, on_cpu); /* an int up to 7.1, then a byte */
}

static void report(struct seq_file *seq, struct task_struct *p, u64 wait_jiffies)
{
	struct guard_wait w = {
		.pid = p->pid,
		.tgid = p->tgid,
		.wait_jiffies = wait_jiffies,
		.cpu = p->thread_info.cpu,
	};
	int words = (nr_cpus + 63) >> 6;
	int i;

	for (i = 0; i < GUARD_CPU_WORDS; i++)
		if (i < words)
			bpf_probe_read_kernel(&w.cpus[i], sizeof(w.cpus[i]),
					      (const u64 *)p->cpus_ptr + i);
	bpf_probe_read_kernel_str(w.comm, sizeof(w.comm), p->comm);
	bpf_seq_write(seq, &w, sizeof(w));
}

SEC("iter/task")
int walk(struct bpf_iter__task *ctx)
{
	struct task_struct *p = ctx->task;
	u64 wait;

	if (!p)
		return 0;
	now_jiffies = bpf_jiffies64();
	knows_bypass = HAS_RQ_BYPASS() || HAS_SCHED_BYPASS();
	if (!is_waiting(p) || p->tgid == own_tgid)
		return 0;
	wait = now_jiffies - p->scx.runnable_at;
	if ((s64)wait < 0)
		return 0;
	waiting++;
	if (wait > oldest_jiffies)
		oldest_jiffies = wait;
	if (wait >= limit_jiffies)
		report(ctx->meta->seq, p, wait);
	return 0;
}
