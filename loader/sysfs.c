// SPDX-License-Identifier: GPL-2.0
/* sched_ext's state as sysfs has it. Read afresh each time; nothing is remembered. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/fileio.h"
#include "lib/sysenv.h"
#include "loader/internal.h"

#define SYSFS "/sys/kernel/sched_ext/"

/* The first line of a sysfs file, "" where it is missing. Returns 0, also where it is missing, or -errno. */
static int read_text(const char *path, char *out, size_t size)
{
	int err = file_read_line(path, out, size);

	if (err)
		out[0] = '\0';
	/* root/ vanishes with its scheduler, in the middle of a read too. */
	return err == -ENOENT || err == -ENODEV ? 0 : err;
}

static int read_number(const char *path, uint64_t *value)
{
	char text[64];
	int err = read_text(path, text, sizeof(text));

	*value = strtoull(text, NULL, 10);
	return err;
}

int loader_hotplug_seq(uint64_t *seq)
{
	return read_number(SYSFS "hotplug_seq", seq);
}

static int read_events(struct loader_kernel_state *state)
{
	char *text, *line, *rest, *number;
	int err = file_read(SYSFS "root/events", 65536, &text, NULL);

	if (err == -ENOENT || err == -ENODEV)
		return 0;
	if (err)
		return err;
	for (line = strtok_r(text, "\n", &rest); line && state->event_count < LOADER_EVENTS_MAX;
	     line = strtok_r(NULL, "\n", &rest)) {
		struct loader_event *e = &state->events[state->event_count];

		number = strchr(line, ' ');
		if (!number)
			continue;
		*number++ = '\0';
		if (cli_parse_u64(number, 0, UINT64_MAX, &e->value))
			continue;
		snprintf(e->name, sizeof(e->name), "%s", line);
		state->event_count++;
	}
	free(text);
	return 0;
}

int loader_kernel_state(struct loader_kernel_state *state)
{
	char text[32] = "";
	int err;

	memset(state, 0, sizeof(*state));
	state->supported = sysenv_has_sched_ext();
	if (!state->supported)
		return 0;
	err = read_text(SYSFS "state", state->state, sizeof(state->state));
	err = err ? err : read_text(SYSFS "root/ops", state->ops, sizeof(state->ops));
	err = err ? err : read_text(SYSFS "switch_all", text, sizeof(text));
	state->switch_all = text[0] == '1';
	err = err ? err : read_number(SYSFS "enable_seq", &state->enable_seq);
	err = err ? err : read_number(SYSFS "nr_rejected", &state->nr_rejected);
	err = err ? err : read_number(SYSFS "hotplug_seq", &state->hotplug_seq);
	return err ? err : read_events(state);
}

json_t *loader_kernel_state_to_json(const struct loader_kernel_state *state)
{
	json_t *events = json_object();
	size_t i;

	for (i = 0; events && i < state->event_count; i++)
		json_object_set_new(events, state->events[i].name,
				    json_integer((json_int_t)state->events[i].value));
	return json_pack("{s:b, s:s, s:s, s:b, s:I, s:I, s:I, s:o}", "supported", state->supported,
			 "state", state->state, "ops", state->ops, "switch_all", state->switch_all,
			 "enable_seq", (json_int_t)state->enable_seq, "nr_rejected",
			 (json_int_t)state->nr_rejected, "hotplug_seq",
			 (json_int_t)state->hotplug_seq, "events", events);
}
