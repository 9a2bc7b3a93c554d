#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# cost: 100
# FIFO without slices against queueing theory: every job's sojourn under the loaded scheduler is held against what
# first come, first served must give for the same trace. In the virtual lab, so the figures are the same every time.
# A LIFO queue must fail; the kernel's default scheduler is reported and not judged.
. "$(dirname "$0")/../lib.sh"
cd "$root"

cat > "$tmp/oracle.sh" <<'END'
for load in fcfs bimodal; do
	schedlab cell --sched fifo --set slice_us=0 --workload $load -o /out/fifo-$load.json
	echo "fifo $load: $?"
	schedlab load $load -d 25s -o /out/default-$load.json > /out/default-$load.txt
	echo "default $load: $?"
done
schedlab run /with/lifo.bpf.o -- schedlab load fcfs -d 20s --expect fcfs -o /out/lifo-fcfs.json
echo "lifo: $?"
# The guard's looks at the kernel cost up to 1 % of this slow CPU, which the corrected bound knows and the plain does not.
schedlab run fifo --partial --set slice_us=0 -- schedlab load fcfs -d 15s --sched-ext --expect fcfs --tolerance 10 \
	--corrected 4 -o /out/partial-fcfs.json > /dev/null
echo "partial: $?"
schedlab load mix -d 2s --expect fcfs > /dev/null
echo "no oracle: $?"
END
guest --lab --with "$tmp/oracle.sh" --with build/tests/faulty/lifo.bpf.o --out "$tmp/out" -- sh /with/oracle.sh
check_equal "the guest ends well" 0 "$status"

# One oracle's field of a result.
field() {
	jq -r ".oracles[] | select(.name == \"$2\") | .$3" "$tmp/out/$1.json"
}

for load in fcfs bimodal; do
	check_match "fifo runs under $load" "^fifo $load: 0\$" "$out"
	check_equal "fifo $load: the run is valid" true "$(jq .validity.valid "$tmp/out/fifo-$load.json")"
	check_equal "fifo $load: 5,000 jobs done, none lost" '{"released":5000,"done":5000,"censored":0,"warmup":0,"queued":0}' \
		"$(jq -c '.classes[0].jobs' "$tmp/out/fifo-$load.json")"
	check_equal "fifo $load: one CPU" 1 "$(field fifo-$load fcfs servers)"
	for figure in error_pct:4 p99_error_pct:4 corrected_error_pct:2 corrected_p99_error_pct:2; do
		e=$(field "fifo-$load" fcfs "${figure%:*}")
		check_number "fifo $load: ${figure%:*} $e within ${figure#*:} %" "$e <= ${figure#*:} && $e >= -${figure#*:}"
	done
	check_equal "fifo $load: verdict" agrees "$(field fifo-$load fcfs verdict)"
	check_equal "fifo $load: processor sharing it is not" differs "$(field fifo-$load ps verdict)"
	check_match "default scheduler under $load runs" "^default $load: 0\$" "$out"
	echo "# default scheduler under $load: mean $(field default-$load fcfs error_pct) % off fcfs," \
		"$(field default-$load ps error_pct) % off ps (not judged)"
	check_equal "default $load: evidence" icount "$(jq -r .evidence "$tmp/out/default-$load.json")"
done
# Theory for the first: 10 ms / (1 - 0.7).
check_equal "closed form of M/M/1" 33333333 "$(field fifo-fcfs fcfs closed_form_mean_ns)"
check_match "fifo with --partial, the load in SCHED_EXT, guarded: agrees" "^partial: 0\$" "$out"
echo "# $(jq -c .workload.other_cost_ns,.oracles[0].error_pct,.oracles[0].corrected_error_pct "$tmp/out/partial-fcfs.json" | tr '\n' ' ')"
check_match "lifo fails the check" "^lifo: 5\$" "$out"
check_match "and is told why" "oracle fcfs: mean .* %, p99 \+[0-9.]+ % \(allowed 4 %\)" "$err"
check_equal "lifo: verdict" differs "$(field lifo-fcfs fcfs verdict)"
e=$(field lifo-fcfs fcfs p99_error_pct)
check_number "lifo: its tail gives it away, p99 $e % off" "$e > 20"
check_match "no oracle for a sleeper beside hogs" "^no oracle: 2\$" "$out"
check_match "and is told so" "oracle fcfs cannot say anything: the oracles know only classes of kind jobs" "$err"
