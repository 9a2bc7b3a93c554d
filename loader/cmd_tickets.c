// SPDX-License-Identifier: GPL-2.0
/*
 * schedlab tickets: read and set the tickets of tasks and cgroups under the lottery that is active. It finds the
 * scheduler's maps by name among the kernel's, so it works whoever loaded it. A change is felt when the task next queues.
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "bpf/lottery.h"
#include "lib/cli.h"
#include "lib/fileio.h"
#include "loader/cmd.h"
#include "loader/loader.h"

#ifndef PIDFD_THREAD
#define PIDFD_THREAD O_EXCL
#endif
/* BPF_MAP_TYPE_CGRP_STORAGE, which the headers of Debian 12 do not have; part of the kernel's ABI since 6.2. */
#define MAP_TYPE_CGRP_STORAGE ((enum bpf_map_type)32)
#define CGROUP_ROOT	      "/sys/fs/cgroup"

/* One word of the command line: a task or a cgroup, and perhaps its tickets. */
struct subject {
	bool is_cgroup, set, reset;
	uint64_t pid, tickets;
	char path[4096]; /* of a cgroup */
};

struct maps {
	int task_tickets, cgroup_tickets, accounts;
};

static const struct argp_option option_table[] = {
	{"json", 'j', NULL, 0, "one JSON document on stdout", 0},
	{0},
};

struct options {
	bool json;
	char **words; /* of the command line: the subjects */
	int count;
};

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct options *options = state->input;

	switch (key) {
	case 'j':
		options->json = true;
		return 0;
	case ARGP_KEY_ARGS:
		options->words = state->argv + state->next;
		options->count = state->argc - state->next;
		return 0;
	case ARGP_KEY_NO_ARGS:
		argp_error(state, "name a task (PID) or a cgroup, and =TICKETS to set them");
		return EINVAL;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/* The newest map of this name, type and value size; @key is as in all storage maps. A descriptor or -errno. */
static int map_find(const char *name, enum bpf_map_type type, uint32_t value_size)
{
	int found = -ENOENT;
	uint32_t id = 0;

	while (!bpf_map_get_next_id(id, &id)) {
		struct bpf_map_info info = {0};
		uint32_t size = sizeof(info);
		int fd = bpf_map_get_fd_by_id(id);

		if (fd < 0) {
			if (errno == ENOENT)
				continue; /* gone meanwhile */
			if (found >= 0)
				close(found);
			return -errno;
		}
		if (!bpf_map_get_info_by_fd(fd, &info, &size) && !strcmp(info.name, name) &&
		    info.type == type && info.value_size == value_size) {
			if (found >= 0)
				close(found);
			found = fd;
		} else {
			close(fd);
		}
	}
	return found == -ENOENT && errno == EPERM ? -EPERM : found;
}

static int maps_open(struct maps *maps)
{
	maps->task_tickets =
		map_find("task_tickets", BPF_MAP_TYPE_TASK_STORAGE, sizeof(struct lottery_tickets));
	if (maps->task_tickets < 0)
		return maps->task_tickets;
	maps->cgroup_tickets =
		map_find("cgroup_tickets", MAP_TYPE_CGRP_STORAGE, sizeof(struct lottery_tickets));
	if (maps->cgroup_tickets < 0)
		return maps->cgroup_tickets;
	maps->accounts =
		map_find("accounts", BPF_MAP_TYPE_TASK_STORAGE, sizeof(struct lottery_account));
	return maps->accounts < 0 ? maps->accounts : 0;
}

/* "1234", "1234=400", "batch.slice=50", "/sys/fs/cgroup/batch.slice=default". Returns an exit status. */
static int subject_parse(char *word, struct subject *s)
{
	char *equals = strrchr(word, '='), shown[256];
	int length;

	memset(s, 0, sizeof(*s));
	if (equals) {
		*equals = '\0';
		s->reset = !strcmp(equals + 1, "default");
		s->set = !s->reset;
		if (s->set && cli_parse_u64(equals + 1, 0, LOTTERY_TICKETS_MAX, &s->tickets)) {
			cli_error("'%s' is not a number of tickets: 0 to %d, or default",
				  cli_printable(equals + 1, shown, sizeof(shown)),
				  LOTTERY_TICKETS_MAX);
			return EXIT_STATUS_USAGE;
		}
	}
	if (!cli_parse_u64(word, 1, INT32_MAX, &s->pid))
		return EXIT_STATUS_OK;
	s->is_cgroup = true;
	length = snprintf(s->path, sizeof(s->path), "%s%s",
			  !strncmp(word, "/", 1) ? "" : CGROUP_ROOT "/", word);
	if (!*word || length >= (int)sizeof(s->path)) {
		cli_error("name a task (PID) or a cgroup before '='");
		return EXIT_STATUS_USAGE;
	}
	return EXIT_STATUS_OK;
}

/* A descriptor that names the subject to the kernel, or -errno. */
static int subject_open(const struct subject *s)
{
	long fd = s->is_cgroup ? open(s->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
			       : syscall(SYS_pidfd_open, (pid_t)s->pid, PIDFD_THREAD);

	return fd < 0 ? -errno : (int)fd;
}

/* Set what is asked for. Returns 0 or -errno. */
static int subject_set(const struct subject *s, const struct maps *maps, int fd)
{
	int map = s->is_cgroup ? maps->cgroup_tickets : maps->task_tickets;
	struct lottery_tickets tickets = {s->tickets};

	if (s->set && bpf_map_update_elem(map, &fd, &tickets, BPF_ANY))
		return -errno;
	if (s->reset && bpf_map_delete_elem(map, &fd) && errno != ENOENT)
		return -errno;
	return 0;
}

/* {"pid" or "cgroup", "set": tickets or null, and of a task: "tickets", "borrowed", "worth", "draws_won"}. */
static json_t *subject_to_json(const struct subject *s, const struct maps *maps, int fd)
{
	struct lottery_tickets tickets = {0};
	struct lottery_account a = {0};
	json_t *o = json_object();
	bool set = !bpf_map_lookup_elem(s->is_cgroup ? maps->cgroup_tickets : maps->task_tickets,
					&fd, &tickets);

	if (s->is_cgroup)
		json_object_set_new(o, "cgroup", json_string(s->path));
	else
		json_object_set_new(o, "pid", json_integer((json_int_t)s->pid));
	json_object_set_new(o, "set",
			    set ? json_integer((json_int_t)tickets.tickets) : json_null());
	if (s->is_cgroup || bpf_map_lookup_elem(maps->accounts, &fd, &a))
		return o;
	json_object_set_new(o, "tickets", json_real((double)a.base / LOTTERY_SCALE));
	json_object_set_new(o, "borrowed", json_real((double)a.borrowed / LOTTERY_SCALE));
	json_object_set_new(
		o, "worth",
		json_real(((double)a.base * (double)a.fraction / LOTTERY_ONE + (double)a.borrowed) /
			  LOTTERY_SCALE));
	json_object_set_new(o, "draws_won", json_integer((json_int_t)a.wins));
	return o;
}

static void print_subject(const struct subject *s, const json_t *o)
{
	const json_t *set = json_object_get(o, "set"), *tickets = json_object_get(o, "tickets");
	char shown[256];

	if (s->is_cgroup)
		printf("cgroup %s: ", cli_printable(s->path, shown, sizeof(shown)));
	else
		printf("task %" PRIu64 ": ", s->pid);
	if (json_is_integer(set))
		printf("%lld tickets set", (long long)json_integer_value(set));
	else
		printf("tickets by weight");
	if (tickets)
		printf(", queued with %g, worth %g, %lld draws won", json_real_value(tickets),
		       json_real_value(json_object_get(o, "worth")),
		       (long long)json_integer_value(json_object_get(o, "draws_won")));
	putchar('\n');
}

static int subject_error(const struct subject *s, int err)
{
	char shown[256];

	if (s->is_cgroup)
		cli_error("cgroup '%s': %s", cli_printable(s->path, shown, sizeof(shown)),
			  strerror(-err));
	else
		cli_error("task %" PRIu64 ": %s", s->pid,
			  err == -ESRCH ? "there is no such task" : strerror(-err));
	if (err == -EPERM || err == -EACCES)
		return EXIT_STATUS_UNSUPPORTED;
	return err == -ESRCH || err == -ENOENT || err == -ENOTDIR ? EXIT_STATUS_USAGE
								  : EXIT_STATUS_FAILURE;
}

static int subject_do(const struct subject *s, const struct maps *maps, json_t *list)
{
	int fd = subject_open(s), err;
	json_t *o;

	if (fd < 0)
		return subject_error(s, fd);
	err = subject_set(s, maps, fd);
	if (!err) {
		o = subject_to_json(s, maps, fd);
		if (list)
			err = json_array_append_new(list, o) ? -ENOMEM : 0;
		else
			print_subject(s, o);
		if (!list)
			json_decref(o);
	}
	close(fd);
	return err ? subject_error(s, err) : EXIT_STATUS_OK;
}

static int lottery_is_active(void)
{
	struct loader_kernel_state state;
	char shown[256];

	if (loader_kernel_state(&state) || !state.supported || strcmp(state.ops, "lottery") != 0) {
		cli_error("the lottery is not active (%s is); start it with schedlab run lottery",
			  state.supported && state.ops[0]
				  ? cli_printable(state.ops, shown, sizeof(shown))
				  : "the kernel's default");
		return EXIT_STATUS_FAILURE;
	}
	return EXIT_STATUS_OK;
}

static int tickets_all(struct subject *subjects, int count, bool json)
{
	json_t *list = json ? json_array() : NULL;
	struct maps maps;
	int status = EXIT_STATUS_OK, err = maps_open(&maps), i;

	if (err) {
		cli_error("cannot find the lottery's maps: %s",
			  err == -EPERM ? "this needs root (CAP_BPF and CAP_SYS_ADMIN)"
					: strerror(-err));
		json_decref(list);
		return err == -EPERM ? EXIT_STATUS_UNSUPPORTED : EXIT_STATUS_FAILURE;
	}
	for (i = 0; i < count && !status; i++)
		status = subject_do(&subjects[i], &maps, list);
	if (json && !status) {
		json_t *document =
			json_pack("{s:s, s:O}", "schema", "schedlab.tickets/1", "subjects", list);

		if (!document || file_print_json(document))
			status = EXIT_STATUS_FAILURE;
		json_decref(document);
	}
	json_decref(list);
	if (fflush(stdout) && !status)
		status = EXIT_STATUS_FAILURE;
	return status;
}

int cmd_tickets(int argc, char **argv)
{
	static const struct argp argp = {
		option_table,
		parse_option,
		"PID[=TICKETS] | CGROUP[=TICKETS]...",
		"Read and set the tickets of tasks and cgroups under the lottery scheduler, while "
		"it runs.\v"
		"PID is a thread's number; a process's number is that of its first thread. CGROUP "
		"is a "
		"path, absolute or below " CGROUP_ROOT
		". A task at nice 0 holds 100 tickets; 'default' "
		"gives it back what its weight is worth, 0 leaves it to the house queue.",
		NULL,
		NULL,
		NULL};
	struct options options = {0};
	struct subject *subjects;
	int status = EXIT_STATUS_OK, i;

	cli_parse(&argp, argc, argv, 0, &options);
	subjects = calloc((size_t)options.count, sizeof(*subjects));
	if (!subjects) {
		cli_error("out of memory");
		return EXIT_STATUS_FAILURE;
	}
	for (i = 0; i < options.count && !status; i++)
		status = subject_parse(options.words[i], &subjects[i]);
	if (!status)
		status = lottery_is_active();
	if (!status)
		status = tickets_all(subjects, options.count, options.json);
	free(subjects);
	return status;
}
