/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What scheds/lottery.bpf.c shares with `schedlab tickets`: the values of the maps that the command finds by name in the
 * kernel. Plain 64-bit numbers; both sides include this file.
 */
#ifndef SCHEDLAB_BPF_LOTTERY_H
#define SCHEDLAB_BPF_LOTTERY_H

#define LOTTERY_TICKETS_MAX \
	1000000			  /* per task or cgroup, so that sums of products stay below 2^63 */
#define LOTTERY_SCALE	     1000 /* parts of a ticket, so that a currency divides finely */
#define LOTTERY_ONE	     (1 << 20) /* the fraction 1 */
#define LOTTERY_FRACTION_MAX (1ULL << 30)

/* Maps "task_tickets" (task storage) and "cgroup_tickets" (cgroup storage): set by the command; no entry: by weight. */
struct lottery_tickets {
	unsigned long long tickets;
};

/* Map "accounts" (task storage): kept by the scheduler, read by the command. */
struct lottery_account {
	unsigned long long base;     /* own tickets, in 1/LOTTERY_SCALE */
	unsigned long long borrowed; /* lent by blocked clients, in the root currency */
	unsigned long long wins;     /* draws won */
	unsigned long long
		fraction;	    /* worth of a ticket of its cgroup at the root, 1/LOTTERY_ONE */
	unsigned long long used_ns; /* of the quantum last won */
	unsigned long long ran_at_ns;	  /* when it last started to run */
	unsigned long long woke_at_ns;	  /* when it last woke a task, */
	unsigned long long woke_start_ns; /* and which: its start time */
	unsigned long long woke_pid;	  /* and pid; 0: none */
	unsigned long long slot;	  /* where it waits, or last waited */
	unsigned long long lent;	  /* lent to the task it woke, while it is blocked */
	unsigned long long owed;	  /* quanta won in draws of other CPUs and not yet run */
	unsigned long long counted;	  /* own tickets as counted in its cgroup's active sum */
};

_Static_assert(sizeof(struct lottery_account) == 104, "both sides must see the same account");

#endif
