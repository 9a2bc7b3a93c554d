#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# cost: 45
# matrix: yes
# The guard beside faulty schedulers: the operator's commands, whom it must not blame, what follows what, and what is left when
# the loader itself is killed or stopped. Virtual time, conditions waited for.
. "$(dirname "$0")/../lib.sh"
cd "$root"

cat > "$tmp/one.sh" <<'END'
say() { echo "$*" >> /out/log; }
until_ops() { # NAME ("" for the default): wait until sysfs says so and no change is under way, 60 s at most
	want="$1 enabled"
	[ -n "$1" ] || want=" disabled"
	i=0
	while [ "$(cat /sys/kernel/sched_ext/root/ops 2> /dev/null) $(cat /sys/kernel/sched_ext/state)" != "$want" ] && [ $i -lt 1200 ]; do
		i=$((i + 1))
		usleep 50000
	done
}
started() { # ARGS...: run in the background, wait until it is active
	schedlab run "$@" > /out/last.out 2> /out/last.err &
	run=$!
	until_ops fifo
	i=0 # and until it listens, which comes last
	while [ ! -S /run/schedlab/control ] && [ $i -lt 1200 ]; do i=$((i + 1)); usleep 50000; done
}
ended() { # NAME: keep what the last run said
	wait $run
	say "$1 status $?"
	cp /out/last.err /out/$1.err
	cp /out/last.out /out/$1.out
}
syslogd -n -O /out/messages &
i=0; while [ ! -S /dev/log ] && [ $i -lt 200 ]; do i=$((i + 1)); usleep 50000; done

# A real-time task holds the only CPU for 2 s: nobody's fault but its own.
schedlab run fifo --max-wait 300ms --canary 300ms -- actor rt rt 50 2000 2> /out/realtime.err
say "realtime status $?"

# Status and confirm; stop.
started fifo --confirm 20s --set slice_us=4000
schedlab status --json > /out/status.json
schedlab status > /out/status.txt
say "guard's class $(cut -d' ' -f40,41 /proc/$run/stat), locked $(awk '/VmLck/ { print ($2 > 0) }' /proc/$run/status)"
# Whatever comes over the socket, the run stays and answers the next one.
head -c 100000 /dev/urandom > /tmp/noise
actor x socket 100000 /run/schedlab/control < /tmp/noise > /dev/null
head -c 200 /dev/zero | tr '\0' 'a' | actor x socket 200 /run/schedlab/control > /out/long.answer
echo reload | actor x socket 7 /run/schedlab/control > /out/unknown.answer
printf 'stop\0\n' | actor x socket 6 /run/schedlab/control > /out/nul.answer
printf stop | actor x socket 4 /run/schedlab/control > /out/cut.answer
# Clients that connect and say nothing, more than there are places.
mkfifo /tmp/silence
for i in 1 2 3 4 5 6; do actor x socket 4 /run/schedlab/control < /tmp/silence > /dev/null & mute="$mute $!"; done
exec 9> /tmp/silence
i=0; while [ "$(for p in $mute; do ls -l /proc/$p/fd; done | grep -c socket)" != 6 ] && [ $i -lt 1200 ]; do i=$((i + 1)); usleep 50000; done
schedlab status --json > /out/crowd.json; say "status in a crowd $(grep -c '"guard": *{' /out/crowd.json)"
exec 9>&-
wait $mute
schedlab confirm; say "confirm $?"
schedlab confirm 2> /out/confirm2.err; say "confirm again $?"
actor x as 65534 schedlab stop 2> /out/nobody.err; say "stop by nobody $?"
actor x as 65534 schedlab status > /out/nobody.status 2>&1; say "status by nobody $?"
schedlab run fifo 2> /out/second.err; say "second loader $?"
schedlab stop; say "stop $?"
say "after stop: $(cat /sys/kernel/sched_ext/state)"
ended stopped
schedlab stop 2> /out/stop2.err; say "stop again $?"
schedlab run fifo --confirm 300ms -- sleep 1 2> /out/unconfirmed.err; say "unconfirmed $?"
schedlab run /with/wrong_cpu.bpf.o --fallback fifo --confirm 1500ms -d 4 2> /out/unconfirmed2.err; say "unconfirmed fallback $?"

# SysRq-S: the operator's veto.
before=$(cat /sys/kernel/sched_ext/enable_seq)
started fifo --fallback fifo
echo S > /proc/sysrq-trigger # capital: small s syncs disks
ended sysrq
say "loads: $(($(cat /sys/kernel/sched_ext/enable_seq) - before)), $(cat /sys/kernel/sched_ext/state)"
# The operator's word about what followed an ejection is the run's end, not the ejection before it.
started /with/wrong_cpu.bpf.o --fallback fifo,fifo
schedlab stop
ended stop_fallback
started /with/wrong_cpu.bpf.o --fallback fifo,fifo
echo S > /proc/sysrq-trigger
ended sysrq_fallback
# A run whose scheduler is gone and that waits for its command; the next one takes over the control socket.
mkfifo /tmp/hold
schedlab run /with/wrong_cpu.bpf.o -- cat /tmp/hold 2> /out/first.err &
first=$!
until_ops wrong_cpu
until_ops ""
schedlab stop 2> /out/gone_stop.err; say "stop a run that has none $?"
started fifo
schedlab status --json | grep -o '"scheduler": *{"name": *"[a-z_]*"' > /out/next.status
schedlab stop; say "stop the next one $?"
ended next
exec 9> /tmp/hold; exec 9>&-
wait $first; say "the first one $?"
# An object without an exit record: the kernel log tells the veto from a failure; without either nothing follows.
before=$(cat /sys/kernel/sched_ext/enable_seq)
unrecorded() { # NAME ARGS...
	name=$1
	shift
	schedlab run /with/unrecorded.bpf.o --fallback fifo -d 3 "$@" 2> /out/$name.err &
	run=$!
	until_ops unrecorded
	[ $name = failed ] || echo S > /proc/sysrq-trigger
	wait $run; say "$name $?"
}
unrecorded vetoed --set after_ms=600000
mount --bind /dev/null /dev/kmsg
unrecorded unknown --set after_ms=600000
umount /dev/kmsg
say "unrecorded loads: $(($(cat /sys/kernel/sched_ext/enable_seq) - before)), $(cat /sys/kernel/sched_ext/state)"
unrecorded failed --set after_ms=200

# Fallbacks that are faulty themselves; the breaker.
actor hog spin & hog=$!
schedlab run /with/wrong_cpu.bpf.o --fallback /with/never_dispatches.bpf.o,/with/fails_init.bpf.o,fifo --max-wait 300ms \
	--incidents /out/chain.d --json -d 3 > /out/chain.json 2> /out/chain.err &
run=$!
until_ops fifo
schedlab status --json > /out/swapped.json
schedlab status > /out/swapped.txt
wait $run; say "chain $?"
schedlab run /with/wrong_cpu.bpf.o --fallback /with/refused.bpf.o,fifo --json -d 2 > /out/refused.json 2> /out/refused.err; say "refused $?"
schedlab run /with/refused.bpf.o 2> /out/refused1.err; say "refused alone $?"
# While nothing has started yet: a signal, and the operator, end the pause before the next try.
walk() { # NAME COMMAND...: once the second one has failed and the third is an hour away
	name=$1
	shift
	schedlab run /with/fails_init.bpf.o --fallback /with/fails_init.bpf.o,fifo --back-off 1h --json -- touch /out/walked > /out/$name.json 2> /out/$name.err &
	run=$!
	i=0
	until schedlab status --json 2> /dev/null | grep -q '"ejections": *2' || [ $i -ge 1200 ]; do i=$((i + 1)); usleep 50000; done
	"$@"
	wait $run; say "$name $?"
}
walk walk_stop schedlab stop
walk walk_signal eval 'kill -TERM $run'
schedlab run /with/fails_init.bpf.o --json > /out/none.json 2> /dev/null; say "none starts $?"
schedlab run /with/wrong_cpu.bpf.o --fallback /with/reports_error.bpf.o --json > /out/all.json 2> /out/all.err; say "all faulty $?"
printf '# rules\n[guard]\nmax-wait = 300ms\nfallback = /with/wrong_cpu.bpf.o, fifo\nbreaker = 2 in 60s\n' > /tmp/rules
schedlab run /with/never_dispatches.bpf.o --rules /tmp/rules 2> /out/breaker.err; say "breaker $?"
printf 'max-wait = 300ms\nmax-wiat = 2s\n' > /tmp/rules
schedlab run fifo --rules /tmp/rules 2> /out/badrules.err; say "bad rules $?"
schedlab run fifo --event 'SCX_EV_BYPASS_ACTIVATE>0' 2> /out/event.err; say "event $?"
schedlab run fifo --event 'SCX_EV_BYPASS_ACTIVAT>0' 2> /out/noevent.err; say "no such event $?"
kill $hog

# A full disk: the record is lost and that is said; the status stands.
mkdir -p /tmp/full && mount -t tmpfs -o size=16k none /tmp/full && head -c 100000 /dev/zero > /tmp/full/fill 2> /dev/null
schedlab run /with/wrong_cpu.bpf.o --incidents /tmp/full/d 2> /out/full.err; say "full disk $?"
schedlab run fifo -d 0.2 --json > /dev/full 2> /out/devfull.err; say "full stdout $?"
ls -A /tmp/full > /out/full.ls

# The loader killed, and stopped for 4 s.
started fifo --max-wait 300ms --canary 300ms
kill -9 $run
until_ops ""
say "killed: $(cat /sys/kernel/sched_ext/state)"
schedlab status --json > /out/killed.json
wait $run
# A cell writes the trail too.
schedlab cell --sched fifo --set slice_us=3000 --workload alone -d 4 -o /tmp/cell.json > /dev/null 2>&1; say "cell $?"
# A log that is there and takes nothing: a loss, told once.
mv /dev/log /dev/log.off && ln -s /proc/version /dev/log
schedlab run fifo -d 0.2 2> /out/nolog.err; say "no log $?"
rm /dev/log && mv /dev/log.off /dev/log
# Another loader's scheduler: it is shown, and is not ours to stop.
schedlab cell --sched fifo --workload alone -d 20 -o /tmp/cell.json > /out/cell.err 2>&1 &
cell=$!
until_ops fifo
schedlab status --json > /out/foreign.json
schedlab stop 2> /out/foreign.err; say "stop a foreign one $?"
kill -9 $cell; wait $cell
until_ops ""
started fifo --max-wait 300ms --canary 300ms -d 60
say "after a kill: $(cat /sys/kernel/sched_ext/state)"
kill -STOP $run
schedlab status --json > /out/silent.json & silent=$!
schedlab confirm 2> /out/silent.err & confirm=$!
schedlab status > /out/silent.txt; say "status of a stopped one $?"
wait $silent $confirm; say "confirm to a stopped one $?"
say "stopped loader: $(cat /sys/kernel/sched_ext/root/ops)"
kill -CONT $run
usleep 300000
kill -INT $run
ended sigstop
actor hog spin & hog=$!
# The kernel finds a stall while the loader is stopped: the scheduler is started once more, and ejected when it stalls again.
schedlab run /with/never_dispatches.bpf.o --set after_ms=700 --timeout 500ms --json --incidents /out/absent.d > /out/absent.json 2> /out/absent.err &
run=$!
until_ops never_dispatches
kill -STOP $run
until_ops ""
kill $hog
sleep 4 # longer than any look of the guard's is late by itself
actor hog spin & hog=$!
kill -CONT $run
wait $run; say "absent $?, $(cat /sys/kernel/sched_ext/state)"
kill $hog
schedlab run fifo -- sh -c 'cat /proc/$PPID/oom_score_adj /proc/self/oom_score_adj' > /out/oom 2>&1

# Only the command; signals pass through; metrics.
OUTSIDE=$$ schedlab run fifo --partial -- sh -c 'cut -d" " -f41 /proc/self/stat; cut -d" " -f41 /proc/$OUTSIDE/stat; cat /sys/kernel/sched_ext/switch_all' \
	> /out/partial 2>&1; say "partial $?"
started fifo -- sleep 100
usleep 200000
kill -TERM $run
ended term
schedlab run fifo --canary 300ms --max-wait 300ms --slo 'wakeup.p50<1s for 1s' --metrics /out/metrics/schedlab.prom \
	--metrics-interval 200ms -- sh -c 'sleep 2; cp /out/metrics/schedlab.prom /out/during.prom' 2> /out/metrics.err; say "metrics $?"
ls -A /out/metrics > /out/metrics.ls
dmesg > /out/dmesg
END
with=(--with build/tests/guest/actor)
for f in wrong_cpu never_dispatches fails_init reports_error unrecorded refused; do with+=(--with "build/tests/faulty/$f.bpf.o"); done
run vm/run --lab "${with[@]}" --with "$tmp/one.sh" --out "$tmp/out" -- sh /with/one.sh
check_equal "the guest ran all cases" 0 "$status"
[ -z "${KEEP_OUT:-}" ] || cp -r "$tmp/out" "$KEEP_OUT"
log=$(cat "$tmp/out/log")

said() { # WHAT LINE
	check_match "$1" "^$2\$" "$log"
}
text() { cat "$tmp/out/$1"; }

said "a real-time task's doing is not the scheduler's" 'realtime status 0'
check_match "... but it is told" 'real-time tasks hold its CPUs' "$(text realtime.err)"
check_equal "status: sysfs and the guard agree" 'fifo enabled fifo 4000 true' "$(
	jq -r '[.ops, .state, .guard.scheduler.name, .guard.scheduler.tunables.slice_us, (.guard.confirm_within_ns > 0)] | join(" ")' \
		"$tmp/out/status.json")"
check_match "status in words" '^guard: process [0-9]+, fifo' "$(text status.txt)"
check_match "status names the kernel's events" '^event SCX_EV_[A-Z_]+: [0-9]+' "$(text status.txt)"
check_equal "the kernel's counters by name in JSON, the numbers of the text" \
	"$(grep '^event SCX_EV_BYPASS_ACTIVATE: ' "$tmp/out/status.txt" | cut -d' ' -f3)" \
	"$(jq .events.SCX_EV_BYPASS_ACTIVATE "$tmp/out/status.json")"
said "the guard is real-time, its memory locked" "guard's class 95 1, locked 1"
check_match "the socket refuses what is too long" '"error": ?"the request is too long"' "$(text long.answer)"
check_match "... and what it does not know" 'status, confirm and stop are understood' "$(text unknown.answer)"
check_equal "... and takes no word that is cut, or goes on behind a NUL" "" "$(text nul.answer)$(text cut.answer)"
said "clients that say nothing keep nobody out" 'status in a crowd 1'
said "confirm" 'confirm 0'
said "confirm twice" 'confirm again 1'
check_match "... says that there is nothing" 'nothing to confirm' "$(text confirm2.err)"
said "stop without privilege" 'stop by nobody 3'
check_match "... says who may" 'only root' "$(text nobody.err)"
said "status without privilege" 'status by nobody 0'
check_match "... says what is active" 'scheduler: fifo' "$(text nobody.status)"
said "a second loader is busy" 'second loader 7'
check_match "... and names the first" "the scheduler 'fifo' is loaded" "$(text second.err)"
said "stop" 'stop 0'
said "stop returns when the default is active again" 'after stop: disabled'
said "a run that an operator stopped" 'stopped status 96'
said "stop without a run" 'stop again 1'
said "nobody confirmed" 'unconfirmed 93'
said "nobody confirmed what followed an ejection" 'unconfirmed fallback 93'
check_match "... which had been active" 'fifo was ejected after .*nobody confirmed it within 1.5' "$(text unconfirmed2.err)"
said "SysRq-S" 'sysrq status 83'
said "... and nothing is loaded behind it" 'loads: 1, disabled'
said "a fallback that an operator stopped" 'stop_fallback status 96'
said "SysRq-S under a fallback" 'sysrq_fallback status 83'
said "a run that waits for its command has nothing to stop" 'stop a run that has none 1'
said "... the next run has the control socket" 'stop the next one 0'
said "... which ends it" 'next status 96'
said "... the first one has its own end" 'the first one 81'
said "SysRq-S under an object without an exit record" 'vetoed 83'
check_match "... is known from the kernel log" 'disabled by sysrq-S' "$(text vetoed.err)"
said "... without the log too nothing follows" 'unknown 81'
check_match "... and it is told why" 'may have been SysRq-S: nothing follows' "$(text unknown.err)"
said "... nothing was loaded" 'unrecorded loads: 2, disabled'
said "a failure of such an object" 'failed 81'
check_match "... has the kernel log's reason" 'unrecorded.bpf.o was ejected after .*: runtime error' "$(text failed.err)"
check_match "... and the fallback follows" 'fifo is the active scheduler' "$(text failed.err)"
said "a chain of faulty fallbacks ends with the first one's status" 'chain 81'
check_equal "... under the one that works" 'wrong_cpu never_dispatches fails_init fifo' \
	"$(jq -r '[.schedulers[].scheduler.name] | join(" ")' "$tmp/out/chain.json")"
check_equal "... with a record each" 3 "$(find "$tmp/out/chain.d" -name 'incident-*.json' | wc -l)"
check_equal "... the second one after a pause" true "$(jq -s '[.[] | select(.scheduler.name == "never_dispatches") |
	.swap.default_ns >= 100000000] | any' "$tmp"/out/chain.d/*.json)"
check_equal "... the third one after twice that" true "$(jq -s '[.[] | select(.scheduler.name == "fails_init") |
	.swap.default_ns >= 200000000] | any' "$tmp"/out/chain.d/*.json)"
cost='change.* [0-9.]+ ms.*tasks ran [0-9.]+ [num]?s in bypass, .*[0-9.]+ [num]?s in the fair class'
check_match "the cost of a change, in words" "fifo is the active scheduler, after a $cost" "$(text chain.err)"
check_match "... in status" "guard: the last $cost" "$(text swapped.txt)"
check_equal "... the same as in the record" "$(jq -s -c -S '.[] | select(.scheduler.name == "fails_init") | .swap' "$tmp"/out/chain.d/*.json)" \
	"$(jq -c -S .guard.last_swap "$tmp/out/swapped.json")"
check_equal "... on one CPU no more CPU time than time, where the kernel's part lies in it" true "$(jq -s '[.[] |
	select(.exit.during_attach or .rule != "kernel") | .swap.bypass_run_ns + .swap.fair_run_ns <= .swap.total_ns + 5000000] | all' \
	"$tmp"/out/chain.d/*.json)"
said "a fallback that the kernel refuses to attach" 'refused 81'
check_equal "... is one that failed: the next one follows" 'wrong_cpu refused fifo' \
	"$(jq -r '[.schedulers[].scheduler.name] | join(" ")' "$tmp/out/refused.json")"
check_match "... and it is told" 'refused.bpf.o: the kernel refuses to attach it' "$(text refused.err)"
said "without a fallback" 'refused alone 3'
said "stop while none has started yet" 'walk_stop 96'
said "a signal while none has started yet" 'walk_signal 86'
check_equal "... the command has not been started" "" "$(find "$tmp/out" -name walked)"
check_equal "... and there is a document" '86 fails_init fails_init default' \
	"$(jq -r '[.status, .schedulers[].scheduler.name, .schedulers[-1].next] | join(" ")' "$tmp/out/walk_signal.json")"
said "none that starts" 'none starts 86'
check_equal "... is a document as well" '86 fails_init' "$(jq -r '[.status, .schedulers[].scheduler.name] | join(" ")' "$tmp/out/none.json")"
said "every fallback faulty: the breaker" 'all faulty 94'
said "too many ejections: the breaker" 'breaker 94'
check_match "... says so" 'the breaker is open: too many ejections' "$(text breaker.err)"
said "a rules file with an unknown rule" 'bad rules 2'
check_match "... with its line and the nearest name" "/tmp/rules:2:1: there is no rule 'max-wiat'; did you mean 'max-wait'" "$(text badrules.err)"
said "a rule on the kernel's counters" 'event 95'
said "a rule on a counter that the kernel does not have" 'no such event 2'
check_match "... with the nearest name" "no counter 'SCX_EV_BYPASS_ACTIVAT'; did you mean 'SCX_EV_BYPASS_ACTIVATE'" "$(text noevent.err)"
said "a full disk does not change the status" 'full disk 81'
check_match "... and is told" 'could not be written: .*No space left' "$(text full.err)"
check_equal "... with nothing half-written" "fill" "$(text full.ls | grep -v '^d$')"
said "a full stdout" 'full stdout 1'
said "kill -9: the kernel's default is back" 'killed: disabled'
check_equal "... status agrees, and knows of no guard" '"" "disabled" null null' \
	"$(jq -c '.ops, .state, .guard, .guard_silent' "$tmp/out/killed.json" | xargs -d '\n')"
check_equal "another loader's scheduler: status has what sysfs has, and no guard" '"fifo" "enabled" null' \
	"$(jq -c '.ops, .state, .guard' "$tmp/out/foreign.json" | xargs -d '\n')"
said "... stop leaves it alone" 'stop a foreign one 1'
check_match "... and says so" 'no guarded run is active here' "$(text foreign.err)"
said "... and the next run starts" 'after a kill: enabled'
said "a stopped loader keeps its scheduler" 'stopped loader: fifo'
said "... status does not wait for it for ever" 'status of a stopped one 0'
check_match "... and says why there is nothing from it" 'guard: it does not answer; is it stopped\?' "$(text silent.txt)"
check_equal "... in JSON too" 'fifo enabled null true' \
	"$(jq -r '[.ops, .state, .guard, (.guard_silent | length > 0)] | map(tostring) | join(" ")' "$tmp/out/silent.json")"
said "... nor does confirm" 'confirm to a stopped one 1'
check_match "... which says what to do" 'does not answer; if it is stopped, wake it' "$(text silent.err)"
said "... and blames nobody when it goes on" 'sigstop status 0'
check_match "... but tells" 'the guard itself was stopped' "$(text sigstop.err)"
said "a stall that came while the loader was stopped: ejected by the second one only" 'absent 82, disabled'
check_equal "... a restart first" "1 true false" "$(jq -r '[.restarts, .schedulers[].restart] | join(" ")' "$tmp/out/absent.json")"
check_match "... and it is told" 'is started again: ' "$(text absent.err)"
check_equal "the OOM killer spares the guard, not its command" "-1000 0" "$(text oom | grep -v note | xargs)"
check_equal "--partial: the command and nobody else" "7 0 0" "$(text partial | grep '^[0-9]' | xargs)"
said "--partial: the command's status" 'partial 0'
said "a signal passes through the run to its command" 'term status 143'
said "metrics" 'metrics 0'
check_equal "the metrics file is replaced whole" schedlab.prom "$(text metrics.ls)"
prom=$(text during.prom)
check_match "metrics: the kernel's counters by name" '^schedlab_sched_ext_events_total\{scheduler="[a-z]+",event="SCX_EV_[A-Z_]+"\} [0-9]+$' "$prom"
check_match "metrics: the ledger's histogram" '^schedlab_interval_seconds_bucket\{scheduler="[a-z]+",interval="wakeup_latency",le="\+Inf"\} [0-9]+$' "$prom"
check_match "metrics: after the end the default is active" '^schedlab_scheduler_active\{scheduler="default"\} 1$' "$(text metrics/schedlab.prom)"
check_match "metrics: what the last change cost" '^schedlab_last_change_seconds 0\.[0-9]' "$(text metrics/schedlab.prom)"
check_match "... in the fair class" '^schedlab_last_change_fair_cpu_seconds [0-9]' "$(text metrics/schedlab.prom)"
check_match "... in bypass" '^schedlab_last_change_bypass_cpu_seconds [0-9]' "$(text metrics/schedlab.prom)"
check_match "metrics: canaries" '^schedlab_canary_worst_seconds\{scheduler="[a-z]+",cpu="0"\} 0' "$prom"
# Whether Prometheus' own tools take the file: promtool's check, and node_exporter serving it from a folder.
# Debian 12's package is the one with promtool in it.
fetch_prometheus() {
	local version
	version=$(build-aux/debian-fetch --versions bookworm prometheus | awk '$1 == "prometheus" { v = $2 } END { print v }')
	build-aux/debian-fetch bookworm "prometheus=$version"
	build-aux/debian-fetch trixie prometheus-node-exporter
}
if debs=$(fetch_prometheus 2> "$tmp/fetch"); then
	while read -r deb; do dpkg -x "$deb" "$tmp/prometheus"; done <<< "$debs"
	run sh -c '"$1/usr/bin/promtool" check metrics < "$2"' - "$tmp/prometheus" "$tmp/out/during.prom"
	check_equal "promtool takes the metrics without a word" "0 " "$status $out$err"
	mkdir "$tmp/textfile"
	cp "$tmp/out/during.prom" "$tmp/textfile/schedlab.prom"
	port=$((20000 + $$ % 10000))
	"$tmp/prometheus/usr/bin/prometheus-node-exporter" --collector.disable-defaults --collector.textfile \
		--collector.textfile.directory "$tmp/textfile" --web.listen-address "127.0.0.1:$port" > "$tmp/exporter.log" 2>&1 &
	exporter=$!
	curl -s --retry 60 --retry-delay 1 --retry-connrefused "http://127.0.0.1:$port/metrics" > "$tmp/served" || true
	kill $exporter
	check_match "node_exporter serves them" '^schedlab_scheduler_active\{scheduler="fifo"\} 1$' "$(cat "$tmp/served")"
	check_match "node_exporter finds no fault" '^node_textfile_scrape_error 0$' "$(cat "$tmp/served")"
else
	skip "promtool and node_exporter" "they cannot be fetched: $(tail -n 1 "$tmp/fetch")"
fi
trail=$(text messages)
what='object [0-9a-f]{64}, options .*slice_us.*4000'
check_match "audit: who loaded what" "schedlab\[[0-9]+\]: loaded fifo, by uid 0; $what" "$trail"
check_match "audit: who confirmed what" "confirmed fifo, by uid 0; $what" "$trail"
check_match "audit: an ejection, its rule and reason" "ejected /with/wrong_cpu.bpf.o after .*, rule kernel, status 81: \
runtime error: invalid CPU 60000 .*, run by uid 0; object [0-9a-f]{64}, options .*after_ms" "$trail"
said "a log that takes no line changes no status" 'no log 0'
check_match "... and is told once, with the reason" 'warning: 2 lines did not reach the system log: Connection refused' "$(text nolog.err)"
said "a cell" 'cell 0'
check_match "audit: what a cell loaded" "loaded fifo for a cell, by uid 0; object [0-9a-f]{64}, options .*slice_us.*3000" "$trail"
check_match "audit: how it ended" "ended fifo after .*, rule end, status 0, run by uid 0; object [0-9a-f]{64}, options .*slice_us.*3000" "$trail"
check_match "audit: who stopped what" "rule stop, status 96: stopped by the operator \(uid 0\).*; $what" "$trail"
check_match "audit: what nobody confirmed" 'ejected fifo after .*, rule confirm, status 93: nobody confirmed it within 300 ms' "$trail"
check_equal "no warning in the kernel log" "" "$(splats "$tmp/out/dmesg")"

# --- two CPUs ---
cat > "$tmp/two.sh" <<'END'
schedlab run fifo --canary 2s --json -- sh -c '
	seq=$(cat /sys/kernel/sched_ext/enable_seq)
	for online in 0 1; do # each time until the next one has started, not while the last one is still ending
		echo $online > /sys/devices/system/cpu/cpu1/online
		seq=$((seq + 1))
		i=0
		while [ "$(cat /sys/kernel/sched_ext/enable_seq)" -lt $seq ] && [ $i -lt 1200 ]; do i=$((i + 1)); usleep 50000; done
		i=0
		while [ "$(cat /sys/kernel/sched_ext/state)" != enabled ] && [ $i -lt 1200 ]; do i=$((i + 1)); usleep 50000; done
	done
	exit 4' > /out/hotplug.json 2> /out/hotplug.err
echo $? > /out/hotplug.status
# A restart that cannot be: the file is gone.
cp /with/wrong_cpu.bpf.o /tmp/gone.bpf.o
schedlab run /tmp/gone.bpf.o --set after_ms=600000 --fallback fifo --json -- sh -c 'rm /tmp/gone.bpf.o
	echo 0 > /sys/devices/system/cpu/cpu1/online
	i=0
	while [ "$(cat /sys/kernel/sched_ext/root/ops)" != fifo ] && [ $i -lt 1200 ]; do i=$((i + 1)); usleep 50000; done' > /out/gone.json 2> /out/gone.err
echo $? > /out/gone.status
echo 1 > /sys/devices/system/cpu/cpu1/online
# Started again, and still to be confirmed.
schedlab run fifo --confirm 3s -- sh -c 'echo 0 > /sys/devices/system/cpu/cpu1/online; sleep 5' 2> /out/confirm.err
echo "$?, $(cat /sys/kernel/sched_ext/state)" > /out/confirm.status
echo 1 > /sys/devices/system/cpu/cpu1/online
# A real-time task holds the only CPU that is online: the other one, which it might run on, is off.
echo 0 > /sys/devices/system/cpu/cpu1/online
schedlab run fifo --max-wait 300ms -- actor rt rt 50 2000 2> /out/off.err
echo $? > /out/off.status
dmesg > /out/dmesg
END
run vm/run --lab --cpus 2 "${with[@]}" --with "$tmp/two.sh" --out "$tmp/out2" -- sh /with/two.sh
[ -z "${KEEP_OUT:-}" ] || cp -r "$tmp/out2" "$KEEP_OUT/two"
check_equal "CPU hotplug: the command's own status, the scheduler started again each time" "4 2" \
	"$(cat "$tmp/out2/hotplug.status") $(jq .restarts "$tmp/out2/hotplug.json")"
check_equal "a real-time task's doing is not the scheduler's where the other CPU is off" 0 "$(cat "$tmp/out2/off.status")"
check_match "... but it is told" 'real-time tasks hold its CPUs' "$(cat "$tmp/out2/off.err")"
check_equal "a restart whose file is gone: the fallback follows" "84 wrong_cpu wrong_cpu fifo" \
	"$(cat "$tmp/out2/gone.status") $(jq -r '[.schedulers[].scheduler.name] | join(" ")' "$tmp/out2/gone.json")"
check_match "... and it is told" 'gone.bpf.o.*No such file' "$(cat "$tmp/out2/gone.err")"
check_equal "what hotplug started again has to be confirmed all the same" "93, disabled" "$(cat "$tmp/out2/confirm.status")"
check_match "... it was started again" 'is started again' "$(cat "$tmp/out2/confirm.err")"
check_equal "no warning in the kernel log with two CPUs" "" "$(splats "$tmp/out2/dmesg")"
