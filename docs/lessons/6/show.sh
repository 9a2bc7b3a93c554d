#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Lesson 6: what the guest printed is the page's tables. Which task is lost is chance, so its name is left out, and of the
# verifier's log the first line is enough.
awk '
	/^@@ / { rejected = $2 == "rejected"; lines = 0 }
	rejected && !/^(@@|exit)/ && ++lines > 2 { next }
	{ sub(/stall: [^ ]+ failed/, "stall: TASK failed"); print }' "$OUT/guest.text"
