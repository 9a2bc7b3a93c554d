#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Lesson 5: tables from the runs in $OUT.
set -euo pipefail
here=$(dirname "$0")/..
query() { jq -r -L "$here" "include \"lib\"; $1" "$2"; }
row='.metrics.sojourn as $s | .oracles[] | select(.name == "fcfs") |
	[.closed_form_mean_ns // 0, .mean_ns, .corrected_mean_ns, ($s | mean), ($s | quantile(0.5)), ($s | quantile(0.99))] | map(ms) | @tsv'

echo "@@ utilisation"
{
	printf 'utilisation\ttheory\toracle\toracle with costs\tmeasured\tp50\tp99\n'
	for percent in 30 50 70 80 90; do
		printf '0.%s\t' "$percent"
		query "$row" "$OUT/rho-$percent.json"
	done
} | awk -f "$here/table.awk"

echo "@@ variance"
{
	printf 'services\ttheory\toracle\toracle with costs\tmeasured\tp50\tp99\n'
	for services in constant erlang exponential bimodal; do
		printf '%s\t' "$services"
		query "$row" "$OUT/$services.json"
	done
} | awk -f "$here/table.awk"
