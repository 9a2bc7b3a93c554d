#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Lesson 3: tables from the runs in $OUT.
set -euo pipefail
here=$(dirname "$0")/..
. "$here/claims.sh"
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
slices=$({
	printf "slice of FIFO$head"
	for run in fifo-4ms fifo-20ms fifo-100ms; do row $run; done
} | awk -f "$here/table.awk")
echo "$slices"

echo "@@ schedulers"
schedulers=$({
	printf "scheduler$head"
	for run in alone lottery default latency; do row $run; done
} | awk -f "$here/table.awk")
echo "$schedulers"

s() { cell "$schedulers" "$@"; }
for ms in 4 20 100; do
	p50=$(cell "$slices" fifo-${ms}ms 2) p99=$(cell "$slices" fifo-${ms}ms 4)
	# A slice ends at a tick of 4 ms.
	claim "It waits for up to three slices; the median lies in the middle." \
		"$p99 < 1000 * (3 * ($ms + 4) + 8) && $p50 > 1000 * 0.8 * $ms && $p50 < 1000 * 2.2 * ($ms + 4)"
done
claim "Short slices make many switches, long ones few." \
	"$(cell "$slices" fifo-4ms 6) > $(cell "$slices" fifo-20ms 6) && $(cell "$slices" fifo-20ms 6) > $(cell "$slices" fifo-100ms 6)"
claim "The hogs' share of the CPU hardly changes." \
	"$(cell "$slices" fifo-4ms 5) > 94 && $(cell "$slices" fifo-100ms 5) < 95.3 && $(cell "$slices" fifo-100ms 5) > 94"
claim "lottery: it may, with bad luck, wait for long (p99 beyond the default's worst)" "$(s lottery 4) > 2 * $(s default 4)"
claim "default: it waits for the end of a turn, a little below one tick (4 ms), not of three" "$(s default 2) < 4000 && $(s default 4) < 12000"
claim "latency: the median is that of an empty machine" "$(s latency 2) < 1.3 * $(s alone 2)"
claim "alone and latency: at p99 its own jobs, which come before the last one is done" "$(s alone 4) > 300 && $(s latency 4) < 3 * $(s alone 4)"
for run in lottery default latency; do
	claim "What is missing from the hogs' share beside the sleeper's 5 % is less than one per cent." "95 - $(s $run 5) < 1 && $(s $run 5) < 95.3"
done
