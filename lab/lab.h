/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The lab: result files in, answers out. Statistics over runs, the reader of result files, comparison, cells,
 * experiments and the report. Nothing here measures: loader/, observe/ and workloads/ do.
 */
#ifndef SCHEDLAB_LAB_LAB_H
#define SCHEDLAB_LAB_LAB_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "lib/hist.h"
#include "lib/rng.h"
#include "workloads/workloads.h"

/* --- Statistics (stats.c): pure functions of numbers and a seed -------------------------------- */

struct stats_interval {
	double low;
	double high;
};

/* Standard normal distribution function, and its inverse (0 < @p < 1). */
double stats_normal_cdf(double z);
double stats_normal_quantile(double p);
/* Student's t: P(T <= @t) and its inverse, @df >= 1. Closed series (Abramowitz and Stegun 26.7.3-4). */
double stats_t_cdf(double t, unsigned int df);
double stats_t_quantile(double p, unsigned int df);
/* Upper tail of chi-square with @df degrees: the p-value of a goodness-of-fit statistic. */
double stats_chi_square_tail(double chi_square, unsigned int df);
/* Upper tail of the Kolmogorov distribution for the largest distance @d of @n samples (Stephens' correction). */
double stats_ks_tail(double d, size_t n);

/* The runs of one side for one metric, ready for fast resampling. Cumulative counts, bucket-major. */
struct stats_pool {
	size_t run_count;
	size_t bucket_count; /* buckets that any run uses */
	unsigned int sub_bits;
	uint32_t *index;    /* owned: histogram index of each used bucket, rising */
	double *cumulative; /* owned: [bucket * run_count + run] */
	double *total;	    /* owned: samples of each run */
	double *sum;	    /* owned: sum of the samples of each run */
	double min, max;    /* over all runs */
};

/* A histogram without its empty buckets: a thousand results fit in memory. */
struct sparse_hist {
	unsigned int sub_bits;
	uint32_t used; /* entries of index[] and count_of[] */
	uint64_t count, min, max;
	double sum;
	uint32_t *index;    /* owned, rising */
	uint64_t *count_of; /* owned */
};

/* Copy the used buckets of @from into the uninitialised @to. Returns 0 or -ENOMEM. */
int sparse_hist_from(struct sparse_hist *to, const struct hist *from);
/* Add @from to the initialised dense @into. Returns 0 or -EINVAL (@from is coarser). */
int sparse_hist_merge(struct hist *into, const struct sparse_hist *from);
void sparse_hist_free(struct sparse_hist *h);

/*
 * Prepare @count runs (none NULL, all of one sub_bits) for resampling. Returns 0, -EINVAL (no runs, no samples at
 * all, mixed sub_bits) or -ENOMEM. stats_pool_free() is safe on a zeroed struct.
 */
int stats_pool_init(struct stats_pool *p, const struct sparse_hist *const *runs, size_t count);
void stats_pool_free(struct stats_pool *p);
/*
 * The quantile of run @run, or of all runs merged (STATS_ALL_RUNS), interpolated inside its bucket: within 2^-sub_bits of
 * the exact value. @q < 0 asks for the mean. 0 where there is no sample.
 */
double stats_pool_quantile(const struct stats_pool *p, size_t run, double q);
#define STATS_MEAN     (-1.0)
#define STATS_ALL_RUNS SIZE_MAX

/* One quantile of B against the same of A, over runs. */
struct stats_effect {
	double a, b;	   /* of all runs merged */
	double difference; /* mean over runs (pairs) of b - a */
	double ratio;	   /* geometric mean over runs (pairs) of b / a; NAN where a is 0 */
	struct stats_interval difference_ci, ratio_ci;
	double log_se;	       /* bootstrap standard error of log(ratio), widened for few runs */
	double detectable_pct; /* smallest |change| found with 80 % power at 5 %, in % of a */
	bool has_interval;
};

struct stats_options {
	uint64_t seed;
	unsigned int resamples;	   /* bootstrap replicates; 0 means 2000 */
	unsigned int permutations; /* where not all are tried; 0 means 10000 */
	double confidence;	   /* 0 means 0.95 */
	bool paired;		   /* run i of A belongs with run i of B */
};

/*
 * Compare the quantiles @q[0..count) (STATS_MEAN allowed) of @b against @a. The run is the unit: each run has its own
 * quantile, and the means of these (of their logarithms for the ratio) are compared by a bootstrap over runs (pairs of
 * runs where @options->paired; then the run counts must be equal). Percentile intervals with the small-sample widening
 * of Hesterberg ("What teachers should know about the bootstrap", The American Statistician 69, 2015), below 30 runs
 * Student's t and the bootstrap's standard error. Fewer than 2 runs on a side: point values only. A ratio has no interval
 * where the quantile of a run is 0. Returns 0, -EINVAL or -ENOMEM.
 *
 * Quantiles of merged resamples would not do: pairs differ, so a resample moves along both sides' rough empirical tails,
 * which adds a variance that the quantity does not have (97 to 98 % covered where 95 % is promised).
 */
int stats_compare(const struct stats_pool *a, const struct stats_pool *b, const double *q,
		  size_t count, const struct stats_options *options, struct stats_effect *out);

/*
 * The same for one number per run (a share, a rate): means of @a and @b.
 */
int stats_compare_scalars(const double *a, size_t na, const double *b, size_t nb,
			  const struct stats_options *options, struct stats_effect *out);

/*
 * The interval of the ratio that two sets of @p's own runs (as many as @p has) show by chance at quantile @q: the
 * noise floor. Needs 2 runs, else -EINVAL.
 */
int stats_noise_floor(const struct stats_pool *p, double q, const struct stats_options *options,
		      struct stats_interval *out);

/*
 * Permutation test of many endpoints at once. @a is na x endpoints, @b nb x endpoints, row by row (one row is one
 * run). Two-sided. Paired: signs of the differences are flipped; else labels are exchanged. All permutations are tried
 * where there are at most options->permutations of them, else a random sample that counts the observed one.
 * @p gets raw p-values, @adjusted the family-wise ones by Westfall and Young's step-down max-T
 * ("Resampling-based multiple testing", 1993). Returns 0, -EINVAL or -ENOMEM.
 */
int stats_permutation(const double *a, size_t na, const double *b, size_t nb, size_t endpoints,
		      const struct stats_options *options, double *p, double *adjusted);

/* The least p-value such a test can give: 2 / 2^n paired, 2 / C(na + nb, na) else (1 / ... where labels are lopsided). */
double stats_least_p(size_t na, size_t nb, bool paired);

/* --- Result files (read.c) ----------------------------------------------------------------------- */

/* One histogram ("wakeup", "web.sojourn", "ledger.preempt_wait") or one number ("hogs.cpu_share") of a run. */
struct run_metric {
	char *name; /* owned */
	bool is_scalar;
	bool more_is_better;	 /* shares and rates; times are better when less */
	double value;		 /* scalars */
	struct sparse_hist hist; /* times, in @unit */
};

/* What a queueing oracle said of the run's trace, and how the measurement compares. */
struct run_oracle {
	char name[16]; /* "fcfs", "ps", "srpt" */
	double mean_ns, measured_mean_ns;
	double error_pct, p99_error_pct;
	double corrected_error_pct,
		corrected_p99_error_pct; /* with the measured cost of dispatch added */
	bool agrees;
};

/* One result file, checked. All strings owned, never NULL ("" where the file has none). */
struct lab_run {
	char *path;
	char *evidence; /* "icount", "kvm", "metal", "tcg" */
	char *kernel;
	char *scheduler; /* label: cell.label, else the scheduler's name and its tunables */
	char *workload;
	char *trace_hash;
	uint64_t seed;
	uint64_t repetition;
	bool valid;
	bool graphs; /* the recorder of the graphs ran beside it: its times hold that cost and are never compared */
	char *invalid_reason; /* reasons joined by "; " */
	struct run_metric *metrics;
	size_t metric_count;
	struct run_oracle *oracles; /* owned */
	size_t oracle_count;
	json_t *document; /* owned; NULL unless asked for */
};

#define RUN_KEEP_DOCUMENT 1u /* keep ->document */
#define RUN_NO_CHECKSUM	  2u /* accept a file without a (right) checksum */
#define RUN_FILE_MAX	  (64u << 20)

/*
 * Read and check one result file. Returns 0, -ENOMEM, -errno of the file, -EBADMSG (not JSON, cut off),
 * -EPROTO (another kind of document), -EPROTONOSUPPORT (a newer schema), -EUCLEAN (edited: the checksum differs or
 * is missing), -EINVAL (a field is wrong). @error gets one line that names the file and what is wrong.
 */
int run_read(const char *path, unsigned int flags, struct lab_run *run, char *error,
	     size_t error_size);
/* The same for a document in memory; @path is only a name. */
int run_parse(json_t *document, const char *path, unsigned int flags, struct lab_run *run,
	      char *error, size_t error_size);
void run_free(struct lab_run *run);
const struct run_metric *run_metric_find(const struct lab_run *run, const char *name);

/* A growing list of runs. */
struct run_set {
	struct lab_run *runs; /* owned */
	size_t count;
	size_t refused; /* files left out because they could not be read */
};

typedef void (*run_complain)(const char *line, void *context);

/*
 * Add the file @path, or every *.json below the folder @path (sorted by name, sub-folders too, dot-files left out).
 * A file that is refused gives one line to @complain; with @skip_bad it is counted and the rest goes on, else its error is
 * returned. Returns 0 or -errno.
 */
int run_set_add(struct run_set *set, const char *path, unsigned int flags, bool skip_bad,
		run_complain complain, void *context);
void run_set_free(struct run_set *set);

/* Options of every command that reads result files: --skip-bad, --no-checksum. */
struct read_args {
	bool skip_bad;
	unsigned int flags; /* RUN_... */
};
/* .children of such a command's argp; state->child_inputs[0] is the struct read_args. */
extern const struct argp_child read_args_children[];
/* run_set_add() by @args; prints what is refused. Returns an exit status. */
int read_args_add(const struct read_args *args, struct run_set *set, const char *path);

/* Every *.json file below @folder, sorted; caller frees with lab_paths_free(). Returns 0 or -errno. */
int lab_paths(const char *folder, char ***paths, size_t *count);
void lab_paths_free(char **paths, size_t count);

/* --- Comparison (compare.c) ----------------------------------------------------------------------- */

enum verdict {
	VERDICT_NONE, /* one run against one: no interval */
	VERDICT_BETTER,
	VERDICT_WORSE,
	VERDICT_SAME, /* no difference within the margin */
	VERDICT_INCONCLUSIVE,
	VERDICT_TOO_FEW_SAMPLES, /* fewer than HIST_MIN_TAIL samples beyond the quantile */
};
const char *verdict_name(enum verdict verdict);

/* One line of a comparison: one statistic of one metric. */
struct comparison_row {
	char metric[96];
	char stat[16];	 /* "p50", "p99.9", "mean", "value" */
	double quantile; /* STATS_MEAN for means, NAN for scalars */
	bool more_is_better;
	bool in_family; /* takes part in the verdict and its correction; deciles of the shift function do not */
	struct stats_effect effect;
	double p, p_adjusted;
	struct stats_interval noise_ratio; /* A against itself; {NAN, NAN} where unknown */
	enum verdict verdict;
};

/* All of one workload. */
struct comparison {
	char *workload;		 /* owned */
	char *label_a, *label_b; /* owned */
	size_t runs_a, runs_b;
	size_t invalid_a, invalid_b; /* left out because marked invalid */
	size_t alone;		     /* left out because no run of the other side has their seed */
	bool paired;
	struct comparison_row *rows; /* owned */
	size_t row_count;
	const struct lab_run **a, **b; /* owned arrays of borrowed valid runs, in pair order */
	double least_p;		       /* what the permutation test can reach with these runs */
};

struct compare_options {
	double margin_pct; /* "no difference within" */
	uint64_t seed;
	unsigned int resamples; /* 0: as many as the number of runs affords */
	bool allow_evidence, allow_trace, allow_kernel;
	bool all;	    /* the ledger's intervals and the dispatcher's lateness too */
	const char *metric; /* only this metric, or NULL */
	const struct run_set
		*noise; /* more runs of A's scheduler: A against them is the noise floor; or NULL */
};

/*
 * Compare set B with set A, workload by workload. Returns 0; -EINVAL with a line in @error where nothing can be
 * compared (different evidence, kernel or traces, no common workload, no valid run), -ENOMEM. The result borrows the sets.
 */
int compare_sets(const struct run_set *a, const struct run_set *b,
		 const struct compare_options *options, struct comparison **out, size_t *count,
		 char *error, size_t error_size);
void compare_free(struct comparison *comparisons, size_t count);

/* One document, schema "schedlab.compare/1". NULL on lack of memory. */
json_t *compare_to_json(const struct comparison *comparisons, size_t count,
			const struct compare_options *options);
/* Tables, verdicts and pictures of both histograms on one scale, @columns wide, coloured where @colour. */
void compare_print(const struct comparison *comparisons, size_t count,
		   const struct compare_options *options, int columns, bool colour, FILE *out);

/* 'METRIC.STAT worse than N%' or 'METRIC.STAT above DURATION'. */
struct fail_rule {
	char text[160];
	char metric[96];
	char stat[16];
	bool absolute;
	double limit; /* percent, or nanoseconds */
};

enum rule_outcome {
	RULE_HOLDS,
	RULE_HIT,
	RULE_UNDECIDED
};

/* Parse a rule. Returns 0 or -EINVAL with a line in @error that names the column. */
int fail_rule_parse(const char *text, struct fail_rule *rule, char *error, size_t error_size);
/*
 * Judge @rule over all comparisons: hit where the whole interval lies beyond the limit in any workload, undecided where it
 * straddles the limit or there is no interval. @reason gets one line. -ENOENT where no row has that name.
 */
int fail_rule_judge(const struct fail_rule *rule, const struct comparison *comparisons,
		    size_t count, enum rule_outcome *outcome, char *reason, size_t reason_size);

/* A rule and what became of it. */
struct rule_result {
	struct fail_rule rule;
	enum rule_outcome outcome;
	char reason[512];
};

/* Write @results as JUnit XML: a hit is a failure, an undecided rule is skipped with its reason. Returns 0 or -errno. */
int junit_write(const char *path, const struct rule_result *results, size_t count);

/* --- Cells (cell.c): one run of one scheduler under one workload --------------------------------- */

struct cell_options {
	const char *scheduler; /* embedded name, object file, or "default" */
	char **settings;       /* "name=value" tunables */
	size_t setting_count;
	const char *label;     /* how the comparison calls it; NULL: the scheduler's name */
	const char *workload;  /* workload file */
	struct load_args load; /* result file; seed and length, else the workload file's own */
	uint64_t repetition;
	bool ledger;
	bool graphs; /* also write OUTPUT.offcpu.svg and OUTPUT.wakeups.svg, OUTPUT without its .json */
};

/*
 * The name of the graph @kind ("offcpu", "wakeups") that belongs to the result file @result into @out. Returns 0 or
 * -ENAMETOOLONG.
 */
int cell_graph_path(const char *result, const char *kind, char *out, size_t size);
#define CELL_GRAPH_MAX (8u << 20) /* bytes of one */
/* Every kind of graph, ended by NULL. */
extern const char *const cell_graph_kinds[];

/*
 * Run the cell and write its result file whole. Returns an exit status (lib/cli.h): 0 for a valid run,
 * EXIT_STATUS_INVALID for one that is written but marked invalid. Messages are printed (cmd_cell.c calls it last).
 */
int cell_run(const struct cell_options *options);

/* --- Experiments (experiment.c) ------------------------------------------------------------------- */

#define EXPERIMENT_NAME_SIZE 49
#define EXPERIMENT_MAX_CELLS 100000
#define EXPERIMENT_FILE_MAX  (1u << 20)

/* One [scheduler NAME] section. */
struct experiment_scheduler {
	char label[EXPERIMENT_NAME_SIZE]; /* NAME: letters, digits, '.', '_', '-' */
	char *sched;	 /* owned: embedded name, object file (absolute), or "default" */
	char **settings; /* owned: "name=value" */
	size_t setting_count;
};

/* One [workload NAME] section. */
struct experiment_workload {
	char label[EXPERIMENT_NAME_SIZE];
	char *file; /* owned: absolute path, or the name of one that ships */
};

enum experiment_place {
	PLACE_AUTO, /* the host where it has sched_ext and we are root, else a guest */
	PLACE_VM,
	PLACE_HOST,
};

struct experiment {
	char name[EXPERIMENT_NAME_SIZE];
	uint64_t order_seed;
	uint64_t *seeds; /* owned */
	size_t seed_count;
	uint64_t repetitions;
	uint64_t duration_ns; /* 0: the workload's own */
	bool ledger;
	bool graphs; /* one more cell for each scheduler and workload, which records graphs */
	uint64_t graphs_duration_ns; /* of those cells; 0: as the others */
	enum experiment_place place;
	char accel[8];	 /* "lab", "auto", "kvm", "tcg" */
	char kernel[64]; /* "" for the default */
	char cpus[8];	 /* guest CPUs, "" for the default */
	unsigned int
		jobs; /* cells beside each other; 0: as many as host CPUs in guests, 1 on the host */
	struct experiment_scheduler *schedulers; /* owned */
	size_t scheduler_count;
	struct experiment_workload *workloads; /* owned */
	size_t workload_count;
};

/*
 * Read an experiment file (format: docs/experiments.md). Every mistake is named: "file:line:column: what, and what would
 * be right". Returns 0, -EINVAL, -ENOMEM or -errno of the file.
 */
int experiment_load(const char *path, struct experiment *e, char *error, size_t error_size);
/* The same of @text; @path stands in messages, and relative files are relative to its folder. */
int experiment_parse(const char *path, const char *text, struct experiment *e, char *error,
		     size_t error_size);
void experiment_free(struct experiment *e);

/* One cell of the plan. */
struct experiment_cell {
	size_t number; /* from 1, in the order of the run */
	const struct experiment_scheduler *scheduler;
	const struct experiment_workload *workload;
	uint64_t seed;
	uint64_t repetition;
	bool graphs; /* measures nothing that is compared: records the graphs */
};

/*
 * All cells in the order in which they are to run: blocks of (workload, seed, repetition) in random order, inside each the
 * schedulers in random order, from the experiment's order seed; behind them the cells that record graphs. The caller frees *@cells; they borrow @e.
 */
int experiment_plan(const struct experiment *e, struct experiment_cell **cells, size_t *count);
/*
 * FOLDER/cells/SCHEDULER/WORKLOAD-sSEED-rREPETITION.json into @out; FOLDER/graphs/... for a cell that records graphs.
 * Returns 0 or -ENAMETOOLONG.
 */
int experiment_cell_path(const char *folder, const struct experiment_cell *cell, char *out,
			 size_t size);

/* --- The report (report.c) -------------------------------------------------------------------------- */

struct report_options {
	const char *title;
	const char *
		baseline; /* label that the others are compared with; NULL: "default", else the first */
	double margin_pct;
	uint64_t seed;
};

/*
 * All runs of a folder, made ready: workload by workload, label by label. Borrows @set, which must have been read with
 * RUN_KEEP_DOCUMENT. NULL on lack of memory.
 */
struct report;
struct report *report_new(const struct run_set *set, const struct report_options *options);
void report_free(struct report *r);
/* Replace @path with the self-contained page. Returns 0 or -errno. */
int report_write_html(const struct report *r, const char *path);
/* The tables for a terminal. */
void report_print(const struct report *r, FILE *out);

/* --- Subcommands ------------------------------------------------------------------------------------ */

int cmd_bench(int argc, char **argv);
int cmd_cell(int argc, char **argv);
int cmd_compare(int argc, char **argv);
int cmd_report(int argc, char **argv);

#endif
