// SPDX-License-Identifier: GPL-2.0
/* The program behind `run -- COMMAND`, see command.h. */
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/cli.h"
#include "loader/command.h"

#ifndef SCHED_EXT
#define SCHED_EXT 7
#endif

static void become(char **argv, bool ext)
{
	struct sched_param param = {0};
	char shown[512];
	sigset_t none;
	int err;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
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
		become(argv, ext);
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
