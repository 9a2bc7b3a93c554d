#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Lesson 3: tables from the runs in $OUT.
set -euo pipefail
here=$(dirname "$0")/..
query() { jq -r -L "$here" "include \"lib\"; $1" "$2"; }

row() {
	printf '%s\t' "$1"
	query '[(class("sleeper").metrics.wakeup | quantile(0.5), quantile(0.9), quantile(0.99)) | us] +
		[(.classes[] | select(.name == "hogs") | .cpu_share * 1000 | round / 10 | tostring) // "-"] | @tsv' "$OUT/$1.json" |
		tr -d '\n'
	awk -v name="$1" '$1 == name { printf "\t%.0f\n", $2 / 15 }' "$OUT/switches"
}
head='\tp50, us\tp90, us\tp99, us\thogs, %% of CPU\tswitches a second\n'

echo "@@ slices"
{
	printf "slice of FIFO$head"
	for run in fifo-4ms fifo-20ms fifo-100ms; do row $run; done
} | awk -f "$here/table.awk"

echo "@@ schedulers"
{
	printf "scheduler$head"
	for run in alone lottery default latency; do row $run; done
} | awk -f "$here/table.awk"
