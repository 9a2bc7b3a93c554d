// SPDX-License-Identifier: GPL-2.0
/*
 * The instrument's own cost, and the budget that keeps it in bounds. The kernel's run time statistics see a program
 * from its first to its last instruction; what the tracepoint does to get there is added as DISPATCH_NS a run, an
 * estimate. Shedding goes one step per check: stacks, then samples (one wait of 2, 4, ... 1024), then everything.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "lib/timeutil.h"
#include "observe/ledger_internal.h"

#define CHECK_NS    NSEC_PER_SEC
#define DISPATCH_NS 20
#define MAX_FACTOR  1024

void ledger_program_sums(const struct ledger *ledger, struct ledger_program_sums *sums)
{
	struct bpf_program *program;

	memset(sums, 0, sizeof(*sums));
	bpf_object__for_each_program(program, ledger->bpf->obj)
	{
		struct bpf_prog_info info = {};
		uint32_t size = sizeof(info);
		int fd = bpf_program__fd(program);

		if (fd < 0 || bpf_prog_get_info_by_fd(fd, &info, &size))
			continue;
		sums->runs += info.run_cnt;
		sums->run_ns += info.run_time_ns;
		sums->misses += info.recursion_misses;
	}
}

static void shed_more(struct ledger *ledger)
{
	struct ledger_budget *b = &ledger->budget;
	bool stacks = ledger->options.kernel_stacks || ledger->options.user_stacks;

	if (b->shed == LEDGER_SHED_NOTHING && stacks) {
		b->shed = LEDGER_SHED_STACKS;
		ledger->bpf->bss->shed_stacks = 1;
	} else if (b->factor < MAX_FACTOR &&
		   !ledger->options.events) { /* a timeline is whole or none */
		b->shed = LEDGER_SHED_SAMPLES;
		b->factor *= 2;
		ledger->bpf->bss->sample_mask = b->factor - 1;
	} else {
		b->shed = LEDGER_SHED_ALL;
		ledger_stop(ledger);
	}
}

void ledger_budget_check(struct ledger *ledger)
{
	struct ledger_budget *b = &ledger->budget;
	uint64_t now = time_now_ns(), runs, run_ns;
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);
	struct ledger_program_sums sums;

	if (ledger->options.max_overhead <= 0 || !ledger->attached ||
	    now - b->checked_ns < CHECK_NS)
		return;
	ledger_program_sums(ledger, &sums);
	runs = sums.runs - b->runs;
	run_ns = sums.run_ns - b->run_ns + runs * DISPATCH_NS;
	b->share = (double)run_ns / (double)(now - b->checked_ns) / (double)(cpus > 0 ? cpus : 1);
	b->checked_ns = now;
	b->runs = sums.runs;
	b->run_ns = sums.run_ns;
	if (b->share > ledger->options.max_overhead)
		shed_more(ledger);
}

static uint64_t map_bytes(const struct ledger *ledger, const struct bpf_map *map)
{
	enum bpf_map_type type = bpf_map__type(map);
	uint64_t entries = bpf_map__max_entries(map);
	uint64_t each = bpf_map__key_size(map) + bpf_map__value_size(map);

	if (type == BPF_MAP_TYPE_RINGBUF)
		return entries;
	if (type == BPF_MAP_TYPE_TASK_STORAGE)
		return 0; /* some 300 bytes per living task */
	if (type == BPF_MAP_TYPE_PERCPU_ARRAY)
		each = bpf_map__value_size(map) * (uint64_t)ledger->nr_cpus;
	return entries * each;
}

int ledger_cost(struct ledger *ledger, struct ledger_cost *cost)
{
	struct ledger_program_sums sums;
	struct bpf_map *map;

	memset(cost, 0, sizeof(*cost));
	ledger_program_sums(ledger, &sums);
	cost->runs = sums.runs;
	cost->run_ns = sums.run_ns;
	cost->share = ledger->budget.share;
	cost->shed = ledger->budget.shed;
	cost->sample_factor = ledger->budget.factor;
	bpf_object__for_each_map(map, ledger->bpf->obj) cost->memory_bytes +=
		map_bytes(ledger, map);
	return 0;
}
