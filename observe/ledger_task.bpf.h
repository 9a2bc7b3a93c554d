/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the ledger asks of a task: its identity, whether the filters let it through, its scheduling class, its storage; and
 * what runs now, a task or an interrupt. Changes nothing.
 */
#ifndef SCHEDLAB_OBSERVE_LEDGER_TASK_BPF_H
#define SCHEDLAB_OBSERVE_LEDGER_TASK_BPF_H

#define PF_KTHREAD  0x00200000
#define TASK_DEAD   0x00000080
#define TASK_NOLOAD 0x00000400

extern const struct rq runqueues __ksym __weak;

static __always_inline __u64 task_id(const struct task_struct *p)
{
	return (__u32)p->pid | (__u64)p->tgid << 32;
}

static __always_inline bool in_cgroup(struct task_struct *p)
{
	struct cgroup *cgroup = p->cgroups->dfl_cgrp, *ancestor;
	__u64 slot;

	if (cgroup->level < (int)cfg_cgroup_level)
		return false;
	slot = (__u64)__builtin_preserve_access_index(&cgroup->ancestors) +
	       cfg_cgroup_level * sizeof(void *);
	if (bpf_probe_read_kernel(&ancestor, sizeof(ancestor), (void *)slot))
		return false;
	return BPF_CORE_READ(ancestor, kn, id) == cfg_cgroup;
}

/* Whether the filters let @p through: always the task the event is about, never just the current one. */
static __always_inline bool followed(struct task_struct *p)
{
	if (cfg_tgid && p->tgid != (int)cfg_tgid)
		return false;
	return !cfg_cgroup || in_cgroup(p);
}

static __always_inline struct task *storage(struct task_struct *p)
{
	struct task *t = bpf_task_storage_get(&tasks, p, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);

	if (!t)
		lost(LEDGER_LOSS_STORAGE);
	return t;
}

/*
 * The budget: whether this interval, wakeup or sample is one of those left out. By chance, since counting would keep in
 * step with the load: of two tasks that take turns it would take always the same one.
 */
static __always_inline bool leave_out(void)
{
	if (!cfg_budget || !sample_mask || !(bpf_get_prandom_u32() & sample_mask))
		return false;
	lost(LEDGER_LOSS_SAMPLED);
	return true;
}

enum sched_classes {
	CLASS_FAIR,
	CLASS_RT,
	CLASS_DEADLINE,
	CLASS_STOP,
	CLASS_EXT,
	CLASS_IDLE
};

/*
 * Asks the kernel where sched_ext's class is, for class_of(). As an extern of this program libbpf would look for it, which
 * has no type there, in the whole text of /proc/kallsyms: half the time that it takes to load the ledger.
 */
static __always_inline void find_ext_class(void)
{
	static const char name[] = "ext_sched_class";
	__u64 address = 0;

	if (cfg_sched_ext && !ext_class &&
	    !bpf_kallsyms_lookup_name(name, sizeof(name), 0, &address))
		ext_class = address;
}

/* The class that the task is in now; a scheduler may have taken over those of other policies. */
static __always_inline __u64 class_of(const struct task_struct *p)
{
	if (ext_class && (__u64)p->sched_class == ext_class)
		return CLASS_EXT;
	if (p->prio < 0)
		return CLASS_DEADLINE;
	if (p->prio < 100)
		return p->policy == 0 ? CLASS_STOP : CLASS_RT;
	return p->policy == 5 ? CLASS_IDLE : CLASS_FAIR;
}

/* What runs now: a task, or an interrupt that happened to hit one. */
static __always_inline __u32 context_now(void)
{
	__u32 interrupts = interrupts_now();

	if (interrupts & INTERRUPTS_NMI)
		return LEDGER_CONTEXT_NMI;
	if (interrupts & INTERRUPTS_HARD)
		return LEDGER_CONTEXT_IRQ;
	return interrupts & INTERRUPTS_SOFTIRQ ? LEDGER_CONTEXT_SOFTIRQ : LEDGER_CONTEXT_TASK;
}

#endif
