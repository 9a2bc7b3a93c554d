#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# cost: 40
# The ledger against the kernel's own accounts: run delay by schedstat, switches by /proc/stat, sums by the identities;
# over forks, an exec, exits, yields and wakeups. In the virtual lab, so the host's speed does not matter.
# The kernel's run delay ends by the clock read as the scheduler begins to choose, the ledger's as it switches: some
# 4 us a wait in the lab (1,000 instructions), which is why the tasks here wait no more often than each 200 us.
. "$(dirname "$0")/../lib.sh"
cd "$root"

cat > "$tmp/guest.sh" <<'END'
attached() {
	n=0
	until ls -l /proc/$1/fd 2> /dev/null | grep -q bpf_link; do
		n=$((n + 1))
		[ $n -lt 600 ] && kill -0 $1 || return 1
		usleep 100000
	done
	sleep 1
}
schedlab runqlat --accounts --split wake,queue,delay -d 1000 --json > /out/all.json 2> /out/all.err &
pid=$!
attached $pid
actors 2 hog hog sleeper pipe yield forks exec > /out/actors
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

guest --lab --out "$tmp/out" --with build/tests/vm/actors --with "$tmp/guest.sh" -- sh /with/guest.sh
check_match "the capture ends on SIGINT with status 0" '^ledger: 0$' "$out"
ledger=$tmp/out/all.json
delay_of() { # PID
	jq --argjson pid "$1" '[.ledger.tasks[] | select(.pid == $pid) | .ns.queue_wait + .ns.preempt_wait] | add' "$ledger"
}
while read -r name pid run delay; do
	check_number "run delay of $name ($pid) is schedstat's to 1 %" \
		"$run > 0 && ($(delay_of "$pid") - $delay)^2 <= (0.01 * $delay)^2"
done < "$tmp/out/actors"
check_equal "all actors were seen" 7 "$(wc -l < "$tmp/out/actors")"
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
