#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# cost: 12
# matrix: yes
# The latency scheduler keeps one queue for each last-level cache: seen by the ledger's queue lengths in a guest of two
# sockets; without its llc there is one queue for all.
. "$(dirname "$0")/../lib.sh"
cd "$root"

# shellcheck disable=SC2016 # expands in the guest
guest --lab --cpus 4 --topology 2,2,1 --out "$tmp/out" -- sh -c '
	for llc in 1 0; do
		schedlab run latency --set llc=$llc -- sh -c "
			stress-ng --quiet --switch 8 --timeout 2 &
			schedlab runqlat --queues --json -d 1 > /out/llc-$llc.json
			wait" || exit
	done'
check_equal "both ran" 0 "$status"
queues() {
	jq -r '[.queue_lengths[].queue | select(startswith("DSQ"))] | sort | join(", ")' "$tmp/out/llc-$1.json"
}
check_equal "two caches, two queues" "DSQ 0x0, DSQ 0x1" "$(queues 1)"
check_equal "llc=0: one for all" "DSQ 0x0" "$(queues 0)"
