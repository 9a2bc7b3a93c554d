#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Lesson 1: tables from the three runs in $OUT.
set -euo pipefail
here=$(dirname "$0")/..
. "$here/claims.sh"
query() { jq -r -L "$here" "include \"lib\"; $1" "$2"; }

echo "@@ humps"
sed -n '/^Sojourn (/,/^$/p' "$OUT/fifo.txt" | sed '/^$/d'

echo "@@ schedulers"
schedulers=$({
	printf 'ms\tshort mean\tshort p50\tshort p90\tlong mean\n'
	for run in fifo fifo-4ms default; do
		printf '%s\t' "$run"
		query '[(class("short").metrics.sojourn | mean, quantile(0.5), quantile(0.9)),
			(class("long").metrics.sojourn | mean)] | map(ms) | @tsv' "$OUT/$run.json"
	done
} | awk -f "$here/table.awk")
echo "$schedulers"

echo "@@ oracles"
oracles=$({
	printf 'all jobs, mean sojourn in ms\tmeasured\tFCFS oracle\tPS oracle\n'
	for run in fifo fifo-4ms default; do
		printf '%s\t' "$run"
		query '.oracles | map({key: .name, value: .}) | from_entries |
			[.fcfs.measured_mean_ns, .fcfs.mean_ns, .ps.mean_ns] | map(ms) | @tsv' "$OUT/$run.json"
	done
} | awk -f "$here/table.awk")
echo "$oracles"

s() { cell "$schedulers" "$@"; }
o() { cell "$oracles" "$@"; }
value long-jobs "$(jq '.classes[] | select(.name == "long").jobs.released' "$OUT/fifo.json")"
claim "A slice breaks the convoy: the short jobs gain a great deal." "$(s fifo 2) > 3 * $(s fifo-4ms 2)"
claim "The long ones lose, but measured in their own length little." \
	"$(s fifo-4ms 5) > $(s fifo 5) && $(s fifo-4ms 5) < 2 * $(s fifo 5)"
claim "The default scheduler does better still for the short ones." "$(s default 2) < $(s fifo-4ms 2)"
claim "almost nobody has the mean (half of the short jobs take less than a third of it)" "$(s fifo 3) < $(s fifo 2) / 3"
claim "FIFO without slices is the first of them, to a percent or so." \
	"$(o fifo 2) > 0.98 * $(o fifo 3) && $(o fifo 2) < 1.025 * $(o fifo 3)"
claim "The default scheduler comes close to the second." "$(o default 2) > 0.9 * $(o default 4) && $(o default 2) < 1.1 * $(o default 4)"
claim "FIFO with a slice is in between." "$(o fifo-4ms 2) < $(o fifo 2) && $(o fifo-4ms 2) > $(o default 2)"
claim "The measured mean is lower than theory's 63 ms." "$(o fifo 2) < 63"
