#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# cost: 30
# top on a terminal (a VT100 without any terminal description, as a serial console is) and without one, in the virtual
# lab: what it shows of a program that knows how it waits, its keys, a name with terminal sequences, wrong use.
. "$(dirname "$0")/../lib.sh"
cd "$tmp"
tools=$root/build/tests/tools

cat > guest.sh << 'END'
(while [ ! -e /tmp/done ]; do /with/waits "$(printf 'x\033[2J\001')" > /dev/null; done) &
env -u TERM /with/pty 20 110 'x\x1b' s '(cpu)' q -- schedlab top 1 > /out/screens 2>&1
echo $? > /out/pty.status
schedlab top --batch --lines 3 0.5 2 > /out/batch 2> /out/batch.err
echo $? > /out/batch.status
schedlab top -d 1 --json > /out/top.json 2> /dev/null
echo $? > /out/json.status
touch /tmp/done
schedlab top --sort cpy 2> /out/sort.err; echo $? > /out/sort.status
END
guest --lab --timeout 1200 --out out --with "$tools/waits" --with "$tools/pty" --with guest.sh -- sh /with/guest.sh
check_equal "the guest ran" 0 "$status"
[ "$status" -eq 0 ] || { printf '%s\n' "$err" | tail -n 5 | sed 's/^/# /'; exit 0; }

check_equal "keys lead to a good end" 0 "$(cat out/pty.status)"
first=$(sed -n '/^screen 1$/,/^screen 2$/p' out/screens)
check_match "the active scheduler stands in the first line" '^01\|schedlab top: scheduler default, [0-9.]+ s, 1 CPUs$' "$first"
check_match "rates and the instrument's cost in the second" '^02\|switches [0-9]+/s, wakings [0-9]+/s, lost 0, cost [0-9.]+ %' "$first"
check_match "quantiles for each class" '^0[34]\|fair +[0-9]+ tasks +[0-9.]+ %CPU +[0-9]+ waits  p50 ' "$first"
check_match "the columns are named" '\|    PID CLASS      RUN%  QUE%  PRE%  BLK%' "$first"
check_match "a name with terminal sequences is shown, not obeyed" 'x\\x1b\[2J\\x01' "$first"
check_match "the last line tells the keys" '^20\|q quit, s sort \(wait\)' "$first"
check_match "s changes the order" '^20\|q quit, s sort \(cpu\)' "$(sed -n '/^screen 2$/,/^screen 3$/p' out/screens)"

check_equal "batch mode ends by itself" 0 "$(cat out/batch.status)"
check_equal "after two tables" 2 "$(grep -c '^schedlab top: scheduler default' out/batch)"
check_equal "of three tasks each" "2" "$(grep -cE '^3 of [0-9]+ tasks$' out/batch)"
check_equal "without a control character" "" "$(tr -d '\n\40-\176' < out/batch)"

check_equal "JSON" "schedlab.top/1 default 0" "$(jq -r '"\(.schema) \(.scheduler)"' out/top.json) $(cat out/json.status)"
check_equal "shares of a task add up to its time, to 0.1 %" true "$(jq '
	[.tasks[] | select(.switches > 20) | .running + .queued + .preempted + .blocked] | length > 0 and all(.[]; . > 0.999 and . < 1.001)' out/top.json)"
check_equal "a task that waits longest comes first" true "$(jq '[.tasks[].wait_ns] | . == (sort | reverse)' out/top.json)"
check_equal "an order that there is not" 2 "$(cat out/sort.status)"
check_match "is named, with the nearest" "there is no order 'cpy'; did you mean cpu" "$(cat out/sort.err)"
