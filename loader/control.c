// SPDX-License-Identifier: GPL-2.0
/* The control socket, see control.h. */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "loader/control.h"

#define CONTROL_FOLDER "/run/schedlab"
#define WORD_MAX       64
#define ANSWER_MAX     (16 << 20)

struct client {
	int fd;		 /* -1: free */
	uint64_t number; /* of those accepted, this one's */
	char word[WORD_MAX];
	size_t got;
};

struct control {
	int fd;
	control_answer answer;
	void *data;
	uint64_t accepted;
	struct client clients[CONTROL_CLIENTS];
};

/* Neither this nor what follows on the socket waits longer than @wait_s seconds, 0: at all; who listens may be stopped. */
static int connect_to(unsigned int wait_s)
{
	int flags = SOCK_STREAM | SOCK_CLOEXEC | (wait_s ? 0 : SOCK_NONBLOCK);
	struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = CONTROL_PATH};
	struct timeval limit = {.tv_sec = wait_s};
	int err, fd = socket(AF_UNIX, flags, 0);

	if (fd < 0)
		return -errno;
	if (!setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit)) &&
	    !setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)) &&
	    !connect(fd, (struct sockaddr *)&address, sizeof(address)))
		return fd;
	err = errno == EAGAIN ? -ETIMEDOUT : -errno;
	close(fd);
	return err;
}

/* The folder must be ours alone: whoever could rename in it could put a socket of his own there. */
static int make_folder(void)
{
	struct stat st;

	mkdir("/run", 0755);
	if (mkdir(CONTROL_FOLDER, 0700) && errno != EEXIST)
		return -errno;
	if (lstat(CONTROL_FOLDER, &st))
		return -errno;
	if (!S_ISDIR(st.st_mode) || st.st_uid != geteuid() || (st.st_mode & 077))
		return -EPERM;
	return 0;
}

static int listen_at(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = CONTROL_PATH};
	int err, fd = connect_to(0);

	if (fd >= 0)
		close(fd);
	if (fd >= 0 || fd == -ETIMEDOUT)
		return -EADDRINUSE;
	unlink(CONTROL_PATH);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) || chmod(CONTROL_PATH, 0600) ||
	    listen(fd, CONTROL_CLIENTS)) {
		err = -errno;
		close(fd);
		return err;
	}
	return fd;
}

int control_open(struct control **control, control_answer answer, void *data)
{
	struct control *c;
	int i, fd, err = make_folder();

	*control = NULL;
	if (err)
		return err;
	fd = listen_at();
	if (fd < 0)
		return fd;
	c = calloc(1, sizeof(*c));
	if (!c) {
		close(fd);
		return -ENOMEM;
	}
	c->fd = fd;
	c->answer = answer;
	c->data = data;
	for (i = 0; i < CONTROL_CLIENTS; i++)
		c->clients[i].fd = -1;
	*control = c;
	return 0;
}

static void drop(struct client *client)
{
	close(client->fd);
	memset(client, 0, sizeof(*client));
	client->fd = -1;
}

void control_close(struct control *c)
{
	int i;

	if (!c)
		return;
	unlink(CONTROL_PATH);
	close(c->fd);
	for (i = 0; i < CONTROL_CLIENTS; i++)
		if (c->clients[i].fd >= 0)
			drop(&c->clients[i]);
	free(c);
}

void control_poll_fds(const struct control *c, struct pollfd *fds)
{
	int i;

	for (i = 0; i < CONTROL_FDS; i++) {
		fds[i].fd = -1;
		fds[i].events = POLLIN;
		fds[i].revents = 0;
	}
	if (!c)
		return;
	fds[CONTROL_CLIENTS].fd = c->fd;
	for (i = 0; i < CONTROL_CLIENTS; i++)
		fds[i].fd = c->clients[i].fd;
}

static void take_client(struct control *c)
{
	int i, fd = accept4(c->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	struct client *place = &c->clients[0];

	if (fd < 0)
		return;
	/* Those who connect and say nothing must not keep others out: the oldest makes room. Numbers of the free are 0. */
	for (i = 1; i < CONTROL_CLIENTS; i++)
		if (c->clients[i].number < place->number)
			place = &c->clients[i];
	if (place->fd >= 0)
		drop(place);
	place->fd = fd;
	place->number = ++c->accepted;
}

static void reply(struct client *client, json_t *document)
{
	char *text = document ? json_dumps(document, JSON_COMPACT) : NULL;
	int size = 1 << 20;

	json_decref(document);
	/* One send into a large buffer: who does not read gets a cut answer, and we never wait. */
	setsockopt(client->fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	if (text && send(client->fd, text, strlen(text), MSG_NOSIGNAL) == (ssize_t)strlen(text))
		send(client->fd, "\n", 1, MSG_NOSIGNAL);
	free(text);
}

static void serve_client(struct control *c, struct client *client)
{
	struct ucred peer = {0};
	socklen_t length = sizeof(peer);
	struct control_peer who;
	ssize_t got = recv(client->fd, client->word + client->got, WORD_MAX - 1 - client->got, 0);
	char *end;

	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (got <= 0) {
		drop(client);
		return;
	}
	client->got += (size_t)got;
	client->word[client->got] = '\0';
	end = strchr(client->word, '\n');
	if (!end && client->got < WORD_MAX - 1)
		return;
	if (!end || getsockopt(client->fd, SOL_SOCKET, SO_PEERCRED, &peer, &length) ||
	    peer.uid != 0) {
		reply(client, json_pack("{s:s}", "error",
					end ? "only root may ask" : "the request is too long"));
		drop(client);
		return;
	}
	*end = '\0';
	who.pid = peer.pid;
	who.uid = peer.uid;
	reply(client, c->answer(c->data, client->word, &who));
	drop(client);
}

void control_serve(struct control *c, const struct pollfd *fds)
{
	int i;

	if (!c)
		return;
	for (i = 0; i < CONTROL_CLIENTS; i++)
		if (c->clients[i].fd >= 0 && c->clients[i].fd == fds[i].fd && fds[i].revents)
			serve_client(c, &c->clients[i]);
	if (fds[CONTROL_CLIENTS].revents)
		take_client(c);
}

/* --- the asking side ---------------------------------------------------------------------------------------------- */

static int read_answer(int fd, json_t **answer)
{
	char *text = NULL, *grown;
	size_t size = 0, got = 0;
	ssize_t n = 1;

	while (got < ANSWER_MAX) {
		if (size - got < 4096) {
			size += 65536;
			grown = realloc(text, size);
			if (!grown) {
				free(text);
				return -ENOMEM;
			}
			text = grown;
		}
		n = recv(fd, text + got, size - got - 1, 0);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN) {
			free(text);
			return -ETIMEDOUT;
		}
		if (n <= 0)
			break;
		got += (size_t)n;
		if (text[got - 1] == '\n')
			break;
	}
	if (text)
		text[got] = '\0';
	*answer = text ? json_loads(text, 0, NULL) : NULL;
	free(text);
	return *answer ? 0 : -EPROTO;
}

int control_ask(const char *word, unsigned int wait_s, json_t **answer)
{
	int err = 0, fd = connect_to(wait_s);

	*answer = NULL;
	if (fd == -ECONNREFUSED)
		return -ENOENT;
	if (fd < 0)
		return fd;
	if (send(fd, word, strlen(word), MSG_NOSIGNAL) < 0 || send(fd, "\n", 1, MSG_NOSIGNAL) < 0)
		err = -errno;
	err = err ? err : read_answer(fd, answer);
	close(fd);
	return err;
}
