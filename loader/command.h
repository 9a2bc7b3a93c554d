/* SPDX-License-Identifier: GPL-2.0 */
/* The program behind `run -- COMMAND`: started, told to end, reaped. It knows nothing of schedulers but their policy. */
#ifndef SCHEDLAB_LOADER_COMMAND_H
#define SCHEDLAB_LOADER_COMMAND_H

#include <stdbool.h>
#include <sys/types.h>

struct command_process {
	pid_t pid; /* 0: none was started */
	bool running;
	int status;		/* shell style, once it ended: its exit status, or 128 + signal */
	char oom_score_adj[16]; /* what it is to have again, "" if that is what we have */
};

/* Keep this process from the OOM killer, and remember for the command what it was to the killer before. Returns 0 or -errno. */
int command_protect(struct command_process *command);

/* Start @argv under policy SCHED_EXT if @ext. The caller blocks SIGCHLD and polls. Returns 0 or -errno. */
int command_start(struct command_process *command, char **argv, bool ext);
/* Reap it if it has ended. Returns whether it still runs. */
bool command_reap(struct command_process *command);

#endif
