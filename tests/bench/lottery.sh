#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# shellcheck disable=SC2046,SC2086 # lists of numbers, split on purpose
# In the guest: one experiment with the lottery, its figures on stdout. tests/vm/lottery.sh judges them.
set -e
what=$1
shift
bench=/with/schedbench

# The threads of schedbench's yielders, once all have been made: all but the first.
threads() {
	set -- "$1" "$2" /proc/"$1"/task/*
	while [ $(($# - 2)) -le "$2" ]; do
		usleep 10000
		set -- "$1" "$2" /proc/"$1"/task/*
	done
	for task; do
		case $task in
		*/task/"$1") ;;
		*/task/*) echo "${task##*/}" ;;
		esac
	done | sort -n | tr '\n' ' '
}

# The children of a process, once there are as many.
children() {
	while [ "$(wc -w < "/proc/$1/task/$1/children")" -lt "$2" ]; do usleep 10000; done
	cat "/proc/$1/task/$1/children"
}

case $what in
draws) # draws won between two looks, with tickets 1:2:4
	$bench yield tasks=3 service_us=100 seconds=3 start_us=1000000 > /dev/null &
	set -- $(threads $! 3)
	schedlab tickets "$1=100" "$2=200" "$3=400" > /dev/null
	usleep 1200000
	schedlab tickets --json "$1" "$2" "$3"
	usleep 2200000
	schedlab tickets --json "$1" "$2" "$3"
	wait
	;;
cpus) # draws won by tasks that may run on any of four CPUs, tickets 1:2:4 by turns
	$bench yield tasks=12 service_us=1200 seconds=8 start_us=2000000 > /dev/null &
	n=0
	tasks=$(threads $! 12)
	set --
	for t in $tasks; do
		n=$((n + 1))
		set -- "$@" "$t=$((100 << (n % 3)))"
	done
	schedlab tickets "$@" > /dev/null
	usleep 2500000
	schedlab tickets --json $tasks
	sleep 5
	schedlab tickets --json $tasks
	wait
	;;
currencies) # two cgroups, weights (or tickets, with the word) 100 and 300, with one and two hogs
	echo +cpu > /sys/fs/cgroup/cgroup.subtree_control
	for c in a:100:1 b:300:2; do
		mkdir -p "/sys/fs/cgroup/${c%%:*}"
		w=${c#*:}
		if [ "${1:-}" = tickets ]; then
			echo 100 > "/sys/fs/cgroup/${c%%:*}/cpu.weight"
			schedlab tickets "${c%%:*}=${w%:*}" > /dev/null
		else
			echo "${w%:*}" > "/sys/fs/cgroup/${c%%:*}/cpu.weight"
		fi
		sh -c "echo \$\$ > /sys/fs/cgroup/${c%%:*}/cgroup.procs
			exec $bench mix sleepers=0 hogs=${w#*:} seconds=4" | sed -n "s/^hogs_share/${c%%:*}/p" > "/tmp/${c%%:*}" &
	done
	wait
	cat /tmp/a /tmp/b
	;;
guard) # hogs without tickets: alone, then beside one that has some
	$bench mix sleepers=0 hogs=3 seconds=2 > /tmp/out &
	for p in $(children $! 3); do
		[ $# -gt 0 ] && [ "$1" = one ] && [ "${seen:-}" = '' ] && seen=1 && continue
		schedlab tickets "$p=0" > /dev/null
	done
	wait
	grep -E '^hogs_(share|least|most) ' /tmp/out
	;;
esac
