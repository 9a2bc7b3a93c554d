#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Inside the guest: what `schedlab cell` says and leaves behind when things go wrong. One line per case:
# NAME STATUS FILE(yes|no) ACTIVE; messages go to /out/NAME.err.
case_of() {
	name=$1
	shift
	status=0
	schedlab cell "$@" -o "/out/$name.json" 2> "/out/$name.err" || status=$?
	file=no
	[ ! -e "/out/$name.json" ] || file=yes
	ops=none
	[ ! -e /sys/kernel/sched_ext/root/ops ] || ops=$(cat /sys/kernel/sched_ext/root/ops)
	echo "$name $status $file $ops"
}
w=/with/light.ini
case_of good --sched fifo --workload $w --ledger --label mine --repetition 3
case_of ejected --sched fifo --set slice_us=0 --workload mixed --duration 40s
# A real-time task above the dispatcher (90) holds the CPU while a part of the jobs come.
until_loaded() {
	while [ "$(cat /sys/kernel/sched_ext/root/ops 2> /dev/null)" != fifo ]; do usleep 10000; done
}
{ until_loaded; exec actor rt rt 95 400 300; } &
case_of late --sched fifo --workload $w
wait $!
case_of graphs --sched fifo --workload $w --graphs
case_of default --sched default --workload $w
case_of no-scheduler --sched fifi --workload $w
case_of no-option --sched fifo --set slice=5 --workload $w
case_of out-of-bounds --sched fifo --set slice_us=-5 --workload $w
case_of default-option --sched default --set slice_us=5 --workload $w
case_of no-workload --sched fifo --workload /with/none.ini
case_of bad-number --sched fifo --workload $w --seed x
case_of missing --sched fifo
status=0
schedlab cell --sched fifo --workload $w -o /no/such/folder.json 2> /out/no-folder.err || status=$?
echo "no-folder $status $([ -e /no/such/folder.json ] && echo yes || echo no) none"
# A bench on the machine itself, where there are sched_ext and root; without root it takes guests.
printf '[experiment]\nduration = 500ms\n[scheduler fifo]\n[workload light]\nfile = %s\n' $w > /tmp/host.ini
bench_of() {
	name=$1
	shift
	status=0
	"$@" > /dev/null 2> "/out/$name.err" || status=$?
	echo "$name $status $([ -e "/out/$name/cells/fifo/light-s1-r0.json" ] && echo yes || echo no) none"
}
bench_of host schedlab bench /tmp/host.ini -o /out/host
bench_of nobody-auto actor x as 65534 schedlab bench /tmp/host.ini -o /tmp/nobody
bench_of nobody-host actor x as 65534 schedlab bench --host /tmp/host.ini -o /tmp/nobody
# A signal ends the run at once; nothing is written, nothing stays loaded.
schedlab cell --sched fifo --workload mixed --duration 600s -o /out/signal.json 2> /out/signal.err &
pid=$!
until_loaded
kill -TERM $pid
status=0
wait $pid || status=$?
echo "signal $status $([ -e /out/signal.json ] && echo yes || echo no) $(cat /sys/kernel/sched_ext/root/ops 2> /dev/null || echo none)"
find /out -name '*.json.*' | wc -l
