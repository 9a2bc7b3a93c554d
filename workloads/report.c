// SPDX-License-Identifier: GPL-2.0
/* What a run gave: from the jobs' times to histograms, oracles, verdicts, JSON and text. */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "lib/result.h"
#include "lib/timeutil.h"
#include "workloads/oracle.h"
#include "workloads/report.h"

#define DEFAULT_PCT	      4.0
#define DEFAULT_CORRECTED_PCT 2.0

static const char *const oracle_names[ORACLE_COUNT] = {"fcfs", "ps", "srpt"};

/* --- from times to histograms --------------------------------------------------------------------- */

static void add_reason(struct load_report *r, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void add_reason(struct load_report *r, const char *format, ...)
{
	va_list args;

	if (r->reason_count == REPORT_MAX_REASONS)
		return;
	va_start(args, format);
	if (vasprintf(&r->reasons[r->reason_count], format, args) < 0)
		r->reasons[r->reason_count] = NULL;
	va_end(args);
	if (r->reasons[r->reason_count])
		r->reason_count++;
}

static uint64_t since(uint64_t from_ns, uint64_t to_ns)
{
	return to_ns > from_ns ? to_ns - from_ns : 0;
}

static uint64_t distance(uint64_t a, uint64_t b)
{
	return a > b ? a - b : b - a;
}

static bool in_warmup(const struct load_report *r, const struct job *job)
{
	return job->intended_ns < r->workload->warmup_ns;
}

/* A job counts with its released, first run and done times as far as it got. */
static void add_job(struct load_report *r, const struct engine *e, size_t i)
{
	const struct job *job = &e->trace->jobs[i];
	const struct job_times *t = &e->times[i];
	struct class_report *c = &r->classes[job->class];
	uint64_t intended = e->shared->start_ns + job->intended_ns;

	if (!t->released_ns) {
		r->unreleased++;
		return;
	}
	c->released++;
	if (t->done_ns)
		c->done++;
	else
		c->censored++;
	if (in_warmup(r, job)) {
		c->warmup++;
		return;
	}
	hist_add(&c->lateness, since(intended, t->released_ns));
	if (t->first_run_ns) {
		hist_add(&c->wakeup, since(intended, t->first_run_ns));
		hist_add(&r->wait, since(t->released_ns, t->first_run_ns));
	}
	if (t->done_ns) {
		hist_add(&c->sojourn, since(intended, t->done_ns));
		hist_add(&c->service_error, distance(t->cpu_ns, job->service_ns));
		if (in_window(e, t->done_ns))
			c->cpu_ns += t->cpu_ns;
	}
}

static int init_class(struct class_report *c)
{
	struct hist *hists[] = {&c->sojourn, &c->wakeup, &c->lateness, &c->service_error};
	int err = 0;

	for (size_t i = 0; !err && i < sizeof(hists) / sizeof(hists[0]); i++)
		err = hist_init(hists[i], HIST_SUB_BITS_RESULT);
	for (int h = 0; !err && h < CLASS_HISTS; h++)
		err = hist_init(&c->hists[h], HIST_SUB_BITS_RESULT);
	return err;
}

static int init_report(struct load_report *r, const struct engine *e)
{
	struct hist *hists[] = {&r->sojourn, &r->wakeup, &r->wait, &r->lateness};
	int err = 0;

	r->class_count = e->workload->class_count;
	for (size_t i = 0; !err && i < sizeof(hists) / sizeof(hists[0]); i++)
		err = hist_init(hists[i], HIST_SUB_BITS_RESULT);
	for (size_t i = 0; !err && i < r->class_count; i++)
		err = init_class(&r->classes[i]);
	return err;
}

/* What the class's threads and processes counted themselves. A pool's threads are accounted by their jobs. */
static int add_class(struct load_report *r, struct engine *e, uint32_t class)
{
	struct class_run *c = &e->classes[class];
	struct class_report *to = &r->classes[class];
	int err = 0;

	to->threads = c->agent_count;
	to->queued = c->queued;
	to->stress_ops = c->stress_ops;
	for (uint32_t i = 0; !err && i < c->agent_count; i++) {
		to->rounds += c->agents[i].rounds;
		for (int h = 0; !err && h < CLASS_HISTS && c->agents[i].hists[h].buckets; h++)
			err = hist_merge(&to->hists[h], &c->agents[i].hists[h]);
	}
	if (c->account_count)
		to->cpu_ns = atomic_load(&c->child_cpu_ns);
	/* stress-ng's processes tell their CPU time only at their end: the window gets its part of it. */
	if (c->spec->kind == KIND_STRESS && r->trace->duration_ns)
		to->cpu_ns = (uint64_t)((double)to->cpu_ns * (double)r->window_ns /
					(double)r->trace->duration_ns);
	for (uint32_t i = 0; i < c->account_count; i++)
		if (c->accounts[i].valid)
			to->cpu_ns += since(c->accounts[i].begin_ns, c->accounts[i].end_ns);
	if (class_has_jobs(c->spec->kind)) {
		err = err ? err : hist_merge(&r->sojourn, &to->sojourn);
		err = err ? err : hist_merge(&r->wakeup, &to->wakeup);
		if (c->spec->kind != KIND_SLEEPER)
			err = err ? err : hist_merge(&r->lateness, &to->lateness);
	}
	r->released += to->released;
	r->done += to->done;
	r->censored += to->censored;
	return err;
}

static void judge(struct load_report *r, const struct engine *e)
{
	uint64_t late = hist_quantile(&r->lateness, 0.99);
	char a[32], b[32];

	if (r->stopped_by >= 0)
		add_reason(r, "the run was stopped before its end");
	if (late > r->workload->lateness_budget_ns)
		add_reason(r,
			   "the dispatcher was late: 99 %% of the jobs within %s, the budget is %s",
			   time_format(late, a, sizeof(a)),
			   time_format(r->workload->lateness_budget_ns, b, sizeof(b)));
	if (r->censored)
		add_reason(r, "%llu jobs were not done at the end",
			   (unsigned long long)r->censored);
	if (r->unreleased)
		add_reason(r, "%llu jobs were never released", (unsigned long long)r->unreleased);
	if (r->failed)
		add_reason(r, "%llu jobs failed (no process could be made, or a pipe broke)",
			   (unsigned long long)r->failed);
	for (size_t i = 0; i < r->class_count; i++)
		if (r->classes[i].queued && !e->classes[i].spec->threads)
			add_reason(r,
				   "class '%s' found no idle thread for %llu jobs: give it more "
				   "'threads'",
				   e->classes[i].spec->name,
				   (unsigned long long)r->classes[i].queued);
}

/* --- oracles --------------------------------------------------------------------------------------- */

/* Why the oracles do not speak of this workload, or NULL. */
static const char *why_no_oracle(const struct workload *w)
{
	for (size_t i = 0; i < w->class_count; i++) {
		const struct class_spec *c = &w->classes[i];

		if (c->kind != KIND_JOBS)
			return "the oracles know only classes of kind jobs";
		if (c->nice != w->classes[0].nice || c->has_cpus != w->classes[0].has_cpus ||
		    (c->has_cpus && !CPU_EQUAL(&c->cpus, &w->classes[0].cpus)))
			return "the oracles know only classes of one nice value and one set of "
			       "CPUs";
	}
	return NULL;
}

struct samples {
	uint64_t *arrival_ns, *service_ns, *corrected_ns, *sojourn_ns, *picked;
	size_t *jobs; /* trace positions of the measured jobs */
	size_t count, measured;
};

static void samples_free(struct samples *s)
{
	free(s->arrival_ns);
	free(s->jobs);
}

static int samples_init(struct samples *s, const struct trace *t)
{
	size_t n = t->count;

	s->count = n;
	s->arrival_ns = calloc(5 * n + 1, sizeof(*s->arrival_ns));
	s->jobs = calloc(n + 1, sizeof(*s->jobs));
	if (!s->arrival_ns || !s->jobs)
		return -ENOMEM;
	s->service_ns = s->arrival_ns + n;
	s->corrected_ns = s->service_ns + n;
	s->sojourn_ns = s->corrected_ns + n;
	s->picked = s->sojourn_ns + n;
	return 0;
}

static int compare_u64(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

/* Mean and 99th percentile of the measured jobs' sojourns, exact. */
static void summarise(struct samples *s, double *mean_ns, double *p99_ns)
{
	double sum = 0;
	size_t rank = (size_t)ceil(0.99 * (double)s->measured);

	for (size_t i = 0; i < s->measured; i++) {
		s->picked[i] = s->sojourn_ns[s->jobs[i]];
		sum += (double)s->picked[i];
	}
	qsort(s->picked, s->measured, sizeof(*s->picked), compare_u64);
	*mean_ns = sum / (double)s->measured;
	*p99_ns = (double)s->picked[rank ? rank - 1 : 0];
}

/* The job classes' arrivals and services together as one queue, if both are of a kind that has a formula. */
static double closed_form(const struct load_report *r, int oracle)
{
	const struct class_spec *c = &r->workload->classes[0];
	double rate = class_rate_hz(c, r->trace->servers) / NSEC_PER_SEC;
	double mean = dist_mean_ns(&c->service);

	if (r->class_count != 1 || c->arrivals.kind != ARRIVAL_POISSON)
		return NAN;
	if (oracle == ORACLE_FCFS && r->trace->servers == 1)
		return closed_mg1(rate, mean, dist_second_moment(&c->service));
	if (oracle == ORACLE_FCFS && c->service.kind == DIST_EXPONENTIAL)
		return closed_mmc(rate, mean, r->trace->servers);
	if (oracle == ORACLE_PS && r->trace->servers == 1)
		return closed_mg1_ps(rate, mean);
	return NAN;
}

static double error_pct(double measured, double expected)
{
	return expected > 0 ? 100 * (measured - expected) / expected : 0;
}

static int ask_oracle(struct load_report *r, struct samples *s, int oracle)
{
	static int (*const oracles[ORACLE_COUNT])(const struct oracle_jobs *, uint64_t *) = {
		oracle_fcfs, oracle_ps, oracle_srpt};
	struct oracle_jobs jobs = {s->arrival_ns, s->service_ns, s->count, r->trace->servers};
	struct oracle_result *o = &r->oracles[oracle];
	int err = oracles[oracle](&jobs, s->sojourn_ns);

	if (err)
		return err;
	summarise(s, &o->mean_ns, &o->p99_ns);
	jobs.service_ns = s->corrected_ns;
	err = oracles[oracle](&jobs, s->sojourn_ns);
	if (err)
		return err;
	summarise(s, &o->corrected_mean_ns, &o->corrected_p99_ns);
	o->closed_form_ns = closed_form(r, oracle);
	o->error_pct = error_pct(r->measured_mean_ns, o->mean_ns);
	o->p99_error_pct = error_pct(r->measured_p99_ns, o->p99_ns);
	o->corrected_error_pct = error_pct(r->measured_mean_ns, o->corrected_mean_ns);
	o->corrected_p99_error_pct = error_pct(r->measured_p99_ns, o->corrected_p99_ns);
	r->has_oracle[oracle] = true;
	return 0;
}

/*
 * What a job costs beyond its service: the CPU time that everything else has had on its CPUs during the run (the
 * dispatcher, whoever watches the scheduler, the kernel's threads), shared out among the jobs; where the kernel does not
 * tell, the dispatcher's alone. The corrected oracle gets that and each job's real CPU time.
 */
static void measure_costs(struct load_report *r, const struct engine *e)
{
	double burn = 0, cpu = 0;
	uint64_t done = 0;

	for (size_t i = 0; i < e->trace->count; i++) {
		cpu += (double)e->times[i].cpu_ns;
		if (!e->times[i].done_ns)
			continue;
		burn += (double)e->times[i].cpu_ns - (double)e->trace->jobs[i].service_ns;
		done++;
	}
	r->burn_error_ns = done ? burn / (double)done : 0;
	if (!e->dispatched)
		return;
	r->dispatch_cost_ns = (double)e->dispatcher_cpu_ns / (double)e->dispatched;
	r->other_cost_ns = r->dispatch_cost_ns;
	if ((double)e->busy_ns > cpu)
		r->other_cost_ns = ((double)e->busy_ns - cpu) / (double)e->dispatched;
}

static void fill_samples(const struct load_report *r, const struct engine *e, struct samples *s)
{
	for (size_t i = 0; i < s->count; i++) {
		const struct job *job = &e->trace->jobs[i];
		const struct job_times *t = &e->times[i];
		uint64_t cpu = t->done_ns ? t->cpu_ns : job->service_ns;

		s->arrival_ns[i] = job->intended_ns;
		s->service_ns[i] = job->service_ns;
		s->corrected_ns[i] = cpu + (uint64_t)llround(r->other_cost_ns);
		s->sojourn_ns[i] = since(e->shared->start_ns + job->intended_ns, t->done_ns);
		if (t->done_ns && !in_warmup(r, job))
			s->jobs[s->measured++] = i;
	}
}

static int ask_oracles(struct load_report *r, const struct engine *e)
{
	struct samples s = {NULL};
	int err;

	measure_costs(r, e);
	r->no_oracle = why_no_oracle(r->workload);
	if (r->no_oracle)
		return 0;
	err = samples_init(&s, e->trace);
	if (!err)
		fill_samples(r, e, &s);
	if (!err && !s.measured) {
		r->no_oracle = "no job was measured";
	} else if (!err) {
		summarise(&s, &r->measured_mean_ns, &r->measured_p99_ns);
		for (int oracle = 0; !err && oracle < ORACLE_COUNT; oracle++)
			err = ask_oracle(r, &s, oracle);
	}
	samples_free(&s);
	return err;
}

static int keep_jobs(struct load_report *r, const struct engine *e)
{
	size_t size = e->trace->count * sizeof(*r->times);

	r->start_ns = e->shared->start_ns;
	r->times = malloc(size + 1);
	if (!r->times)
		return -ENOMEM;
	memcpy(r->times, e->times, size);
	return 0;
}

/* --- the report ------------------------------------------------------------------------------------ */

int report_make(struct engine *e, struct load_report **report)
{
	struct load_report *r = calloc(1, sizeof(*r));
	int err = r ? 0 : -ENOMEM;

	if (r) {
		r->workload = e->workload;
		r->trace = e->trace;
		r->stopped_by = e->stopped_by;
		r->memory_locked = e->memory_locked;
		r->failed = atomic_load(&e->shared->failed);
		r->window_ns = since(e->shared->measure_from_ns, e->shared->measure_to_ns);
		for (size_t i = 0; i < e->workload->class_count; i++) {
			unsigned int cpus = class_cpu_count(&e->workload->classes[i]);

			r->cpus = cpus > r->cpus ? cpus : r->cpus;
		}
		err = init_report(r, e);
	}
	for (size_t i = 0; !err && i < e->trace->count; i++)
		add_job(r, e, i);
	for (uint32_t i = 0; !err && i < r->class_count; i++)
		err = add_class(r, e, i);
	if (!err)
		err = ask_oracles(r, e);
	if (!err && e->options->keep_jobs)
		err = keep_jobs(r, e);
	if (err) {
		load_report_free(r);
		return err;
	}
	judge(r, e);
	*report = r;
	return 0;
}

void load_report_free(struct load_report *r)
{
	if (!r)
		return;
	for (size_t i = 0; i < r->class_count; i++) {
		struct class_report *c = &r->classes[i];

		hist_free(&c->sojourn);
		hist_free(&c->wakeup);
		hist_free(&c->lateness);
		hist_free(&c->service_error);
		for (int h = 0; h < CLASS_HISTS; h++)
			hist_free(&c->hists[h]);
	}
	hist_free(&r->sojourn);
	hist_free(&r->wakeup);
	hist_free(&r->wait);
	hist_free(&r->lateness);
	for (size_t i = 0; i < r->reason_count; i++)
		free(r->reasons[i]);
	free(r->times);
	free(r);
}

bool load_report_valid(const struct load_report *r)
{
	return !r->reason_count;
}

int load_report_stopped_by(const struct load_report *r)
{
	return r->stopped_by;
}

/* --- JSON ------------------------------------------------------------------------------------------- */

/* What a kind's own histograms are called; NULL: it does not use them. */
static const char *const hist_names[KIND_COUNT][CLASS_HISTS] = {
	[KIND_PINGPONG] = {"round_trip", NULL},
	[KIND_MESSAGE] = {"wakeup", "request"},
	[KIND_BUILD] = {"build", "process"},
	[KIND_RTAPP] = {"wakeup", "overrun"},
};

/* What a kind counts. */
static const char *const round_names[KIND_COUNT] = {
	[KIND_PINGPONG] = "round_trips",
	[KIND_MESSAGE] = "requests",
	[KIND_BUILD] = "builds",
	[KIND_RTAPP] = "periods",
};

static const struct class_spec *spec_of(const struct load_report *r, size_t class)
{
	return &r->workload->classes[class];
}

static json_t *number_or_null(double value)
{
	return isfinite(value) ? json_real(value) : json_null();
}

/* Rounded to what a figure can mean, and so that the text is short. */
static double rounded(double value, double unit)
{
	return round(value / unit) * unit;
}

static double cpu_share(const struct load_report *r, const struct class_report *c)
{
	double capacity = (double)r->window_ns * r->cpus;

	return capacity > 0 ? rounded((double)c->cpu_ns / capacity, 1e-6) : 0;
}

static int set(json_t *object, const char *key, json_t *value)
{
	return json_object_set_new(object, key, value) ? -ENOMEM : 0;
}

static int set_hist(json_t *object, const char *key, const struct hist *h)
{
	return set(object, key, hist_to_json(h, "ns"));
}

static json_t *jobs_to_json(const struct class_report *c)
{
	return json_pack("{s:I, s:I, s:I, s:I, s:I}", "released", (json_int_t)c->released, "done",
			 (json_int_t)c->done, "censored", (json_int_t)c->censored, "warmup",
			 (json_int_t)c->warmup, "queued", (json_int_t)c->queued);
}

static json_t *class_metrics(const struct class_spec *spec, const struct class_report *c)
{
	json_t *metrics = json_object();
	int err = 0;

	if (class_has_jobs(spec->kind)) {
		err |= set_hist(metrics, "sojourn", &c->sojourn);
		err |= set_hist(metrics, "wakeup", &c->wakeup);
		err |= set_hist(metrics, "lateness", &c->lateness);
		err |= set_hist(metrics, "service_error", &c->service_error);
	}
	for (int h = 0; h < CLASS_HISTS; h++)
		if (hist_names[spec->kind][h])
			err |= set_hist(metrics, hist_names[spec->kind][h], &c->hists[h]);
	if (!err)
		return metrics;
	json_decref(metrics);
	return NULL;
}

static json_t *class_to_json(const struct load_report *r, size_t class)
{
	const struct class_report *c = &r->classes[class];
	const struct class_spec *spec = spec_of(r, class);
	json_t *object = json_pack("{s:s, s:s, s:i, s:f, s:I}", "name", spec->name, "kind",
				   class_kind_names[spec->kind], "threads", (int)c->threads,
				   "cpu_share", cpu_share(r, c), "cpu_ns", (json_int_t)c->cpu_ns);
	int err = 0;

	if (class_has_jobs(spec->kind))
		err |= set(object, "jobs", jobs_to_json(c));
	if (round_names[spec->kind]) {
		err |= set(object, round_names[spec->kind], json_integer((json_int_t)c->rounds));
		err |= set(object, "rate_hz",
			   r->window_ns ? json_real(rounded((double)c->rounds * NSEC_PER_SEC /
								    (double)r->window_ns,
							    1e-3))
					: json_null());
	}
	if (spec->kind == KIND_STRESS)
		err |= set(object, "bogo_ops", number_or_null(c->stress_ops));
	err |= set(object, "metrics", class_metrics(spec, c));
	if (!err)
		return object;
	json_decref(object);
	return NULL;
}

static const char *verdict(const struct oracle_result *o)
{
	bool plain = fabs(o->error_pct) <= DEFAULT_PCT && fabs(o->p99_error_pct) <= DEFAULT_PCT;
	bool corrected = fabs(o->corrected_error_pct) <= DEFAULT_CORRECTED_PCT &&
			 fabs(o->corrected_p99_error_pct) <= DEFAULT_CORRECTED_PCT;

	return plain && corrected ? "agrees" : "differs";
}

static json_t *oracle_to_json(const struct load_report *r, int oracle)
{
	const struct oracle_result *o = &r->oracles[oracle];

	return json_pack("{s:s, s:i, s:f, s:f, s:f, s:f, s:o, s:f, s:f, s:f, s:f, s:f, s:f, s:s}",
			 "name", oracle_names[oracle], "servers", (int)r->trace->servers, "mean_ns",
			 rounded(o->mean_ns, 1), "p99_ns", o->p99_ns, "corrected_mean_ns",
			 rounded(o->corrected_mean_ns, 1), "corrected_p99_ns", o->corrected_p99_ns,
			 "closed_form_mean_ns", number_or_null(rounded(o->closed_form_ns, 1)),
			 "measured_mean_ns", rounded(r->measured_mean_ns, 1), "measured_p99_ns",
			 r->measured_p99_ns, "error_pct", rounded(o->error_pct, 1e-3),
			 "p99_error_pct", rounded(o->p99_error_pct, 1e-3), "corrected_error_pct",
			 rounded(o->corrected_error_pct, 1e-3), "corrected_p99_error_pct",
			 rounded(o->corrected_p99_error_pct, 1e-3), "verdict", verdict(o));
}

static json_t *workload_to_json(const struct load_report *r)
{
	const struct workload *w = r->workload;

	return json_pack("{s:s, s:s, s:I, s:s, s:I, s:I, s:I, s:i, s:I, s:b, s:f, s:f, s:f}",
			 "name", w->name, "file_sha256", w->sha256, "seed", (json_int_t)w->seed,
			 "trace_hash", r->trace->hash, "duration_ns",
			 (json_int_t)r->trace->duration_ns, "warmup_ns", (json_int_t)w->warmup_ns,
			 "window_ns", (json_int_t)r->window_ns, "servers", (int)r->trace->servers,
			 "lateness_budget_ns", (json_int_t)w->lateness_budget_ns, "memory_locked",
			 r->memory_locked, "dispatch_cost_ns", rounded(r->dispatch_cost_ns, 1),
			 "other_cost_ns", rounded(r->other_cost_ns, 1), "burn_error_ns",
			 rounded(r->burn_error_ns, 1));
}

static int add_metrics(const struct load_report *r, json_t *result)
{
	json_t *metrics = json_object_get(result, "metrics");
	int err = 0;

	if (!json_is_object(metrics)) {
		metrics = json_object();
		err = set(result, "metrics", metrics);
	}
	if (r->released || r->unreleased) {
		err |= set_hist(metrics, "sojourn", &r->sojourn);
		err |= set_hist(metrics, "wakeup", &r->wakeup);
		err |= set_hist(metrics, "wait", &r->wait);
		err |= set_hist(metrics, "lateness", &r->lateness);
	}
	for (size_t i = 0; !err && i < r->class_count; i++) {
		enum class_kind kind = spec_of(r, i)->kind;

		/* What only one kind measures stands for the run too; the first such class speaks. */
		for (int h = 0; h < CLASS_HISTS; h++)
			if (hist_names[kind][h] && !json_object_get(metrics, hist_names[kind][h]))
				err |= set_hist(metrics, hist_names[kind][h],
						&r->classes[i].hists[h]);
	}
	return err;
}

int load_report_add(const struct load_report *r, json_t *result)
{
	json_t *classes = json_array(), *oracles = json_array();
	int err = 0;

	for (size_t i = 0; i < r->class_count; i++)
		err |= json_array_append_new(classes, class_to_json(r, i));
	for (int oracle = 0; oracle < ORACLE_COUNT; oracle++)
		if (r->has_oracle[oracle])
			err |= json_array_append_new(oracles, oracle_to_json(r, oracle));
	err |= set(result, "workload", workload_to_json(r));
	err |= add_metrics(r, result);
	err |= set(result, "classes", classes);
	err |= set(result, "oracles", oracles);
	for (size_t i = 0; i < r->reason_count; i++)
		err |= result_invalidate(result, r->reasons[i]);
	return err ? -ENOMEM : 0;
}

/* --- text ------------------------------------------------------------------------------------------- */

static void print_quantiles(FILE *out, const char *name, const struct hist *h)
{
	static const double quantiles[] = {0.5, 0.9, 0.99, 0.999};
	char text[32];

	if (!h->count)
		return;
	fprintf(out, "    %-13s mean %9s", name,
		time_format((uint64_t)llround(hist_mean(h)), text, sizeof(text)));
	for (size_t i = 0; i < sizeof(quantiles) / sizeof(quantiles[0]); i++) {
		bool known = hist_quantile_known(h, quantiles[i]);

		fprintf(out, "  p%g %9s", 100 * quantiles[i],
			known ? time_format(hist_quantile(h, quantiles[i]), text, sizeof(text))
			      : "-");
	}
	fprintf(out, "  max %9s\n", time_format(h->max, text, sizeof(text)));
}

static void print_class(const struct load_report *r, size_t class, FILE *out)
{
	const struct class_report *c = &r->classes[class];
	const struct class_spec *spec = spec_of(r, class);

	fprintf(out, "  %s (%s, %u threads): CPU share %.3f", spec->name,
		class_kind_names[spec->kind], c->threads, cpu_share(r, c));
	if (class_has_jobs(spec->kind))
		fprintf(out, ", jobs: %llu released, %llu done, %llu censored, %llu in warm-up",
			(unsigned long long)c->released, (unsigned long long)c->done,
			(unsigned long long)c->censored, (unsigned long long)c->warmup);
	if (round_names[spec->kind] && r->window_ns)
		fprintf(out, ", %llu %s, %.1f a second", (unsigned long long)c->rounds,
			round_names[spec->kind],
			(double)c->rounds * NSEC_PER_SEC / (double)r->window_ns);
	if (spec->kind == KIND_STRESS)
		fprintf(out, ", %.0f bogo operations", c->stress_ops);
	fputc('\n', out);
	print_quantiles(out, "sojourn", &c->sojourn);
	print_quantiles(out, "wakeup", &c->wakeup);
	for (int h = 0; h < CLASS_HISTS; h++)
		if (hist_names[spec->kind][h])
			print_quantiles(out, hist_names[spec->kind][h], &c->hists[h]);
}

static void print_oracles(const struct load_report *r, FILE *out)
{
	if (r->no_oracle) {
		fprintf(out, "No oracle: %s.\n", r->no_oracle);
		return;
	}
	fprintf(out,
		"Sojourns against what the same trace must give on %u CPU%s (measured: mean %.3f "
		"ms, "
		"p99 %.3f ms):\n"
		"  %-5s %11s %11s %13s %8s %8s %15s %s\n",
		r->trace->servers, r->trace->servers == 1 ? "" : "s", r->measured_mean_ns / 1e6,
		r->measured_p99_ns / 1e6, "", "mean, ms", "p99, ms", "theory, ms", "mean, %",
		"p99, %", "corrected, %", "");
	for (int i = 0; i < ORACLE_COUNT; i++) {
		const struct oracle_result *o = &r->oracles[i];
		char theory[32] = "-";

		if (isfinite(o->closed_form_ns))
			snprintf(theory, sizeof(theory), "%.3f", o->closed_form_ns / 1e6);
		fprintf(out, "  %-5s %11.3f %11.3f %13s %+8.2f %+8.2f   %+5.2f / %+5.2f %s\n",
			oracle_names[i], o->mean_ns / 1e6, o->p99_ns / 1e6, theory, o->error_pct,
			o->p99_error_pct, o->corrected_error_pct, o->corrected_p99_error_pct,
			verdict(o));
	}
	fprintf(out,
		"  Corrected: with the jobs' real CPU time (mean %+.2f us) and that of everything "
		"else "
		"(%.1f us a job, %.1f of them the dispatcher's) in the services.\n",
		r->burn_error_ns / 1e3, r->other_cost_ns / 1e3, r->dispatch_cost_ns / 1e3);
}

int load_report_print(const struct load_report *r, FILE *out)
{
	char text[32];

	fprintf(out, "%s, seed %llu, %s measured, trace %.12s\n", r->workload->name,
		(unsigned long long)r->workload->seed,
		time_format(r->window_ns, text, sizeof(text)), r->trace->hash);
	if (r->sojourn.count) {
		fprintf(out, "\nSojourn (intended arrival to completion):\n");
		hist_print_log2(&r->sojourn, NSEC_PER_USEC, "us", out);
		fputc('\n', out);
	}
	for (size_t i = 0; i < r->class_count; i++)
		print_class(r, i, out);
	print_quantiles(out, "dispatch late", &r->lateness);
	fputc('\n', out);
	print_oracles(r, out);
	for (size_t i = 0; i < r->reason_count; i++)
		fprintf(out, "%s: %s.\n", i ? "         " : "NOT VALID", r->reasons[i]);
	return ferror(out) || fflush(out) ? -EIO : 0;
}

int load_report_write_jobs(const struct load_report *r, FILE *out)
{
	if (!r->times)
		return -ENODATA;
	fprintf(out, "class,index,intended_ns,released_ns,first_run_ns,done_ns\n");
	for (size_t i = 0; i < r->trace->count; i++) {
		const struct job *job = &r->trace->jobs[i];
		const struct job_times *t = &r->times[i];

		fprintf(out, "%s,%" PRIu32 ",%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%" PRIu64 "\n",
			spec_of(r, job->class)->name, job->index, r->start_ns + job->intended_ns,
			t->released_ns, t->first_run_ns, t->done_ns);
	}
	return ferror(out) ? -EIO : 0;
}

int load_report_expect(const struct load_report *r, const char *name, double pct,
		       double corrected_pct, char *error, size_t error_size)
{
	const struct oracle_result *o;
	int i;

	for (i = 0; i < ORACLE_COUNT && strcmp(name, oracle_names[i]) != 0; i++)
		;
	if (i == ORACLE_COUNT) {
		snprintf(error, error_size, "there is no oracle '%s'; there are fcfs, ps and srpt",
			 name);
		return -ENOENT;
	}
	if (!r->has_oracle[i]) {
		snprintf(error, error_size, "oracle %s cannot say anything: %s", name,
			 r->no_oracle ? r->no_oracle : "no job was measured");
		return -ENOENT;
	}
	o = &r->oracles[i];
	if (fabs(o->error_pct) <= pct && fabs(o->p99_error_pct) <= pct &&
	    fabs(o->corrected_error_pct) <= corrected_pct &&
	    fabs(o->corrected_p99_error_pct) <= corrected_pct)
		return 0;
	snprintf(
		error, error_size,
		"oracle %s: mean %+.2f %%, p99 %+.2f %% (allowed %g %%); corrected: mean %+.2f %%, "
		"p99 %+.2f %% (allowed %g %%)",
		name, o->error_pct, o->p99_error_pct, pct, o->corrected_error_pct,
		o->corrected_p99_error_pct, corrected_pct);
	return -ERANGE;
}
