// SPDX-License-Identifier: GPL-2.0
/*
 * Writes result files with made-up latencies for tests and benchmarks of the comparison and the report:
 *	make_results FOLDER LABEL RUNS MEAN_US [FIRST_SEED [SAMPLES [RUN_SPREAD]]]
 * Run i has seed FIRST_SEED + i, an effect of its seed that other folders share, and a spread of its own.
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/hist.h"
#include "lib/result.h"
#include "lib/rng.h"

static double draw_normal(struct rng *r)
{
	return sqrt(-2 * log(rng_open_double(r))) * cos(2 * M_PI * rng_double(r));
}

static json_t *draw(struct rng *r, int samples, double mean_ns)
{
	struct hist h;
	json_t *json;

	if (hist_init(&h, HIST_SUB_BITS_RESULT))
		return NULL;
	for (int i = 0; i < samples; i++)
		hist_add(&h, (uint64_t)(-log(rng_open_double(r)) * mean_ns));
	json = hist_to_json(&h, "ns");
	hist_free(&h);
	return json;
}

static int write_run(const char *folder, const char *label, uint64_t seed, int samples,
		     double mean_ns, double spread)
{
	struct rng shared, own;
	char path[512], hash[24];
	uint64_t stream = 0;
	json_t *document, *wakeup, *sojourn;
	double scale;
	int err;

	for (const char *c = label; *c; c++)
		stream = stream * 31 + (unsigned char)*c;
	rng_seed(&shared, seed, 1);
	rng_seed(&own, seed, stream + 2);
	scale = mean_ns * exp(0.2 * draw_normal(&shared)) * exp(spread * draw_normal(&own));
	wakeup = draw(&own, samples, scale);
	sojourn = draw(&own, samples, 5 * scale);
	snprintf(hash, sizeof(hash), "%016llx", (unsigned long long)rng_u64(&shared));
	document = json_pack(
		"{s:s, s:s, s:{s:s}, s:{s:s, s:s, s:{}, s:s, s:s}, s:{s:s}, s:{s:s, s:I, s:s}, "
		"s:{s:b, s:[]}, s:{s:o, s:o}, s:[], s:[], s:n, s:{}, s:{}, s:n, s:{}}",
		"schema", "schedlab.result/1", "evidence", "icount", "environment", "kernel",
		"6.18.15", "scheduler", "name", label, "kind", "sched_ext", "tunables",
		"ops_before", label, "ops_after", label, "cell", "label", label, "workload", "name",
		"made-up", "seed", (json_int_t)seed, "trace_hash", hash, "validity", "valid", 1,
		"reasons", "metrics", "wakeup", wakeup, "sojourn", sojourn, "classes", "oracles",
		"ledger", "identities", "losses", "exit", "host");
	if (!document)
		return -ENOMEM;
	snprintf(path, sizeof(path), "%s/%06llu.json", folder, (unsigned long long)seed);
	err = result_write(document, path);
	json_decref(document);
	return err;
}

int main(int argc, char **argv)
{
	uint64_t first = argc > 5 ? strtoull(argv[5], NULL, 10) : 1;
	int samples = argc > 6 ? atoi(argv[6]) : 2000;
	double spread = argc > 7 ? atof(argv[7]) : 0.01;

	if (argc < 5) {
		fputs("usage: make_results FOLDER LABEL RUNS MEAN_US [FIRST_SEED [SAMPLES "
		      "[RUN_SPREAD]]]\n",
		      stderr);
		return 2;
	}
	if (mkdir(argv[1], 0755) && errno != EEXIST) {
		fprintf(stderr, "make_results: %s: %s\n", argv[1], strerror(errno));
		return 1;
	}
	for (int i = 0; i < atoi(argv[3]); i++) {
		int err = write_run(argv[1], argv[2], first + (uint64_t)i, samples,
				    atof(argv[4]) * 1000, spread);

		if (err) {
			fprintf(stderr, "make_results: %s: %s\n", argv[1], strerror(-err));
			return 1;
		}
	}
	return 0;
}
