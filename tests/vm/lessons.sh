#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Lessons: a fresh run gives the page's numbers, the right answer to the exercise is right and a wrong one is wrong. All in
# the virtual lab. LESSONS="1 2 3" chooses; without it the two that the whole suite has time for.
# cost: 100
# timeout: 3000
. "$(dirname "$0")/../lib.sh"
cd "$root"

declare -A right=([1]=12 [2]=5 [3]=preempt [4]='journal payment' [5]=0.55 [6]=solution)
declare -A wrong=([1]=25 [2]=3 [3]=learn [4]='lock payment' [5]=0.8 [6]=newest)

page_kernel=$(sed -n 's/^The tables were made on kernel \([0-9.]*\).*/\1/p' docs/lessons/README.md)
kernel=$(vm/kernels default)
for n in ${LESSONS:-1 6}; do
	if [ "$kernel" = "$page_kernel" ]; then
		check "lesson $n: a fresh run gives the page's numbers" docs/lessons/lesson "$n" compare
		sed 's/^/# /' <<< "$out"
	else
		skip "lesson $n: a fresh run gives the page's numbers" "the pages were made on $page_kernel, this is $kernel"
	fi
	expect "lesson $n: the right answer is right" 0 --out '^right' -- docs/lessons/lesson "$n" answer ${right[$n]}
	expect "lesson $n: a wrong answer is not" 5 --out '^not ' -- docs/lessons/lesson "$n" answer ${wrong[$n]}
done

# The comparison itself must be able to fail: a page with one number changed by half.
if [ "$kernel" = "$page_kernel" ]; then
	n=$(set -- ${LESSONS:-1 6}; echo "${!#}")
	page=$(echo docs/lessons/"$n"-*.md)
	awk '/^```/ { inside = !inside } inside && !done && /[0-9]\.[0-9]/ { n = match($0, /[0-9]+\.[0-9]+/)
		$0 = substr($0, 1, n - 1) 3 * substr($0, n, RLENGTH) + 7 substr($0, n + RLENGTH); done = 1 } { print }' \
		"$page" > "$tmp/page.md"
	check_not "a page with a wrong number is found" docs/lessons/lesson "$n" recompare "$tmp/page.md"
	check "and the page itself is not" docs/lessons/lesson "$n" recompare "$page"
fi
