#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Lesson 3, in the guest: one sleeper beside three hogs, under one scheduler after the other.
set -e

switches() { awk '/^ctxt/ { print $2 }' /proc/stat; }

# measure NAME WORKLOAD [SCHEDULER ARGUMENTS...]
measure() {
	name=$1 load="schedlab load $2 -d 15 -o /out/$1.json"
	shift 2
	before=$(switches)
	if [ $# -gt 0 ]; then
		schedlab run "$@" -- sh -c "$load > /dev/null"
	else
		$load > /dev/null
	fi
	echo "$name $(($(switches) - before))" >> /out/switches
}

measure alone alone
measure fifo-4ms mix fifo --set slice_us=4000
measure fifo-20ms mix fifo --set slice_us=20000
measure fifo-100ms mix fifo --set slice_us=100000
measure lottery mix lottery
measure default mix
measure latency mix latency
