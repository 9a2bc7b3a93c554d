// SPDX-License-Identifier: GPL-2.0
/* Histograms of intervals on a terminal and in JSON; worst waits; queue lengths. Reads the ledger, attaches nothing. */
#include "observe/histview.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/cli.h"
#include "lib/timeutil.h"

/* --- options ---------------------------------------------------------------------------------------------- */

static const char *const by_names[] = {"none", "thread", "process", "comm", "cgroup",
				       "nice", "class",	 "epoch",   "cpu"};
#define BY_EPOCH 7
#define BY_CPU	 8
#define NR_BY	 9

enum {
	OPTION_BY = 0x1100
};

static const struct argp_option options[] = {
	{"by", OPTION_BY, "KEY", 0,
	 "one histogram per thread, process, comm, cgroup, nice, class, epoch (of schedulers) or "
	 "cpu; one of them at a time",
	 10},
	{"per-cpu", 'C', NULL, 0, "the same as --by cpu", 10},
	{},
};

static void set_by(struct histview *h, const char *text, struct argp_state *state)
{
	const char *nearest = cli_nearest(text, by_names, NR_BY);
	char shown[64];
	unsigned int i;

	for (i = 0; i < NR_BY; i++)
		if (!strcmp(text, by_names[i]))
			break;
	if (i == NR_BY) {
		argp_error(state, "there is no --by %s%s%s",
			   cli_printable(text, shown, sizeof(shown)),
			   nearest ? "; did you mean " : "", nearest ? nearest : "");
		return;
	}
	if (h->by && strcmp(h->by, by_names[i]) != 0)
		argp_error(state, "one split at a time: --by %s or --by %s", h->by, by_names[i]);
	h->by = by_names[i];
	h->by_epoch = i == BY_EPOCH;
	h->per_cpu = i == BY_CPU;
	h->view.ledger.split = i < BY_EPOCH ? (enum ledger_split)i : LEDGER_SPLIT_NONE;
}

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct histview *h = state->input;

	switch (key) {
	case OPTION_BY:
		set_by(h, arg, state);
		return 0;
	case 'C':
		set_by(h, "cpu", state);
		return 0;
	}
	return ARGP_ERR_UNKNOWN;
}

const struct argp histview_argp = {.options = options, .parser = parse_option};

/* --- pictures ------------------------------------------------------------------------------------------------ */

static int add_up(const struct hist *hists, uint32_t intervals, struct hist *out)
{
	unsigned int i;
	int err = hist_init(out, HIST_SUB_BITS_LEDGER);

	for (i = 0; !err && i < LEDGER_NR_INTERVALS; i++)
		if ((intervals & (1u << i)) && hists[i].buckets)
			err = hist_merge(out, &hists[i]);
	return err;
}

static void print_quantiles(const struct hist *h)
{
	static const double quantiles[] = {0.5, 0.9, 0.99, 0.999};
	char text[32];
	unsigned int i;

	printf("    %" PRIu64 " samples, mean %s", h->count,
	       time_format((uint64_t)hist_mean(h), text, sizeof(text)));
	for (i = 0; i < sizeof(quantiles) / sizeof(quantiles[0]); i++)
		if (hist_quantile_known(h, quantiles[i]))
			printf(", p%g %s", quantiles[i] * 100,
			       time_format(hist_quantile(h, quantiles[i]), text, sizeof(text)));
	printf(", max %s\n", time_format(h->max, text, sizeof(text)));
}

static int print_picture(const char *title, const char *of, const struct hist *hists,
			 uint32_t intervals)
{
	char shown[256];
	struct hist h;
	int err = add_up(hists, intervals, &h);

	if (err)
		return err;
	printf("\n%s%s%s\n", title, of[0] ? ": " : "", cli_printable(of, shown, sizeof(shown)));
	if (h.count) {
		print_quantiles(&h);
		hist_print_log2(&h, NSEC_PER_USEC, "usecs", stdout);
	} else {
		printf("    no samples\n");
	}
	hist_free(&h);
	return 0;
}

static bool has_samples(const struct hist *hists)
{
	unsigned int i;

	for (i = 0; i < LEDGER_NR_INTERVALS; i++)
		if (hists[i].buckets && hists[i].count)
			return true;
	return false;
}

static int print_each(const struct histview *h, const char *of, const struct hist *hists)
{
	unsigned int i;
	int err = 0;

	for (i = 0; !err && i < h->nr_shown; i++)
		err = print_picture(h->shown[i].title, of, hists, h->shown[i].intervals);
	return err;
}

static int print_epochs(const struct histview *h, const struct ledger_snapshot *s)
{
	unsigned int e;
	int err = 0;

	for (e = 0; !err && e < s->nr_epochs; e++) {
		char of[LEDGER_SCHED_NAME + 32];

		snprintf(of, sizeof(of), "epoch %u, %s", e, s->epochs[e].scheduler);
		err = print_each(h, of, s->hists[e]);
	}
	return err;
}

static int print_cpus(const struct histview *h, const struct ledger_snapshot *s)
{
	unsigned int cpu;
	int err = 0;

	for (cpu = 0; !err && cpu < s->nr_cpus; cpu++) {
		const struct hist *hists = &s->cpu_hists[(size_t)cpu * LEDGER_NR_INTERVALS];
		char of[32];

		if (!has_samples(hists))
			continue;
		snprintf(of, sizeof(of), "CPU %u", cpu);
		err = print_each(h, of, hists);
	}
	return err;
}

static int print_total(const struct histview *h, const struct ledger_snapshot *s)
{
	struct hist totals[LEDGER_NR_INTERVALS] = {};
	unsigned int i;
	int err = 0;

	for (i = 0; !err && i < LEDGER_NR_INTERVALS; i++)
		if (s->intervals & (1u << i))
			err = ledger_snapshot_hist(s, (enum ledger_interval)i, &totals[i]);
	if (!err)
		err = print_each(h, "", totals);
	for (i = 0; i < LEDGER_NR_INTERVALS; i++)
		hist_free(&totals[i]);
	return err;
}

static int print_hists(const struct histview *h, const struct ledger_snapshot *s)
{
	size_t i;
	int err = 0;

	if (h->by_epoch)
		return print_epochs(h, s);
	if (h->per_cpu)
		return print_cpus(h, s);
	if (!h->view.ledger.split)
		return print_total(h, s);
	for (i = 0; !err && i < s->nr_splits; i++)
		if (has_samples(s->splits[i].hists))
			err = print_each(h, s->splits[i].name, s->splits[i].hists);
	return err;
}

/* --- queue lengths --------------------------------------------------------------------------------------------- */

static void qlen_name(const struct ledger_qlen *q, char *out, size_t size)
{
	if (q->dsq & LEDGER_QLEN_RQ)
		snprintf(out, size, "run queue of CPU %u", (unsigned int)q->dsq);
	else if (q->dsq & LEDGER_QLEN_LOCAL)
		snprintf(out, size, "local DSQ of CPU %u", (unsigned int)q->dsq);
	else
		snprintf(out, size, "DSQ 0x%" PRIx64, (uint64_t)q->dsq);
}

static unsigned int qlen_quantile(const struct ledger_qlen *q, double quantile)
{
	uint64_t need = (uint64_t)(quantile * (double)q->count), seen = 0;
	unsigned int i;

	for (i = 0; i < LEDGER_QLEN_SLOTS; i++) {
		seen += q->slots[i];
		if (seen > need)
			break;
	}
	return i;
}

static void print_qlen(const struct ledger_qlen *q)
{
	char name[64];

	qlen_name(q, name, sizeof(name));
	printf("    %-28s %10" PRIu64 " %8.2f %6u %6u %6" PRIu64 "\n", name, (uint64_t)q->count,
	       (double)q->sum / (double)q->count, qlen_quantile(q, 0.5), qlen_quantile(q, 0.99),
	       (uint64_t)q->max);
}

static json_t *qlen_to_json(const struct ledger_qlen *q)
{
	json_t *slots = json_array();
	char name[64];
	unsigned int i;

	for (i = 0; i < LEDGER_QLEN_SLOTS; i++)
		json_array_append_new(slots, json_integer((json_int_t)q->slots[i]));
	qlen_name(q, name, sizeof(name));
	return json_pack("{s:s, s:I, s:I, s:I, s:I, s:o}", "queue", name, "epoch",
			 (json_int_t)q->epoch, "count", (json_int_t)q->count, "sum",
			 (json_int_t)q->sum, "max", (json_int_t)q->max, "lengths", slots);
}

static int show_qlens(struct ledger *ledger, enum ledger_since since, json_t *document)
{
	json_t *array = document ? json_array() : NULL;
	struct ledger_qlen *qlens;
	size_t nr, i;
	int err = ledger_qlens(ledger, since, &qlens, &nr);

	if (err)
		return err;
	if (!document)
		printf("\nqueue length met by an arriving task\n    %-28s %10s %8s %6s %6s %6s\n",
		       "queue", "arrivals", "mean", "p50", "p99", "max");
	for (i = 0; i < nr; i++) {
		if (!qlens[i].count)
			continue;
		if (document)
			json_array_append_new(array, qlen_to_json(&qlens[i]));
		else
			print_qlen(&qlens[i]);
	}
	if (document)
		json_object_set_new(document, "queue_lengths", array);
	free(qlens);
	return 0;
}

#define SLOW_MAX 16384u /* single waits in one JSON report */

/* --- worst waits -------------------------------------------------------------------------------------------------- */

static const char *text_comm(const char comm[LEDGER_COMM_LEN], char *out, size_t size)
{
	char copy[LEDGER_COMM_LEN + 1] = "";

	memcpy(copy, comm, LEDGER_COMM_LEN);
	return cli_printable(copy, out, size);
}

/* The runs of the CPU that overlap the wait, oldest first: who ran meanwhile. The last remembered run is the waiter's own. */
static unsigned int meanwhile(const struct ledger_slow *s, const struct ledger_run **runs)
{
	uint64_t from = s->time_ns - s->wait_ns;
	unsigned int i, nr = 0;

	for (i = 0; i < LEDGER_HISTORY; i++) {
		const struct ledger_run *run = &s->runs[(s->head + i) % LEDGER_HISTORY];
		const struct ledger_run *after =
			i + 1 < LEDGER_HISTORY ? &s->runs[(s->head + i + 1) % LEDGER_HISTORY]
					       : NULL;
		uint64_t end = after ? after->since_ns : s->time_ns;

		if (run->since_ns && end > from && run->since_ns < s->time_ns)
			runs[nr++] = run;
	}
	return nr;
}

static void print_slow(const struct ledger_slow *s)
{
	const struct ledger_run *runs[LEDGER_HISTORY];
	unsigned int nr = meanwhile(s, runs), i;
	char comm[80], wait[32];

	printf("%.6f s  CPU %u  %s waited %s in %s of %" PRIu64 "; ran meanwhile:",
	       (double)s->time_ns / 1e9, (unsigned int)s->cpu,
	       text_comm(s->comm, comm, sizeof(comm)), time_format(s->wait_ns, wait, sizeof(wait)),
	       ledger_interval_name((enum ledger_interval)s->interval), (uint64_t)s->pid);
	for (i = 0; i < nr; i++)
		printf(" %s/%" PRIu64, text_comm(runs[i]->comm, comm, sizeof(comm)),
		       (uint64_t)runs[i]->pid);
	printf("%s\n", nr ? "" : " nobody remembered");
}

static json_t *slow_to_json(const struct ledger_slow *s)
{
	const struct ledger_run *runs[LEDGER_HISTORY];
	unsigned int nr = meanwhile(s, runs), i;
	json_t *array = json_array();
	char comm[80];

	for (i = 0; i < nr; i++)
		json_array_append_new(array, json_pack("{s:I, s:s, s:I}", "pid",
						       (json_int_t)runs[i]->pid, "comm",
						       text_comm(runs[i]->comm, comm, sizeof(comm)),
						       "since_ns", (json_int_t)runs[i]->since_ns));
	return json_pack("{s:I, s:I, s:s, s:I, s:I, s:I, s:s, s:o}", "time_ns",
			 (json_int_t)s->time_ns, "wait_ns", (json_int_t)s->wait_ns, "interval",
			 ledger_interval_name((enum ledger_interval)s->interval), "cpu",
			 (json_int_t)s->cpu, "pid", (json_int_t)s->pid, "tgid", (json_int_t)s->tgid,
			 "comm", text_comm(s->comm, comm, sizeof(comm)), "ran_meanwhile", array);
}

/* Keep the @top longest, longest first; what cannot get in any more need not be reported by the BPF side. */
static void keep_worst(struct histview *h, struct ledger *ledger, const struct ledger_slow *s)
{
	size_t i = h->nr_worst;

	if (h->nr_worst == h->top) {
		if (s->wait_ns <= h->worst[h->top - 1].wait_ns)
			return;
		i--;
	} else {
		h->nr_worst++;
	}
	for (; i > 0 && h->worst[i - 1].wait_ns < s->wait_ns; i--)
		h->worst[i] = h->worst[i - 1];
	h->worst[i] = *s;
	if (h->nr_worst == h->top)
		ledger_set_slow_ns(ledger, h->worst[h->top - 1].wait_ns);
}

struct slow_context {
	struct histview *h;
	struct ledger *ledger;
};
static struct slow_context slow_context;

static int on_slow(void *context, const struct ledger_slow *s)
{
	struct slow_context *c = context;

	if (c->h->top)
		keep_worst(c->h, c->ledger, s);
	else if (c->h->view.json && json_array_size(c->h->slow_json) >= SLOW_MAX)
		c->h->slow_beyond++;
	else if (c->h->view.json)
		json_array_append_new(c->h->slow_json, slow_to_json(s));
	else
		print_slow(s);
	return 0;
}

static void opened(struct view *view, struct ledger *ledger)
{
	slow_context = (struct slow_context){view->context, ledger};
	if (view->ledger.slow)
		ledger_on_slow(ledger, on_slow, &slow_context);
}

static void show_slow(struct histview *h, struct ledger *ledger, json_t *document)
{
	size_t i;

	if (document) {
		for (i = 0; i < h->nr_worst; i++)
			json_array_append_new(h->slow_json, slow_to_json(&h->worst[i]));
		json_object_set_new(document, "slow", h->slow_json);
		json_object_set_new(document, "slow_beyond",
				    json_integer((json_int_t)h->slow_beyond));
		if (h->slow_beyond)
			cli_note("%" PRIu64
				 " single waits beyond the first %u are not in the report",
				 h->slow_beyond, SLOW_MAX);
		h->slow_json = json_array();
		h->slow_beyond = 0;
	} else if (h->nr_worst) {
		printf("\nworst waits\n");
		for (i = 0; i < h->nr_worst; i++)
			print_slow(&h->worst[i]);
	}
	h->nr_worst = 0;
	/* The next interval has worst waits of its own. */
	ledger_set_slow_ns(ledger, h->view.ledger.slow_ns);
}

/* --- accounts --------------------------------------------------------------------------------------- */

static void print_account(const struct ledger_account *a)
{
	char comm[80], text[LEDGER_NR_STATES][32];
	unsigned int i;

	for (i = 0; i < LEDGER_NR_STATES; i++)
		time_format(a->ns[i], text[i], sizeof(text[i]));
	printf("    %8" PRIu64 " %-16s %10s %10s %10s %10s %10s\n", (uint64_t)a->pid,
	       text_comm(a->comm, comm, sizeof(comm)), text[LEDGER_RUNNING], text[LEDGER_BLOCKED],
	       text[LEDGER_ACTIVATION], text[LEDGER_QUEUE], text[LEDGER_PREEMPT]);
}

static void show_accounts(const struct ledger_snapshot *s, json_t *document)
{
	struct ledger_identities sums;
	size_t i;

	ledger_identities(s, &sums);
	if (document) {
		json_object_set_new(document, "identities", ledger_identities_to_json(&sums));
		return;
	}
	printf("\naccounts\n    %8s %-16s %10s %10s %10s %10s %10s\n", "pid", "command", "running",
	       "blocked", "activation", "queue", "preempted");
	for (i = 0; i < s->nr_tasks; i++)
		print_account(&s->tasks[i]);
	printf("    not accounted for: %" PRId64 " ns of %.3f s followed, at most %" PRIu64
	       " ns of one task; switches %" PRIu64 ", by the kernel %" PRIu64 "\n",
	       (int64_t)(sums.wall_ns - sums.accounted_ns), (double)sums.wall_ns / 1e9,
	       sums.worst_task_ns, s->counts[LEDGER_COUNT_SWITCHES], s->counts[LEDGER_COUNT_CTXT]);
}

/* --- the view -------------------------------------------------------------------------------------------------------- */

static int show(struct view *view, struct ledger *ledger, const struct ledger_snapshot *s,
		json_t *document)
{
	struct histview *h = view->context;
	int err = document ? 0 : print_hists(h, s);

	if (!err && h->queue_lengths)
		err = show_qlens(ledger, view->since, document);
	if (!err && view->ledger.accounts)
		show_accounts(s, document);
	if (!err && view->ledger.slow)
		show_slow(h, ledger, document);
	return err;
}

int histview_run(void *context)
{
	struct histview *h = context;
	unsigned int i;
	int status;

	for (i = 0; i < h->nr_shown; i++)
		h->view.ledger.intervals |= h->shown[i].intervals;
	h->view.ledger.queue_lengths = h->queue_lengths;
	h->view.ledger.slow = h->top || h->slower_ns;
	h->view.ledger.slow_ns = h->slower_ns ? h->slower_ns : 1;
	h->view.show = show;
	h->view.opened = opened;
	h->view.context = h;
	if (h->per_cpu)
		h->view.snapshot_flags |= LEDGER_SNAPSHOT_CPUS;
	h->slow_json = json_array();
	h->worst = calloc(h->top ? h->top : 1, sizeof(*h->worst));
	if (!h->worst || !h->slow_json) {
		cli_error("%s: out of memory", h->view.name);
		return EXIT_STATUS_FAILURE;
	}
	status = view_run(&h->view);
	free(h->worst);
	json_decref(h->slow_json);
	return status;
}
