#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# shellcheck disable=SC2086 # names without spaces, words that are meant to split
# In the guest: "NAME MEAN" lines, ns for one pipe round trip under each tool, and without any before and after.
rounds=4000

echo N > /sys/module/damon_stat/parameters/enabled 2> /dev/null
sleep 2

. /with/attached.sh

under() { # NAME COMMAND...
	name=$1
	shift
	"$@" > /out/$name.txt 2> /out/$name.err &
	pid=$!
	if attached $pid; then
		sleep 1
		echo "$name $(pingpong $rounds)"
	else
		echo "$name failed"
	fi
	kill -INT $pid
	wait $pid
}

three() { # NAME COMMAND COMMAND COMMAND
	name=$1 pids=
	shift
	for command; do
		$command > /dev/null 2>&1 &
		pids="$pids $!"
	done
	for pid in $pids; do attached $pid && sleep 1 || echo "$name failed"; done
	echo "$name $(pingpong $rounds)"
	kill -INT $pids
	wait
}

echo "none $(pingpong $rounds)"
under theirs-runqlat runqlat
under theirs-offcpu offcputime
under theirs-wakeups wakeuptime
three theirs-three runqlat offcputime wakeuptime
under ours-runqlat schedlab runqlat -d 1000
under ours-runqlat-all schedlab runqlat -d 1000 --accounts --split wake,preempt,queue,delay
under ours-offcpu schedlab offcpu -d 1000 --json
under ours-offcpu-exact schedlab offcpu -d 1000 --exact --json
under ours-wakeups schedlab wakeups -d 1000 --json
under ours-wakeups-exact schedlab wakeups -d 1000 --exact --json
under ours-wakeups-chains schedlab wakeups -d 1000 --chains --json
three ours-three "schedlab runqlat -d 1000" "schedlab offcpu -d 1000" "schedlab wakeups -d 1000"
echo "none-again $(pingpong $rounds)"
