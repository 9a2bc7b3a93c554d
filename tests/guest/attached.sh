# shellcheck shell=sh
# SPDX-License-Identifier: GPL-2.0
# For scripts in the guest, which source it: attached PID waits until the process holds a BPF link, for a minute at most.
# Fails where the process ends before. It starts nothing.
# shellcheck disable=SC2010 # the links' targets are wanted, and busybox's readlink takes one at a time
attached() {
	n=0
	until ls -l "/proc/$1/fd" 2> /dev/null | grep -q 'bpf.link'; do
		n=$((n + 1))
		[ $n -lt 600 ] && kill -0 "$1" || return 1
		usleep 100000
	done
}
