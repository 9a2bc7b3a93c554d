#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# timeout: 36000
# The views' memory does not grow with the length of a capture: all of them watch a guest in which processes come and go
# (tests/soak/observe.sh, `make soak-observe`; SECONDS_OF_CAPTURE=3600, virtual time, 100 at least). Their resident memory in the second
# half must not exceed that at the first quarter by more than a tenth and 2 MiB, and what JSON states for the maps must
# be what the kernel charges for them.
# PROCESSES=N is the short form (tests/vm/memory.sh): N processes as fast as they come, under the views that remember
# processes or single waits. Once more than any table holds have gone, nothing may grow; and one view is stopped for a
# while, so that accounts find its buffer full, which it must say.
. "$(dirname "$0")/../lib.sh"
cd "$tmp"
seconds=${SECONDS_OF_CAPTURE:-3600}
processes=${PROCESSES:-0}
looks=20 # at each view's memory
# A look and how much may be added since, in parts of it and KiB: before it, and from the second on.
if [ "$processes" -gt 0 ]; then first=13 second=14 grow=0 kib=256; else first=5 second=11 grow=0.1 kib=2048; fi

cat > guest.sh << 'END'
seconds=$1 processes=$2 looks=$3
. /with/attached.sh
cd /tmp
# Resident KiB of each view: "SECOND NAME RSS".
look() {
	awk -v at="$(cut -d. -f1 /proc/uptime)" -v names="$names" 'BEGIN { split(names, name, " ") }
		FNR == 1 { file++ } /^VmRSS/ { print at, name[file], $2 }' $files
}
view runqlat runqlat --by thread --accounts --split wake,queue,preempt,delay --top 10 -d 100000 --json
view slow runqlat --slower 10us -d 100000 --json
view offcpu offcpu -d 100000 --json
view trace trace -o /tmp/trace.pftrace -d 100000
if [ $processes -eq 0 ]; then
	view cpudist cpudist --by process -d 100000 20
	view wakeups wakeups --chains -d 100000 --json
	view top top --batch -d 100000 20
fi
set -- $pids
for name in $names; do
	echo "$name $(cat /proc/$1/fdinfo/* 2> /dev/null | awk '/^memlock/ { sum += $2 } END { print sum }')"
	files="$files /proc/$1/status"
	shift
done > /out/memlock
actor napper nap 10000 > /dev/null &
load=$!
# Some 120 processes a second: the tables of ended tasks are full long before the first quarter.
hour() {
	while [ ! -e /tmp/done ]; do
		actor burst forks 25
		usleep 200000
	done &
	end=$(($(cut -d. -f1 /proc/uptime) + seconds))
	while [ "$(cut -d. -f1 /proc/uptime)" -lt "$end" ]; do
		look
		: > cpudist
		: > top
		sleep $((seconds / looks))
	done
}
rush() {
	started=0
	while [ $started -le $processes ]; do
		look
		actor burst vforks $((processes / looks))
		started=$((started + processes / looks))
	done
	set -- $pids
	kill -STOP "$1"
	actor burst vforks 6500
	kill -CONT "$1"
}
if [ $processes -gt 0 ]; then rush; else hour; fi > /out/memory
kill -INT $pids
wait $pids || echo "views: $?"
: > /tmp/done
kill $load
wait
for f in runqlat slow offcpu wakeups; do [ ! -e $f ] || head -c 100000000 $f > /out/$f.json; done
cp ./*.err /out
ls -l /tmp/trace.pftrace > /out/trace.size
END
guest --lab --memory 2G --timeout 35000 --out out --with "$root/build/tests/guest/actor" \
	--with "$root/tests/guest/attached.sh" --with guest.sh -- sh /with/guest.sh "$seconds" "$processes" "$looks"
[ -z "${KEEP:-}" ] || cp -r out "$KEEP"
check_equal "the guest ran, all views started and ended well" "0 " "$status $out"
[ "$status" -eq 0 ] || { printf '%s\n' "$err" | tail -n 5 | sed 's/^/# /'; exit 0; }
cd out
[ "$processes" -gt 0 ] && views="offcpu runqlat slow trace" || views="cpudist offcpu runqlat slow top trace wakeups"
check_equal "each view was looked at" "$views" "$(cut -d' ' -f2 memory | sort -u | xargs)"
for name in $views; do
	read -r early late <<< "$(awk -v name="$name" -v first="$first" -v second="$second" '$2 == name {
			n++
			if (n <= first && $3 > early) early = $3
			if (n >= second && $3 > late) late = $3
		} END { print early, late }' memory)"
	echo "# $name: $early KiB until look $first of $looks, $late KiB from look $second on"
	check_number "$name: memory does not grow" "$late <= (1 + $grow) * $early + $kib"
done
for name in $views; do
	[ -e "$name.json" ] || continue
	stated=$(jq .cost.memory_bytes "$name.json")
	charged=$(awk -v name="$name" '$1 == name { print $2 }' memlock)
	echo "# $name: $stated bytes of maps stated, $charged charged by the kernel"
	check_number "$name: the stated memory of the maps is what the kernel charges, to a fifth" "($stated / $charged - 1)^2 <= 0.04"
done
check_equal "single waits: a report holds 16,384, and counts the rest" "16384 true" "$(jq -r '"\(.slow | length) \(.slow_beyond > 0)"' slow.json)"
check_match "... and says so" "note: $(jq .slow_beyond slow.json) single waits beyond the first 16384 are not in the report" "$(cat slow.err)"
check_equal "ended tasks: 8,192 have an account of their own, the others one together" "8192 true" \
	"$(jq -r '[.ledger.tasks[] | select(.ended)] | "\(length) \(any(.comm == "(others)"))"' runqlat.json)"
if [ "$processes" -gt 0 ]; then
	check_number "accounts that found the buffer full are counted" "$(jq .losses.accounts runqlat.json) > 100"
	check_match "... and said" "not accounted for: accounts $(jq .losses.accounts runqlat.json)\$" "$(cat runqlat.err)"
fi
sed 's/^/# /' trace.size
