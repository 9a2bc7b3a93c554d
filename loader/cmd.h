/* SPDX-License-Identifier: GPL-2.0 */
/* The subcommands of this room, for the table in schedlab.c. Each returns an exit status. */
#ifndef SCHEDLAB_LOADER_CMD_H
#define SCHEDLAB_LOADER_CMD_H

int cmd_confirm(int argc, char **argv);
int cmd_list(int argc, char **argv);
int cmd_run(int argc, char **argv);
int cmd_status(int argc, char **argv);
int cmd_stop(int argc, char **argv);
int cmd_tickets(int argc, char **argv);

#endif
