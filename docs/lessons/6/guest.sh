#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Lesson 6, in the guest: a scheduler that works, is rejected, stalls,
# and is taken out by the guard.
cd /tmp || exit 1

# say NAME COMMAND...: a table with the command, what it printed and its exit status.
say() {
	name=$1
	shift
	echo "@@ $name"
	echo "# schedlab $*"
	schedlab "$@" 2>&1
	echo "exit status $?"
}

cp /with/*.bpf.o .
say list list ./mine.bpf.o
say healthy run ./mine.bpf.o -- stress-ng --quiet --switch 2 --timeout 1
say bounds run ./mine.bpf.o --set slice_us=7
say rejected run ./rejected.bpf.o -d 1
say stall run ./mine.bpf.o --set forget=1 --timeout 2s -- stress-ng --quiet --switch 2 --cpu 2 --timeout 6
say after status
say guard run ./mine.bpf.o --set forget=1 --max-wait 300ms --fallback fifo --incidents /out -- \
	stress-ng --quiet --switch 2 --cpu 2 --timeout 3
