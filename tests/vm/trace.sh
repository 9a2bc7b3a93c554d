#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# cost: 40
# trace in the virtual lab: the file is read back by a reader of its own (tests/tools/pftrace.c) and compared with a
# program that knows where it waits (tests/tools/waits.c), and with the ledger's own counts. A change of scheduler in
# mid-capture, job marks, a hostile name, wrong use.
. "$(dirname "$0")/../lib.sh"
cd "$tmp"
tools=$root/build/tests/tools

printf 'class,index,intended_ns,released_ns,first_run_ns,done_ns\nweb,0,5000000000,5000010000,5000020000,5001000000\nweb,1,5000500000,5000510000,0,0\n' > jobs.csv
printf 'class,index\nweb,zero,1,2,3,4\n' > bad.csv
cat > guest.sh << 'END'
. /with/attached.sh
schedlab trace -d 8 -o /out/t.pftrace --jobs /with/jobs.csv --json > /out/t.json 2> /out/t.err &
pid=$!
attached $pid && sleep 0.5
/with/waits 'x;y"<&>' > /out/waits
schedlab run fifo -- sleep 1 2> /out/run.err
wait $pid
echo $? > /out/status
schedlab trace -d 0.2 -o /no/such/t 2> /out/nofile.err; echo $? > /out/nofile.status
schedlab trace -d 0.2 -o /out/u.pftrace --jobs /with/bad.csv 2> /out/badjobs.err; echo $? > /out/badjobs.status
ls /out > /out/files
END
guest --lab --timeout 1200 --out out --with "$tools/waits" --with "$root/tests/guest/attached.sh" --with guest.sh --with jobs.csv --with bad.csv -- sh /with/guest.sh
check_equal "the guest ran" 0 "$status"
[ "$status" -eq 0 ] || { printf '%s\n' "$err" | tail -n 5 | sed 's/^/# /'; exit 0; }
check_equal "the capture ended well" 0 "$(cat out/status)"
expect "the file is a trace from the first byte to the last" 0 -- sh -c "$tools/pftrace out/t.pftrace > t.txt"

count() { # KIND: lines of it
	grep -c "^$1 " t.txt || true
}
check_equal "no event is lost" "0 0" "$(jq '.losses.events' out/t.json) $(count lost)"
check_equal "every switch that the ledger counted is in the file" "$(jq '.ledger.counts.switches' out/t.json)" "$(count switch)"
check_equal "every waking too" "$(jq '.ledger.counts.wakings' out/t.json)" "$(count waking)"

# On each CPU the task that leaves is the one that came in before: what the table "sched" is made from.
check_equal "on each CPU one task follows another" 0 \
	"$(awk '$1 == "switch" { if ($2 in on && on[$2] != $4) bad++; on[$2] = $6 } END { print bad + 0 }' t.txt)"
check_equal "times of a CPU never go back" 0 \
	"$(awk '$1 == "switch" || $1 == "waking" { if ($3 + 0 < last[$2]) bad++; last[$2] = $3 + 0 } END { print bad + 0 }' t.txt)"

# What the table "thread_state" is made from, for the main thread of the program.
main=$(awk '$1 == "thread" && $2 == $3 && $4 == "x;y\"<&>" { print $2; exit }' t.txt)
check "the program's main thread has its name" test -n "$main"
waits() { # STATE AT-LEAST-MS AT-MOST-MS: blocked intervals of the main thread of that state and length
	awk -v p="$main" -v state="$1" -v least="$2" -v most="$3" '
		$1 == "switch" && $4 == p { out = $3; was = $5 }
		$1 == "waking" && $6 == p && out { ms = ($3 - out) / 1e6; n += was == state && ms >= least && ms <= most; out = 0 }
		END { print n + 0 }' t.txt
}
check_equal "100 sleeps of 3 ms" 100 "$(waits 1 2.9 5.8)"
check_equal "20 uninterruptible waits of 8 ms" 20 "$(waits 2 7.9 20)"
check_equal "20 waits for the lock, of 6 ms" 20 "$(waits 1 5.9 20)"
check_number "leaving the CPU while runnable, as such" "$(awk -v p="$main" '$1 == "switch" && $4 == p && ($5 == 0 || $5 == 256)' t.txt | wc -l) >= 5"
check_number "wakings from interrupts, as such" "$(awk -v p="$main" '$1 == "waking" && $6 == p && $5 > 0' t.txt | wc -l) >= 100"

# Epochs and jobs.
check_equal "the schedulers, one after the other" "default fifo default" "$(
	track=$(awk '$1 == "track" && $3 == "scheduler" { t = $2 } END { print t }' t.txt)
	awk -v t="$track" '$1 == "slice" && $2 == t { print $4 }' t.txt | grep -v '^changing$' | xargs
)"
check_equal "jobs, with what became of them" "web 0|web 1 (not done)" \
	"$(awk '$1 == "slice" && $4 == "web" { $1 = $2 = $3 = ""; sub(/^ +/, ""); print }' t.txt | paste -sd '|')"
check_equal "and their first run" 1 "$(grep -c '^mark .* first run$' t.txt)"
check_equal "the summary counts them" "true 2" "$(jq -r '.events | "\(.epochs >= 3) \(.jobs)"' out/t.json)"

check_equal "a folder that is not there" 1 "$(cat out/nofile.status)"
check_match "is named" 'trace: cannot write /no/such/t: No such file' "$(cat out/nofile.err)"
check_equal "jobs that are none" 2 "$(cat out/badjobs.status)"
check_match "are named by line" 'bad.csv: line 2: expected class,index' "$(cat out/badjobs.err)"
check_equal "no half file stays behind" "" "$(grep '^u.pftrace' out/files || true)"
