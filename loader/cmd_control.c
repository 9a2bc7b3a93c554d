// SPDX-License-Identifier: GPL-2.0
/* schedlab confirm, schedlab stop: an operator's word to the guarded run, by its control socket. */
#include <errno.h>
#include <string.h>

#include "lib/cli.h"
#include "loader/cmd.h"
#include "loader/control.h"
#include "loader/loader.h"

#define CONFIRM_WAIT_S 10
#define STOP_WAIT_S    60 /* the kernel's own way back may take a while */

static int no_run(const char *word, int err)
{
	if (err == -ENOENT)
		cli_error("%s: no guarded run is active here (schedlab status says what is)", word);
	else if (err == -EACCES || err == -EPERM)
		cli_error("%s: only root may use the control socket", word);
	else if (err == -ETIMEDOUT)
		cli_error("%s: the guarded run does not answer; if it is stopped, wake it (kill "
			  "-CONT) or kill it (kill -KILL), which ends its scheduler too",
			  word);
	else
		cli_error("%s: the guarded run does not answer: %s", word, strerror(-err));
	return err == -EACCES || err == -EPERM ? EXIT_STATUS_UNSUPPORTED : EXIT_STATUS_FAILURE;
}

/* Returns an exit status. */
static int ask(const char *word, unsigned int wait_s)
{
	const char *error;
	char shown[256];
	json_t *answer;
	int err = control_ask(word, wait_s, &answer);

	if (err)
		return no_run(word, err);
	error = json_string_value(json_object_get(answer, "error"));
	if (error)
		cli_error("%s: %s", word, cli_printable(error, shown, sizeof(shown)));
	json_decref(answer);
	return error ? EXIT_STATUS_FAILURE : EXIT_STATUS_OK;
}

static error_t parse_nothing(int key, char *arg, struct argp_state *state)
{
	return ARGP_ERR_UNKNOWN;
}

int cmd_confirm(int argc, char **argv)
{
	static const struct argp argp = {
		NULL, parse_nothing,
		NULL, "Confirm the scheduler of a run with --confirm, so that it stays.",
		NULL, NULL,
		NULL};

	cli_parse(&argp, argc, argv, 0, NULL);
	return ask("confirm", CONFIRM_WAIT_S);
}

int cmd_stop(int argc, char **argv)
{
	static const struct argp argp = {NULL,
					 parse_nothing,
					 NULL,
					 "End the guarded run's scheduler; nothing follows it. "
					 "Returns when the kernel's default "
					 "scheduler is active again. A command of the run goes on.",
					 NULL,
					 NULL,
					 NULL};
	struct loader_kernel_state state;
	int status;

	cli_parse(&argp, argc, argv, 0, NULL);
	status = ask("stop", STOP_WAIT_S);
	if (status)
		return status;
	/* sysfs is the only truth about what is active. */
	if (!loader_kernel_state(&state) && state.ops[0]) {
		cli_error("stop: '%s' is active", state.ops);
		return EXIT_STATUS_FAILURE;
	}
	return EXIT_STATUS_OK;
}
