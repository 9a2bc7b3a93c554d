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

int ledger_rows(struct ledger *ledger, struct ledger_row **rows, size_t *nr)
{
	return read_table(ledger->bpf->maps.rows, ledger->bpf->bss->rows_used, sizeof(**rows),
			  (void **)rows, nr);
}

int ledger_edges(struct ledger *ledger, struct ledger_edge **edges, size_t *nr)
{
	return read_table(ledger->bpf->maps.edges, ledger->bpf->bss->edges_used, sizeof(**edges),
			  (void **)edges, nr);
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

int ledger_chains(struct ledger *ledger, struct ledger_chain **chains, size_t *nr)
{
	struct ledger_edge *edges;
	size_t nr_edges, i;
	int err = ledger_edges(ledger, &edges, &nr_edges);

	if (err)
		return err;
	err = read_table(ledger->bpf->maps.chains, ledger->bpf->bss->chains_used, sizeof(**chains),
			 (void **)chains, nr);
	for (i = 0; !err && i < *nr; i++)
		name_first(&(*chains)[i], edges, nr_edges);
	free(edges);
	return err;
}

int ledger_qlens(struct ledger *ledger, struct ledger_qlen **qlens, size_t *nr)
{
	return read_table(ledger->bpf->maps.qlens, ledger->bpf->bss->qlens_used, sizeof(**qlens),
			  (void **)qlens, nr);
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
