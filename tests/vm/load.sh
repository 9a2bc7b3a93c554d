#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# cost: 60
# Every kind of load runs, accounts for all its jobs and leaves nothing behind; wrong input, a signal and a kill are
# handled. In the virtual lab: nothing here depends on the host's speed.
. "$(dirname "$0")/../lib.sh"
cd "$root"

cat > "$tmp/load.sh" <<'END'
shipped="alone antagonists build bursty cyclic fork message mix mixed pingpong pipeline storm web"
for load in $shipped; do
	schedlab load $load -d 2500ms -o /out/$load.json > /out/$load.txt 2> /out/$load.err
	echo "$load: $?"
done
for load in replay rtapp; do
	schedlab load $load -o /out/$load.json > /out/$load.txt 2> /out/$load.err
	echo "$load: $?"
done
schedlab load web -d 2500ms -o /out/again.json > /dev/null
schedlab load mix -d 2s --json > /out/stdout.json
echo "json: $?"

# A run's jobs, and the same jobs learned from what ftrace saw of them; then the replay of what was learned.
t=/sys/kernel/tracing
echo 65536 > $t/buffer_size_kb
echo 1 > $t/events/sched/sched_waking/enable
echo 1 > $t/events/sched/sched_switch/enable
schedlab load alone -d 3s --jobs /out/jobs.csv -o /out/learned-from.json > /dev/null
echo 0 > $t/tracing_on
cat $t/trace > /tmp/capture
schedlab load --learn sleeper /tmp/capture -o /tmp/learned.txt 2> /out/learn.err
echo "learn: $?"
cp /tmp/learned.txt /out/
printf '[workload]\n[class again]\nkind = sleeper\narrivals = file path=learned.txt\n' > /tmp/learned.ini
schedlab load /tmp/learned.ini -o /out/relearned.json > /dev/null
echo "replay of it: $?"

# What the load has made, with their nice values, while it runs; then a signal, then a kill.
cat > /tmp/nice.ini <<INI
[workload]
duration = 1h
[class low]
kind = batch
nice = 7
[class chain]
kind = pipeline
arrivals = poisson rate=20
service = constant mean=1ms
INI
processes() { ps -o args | grep -c '[s]chedlab load /tmp/nice'; }
wait_for() { # until the condition holds; the limit is far away
	n=0
	until eval "$1"; do
		n=$((n + 1))
		[ $n -lt 600 ] || { echo "gave up waiting for: $1"; return 1; }
		usleep 100000
	done
}
schedlab load /tmp/nice.ini -o /tmp/part.json > /tmp/part.txt 2>&1 &
pid=$!
wait_for '[ $(processes) -eq 17 ]'
wait_for 'awk "{ exit !(\$19 == 7) }" /proc/[0-9]*/task/*/stat 2> /dev/null ||
	cat /proc/'$pid'/task/*/stat | awk "\$19 == 7 { found = 1 } END { exit !found }"'
echo "nice: $?"
usleep 500000
kill -INT $pid
wait $pid
echo "interrupted: $?"
wait_for '[ $(processes) -eq 0 ]'
echo "processes after a signal: $(processes)"
cp /tmp/part.json /out/interrupted.json

schedlab load /tmp/nice.ini -o /tmp/none.json > /dev/null 2>&1 &
pid=$!
wait_for '[ $(processes) -eq 17 ]'
kill -KILL $pid
wait $pid
echo "killed: $?"
wait_for '[ $(processes) -eq 0 ]'
echo "processes after a kill: $(processes)"
ls /tmp | grep none

# Wrong use.
try() {
	echo "--- $*"
	"$@"
	echo "status $?"
}
{
	try schedlab load
	try schedlab load nosuch
	try schedlab load web mix
	try schedlab load web --seed=x
	try schedlab load web --duration=0
	try schedlab load web --expect=lifo
	try schedlab load web --frobnicate
	try schedlab load web -d 500ms
	printf '[workload]\nduration = 1s\n[class a]\nkind = batch\ncpus = 0,63\n' > /tmp/cpus.ini
	try schedlab load /tmp/cpus.ini
	try schedlab load alone -d 1500ms -o /nowhere/x.json
	try schedlab load --check web
} > /out/wrong 2>&1
mkdir /tmp/full
mount -t tmpfs -o size=4k none /tmp/full
schedlab load alone -d 1500ms -o /tmp/full/x.json > /dev/null 2> /out/full.err
echo "full disk: $?, left: $(ls /tmp/full | wc -l)"
END
guest --lab --with "$tmp/load.sh" --out "$tmp/out" -- sh /with/load.sh
check_equal "the guest ends well" 0 "$status"

# What a result must say whatever the load: see docs/workloads.md.
for load in alone antagonists build bursty cyclic fork message mix mixed pingpong pipeline storm web replay rtapp; do
	check_match "$load: runs" "^$load: 0\$" "$out"
	check_equal "$load: says nothing on stderr" "" "$(cat "$tmp/out/$load.err")"
	check_equal "$load: all jobs accounted for, every class has CPU time, histograms add up" true "$(jq '
		(.schema == "schedlab.result/1") and .validity.valid and (.workload.trace_hash | length == 64) and
		([.classes[] | (.cpu_share > 0 and .cpu_share <= 1.001) and
			(.jobs == null or (.jobs.released > 0 and .jobs.released == .jobs.done + .jobs.censored and
				.metrics.sojourn.count == .jobs.done - .jobs.warmup and
				.metrics.wakeup.count == .metrics.sojourn.count)) and
			([.metrics[] | (([.buckets[][1]] | add) // 0) == .count] | all)] | all)' "$tmp/out/$load.json")"
done
check_equal "the same load twice: the same trace" "$(jq -r .workload.trace_hash "$tmp/out/web.json")" \
	"$(jq -r .workload.trace_hash "$tmp/out/again.json")"
check_number "hogs and sleeper share one CPU" \
	"$(jq '[.classes[].cpu_share] | add' "$tmp/out/mix.json") > 0.97"
check_equal "ping-pong counts each round trip" true \
	"$(jq '.classes[0].round_trips == .classes[0].metrics.round_trip.count and .classes[0].round_trips > 1000' "$tmp/out/pingpong.json")"
check_equal "message: requests and wakeups" true \
	"$(jq '.classes[0] | .requests > 100 and .metrics.wakeup.count >= .requests' "$tmp/out/message.json")"
check_equal "build: whole builds of 37 processes each" true \
	"$(jq '.classes[0] | .builds > 0 and .metrics.process.count >= 37 * .builds' "$tmp/out/build.json")"
check_equal "stress-ng reports in the same document" true \
	"$(jq '[.classes[] | select(.kind == "stress") | .bogo_ops > 0] | all' "$tmp/out/antagonists.json")"
check_equal "a service takes the CPU time that was drawn, to 20 us" true \
	"$(jq '.classes[0].metrics.service_error | .sum / .count < 20000' "$tmp/out/web.json")"
check_match "text: histogram and oracle" "distribution" "$(cat "$tmp/out/web.txt")"
check_match "text: oracle" "fcfs .* (agrees|differs)" "$(cat "$tmp/out/web.txt")"
check_match "--json: status" "^json: 0\$" "$out"
check_equal "--json: one document on stdout" 1 "$(jq -s length "$tmp/out/stdout.json")"

check_match "jobs are learned from a capture" "^learn: 0\$" "$out"
check_match "and replayed" "^replay of it: 0\$" "$out"
check_match "what was left out is said" "note: [0-9]+ jobs of 1 tasks; [0-9]+ cut off by the end, [0-9]+ begun before" "$(cat "$tmp/out/learn.err")"
jobs=$(($(wc -l < "$tmp/out/jobs.csv") - 1))
check_equal "--jobs: a line a job" "$(jq '.classes[0].jobs.released' "$tmp/out/learned-from.json")" "$jobs"
check_equal "--jobs: times in order" "" \
	"$(awk -F, 'NR > 1 && !($3 <= $4 && $4 <= $5 && $5 < $6) { print NR }' "$tmp/out/jobs.csv")"
# A job that comes while the sleeper is busy is no waking of its own, so there are fewer; the CPU time is all there.
learned=$(grep -c '^[0-9]' "$tmp/out/learned.txt")
check_number "as many jobs as wakings: $learned of $jobs" "$learned > 0.8 * $jobs && $learned <= $jobs + 5"
drawn=$(jq '.classes[0].cpu_ns' "$tmp/out/learned-from.json")
check_equal "the replay does what was learned" "$learned" "$(jq '.classes[0].jobs.done' "$tmp/out/relearned.json")"
sum=$(awk '/^[0-9]/ && $1 + 0 >= 1e9 { sum += $2 } END { print sum }' "$tmp/out/learned.txt")
check_number "services learned add up to the CPU time used, to 15 %" "$sum > 0.85 * $drawn && $sum < 1.15 * $drawn"

check_match "nice values are those of the class" "^nice: 0\$" "$out"
check_match "a signal ends the run as not valid" "^interrupted: 5\$" "$out"
check_match "and all its processes" "^processes after a signal: 0\$" "$out"
check_equal "what there was is written" '["the run was stopped before its end"] true' \
	"$(jq -c '[.validity.reasons[0]], (.classes[1].jobs.done > 0)' "$tmp/out/interrupted.json" | tr '\n' ' ' | sed 's/ $//')"
check_match "a killed run" "^killed: 137\$" "$out"
check_match "leaves no process" "^processes after a kill: 0\$" "$out"
check_equal "and no file" "" "$(grep "^none" <<< "$out" || true)"

wrong=$(cat "$tmp/out/wrong")
message() {
	check_match "wrong use: $1" "$2" "$(grep -F -A 3 -x -- "--- $1" <<< "$wrong" | tr '\n' ' ')"
}
message "schedlab load" "load: a workload file is missing.* status 2"
message "schedlab load nosuch" "cannot read workload file nosuch: No such file or directory status 2"
message "schedlab load web mix" "one workload file, not 'mix' too.* status 2"
message "schedlab load web --seed=x" "seed: 'x' is no whole number.* status 2"
message "schedlab load web --duration=0" "duration: '0' is no time from 1ms to 24h.* status 2"
message "schedlab load web --expect=lifo" "there is no oracle 'lifo'; there are fcfs, ps and srpt.* status 2"
message "schedlab load web --frobnicate" "frobnicate.* status 2"
message "schedlab load web -d 500ms" "web: the warm-up leaves nothing of the run to measure status 2"
message "schedlab load /tmp/cpus.ini" "class 'a' asks for CPUs that this machine or cpuset lacks status 2"
message "schedlab load alone -d 1500ms -o /nowhere/x.json" "cannot write /nowhere/x.json: No such file or directory status 1"
message "schedlab load --check web" "web: [0-9]+ jobs in 20.000 s, seed 1, trace [0-9a-f]{64} status 0"
check_match "a full disk: status 1, nothing half-written" "^full disk: 1, left: 0\$" "$out"
check_match "and says so" "cannot write /tmp/full/x.json: No space left on device" "$(cat "$tmp/out/full.err")"
