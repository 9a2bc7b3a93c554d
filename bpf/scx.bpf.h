/* SPDX-License-Identifier: GPL-2.0 */
/*
 * sched_ext for our schedulers: the kfuncs under one name each on kernels 6.16 to 7.3, and constants read from the
 * running kernel. It covers what schedlab's own programs use, not all that the kernel offers.
 *
 * How one object serves all kernels: a kfunc that changed is declared weak once per shape, with a ___suffix that libbpf
 * strips when it looks in the kernel's BTF; bpf_ksym_exists() is a constant to the verifier, so what is not taken is
 * dead code. Arguments that later kernels pack into a struct are recognised by the type's existence. Test one shape at
 * a time: `a && b` of two such tests is folded into arithmetic on addresses, which the verifier refuses.
 *
 * Cost: nothing at run time. What it can miss: a kernel that changes a shape once more refuses the object at load.
 */
#ifndef SCHEDLAB_BPF_SCX_BPF_H
#define SCHEDLAB_BPF_SCX_BPF_H

#ifndef BPF_NO_KFUNC_PROTOTYPES
#define BPF_NO_KFUNC_PROTOTYPES /* the prototypes of the build kernel would clash with those of other kernels */
#endif
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "bpf/context.bpf.h"

/* --- constants, from the running kernel's BTF (CO-RE), so that a renumbered enum does no harm -------------------- */
#define SCX_CONST(type, value) ((u64)bpf_core_enum_value(enum type, value))

#define DSQ_LOCAL                   \
	SCX_CONST(scx_dsq_id_flags, \
		  SCX_DSQ_LOCAL) /* this CPU's (enqueue: the task's CPU's) queue */
#define DSQ_LOCAL_ON SCX_CONST(scx_dsq_id_flags, SCX_DSQ_LOCAL_ON) /* | cpu */

#define ENQ_WAKEUP  SCX_CONST(scx_enq_flags, SCX_ENQ_WAKEUP)
#define ENQ_HEAD    SCX_CONST(scx_enq_flags, SCX_ENQ_HEAD)
#define ENQ_PREEMPT SCX_CONST(scx_enq_flags, SCX_ENQ_PREEMPT)
#define ENQ_REENQ   SCX_CONST(scx_enq_flags, SCX_ENQ_REENQ) /* from reenqueue_local() */
#define ENQ_CPU_SELECTED \
	SCX_CONST(scx_enq_flags, SCX_ENQ_CPU_SELECTED) /* ops.select_cpu() has run */

#define DEQ_SLEEP SCX_CONST(scx_deq_flags, SCX_DEQ_SLEEP)

#define KICK_IDLE    SCX_CONST(scx_kick_flags, SCX_KICK_IDLE)	 /* only if the CPU is idle */
#define KICK_PREEMPT SCX_CONST(scx_kick_flags, SCX_KICK_PREEMPT) /* end the running task's slice */

#define WAKE_SYNC \
	SCX_CONST(scx_wake_flags, SCX_WAKE_SYNC) /* the waker says it will block at once */

#define PICK_IDLE_CORE SCX_CONST(scx_pick_idle_cpu_flags, SCX_PICK_IDLE_CORE)

#define TASK_QUEUED ((u32)bpf_core_enum_value(enum scx_ent_flags, SCX_TASK_QUEUED))

#define SLICE_INF (~0ULL) /* until the task blocks; the value is part of the kernel's ABI */

#define PF_EXITING 0x00000004
#define PF_KTHREAD 0x00200000

#ifndef ENOMEM
#define ENOENT 2
#define ENOMEM 12
#define EINVAL 22
#endif

#define NSEC_PER_USEC 1000ULL
#define NSEC_PER_MSEC 1000000ULL
#define NSEC_PER_SEC  1000000000ULL

/* --- kfuncs whose shape is the same on all kernels --------------------------------------------------------------- */
extern s32 scx_bpf_create_dsq(u64 dsq_id, s32 node) __ksym;
extern s32 scx_bpf_select_cpu_dfl(struct task_struct *p, s32 prev_cpu, u64 wake_flags,
				  bool *is_idle) __ksym;
extern s32 scx_bpf_pick_idle_cpu(const cpumask_t *cpus_allowed, u64 flags) __ksym;
extern bool scx_bpf_test_and_clear_cpu_idle(s32 cpu) __ksym;
extern void scx_bpf_kick_cpu(s32 cpu, u64 flags) __ksym;
extern s32 scx_bpf_dsq_nr_queued(u64 dsq_id) __ksym;
extern s32 scx_bpf_task_cpu(const struct task_struct *p) __ksym;
extern bool scx_bpf_task_running(const struct task_struct *p) __ksym;
extern u32 scx_bpf_nr_cpu_ids(void) __ksym;
extern const struct cpumask *scx_bpf_get_online_cpumask(void) __ksym;
extern void scx_bpf_put_cpumask(const struct cpumask *cpumask) __ksym;
extern u64 scx_bpf_now(void) __ksym;
extern void scx_bpf_error_bstr(char *fmt, unsigned long long *data, u32 data_len) __ksym;
extern struct cgroup *scx_bpf_task_cgroup(struct task_struct *p) __ksym __weak;

extern int bpf_iter_scx_dsq_new(struct bpf_iter_scx_dsq *it, u64 dsq_id, u64 flags) __ksym;
extern struct task_struct *bpf_iter_scx_dsq_next(struct bpf_iter_scx_dsq *it) __ksym;
extern void bpf_iter_scx_dsq_destroy(struct bpf_iter_scx_dsq *it) __ksym;

extern struct task_struct *bpf_task_from_pid(s32 pid) __ksym;
extern void bpf_task_release(struct task_struct *p) __ksym;
extern struct cgroup *bpf_cgroup_ancestor(struct cgroup *cgrp, int level) __ksym;
extern void bpf_cgroup_release(struct cgroup *cgrp) __ksym;
extern bool bpf_cpumask_test_cpu(u32 cpu, const struct cpumask *cpumask) __ksym;
extern void bpf_rcu_read_lock(void) __ksym;
extern void bpf_rcu_read_unlock(void) __ksym;

/* --- kfuncs that changed shape ----------------------------------------------------------------------------------- */
extern bool scx_bpf_dsq_insert___v2___sl(struct task_struct *p, u64 dsq_id, u64 slice,
					 u64 enq_flags) __ksym __weak;
extern void scx_bpf_dsq_insert___v1(struct task_struct *p, u64 dsq_id, u64 slice,
				    u64 enq_flags) __ksym __weak;

/* Put @p on a queue with a slice in ns. From 6.19 the kernel's own returns bool; ours does not promise it. */
static inline void dsq_insert(struct task_struct *p, u64 dsq_id, u64 slice_ns, u64 enq_flags)
{
	if (bpf_ksym_exists(scx_bpf_dsq_insert___v2___sl))
		scx_bpf_dsq_insert___v2___sl(p, dsq_id, slice_ns, enq_flags);
	else
		scx_bpf_dsq_insert___v1(p, dsq_id, slice_ns, enq_flags);
}

struct scx_bpf_dsq_insert_vtime_args___sl {
	u64 dsq_id;
	u64 slice;
	u64 vtime;
	u64 enq_flags;
};

extern bool
__scx_bpf_dsq_insert_vtime___sl(struct task_struct *p,
				struct scx_bpf_dsq_insert_vtime_args___sl *args) __ksym __weak;
extern void scx_bpf_dsq_insert_vtime___v1(struct task_struct *p, u64 dsq_id, u64 slice, u64 vtime,
					  u64 enq_flags) __ksym __weak;

/* Put @p on a queue that is sorted by @vtime, smallest first. 6.19 packs the arguments into a struct. */
static inline void dsq_insert_vtime(struct task_struct *p, u64 dsq_id, u64 slice_ns, u64 vtime,
				    u64 enq_flags)
{
	if (bpf_core_type_exists(struct scx_bpf_dsq_insert_vtime_args___sl)) {
		struct scx_bpf_dsq_insert_vtime_args___sl args = {
			.dsq_id = dsq_id,
			.slice = slice_ns,
			.vtime = vtime,
			.enq_flags = enq_flags,
		};

		__scx_bpf_dsq_insert_vtime___sl(p, &args);
	} else {
		scx_bpf_dsq_insert_vtime___v1(p, dsq_id, slice_ns, vtime, enq_flags);
	}
}

extern bool scx_bpf_dsq_move_to_local___v2___sl(u64 dsq_id, u64 enq_flags) __ksym __weak;
extern bool scx_bpf_dsq_move_to_local___v1(u64 dsq_id) __ksym __weak;

/* Take the first task of @dsq_id that may run here to this CPU's queue; false if there is none. 7.1 added flags. */
static inline bool dsq_move_to_local(u64 dsq_id)
{
	if (bpf_ksym_exists(scx_bpf_dsq_move_to_local___v2___sl))
		return scx_bpf_dsq_move_to_local___v2___sl(dsq_id, 0);
	return scx_bpf_dsq_move_to_local___v1(dsq_id);
}

extern u32 scx_bpf_reenqueue_local___v1(void) __ksym __weak;

/*
 * From ops.cpu_release(), where a real-time or deadline task has just taken this CPU: give ops.enqueue() the tasks of
 * its queue, the one cut short included, with ENQ_REENQ set, so that other CPUs can run them; returns how many. On a
 * machine with one CPU there is no other: nothing is done. The scheduler needs the flag SCX_OPS_ENQ_MIGRATION_DISABLED:
 * without it the kernel (6.18) leaves the one cut short where it is, as it takes the migrate_disable() of the program that
 * calls, which runs in that task's context, for the task's own.
 */
static inline u32 reenqueue_local(void)
{
	return scx_bpf_nr_cpu_ids() > 1 ? scx_bpf_reenqueue_local___v1() : 0;
}

extern bool scx_bpf_task_set_slice___sl(struct task_struct *p, u64 slice) __ksym __weak;

/* What is left of @p's slice, in ns. 6.19 added the kfunc; 7.2 warns of direct writes. */
static inline void task_set_slice(struct task_struct *p, u64 slice_ns)
{
	if (bpf_ksym_exists(scx_bpf_task_set_slice___sl))
		scx_bpf_task_set_slice___sl(p, slice_ns);
	else
		p->scx.slice = slice_ns;
}

extern bool scx_bpf_task_set_dsq_vtime___sl(struct task_struct *p, u64 vtime) __ksym __weak;

/* @p's place on a queue sorted by vtime, for its next insert. 6.19 added the kfunc; 7.2 warns of direct writes. */
static inline void task_set_vtime(struct task_struct *p, u64 vtime)
{
	if (bpf_ksym_exists(scx_bpf_task_set_dsq_vtime___sl))
		scx_bpf_task_set_dsq_vtime___sl(p, vtime);
	else
		p->scx.dsq_vtime = vtime;
}

extern struct task_struct *scx_bpf_cpu_curr___sl(s32 cpu) __ksym __weak;
extern struct rq *scx_bpf_cpu_rq___v1(s32 cpu) __ksym __weak;

/* The task that runs on @cpu, under RCU (NULL if there is no such CPU). 6.18 added the kfunc; 7.3 dropped the other. */
static inline struct task_struct *cpu_curr(s32 cpu)
{
	if (bpf_ksym_exists(scx_bpf_cpu_curr___sl))
		return scx_bpf_cpu_curr___sl(cpu);
	if (bpf_ksym_exists(scx_bpf_cpu_rq___v1)) {
		struct rq *rq = scx_bpf_cpu_rq___v1(cpu);

		return rq ? rq->curr : NULL;
	}
	return NULL;
}

/* End the scheduler with a message in the exit record: scx_error("no memory for %d", n). At least one argument. */
#define scx_error(fmt, args...)                                 \
	do {                                                    \
		static char fmt_[] = fmt;                       \
		unsigned long long args_[] = {args};            \
                                                                \
		scx_bpf_error_bstr(fmt_, args_, sizeof(args_)); \
	} while (0)

/* --- the ops table ----------------------------------------------------------------------------------------------- */
#define BPF_STRUCT_OPS(name, args...)		SEC("struct_ops/" #name) BPF_PROG(name, ##args)
#define BPF_STRUCT_OPS_SLEEPABLE(name, args...) SEC("struct_ops.s/" #name) BPF_PROG(name, ##args)

/* --- small helpers ----------------------------------------------------------------------------------------------- */

/* a before b on a clock that may wrap. */
static inline bool time_before(u64 a, u64 b)
{
	return (s64)(a - b) < 0;
}

/*
 * Is the current task really the one that acts (wakes somebody, say), and not just under an interrupt? True too where
 * the kernel keeps the count elsewhere, so treat it as a hint.
 */
static inline bool in_task(void)
{
	return !interrupts_now();
}

/* A kernel thread that belongs to one CPU: other work there waits for it, so it must never queue behind that work. */
static inline bool is_percpu_kthread(const struct task_struct *p)
{
	return (p->flags & PF_KTHREAD) && p->nr_cpus_allowed == 1;
}

#endif
