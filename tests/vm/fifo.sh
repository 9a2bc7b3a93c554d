#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# cost: 130
# timeout: 7200
# FIFO, and the other two, with real-time tasks and under stress-ng's scheduler class with affinity changes: no task
# left behind, no ejection, no warning from the kernel. STRESS_S sets the seconds of stress for each: 8 in `make test`,
# 60 in `make soak-scheds`.
#
# stress-ng's softlockup holds CPUs with real-time tasks for as long as it runs, and its hrtimers do on a slow machine.
# Before 7.0 the kernel keeps no time for sched_ext beside such tasks: past 21 s RCU's watch and past 30 s sched_ext's end
# any scheduler, for the tasks that are bound there or for all (the last check shows it with one real-time task and
# nothing else on the machine). So these two are left to a kernel from 7.0 on.
# For a minute lottery and latency, for which more is no promise, are also spared loadavg: thousands of threads, among whom
# one of nice 19 waits for its share longer than RCU waits for it.
. "$(dirname "$0")/../lib.sh"

seconds=${STRESS_S:-8}
actor=$root/build/tests/guest/actor
kernel=${SCHEDLAB_KERNEL:-$("$root/vm/kernels" default)}

cat > "$tmp/displaced.sh" << 'END'
#!/bin/sh
# usage: displaced.sh "SCHEDULER [OPTION...]"...; prints, for each, the CPU time (ticks) of three hogs on two CPUs, of which
# a real-time task takes one for 6 s.
hogs() {
	actor rt rt 50 6000 2000 &
	rt=$!
	taskset -p 2 $rt > /dev/null
	for i in 1 2 3; do
		actor hog spin &
		pids="$pids $!"
	done
	wait $rt
	for p in $pids; do cut -d' ' -f14 "/proc/$p/stat"; done
	kill $pids
}
if [ "$1" = hogs ]; then hogs; exit; fi
# shellcheck disable=SC2086 # words
for sched; do echo "$sched: $(schedlab run $sched -- sh "$0" hogs | xargs)"; done
END

cat > "$tmp/stress.sh" << 'END'
#!/bin/sh
# usage: stress.sh SECONDS EXCLUDED "SCHEDULER [OPTION...]"...; prints, for each, that it is well or what is not.
seconds=$1
excluded=${2:+--exclude $2}
shift 2
# shellcheck disable=SC2086 # two words or none
stress() {
	begin=$(date +%s)
	dmesg -c > /dev/null
	schedlab run "$@" -- stress-ng --class scheduler --all 1 --affinity 4 --timeout "$seconds" --quiet \
		$excluded > /dev/null 2> /tmp/err
	status=$?
	grep -v '^stress-ng' /tmp/err >&2
	# stress-ng's own verdict is of no interest (some stressors cannot run here): an ejection has a status from 80 on.
	[ $status -lt 80 ] || echo "ejected, status $status"
	[ $(($(date +%s) - begin)) -ge "$seconds" ] || echo "stress-ng ended early, status $status"
	dmesg -c | grep -E 'WARNING|BUG:|Oops|sched_ext: .* disabled \(' | grep -v 'unregistered from user space'
	echo well
}
# shellcheck disable=SC2086 # words
for sched; do echo "$sched: $(stress $sched | xargs)"; done
END

displaced=('fifo --set slice_us=200000' 'lottery --set slice_us=50000' 'latency --set slice_us=200000')
guest --lab --cpus 2 --with "$tmp/displaced.sh" --with "$actor" -- sh /with/displaced.sh "${displaced[@]}"
for sched in "${displaced[@]}"; do
	ticks=$(sed -n "s/^$sched: //p" <<< "$out" | tr ' ' '\n' | sort -n)
	least=$(head -n 1 <<< "$ticks")
	most=$(tail -n 1 <<< "$ticks")
	check_number "$sched: a task that a real-time task drives away goes on elsewhere (hogs' ticks $least to $most)" \
		"$(wc -l <<< "$ticks") == 3 && ${least:-0} >= 0.6 * ${most:-1}"
done

# A short run is in the lab, where a slow host is no matter.
machine=(--lab --cpus 4)
[ "$seconds" -lt 30 ] || machine=(--accel tcg --cpus 4)
stress() { # KERNEL EXCLUDED "SCHEDULER [OPTION...]"...
	local kernel=$1 excluded=$2 sched told
	shift 2
	guest --kernel "$kernel" "${machine[@]}" --timeout $((300 + seconds * 20 * $#)) --hang $((200 + seconds * 5)) \
		--with "$tmp/stress.sh" -- sh /with/stress.sh "$seconds" "$excluded" "$@"
	told=$out
	for sched; do
		check_equal "$sched survives ${seconds} s of stress-ng's scheduler class on $kernel${excluded:+, without $excluded}" \
			well "$(sed -n "s/^$sched: //p" <<< "$told")"
	done
	[ "$status" -eq 0 ] || printf '%s\n' "status $status" "$err" | tail -n 6 | sed 's/^/# /'
}

# The floor: one real-time task on CPU 1, one task bound to it, nothing else.
bound() {
	cat > "$tmp/bound.sh" << 'END'
#!/bin/sh
actor rt rt 50 50000 1000 &
taskset -p 2 $! > /dev/null
actor bound spin &
taskset -p 2 $! > /dev/null
sleep 52
END
	guest --kernel "$1" --lab --cpus 2 --with "$tmp/bound.sh" --with "$actor" -- \
		schedlab run fifo -- sh /with/bound.sh
}

if [ "$seconds" -lt 30 ]; then
	stress "$kernel" softlockup,hrtimers fifo lottery latency
	exit
fi
stress "$kernel" softlockup,hrtimers fifo 'fifo --set slice_us=1000'
stress 7.2.13 '' fifo 'fifo --set slice_us=1000'
stress "$kernel" softlockup,hrtimers,loadavg lottery latency
bound 6.18.15
check_equal "6.18.15 ends any scheduler after 30 s of a real-time task" 82 "$status"
check_match "... and the task that held the CPU is named" 'the real-time task rt\[[0-9]+\] held CPU 1' "$err"
bound 7.2.13
check_equal "7.2.13 keeps time for sched_ext beside it" 0 "$status"
