#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Lesson 6: what the guest printed is the page's tables. Which task is lost is chance, so its name is left out; of
# the verifier's log the first line is enough; incidents are named by time and process, objects by their hash.
set -euo pipefail
. "$(dirname "$0")/../claims.sh"
awk '
	/^@@ / { rejected = $2 == "rejected"; lines = 0 }
	rejected && !/^(@@|exit)|: loading / && ++lines > 2 { next }
	{
		sub(/stall: [^ ]+ failed/, "stall: TASK failed")
		sub(/\(max-wait\): .*/, "(max-wait): TASK has been runnable for too long")
		sub(/object [0-9a-f]+\.\.\./, "object SHA...")
		sub(/incident-.*\.json/, "incident-TIME-PID-1.json")
		print
	}' "$OUT/guest.text"

echo "@@ incident"
jq '{rule, status, active_ns, oldest_wait_ns: .guard.oldest_wait_ns, statistics, next}' "$OUT"/incident-*.json

status() { awk -v name="$1" '$0 == "@@ " name { inside = 1 } inside && /^exit status/ { print $3; exit }' "$OUT/guest.text"; }
for case in list:0 healthy:0 bounds:2 rejected:4 stall:82 after:0 guard:90; do
	claim "the exit status of ${case%:*}" "$(status "${case%:*}") == ${case#*:}"
done
claim "Three seconds are a long time (the stall is seen within 2 to 4 s)" \
	"$(sed -n 's/.*was ejected after \([0-9.]*\) s (kernel).*/\1/p' "$OUT/guest.text") > 2 && $(sed -n 's/.*was ejected after \([0-9.]*\) s (kernel).*/\1/p' "$OUT/guest.text") < 4"
claim "A third of a second after the task was lost the scheduler was out" \
	"$(jq .guard.oldest_wait_ns "$OUT"/incident-*.json) >= 300e6 && $(jq .guard.oldest_wait_ns "$OUT"/incident-*.json) < 450e6"
