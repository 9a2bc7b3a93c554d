# shellcheck shell=sh
# SPDX-License-Identifier: GPL-2.0
# For scripts in the guest, which source it, to start views. It ends none.
# attached PID: waits until the process holds a BPF link, for a minute at most. Fails where the process ends before.
# view FILE WORDS...: starts "schedlab WORDS" and waits until it watches. Its output goes to FILE, its errors to FILE.err;
# its process is added to $pids, FILE to $names.
# shellcheck disable=SC2010 # the links' targets are wanted, and busybox's readlink takes one at a time
attached() {
	n=0
	until ls -l "/proc/$1/fd" 2> /dev/null | grep -q 'bpf.link'; do
		n=$((n + 1))
		[ $n -lt 600 ] && kill -0 "$1" || return 1
		usleep 100000
	done
}
view() {
	file=$1
	shift
	schedlab "$@" > "$file" 2> "$file.err" &
	attached $! || echo "$file does not start"
	pids="$pids $!"
	names="$names $file"
}
