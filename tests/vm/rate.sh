#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# cost: 40
# 100,000 switches a second lose nothing, in any view; and where the tables and buffers are made too small, what found no
# room is counted to the last interval, on standard error and in JSON. In the virtual lab at 1 ns an instruction.
. "$(dirname "$0")/../lib.sh"
cd "$tmp"

cat > guest.sh << 'END'
. /with/attached.sh
hold=
watch() { # NAME ROUNDS WORDS...: one view of that many round trips, 2 switches and 2 wakeups each
	name=$1
	rounds=$2
	shift 2
	schedlab "$@" -d 1000 --json > "/out/$name.json" 2> "/out/$name.err" &
	attached $! || exit 1
	usleep 150000
	[ -z "$hold" ] || kill -STOP $! # its buffers are not emptied meanwhile
	/with/pingpong "$rounds" 10 > "/out/$name.trip"
	[ -z "$hold" ] || kill -CONT $!
	kill -INT $!
	wait $! || exit 1
}
watch runqlat 5000 runqlat
watch accounts 5000 runqlat --by thread --queues --accounts --split wake,queue,preempt,delay
watch cpudist 5000 cpudist
watch offcpu 5000 offcpu -K
watch wakeups 5000 wakeups --chains
watch top 5000 top 1000
watch trace 8000 trace -o /out/trace.pftrace
hold=1
watch small-runqlat 4000 runqlat --by thread --entries 1 --slower 1us
hold=
watch small-offcpu 1000 offcpu --entries 2
watch small-wakeups 1000 wakeups --entries 2
# A server and six clients that it serves in every order: 12 pairs, which find room, and 42 chains, which do not.
for i in 3 4 5 6 7 8 9; do
	mkfifo /tmp/f$i
	eval "exec $i<> /tmp/f$i"
done
for i in 3 4 5 6 7 8; do
	(eval "while read -r x <&$i; do echo >&9; done") &
	clients="$clients $!"
done
for i in 3 4 5 6 7 8; do
	for k in 3 4 5 6 7 8 3 4 5 6 7 8; do
		for to in $i $k; do
			echo "echo >&$to"
			echo "read -r x <&9"
		done
	done
done > /tmp/serve
schedlab wakeups -n --chains --entries 36 -d 1000 --json > /out/small-chains.json 2> /out/small-chains.err &
view=$!
attached $view || exit 1
usleep 150000
. /tmp/serve
kill -INT $view
wait $view || exit 1
kill $clients
watch small-top 1000 top 1000 --entries 1
hold=1
watch small-trace 8000 trace -o /out/small.pftrace --buffer 1
END
guest --lab --shift 0 --timeout 3000 --hang 1000 --out out --with "$root/build/tests/bench/observe/pingpong" \
	--with "$root/tests/guest/attached.sh" --with guest.sh -- sh /with/guest.sh
[ -z "${KEEP:-}" ] || cp -r out "$KEEP"
check_equal "the guest ran, all views started and ended well" "0 " "$status $out"
[ "$status" -eq 0 ] || { printf '%s\n' "$err" | tail -n 5 | sed 's/^/# /'; exit 0; }
cd out

number() { # FILE EXPRESSION
	jq "$2 // 0" "$1.json"
}
lost() { # FILE NAME
	number "$1" ".losses.$2"
}

for view in runqlat accounts cpudist offcpu wakeups top trace; do
	check_number "$view: 100,000 switches a second or more" "2e9 / $(cut -d' ' -f1 $view.trip) >= 100000"
	check_equal "$view: nothing is lost" 0 "$(number $view '[.losses[]] | add')"
	check_not "$view: ... and nothing is said to be" grep -q 'not accounted for' $view.err
done
# What the documents hold is in docs/schemas.md, by name.
# shellcheck disable=SC2016 # backticks of Markdown
documented=$(grep -ohE '`[a-z0-9_]+`' "$root/docs/schemas.md" "$root/docs/result.md" | tr -d '`')
names_of() { # FILE: names in its document, those of histograms and of schedulers' events aside
	jq -r '[paths(scalars) | .[:(index(["buckets"]) // length)] | .[] | strings] | unique[]' "$1.json"
}
for view in accounts small-runqlat cpudist offcpu wakeups top trace; do
	check_equal "$view: each field of its JSON is in docs/schemas.md" "" \
		"$(names_of $view | grep -vxFf <(echo "$documented"))"
done
events() { # FILE KIND
	"$root/build/tests/tools/pftrace" "$1" | grep -c "^$2 "
}
check_equal "all switches and wakings of the trace are in its file" "$(jq -c '.ledger.counts | [.switches, .wakings]' trace.json)" \
	"[$(events trace.pftrace switch),$(events trace.pftrace waking)]"

# Too small.
told() { # FILE LOSS: the same on standard error as in JSON
	check_match "$1: said on standard error" "not accounted for: $2 $(lost "$1" "$2")\$" "$(cat "$1.err")"
}
check_number "keys: some find no room" "$(lost small-runqlat split_keys) > 1000"
all=$(number small-runqlat '[.ledger.intervals[].count] | add')
check_equal "... and each interval is in a key or in the count" "$all" \
	$(($(number small-runqlat '[.ledger.splits[].intervals[].count] | add') + $(lost small-runqlat split_keys)))
told small-runqlat split_keys
check_number "single waits: the buffer overflows" "$(lost small-runqlat slow_waits) > 0"
check_equal "... and each wait is told or counted" "$all" $(($(number small-runqlat '.slow | length') + $(lost small-runqlat slow_waits)))
told small-runqlat slow_waits
check_number "places: some find no room" "$(lost small-offcpu rows) > 500"
seen=$(($(number small-offcpu '[.states[].count] | add') + $(lost small-offcpu rows)))
check_number "... and intervals in rows and lost ones are all" "$seen >= 2000 && $seen <= $(number small-offcpu .ledger.counts.kernel_switches)"
told small-offcpu rows
check_number "stacks: some find no room" "$(lost small-offcpu stacks) > 500"
told small-offcpu stacks
check_number "... which the picture counts" "$(number small-offcpu .profile.losses.dropped) >= $(lost small-offcpu stacks)"
check_match "... and shows where the stack should be" lost "$(number small-offcpu '[.profile.frames[].kind] | unique')"
check_number "edges: some find no room" "$(lost small-wakeups edges) > 500"
check_number "... and wakeups in edges and lost ones are all" "$(number small-wakeups '[.edges[].count] | add') + $(lost small-wakeups edges) >= 2000"
told small-wakeups edges
check_number "chains: some find no room" "$(lost small-chains chains) > 0"
check_equal "... while pairs do" 0 "$(lost small-chains edges)"
# Each request is one; its answer is another where the server has blocked before it comes.
check_number "... and chains in the table and lost ones are those of 144 requests" \
	"$(number small-chains '[.chains[].count] | add') + $(lost small-chains chains) >= 140"
told small-chains chains
check_number "top: some find no room" "$(lost small-top split_keys) > 500"
told small-top split_keys
missing=$(($(number small-trace '.ledger.counts | .switches + .wakings') - $(events small.pftrace switch) - $(events small.pftrace waking)))
check_number "events: the buffer overflows" "$missing > 0"
check_number "... and what is not in the file is counted (wakeups, which the file has not, are lost as well)" \
	"$(lost small-trace events) >= $missing && $(lost small-trace events) <= 2 * $missing"
told small-trace events
check_match "... and marked in the file" '^mark .* events lost in all$' "$("$root/build/tests/tools/pftrace" small.pftrace | grep '^mark ')"
