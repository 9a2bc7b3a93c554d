#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# cost: 40
# The virtual lab repeats itself: one cell twice, result files identical byte for byte. make attest does more of it.
. "$(dirname "$0")/../lib.sh"
cd "$root"
cell=(--sched fifo --workload /workloads/mix.ini -d 4s --ledger)
expect "the same cell twice gives the same result" 0 --out '^ok - the same result twice' -- tests/attest "${cell[@]}"
expect "another seed is seen as a difference" 1 --out '^not ok - the two result files differ' -- \
	env ATTEST_SECOND="--seed 7" tests/attest "${cell[@]}"
