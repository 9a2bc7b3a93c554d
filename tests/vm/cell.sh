#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# cost: 30
# `schedlab cell` in the virtual lab: a whole result for a good run, a marked one for an ejection, and for every mistake
# a message, a status, no file and no scheduler left loaded.
. "$(dirname "$0")/../lib.sh"

guest --lab --out "$tmp" --with "$root/tests/data/light.ini" --with "$root/tests/data/cell_errors.sh" \
	--with "$root/build/tests/guest/actor" -- /with/cell_errors.sh
cases=$out
check_equal "the guest's script ran to its end" 0 "$status"

# outcome NAME "STATUS FILE ACTIVE" [MESSAGE]
outcome() {
	check_equal "$1: status, file, scheduler left" "$2" "$(sed -n "s/^$1 //p" <<< "$cases")"
	[ $# -lt 3 ] || check_match "$1: says what is wrong" "$3" "$(cat "$tmp/$1.err")"
}
outcome good "0 yes none"
outcome default "0 yes none"
outcome graphs "0 yes none"
outcome ejected "$(sed -n 's/^ejected \(8[12]\) .*/\1/p' <<< "$cases") yes none" 'not valid: the scheduler was ejected'
outcome late "5 yes none" 'not valid: the dispatcher was late: 99 % of the jobs within [0-9.]+ ms, the budget is 500(\.0)? us'
outcome no-scheduler "2 no none" "fifi.*fifo"
outcome no-option "2 no none" "slice: fifo has no option"
outcome out-of-bounds "2 no none" "slice_us"
outcome default-option "2 no none" "default scheduler has no options"
outcome no-workload "2 no none" "none.ini"
outcome bad-number "2 no none" "--seed"
outcome missing "2 no none" "--workload is missing"
outcome no-folder "1 no none" "No such file or directory"
outcome signal "1 no none" "interrupted: no result written"
outcome host "0 yes none"
outcome nobody-auto "3 no none" 'vm/run is not found'
outcome nobody-host "3 no none" 'on this host the cells need root; --vm runs them in guests'
check_equal "host: the cell ran on the machine itself, without a guest" "fifo true null" \
	"$(jq -r '"\(.scheduler.name) \(.validity.valid) \(.host.guest)"' "$tmp/host/cells/fifo/light-s1-r0.json")"
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
for kind in offcpu wakeups; do
	check "graphs: $kind is a picture, whole" sh -c 'head -c 200 "$1" | grep -q "<svg" && tail -c 10 "$1" | grep -q "</svg>"' - \
		"$tmp/graphs.$kind.svg"
done
check "graphs: the off-CPU graph names the place where a pool's thread waits" grep -q 'data-n="futex_wait"' "$tmp/graphs.offcpu.svg"
check "graphs: the wake graph has the dispatcher in it" grep -q dispatcher "$tmp/graphs.wakeups.svg"
expect "graphs: such a run is never compared" 2 --err 'they recorded graphs' -- \
	"$schedlab" compare "$tmp/graphs.json" -- "$tmp/good.json"
expect "graphs: they are in the report" 0 --no-err -- sh -c '"$1" report -q "$2" -o "$3" 2> "$3.err" &&
	grep -q "iframe sandbox.*title=\"Off-CPU flame graph, fifo under light" "$3"' - "$schedlab" "$tmp/graphs.json" "$tmp/graphs.html"
check_equal "default: its name, before and after" "default default default" \
	"$(field default '"\(.scheduler.name) \(.scheduler.ops_before) \(.scheduler.ops_after)"')"
check_equal "ejected: not valid, with the exit record" "false true" \
	"$(field ejected '"\(.validity.valid) \(.exit.kind >= 1024)"')"
expect "the files can be compared; the ejected one is named as not valid" 2 --err 'not valid' -- \
	"$schedlab" compare "$tmp/ejected.json" -- "$tmp/ejected.json"
expect "late: marked, kept, told and not averaged in" 0 --out 'left out because marked not valid: 1 of A, 0 of B' -- \
	"$schedlab" compare "$tmp/good.json" "$tmp/late.json" -- "$tmp/good.json"
expect "a good one is good for the reader" 0 -- "$schedlab" compare "$tmp/good.json" -- "$tmp/good.json"
