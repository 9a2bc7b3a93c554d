// SPDX-License-Identifier: GPL-2.0
/*
 * The kernel's change to a scheduler, and back to its default, waits for RCU grace periods, in which nobody can fork, and their
 * thread is an ordinary task: whatever runs before it makes them longer, and what is forked on the way back does so without end
 * if it likes. So the thread is given real-time priority meanwhile, as rcutree.kthread_prio=1 gives it for ever.
 */
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/fileio.h"
#include "loader/internal.h"

#define PIDS_MAX    300	       /* it is among the first of the kernel's threads */
#define PF_KTHREAD  0x00200000 /* linux/sched.h; in /proc's flags since 2.6.27 */
#define FLAGS_FIELD 7	       /* of /proc/PID/stat, counted from behind the name */

/* Whether @pid is the kernel's thread for grace periods, and no process that only calls itself so. */
static bool is_rcu(pid_t pid)
{
	char path[32], *text, *at;
	bool named;
	int i;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	if (file_read(path, 4096, &text, NULL))
		return false;
	named = strstr(text, " (rcu_preempt) ") || strstr(text, " (rcu_sched) ");
	at = named ? strrchr(text, ')') + 1 : NULL;
	for (i = 0; at && i < FLAGS_FIELD - 1; i++)
		at = strchr(at + 1, ' ');
	named = at && (strtoul(at, NULL, 10) & PF_KTHREAD);
	free(text);
	return named;
}

pid_t rcu_hurry(void)
{
	struct sched_param param = {.sched_priority = 1};
	pid_t pid;

	for (pid = 2; pid < PIDS_MAX && !is_rcu(pid); pid++)
		;
	if (pid == PIDS_MAX || sched_getscheduler(pid) != SCHED_OTHER ||
	    sched_setscheduler(pid, SCHED_FIFO, &param))
		return 0;
	return pid;
}

void rcu_calm(pid_t pid)
{
	struct sched_param param = {0};

	if (pid)
		sched_setscheduler(pid, SCHED_OTHER, &param);
}
