/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Programs that user space calls: storage for the tasks that live, their accounts, and the runnable wait that is open the
 * longest. They walk all tasks, cost nothing between calls, and miss a task that is not followed.
 */
#ifndef SCHEDLAB_OBSERVE_LEDGER_OPEN_BPF_H
#define SCHEDLAB_OBSERVE_LEDGER_OPEN_BPF_H

extern int bpf_iter_task_new(struct bpf_iter_task *it, struct task_struct *task,
			     unsigned int flags) __ksym;
extern struct task_struct *bpf_iter_task_next(struct bpf_iter_task *it) __ksym;
extern void bpf_iter_task_destroy(struct bpf_iter_task *it) __ksym;
extern void bpf_rcu_read_lock(void) __ksym;
extern void bpf_rcu_read_unlock(void) __ksym;

/* The accounts of living tasks, read through an iterator. */
SEC("iter/task")
int accounts(struct bpf_iter__task *ctx)
{
	struct task_struct *p = ctx->task;
	struct ledger_account a = {};
	struct task *t;

	if (!p || !p->pid)
		return 0;
	t = bpf_task_storage_get(&tasks, p, 0, 0);
	if (!t || !t->first_ns || t->state == LEDGER_STATE_DEAD)
		return 0;
	account_fill(&a, t, p, bpf_ktime_get_ns());
	bpf_seq_write(ctx->meta->seq, &a, sizeof(a));
	return 0;
}

/* From 7.3 on_cpu is a byte; libbpf adjusts the width of a read only where it is unsigned. */
struct task_struct___7_3 {
	unsigned int on_cpu;
} __attribute__((preserve_access_index));

/* When the runnable wait of @p began that is open; 0: it does not wait. */
static __always_inline __u64 open_since(struct task *t, struct task_struct *p)
{
	if (((struct task_struct___7_3 *)p)->on_cpu)
		return 0;
	if (!cfg_full)
		return t->waking_ns ? t->waking_ns : t->since_ns;
	switch (t->state) {
	case LEDGER_STATE_ACTIVATING:
	case LEDGER_STATE_QUEUED:
		return t->waking_ns;
	case LEDGER_STATE_PREEMPTED:
		return t->since_ns;
	}
	return 0;
}

static __always_inline void oldest_fill(struct task_struct *p, struct task *t, __u64 since)
{
	oldest.tgid = p->tgid;
	oldest.pid = p->pid;
	oldest.since_ns = since;
	oldest.state = cfg_full	      ? t->state
		       : t->waking_ns ? LEDGER_STATE_QUEUED
				      : LEDGER_STATE_PREEMPTED;
	oldest.cpu = p->thread_info.cpu;
	oldest.sched_ext = class_of(p) == CLASS_EXT ||
			   (p->prio >= 100 && epoch_kind[epoch & (LEDGER_MAX_EPOCHS - 1)]);
	bpf_probe_read_kernel_str(oldest.comm, sizeof(oldest.comm), p->comm);
}

/* Who has the CPU that the oldest wait waits for. */
static __always_inline void oldest_runner(void)
{
	struct task_struct *runner;
	struct rq *rq;

	if (!oldest.since_ns || !bpf_ksym_exists(&runqueues))
		return;
	rq = bpf_per_cpu_ptr(&runqueues, (__u32)oldest.cpu);
	if (!rq)
		return;
	runner = rq->curr;
	oldest.runner_pid = runner->pid;
	oldest.runner_rt = runner->prio < 100;
	bpf_probe_read_kernel_str(oldest.runner_comm, sizeof(oldest.runner_comm), runner->comm);
}

/* The runnable wait that is open the longest, into `oldest`: walks all tasks, called by user space. */
SEC("syscall")
int find_oldest(void *unused)
{
	struct task_struct *p;
	struct bpf_iter_task it;

	__builtin_memset(&oldest, 0, sizeof(oldest));
	find_ext_class();
	bpf_rcu_read_lock();
	bpf_iter_task_new(&it, NULL, 1 /* BPF_TASK_ITER_ALL_THREADS */);
	while ((p = bpf_iter_task_next(&it))) {
		struct task *t = bpf_task_storage_get(&tasks, p, 0, 0);
		__u64 since = t ? open_since(t, p) : 0;

		if (!since)
			continue;
		oldest.waiting++;
		if (!oldest.since_ns || since < oldest.since_ns)
			oldest_fill(p, t, since);
	}
	bpf_iter_task_destroy(&it);
	oldest_runner();
	bpf_rcu_read_unlock();
	oldest.now_ns = bpf_ktime_get_ns();
	return 0;
}

/*
 * Storage for all tasks, and what must be known of the kernel, before the capture. The kernel keeps one free block of this size per CPU and gets more only with
 * interrupts on: a first switch that found two tasks without would lose one.
 */
SEC("syscall")
int follow_all(void *unused)
{
	struct task_struct *p;
	struct bpf_iter_task it;

	find_ext_class();
	bpf_rcu_read_lock();
	bpf_iter_task_new(&it, NULL, 1 /* BPF_TASK_ITER_ALL_THREADS */);
	while ((p = bpf_iter_task_next(&it)))
		if (p->pid && followed(p))
			storage(p);
	bpf_iter_task_destroy(&it);
	bpf_rcu_read_unlock();
	return 0;
}

#endif
