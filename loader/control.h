/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The control socket of a guarded run, for schedlab status, confirm and stop: one word in, one line of JSON out. Only root
 * may use it: the folder is closed to others, and the peer's credentials are checked.
 */
#ifndef SCHEDLAB_LOADER_CONTROL_H
#define SCHEDLAB_LOADER_CONTROL_H

#include <jansson.h>
#include <poll.h>
#include <stddef.h>

#define CONTROL_PATH	"/run/schedlab/control"
#define CONTROL_CLIENTS 4
#define CONTROL_FDS	(CONTROL_CLIENTS + 1)

struct control;

/* Who asked. */
struct control_peer {
	int pid;
	unsigned int uid;
};

/* Answer @word. The returned document (may be NULL) is sent and released. */
typedef json_t *(*control_answer)(void *data, const char *word, const struct control_peer *peer);

/* Never waits. Returns 0, -EADDRINUSE (another run listens) or -errno. */
int control_open(struct control **control, control_answer answer, void *data);
void control_close(struct control *control);

/* Fill @fds (CONTROL_FDS of them) for poll. */
void control_poll_fds(const struct control *control, struct pollfd *fds);
/* Serve what poll found. Never waits; of more than CONTROL_CLIENTS at once the oldest is dropped. */
void control_serve(struct control *control, const struct pollfd *fds);

/*
 * The other side: send @word, read the answer (the caller releases it). 0, -ENOENT (no guarded run), -EACCES, -ETIMEDOUT (no
 * answer within @wait_s seconds: the run is stopped) or another -errno.
 */
int control_ask(const char *word, unsigned int wait_s, json_t **answer);

#endif
