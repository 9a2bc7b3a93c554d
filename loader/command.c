// SPDX-License-Identifier: GPL-2.0
/* The program behind `run -- COMMAND`, see command.h. */
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/cli.h"
#include "lib/fileio.h"
#include "loader/command.h"

#ifndef SCHED_EXT
#define SCHED_EXT 7
#endif

#define OOM_FILE "/proc/self/oom_score_adj"

static int write_oom(const char *value)
{
	FILE *file = fopen(OOM_FILE, "we");
	int err = 0;

	if (!file)
		return -errno;
	if (fputs(value, file) < 0 || fflush(file))
		err = -errno;
	fclose(file);
	return err;
}

int command_protect(struct command_process *command)
{
	char *before;
	int err = file_read(OOM_FILE, 64, &before, NULL);

	if (err)
		return err;
	err = write_oom("-1000");
	if (!err)
		snprintf(command->oom_score_adj, sizeof(command->oom_score_adj), "%s", before);
	free(before);
	return err;
}

static void become(const struct command_process *command, char **argv, bool ext)
{
	struct sched_param param = {0};
	char shown[512];
	sigset_t none;
	int err;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	err = command->oom_score_adj[0] ? write_oom(command->oom_score_adj) : 0;
	if (err)
		cli_warn("the command stays out of the OOM killer's reach: %s", strerror(-err));
	if (ext && sched_setscheduler(0, SCHED_EXT, &param)) {
		cli_error("cannot give the command policy SCHED_EXT: %s", strerror(errno));
		_exit(EXIT_STATUS_FAILURE);
	}
	execvp(argv[0], argv);
	err = errno;
	cli_error("%s: %s", cli_printable(argv[0], shown, sizeof(shown)), strerror(err));
	_exit(err == ENOENT ? 127
			    : 126); /* as shells say "not found" and "found, but cannot run" */
}

int command_start(struct command_process *command, char **argv, bool ext)
{
	pid_t pid = fork();

	if (pid < 0)
		return -errno;
	if (pid == 0)
		become(command, argv, ext);
	command->pid = pid;
	command->running = true;
	return 0;
}

bool command_reap(struct command_process *command)
{
	int status;

	if (!command->running || waitpid(command->pid, &status, WNOHANG) != command->pid)
		return command->running;
	command->running = false;
	command->status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	return false;
}
