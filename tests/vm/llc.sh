#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# cost: 12
# matrix: yes
# The latency scheduler keeps one queue for each last-level cache: seen by the ledger's queue lengths in a guest of two
# sockets, whose CPUs are all busy; without its llc there is one queue for all. It does not preempt here, since who
# preempts is put on a CPU and not into a queue. A CPU whose own queue is empty takes from the other cache's.
. "$(dirname "$0")/../lib.sh"
cd "$root"

cat > "$tmp/busy" <<'END'
. /with/attached.sh
view "/out/llc-$1.json" runqlat --queues --json
for i in 1 2 3 4; do
	while :; do :; done &
	while :; do usleep 5000; done &
done
sleep 0.3
kill -INT $pids
wait $pids
kill $(jobs -p)
END
# shellcheck disable=SC2016 # expands in the guest
guest --lab --cpus 4 --topology 2,2,1 --with "$tmp/busy" --with "$root/build/tests/bench/schedbench" --with "$root/tests/guest/attached.sh" --out "$tmp/out" -- sh -c '
	for llc in 1 0; do
		schedlab run latency --set preempt=0 --set llc=$llc -- sh /with/busy $llc || exit
		schedlab run latency --set llc=$llc -- sh -c "
			/with/schedbench place tasks=6 service_us=2000 pause_us=1000 seconds=0.5 > /dev/null && schedlab status" |
			sed -n "s/^statistic/$llc/p"
	done'
check_equal "both ran" 0 "$status"
queues() {
	jq -r '[.queue_lengths[].queue | select(startswith("DSQ"))] | sort | join(", ")' "$tmp/out/llc-$1.json"
}
check_equal "two caches, two queues" "DSQ 0x0, DSQ 0x1" "$(queues 1)"
check_equal "llc=0: one for all" "DSQ 0x0" "$(queues 0)"
stolen() {
	awk -v llc="$1" '$1 == llc && $2 == "stolen:" { print $3 }' <<< "$out"
}
check_number "a CPU without work takes the other cache's ($(stolen 1) times)" "$(stolen 1) > 0"
check_equal "llc=0: there is no other" 0 "$(stolen 0)"
