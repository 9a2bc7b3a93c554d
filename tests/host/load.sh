#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# schedlab load where no guest is needed: names of workloads, messages, a missing privilege, captures. No load is made.
# cost: 3
. "$(dirname "$0")/../lib.sh"
cd "$root"

for file in workloads/*.ini; do
	name=$(basename "$file" .ini)
	expect "workload $name is read and drawn" 0 --out "^$name: [0-9]+ jobs in [0-9.]+ s, seed 1, trace [0-9a-f]{64}\$" --no-err -- \
		"$schedlab" load --check "$name"
done
expect "another seed, another trace" 0 --out "seed 7" -- "$schedlab" load --check web --seed 7
check_not "... indeed" test "$("$schedlab" load --check web | sed 's/.* //')" = "$("$schedlab" load --check web --seed 7 | sed 's/.* //')"

cat > "$tmp/bad.ini" <<'END'
[workload]
duration = 5s
[class a]
arivals = poisson rate=5
END
expect "a mistake is named with file, line and column" 2 --no-out \
	--err "^schedlab: $tmp/bad.ini:4:1: there is no key 'arivals' in \\[class a\\]; did you mean 'arrivals'\\?\$" -- \
	"$schedlab" load "$tmp/bad.ini" -o "$tmp/result.json"
check_not "and no result is written" test -e "$tmp/result.json"
head -c 100000 /dev/urandom > "$tmp/noise.ini"
expect "noise is no workload file" 2 --no-out --err "^schedlab: $tmp/noise.ini:[0-9]+:[0-9]+: " -- "$schedlab" load "$tmp/noise.ini"
truncate -s 2M "$tmp/huge.ini"
expect "nor is a huge file" 2 --err "it is larger than 1 MiB" -- "$schedlab" load "$tmp/huge.ini"
expect "nor a folder" 2 --err "cannot read workload file $tmp: Is a directory" -- "$schedlab" load "$tmp"

# Without privilege: as nobody, from a copy that nobody can reach.
chmod 755 "$tmp"
cp "$schedlab" "$tmp/schedlab"
cp workloads/web.ini "$tmp/"
if [ "$(id -u)" -eq 0 ]; then
	drop=(setpriv --reuid=65534 --regid=65534 --clear-groups --bounding-set=-all --inh-caps=-all)
else
	drop=()
fi
if [ "$(ulimit -r)" != 0 ]; then
	skip "no right to SCHED_FIFO" "the limit of real-time priority is $(ulimit -r)"
else
	expect "no right to SCHED_FIFO: status 3, and what to do" 3 --no-out \
		--err "no right to use SCHED_FIFO, which the dispatcher needs: run as root, or with CAP_SYS_NICE, or with 'ulimit -r 91'" -- \
		"${drop[@]}" "$tmp/schedlab" load "$tmp/web.ini"
fi

# Captures.
cat > "$tmp/capture" <<'END'
 <idle>-0 [000] d.h4. 10.000100: sched_waking: comm=app pid=12 prio=120 target_cpu=000
 <idle>-0 [000] d..2. 10.000150: sched_switch: prev_comm=swapper/0 prev_pid=0 prev_prio=120 prev_state=R ==> next_comm=app next_pid=12 next_prio=120
 app-12 [000] d..2. 10.000650: sched_switch: prev_comm=app prev_pid=12 prev_prio=120 prev_state=S ==> next_comm=swapper/0 next_pid=0 next_prio=120
END
expect "a capture is learned" 0 --err "1 jobs of 1 tasks" -- "$schedlab" load --learn app "$tmp/capture" -o "$tmp/replay.txt"
check_equal "its jobs" "0ns 500000ns" "$(tail -n 1 "$tmp/replay.txt")"
printf '[workload]\n[class a]\narrivals = file path=replay.txt\n' > "$tmp/replay.ini"
expect "and can be replayed" 0 --out "1 jobs" -- "$schedlab" load --check "$tmp/replay.ini"
expect "no such task in it" 2 --err "no whole job of a task 'web' in this capture" -- \
	"$schedlab" load --learn web "$tmp/capture" -o "$tmp/none.txt"
check_not "and nothing written" test -e "$tmp/none.txt"
expect "where to is missing" 2 --err "output is missing" -- "$schedlab" load --learn web "$tmp/capture"
