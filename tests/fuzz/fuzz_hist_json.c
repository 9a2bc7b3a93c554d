// SPDX-License-Identifier: GPL-2.0
/* Histograms in result files that somebody else wrote: what is taken must be whole and survive a round trip. */
#include <stdlib.h>
#include <string.h>
#include "lib/hist.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void use(const struct hist *h)
{
	struct hist again, coarse;
	char error[128];
	json_t *json = hist_to_json(h, "ns");
	uint64_t last = 0;

	if (!json || hist_from_json(json, &again, error, sizeof(error)))
		abort();
	if (again.count != h->count || again.sum != h->sum || again.max != h->max)
		abort();
	for (int i = 0; i <= 10; i++) {
		uint64_t q = hist_quantile(h, i / 10.0);

		if (q < last || q > h->max)
			abort();
		last = q;
	}
	if (hist_init(&coarse, 1) || hist_merge(&coarse, h) || coarse.count != h->count)
		abort();
	if (hist_subtract(&again, h) || again.count)
		abort();
	hist_free(&coarse);
	hist_free(&again);
	json_decref(json);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char error[128] = "";
	json_t *json = json_loadb((const char *)data, size, JSON_DECODE_ANY, NULL);
	struct hist h;

	if (!json)
		return 0;
	if (!hist_from_json(json, &h, error, sizeof(error))) {
		use(&h);
		hist_free(&h);
	} else if (!error[0]) {
		abort();
	}
	json_decref(json);
	return 0;
}
