#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# cost: 15
# Debian's 6.12 has no sched_ext: a scheduler cannot be run, and the words say why; all views work under the kernel's own
# scheduler, say what is missing, and count as elsewhere.
. "$(dirname "$0")/../lib.sh"
cd "$tmp"
kernel=6.12.95
if ! "$root/vm/kernels" fetch $kernel > fetch 2>&1; then
	skip "kernel $kernel" "the archive does not have it: $(tail -n 1 fetch)"
	exit 0
fi

cat > guest.sh << 'END'
schedlab run fifo -d 1 2> /out/run.err
echo "run $?"
mkfifo /tmp/go
relay napper reader 1000000 2000 200 /tmp/go > /dev/null &
echo > /tmp/go
view() { # NAME WORDS...
	name=$1
	shift
	schedlab "$@" -d 2 --json > "/out/$name.json" 2> "/out/$name.err"
	echo "$name $?"
}
view runqlat runqlat --by comm --accounts --queues
view cpudist cpudist --by class
view offcpu offcpu
view wakeups wakeups --chains
view trace trace -o /out/t.pftrace
view top top
END
guest --accel tcg --cpus 2 --kernel $kernel --out out --with "$root/build/tests/tools/relay" --with guest.sh -- sh /with/guest.sh
check_equal "a scheduler is refused; every view ends well" "run 3 runqlat 0 cpudist 0 offcpu 0 wakeups 0 trace 0 top 0" "$(xargs <<< "$out")"
[ "$status" -eq 0 ] || { printf '%s\n' "$err" | tail -n 5 | sed 's/^/# /'; exit 0; }
cd out
tail -n 1 top.json > last && mv last top.json # one document a second
check_match "the refusal says why" "has no sched_ext: .*CONFIG_SCHED_CLASS_EXT=y" "$(cat run.err)"
for view in runqlat cpudist offcpu wakeups trace top; do
	check_match "$view says what is missing" 'this kernel has no sched_ext: only its own scheduler is seen' "$(cat $view.err)"
	check_equal "$view: the one scheduler is the default" '["default"]' "$(jq -c '[.ledger.epochs[].scheduler]' $view.json)"
	# A waking that meets a task as it leaves its CPU can be missed here as on any kernel with two CPUs; buffers were large enough.
	check_equal "$view: no buffer was full" 0 "$(jq '.losses | .accounts + .events + .split_keys + .rows + .edges + .chains + .stacks + .recursion' $view.json)"
done
check_number "runqlat sees the wakeups" "$(jq '[.ledger.splits[] | select(.name == "napper") | .intervals.wakeup_latency.count] | add' runqlat.json) > 5"
check_number "... and accounts that add up" "$(jq .identities.worst_task_ns runqlat.json) <= 0.001 * 2e9"
# Two CPUs go on switching while their counts are read.
check_number "... and switches, as the kernel counts them" "($(jq '.ledger.counts | .switches - .kernel_switches' runqlat.json))^2 <= 50^2"
check_match "... and the run queues' lengths" '^run queue of CPU [01]$' "$(jq -r '.queue_lengths[0].queue' runqlat.json)"
check_number "cpudist sees runs" "$(jq '[.ledger.splits[] | select(.name | test("fair")) | .intervals.running.count] | add' cpudist.json) > 10"
check_match "offcpu sees the stack of a sleep" 'hrtimer_nanosleep|do_nanosleep' \
	"$(jq -r '.profile as $p | .profile.stacks[] | [.frames[] | $p.frames[.].name] | select(.[0] == "napper") | join("/")' offcpu.json)"
check_number "wakeups sees who woke" "$(jq '[.edges[] | select(.waker == "napper" and .wakee == "reader") | .count] | add' wakeups.json) > 5"
check_number "... and an interrupt as such" "$(jq '[.edges[] | select(.context == "irq" and .wakee == "napper") | .count] | add' wakeups.json) > 5"
check_number "trace has the switches" "$("$root/build/tests/tools/pftrace" t.pftrace | grep -c '^switch ') > 20"
check_number "top has the task" "$(jq '[.tasks[] | select(.comm == "napper") | .switches] | add' top.json) > 5"
