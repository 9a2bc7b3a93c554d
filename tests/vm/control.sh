#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# cost: 40
# The positive control: under a scheduler that makes each wakeup wait 3 ms (tests/faulty/late.bpf.c), all views watch two
# processes with known waits (tests/tools/relay.c) at the same time, and each must read 3 ms. The processes, and a
# cgroup, have hostile names, so the outputs are also what real consumers must take. In the virtual lab.
# DELAY_US=2500 shows that the checks can fail; KEEP=FOLDER keeps the outputs.
. "$(dirname "$0")/../lib.sh"
cd "$tmp"
rounds=60
printf %s $'n;"<&>\\\033[2J\377\n' > napper
printf %s $'r\r},{"a":1' > reader
printf %s $'/sys/fs/cgroup/c;"<b>\033[2J\377' > cgroup

cat > guest.sh << 'END'
napper=$(cat /with/napper; echo .)
napper=${napper%.}
reader=$(cat /with/reader)
cgroup=$(cat /with/cgroup)
. /with/attached.sh
cd /out
mkdir "$cgroup" /sys/fs/cgroup/gone
mkfifo /tmp/go
/with/relay "$napper" "$reader" "$1" 10000 1000 /tmp/go > /out/pids &
relay=$!
until [ -s /out/pids ]; do usleep 10000; done
read -r pid child < /out/pids
echo "$pid" > "$cgroup/cgroup.procs"
view runqlat.json runqlat --by comm --split wake,preempt --accounts --top 3 -d 1000 --json
view pid.json runqlat -p "$pid" -d 1000 --json --metrics /out/pid.prom
view cpudist.json cpudist --by comm -d 1000 --json
view off.json cpudist -O --by comm -d 1000 --json
view offcpu.json offcpu -d 1000 --json
view wakeups.json wakeups --chains --dot /out/wakeups.dot --svg /out/wakeups.svg -d 1000 --json
view trace.json trace -o /out/t.pftrace -d 1000 --json
view top.json top 1000 -d 1000 --json
view cgroup.txt runqlat --by cgroup -d 1000
view wakeups.txt wakeups -n -d 1000
view runqlat.txt runqlat --by comm --top 3 -d 1000
# A cgroup that is gone when its name is asked for.
schedlab runqlat -c gone -d 1000 > /out/gone.txt 2>&1 &
gone=$!
attached $gone || echo "gone does not start"
rmdir /sys/fs/cgroup/gone
echo > /tmp/go
while [ "$(cut -d' ' -f1 "/proc/$child/schedstat")" != "$was" ]; do # until it has nothing more to do
	was=$(cut -d' ' -f1 "/proc/$child/schedstat")
	usleep 100000
done
kill -INT $pids $gone
wait $pids $gone || echo "views: $?"
echo > /tmp/go
wait "$relay" || echo "relay: $?"
END
guest --lab --timeout 1200 --out out --with "$root/build/tests/faulty/late.bpf.o" --with "$root/build/tests/tools/relay" \
	--with napper --with reader --with cgroup --with "$root/tests/guest/attached.sh" --with guest.sh -- \
	schedlab run /with/late.bpf.o --set "delay_us=${DELAY_US:-3000}" -- sh /with/guest.sh $rounds
[ -z "${KEEP:-}" ] || cp -r out "$KEEP"
check_equal "the guest ran, all views started and ended well" "0 " "$status $out"
[ "$status" -eq 0 ] || { printf '%s\n' "$err" | tail -n 5 | sed 's/^/# /'; exit 0; }
cd out

# --- 3 ms, in every view: at least that, and on average 10 % more at most (the timer, the seven views beside it) ----------------
is_late() { # WHAT COUNT SUM-NS [LEAST-NS]
	check_number "$1: 3 ms" "$2 >= $rounds && $3 / $2 >= 3.0e6 && $3 / $2 <= 3.3e6 && ${4:-3000000} >= 3.0e6"
}
interval() { # FILE NAME INTERVAL: "COUNT SUM MIN" of the comm that begins with NAME
	jq -r --arg n "$2" --arg i "$3" '[.ledger.splits[] | select(.name | startswith($n)) | .intervals[$i]] | first | "\(.count) \(.sum) \(.min)"' "$1"
}
# shellcheck disable=SC2046 # words
{
	is_late "runqlat, woken by a timer" $(interval runqlat.json 'n;' wakeup_latency)
	is_late "runqlat, woken by a task" $(interval runqlat.json 'r\' wakeup_latency)
	is_late "runqlat, accounts" $(jq -r '[.ledger.tasks[] | select(.comm | startswith("n;")) | "\(.count.queue_wait) \(.ns.queue_wait + .ns.activation)"] | first' runqlat.json)
	is_late "runqlat -p" $(jq -r '.ledger.intervals.wakeup_latency | "\(.count) \(.sum) \(.min)"' pid.json)
	is_late "offcpu, runnable" $(jq -r '.profile as $p | [$p.stacks[] | select(.state == "queued" and ($p.frames[.frames[0]].name | startswith("n;")))] |
		"\([.[].count] | add) \([.[].value_ns] | add)"' offcpu.json)
	is_late "wakeups, an interrupt's" $(jq -r '[.edges[] | select(.context == "irq" and (.wakee | startswith("n;")))] | first | "\(.count) \(.latency_ns) \(.min_ns)"' wakeups.json)
	is_late "wakeups, a task's" $(jq -r '[.edges[] | select((.waker | startswith("n;")) and (.wakee | startswith("r\\")))] | first | "\(.count) \(.latency_ns) \(.min_ns)"' wakeups.json)
	for hop in first second; do
		is_late "wakeups, the $hop hop of a chain" $(jq -r --arg hop $hop '[.chains[] | select(.a == "[irq]" and (.c | startswith("r\\")))] |
			first | "\(if .count >= 58 then 60 else 0 end) \(.[$hop + "_ns"] / .count * 60)"' wakeups.json)
	done
	is_late "trace, waking to switch" $("$root/build/tests/tools/pftrace" t.pftrace | awk -v p="$(cut -d' ' -f1 pids)" '
		$1 == "waking" && $6 == p { woken = $3 }
		$1 == "switch" && $6 == p && woken { n++; sum += $3 - woken; if (!least || $3 - woken < least) least = $3 - woken; woken = 0 }
		END { print n, sum, least }')
	is_late "metrics" $(awk '/^schedlab_ledger_wakeup_latency_seconds_count/ { n = $2 } /^schedlab_ledger_wakeup_latency_seconds_sum/ { s = $2 } END { print n, s * 1e9 }' pid.prom)
	is_late "top" $rounds "$(jq "[.tasks[] | select(.comm | startswith(\"n;\")) | .p50_ns * $rounds] | first" top.json)"
}
# The median, as the upper end of its bucket (3.2 % wide): a process may be preempted, which cuts runs and waits.
median_ms() { # FILE INTERVAL
	jq --arg i "$2" '[.ledger.splits[] | select(.name | startswith("n;")) | .intervals[$i]] | first | (.count / 2) as $half
		| first(foreach .buckets[] as [$at, $k] (0; . + $k; if . > $half then $at else empty end)) as $at
		| (($at % 32) + 33) * pow(2; ($at / 32 | floor) - 1) / 1e6' "$1"
}
m=$(median_ms off.json off_cpu)
check_number "cpudist -O: the nap of 10 ms and the 3 ms" "$m >= 13 && $m <= 13.5"
m=$(median_ms cpudist.json running)
check_number "cpudist: runs of 1 ms stay what they are" "$m >= 1 && $m <= 1.2"
check_number "top: the shares of a task add up" "$(jq '[.tasks[] | select(.comm | startswith("n;")) | .running + .queued + .preempted + .blocked] | first' top.json) > 0.999"

# --- hostile names: each consumer takes what it gets, none can be injected -----------------------------------------------
plain=(./*.json ./*.txt ./*.dot ./*.svg ./*.prom)
check "every output is UTF-8" iconv -f UTF-8 -t UTF-8 "${plain[@]}"
check_equal "no control character in any" "" "$(cat "${plain[@]}" | tr -d '\n\t\40-\176\200-\377' | od -An -c | head -n 3)"
for f in *.json; do check "$f is one JSON document" jq -e . "$f"; done
check_equal "the name, in JSON" 'n;"<&>\\x1b[2J\xff\x0a' "$(jq -r '[.ledger.splits[].name | select(startswith("n;"))] | first' cpudist.json)"
check_equal "each line of the graph is one statement of DOT" "" \
	"$(sed '1d;$d' wakeups.dot | grep -vE '^	([a-z]+ ?=.*|(node|edge) \[.*\]|n[0-9]+( -> n[0-9]+)? \[([a-z]+=("([^"\\]|\\.)*"|[a-z0-9.]+)(, )?)*\]);$' || true)"
check_match "the graph as a picture says who wakes whom, how often and how late" \
	'<title>n;&quot;&lt;&amp;&gt;.* wakes r.x0d\},\{&quot;a&quot;:1$' "$(grep '<title>n;' wakeups.svg)"
check_not "... and holds no name as markup" grep -qE 'n;"|"<&' wakeups.svg
expect "... the same as is drawn from its JSON" 0 -- sh -c "'$schedlab' wakeups --from wakeups.json --svg - | cmp - wakeups.svg"
"$schedlab" offcpu --from offcpu.json --folded > x.folded 2> x.err
check_equal "each line of folded text is a stack and a number" "" "$(grep -vE '^[^;]+(;[^;]+)* [0-9]+$' x.folded || true)"
"$schedlab" offcpu --from offcpu.json --speedscope x.speedscope.json --svg x.svg > x.txt 2>&1
check "speedscope JSON names it" jq -e '.shared.frames | any(.name | startswith("n;\"<&>"))' x.speedscope.json
check "... and is UTF-8 as are report, graph and folded text" iconv -f UTF-8 -t UTF-8 x.speedscope.json x.svg x.txt x.folded
check_equal "... without control characters" "" "$(cat x.* | tr -d '\n\t\40-\176\200-\377' | od -An -c | head -n 3)"
check_match "the SVG holds it as text" 'n;&quot;&lt;&amp;&gt;' "$(grep -F 'n;&quot;' x.svg | head -n 1)"
check_not "... and nowhere as markup" grep -qE 'n;"|"<&' x.svg
check_match "the trace's thread is the same, in UTF-8" '^thread [0-9]+ [0-9]+ n;"<&>' \
	"$("$root/build/tests/tools/pftrace" t.pftrace | iconv -f UTF-8 -t UTF-8 | grep -a '^thread.* n;' | head -n 1)"
check_match "a cgroup's name is shown, not obeyed" '^run-queue latency.*: /c;"<b>\\x1b\[2J\\xff$' "$(grep 'c;' cgroup.txt)"
check_match "a cgroup that is gone ends nothing" 'no samples' "$(cat gone.txt)"
fetch_promtool() { # Debian 12's package has it
	version=$("$root/build-aux/debian-fetch" --versions bookworm prometheus | awk '$1 == "prometheus" { v = $2 } END { print v }')
	dpkg-deb -x "$("$root/build-aux/debian-fetch" bookworm "prometheus=$version")" "$tmp/prometheus"
}
if (fetch_promtool) 2> "$tmp/fetch"; then
	run sh -c '"$1/usr/bin/promtool" check metrics < pid.prom' - "$tmp/prometheus"
	check_equal "promtool takes the metrics without a word" "0 " "$status $out$err"
else
	skip "promtool" "it cannot be fetched: $(tail -n 1 "$tmp/fetch")"
fi
