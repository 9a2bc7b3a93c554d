#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Lesson 5: tables from the runs in $OUT.
set -euo pipefail
here=$(dirname "$0")/..
. "$here/claims.sh"
query() { jq -r -L "$here" "include \"lib\"; $1" "$2"; }
row='.metrics.sojourn as $s | .oracles[] | select(.name == "fcfs") |
	[.closed_form_mean_ns // 0, .mean_ns, .corrected_mean_ns, ($s | mean), ($s | quantile(0.5)), ($s | quantile(0.99))] | map(ms) | @tsv'

echo "@@ utilisation"
utilisation=$({
	printf 'utilisation\ttheory\toracle\toracle with costs\tmeasured\tp50\tp99\n'
	for percent in 30 50 70 80 90; do
		printf '0.%s\t' "$percent"
		query "$row" "$OUT/rho-$percent.json"
	done
} | awk -f "$here/table.awk")
echo "$utilisation"

echo "@@ variance"
variance=$({
	printf 'services\ttheory\toracle\toracle with costs\tmeasured\tp50\tp99\n'
	for services in constant erlang exponential bimodal; do
		printf '%s\t' "$services"
		query "$row" "$OUT/$services.json"
	done
} | awk -f "$here/table.awk")
echo "$variance"

u() { cell "$utilisation" "$@"; }
v() { cell "$variance" "$@"; }
calculate() { awk "BEGIN { printf \"$1\", $2 }"; }
# What a job costs beside its service, over the services: seen at a utilisation of 0.9.
cost_ns=$(jq '.workload | .dispatch_cost_ns' "$OUT/rho-90.json")
value cost-us "$(calculate %.0f "$cost_ns / 1000")"
value cost-pct "$(calculate %.1f "$cost_ns / 2e4")"
value busy "$(calculate %.3f "0.9 * (1 + $cost_ns / 2e6)")"
value eaten-pct "$(calculate %.0f "0.9 * $cost_ns / 2e6 / 0.1 * 100")"
value sojourn-pct "$(calculate %.0f "100 * ($(u 0.90 4) / $(u 0.90 3) - 1)")"
value p99-ratio "$(calculate %.1f "$(v exponential 7) / $(v exponential 5)")"
claim "The oracle is below the theory, most of all at 0.9." \
	"$(u 0.50 3) < $(u 0.50 2) && $(u 0.90 3) / $(u 0.90 2) < $(u 0.50 3) / $(u 0.50 2) && $(u 0.90 3) / $(u 0.90 2) < $(u 0.80 3) / $(u 0.80 2)"
for rho in 0.30 0.50 0.70 0.80 0.90; do
	claim "Measured is above the oracle." "$(u $rho 5) > $(u $rho 3)"
	claim "Oracle with costs is where the measurement is." "$(u $rho 5) > 0.97 * $(u $rho 4) && $(u $rho 5) < 1.03 * $(u $rho 4)"
done
claim "At 0.9 it costs far more of the sojourn than at 0.3, where nobody sees it." \
	"$(u 0.90 4) / $(u 0.90 3) > 1.08 && $(u 0.30 4) / $(u 0.30 3) < 1.04"
claim "p99 is nearer to four times the mean than to ln 100." "$(v exponential 7) / $(v exponential 5) < 4.3"
claim "a factor of ten between the sojourns" "$(v bimodal 5) > 8 * $(v constant 5) && $(v bimodal 5) < 15 * $(v constant 5)"
claim "The bimodal oracle is far from the theory." "$(v bimodal 3) > 1.2 * $(v bimodal 2) || $(v bimodal 3) < 0.8 * $(v bimodal 2)"
