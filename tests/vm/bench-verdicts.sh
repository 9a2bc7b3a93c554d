#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# cost: 40
# Real runs in the virtual lab: A against A is no difference, a scheduler delayed on purpose by 5 % is worse, other seeds
# move nothing by more than their interval says. Virtual time, so the figures are the same on every host.
. "$(dirname "$0")/../lib.sh"

guest --lab --out "$tmp" --with "$root/build/tests/faulty/slowfifo.bpf.o" --with "$root/tests/data/light.ini" \
	--with "$root/tests/data/cells.sh" -- /with/cells.sh 120
check_equal "32 cells ran and are valid" 0 "$status"

# verdict A B METRIC STAT [OPTION]...: the verdict, from the JSON
verdicts() {
	local a=$1 b=$2 filter=$3
	shift 3
	"$schedlab" compare --json "$@" "$tmp/$a" "$tmp/$b" | jq -r ".comparisons[0].rows[] | select(.in_family) | $filter"
}

expect "A against A: no difference in the mean" 0 --out 'wakeup mean: no difference' -- \
	"$schedlab" compare --margin 3 "$tmp/a" "$tmp/again"
check_equal "A against A: nothing is called better or worse" "" \
	"$(verdicts a again 'select(.verdict == "worse" or .verdict == "better") | .metric + " " + .stat')"
expect "delayed by 5 %: worse" 0 --out 'wakeup mean: worse' -- "$schedlab" compare "$tmp/a" "$tmp/slow"
ratio=$(verdicts a slow 'select(.metric == "wakeup" and .stat == "mean").ratio')
check_number "and by about that much ($ratio)" "$ratio > 1.03 && $ratio < 1.08"
expect "a rule for other people's CI sees it" 6 --err "'wakeup.mean worse than 2%' is true" -- \
	"$schedlab" compare --fail-if 'wakeup.mean worse than 2%' "$tmp/a" "$tmp/slow"
expect "and does not see what is not there" 0 -- \
	"$schedlab" compare --fail-if 'wakeup.mean worse than 2%' "$tmp/a" "$tmp/again"
# One family in twenty shows a false alarm at p = 0.05; 0.01 leaves room for the guest to change.
check_equal "other seeds move nothing beyond their interval" "" \
	"$(verdicts a other 'select(.p_adjusted < 0.01) | .metric + " " + .stat' --allow-trace)"
