#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# cost: 900
# timeout: 7200
# The loader for long: load/unload cycles under stress-ng, the loader killed at any moment, fork storms, memory pressure with
# the OOM killer at work, CPUs going and coming, a loader stopped for a minute, a machine that sleeps, a full disk, loaders that
# race, fallbacks that are faulty. Each must end under a working scheduler with a clean kernel log. Run by `make soak`; nothing
# here judges a time.
# One guest a part: SOAK_PARTS="cycles memory" restricts it, CYCLES=N (200) shortens the first, SOAK_VM=--lab takes
# virtual time (four times as long), where the same run gives the same events.
# Outside virtual time a slow host makes every guest late, so the kernel's watches for stalls wait longer there (vm/run); a
# tenth of the cycles is done in virtual time (exact), where they wait as long as on any machine.
. "$(dirname "$0")/../lib.sh"
cd "$root"
read -r -a machine <<< "${SOAK_VM:---accel auto}"

cat > "$tmp/parts.sh" <<'END'
bad=0
cpu1=/sys/devices/system/cpu/cpu1/online
fail() { echo "$*"; bad=1; }
state() { cat /sys/kernel/sched_ext/state; }
until_state() { # STATE: 120 s at most
	i=0
	while [ "$(state)" != "$1" ] && [ $i -lt 2400 ]; do i=$((i + 1)); usleep 50000; done
	[ "$(state)" = "$1" ]
}
usual() { # AFTER WHAT: the default is back, a scheduler can be loaded, a shell has its say
	until_state disabled || fail "$1: sched_ext is $(state)"
	schedlab run fifo --max-wait 20s -- true 2> /tmp/err || fail "$1: fifo does not start any more: $(tail -n 1 /tmp/err)"
}
must() { # "STATUS..." WHAT COMMAND...: one of the statuses; its last word goes with the complaint
	want=$1 what=$2
	shift 2
	status=0
	"$@" > /tmp/out 2> /tmp/err || status=$?
	case " $want " in
	*" $status "*) ;;
	*) fail "$what: status $status, not $want: $(tail -n 1 /tmp/err)" ;;
	esac
}
nth() { # N WORD...
	n=$(($1 % ($# - 1) + 1))
	shift $n
	echo "$1"
}
stress() {
	stress-ng --quiet --cpu 1 --pipe 1 --fork 1 --affinity 1 -t 100000 > /dev/null 2>&1 &
	stress=$!
}
calm() { kill $stress; wait $stress 2> /dev/null; }

cycles() {
	stress
	c=0
	while [ $c -lt $CYCLES ]; do
		must 0 "cycle $c" schedlab run "$(nth $c fifo fifo fifo fifo lottery fifo fifo fifo fifo latency)" -- usleep 20000
		c=$((c + 1))
	done
	usual cycles
	calm
}
exact() {
	CYCLES=$(((CYCLES + 9) / 10))
	cycles
}
# Killed at moments that differ each time: half of them in the middle of starting.
kills() {
	stress
	c=0
	while [ $c -lt 40 ]; do
		schedlab run "$(nth $c fifo fifo fifo lottery)" --canary 20s --max-wait 20s > /dev/null 2>&1 &
		run=$!
		[ $((c % 2)) = 0 ] || until_state enabled || fail "kill $c: not active: $(state)"
		usleep $((c * 7919 % 150 * 4000))
		[ "$(state)" != enabled ] || live=$((live + 1))
		kill -9 $run
		wait $run 2> /dev/null
		until_state disabled || fail "kill $c: sched_ext stays $(state)"
		c=$((c + 1))
	done
	[ $live -ge 20 ] || fail "killed while active: $live of 40"
	usual kills
	calm
}
storm() {
	for s in fifo lottery latency; do
		must 0 "fork storm under $s" schedlab run $s --max-wait 20s -- stress-ng --quiet --fork 16 --fork-max 64 --vfork 4 -t 8
	done
	usual "fork storm"
}
# The killer takes what it likes of stress-ng's; never the guard, nor its scheduler.
memory() {
	for s in fifo lottery latency; do
		schedlab run $s --max-wait 20s > /dev/null 2> /tmp/run.err &
		run=$!
		until_state enabled
		stress-ng --quiet --vm 4 --vm-bytes 150% --vm-keep -t 8 --oomable > /dev/null 2>&1
		[ "$(state)" = enabled ] || fail "memory pressure: $s: $(tail -n 1 /tmp/run.err)"
		kill -INT $run
		wait $run || fail "memory pressure: $s ends with $?: $(tail -n 1 /tmp/run.err)"
	done
	dmesg | grep -q 'Out of memory: Killed' || fail "memory pressure: nobody was killed"
	usual "memory pressure"
}
hotplug() {
	for s in fifo lottery latency; do
		must 5 "hotplug under $s" schedlab run $s -- sh -c "i=0; while [ \$i -lt 10 ]; do
			echo 0 > $cpu1; usleep 100000; echo 1 > $cpu1; usleep \$((i * 30000)); i=\$((i + 1)); done
			while [ \"\$(cat /sys/kernel/sched_ext/state)\" != enabled ] && [ \$i -lt 1200 ]; do i=\$((i + 1)); usleep 50000; done
			[ \$i -lt 1200 ] && exit 5"
	done
	usual hotplug
}
# A minute of SIGSTOP: the scheduler goes on, nobody is blamed when the guard does. Then a stall that the kernel finds while
# the loader is stopped: the scheduler is started once more, and ejected when it stalls again.
stopped() {
	stress
	schedlab run fifo --max-wait 10s --canary 10s 2> /tmp/run.err &
	run=$!
	until_state enabled
	kill -STOP $run
	sleep 60
	[ "$(state)" = enabled ] || fail "stopped: fifo did not outlive a minute"
	kill -CONT $run
	sleep 2
	[ "$(state)" = enabled ] || fail "stopped: fifo was ejected afterwards: $(tail -n 2 /tmp/run.err)"
	schedlab stop 2> /tmp/err || fail "stopped: $(cat /tmp/err)"
	wait $run
	[ $? = 96 ] || fail "stopped: status $?"
	usual stopped
	calm
}
asleep() { # for some seconds; CPU 1 goes off and comes back on the way
	echo +3 > /sys/class/rtc/rtc0/wakealarm
	echo mem > /sys/power/state || fail "$1: the machine does not go to sleep"
}
# The machine asleep: each scheduler is there again afterwards. Then a stall soon after a sleep in which no CPU went off, so
# that no restart is hotplug's: the scheduler is started once more, and ejected when it stalls again.
sleeps() {
	for s in fifo lottery latency; do
		schedlab run $s --max-wait 10s --canary 10s > /dev/null 2> /tmp/run.err &
		run=$!
		for i in 1 2; do
			until_state enabled || fail "$s: not active before sleep $i: $(tail -n 1 /tmp/run.err)"
			asleep $s
		done
		until_state enabled || fail "$s: not active after sleep: $(tail -n 1 /tmp/run.err)"
		kill -INT $run
		wait $run || fail "sleep: $s ends with $?: $(tail -n 1 /tmp/run.err)"
	done
	echo 0 > $cpu1
	schedlab run /with/forgets_task.bpf.o --set after_ms=0 --timeout 5s --json > /tmp/json 2> /tmp/run.err &
	run=$!
	until_state enabled
	asleep forgets_task
	[ "$(state)" = enabled ] || fail "forgets_task did not outlive the sleep: $(tail -n 1 /tmp/run.err)"
	actor victim nap 1000 &
	wait $run
	status=$?
	[ $status = 82 ] && grep -q '"restarts": *1\b' /tmp/json ||
		fail "a stall after a sleep: status $status, $(tail -n 2 /tmp/run.err)"
	kill $!
	echo 1 > $cpu1
	usual sleep
}
# wrong_cpu may err before its start is over (86) or after (81): the machine's load decides.
disk() {
	mkdir -p /tmp/full
	mount -t tmpfs -o size=64k none /tmp/full
	head -c 100000 /dev/zero > /tmp/full/fill 2> /dev/null
	stress
	c=0
	while [ $c -lt 10 ]; do
		must "81 86" "full disk $c" schedlab run /with/wrong_cpu.bpf.o --incidents /tmp/full/d --metrics /tmp/full/m.prom --metrics-interval 100ms
		grep -q 'could not be written' /tmp/err || fail "full disk $c: not a word of the lost record"
		c=$((c + 1))
	done
	[ "$(ls /tmp/full | tr '\n' ' ')" = "d fill " ] || fail "full disk: left $(ls /tmp/full)"
	usual "full disk"
	calm
}
# Two at the same time: one gets the machine, the other says that it is taken.
race() {
	stress
	c=0
	while [ $c -lt 20 ]; do
		schedlab run fifo 2> /tmp/a.err & a=$!
		usleep $((c * 1000))
		schedlab run fifo 2> /tmp/b.err & b=$!
		i=0
		while kill -0 $a 2> /dev/null && kill -0 $b 2> /dev/null && [ $i -lt 2400 ]; do i=$((i + 1)); usleep 50000; done
		[ "$(state)" = enabled ] || fail "race $c: nobody has won"
		kill -INT $a $b 2> /dev/null
		wait $a; a=$?
		wait $b; b=$?
		case $a$b in 07 | 70) ;; *) fail "race $c: $a $b: $(tail -n 1 /tmp/a.err) | $(tail -n 1 /tmp/b.err)" ;; esac
		c=$((c + 1))
	done
	usual race
	calm
}
# Each misbehaves in its turn; the last resort works, or nothing is left and the default stays.
fallback() {
	stress
	for last in fifo latency; do
		must "81 86" "faulty chain, then $last" schedlab run /with/wrong_cpu.bpf.o --max-wait 10s --breaker '9 in 60s' --incidents /tmp/i \
			--fallback /with/never_dispatches.bpf.o,/with/fails_init.bpf.o,/with/reports_error.bpf.o,$last -- sh -c \
			"until [ \"\$(cat /sys/kernel/sched_ext/root/ops)\" = $last ]; do usleep 100000; done"
		grep -q "$last is the active scheduler" /tmp/err || fail "faulty chain: $last did not follow"
	done
	must 94 "nothing but faults" schedlab run /with/leaves.bpf.o --fallback /with/inserts_twice.bpf.o,/with/fails_init.bpf.o
	usual fallback
	calm
}
echo 0 > /proc/sys/vm/oom_dump_tasks
live=0
$1
dmesg | grep -E -A 12 "$SPLAT" && bad=1
dmesg > /out/dmesg
exit $bad
END

with=(--with "$tmp/parts.sh" --with build/tests/guest/actor)
for f in forgets_task wrong_cpu never_dispatches fails_init reports_error leaves inserts_twice; do with+=(--with "build/tests/faulty/$f.bpf.o"); done
# The OOM killer writes call traces of its own.
for part in ${SOAK_PARTS:-cycles exact kills storm memory hotplug stopped sleeps disk race fallback}; do
	begin=$SECONDS
	on=("${machine[@]}")
	[ "$part" != exact ] || on=(--lab)
	[ "$part" != sleeps ] || on=(--accel auto) # in virtual time nothing wakes the machine
	run vm/run "${on[@]}" --cpus 2 --timeout 3600 --hang 1200 --append log_buf_len=8M "${with[@]}" --out "$tmp/out" -- \
		env "CYCLES=${CYCLES:-200}" "SPLAT=${splat/|Call Trace/}" sh /with/parts.sh "$part"
	echo "# $part: $((SECONDS - begin)) s"
	if [ "$status" = 0 ]; then ok "$part"; else not_ok "$part" "status $status" "$out" "$(tail -n 5 <<< "$err")"; fi
	[ -z "${KEEP_OUT:-}" ] || cp -r "$tmp/out" "$KEEP_OUT"
done
