#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# cost: 30
# `schedlab cell` in the virtual lab: a whole result for a good run, a marked one for an ejection, and for every mistake
# a message, a status, no file and no scheduler left loaded.
. "$(dirname "$0")/../lib.sh"

guest --lab --out "$tmp" --with "$root/tests/data/light.ini" --with "$root/tests/data/cell_errors.sh" -- \
	/with/cell_errors.sh
cases=$out
check_equal "the guest's script ran to its end" 0 "$status"

# outcome NAME "STATUS FILE ACTIVE" [MESSAGE]
outcome() {
	check_equal "$1: status, file, scheduler left" "$2" "$(sed -n "s/^$1 //p" <<< "$cases")"
	[ $# -lt 3 ] || check_match "$1: says what is wrong" "$3" "$(cat "$tmp/$1.err")"
}
outcome good "0 yes none"
outcome default "0 yes none"
outcome ejected "$(sed -n 's/^ejected \(8[12]\) .*/\1/p' <<< "$cases") yes none" 'not valid: the scheduler was ejected'
outcome no-scheduler "2 no none" "fifi.*fifo"
outcome no-option "2 no none" "slice: fifo has no option"
outcome out-of-bounds "2 no none" "slice_us"
outcome default-option "2 no none" "default scheduler has no options"
outcome no-workload "2 no none" "none.ini"
outcome bad-number "2 no none" "--seed"
outcome missing "2 no none" "--workload is missing"
outcome no-folder "1 no none" "No such file or directory"
outcome signal "1 no none" "interrupted: no result written"
check_equal "no half-written file is left" 0 "$(tail -n 1 <<< "$cases")"

# field FILE FILTER
field() {
	jq -r "$2" "$tmp/$1.json"
}
check_equal "good: scheduler, label, repetition" "fifo sched_ext mine 3" \
	"$(field good '"\(.scheduler.name) \(.scheduler.kind) \(.cell.label) \(.cell.repetition)"')"
check_equal "good: evidence, validity" "icount true" "$(field good '"\(.evidence) \(.validity.valid)"')"
check_equal "good: all jobs are there" true "$(field good '.metrics.sojourn.count == ([.classes[].jobs | .done - .warmup] | add)')"
check_equal "good: the ledger saw the same wakeups" true \
	"$(field good '.ledger.intervals.wakeup_latency.count >= .metrics.wakeup.count')"
check_equal "default: its name, before and after" "default default default" \
	"$(field default '"\(.scheduler.name) \(.scheduler.ops_before) \(.scheduler.ops_after)"')"
check_equal "ejected: not valid, with the exit record" "false true" \
	"$(field ejected '"\(.validity.valid) \(.exit.kind >= 1024)"')"
expect "the files can be compared; the ejected one is named as not valid" 2 --err 'not valid' -- \
	"$schedlab" compare "$tmp/ejected.json" -- "$tmp/ejected.json"
expect "a good one is good for the reader" 0 -- "$schedlab" compare "$tmp/good.json" -- "$tmp/good.json"
