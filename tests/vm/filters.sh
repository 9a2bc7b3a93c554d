#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# cost: 50
# Filters test the right task, in every view: napper is woken by a timer's interrupt (whatever task it hits), reader by
# napper; a filter on the current task instead of the wakee, prev or next gives nothing or the wrong one. Each split of
# runqlat and cpudist. Each view ends on each of its signals with what it has. Judges counts and names, no times.
. "$(dirname "$0")/../lib.sh"
cd "$tmp"

cat > guest.sh << 'END'
. /with/attached.sh
cd /out
until_signal() { # SIGNAL FILE WORDS...: a view that will be ended by SIGNAL
	signal=$1
	shift
	view "$@" -d 1000
	ends="$ends $!:$signal:$file"
}
switches() { # of the reader, which blocks once a round
	awk '/^voluntary/ { print $2 }' "/proc/$reader/status"
}
rounds() { # N: until the reader has been woken so often
	until=$(($(switches) + $1))
	while [ "$(switches)" -lt $until ]; do usleep 20000; done
}
epochs() { # some rounds under the default, some under a scheduler, and some more
	rounds 40
	schedlab run fifo -- sh -c 'touch /tmp/fifo; until [ -e /tmp/enough ]; do usleep 20000; done' 2> /dev/null &
	fifo=$!
	until [ -e /tmp/fifo ]; do usleep 20000; done
	rounds 40
	touch /tmp/enough
	wait $fifo
	rounds 5
}
end() { # of all views
	for view in $ends; do
		IFS=: read -r pid signal file << HERE
$view
HERE
		kill -$signal "$pid"
		wait "$pid" || echo "$file: $?"
	done
	ends=
}
cgroups=/sys/fs/cgroup
mkdir -p $cgroups/naps/deep $cgroups/reads
mkfifo /tmp/go
relay napper reader 100000000 15000 300 /tmp/go > /out/pids &
relay=$!
until [ -s /out/pids ]; do usleep 10000; done
read -r napper reader < /out/pids
echo "$napper" > $cgroups/naps/deep/cgroup.procs
echo "$reader" > $cgroups/reads/cgroup.procs
renice -n 5 -p "$reader"
for by in process nice class cpu; do until_signal INT runqlat-$by.json runqlat --by $by --entries 4096 --json; done
until_signal INT runqlat-epoch.txt runqlat --by epoch
for by in thread process cgroup nice cpu; do until_signal INT cpudist-$by.json cpudist --by $by --entries 4096 --json; done
until_signal HUP cpudist-epoch.txt cpudist --by epoch
echo > /tmp/go
epochs
end
for name in napper reader; do
	eval "pid=\$$name"
	until_signal TERM runqlat-$name.json runqlat -p $pid --accounts --json
done
until_signal HUP cpudist-pid.json cpudist -p "$reader" --by process --json
until_signal TERM offcpu-pid.json offcpu -K -p "$reader" --json
until_signal TERM wakeups-pid.json wakeups -n -p "$reader" --json
until_signal TERM trace-pid.json trace -o /out/pid.pftrace -p "$reader" --json
until_signal TERM top-pid.json top 1000 -p "$reader" --json
until_signal HUP runqlat-cgroup.json runqlat -c naps --accounts --json
until_signal TERM cpudist-in.json cpudist -c reads --by process --json
until_signal HUP offcpu-cgroup.json offcpu -K -c reads --json
until_signal HUP wakeups-cgroup.json wakeups -n -c $cgroups/reads --json
until_signal HUP trace-cgroup.json trace -o /out/cgroup.pftrace -c reads --json
until_signal HUP top-cgroup.json top 1000 -c naps --json
rounds 80
end
kill $relay "$reader"
wait
END
guest --accel tcg --cpus 2 --timeout 1200 --out out --with "$root/build/tests/tools/relay" \
	--with "$root/tests/guest/attached.sh" --with guest.sh -- sh /with/guest.sh
[ -z "${KEEP:-}" ] || cp -r out "$KEEP"
check_equal "the guest ran, all views started, and ended well by SIGINT, SIGTERM and SIGHUP" "0 " "$status $out"
[ "$status" -eq 0 ] || { printf '%s\n' "$err" | tail -n 5 | sed 's/^/# /'; exit 0; }
cd out
read -r napper reader < pids
for f in *.json; do check "$f: one document, whole" jq -se 'length == 1 and .[0].schema' "$f"; done

# --- splits: 80 rounds or more, each a wakeup and a run of each process ----------------------------------
count() { # FILE NAME INTERVAL: samples of the keys whose name matches
	jq --arg n "$2" --arg i "$3" '[.ledger.splits[] | select(.name | test($n)) | .intervals[$i].count] | add // 0' "$1.json"
}
for tool in runqlat:wakeup_latency cpudist:running; do
	view=${tool%:*} interval=${tool#*:}
	check_number "$view --by process: both are keys" \
		"$(count "$view-process" "^$napper " "$interval") >= 80 && $(count "$view-process" "^$reader " "$interval") >= 80"
	check_number "$view --by nice: the reader alone has 5" "$(count "$view-nice" '^nice 5$' "$interval") >= 80 && $(count "$view-nice" '^nice 0$' "$interval") >= 80"
	check_equal "$view --by cpu: both CPUs, and all samples are on one" "2 $(jq ".ledger.intervals.$interval.count" "$view-cpu.json")" \
		"$(jq -r ".ledger.cpus | \"\(length) \([.[].intervals.$interval.count] | add)\"" "$view-cpu.json")"
	check_match "$view --by epoch: one picture for the scheduler's time" ': epoch [0-9]+, fifo$' "$(cat "$view-epoch.txt")"
	check_equal "$view --by epoch: the kernel's own before and after" 2 "$(grep -c ': epoch [0-9]*, default$' "$view-epoch.txt")"
done
check_number "runqlat --by class: ext tasks while there is one, fair ones else" \
	"$(count runqlat-class '^ext' wakeup_latency) >= 40 && $(count runqlat-class '^fair' wakeup_latency) >= 40"
check_number "cpudist --by thread" "$(count cpudist-thread "^$napper napper$" running) >= 80"
check_number "cpudist --by cgroup" "$(count cpudist-cgroup '^/naps/deep$' running) >= 80 && $(count cpudist-cgroup '^/reads$' running) >= 80"
expect "two splits at once are refused, in words" 2 --err 'one split at a time: --by nice or --by cpu' -- \
	"$schedlab" runqlat --by nice -C

# --- filters -------------------------------------------------------------------------------------------------
for name in napper reader; do
	pid=$napper
	[ $name = napper ] || pid=$reader
	check_equal "runqlat -p $name: its account only" "[$pid]" "$(jq -c '[.ledger.tasks[].tgid] | unique' "runqlat-$name.json")"
	check_number "runqlat -p $name: its wakeups, which others do" "$(jq .ledger.intervals.wakeup_latency.count "runqlat-$name.json") >= 80"
	check_number "runqlat -p $name: ... all of them and no more (accounts are read a moment later)" \
		"($(jq '[.ledger.tasks[].count.queue_wait] | add' "runqlat-$name.json") - $(jq .ledger.intervals.wakeup_latency.count "runqlat-$name.json"))^2 <= 10^2"
done
check_equal "runqlat -c: a task in a cgroup below, and no other" "[$napper]" "$(jq -c '[.ledger.tasks[].tgid] | unique' runqlat-cgroup.json)"
check_number "runqlat -c: ... with its wakeups" "$(jq .ledger.intervals.wakeup_latency.count runqlat-cgroup.json) >= 80"
for by in pid cgroup; do
	runs=cpudist-$by.json
	[ $by = pid ] || runs=cpudist-in.json
	check_equal "cpudist, by $by: the reader's runs only" "$reader reader" \
		"$(jq -r '[.ledger.splits[] | select(.intervals.running.count > 0) | .name] | join("|")' "$runs")"
	check_equal "offcpu, by $by: the reader's stacks only" reader \
		"$(jq -r '.profile as $p | [$p.stacks[].frames[0] | $p.frames[.].name] | unique | join("|")' "offcpu-$by.json")"
	check_number "offcpu, by $by: ... its sleeps" "$(jq .states.sleeping.count "offcpu-$by.json") >= 80"
	check_equal "wakeups, by $by: the reader is woken, and nobody else" reader "$(jq -r '[.edges[].wakee] | unique | join("|")' "wakeups-$by.json")"
	check_number "wakeups, by $by: ... by napper, which the filter does not name" \
		"$(jq '[.edges[] | select(.waker == "napper") | .count] | add' "wakeups-$by.json") >= 80"
	"$root/build/tests/tools/pftrace" "$by.pftrace" > "$by.trace"
	check_equal "trace, by $by: the reader comes or goes in each switch, and is woken in each waking" 0 \
		"$(awk -v p="$reader" '$1 == "switch" && $4 != p && $6 != p || $1 == "waking" && $6 != p' "$by.trace" | wc -l)"
	check_number "trace, by $by: ... and all of that is there" "$(grep -c '^switch ' "$by.trace") >= 160 && $(grep -c '^waking ' "$by.trace") >= 80"
done
check_equal "top -p: the reader's line only" "[$reader]" "$(jq -c '[.tasks[].tgid] | unique' top-pid.json)"
check_equal "top -c: the napper's line only" "[$napper]" "$(jq -c '[.tasks[].tgid] | unique' top-cgroup.json)"
