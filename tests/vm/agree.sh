#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# cost: 15
# Two views of one wait: the ledger's wakeup latency of the load's threads (kernel, waking to switch in) against the
# load engine's own (user space, release of the job to the thread's first instruction). Under FIFO in the virtual lab,
# where waits are long against the path from one clock to the other. The histograms' buckets are 3.2 % wide.
. "$(dirname "$0")/../lib.sh"
cd "$root"

cat > "$tmp/agree" <<'END'
#!/bin/sh
schedlab runqlat --by comm --split wake -d 1000 --json > /out/ledger.json &
ledger=$!
until ls -l /proc/$ledger/fd | grep -q bpf_link; do
	kill -0 $ledger || exit 1
	usleep 100000
done
schedlab load /workloads/fcfs.ini -d 30s -o /out/load.json > /dev/null || echo "load: $?"
kill -INT $ledger
wait $ledger
END
chmod +x "$tmp/agree"
guest --lab --out "$tmp/out" --with "$tmp/agree" -- schedlab run fifo --set slice_us=0 -- agree
check_equal "both ended well" "0 " "$status $out"

# Per histogram: count, then the value with $n / 2, $n / 10 and $n / 100 samples above it (the upper end of its bucket),
# then the sum. Counted from above, since the pool's threads also wake when they are made, each for microseconds.
# shellcheck disable=SC2016 # jq's own variables
figures='
	def high($bits): . as $i | pow(2; $bits) as $w | ($i / $w | floor) as $row | ($i % $w) as $col
		| if $row == 0 then $col else ($w + $col + 1) * pow(2; $row - 1) - 1 end;
	def with_above($above): .sub_bits as $bits
		| first(foreach (.buckets | reverse)[] as [$i, $k] (0; . + $k; if . > $above then $i else empty end)) | high($bits);
	[.count, with_above($n / 2), with_above($n / 10), with_above($n / 100), .sum]'
n=$(jq .metrics.wait.count "$tmp/out/load.json")
theirs=$(jq -c --argjson n "$n" ".metrics.wait | $figures" "$tmp/out/load.json")
ours=$(jq -c --argjson n "$n" ".ledger.splits[] | select(.name == \"jobs\") | .intervals.wakeup_latency | $figures" \
	"$tmp/out/ledger.json")
echo "# engine: $theirs"
echo "# ledger: $ours"
i=0
for what in count p50 p90 p99 sum; do
	a=$(jq ".[$i]" <<< "$theirs") b=$(jq ".[$i]" <<< "$ours")
	case $what in
	# The threads also wake once to start.
	count) check_number "each job is one wakeup" "$b >= $a && $b <= $a + 200" ;;
	sum) check_number "the sums within 1 %" "($a - $b) ^ 2 <= (0.01 * $a) ^ 2" ;;
	*) check_number "$what within a bucket" "($a - $b) ^ 2 <= (0.033 * $a) ^ 2" ;;
	esac
	i=$((i + 1))
done
check_equal "nothing was lost" 0 "$(jq '[.losses[]] | add' "$tmp/out/ledger.json")"
