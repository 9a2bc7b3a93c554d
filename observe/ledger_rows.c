// SPDX-License-Identifier: GPL-2.0
/* Reading the ledger's tables for the views: off-CPU rows, wake edges, chains, queue lengths, stacks, cgroup names. */
#include <errno.h>
#include <fts.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "observe/ledger_internal.h"

/* The first @used entries of an array map into a fresh array. */
static int read_table(const struct bpf_map *map, uint32_t used, size_t entry, void **out,
		      size_t *nr)
{
	uint32_t max = bpf_map__max_entries(map), i;
	char *entries;
	int err = 0;

	*out = NULL;
	*nr = 0;
	if (used > max)
		used = max;
	if (!used)
		return 0;
	entries = calloc(used, entry);
	if (!entries)
		return -ENOMEM;
	for (i = 0; !err && i < used; i++)
		err = bpf_map__lookup_elem(map, &i, sizeof(i), entries + i * entry, entry, 0);
	if (err) {
		free(entries);
		return err;
	}
	*out = entries;
	*nr = used;
	return 0;
}

/* --- differences --------------------------------------------------------------------------------------- */

static void subtract_slots(uint64_t *slots, const uint64_t *before, unsigned int nr)
{
	unsigned int i;

	for (i = 0; i < nr; i++)
		slots[i] -= before[i];
}

/* Slot i counts [2^i, 2^(i+1)) ns, the first one 0 too. */
static void bound(const uint64_t *slots, uint64_t *min_ns, uint64_t *max_ns)
{
	unsigned int first = 0, last = LEDGER_SLOTS - 1;

	while (first < LEDGER_SLOTS && !slots[first])
		first++;
	while (last > 0 && !slots[last])
		last--;
	if (first == LEDGER_SLOTS)
		return;
	if (first && *min_ns < 1ULL << first)
		*min_ns = 1ULL << first;
	if (last < LEDGER_SLOTS - 1 && *max_ns > (2ULL << last) - 1)
		*max_ns = (2ULL << last) - 1;
}

void ledger_row_subtract(struct ledger_row *entry, const struct ledger_row *before)
{
	uint64_t min_ns = entry->min_ns, max_ns = entry->max_ns;

	entry->count -= before->count;
	entry->total_ns -= before->total_ns;
	entry->waiting_ns -= before->waiting_ns;
	subtract_slots((uint64_t *)entry->slots, (const uint64_t *)before->slots, LEDGER_SLOTS);
	bound((const uint64_t *)entry->slots, &min_ns, &max_ns);
	entry->min_ns = min_ns;
	entry->max_ns = max_ns;
}

void ledger_edge_subtract(struct ledger_edge *entry, const struct ledger_edge *before)
{
	uint64_t min_ns = entry->min_ns, max_ns = entry->max_ns;

	entry->count -= before->count;
	entry->same_cpu -= before->same_cpu;
	entry->same_cache -= before->same_cache;
	entry->other_cache -= before->other_cache;
	entry->blocked_ns -= before->blocked_ns;
	entry->total_ns -= before->total_ns;
	subtract_slots((uint64_t *)entry->slots, (const uint64_t *)before->slots, LEDGER_SLOTS);
	bound((const uint64_t *)entry->slots, &min_ns, &max_ns);
	entry->min_ns = min_ns;
	entry->max_ns = max_ns;
}

void ledger_chain_subtract(struct ledger_chain *entry, const struct ledger_chain *before)
{
	entry->count -= before->count;
	entry->first_ns -= before->first_ns;
	entry->between_ns -= before->between_ns;
	entry->second_ns -= before->second_ns;
}

void ledger_qlen_subtract(struct ledger_qlen *entry, const struct ledger_qlen *before)
{
	unsigned int longest = LEDGER_QLEN_SLOTS - 1;

	entry->count -= before->count;
	entry->sum -= before->sum;
	subtract_slots((uint64_t *)entry->slots, (const uint64_t *)before->slots,
		       LEDGER_QLEN_SLOTS);
	while (longest > 0 && !entry->slots[longest])
		longest--;
	if (longest < LEDGER_QLEN_SLOTS - 1) /* the last slot holds all longer ones */
		entry->max = longest;
}

static void subtract(enum ledger_tables table, void *entry, const void *before)
{
	switch (table) {
	case TABLE_ROWS:
		ledger_row_subtract(entry, before);
		break;
	case TABLE_EDGES:
		ledger_edge_subtract(entry, before);
		break;
	case TABLE_CHAINS:
		ledger_chain_subtract(entry, before);
		break;
	case TABLE_QLENS:
		ledger_qlen_subtract(entry, before);
		break;
	default:
		break;
	}
}

/* Entries keep their places: take from each what it was, and remember what it is. */
static int difference(struct ledger_table_before *before, enum ledger_tables table, size_t entry,
		      char *entries, size_t nr)
{
	char *copy = nr ? malloc(nr * entry) : NULL;
	size_t i;

	if (nr && !copy)
		return -ENOMEM;
	if (nr)
		memcpy(copy, entries, nr * entry);
	for (i = 0; i < nr && i < before->nr; i++)
		subtract(table, entries + i * entry, (char *)before->entries + i * entry);
	free(before->entries);
	before->entries = copy;
	before->nr = nr;
	return 0;
}

static int read_part(struct ledger *ledger, enum ledger_tables table, enum ledger_since since,
		     void **out, size_t *nr)
{
	struct ledger_bpf *bpf = ledger->bpf;
	const struct {
		const struct bpf_map *map;
		uint32_t used;
		size_t entry;
	} tables[NR_TABLES] = {
		[TABLE_ROWS] = {bpf->maps.rows, bpf->bss->rows_used, sizeof(struct ledger_row)},
		[TABLE_EDGES] = {bpf->maps.edges, bpf->bss->edges_used, sizeof(struct ledger_edge)},
		[TABLE_CHAINS] = {bpf->maps.chains, bpf->bss->chains_used,
				  sizeof(struct ledger_chain)},
		[TABLE_QLENS] = {bpf->maps.qlens, bpf->bss->qlens_used, sizeof(struct ledger_qlen)},
	};
	size_t entry = tables[table].entry;
	int err = read_table(tables[table].map, tables[table].used, entry, out, nr);

	if (err || since == LEDGER_SINCE_START)
		return err;
	err = difference(&ledger->before[table], table, entry, *out, *nr);
	if (err) {
		free(*out);
		*out = NULL;
		*nr = 0;
	}
	return err;
}

/* --- tables ------------------------------------------------------------------------------------------------ */

int ledger_rows(struct ledger *ledger, enum ledger_since since, struct ledger_row **rows,
		size_t *nr)
{
	return read_part(ledger, TABLE_ROWS, since, (void **)rows, nr);
}

int ledger_edges(struct ledger *ledger, enum ledger_since since, struct ledger_edge **edges,
		 size_t *nr)
{
	return read_part(ledger, TABLE_EDGES, since, (void **)edges, nr);
}

/* A chain's first name is in the edges: the BPF side knows only A's pid when C is woken. */
static void name_first(struct ledger_chain *chain, const struct ledger_edge *edges, size_t nr)
{
	size_t i;

	for (i = 0; i < nr; i++)
		if (edges[i].waker_pid == chain->a_pid && edges[i].context == chain->a_context &&
		    edges[i].pid == chain->b_pid) {
			memcpy(chain->a_comm, edges[i].waker_comm, LEDGER_COMM_LEN);
			return;
		}
}

int ledger_chains(struct ledger *ledger, enum ledger_since since, struct ledger_chain **chains,
		  size_t *nr)
{
	struct ledger_edge *edges;
	size_t nr_edges, i;
	int err = ledger_edges(ledger, LEDGER_SINCE_START, &edges, &nr_edges);

	if (err)
		return err;
	err = read_part(ledger, TABLE_CHAINS, since, (void **)chains, nr);
	for (i = 0; !err && i < *nr; i++)
		name_first(&(*chains)[i], edges, nr_edges);
	free(edges);
	return err;
}

int ledger_qlens(struct ledger *ledger, enum ledger_since since, struct ledger_qlen **qlens,
		 size_t *nr)
{
	return read_part(ledger, TABLE_QLENS, since, (void **)qlens, nr);
}

int ledger_stack(struct ledger *ledger, uint64_t id, struct ledger_stack *stack)
{
	if (!id)
		return -ENOENT;
	return bpf_map__lookup_elem(ledger->bpf->maps.stacks, &id, sizeof(id), stack,
				    sizeof(*stack), 0);
}

/* --- cgroups ---------------------------------------------------------------------------------------------- */

void ledger_cgroup_name(uint64_t id, char *out, size_t size)
{
	char root[] = "/sys/fs/cgroup", *const paths[] = {root, NULL};
	FTS *walk = fts_open(paths, FTS_PHYSICAL | FTS_NOCHDIR | FTS_XDEV, NULL);
	FTSENT *entry;

	snprintf(out, size, "cgroup %llu", (unsigned long long)id);
	while (walk && (entry = fts_read(walk))) {
		if (entry->fts_info != FTS_D || entry->fts_statp->st_ino != id)
			continue;
		snprintf(out, size, "%s",
			 entry->fts_pathlen > strlen(root) ? entry->fts_path + strlen(root) : "/");
		break;
	}
	if (walk)
		fts_close(walk);
}
