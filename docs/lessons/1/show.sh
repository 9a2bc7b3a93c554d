#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Lesson 1: tables from the three runs in $OUT.
set -euo pipefail
here=$(dirname "$0")/..
query() { jq -r -L "$here" "include \"lib\"; $1" "$2"; }

echo "@@ humps"
sed -n '/^Sojourn (/,/^$/p' "$OUT/fifo.txt" | sed '/^$/d'

echo "@@ schedulers"
{
	printf 'ms\tshort mean\tshort p50\tshort p90\tlong mean\n'
	for run in fifo fifo-4ms default; do
		printf '%s\t' "$run"
		query '[(class("short").metrics.sojourn | mean, quantile(0.5), quantile(0.9)),
			(class("long").metrics.sojourn | mean)] | map(ms) | @tsv' "$OUT/$run.json"
	done
} | awk -f "$here/table.awk"

echo "@@ oracles"
{
	printf 'all jobs, mean sojourn in ms\tmeasured\tFCFS oracle\tPS oracle\n'
	for run in fifo fifo-4ms default; do
		printf '%s\t' "$run"
		query '.oracles | map({key: .name, value: .}) | from_entries |
			[.fcfs.measured_mean_ns, .fcfs.mean_ns, .ps.mean_ns] | map(ms) | @tsv' "$OUT/$run.json"
	done
} | awk -f "$here/table.awk"
