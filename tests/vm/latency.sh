#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The latency scheduler in the virtual lab, against the default: as good for a sleeper as an empty machine, no worse for
# hogs and throughput, and its stated bounds. One guest boot for all of it; times are virtual, so nothing depends on the
# host's speed.
. "$(dirname "$0")/../lib.sh"

guest --lab --with "$root/build/tests/bench/schedbench" --with "$root/tests/bench/latency.sh" -- sh -c '
	SCHEDS="default;latency" sh /with/latency.sh "$@"
	SCHEDS="latency preempt=0" sh /with/latency.sh "mix: mix hogs=3 seconds=5"' sh \
	'alone: mix hogs=0 seconds=5' \
	'mix: mix hogs=3 seconds=5' \
	'pipe: pipeline hogs=3 seconds=5 gap_us=20000' \
	'disguise: disguise hogs=3 seconds=4 service_us=900' \
	'storm: mix sleepers=16 hogs=0 seconds=4 gap_us=8900' \
	'rush: mix sleepers=16 hogs=1 seconds=4 gap_us=8900' \
	'message: messaging rounds=100 groups=2' \
	'ping: pingpong' \
	'make: make tasks=60 service_us=20000'
check_equal "the guest ran to its end" 0 "$status"
[ "$status" -eq 0 ] || { printf '%s\n' "$err" | tail -5; exit 1; }
check_equal "no scheduler was ejected, no benchmark failed" '' "$(grep '\.status [^0]' <<< "$out" || true)"

# v SCHEDULER WHAT.NAME: a figure
v() {
	awk -v n="$1.$2" '$1 == n { print $2; found = 1 } END { exit !found }' <<< "$out"
}

for q in p50 p90 p99 p999 max; do
	alone=$(v default alone.wakeup_$q)
	check_number "the mix: $q as if the hogs were not there ($(v latency mix.wakeup_$q) us, $alone alone)" \
		"$(v latency mix.wakeup_$q) <= 1.1 * $alone + 30"
done
check_number "the mix: the gate sees a scheduler that does not preempt ($(v latency,preempt=0 mix.wakeup_p99) us)" \
	"$(v latency,preempt=0 mix.wakeup_p99) > 1.1 * $(v default alone.wakeup_p99) + 30"
check_number "the mix: hogs keep their share ($(v latency mix.hogs_share), default $(v default mix.hogs_share))" \
	"$(v latency mix.hogs_share) >= 0.98 * $(v default mix.hogs_share)"
# Not steady yet: from one build to the next the same run gives 275 us or 22 ms. `make soak-scheds` has it as a gate.
pipeline="pipeline: p99 at most a twentieth ($(v latency pipe.end_to_end_p99) us, default $(v default pipe.end_to_end_p99))"
if [ -n "${PIPELINE_GATE:-}" ]; then
	check_number "$pipeline" "$(v latency pipe.end_to_end_p99) <= $(v default pipe.end_to_end_p99) / 20"
else
	skip "$pipeline" "a known fault of the latency scheduler, gated in make soak-scheds"
fi

# The stated bounds, with burst_us = 10000, slice_us = 20000, a tick of 4 ms: (n - 1) * 64 ms; T / n - 44 ms.
check_number "disguised hog: the longest wait of a hog is within the bound ($(v latency disguise.hogs_wait_max) us)" \
	"$(v latency disguise.hogs_wait_max) <= 4 * 64000"
check_number "disguised hog: it gets no more than a hog ($(v latency disguise.disguised_share))" \
	"$(v latency disguise.disguised_share) <= 0.25 + 0.02"
check_number "disguised hog: every hog has its share ($(v latency disguise.hogs_least))" \
	"$(v latency disguise.hogs_least) >= 0.2 - 0.011"
check_number "disguised hog: the real sleeper is as if alone ($(v latency disguise.wakeup_p50) us at p50)" \
	"$(v latency disguise.wakeup_p50) <= 1.1 * $(v default alone.wakeup_p50) + 30"
check_number "storm: every job ran ($(v latency storm.wakeup_count))" \
	"$(v latency storm.wakeup_count) == $(v default storm.wakeup_count)"
check_number "storm: nobody waits longer than the bound ($(v latency storm.wakeup_max) us)" \
	"$(v latency storm.wakeup_max) <= 15 * 64000"
check_number "storm with a hog: it waits no longer than the bound ($(v latency rush.hogs_wait_max) us)" \
	"$(v latency rush.hogs_wait_max) <= 16 * 64000"
check_number "storm with a hog: it has its share ($(v latency rush.hogs_least))" \
	"$(v latency rush.hogs_least) >= 1 / 17 - 0.011"
# 6.18's default is quick here; on 7.2.13 this scheduler needs four fifths of the default's time (docs/schedulers.md).
check_number "ping-pong: about as quick ($(v latency ping.round_trip) us, default $(v default ping.round_trip))" \
	"$(v latency ping.round_trip) <= 1.06 * $(v default ping.round_trip)"
check_number "messaging: no slower ($(v latency message.elapsed) us, default $(v default message.elapsed))" \
	"$(v latency message.elapsed) <= $(v default message.elapsed)"
check_number "make: at most 2 % behind ($(v latency make.elapsed) us, default $(v default make.elapsed))" \
	"$(v latency make.elapsed) <= 1.02 * $(v default make.elapsed)"
