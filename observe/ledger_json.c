// SPDX-License-Identifier: GPL-2.0
/* The ledger's names and its JSON, as observe.h describes it. Takes what a snapshot holds and reads nothing itself. */
#include <string.h>

#include "lib/cli.h"
#include "observe/observe.h"

static const char *const interval_names[LEDGER_NR_INTERVALS] = {
	[LEDGER_RUNNING] = "running",	    [LEDGER_BLOCKED] = "blocked",
	[LEDGER_ACTIVATION] = "activation", [LEDGER_QUEUE] = "queue_wait",
	[LEDGER_PREEMPT] = "preempt_wait",  [LEDGER_WAKEUP] = "wakeup_latency",
	[LEDGER_RUN_DELAY] = "run_delay",   [LEDGER_OFFCPU] = "off_cpu",
};

static const char *const loss_names[LEDGER_NR_LOSSES] = {
	[LEDGER_LOSS_STORAGE] = "storage",
	[LEDGER_LOSS_RECURSION] = "recursion",
	[LEDGER_LOSS_NO_WAKING] = "no_waking",
	[LEDGER_LOSS_UNKNOWN_IN] = "unknown_in",
	[LEDGER_LOSS_CROSSED] = "crossed_epoch",
	[LEDGER_LOSS_EPOCHS] = "epochs",
	[LEDGER_LOSS_ACCOUNTS] = "accounts",
	[LEDGER_LOSS_EVENTS] = "events",
	[LEDGER_LOSS_SLOW] = "slow_waits",
	[LEDGER_LOSS_SPLIT] = "split_keys",
	[LEDGER_LOSS_ROWS] = "rows",
	[LEDGER_LOSS_EDGES] = "edges",
	[LEDGER_LOSS_CHAINS] = "chains",
	[LEDGER_LOSS_STACKS] = "stacks",
	[LEDGER_LOSS_WALK_KERNEL] = "kernel_walk",
	[LEDGER_LOSS_WALK_USER] = "user_walk",
	[LEDGER_LOSS_SAMPLED] = "sampled_out",
	[LEDGER_LOSS_DSQS] = "dispatch_queues",
};

static const char *const count_names[LEDGER_NR_COUNTS] = {
	[LEDGER_COUNT_SWITCHES] = "switches",
	[LEDGER_COUNT_WAKINGS] = "wakings",
	[LEDGER_COUNT_PLACES] = "kernel_stacks_known",
	[LEDGER_COUNT_WALKS] = "kernel_stacks_walked",
	[LEDGER_COUNT_CHECKS] = "kernel_stacks_checked",
	[LEDGER_COUNT_WRONG] = "kernel_stacks_wrong",
	[LEDGER_COUNT_USER_PLACES] = "user_stacks_known",
	[LEDGER_COUNT_USER_WALKS] = "user_stacks_walked",
	[LEDGER_COUNT_USER_CHECKS] = "user_stacks_checked",
	[LEDGER_COUNT_USER_WRONG] = "user_stacks_wrong",
	[LEDGER_COUNT_BEGUN] = "begun_before",
	[LEDGER_COUNT_CTXT] = "kernel_switches",
	[LEDGER_COUNT_CENSORED] = "censored",
};

static const char *const split_names[] = {
	[LEDGER_SPLIT_NONE] = "none",	    [LEDGER_SPLIT_THREAD] = "thread",
	[LEDGER_SPLIT_PROCESS] = "process", [LEDGER_SPLIT_COMM] = "comm",
	[LEDGER_SPLIT_CGROUP] = "cgroup",   [LEDGER_SPLIT_NICE] = "nice",
	[LEDGER_SPLIT_CLASS] = "class",
};

static const char *const shed_names[] = {
	[LEDGER_SHED_NOTHING] = "nothing",
	[LEDGER_SHED_STACKS] = "stacks",
	[LEDGER_SHED_SAMPLES] = "samples",
	[LEDGER_SHED_ALL] = "all",
};

const char *ledger_interval_name(enum ledger_interval interval)
{
	return interval < LEDGER_NR_INTERVALS ? interval_names[interval] : "?";
}

const char *ledger_loss_name(enum ledger_loss loss)
{
	return loss < LEDGER_NR_LOSSES ? loss_names[loss] : "?";
}

const char *ledger_count_name(enum ledger_count count)
{
	return count < LEDGER_NR_COUNTS ? count_names[count] : "?";
}

const char *ledger_split_name(enum ledger_split split)
{
	return split <= LEDGER_SPLIT_CLASS ? split_names[split] : "?";
}

static json_t *clean_string(const char *text)
{
	char shown[1024];

	return json_string(cli_printable(text, shown, sizeof(shown)));
}

static json_t *number(uint64_t value)
{
	return json_integer((json_int_t)value);
}

static json_t *hists_to_json(const struct hist *hists)
{
	json_t *object = json_object();
	unsigned int i;

	for (i = 0; i < LEDGER_NR_INTERVALS; i++)
		if (hists[i].buckets)
			json_object_set_new(object, interval_names[i],
					    hist_to_json(&hists[i], "ns"));
	return object;
}

static json_t *total_to_json(const struct ledger_snapshot *s)
{
	json_t *object = json_object();
	unsigned int i;

	for (i = 0; i < LEDGER_NR_INTERVALS; i++) {
		struct hist all;

		if (ledger_snapshot_hist(s, (enum ledger_interval)i, &all))
			continue;
		json_object_set_new(object, interval_names[i], hist_to_json(&all, "ns"));
		hist_free(&all);
	}
	return object;
}

static json_t *epochs_to_json(const struct ledger_snapshot *s)
{
	json_t *array = json_array();
	unsigned int e;

	for (e = 0; e < s->nr_epochs; e++)
		json_array_append_new(
			array,
			json_pack("{s:o, s:o, s:o, s:o}", "scheduler",
				  clean_string(s->epochs[e].scheduler), "start_ns",
				  number(s->epochs[e].start_ns), "end_ns",
				  s->epochs[e].end_ns ? number(s->epochs[e].end_ns) : json_null(),
				  "intervals", hists_to_json(s->hists[e])));
	return array;
}

static json_t *splits_to_json(const struct ledger_snapshot *s)
{
	json_t *array = json_array();
	size_t i;

	for (i = 0; i < s->nr_splits; i++)
		json_array_append_new(array, json_pack("{s:o, s:o, s:o}", "name",
						       clean_string(s->splits[i].name), "id",
						       number(s->splits[i].id), "intervals",
						       hists_to_json(s->splits[i].hists)));
	return array;
}

static json_t *cpus_to_json(const struct ledger_snapshot *s)
{
	json_t *array = json_array();
	unsigned int cpu;

	for (cpu = 0; cpu < s->nr_cpus; cpu++)
		json_array_append_new(
			array,
			json_pack("{s:i, s:o}", "cpu", (int)cpu, "intervals",
				  hists_to_json(&s->cpu_hists[(size_t)cpu * LEDGER_NR_INTERVALS])));
	return array;
}

static json_t *task_to_json(const struct ledger_account *a)
{
	json_t *ns = json_object(), *count = json_object(), *task;
	char comm[LEDGER_COMM_LEN + 1] = "";
	unsigned int i;

	memcpy(comm, a->comm, LEDGER_COMM_LEN);
	for (i = 0; i < LEDGER_NR_STATES; i++) {
		json_object_set_new(ns, interval_names[i], number(a->ns[i]));
		json_object_set_new(count, interval_names[i], number(a->count[i]));
	}
	task = json_pack("{s:o, s:o, s:o, s:o, s:o, s:b, s:i, s:o, s:o, s:o}", "pid",
			 number(a->pid), "tgid", number(a->tgid), "comm", clean_string(comm),
			 "first_ns", number(a->first_ns), "last_ns", number(a->last_ns), "ended",
			 a->state == LEDGER_STATE_DEAD, "nice", (int)a->nice_plus_20 - 20,
			 "migrations", number(a->migrations), "ns", ns, "count", count);
	return task;
}

static json_t *tasks_to_json(const struct ledger_snapshot *s)
{
	json_t *array = json_array();
	size_t i;

	for (i = 0; i < s->nr_tasks; i++)
		json_array_append_new(array, task_to_json(&s->tasks[i]));
	return array;
}

static json_t *counts_to_json(const struct ledger_snapshot *s)
{
	json_t *object = json_object();
	unsigned int i;

	for (i = 0; i < LEDGER_NR_COUNTS; i++)
		json_object_set_new(object, count_names[i], number(s->counts[i]));
	return object;
}

json_t *ledger_to_json(const struct ledger_snapshot *s)
{
	json_t *json = json_pack("{s:o, s:o, s:o, s:o, s:o}", "start_ns", number(s->start_ns),
				 "time_ns", number(s->time_ns), "epochs", epochs_to_json(s),
				 "intervals", total_to_json(s), "counts", counts_to_json(s));

	if (json && s->nr_splits)
		json_object_set_new(json, "splits", splits_to_json(s));
	if (json && s->cpu_hists)
		json_object_set_new(json, "cpus", cpus_to_json(s));
	if (json && s->tasks)
		json_object_set_new(json, "tasks", tasks_to_json(s));
	return json;
}

json_t *ledger_identities_to_json(const struct ledger_identities *i)
{
	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o}", "wall_ns", number(i->wall_ns),
			 "accounted_ns", number(i->accounted_ns), "worst_task_ns",
			 number(i->worst_task_ns), "run_delay_ns", number(i->run_delay_ns),
			 "censored", number(i->censored), "switches", number(i->switches));
}

json_t *ledger_losses_to_json(const struct ledger_snapshot *s)
{
	json_t *object = json_object();
	unsigned int i;

	for (i = 0; i < LEDGER_NR_LOSSES; i++)
		json_object_set_new(object, loss_names[i], number(s->losses[i]));
	return object;
}

json_t *ledger_cost_to_json(const struct ledger_cost *c)
{
	return json_pack("{s:o, s:o, s:f, s:s, s:i, s:o}", "runs", number(c->runs), "run_ns",
			 number(c->run_ns), "share", c->share, "shed", shed_names[c->shed],
			 "sample_factor", (int)c->sample_factor, "memory_bytes",
			 number(c->memory_bytes));
}
