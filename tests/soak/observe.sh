#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# timeout: 36000
# The views' memory does not grow with the length of a capture: all of them watch a guest in which processes come and go
# (tests/soak/observe.sh, `make soak-observe`; SECONDS_OF_CAPTURE=3600, virtual time). Their resident memory in the second
# half must not exceed that at the first quarter by more than a tenth and 2 MiB, and what JSON states for the maps must
# be what the kernel charges for them.
. "$(dirname "$0")/../lib.sh"
cd "$tmp"
seconds=${SECONDS_OF_CAPTURE:-3600}

cat > guest.sh << 'END'
seconds=$1
. /with/attached.sh
view() { # NAME WORDS...
	name=$1
	shift
	schedlab "$@" > "/tmp/$name.out" 2> "/out/$name.err" &
	attached $! || echo "$name does not start"
	pids="$pids $!"
	names="$names $name"
}
# Resident KiB and locked map bytes of each view: "SECOND NAME RSS MEMLOCK".
look() {
	set -- $pids
	for name in $names; do
		awk -v at="$(cut -d. -f1 /proc/uptime)" -v name="$name" '/^VmRSS/ { print at, name, $2 }' "/proc/$1/status"
		shift
	done
}
view runqlat runqlat --by thread --accounts --split wake,queue,preempt,delay --top 10 -d 100000
view slow runqlat --slower 100us -d 100000 --json
view cpudist cpudist --by process -d 100000 20
view offcpu offcpu -d 100000 --json
view wakeups wakeups --chains -d 100000 --json
view trace trace -o /tmp/trace.pftrace -d 100000
view top top --batch -d 100000 20
set -- $pids
for name in $names; do
	echo "$name $(cat /proc/$1/fdinfo/* 2> /dev/null | awk '/^memlock/ { sum += $2 } END { print sum }')"
	shift
done > /out/memlock
actor napper nap 10000 > /dev/null &
load=$!
while [ ! -e /tmp/done ]; do # some 120 processes a second: the tables of ended tasks are full long before the first quarter
	actor burst forks 25
	usleep 200000
done &
end=$(($(cut -d. -f1 /proc/uptime) + seconds))
while [ "$(cut -d. -f1 /proc/uptime)" -lt "$end" ]; do
	look
	: > /tmp/cpudist.out
	: > /tmp/top.out
	sleep $((seconds / 60))
done > /out/memory
kill -INT $pids
wait $pids || echo "views: $?"
: > /tmp/done
kill $load
wait
for f in slow offcpu wakeups; do head -c 100000000 /tmp/$f.out > /out/$f.json; done
ls -l /tmp/trace.pftrace > /out/trace.size
END
guest --lab --memory 2G --timeout 35000 --out out --with "$root/build/tests/guest/actor" \
	--with "$root/tests/guest/attached.sh" --with guest.sh -- sh /with/guest.sh "$seconds"
[ -z "${KEEP:-}" ] || cp -r out "$KEEP"
check_equal "the guest ran, all views started and ended well" "0 " "$status $out"
[ "$status" -eq 0 ] || { printf '%s\n' "$err" | tail -n 5 | sed 's/^/# /'; exit 0; }
cd out
check_equal "each view was looked at" 7 "$(cut -d' ' -f2 memory | sort -u | wc -l)"
begin=$(head -n 1 memory | cut -d' ' -f1)
end=$(tail -n 1 memory | cut -d' ' -f1)
for name in $(cut -d' ' -f2 memory | sort -u); do
	read -r early late <<< "$(awk -v name="$name" -v quarter=$((begin + (end - begin) / 4)) -v half=$((begin + (end - begin) / 2)) '
		$2 == name && $1 <= quarter && $3 > early { early = $3 }
		$2 == name && $1 >= half && $3 > late { late = $3 }
		END { print early, late }' memory)"
	echo "# $name: $early KiB in the first quarter, $late KiB in the second half"
	check_number "$name: memory does not grow" "$late <= 1.1 * $early + 2048"
done
for name in slow offcpu wakeups; do
	stated=$(jq .cost.memory_bytes $name.json)
	charged=$(awk -v name=$name '$1 == name { print $2 }' memlock)
	echo "# $name: $stated bytes of maps stated, $charged charged by the kernel"
	check_number "$name: the stated memory of the maps is what the kernel charges, to a fifth" "($stated / $charged - 1)^2 <= 0.04"
done
sed 's/^/# /' trace.size
