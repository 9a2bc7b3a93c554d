// SPDX-License-Identifier: GPL-2.0
/* Load, attach, notice the end, detach: an object's life in the kernel. What it decides is in sysfs and the exit record. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "loader/internal.h"
#include "loader/kmsg.h"

#define VERIFIER_LOG_BYTES (8 << 20)
#define DETACH_WAIT_MS	   30000

int loader_set_timeout_ms(struct loader *l, uint32_t timeout_ms, struct loader_error *error)
{
	uint32_t *member = object_ops_member(l, "timeout_ms", sizeof(*member));

	if (!timeout_ms || timeout_ms > LOADER_TIMEOUT_MAX_MS)
		return loader_fail(error, -EINVAL, EXIT_STATUS_USAGE,
				   "the kernel's timeout must be from 1 ms to %d ms",
				   LOADER_TIMEOUT_MAX_MS);
	if (!member)
		return loader_fail(error, -EINVAL, EXIT_STATUS_USAGE,
				   "%s: its sched_ext_ops has no timeout_ms", l->label);
	*member = timeout_ms;
	return 0;
}

int loader_set_partial(struct loader *l, struct loader_error *error)
{
	if (!object_ops_member(l, "flags", sizeof(uint64_t)))
		return loader_fail(error, -EINVAL, EXIT_STATUS_USAGE,
				   "%s: its sched_ext_ops has no flags", l->label);
	l->partial = true;
	return 0;
}

static int set_flags(struct loader *l, struct loader_error *error)
{
	uint64_t partial, *flags = object_ops_member(l, "flags", sizeof(*flags));

	if (!l->partial)
		return 0;
	if (kernel_enum_value(l->vmlinux, "SCX_OPS_SWITCH_PARTIAL", &partial))
		return loader_fail(error, -ENOTSUP, EXIT_STATUS_UNSUPPORTED,
				   "this kernel has no SCX_OPS_SWITCH_PARTIAL");
	*flags |= partial;
	return 0;
}

static int use_log(struct loader *l)
{
	struct bpf_program *prog;

	l->log = l->log ? l->log : calloc(1, VERIFIER_LOG_BYTES);
	if (!l->log)
		return -ENOMEM;
	/* libbpf asks for a log only after a program was rejected, so one buffer serves all. */
	bpf_object__for_each_program(prog, l->object)
		bpf_program__set_log_buf(prog, l->log, VERIFIER_LOG_BYTES);
	return 0;
}

static int load_failed(struct loader *l, int err, struct loader_error *error)
{
	const char *said = bpflog_last();
	char summary[700];

	if (err == -EPERM && !l->log[0])
		return loader_fail(
			error, err, EXIT_STATUS_UNSUPPORTED,
			"%s: the kernel denies loading BPF programs (no privilege, or locked down)",
			l->label);
	if (err == -ENOMEM)
		return loader_fail(error, err, EXIT_STATUS_FAILURE,
				   "%s: out of memory while loading", l->label);
	if (strstr(said, "not found in kernel") || strstr(said, "kernel BTF") ||
	    strstr(said, "doesn't support"))
		return loader_fail(error, err, EXIT_STATUS_UNSUPPORTED,
				   "%s: this kernel lacks what it needs: %s", l->label, said);
	if (l->log[0]) {
		verifier_summary(l->log, summary, sizeof(summary));
		return loader_fail(error, err, EXIT_STATUS_REJECTED,
				   "%s: rejected by the verifier: %s", l->label, summary);
	}
	return loader_fail(error, err, EXIT_STATUS_REJECTED, "%s: cannot be loaded: %s", l->label,
			   said[0] ? said : strerror(-err));
}

int loader_load(struct loader *l, struct loader_error *error)
{
	int err = kernel_check(l, error);

	if (err)
		return err;
	bpflog_start();
	err = kernel_fill(l, error);
	err = err ? err : set_flags(l, error);
	if (err)
		return err;
	if (use_log(l))
		return loader_fail(error, -ENOMEM, EXIT_STATUS_FAILURE, "out of memory");
	err = bpf_object__load(l->object);
	if (err)
		return load_failed(l, err, error);
	l->loaded = true;
	return 0;
}

const char *loader_verifier_log(const struct loader *l)
{
	return l->log ? l->log : "";
}

/* Programs that stand beside the ops table: tracepoints and their like. */
static int attach_others(struct loader *l, struct loader_error *error)
{
	struct bpf_program *prog;
	struct bpf_link **grown;

	bpf_object__for_each_program(prog, l->object)
	{
		if (bpf_program__type(prog) == BPF_PROG_TYPE_STRUCT_OPS ||
		    bpf_program__type(prog) == BPF_PROG_TYPE_SYSCALL ||
		    !bpf_program__autoattach(prog))
			continue;
		grown = realloc(l->other_links, (l->other_count + 1) * sizeof(struct bpf_link *));
		if (!grown)
			return loader_fail(error, -ENOMEM, EXIT_STATUS_FAILURE, "out of memory");
		l->other_links = grown;
		grown[l->other_count] = bpf_program__attach(prog);
		if (!grown[l->other_count])
			return loader_fail(error, -errno, EXIT_STATUS_UNSUPPORTED,
					   "%s: its program %s cannot be attached: %s", l->label,
					   bpf_program__name(prog), strerror(errno));
		l->other_count++;
	}
	return 0;
}

static int busy(struct loader *l, const char *active, struct loader_error *error)
{
	return loader_fail(error, -EBUSY, EXIT_STATUS_BUSY,
			   "%s cannot start: the scheduler '%s' is loaded; end that one first",
			   l->label, active[0] ? active : "(starting or ending)");
}

static int attach_failed(struct loader *l, int err, struct loader_error *error)
{
	struct loader_kernel_state state;

	if (err == -EBUSY) {
		loader_kernel_state(&state);
		return busy(l, state.ops, error);
	}
	if (err == -EPERM)
		return loader_fail(error, err, EXIT_STATUS_UNSUPPORTED,
				   "%s: the kernel denies attaching it", l->label);
	return loader_fail(error, err, EXIT_STATUS_UNSUPPORTED,
			   "%s: the kernel refuses to attach it: %s", l->label,
			   err == -EINVAL
				   ? "options or flags that this kernel does not accept, see dmesg"
				   : strerror(-err));
}

/* The link is there, but the scheduler may have ended while it started: only the record and sysfs know. */
static int check_started(struct loader *l, struct loader_error *error)
{
	struct loader_kernel_state state;
	struct loader_exit exit;
	int err = loader_kernel_state(&state);

	if (err)
		return loader_fail(error, err, EXIT_STATUS_FAILURE,
				   "cannot read sched_ext's state: %s", strerror(-err));
	l->enable_seq = state.enable_seq;
	if (!exit_kind_now(l) && !strcmp(state.ops, l->ops_name))
		return 0;
	l->ended = true;
	l->during_attach = true;
	exit_ask_log(l);
	loader_exit(l, &exit);
	return loader_fail(error, -ECANCELED, loader_exit_status(&exit),
			   "%s ended while it started: %s%s%s", l->label,
			   exit.reason[0] ? exit.reason : "no exit record",
			   exit.message[0] ? ": " : "", exit.message);
}

int loader_attach(struct loader *l, struct loader_error *error)
{
	struct loader_kernel_state state;
	pid_t hurried;
	int err = loader_kernel_state(&state);

	if (err)
		return loader_fail(error, err, EXIT_STATUS_FAILURE,
				   "cannot read sched_ext's state: %s", strerror(-err));
	if (strcmp(state.state, "disabled") != 0)
		return busy(l, state.ops, error);
	if (l->notice_fd < 0) {
		l->notice_fd = notice_open();
		if (l->notice_fd < 0)
			return loader_fail(error, l->notice_fd, EXIT_STATUS_FAILURE,
					   "cannot listen for kernel events: %s",
					   strerror(-l->notice_fd));
	}
	err = attach_others(l, error);
	if (err)
		return err;
	if (l->log_fd < 0)
		l->log_fd = kmsg_open();
	/* Nobody can fork while the kernel waits for grace periods on its way in, as on its way out. */
	hurried = rcu_hurry();
	l->link = bpf_map__attach_struct_ops(l->ops);
	err = l->link ? 0 : errno ? -errno : -EINVAL;
	rcu_calm(hurried);
	if (err)
		return attach_failed(l, err, error);
	l->attached = true;
	return check_started(l, error);
}

int loader_fd(const struct loader *l)
{
	return l->notice_fd;
}

int loader_poll(struct loader *l)
{
	struct loader_kernel_state state;

	if (l->notice_fd >= 0)
		notice_drain(l->notice_fd);
	if (!l->attached || l->ended)
		return 0;
	if (exit_kind_now(l)) {
		l->ended = true;
	} else if (!loader_kernel_state(&state)) {
		l->ended = strcmp(state.ops, l->ops_name) != 0 || state.enable_seq != l->enable_seq;
		if (!l->hurried && !strcmp(state.state, "disabling"))
			l->hurried = rcu_hurry();
	}
	return !l->ended;
}

/* The link's release waits for the kernel's own clean-up; this is for kernels where it does not. */
static void wait_disabled(const struct loader *l)
{
	const struct timespec pause = {.tv_nsec = 1000000};
	struct loader_kernel_state state;
	int i;

	for (i = 0; i < DETACH_WAIT_MS; i++) {
		if (loader_kernel_state(&state) || strcmp(state.ops, l->ops_name) != 0 ||
		    (l->enable_seq && state.enable_seq != l->enable_seq))
			return;
		nanosleep(&pause, NULL);
	}
}

void loader_detach(struct loader *l)
{
	size_t i;

	if (l->link) {
		if (!l->hurried && !l->ended)
			l->hurried = rcu_hurry();
		bpf_link__destroy(l->link);
		l->link = NULL;
		wait_disabled(l);
		rcu_calm(l->hurried);
		l->hurried = 0;
	}
	for (i = 0; i < l->other_count; i++)
		bpf_link__destroy(l->other_links[i]);
	free(l->other_links);
	l->other_links = NULL;
	l->other_count = 0;
	if (l->attached) {
		l->ended = true;
		exit_ask_log(l);
	}
}

json_t *loader_to_json(const struct loader *l)
{
	return json_pack("{s:s, s:s, s:o, s:s}", "name", l->ops_name, "kind", "sched_ext",
			 "tunables", loader_options_to_json(l), "object_sha256", l->sha256);
}
