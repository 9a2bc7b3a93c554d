#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Lesson 4: tables from what the guest left in $OUT.
set -euo pipefail
here=$(dirname "$0")/..

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
	sort -t "$(printf '\t')" -k2nr | { printf 'waits below\tms\t%%\n'; cat; } | awk -f "$here/table.awk"

echo "@@ repairs"
{
	printf 'repair\ttime for 100 orders, ms\n'
	printf 'none\t%s\n' "$(awk '{ print $4 }' "$OUT/as-it-is")"
	for fix in lock journal payment; do
		printf '%s\t%s\n' $fix "$(awk '{ print $4 }' "$OUT/fix-$fix")"
	done
} | awk -f "$here/table.awk"
