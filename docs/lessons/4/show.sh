#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Lesson 4: tables from what the guest left in $OUT.
set -euo pipefail
here=$(dirname "$0")/..
. "$here/claims.sh"

echo "@@ slow"
cat "$OUT/as-it-is"

echo "@@ busy"
awk '{ gsub(/m /, "m"); print }' "$OUT/time"

# All stacks of the thread "shop", numbers of processes and address details off, in ms.
shop() {
	grep '^shop' "$OUT/folded" | sed 's/^shop [0-9/]*;/shop;/'
}

echo "@@ stacks"
shop | awk '{ us = $NF; sub(/ [0-9]+$/, ""); sum[$0] += us }
	END { for (s in sum) if (sum[s] > 50000) printf "%d %s\n", sum[s] / 1000, s }' | sort -nr |
	while read -r ms stack; do
		echo "$ms ms"
		tr ';' '\n' <<< "$stack" | grep -vE '^(entry_|do_syscall|__x64_sys)' | sed 's/^/    /'
	done

echo "@@ shares"
shop | awk '
	{ us = $NF; all += us }
	/;reserve_stock;/ { sum["reserve_stock"] += us }
	/;write_journal;/ { sum["write_journal"] += us }
	/;await_payment;/ { sum["await_payment"] += us }
	END { for (f in sum) printf "%s\t%.0f\t%.1f\n", f, sum[f] / 1000, 100 * sum[f] / all }' |
	sort -t "$(printf '\t')" -k2nr | { printf 'waits below\tms\t%%\n'; cat; } | awk -f "$here/table.awk" > "$OUT/shares"
cat "$OUT/shares"

echo "@@ repairs"
repairs=$({
	printf 'repair\ttime for 100 orders, ms\n'
	printf 'none\t%s\n' "$(awk '{ print $4 }' "$OUT/as-it-is")"
	for fix in lock journal payment; do
		printf '%s\t%s\n' $fix "$(awk '{ print $4 }' "$OUT/fix-$fix")"
	done
} | awk -f "$here/table.awk")
echo "$repairs"

ms() { cell "$repairs" "$1" 2; }
share() { cell "$(cat "$OUT/shares")" "$1" 3; }
value order-ms "$(awk "BEGIN { printf \"%.0f\", $(ms none) / 100 }")"
running_ms=$(awk '/^(user|sys)/ { sub(/.*m/, ""); sub(/s$/, ""); sum += $1 } END { print 1000 * sum }' "$OUT/time")
claim "Of four seconds it ran for less than a hundred milliseconds." "$running_ms < 100 && $(ms none) > 3500 && $(ms none) < 4500"
claim "The shares suggest payment and lock." \
	"$(share await_payment) > $(share reserve_stock) && $(share reserve_stock) > $(share write_journal)"
claim "The lock was a quarter of the time, and repairing it gains a quarter." \
	"$(share reserve_stock) > 20 && $(share reserve_stock) < 31 && $(ms lock) > 0.68 * $(ms none) && $(ms lock) < 0.8 * $(ms none)"
claim "But journal, with not even that, gains nearly a half!" \
	"$(share write_journal) < $(share reserve_stock) && $(ms journal) > 0.5 * $(ms none) && $(ms journal) < 0.62 * $(ms none)"
