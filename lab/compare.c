// SPDX-License-Identifier: GPL-2.0
/*
 * Comparison of two sets of runs: which runs may be compared, which belong together, and what the statistics say in
 * one word. Prints nothing; compare_print.c does.
 */
#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "lab/lab.h"
#include "lib/cli.h"

#define SIGNIFICANT	   0.05
/* The bootstrap's budget per metric and side: replicates times runs. More runs need fewer replicates each. */
#define BOOTSTRAP_BUDGET   300000
#define PERMUTATION_BUDGET 20000000.0

/* The shift function: deciles, then the tail. The verdict is about the marked ones; more would only cost power. */
static const struct statistic_kind {
	const char *name;
	double quantile;
	bool in_family;
} kinds[] = {
	{"mean", STATS_MEAN, true}, {"p10", 0.10, false}, {"p20", 0.20, false},
	{"p30", 0.30, false},	    {"p40", 0.40, false}, {"p50", 0.50, true},
	{"p60", 0.60, false},	    {"p70", 0.70, false}, {"p80", 0.80, false},
	{"p90", 0.90, true},	    {"p95", 0.95, false}, {"p99", 0.99, true},
	{"p99.9", 0.999, true},
};
#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

const char *verdict_name(enum verdict verdict)
{
	switch (verdict) {
	case VERDICT_NONE:
		return "no interval";
	case VERDICT_BETTER:
		return "better";
	case VERDICT_WORSE:
		return "worse";
	case VERDICT_SAME:
		return "no difference";
	case VERDICT_INCONCLUSIVE:
		return "inconclusive";
	case VERDICT_TOO_FEW_SAMPLES:
		return "too few samples";
	}
	return "?";
}

__attribute__((format(printf, 3, 4))) static int refuse(char *error, size_t size,
							const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(error, size, format, args);
	va_end(args);
	return -EINVAL;
}

/* --- which runs ---------------------------------------------------------------------------------- */

static int by_seed(const void *left, const void *right)
{
	const struct lab_run *a = *(const struct lab_run *const *)left,
			     *b = *(const struct lab_run *const *)right;

	if (a->seed != b->seed)
		return a->seed < b->seed ? -1 : 1;
	if (a->repetition != b->repetition)
		return a->repetition < b->repetition ? -1 : 1;
	return strcmp(a->path, b->path);
}

/* The valid runs of @set under @workload that measured, sorted by seed and repetition. */
static const struct lab_run **select_runs(const struct run_set *set, const char *workload,
					  size_t *count, size_t *invalid)
{
	const struct lab_run **list = calloc(set->count + 1, sizeof(*list));

	*count = *invalid = 0;
	for (size_t i = 0; list && i < set->count; i++) {
		if (set->runs[i].graphs || strcmp(set->runs[i].workload, workload) != 0)
			continue;
		if (set->runs[i].valid)
			list[(*count)++] = &set->runs[i];
		else
			++*invalid;
	}
	if (list && *count)
		qsort(list, *count, sizeof(*list), by_seed);
	return list;
}

/* Keep the runs whose seed and repetition order both sides have, in the same order. Returns the number of pairs. */
static size_t pair_runs(const struct lab_run **a, size_t na, const struct lab_run **b, size_t nb)
{
	size_t i = 0, k = 0, pairs = 0;

	while (i < na && k < nb) {
		if (a[i]->seed < b[k]->seed) {
			i++;
		} else if (a[i]->seed > b[k]->seed) {
			k++;
		} else {
			a[pairs] = a[i++];
			b[pairs++] = b[k++];
		}
	}
	return pairs;
}

static bool has_seed_in_common(const struct lab_run **a, size_t na, const struct lab_run **b,
			       size_t nb)
{
	for (size_t i = 0; i < na; i++) {
		for (size_t k = 0; k < nb; k++) {
			if (a[i]->seed == b[k]->seed)
				return true;
		}
	}
	return false;
}

static int check_traces(const struct comparison *c, char *error, size_t size)
{
	char first[160], second[160];

	for (size_t i = 0; i < c->runs_a && i < c->runs_b; i++) {
		if (strcmp(c->a[i]->trace_hash, c->b[i]->trace_hash) == 0)
			continue;
		return refuse(error, size,
			      "workload traces differ: %s and %s have seed %llu but not the same "
			      "load "
			      "(--allow-trace compares them all the same)",
			      cli_printable(c->a[i]->path, first, sizeof(first)),
			      cli_printable(c->b[i]->path, second, sizeof(second)),
			      (unsigned long long)c->a[i]->seed);
	}
	return 0;
}

/* Choose the runs of one workload and pair them. */
static int choose_runs(struct comparison *c, const struct run_set *a, const struct run_set *b,
		       const struct compare_options *options, char *error, size_t size)
{
	char shown[96];
	size_t before;
	int err;

	c->a = select_runs(a, c->workload, &c->runs_a, &c->invalid_a);
	c->b = select_runs(b, c->workload, &c->runs_b, &c->invalid_b);
	if (!c->a || !c->b)
		return -ENOMEM;
	cli_printable(c->workload, shown, sizeof(shown));
	if (!c->runs_a || !c->runs_b) {
		const struct run_set *bad = c->runs_a ? b : a;
		const char *why = NULL;
		char reason[160];

		for (size_t i = 0; i < bad->count; i++) {
			if (!bad->runs[i].graphs &&
			    strcmp(bad->runs[i].workload, c->workload) == 0 && !bad->runs[i].valid)
				why = bad->runs[i].invalid_reason;
		}
		return refuse(error, size, "workload %s: no run of %s can be compared: %s%s", shown,
			      c->runs_a ? "B" : "A",
			      why ? "marked not valid: " : "they recorded graphs, which takes time",
			      why ? cli_printable(why, reason, sizeof(reason)) : "");
	}
	before = c->runs_a + c->runs_b;
	c->paired = has_seed_in_common(c->a, c->runs_a, c->b, c->runs_b);
	if (c->paired) {
		c->runs_a = c->runs_b = pair_runs(c->a, c->runs_a, c->b, c->runs_b);
		c->alone = before - c->runs_a - c->runs_b;
	}
	if (options->allow_trace)
		return 0;
	if (!c->paired)
		return refuse(error, size,
			      "workload %s: A and B have no seed in common, so their traces "
			      "differ: run both with the "
			      "same seeds, or give --allow-trace",
			      shown);
	err = check_traces(c, error, size);
	return err;
}

/* --- one metric ------------------------------------------------------------------------------------- */

/* The metric of every run, or false where a run lacks it. */
static bool gather(const struct lab_run **runs, size_t count, const char *name,
		   const struct run_metric **out)
{
	for (size_t i = 0; i < count; i++) {
		out[i] = run_metric_find(runs[i], name);
		if (!out[i])
			return false;
	}
	return true;
}

static struct comparison_row *new_row(struct comparison *c, const char *metric, const char *stat)
{
	struct comparison_row *grown = realloc(c->rows, (c->row_count + 1) * sizeof(*grown));

	if (!grown)
		return NULL;
	c->rows = grown;
	grown += c->row_count++;
	memset(grown, 0, sizeof(*grown));
	snprintf(grown->metric, sizeof(grown->metric), "%s", metric);
	snprintf(grown->stat, sizeof(grown->stat), "%s", stat);
	grown->p = grown->p_adjusted = NAN;
	grown->noise_ratio = (struct stats_interval){NAN, NAN};
	return grown;
}

/* Run-level values of the family's endpoints: one column per row that takes part in the permutation test. */
struct family {
	double *a, *b; /* [run * room + column] while gathering */
	size_t columns, room;
	size_t *row; /* comparison row of each column */
};

static void family_add(struct family *f, const struct stats_pool *a, const struct stats_pool *b,
		       size_t row, double q)
{
	for (size_t i = 0; i < a->run_count; i++)
		f->a[i * f->room + f->columns] = stats_pool_quantile(a, i, q);
	for (size_t i = 0; i < b->run_count; i++)
		f->b[i * f->room + f->columns] = stats_pool_quantile(b, i, q);
	f->row[f->columns++] = row;
}

/*
 * Whether the quantile may be judged: every run has samples, and beyond the quantile lie enough of them, in all
 * HIST_MIN_TAIL and one a run.
 */
static bool quantile_known(const struct stats_pool *p, double q)
{
	double samples = 0, beyond;

	for (size_t i = 0; i < p->run_count; i++) {
		if (p->total[i] <= 0)
			return false;
		samples += p->total[i];
	}
	if (q < 0)
		return true;
	beyond = samples * (q >= 0.5 ? 1 - q : q) + 1e-6;
	return beyond >= HIST_MIN_TAIL && beyond >= (double)p->run_count;
}

static int pool_of(struct stats_pool *pool, const struct run_metric **metrics, size_t count)
{
	const struct sparse_hist **hists = calloc(count + 1, sizeof(*hists));
	int err;

	memset(pool, 0, sizeof(*pool));
	if (!hists)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++)
		hists[i] = &metrics[i]->hist;
	err = stats_pool_init(pool, hists, count);
	free(hists);
	return err;
}

static struct stats_options stats_options(const struct comparison *c,
					  const struct compare_options *options)
{
	size_t runs = c->runs_a > c->runs_b ? c->runs_a : c->runs_b;
	size_t afford = BOOTSTRAP_BUDGET / (runs + 1);

	return (struct stats_options){
		.seed = options->seed,
		.paired = c->paired,
		.resamples = options->resamples ? options->resamples
			     : afford > 2000	? 2000
			     : afford < 500	? 500
						: (unsigned int)afford,
	};
}

static int compare_hists(struct comparison *c, const char *name, const struct stats_pool *a,
			 const struct stats_pool *b, const struct compare_options *options,
			 struct family *family)
{
	struct stats_options stats = stats_options(c, options);
	struct stats_effect effects[KINDS];
	double q[KINDS];
	int err;

	for (size_t k = 0; k < KINDS; k++)
		q[k] = kinds[k].quantile;
	err = stats_compare(a, b, q, KINDS, &stats, effects);
	for (size_t k = 0; k < KINDS && !err; k++) {
		bool known = quantile_known(a, q[k]) && quantile_known(b, q[k]);
		struct comparison_row *row = new_row(c, name, kinds[k].name);

		if (!row)
			return -ENOMEM;
		row->quantile = q[k];
		row->effect = effects[k];
		row->in_family = kinds[k].in_family && known;
		row->verdict = known ? VERDICT_NONE : VERDICT_TOO_FEW_SAMPLES;
		if (!row->in_family)
			continue;
		/* Unpaired, A resampled twice shows the noise; a pair's noise needs a second run of A: options->noise. */
		if (c->runs_a > 1 && !c->paired)
			err = stats_noise_floor(a, q[k], &stats, &row->noise_ratio);
		family_add(family, a, b, c->row_count - 1, q[k]);
	}
	return err;
}

static int compare_scalars(struct comparison *c, const char *name, const struct run_metric **a,
			   const struct run_metric **b, const struct compare_options *options,
			   struct family *family)
{
	struct stats_options stats = stats_options(c, options);
	double *values = calloc(c->runs_a + c->runs_b, sizeof(double));
	struct comparison_row *row = new_row(c, name, "value");
	int err;

	if (!values || !row) {
		free(values);
		return -ENOMEM;
	}
	row->quantile = NAN;
	row->more_is_better = a[0]->more_is_better;
	row->in_family = true;
	for (size_t i = 0; i < c->runs_a; i++)
		values[i] = family->a[i * family->room + family->columns] = a[i]->value;
	for (size_t i = 0; i < c->runs_b; i++)
		values[c->runs_a + i] = family->b[i * family->room + family->columns] = b[i]->value;
	family->row[family->columns++] = c->row_count - 1;
	err = stats_compare_scalars(values, c->runs_a, values + c->runs_a, c->runs_b, &stats,
				    &row->effect);
	free(values);
	return err;
}

/* Whether the part of @name behind its last dot is @word. */
static bool is_last_word(const char *name, const char *word)
{
	const char *dot = strrchr(name, '.');

	return strcmp(dot ? dot + 1 : name, word) == 0;
}

static bool wanted(const char *name, const struct compare_options *options)
{
	if (options->metric)
		return strcmp(name, options->metric) == 0;
	if (options->all)
		return true;
	/* The dispatcher's lateness and the burn's error judge the run; wait is wakeup without the dispatcher's part. */
	return strncmp(name, "ledger.", 7) != 0 && !is_last_word(name, "lateness") &&
	       !is_last_word(name, "service_error") && !is_last_word(name, "wait");
}

/* A workload of one class has each of its histograms twice: over all classes, and as that class's. */
static bool is_copy_of_total(const struct lab_run *run, const struct run_metric *metric)
{
	const char *dot = strrchr(metric->name, '.');
	const struct run_metric *total = dot ? run_metric_find(run, dot + 1) : NULL;

	return total && !total->is_scalar && !metric->is_scalar &&
	       total->hist.count == metric->hist.count && total->hist.sum == metric->hist.sum;
}

static int compare_metric(struct comparison *c, const struct run_metric *metric,
			  const struct compare_options *options, struct family *family)
{
	const struct run_metric **a = calloc(c->runs_a + 1, sizeof(*a)),
				**b = calloc(c->runs_b + 1, sizeof(*b));
	struct stats_pool pool_a = {0}, pool_b = {0};
	int err = -ENOMEM;

	if (!a || !b)
		goto cleanup;
	err = 0;
	if (!gather(c->a, c->runs_a, metric->name, a) || !gather(c->b, c->runs_b, metric->name, b))
		goto cleanup;
	if (metric->is_scalar) {
		err = compare_scalars(c, metric->name, a, b, options, family);
		goto cleanup;
	}
	err = pool_of(&pool_a, a, c->runs_a);
	if (!err)
		err = pool_of(&pool_b, b, c->runs_b);
	if (!err)
		err = compare_hists(c, metric->name, &pool_a, &pool_b, options, family);
	else if (err == -EINVAL)
		err = 0; /* no sample on a side: nothing to compare */
cleanup:
	stats_pool_free(&pool_a);
	stats_pool_free(&pool_b);
	free(a);
	free(b);
	return err;
}

/* --- verdicts ----------------------------------------------------------------------------------------- */

/* The sign of what B is beyond A by interval and test, 0 where it is not. */
static int direction(const struct stats_interval *ci, double nothing, double p)
{
	if (p > SIGNIFICANT)
		return 0;
	return ci->low > nothing ? 1 : ci->high < nothing ? -1 : 0;
}

static enum verdict judge(const struct comparison_row *row, double margin_pct)
{
	const struct stats_interval *ci = &row->effect.ratio_ci;
	double margin = margin_pct / 100;
	int more;

	if (row->verdict == VERDICT_TOO_FEW_SAMPLES || !row->effect.has_interval)
		return row->verdict;
	if (isfinite(ci->low)) {
		if (ci->low >= 1 - margin && ci->high <= 1 + margin)
			return VERDICT_SAME;
		more = direction(ci, 1, row->p_adjusted);
	} else { /* a run has 0, so that there is no ratio: the difference decides */
		if (row->effect.a == 0 && row->effect.b == 0)
			return VERDICT_SAME;
		more = direction(&row->effect.difference_ci, 0, row->p_adjusted);
	}
	if (!more)
		return VERDICT_INCONCLUSIVE;
	return (more > 0) == row->more_is_better ? VERDICT_BETTER : VERDICT_WORSE;
}

/* Close up the columns that the family did not use, then test all endpoints together. */
static int test_family(struct comparison *c, const struct compare_options *options,
		       struct family *f)
{
	struct stats_options stats = stats_options(c, options);
	double *p = calloc(2 * f->columns + 1, sizeof(double)), work;
	int err;

	if (!p)
		return -ENOMEM;
	for (size_t i = 0; i < c->runs_a; i++)
		memmove(f->a + i * f->columns, f->a + i * f->room, f->columns * sizeof(double));
	for (size_t i = 0; i < c->runs_b; i++)
		memmove(f->b + i * f->columns, f->b + i * f->room, f->columns * sizeof(double));
	work = PERMUTATION_BUDGET / (double)((c->runs_a + c->runs_b) * f->columns);
	stats.permutations = work > 10000 ? 10000 : work < 1000 ? 1000 : (unsigned int)work;
	err = stats_permutation(f->a, c->runs_a, f->b, c->runs_b, f->columns, &stats, p,
				p + f->columns);
	for (size_t i = 0; i < f->columns && !err; i++) {
		c->rows[f->row[i]].p = p[i];
		c->rows[f->row[i]].p_adjusted = p[f->columns + i];
	}
	free(p);
	return err;
}

static int compare_workload(struct comparison *c, const struct compare_options *options,
			    char *error, size_t size)
{
	const struct lab_run *first = c->a[0];
	struct family family = {.room = KINDS * first->metric_count + 1};
	int err = 0;

	family.a = calloc(family.room * c->runs_a, sizeof(double));
	family.b = calloc(family.room * c->runs_b, sizeof(double));
	family.row = calloc(family.room, sizeof(size_t));
	if (!family.a || !family.b || !family.row)
		err = -ENOMEM;
	for (size_t m = 0; m < first->metric_count && !err; m++) {
		const struct run_metric *metric = &first->metrics[m];

		if (wanted(metric->name, options) &&
		    (options->metric || !is_copy_of_total(first, metric)))
			err = compare_metric(c, metric, options, &family);
	}
	if (!err && !c->row_count)
		err = refuse(error, size,
			     "workload %s: A and B have no metric with samples in common%s%s",
			     c->workload, options->metric ? " named " : "",
			     options->metric ? options->metric : "");
	c->least_p = stats_least_p(c->runs_a, c->runs_b, c->paired);
	if (!err && c->runs_a > 1 && c->runs_b > 1 && family.columns)
		err = test_family(c, options, &family);
	for (size_t i = 0; i < c->row_count && !err; i++)
		c->rows[i].verdict = judge(&c->rows[i], options->margin_pct);
	free(family.a);
	free(family.b);
	free(family.row);
	return err;
}

/* --- sets ------------------------------------------------------------------------------------------------ */

static int check_same(const struct run_set *a, const struct run_set *b, bool kernel, char *error,
		      size_t size)
{
	const struct lab_run *first = &a->runs[0];
	char shown[3][160];

	for (size_t i = 0; i < a->count + b->count; i++) {
		const struct lab_run *run = i < a->count ? &a->runs[i] : &b->runs[i - a->count];
		const char *have = kernel ? first->kernel : first->evidence;
		const char *other = kernel ? run->kernel : run->evidence;

		if (strcmp(have, other) == 0)
			continue;
		return refuse(error, size,
			      "%s differ: %s has %s, %s has %s (%s compares them all the same)",
			      kernel ? "kernels" : "evidence classes",
			      cli_printable(first->path, shown[0], sizeof(shown[0])), have,
			      cli_printable(run->path, shown[1], sizeof(shown[1])),
			      cli_printable(other, shown[2], sizeof(shown[2])),
			      kernel ? "--allow-kernel" : "--allow-evidence");
	}
	return 0;
}

/* One label for a set: its scheduler's, or "several". */
static char *set_label(const struct lab_run **runs, size_t count)
{
	for (size_t i = 1; i < count; i++) {
		if (strcmp(runs[i]->scheduler, runs[0]->scheduler) != 0)
			return strdup("several schedulers");
	}
	return strdup(runs[0]->scheduler);
}

static bool has_workload(const struct run_set *set, const char *workload)
{
	for (size_t i = 0; i < set->count; i++) {
		if (strcmp(set->runs[i].workload, workload) == 0)
			return true;
	}
	return false;
}

static bool already_compared(const struct comparison *list, size_t count, const char *workload)
{
	for (size_t i = 0; i < count; i++) {
		if (strcmp(list[i].workload, workload) == 0)
			return true;
	}
	return false;
}

static int add_comparison(struct comparison **list, size_t *count, const char *workload,
			  const struct run_set *a, const struct run_set *b,
			  const struct compare_options *options, char *error, size_t size)
{
	struct comparison *c, *grown = realloc(*list, (*count + 1) * sizeof(*grown));
	int err;

	if (!grown)
		return -ENOMEM;
	*list = grown;
	c = &grown[(*count)++];
	memset(c, 0, sizeof(*c));
	c->workload = strdup(workload);
	if (!c->workload)
		return -ENOMEM;
	err = choose_runs(c, a, b, options, error, size);
	if (err)
		return err;
	c->label_a = set_label(c->a, c->runs_a);
	c->label_b = set_label(c->b, c->runs_b);
	if (!c->label_a || !c->label_b)
		return -ENOMEM;
	return compare_workload(c, options, error, size);
}

/* The interval of A against the noise set's runs, row by row, as the noise floor of @list. */
static int take_noise(struct comparison *list, size_t count, const struct run_set *a,
		      const struct compare_options *options, char *error, size_t error_size)
{
	struct compare_options plain = *options;
	struct comparison *same;
	size_t same_count;
	int err;

	plain.noise = NULL;
	err = compare_sets(a, options->noise, &plain, &same, &same_count, error, error_size);
	for (size_t n = 0; n < count && !err; n++) {
		for (size_t k = 0; k < same_count; k++) {
			if (strcmp(list[n].workload, same[k].workload) != 0)
				continue;
			for (size_t i = 0; i < list[n].row_count && i < same[k].row_count; i++)
				list[n].rows[i].noise_ratio = same[k].rows[i].effect.ratio_ci;
		}
	}
	compare_free(same, same_count);
	return err;
}

int compare_sets(const struct run_set *a, const struct run_set *b,
		 const struct compare_options *options, struct comparison **out, size_t *count,
		 char *error, size_t error_size)
{
	int err = 0;

	*out = NULL;
	*count = 0;
	snprintf(error, error_size, "out of memory");
	if (!a->count || !b->count)
		return refuse(error, error_size, "%s holds no readable run", a->count ? "B" : "A");
	if (!options->allow_evidence)
		err = check_same(a, b, false, error, error_size);
	if (!err && !options->allow_kernel)
		err = check_same(a, b, true, error, error_size);
	for (size_t i = 0; i < a->count && !err; i++) {
		const char *workload = a->runs[i].workload;

		if (has_workload(b, workload) && !already_compared(*out, *count, workload))
			err = add_comparison(out, count, workload, a, b, options, error,
					     error_size);
	}
	if (!err && !*count) {
		char first[80], second[80];

		err = refuse(error, error_size,
			     "A and B have no workload in common: A ran %s, B ran %s",
			     cli_printable(a->runs[0].workload, first, sizeof(first)),
			     cli_printable(b->runs[0].workload, second, sizeof(second)));
	}
	if (!err && options->noise)
		err = take_noise(*out, *count, a, options, error, error_size);
	if (err) {
		compare_free(*out, *count);
		*out = NULL;
		*count = 0;
	}
	return err;
}

void compare_free(struct comparison *comparisons, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		free(comparisons[i].workload);
		free(comparisons[i].label_a);
		free(comparisons[i].label_b);
		free(comparisons[i].rows);
		free(comparisons[i].a);
		free(comparisons[i].b);
	}
	free(comparisons);
}
