#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# cost: 40
# `schedlab bench`: cells in fresh guests, a killed bench that goes on, one bench to a folder, mistakes by line and column.
# Waits for what is to happen, up to a long limit; judges no time.
. "$(dirname "$0")/../lib.sh"

cp "$root/tests/data/light.ini" "$tmp"
cat > "$tmp/exp.ini" <<'END'
[experiment]
name = killed
seeds = 1, 2
jobs = 1
where = vm
duration = 500ms
[scheduler default]
[scheduler fifo]
set = slice_us=0
[workload light]
file = light.ini
END
folder=$tmp/results

# wait_until SECONDS COMMAND...
wait_until() {
	local end=$((SECONDS + $1))
	shift
	until "$@" > /dev/null 2>&1; do
		[ $SECONDS -lt $end ] || return 1
		sleep 0.1
	done
}
cells() {
	find "$folder/cells" -name '*.json' 2> /dev/null | wc -l
}
some_cell() {
	[ "$(cells)" -ge 1 ]
}
# The processes below process $1, one "pid name" a line.
below() {
	local pid children
	children=$(awk -v parent="$1" '/^Pid:/ { pid = $2 } /^PPid:/ && $2 == parent { print pid }' /proc/[0-9]*/status \
		2> /dev/null || true)
	while read -r pid; do
		[ -n "$pid" ] || continue
		echo "$pid $(cat "/proc/$pid/comm" 2> /dev/null || true)"
		below "$pid"
	done <<< "$children"
}
guest_runs() {
	processes=$(below $bench)
	grep -q qemu <<< "$processes"
}
no_process_left() {
	local pid name
	while read -r pid name; do
		[ "$(cat "/proc/$pid/comm" 2> /dev/null)" != "$name" ] || return 1
	done <<< "$processes"
}

"$schedlab" bench "$tmp/exp.ini" -o "$folder" > "$tmp/bench.log" 2>&1 &
bench=$!
check "the first cell's file appears" wait_until 300 some_cell
expect "a second bench in the folder is refused" 7 --err 'another bench runs in this folder' -- \
	"$schedlab" bench "$tmp/exp.ini" -o "$folder"
check "a guest runs below it" wait_until 120 guest_runs
guest_runs || true
kill -KILL $bench
wait $bench 2> /dev/null || true
check "a killed bench takes its guest with it" wait_until 120 no_process_left
before=$(cells)
check_number "it was killed in the middle ($before of 4 cells)" "$before >= 1 && $before < 4"
check_equal "every file that is there is whole" "" \
	"$(find "$folder/cells" -type f -name '*.json' -exec sh -c 'jq -e .checksum "$1" > /dev/null || echo "$1"' - {} \;)"
check_equal "and none is half-written" "" "$(find "$folder/cells" -type f ! -name '*.json')"
old=$(find "$folder/cells" -name '*.json' -exec stat -c '%n %i %Y' {} + | sort)

expect "the same command goes on and ends well" 0 --err "$before of 4 cells are there already" -- \
	"$schedlab" bench "$tmp/exp.ini" -o "$folder"
check_match "each cell's end is told, with the time left" '\[1/[123]\] [a-z]+ under light, seed [12]: [0-9.]+ s; about [0-9]+ (s|min) left' "$err"
check_equal "all cells are there" 4 "$(cells)"
check_equal "the finished ones were not touched" "$old" \
	"$(find "$folder/cells" -name '*.json' -exec stat -c '%n %i %Y' {} + | sort | grep -F "$(cut -d' ' -f1 <<< "$old")")"
check_equal "what the killed one left is swept away" "" "$(find "$folder" -name '.cell-*')"
expect "a third time there is nothing to do" 0 --err '4 of 4 cells are there already' -- \
	"$schedlab" bench "$tmp/exp.ini" -o "$folder"
check_equal "the order is recorded with its seed" "# order-seed 1" "$(head -n 1 "$folder/order.tsv")"
cell=$folder/cells/fifo/light-s1-r0.json
check_equal "a cell knows its command, and the host's load and steal around it" true \
	"$(jq '.host | .wall_s > 0 and (.command | index("--lab")) != null and
		([.load_before, .load_after, .steal_share, .started_unix_s] | all(type == "number"))' "$cell")"
check_equal "QEMU's version and arguments" true "$(jq '.host.guest | (.qemu | test("version [0-9]")) and
	(.machine | index("-smp")) != null and (.command | index("schedlab")) != null' "$cell")"
# What a machine does not have is null, but named.
check_equal "the environment of host and guest" '[] []' "$(jq -c '["kernel", "cpu_model", "microcode", "governor", "turbo", "smt",
	"mitigations", "clocksource", "hz", "preemption"] as $all | $all - (.host.environment | keys), $all - (.environment | keys)' \
	"$cell" | tr '\n' ' ' | sed 's/ $//')"
check_equal "what every machine has is known of the guest" true \
	"$(jq '.environment | .hz >= 100 and .preemption != null and .clocksource != null and (.mitigations | length) > 0' "$cell")"

# Cells as commands of their own
expect "one command a cell" 0 --no-err -- "$schedlab" bench --cells "$tmp/exp.ini" -o "$folder"
check_equal "four of them" 4 "$(wc -l <<< "$out")"
one=$(sed -n 2p "$folder/order.tsv" > /dev/null; awk '$1 == 3 { print $2 "/" $3 "-s" $4 "-r" $5 ".json" }' "$folder/order.tsv")
reference=$(jq -S 'del(.host, .checksum)' "$folder/cells/$one")
rm "$folder/cells/$one"
check "the third command by itself, in a shell" sh -c "$(sed -n 3p <<< "$out")"
check_equal "gives the same result, bit for bit" "$reference" "$(jq -S 'del(.host, .checksum)' "$folder/cells/$one")"

# Trouble
echo '{"schema":"schedlab.result/1"}' > "$folder/cells/$one"
expect "a file that is no result stops the bench before it begins" 2 --err 'remove it' -- \
	"$schedlab" bench "$tmp/exp.ini" -o "$folder"
rm "$folder/cells/$one"
sed 's/seeds = 1, 2/seeds = 1, 3/' "$tmp/exp.ini" > "$tmp/other.ini"
expect "another experiment in the same folder is refused" 2 --err 'another experiment' -- \
	"$schedlab" bench "$tmp/other.ini" -o "$folder"
sed 's/^jobs = 1/jobs = one/' "$tmp/exp.ini" > "$tmp/wrong.ini"
expect "a mistake by line and column" 2 --err "wrong.ini:4:8: 'one' is not a number" -- \
	"$schedlab" bench "$tmp/wrong.ini" -o "$tmp/none"
sed 's/slice_us=0/slice_ms=1/' "$tmp/exp.ini" > "$tmp/option.ini"
expect "an option that no scheduler has: given up at once, with the reason" 2 --err 'slice_ms.*gave up|gave up' -- \
	"$schedlab" bench "$tmp/option.ini" -o "$tmp/option"
check_match "the reason is told" 'no option of that name' "$err"
expect "--cell beyond the last" 2 --err 'has 4 cells' -- "$schedlab" bench "$tmp/exp.ini" -o "$folder" --cell 5
