#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Lesson 2: tables from the three runs in $OUT.
set -euo pipefail
here=$(dirname "$0")/..
. "$here/claims.sh"
draws=$(jq '.schedulers[0].statistics.draws' "$OUT/run.json")
cpu_shares() { jq -r '[.classes[].cpu_share] | @tsv' "$OUT/$1.json"; }

echo "@@ shares"
shares=$({
	printf 'share of the CPU, %%\tgold\tsilver\tbronze\n'
	printf 'tickets say\t%s\t%s\t%s\n' 56.2 28.9 14.9
	for run in lottery default fifo; do
		printf '%s\t' $run
		cpu_shares $run | awk '{ s = $1 + $2 + $3; printf "%.1f\t%.1f\t%.1f\n", 100 * $1 / s, 100 * $2 / s, 100 * $3 / s }'
	done
} | awk -f "$here/table.awk")
echo "$shares"

# Weights of nice 0, 3 and 6. With two degrees of freedom the tail of chi-square is exp(-x / 2).
echo "@@ chi-square"
chi=$({
	printf 'scheduler\tdraws\tchi-square\tp\n'
	for run in lottery default fifo; do
		cpu_shares $run | awk -v n="$draws" -v run=$run '
			BEGIN { w[1] = 1024; w[2] = 526; w[3] = 272; all = 1024 + 526 + 272 }
			{
				s = $1 + $2 + $3
				for (i = 1; i <= 3; i++) {
					expected = n * w[i] / all
					x += ($i / s * n - expected) ^ 2 / expected
				}
				printf "%s\t%d\t%.2f\t%.2f\n", run, n, x, exp(-x / 2)
			}'
	done
} | awk -f "$here/table.awk")
echo "$chi"

for i in 2 3 4; do
	promised=$(awk -v i=$i '$1 == "tickets" { print $(i + 1) }' <<< "$shares")
	claim "The lottery comes near." "$(cell "$shares" lottery $i) > $promised - 3 && $(cell "$shares" lottery $i) < $promised + 3"
	claim "FIFO with a slice gives everybody a third." "$(cell "$shares" fifo $i) > 33 && $(cell "$shares" fifo $i) < 33.7"
	claim "The default scheduler hits the promise to the digit." \
		"$(cell "$shares" default $i) > $promised - 0.15 && $(cell "$shares" default $i) < $promised + 0.15"
done
claim "lottery: chance does as much in a good part of all runs" "$(cell "$chi" lottery 4) > 0.05 && $(cell "$chi" lottery 4) < 0.99"
claim "fifo: p is 0." "$(cell "$chi" fifo 4) < 0.005"
claim "default: p is 1. Too good." "$(cell "$chi" default 4) > 0.99"
