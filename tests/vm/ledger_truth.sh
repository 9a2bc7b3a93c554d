#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# cost: 40
# The ledger against the kernel's own accounts: run delay by schedstat, switches by /proc/stat, sums by the identities;
# over forks, an exec, exits, yields and wakeups; and against what Debian's perf makes of its own record of the same run.
# In the virtual lab, so the host's speed does not matter.
# The kernel's run delay ends by the clock read as the scheduler begins to choose, the ledger's as it switches: some
# 4 us a wait in the lab (1,000 instructions), which is why the tasks here wait no more often than each 200 us.
. "$(dirname "$0")/../lib.sh"
cd "$root"

cat > "$tmp/guest.sh" <<'END'
. /with/attached.sh
schedlab runqlat --accounts --split wake,queue,delay -d 1000 --json > /out/all.json 2> /out/all.err &
pid=$!
attached $pid && sleep 1
actors 2 hog hog sleeper pipe yield forks exec reuse threadexec > /out/actors 2> /out/actors.err
# The same of a run that perf records too.
perf sched record -o /out/perf.data actors 1 hog sleeper pipe > /out/perf.actors 2> /out/perf.err || cat /out/perf.err
kill -INT $pid
wait $pid
echo "ledger: $?"

# Filters: the account of one process, and nothing of the others.
actors 60 sleeper sleeper > /dev/null &
sleep 1
one=$(pidof sleeper | cut -d' ' -f1)
schedlab runqlat --accounts -p $one -d 1 --json > /out/one.json
echo "filter: $? $one"
kill $(pidof sleeper)
wait

# Words that name nothing.
schedlab runqlat -p 999999 -d 1
echo "pid: $?"
schedlab runqlat -c no/such/group -d 1
echo "cgroup: $?"
schedlab runqlat --split wakee -d 1
echo "part: $?"
schedlab runqlat --by colour -d 1
echo "key: $?"
# A process that ends ends the capture.
actors 1 sleeper > /dev/null &
schedlab runqlat -p $! -d 100 > /dev/null
echo "gone: $? $(($(cut -d. -f1 /proc/uptime) < 90))"
END

perf=$(command -v perf) || perf=
check "perf is installed (build-aux/deps)" test -n "$perf"
[ -n "$perf" ] || exit 0
guest --lab --out "$tmp/out" --with "$perf" --with build/tests/vm/actors --with "$root/tests/guest/attached.sh" \
	--with "$tmp/guest.sh" -- sh /with/guest.sh
[ -z "${KEEP:-}" ] || cp -r "$tmp/out" "$KEEP"
check_match "the capture ends on SIGINT with status 0" '^ledger: 0$' "$out"
ledger=$tmp/out/all.json
delay_of() { # PID
	jq --argjson pid "$1" '[.ledger.tasks[] | select(.pid == $pid)] | max_by(.last_ns) | .ns.queue_wait + .ns.preempt_wait' "$ledger"
}
while read -r name pid run delay _; do
	check_number "run delay of $name ($pid) is schedstat's to 1 %" \
		"$run > 0 && ($(delay_of "$pid") - $delay)^2 <= (0.01 * $delay)^2"
done < "$tmp/out/actors"
check_equal "all actors were seen" 9 "$(wc -l < "$tmp/out/actors")"
# perf's record, by its own analysis: "TID WAIT_MS DELAY_MS RUN_MS" a run, of which wait is all time off the CPU before it
# and delay the part of it that began with the waking. The first run of a task has no wait; the last line is its exit.
perf sched timehist -i "$tmp/out/perf.data" 2> "$tmp/perf.err" | awk '
	/\[[0-9]+(\/[0-9]+)?\] +[0-9.]+ +[0-9.]+ +[0-9.]+ *$/ {
		match($0, /\[[0-9]+(\/[0-9]+)?\] +[0-9.]+ +[0-9.]+ +[0-9.]+ *$/)
		split(substr($0, RSTART + 1), f, /[]\/ ]+/)
		n = split(substr($0, RSTART), w, / +/)
		if (w[n] == "") n--
		tid = f[1]; runs[tid]++; off[tid] += w[n - 2]; delay[tid] += w[n - 1]; run[tid] += w[n]
	}
	END { for (t in runs) print t, runs[t], off[t] * 1e6, delay[t] * 1e6, run[t] * 1e6 }' > "$tmp/perf.txt"
while read -r name pid _; do
	read -r _ p_runs p_off p_delay p_run <<< "$(grep "^$pid " "$tmp/perf.txt")"
	read -r runs off delay ran <<< "$(jq -r --argjson pid "$pid" '[.ledger.tasks[] | select(.pid == $pid)] | first |
		"\(.count.running) \(.ns.blocked + .ns.activation + .ns.queue_wait + .ns.preempt_wait) \(.ns.activation + .ns.queue_wait) \(.ns.running)"' "$ledger")"
	check_equal "$name: perf sched saw as many runs" "$p_runs" "$runs"
	check_number "$name: its run time is perf's to 1 %" "$ran > 0 && ($ran - $p_run)^2 <= (0.01 * $p_run)^2"
	check_number "$name: its time off the CPU is perf's to 1 %" "($off - $p_off)^2 <= (0.01 * $p_off)^2"
	delays="${delays:-0} + $delay" p_delays="${p_delays:-0} + $p_delay"
done < "$tmp/out/perf.actors"
# Waits of 60 us on average: perf reads its clock behind the ledger, and so later by what the ledger's programs took.
check_number "all their wakeup latencies are perf's delays to 1 %" "(($delays) - ($p_delays))^2 <= (0.01 * ($p_delays))^2"
check_equal "all that perf ran were compared" 3 "$(wc -l < "$tmp/out/perf.actors")"
number() {
	jq "$1" "${2:-$ledger}"
}
check_number "each task's intervals add up to its life" \
	"$(number .identities.worst_task_ns) <= 0.001 * 2e9 && $(number .identities.wall_ns) > 14e9"
check_number "switches are the kernel's ctxt" \
	"($(number .ledger.counts.switches) - $(number .ledger.counts.kernel_switches))^2 <= 4"
check_number "enough switches to mean something" "$(number .ledger.counts.switches) > 5000"
check_equal "nothing was lost" 0 "$(number '[.losses[]] | add')"
check_number "every fork's account is there" "$(number '[.ledger.tasks[] | select(.comm == "forks" and .ended)] | length') > 20"
# Thread ids: the same one twice, and one that a thread takes over from its leader by exec.
reused=$(sed -n 's/^reused //p' "$tmp/out/actors.err")
check_equal "an id that is used again has two accounts, each with its own time" "3 7" \
	"$(number "[.ledger.tasks[] | select(.pid == ${reused:-0}) | .ns.running / 1e6 | floor] | sort | map(tostring) | join(\" \")" | tr -d '"')"
heir=$(awk '$1 == "threadexec" { print $2 }' "$tmp/out/actors")
check_equal "a thread that takes its leader's id keeps its account, beside the leader's" "exe threadexec" \
	"$(jq -r "[.ledger.tasks[] | select(.pid == ${heir:-0}) | .comm] | sort | join(\" \")" "$ledger")"
check_number "waits are in the histograms as in the accounts" \
	"($(number .ledger.intervals.run_delay.sum) - $(number .identities.run_delay_ns))^2 <= (0.001 * $(number .identities.run_delay_ns))^2"

one=$(sed -n 's/^filter: 0 //p' <<< "$out")
check_equal "-p keeps the accounts of that process only" "[$one]" \
	"$(jq -c '[.ledger.tasks[].tgid] | unique' "$tmp/out/one.json")"
check_match "a process that does not exist: status 2" '^pid: 2$' "$out"
check_match "... and one line says so" '^schedlab: runqlat: there is no process 999999$' "$err"
check_match "a cgroup that does not exist: status 2" '^cgroup: 2$' "$out"
check_match "... and one line says so" "there is no cgroup 'no/such/group'" "$err"
check_match "an unknown part of --split: status 2" '^part: 2$' "$out"
check_match "... and the nearest is named" 'did you mean wake' "$err"
check_match "an unknown key of --by: status 2" '^key: 2$' "$out"
check_match "the end of the process ends the capture" '^gone: 0 1$' "$out"
