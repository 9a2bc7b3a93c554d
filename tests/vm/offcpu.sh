#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# cost: 60
# offcpu against a program that knows where it waits (tests/tools/waits.c), in the virtual lab: time by function and
# state, filters, exact and default walking, the whole wall time, hostile names, outputs, wrong use.
. "$(dirname "$0")/../lib.sh"
cd "$tmp"
name='x;y"<&>'
waits=$root/build/tests/tools/waits

cat > guest.sh << 'END'
name='x;y"<&>'
. /with/attached.sh
capture() { # FILE OPTIONS...: one capture around one run of the program
	out=$1
	shift
	schedlab offcpu -d 4 --json "$@" > /out/$out.json 2> /out/$out.err &
	pid=$!
	attached $pid && sleep 0.5
	/with/waits "$name" > /out/$out.waits
	wait $pid
	echo $? > /out/$out.status
}
capture exact --exact
capture quick
capture filtered --state S --min 4ms --max 7ms -K
capture wall --wall --hz 997
capture wakers --waker-stacks
schedlab offcpu -d 1 --top 1 --svg /out/wakes.svg --wakes > /out/report.txt
# Something that wakes at a steady rate, for reports of single intervals.
(while :; do usleep 50000; done) &
steady=$!
schedlab wakeups -n --json 1 3 > /out/wakeups.json
schedlab runqlat --queues --json 1 3 > /out/queues.json
schedlab offcpu -K --json 1 3 > /out/offcpus.json
kill $steady
schedlab offcpu -p 999999 2> /out/nopid.err; echo $? > /out/nopid.status
schedlab offcpu -c /no/such 2> /out/nocgroup.err; echo $? > /out/nocgroup.status
schedlab offcpu -p 1 -d 30 > /dev/null & # ends by a signal, with what it has
attached $! && sleep 0.5
kill -INT $!
wait $!
echo $? > /out/signal.status
END
guest --lab --timeout 1200 --out out --with "$waits" --with "$root/tests/guest/attached.sh" --with guest.sh -- sh /with/guest.sh
check_equal "the guest ran" 0 "$status"
[ "$status" -eq 0 ] || { printf '%s\n' "$err" | tail -n 5 | sed 's/^/# /'; exit 0; }
for c in exact quick filtered wall wakers; do check_equal "capture $c ended well" 0 "$(cat out/$c.status)"; done

# Milliseconds of CAPTURE in STATE in stacks with a frame of FUNCTION.
ms() {
	jq --arg state "$2" --arg f "$3" '.profile as $p | [$p.stacks[] | select(.state == $state) |
		select(any(.frames[]; $p.frames[.].name == $f)) | .value_ns] | add // 0 | . / 1000000' "out/$1.json"
}
told() { # CAPTURE FUNCTION: what the program says itself, in ms
	awk -v f="$2" '$1 == f { print $2 / 1000 }' "out/$1.waits"
}

for c in exact quick; do
	check_number "$c: sleeps are as long as asked, and as the program says" \
		"$(ms $c sleeping wait_sleep) >= 296 && $(ms $c sleeping wait_sleep) <= $(told $c wait_sleep)"
	check_number "$c: a vfork's parent waits uninterruptibly" \
		"$(ms $c disk wait_disk) >= 156 && $(ms $c disk wait_disk) <= $(told $c wait_disk)"
	check_number "$c: a lock is waited for as long as it is held" \
		"$(ms $c sleeping wait_lock) >= 116 && $(ms $c sleeping wait_lock) <= $(told $c wait_lock)"
	check_number "$c: two burners on one CPU wait for each other" \
		"$(ms $c preempted "$name") >= 300 && $(ms $c preempted "$name") <= 2 * $(told $c burn)"
	check_number "$c: waits that were not are not there" \
		"$(ms $c disk wait_sleep) + $(ms $c disk wait_lock) + $(ms $c preempted wait_disk) < 5"
done
check_number "the default mode charges each function as the exact one, to 2 %" \
	"($(ms quick sleeping wait_sleep) / $(ms exact sleeping wait_sleep) - 1) ^ 2 < 0.0004 && ($(ms quick disk wait_disk) / $(ms exact disk wait_disk) - 1) ^ 2 < 0.0004"

# The stack is the right one, outermost first: process, main, the function, the kernel's way into the wait.
stack_of() { # CAPTURE STATE FUNCTION: the names of the stack with the most time
	jq -r --arg state "$2" --arg f "$3" '.profile as $p | [$p.stacks[] | select(.state == $state) |
		select(any(.frames[]; $p.frames[.].name == $f))] | max_by(.value_ns) | [.frames[] | $p.frames[.].name] | join("/")' "out/$1.json"
}
check_match "user and kernel frames in their order" '^x;y"<&>/.*main/wait_sleep/.*entry_SYSCALL_64.*/.*nanosleep' \
	"$(stack_of exact sleeping wait_sleep)"
check_match "the wait for a vfork" 'main/wait_disk/.*kernel_clone' "$(stack_of exact disk wait_disk)"
check_match "the wait for a lock" 'main/wait_lock/.*futex_wait' "$(stack_of exact sleeping wait_lock)"
check_equal "functions carry their source line" waits.c \
	"$(jq -r '[.profile.frames[] | select(.name == "wait_sleep") | .source][0] | split(":")[0]' out/exact.json)"
check_match "and the build-id of their file" '^[0-9a-f]{16,}$' \
	"$(jq -r '[.profile.frames[] | select(.name == "wait_sleep") | .build_id][0]' out/exact.json)"

# Wake chains: who ended a wait stands on top of it.
check_match "with --waker-stacks a lock's holder stands on the wait for it, innermost first" \
	'wait_lock/.*futex_wait.*/--/try_to_wake_up/.*futex_wake/.*/holder/.*/x;y"<&>$' "$(stack_of wakers sleeping wait_lock)"
check_match "and a timer's interrupt on a sleep" 'wait_sleep/.*nanosleep/--/.*hrtimer_interrupt/.*/\[irq\]$' \
	"$(stack_of wakers sleeping wait_sleep)"
check_equal "a preempted stack has no waker" 0 "$(jq '.profile as $p | [$p.stacks[] | select(.state == "preempted") |
	select(any(.frames[]; $p.frames[.].kind == "waker"))] | length' out/wakers.json)"
check_number "the waits are as long as without" "$(ms wakers sleeping wait_lock) >= 116 && $(ms wakers sleeping wait_lock) <= $(told wakers wait_lock)"

# Filters.
check_equal "only sleeping waits were kept" sleeping \
	"$(jq -r '[.profile.stacks[].state] | unique | join(" ")' out/filtered.json)"
check_equal "none shorter or longer than asked" true \
	"$(jq '.states.sleeping | .min_ns >= 4000000 and .max_ns <= 7000000' out/filtered.json)"
check_equal "no user frames with -K" 0 "$(jq '[.profile.frames[] | select(.kind == "user")] | length' out/filtered.json)"
check_equal "durations are told: 20 holds of 6 ms" true "$(jq '.states.sleeping.count >= 20 and .states.sleeping.count <= 60' out/filtered.json)"

# The whole wall time: burning is running or preempted, all of it.
check_number "--wall sees the burners run" "$(ms wall running "$name") >= 340 && $(ms wall running "$name") <= 560"
check_number "and wait" "$(ms wall preempted "$name") >= 300"

# The other outputs, from the capture, on this host.
"$schedlab" offcpu --from out/exact.json --folded > exact.folded 2> folded.err
check_match "folded text keeps the hostile name in one frame" '^x\\x3by"<&>;.*;main;wait_sleep;.*_\[k\] [0-9]+$' \
	"$(grep wait_sleep exact.folded | head -n 1)"
check_equal "each line of it is stack and number" "" "$(grep -vE '^[^;]+(;[^;]+)* [0-9]+$' exact.folded || true)"
expect "a flame graph of it" 0 -- "$schedlab" offcpu --from out/wall.json --svg wall.svg
check_match "escapes the name" 'data-n="x;y&quot;&lt;&amp;&gt;"' "$(grep -F 'data-n="x;y' wall.svg | head -n 1)"
check_match "with --wakes its SVG holds the graph of who ended the waits" '<g id="graph"' "$(cat out/wakes.svg)"
expect "--wakes wants a picture" 2 --err "needs a capture and --svg" -- "$schedlab" offcpu --wakes
check_match "a report in text" 'sleeping: .* intervals, mean .*, longest' "$(cat out/report.txt)"

# Reports of intervals show what came in each, not all since the start: the rate is steady, so are they.
steady() { # WHAT FILE JQ: the three reports' figures
	local sums
	sums=$(jq "$3" "out/$2.json" | tr '\n' ' ')
	check_number "$1: three intervals of a second are alike ($sums)" \
		"$(echo "$sums" | awk '{ print (NF == 3 && $1 > 0 && $2 < 1.5 * $1 && $3 < 1.5 * $1 && $1 < 1.5 * $3) }') == 1"
}
steady wakeups wakeups '[.edges[] | select(.wakee == "usleep") | .count] | add'
steady "queue lengths" queues '[.queue_lengths[].count] | add'
steady offcpu offcpus '[.profile as $p | .profile.stacks[] | select($p.frames[.frames[0]].name == "usleep" and .state == "sleeping") | .value_ns] | add'

# Losses are told, wrong use is refused.
check_equal "every loss has a number" true "$(jq '.losses | length > 5 and all(.[]; type == "number")' out/exact.json)"
check_equal "no stack was dropped" 0 "$(jq '.profile.losses.dropped' out/exact.json)"
check_equal "a process that is not there" 2 "$(cat out/nopid.status)"
check_match "is named" 'offcpu: .*999999' "$(cat out/nopid.err)"
check_equal "a cgroup that is not there" 2 "$(cat out/nocgroup.status)"
check_match "is named" '/no/such' "$(cat out/nocgroup.err)"
check_equal "a signal ends it well" 0 "$(cat out/signal.status)"
