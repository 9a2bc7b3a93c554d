#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# cost: 20
# --max-overhead sheds stacks first, then samples, then everything; it says each step, what is kept and left out adds up
# at each, and a budget that is kept sheds nothing. In the virtual lab: one step a second.
. "$(dirname "$0")/../lib.sh"
cd "$tmp"

cat > guest.sh << 'END'
. /with/attached.sh
cd /out
mkfifo /tmp/go
relay napper reader 1000000 3000 100 /tmp/go > /tmp/relay &
echo > /tmp/go
view free.json runqlat --json --by comm --accounts --split delay --max-overhead 90% -d 1000
view waits.json runqlat --json --by comm --accounts --split delay --max-overhead 0.001% -d 1000 1
view offcpu.json offcpu --json -K --max-overhead 0.001% -d 1000 1
view wakeups.json wakeups --json --max-overhead 0.001% -d 1000
view trace.json trace --json -o /tmp/t.pftrace --max-overhead 0.001% -d 1000
until grep -q detached wakeups.json.err && grep -q detached offcpu.json.err && grep -q detached waits.json.err; do
	sleep 1
	n=$((n + 1))
	[ $n -lt 300 ] || break
done
sleep 2
kill -INT $pids
wait $pids || echo "views: $?"
kill $(cat /tmp/relay)
wait
END
guest --lab --timeout 1200 --out out --with "$root/build/tests/tools/relay" \
	--with "$root/tests/guest/attached.sh" --with guest.sh -- sh /with/guest.sh
[ -z "${KEEP:-}" ] || cp -r out "$KEEP"
check_equal "the guest ran, all views started and ended well" "0 " "$status $out"
[ "$status" -eq 0 ] || { printf '%s\n' "$err" | tail -n 5 | sed 's/^/# /'; exit 0; }
cd out

# The steps, one line each, as JSON's reports have them ("SHED FACTOR") and as standard error tells them.
steps() {
	jq -r '.cost | "\(.shed) \(.sample_factor)"' "$1.json" | uniq | paste -sd ' '
}
said() {
	sed -n 's/.*note: over budget ([0-9.]* % of CPU time, 0.001 % allowed): \(.*\)/\1/p' "$1.json.err" | sed 's/: multiply counts by that//' | paste -sd '|'
}
kept() { # the words for factors 2 to 1024
	for k in 2 4 8 16 32 64 128 256 512 1024; do printf 'one interval of %s is kept|' $k; done
}
check_match "offcpu: stacks go first, then samples, then all" \
	'^(nothing 1 )?(stacks 1 )samples 2 samples 4 samples 8 samples 16 .*samples 512 samples 1024 all 1024$' "$(steps offcpu)"
check_equal "... each step is said, with its factor" "no more stacks|$(kept)detached, nothing more is seen" "$(said offcpu)"
check_equal "a view without stacks begins with samples" "$(kept)detached, nothing more is seen" "$(said waits)"
check_equal "a timeline is whole or none" "detached, nothing more is seen" "$(said trace)"
check_equal "the same of a capture with one report" "no more stacks|$(kept)detached, nothing more is seen" "$(said wakeups)"
check_equal "a budget that is kept sheds nothing" "nothing 1 0" "$(steps free) $(jq .losses.sampled_out free.json)"
check_not "... and says nothing" grep -q 'over budget' free.json.err

# Stacks: none is taken any more once they are shed (its reports are of all since the start).
check_number "while stacks are taken, they are walked or known" "$(jq -s 'first | .ledger.counts | .kernel_stacks_walked + .kernel_stacks_known' offcpu.json) > 100"
check_equal "once they are shed, none is" 1 "$(jq -s 'map(select(.cost.shed == "samples" or .cost.shed == "all") |
	.ledger.counts | .kernel_stacks_walked + .kernel_stacks_known) | unique | length' offcpu.json)"
# Samples: those kept and those left out are all, which the accounts know exactly; and the share is the factor's.
jq -s 'map(select(.cost.shed == "samples")) | length as $n | .[:$n - 1]' waits.json > sampled
check_number "reports under sampling" "$(jq length sampled) >= 9"
check_equal "accounts stay exact under sampling" 0 "$(jq 'map(.identities.worst_task_ns) | max' sampled)"
kept=$(jq 'map(.ledger.intervals.run_delay.count) | add' sampled)
left=$(jq 'map(.losses.sampled_out) | add' sampled)
check_number "some are kept, more are left out" "$kept > 100 && $left > 3 * $kept"
all=$(jq -s 'map(select(.cost.shed != "all")) | last | [.ledger.tasks[].count | .queue_wait + .preempt_wait] | add' waits.json)
both=$(jq -s 'map(select(.cost.shed != "all") | .ledger.intervals.run_delay.count + .losses.sampled_out) | add' waits.json)
check_number "kept and left out, over all reports, are all waits (accounts are read a moment later)" "$all > 1000 && $both <= $all && $both >= 0.99 * $all"
at_factor_8=$(jq 'map(select(.cost.sample_factor == 8)) | first | .ledger.intervals.run_delay.count / (.ledger.intervals.run_delay.count + .losses.sampled_out)' sampled)
check_number "under factor 8, an eighth is kept (or what a second of 4 and 8 gives)" "$at_factor_8 > 0.05 && $at_factor_8 < 0.3"
# All: after the detachment nothing is counted.
check_equal "detached: nothing is seen" 0 "$(jq -s 'map(select(.cost.shed == "all")) | last | .ledger.intervals.run_delay.count' waits.json)"
