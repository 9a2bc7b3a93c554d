#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Lesson 6: what the guest printed is the page's tables. Which task is lost is chance, so its name is left out; of
# the verifier's log the first line is enough; and incidents are named by time and process.
awk '
	/^@@ / { rejected = $2 == "rejected"; lines = 0 }
	rejected && !/^(@@|exit)/ && ++lines > 2 { next }
	{
		sub(/stall: [^ ]+ failed/, "stall: TASK failed")
		sub(/\(max-wait\): .*/, "(max-wait): TASK has been runnable for too long")
		sub(/incident-.*\.json/, "incident-TIME-PID-1.json")
		print
	}' "$OUT/guest.text"

echo "@@ incident"
jq '{rule, status, active_ns, oldest_wait_ns: .guard.oldest_wait_ns, statistics, next}' "$OUT"/incident-*.json
