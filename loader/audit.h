/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The trail in the system log: who loaded, confirmed, stopped, ejected what. Never waits for the log daemon. What other
 * rooms need of it is in loader.h.
 */
#ifndef SCHEDLAB_LOADER_AUDIT_H
#define SCHEDLAB_LOADER_AUDIT_H

#include "loader/loader.h"

/* One line to the system log (facility daemon, priority notice). A line that cannot be sent at once is lost and counted. */
void audit(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* The same about @loader, whose object's hash and options follow. */
void audit_scheduler(const struct loader *loader, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* "root", or who became root: "uid 0, login uid 1000", for process @pid (0: this one). Static storage. */
const char *audit_user(int pid, unsigned int uid);

#endif
