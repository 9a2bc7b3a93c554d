// SPDX-License-Identifier: GPL-2.0
/* From the ledger's options to the BPF side's switches, map sizes and programs. Does not load anything. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/sysenv.h"
#include "observe/ledger_internal.h"

#define FINE_INTERVALS                                                         \
	(1u << LEDGER_BLOCKED | 1u << LEDGER_ACTIVATION | 1u << LEDGER_QUEUE | \
	 1u << LEDGER_RUN_DELAY)

#define QUEUES_MAX 256 /* dispatch queues and run queues followed, over all epochs */

#define WAIT_INTERVALS (1u << LEDGER_WAKEUP | 1u << LEDGER_PREEMPT)

/* Whether the kernel has @function, to which @program is then attached. libbpf reads the kernel's types once for all. */
static bool attaches_to(struct bpf_program *program, const char *function)
{
	return bpf_program__set_attach_target(program, 0, function) == 0;
}

/* The programs that tell a change of scheduler: only where the kernel has the functions they attach to. */
static void choose_epoch_programs(struct ledger *ledger)
{
	struct ledger_bpf *bpf = ledger->bpf;

	ledger->epoch_programs = ledger->max_epochs > 1 &&
				 attaches_to(bpf->progs.epoch_load, "bpf_scx_reg") &&
				 attaches_to(bpf->progs.epoch_loaded, "bpf_scx_reg") &&
				 (attaches_to(bpf->progs.epoch_disable, "scx_disable_workfn") ||
				  attaches_to(bpf->progs.epoch_disable, "scx_ops_disable_workfn"));
	bpf_program__set_autoload(bpf->progs.epoch_load, ledger->epoch_programs);
	bpf_program__set_autoload(bpf->progs.epoch_loaded, ledger->epoch_programs);
	bpf_program__set_autoload(bpf->progs.epoch_disable, ledger->epoch_programs);
}

/* Either the cheapest form's programs or the general ones. */
static void choose_programs(struct ledger *ledger)
{
	const struct ledger_options *o = &ledger->options;
	struct ledger_bpf *bpf = ledger->bpf;

	bpf_program__set_autoload(bpf->progs.waits_waking, ledger->only_waits);
	bpf_program__set_autoload(bpf->progs.waits_new, ledger->only_waits);
	bpf_program__set_autoload(bpf->progs.waits_switch, ledger->only_waits);
	bpf_program__set_autoload(bpf->progs.on_waking, !ledger->only_waits);
	bpf_program__set_autoload(bpf->progs.on_wakeup_new, !ledger->only_waits);
	bpf_program__set_autoload(bpf->progs.on_switch, !ledger->only_waits);
	bpf_program__set_autoload(bpf->progs.on_wakeup,
				  ledger->full || o->events || o->queue_lengths);
	bpf_program__set_autoload(bpf->progs.on_migrate, o->events);
	bpf_program__set_autoload(bpf->progs.on_fork, o->events);
	bpf_program__set_autoload(bpf->progs.on_exit, o->events);
	bpf_program__set_autoload(bpf->progs.on_rename, o->events);
	bpf_program__set_autoload(bpf->progs.on_sample, o->sample_hz > 0);
	choose_epoch_programs(ledger);
}

/* Last-level cache of each CPU, from sysfs; one and the same where it is not told. */
static void read_caches(struct ledger *ledger)
{
	unsigned int cpu, index;
	char path[128], line[64];

	for (cpu = 0; cpu < ledger->nr_cpus && cpu < LEDGER_MAX_CPUS; cpu++) {
		for (index = 4; index-- > 0;) {
			FILE *file;

			snprintf(path, sizeof(path),
				 "/sys/devices/system/cpu/cpu%u/cache/index%u/shared_cpu_list", cpu,
				 index);
			file = fopen(path, "re");
			if (!file)
				continue;
			if (fgets(line, sizeof(line), file))
				ledger->bpf->rodata->cfg_cache_of[cpu] =
					(unsigned char)strtoul(line, NULL, 10);
			fclose(file);
			break;
		}
	}
}

static void choose_hists(struct ledger *ledger)
{
	unsigned int i;

	for (i = 0; i < LEDGER_NR_INTERVALS; i++)
		if (ledger->options.intervals & (1u << i))
			ledger->slots[i] = ++ledger->nr_hists;
	memcpy(ledger->bpf->rodata->cfg_slot, ledger->slots, sizeof(ledger->slots));
	ledger->bpf->rodata->cfg_nr_hists = ledger->nr_hists;
}

static void set_switches(struct ledger *ledger)
{
	const struct ledger_options *o = &ledger->options;
	struct ledger_bpf__rodata *c = ledger->bpf->rodata;

	c->cfg_full = ledger->full;
	c->cfg_cpu_counts = o->accounts || o->events;
	c->cfg_split = o->split;
	c->cfg_split_max = o->split_max;
	c->cfg_tgid = (unsigned int)o->tgid;
	c->cfg_rows = o->offcpu || o->sample_hz;
	c->cfg_edges = o->wake_edges;
	c->cfg_chains = o->wake_edges && o->chains;
	c->cfg_row_wakers = o->offcpu && o->wake_edges && o->row_wakers;
	c->cfg_waker_kernel = o->wake_edges && o->waker_stacks && o->kernel_stacks;
	c->cfg_waker_user = o->wake_edges && o->waker_stacks && o->user_stacks;
	c->cfg_kernel_stacks = o->kernel_stacks;
	c->cfg_user_stacks = o->user_stacks;
	c->cfg_exact = o->stacks_exact;
	c->cfg_min_ns = o->offcpu_min_ns;
	c->cfg_max_ns = o->offcpu_max_ns ? o->offcpu_max_ns : UINT64_MAX;
	c->cfg_rows_max = o->rows_max;
	c->cfg_events = o->events;
	c->cfg_sample_period_ns = ledger_sample_period_ns(ledger);
	c->cfg_slow = o->slow;
	c->cfg_queue_lengths = o->queue_lengths;
	c->cfg_sched_ext = ledger->max_epochs > 1;
	c->cfg_budget = o->max_overhead > 0;
#ifndef __x86_64__
	c->cfg_know_places = false;
#endif
	ledger->bpf->bss->slow_ns = o->slow_ns;
}

static void set_sizes(struct ledger *ledger)
{
	const struct ledger_options *o = &ledger->options;
	struct ledger_bpf *bpf = ledger->bpf;
	uint32_t hists = ledger->nr_hists ? ledger->nr_hists : 1;
	uint32_t queues = o->rows_max < QUEUES_MAX ? o->rows_max : QUEUES_MAX;

	bpf_map__set_max_entries(bpf->maps.hists, hists * ledger->max_epochs);
	if (o->split) {
		bpf_map__set_max_entries(bpf->maps.split_index, o->split_max);
		bpf_map__set_max_entries(bpf->maps.split_names, o->split_max);
		bpf_map__set_max_entries(bpf->maps.split_hists, o->split_max * hists);
	}
	if (o->offcpu || o->sample_hz) {
		bpf_map__set_max_entries(bpf->maps.rows, o->rows_max);
		bpf_map__set_max_entries(bpf->maps.row_index, o->rows_max);
	}
	if (o->wake_edges) {
		bpf_map__set_max_entries(bpf->maps.edges, o->rows_max);
		bpf_map__set_max_entries(bpf->maps.edge_index, o->rows_max);
	}
	if (o->wake_edges && o->chains) {
		bpf_map__set_max_entries(bpf->maps.chains, o->rows_max);
		bpf_map__set_max_entries(bpf->maps.chain_index, o->rows_max);
	}
	if (o->kernel_stacks || o->user_stacks)
		bpf_map__set_max_entries(bpf->maps.stacks, o->stacks_max);
	else
		bpf_map__set_max_entries(bpf->maps.places, 1);
	if (o->queue_lengths) {
		bpf_map__set_max_entries(bpf->maps.qlens, queues);
		bpf_map__set_max_entries(bpf->maps.qlen_index, queues);
	}
	if (o->events)
		bpf_map__set_max_entries(bpf->maps.events, o->events_bytes);
	if (ledger->only_waits)
		bpf_map__set_value_size(bpf->maps.data_waits,
					LEDGER_OPEN_SLOTS * sizeof(struct ledger_open_slot));
}

/* Whether the cheapest form does: wakeup latencies and preempt waits of all tasks, and nothing else. */
static bool only_waits(const struct ledger *ledger)
{
	const struct ledger_options *o = &ledger->options;

	return o->intervals && !(o->intervals & ~WAIT_INTERVALS) && !ledger->full && !o->split &&
	       !o->tgid && !o->cgroup && !o->offcpu && !o->wake_edges && !o->events &&
	       !o->sample_hz && !o->slow && !o->queue_lengths && o->max_overhead <= 0;
}

void ledger_configure(struct ledger *ledger)
{
	const struct ledger_options *o = &ledger->options;

	ledger->full = o->accounts || (o->intervals & FINE_INTERVALS);
	ledger->only_waits = only_waits(ledger);
	if (ledger->only_waits)
		ledger->options.intervals = WAIT_INTERVALS;
	ledger->max_epochs = sysenv_has_sched_ext() ? LEDGER_MAX_EPOCHS : 1;
	choose_hists(ledger);
	set_switches(ledger);
	set_sizes(ledger);
	read_caches(ledger);
	choose_programs(ledger);
}
