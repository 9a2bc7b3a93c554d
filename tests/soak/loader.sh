#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# cost: 900
# The loader for long: CYCLES (200) load/unload cycles under stress-ng, a fork storm, memory pressure with the OOM killer at
# work, CPUs going and coming, the loader killed at random moments. It must always end under a working scheduler with a clean
# kernel log. Run by `make soak`; nothing here judges a time.
. "$(dirname "$0")/../lib.sh"
cd "$root"
cycles=${CYCLES:-200}

cat > "$tmp/soak.sh" <<END
cycles=$cycles
END
cat >> "$tmp/soak.sh" <<'END'
bad=0
usual() { # after each case: the default is back, a scheduler can be loaded
	[ "$(cat /sys/kernel/sched_ext/state)" = disabled ] || { echo "$1: $(cat /sys/kernel/sched_ext/state)"; bad=1; }
	schedlab run fifo --max-wait 20s -- true || { echo "$1: fifo does not start any more"; bad=1; }
}
stress-ng --cpu 2 --pipe 2 --fork 2 --affinity 2 -t 100000 > /dev/null 2>&1 &
stress=$!
i=0
while [ $i -lt $cycles ]; do
	schedlab run fifo --set slice_us=4000 -- usleep 20000 2> /tmp/err || { echo "cycle $i: $? $(cat /tmp/err)"; bad=1; }
	i=$((i + 1))
done
usual cycles
# Killed at moments that differ each time, in the middle of starting too.
i=0
while [ $i -lt 40 ]; do
	schedlab run fifo 2> /dev/null &
	usleep $((i * 7919 % 150000))
	kill -9 $!
	wait $! 2> /dev/null
	j=0
	while [ "$(cat /sys/kernel/sched_ext/state)" != disabled ] && [ $j -lt 1200 ]; do j=$((j + 1)); usleep 50000; done
	i=$((i + 1))
done
usual kills
kill $stress
wait $stress 2> /dev/null
schedlab run fifo --max-wait 20s -- stress-ng --fork 16 --fork-max 64 -t 20 > /dev/null 2>&1 || { echo "fork storm: $?"; bad=1; }
usual "fork storm"
schedlab run fifo --max-wait 20s -- stress-ng --vm 4 --vm-bytes 150% --vm-keep -t 20 --oomable > /dev/null 2>&1 || echo "memory pressure: $?"
usual "memory pressure"
schedlab run fifo --breaker '1000 in 60s' -- sh -c 'i=0; while [ $i -lt 10 ]; do
	echo 0 > /sys/devices/system/cpu/cpu1/online; usleep 300000; echo 1 > /sys/devices/system/cpu/cpu1/online; usleep 300000
	i=$((i + 1)); done' 2> /tmp/err || { echo "hotplug: $? $(tail -n 1 /tmp/err)"; bad=1; }
usual hotplug
dmesg | grep -E 'WARNING|BUG:|Oops|Call Trace|rcu.*stall' | grep -v oom && bad=1
exit $bad
END
run vm/run --accel auto --cpus 2 --timeout 3600 --hang 1200 --with "$tmp/soak.sh" -- sh /with/soak.sh
check_equal "$cycles cycles, kills, fork storm, memory pressure, hotplug" "0 " "$status $out"
