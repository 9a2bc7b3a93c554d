#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# cost: 25
# What changes under a capture, on two CPUs of the virtual lab: tasks that migrate, a CPU that goes and comes back, idle
# CPUs, interrupts that wake, and a scheduler that is loaded and leaves. Sums must still be the kernel's own.
. "$(dirname "$0")/../lib.sh"
cd "$tmp"

cat > guest.sh << 'END'
. /with/attached.sh
cd /out
finish() {
	kill -INT $pids
	wait $pids || echo "views: $?"
	pids=
}
all="--split wake,preempt,queue,delay --accounts --json"
# Migration, and a CPU that is taken away and given back.
view migrate.json runqlat $all -d 1000
view wall.json offcpu --json -d 1000 --wall --hz 997 -K
actors 1 migrate hog sleeper > /out/migrate.actors
online=/sys/devices/system/cpu/cpu1/online
actors 2 hog hog sleeper pipe > /out/hotplug.actors &
usleep 300000
echo 0 > $online
cat /sys/devices/system/cpu/online
usleep 300000
echo 1 > $online
cat /sys/devices/system/cpu/online
wait $!
finish
# Idle CPUs, and the interrupts that come all the same.
view irq.json wakeups --json -d 1000 -n
schedlab runqlat $all -d 2 > idle.json
finish
# A scheduler in mid-capture: late by 3 ms in its time, and not before and after.
mkfifo /tmp/go
relay napper reader 100000 5000 200 /tmp/go > /tmp/relay &
until [ -s /tmp/relay ]; do usleep 10000; done
read -r napper reader < /tmp/relay
view epochs.json runqlat $all -d 1000 -p "$napper"
echo > /tmp/go
usleep 300000
schedlab run /with/late.bpf.o -- sleep 0.5 2> /dev/null
usleep 300000
finish
# More changes than a capture holds apart, and more queues than there is room for.
view many.json runqlat --json -d 1000 --split wake --queues --entries 1
for i in 1 2 3 4 5 6 7; do schedlab run /with/late.bpf.o -- true 2> /dev/null; done
finish
kill "$napper" "$reader"
wait
END
guest --lab --cpus 2 --timeout 1200 --out out --with "$root/build/tests/vm/actors" --with "$root/build/tests/tools/relay" \
	--with "$root/build/tests/faulty/late.bpf.o" \
	--with "$root/tests/guest/attached.sh" --with guest.sh -- sh /with/guest.sh
[ -z "${KEEP:-}" ] || cp -r out "$KEEP"
check_equal "the guest ran, a CPU went and came back" "0 0 0-1" "$status $(xargs <<< "$out")"
[ "$status" -eq 0 ] || { printf '%s\n' "$err" | tail -n 5 | sed 's/^/# /'; exit 0; }
cd out
number() { # FILE EXPRESSION
	jq "$2" "$1.json"
}

# Tasks that ended in the capture: nothing of their lives is missing, whatever the CPUs did.
cat migrate.actors hotplug.actors > actors
while read -r name pid run delay moves; do
	read -r life states ran waited moved <<< "$(jq -r --argjson pid "$pid" '.ledger.tasks[] | select(.pid == $pid and .ended) |
		"\(.last_ns - .first_ns) \(.ns | add) \(.ns.running) \(.ns.queue_wait + .ns.preempt_wait) \(.migrations)"' migrate.json)"
	check_equal "$name ($pid): its intervals are its life" "$life" "$states"
	# One virtual CPU stands still while the other's instructions are done, in mid-switch too, for 100 us at a time: that
	# moves time between a wait and the run behind it. To 1 % it is compared on one CPU, in ledger_truth.sh.
	check_number "$name ($pid): running and waiting as in schedstat to 10 %" "$run > 0 && ($ran + $waited - $run - $delay)^2 <= (0.1 * ($run + $delay))^2"
	[ "$name" != migrate ] || check_number "migrate: as many moves as the kernel counts, to 5 %" \
		"$moves > 100 && ($moved - $moves)^2 <= (0.05 * $moves)^2"
done < actors
check_equal "all of them were seen" 7 "$(wc -l < actors)"

# A CPU that goes tells nothing of its last switches: what cannot be known is counted, and shown as a remainder.
check_number "switches are the kernel's ctxt, but for those of a CPU on its way out" \
	"($(number migrate '.ledger.counts | .switches - .kernel_switches'))^2 <= 20^2"
check_number "a task that left with its CPU is counted" "$(number migrate '.identities.worst_task_ns') < 1e6 || $(number migrate .losses.unknown_in) > 0"
check_equal "and nothing else is lost" 0 "$(number migrate '[.losses | to_entries[] | select(.key != "unknown_in" and .key != "no_waking") | .value] | add')"
sampled=$(number wall .states.running.total_ns)
ran=$(number migrate '[.ledger.tasks[] | select(.comm | IN("migrate", "hog", "sleeper", "pipe")) | .ns.running] | add')
check_number "--wall samples a CPU that came back too: nearly all running time" "$sampled / $ran > 0.88 && $sampled / $ran < 1.2"

# Idle.
check_equal "idle is no task" 0 "$(number idle '[.ledger.tasks[] | select(.pid == 0 or (.comm | startswith("swapper")))] | length')"
check_number "and its time nobody's: two CPUs, 2 s, hardly a task" "$(number idle '[.ledger.tasks[].ns.running] | add') < 0.1 * 4e9"
check_number "but its switches count" "$(number idle .ledger.counts.switches) > 50 && ($(number idle '.ledger.counts | .switches - .kernel_switches'))^2 <= 10^2"
check_equal "the intervals of all tasks add up" 0 "$(number idle .identities.worst_task_ns)"

# Interrupts.
check_number "a timer's waking is the interrupt's, not the task's that it hit" \
	"$(number irq '[.edges[] | select(.context == "irq" and .wakee == "schedlab") | .count] | add') > 10"
check_number "and a soft interrupt's" "$(number irq '[.edges[] | select(.context == "softirq" and .wakee == "rcu_preempt") | .count] | add') > 3"
check_equal "interrupts have no pid" 0 "$(number irq '[.edges[] | select(.context != "task" and .waker != "[\(.context)]")] | length')"

# Epochs.
check_equal "the schedulers, one after the other" '["default","changing","late","default"]' "$(jq -c '[.ledger.epochs[].scheduler]' epochs.json)"
for e in 0 3; do
	check_number "epoch $e: no wakeup waits for 3 ms" "$(number epochs ".ledger.epochs[$e].intervals.wakeup_latency | .sum / .count") < 1e6"
done
check_number "epoch 2: each does" "$(number epochs '.ledger.epochs[2].intervals.wakeup_latency | .sum / .count') >= 3e6 && $(number epochs '.ledger.epochs[2].intervals.wakeup_latency.count') > 30"
check_equal "each wait is in one epoch, or crossed two and is counted" "$(number epochs '[.ledger.tasks[].count | .queue_wait + .preempt_wait] | add')" \
	"$(($(number epochs '[.ledger.epochs[].intervals.run_delay.count] | add') + $(number epochs .losses.crossed_epoch) / 3))"

# A capture holds sixteen epochs apart; a load takes three (changing, the scheduler, the kernel's own again).
check_equal "seven schedulers one after another: sixteen epochs, six changes beyond" "16 6" \
	"$(number many '"\(.ledger.epochs | length) \(.losses.epochs)"' | tr -d '"')"
check_match "... which standard error tells" 'not accounted for: epochs 6$' "$(cat many.json.err)"
check_equal "... and no sample is missing" "$(number many .ledger.intervals.wakeup_latency.count)" \
	"$(number many '[.ledger.epochs[].intervals.wakeup_latency.count] | add')"
check_equal "queues: one has room" 1 "$(number many '.queue_lengths | length')"
check_number "... arrivals at the others are counted" "$(number many .losses.dispatch_queues) > 10"
check_match "... which standard error tells" "not accounted for: dispatch_queues $(number many .losses.dispatch_queues)\$" "$(cat many.json.err)"
