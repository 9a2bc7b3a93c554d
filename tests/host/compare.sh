#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# `schedlab compare` from the outside: answers, messages, exit statuses, JUnit. Made-up runs, no guest, no timing.
. "$(dirname "$0")/../lib.sh"

make_results=$root/build/tests/bench/make_results
"$make_results" "$tmp/a" alpha 8 1000
"$make_results" "$tmp/again" again 8 1000
"$make_results" "$tmp/slow" slow 8 1300
"$make_results" "$tmp/other" other 8 1000 100

expect "two folders: the slower one is called worse" 0 --out 'wakeup mean: worse' -- \
	"$schedlab" compare "$tmp/a" "$tmp/slow"
expect "the other way round it is better" 0 --out 'wakeup mean: better' -- \
	"$schedlab" compare "$tmp/slow" "$tmp/a"
expect "A against the same runs: no difference" 0 --out 'wakeup p99: no difference' -- \
	"$schedlab" compare "$tmp/a" "$tmp/a"
expect "files on both sides of --" 0 --out '2 runs; B = slow, 2 runs' -- \
	"$schedlab" compare "$tmp/a/000001.json" "$tmp/a/000002.json" -- "$tmp/slow/000001.json" "$tmp/slow/000002.json"
expect "too few pairs: it says how many are needed" 0 --out 'needs six pairs' -- \
	"$schedlab" compare "$tmp/a/000001.json" "$tmp/a/000002.json" -- "$tmp/slow/000001.json" "$tmp/slow/000002.json"
expect "one run against one: no interval" 0 --out 'cannot be given an interval' -- \
	"$schedlab" compare "$tmp/a/000001.json" -- "$tmp/slow/000001.json"
expect "other seeds are refused" 2 --err 'no seed in common.*--allow-trace' --no-out -- \
	"$schedlab" compare "$tmp/a" "$tmp/other"
expect "other seeds when told so; nothing stands out" 0 --out 'wakeup mean: inconclusive' -- \
	"$schedlab" compare --allow-trace "$tmp/a" "$tmp/other"
expect "the noise floor of a second run of A" 0 --out 'A against A: [-+]' -- \
	"$schedlab" compare --noise "$tmp/again" "$tmp/a" "$tmp/slow"

# Rules
expect "a rule that is true" 6 --err "'wakeup.mean worse than 5%' is true: workload made-up" -- \
	"$schedlab" compare --fail-if 'wakeup.mean worse than 5%' --junit "$tmp/junit.xml" "$tmp/a" "$tmp/slow"
check_match "JUnit has the failure" '<failure message="&#39;wakeup.mean worse than 5%' "$(cat "$tmp/junit.xml")"
expect "a rule that holds" 0 -- "$schedlab" compare --fail-if 'wakeup.mean worse than 80%' "$tmp/a" "$tmp/slow"
expect "an undecided rule is no failure" 0 --err 'is undecided' -- \
	"$schedlab" compare --fail-if 'wakeup.mean worse than 30%' "$tmp/a" "$tmp/slow"
expect "unless --strict" 5 --err 'is undecided' -- \
	"$schedlab" compare --strict --fail-if 'wakeup.mean worse than 30%' "$tmp/a" "$tmp/slow"
expect "a metric that is not there" 2 --err 'these runs have no wake.mean' -- \
	"$schedlab" compare --fail-if 'wake.mean worse than 5%' "$tmp/a" "$tmp/slow"
expect "a rule in no language" 2 --err "column 12: 'worse than N%'" -- \
	"$schedlab" compare --fail-if 'wakeup.p99 gets bad' "$tmp/a" "$tmp/slow"

# JSON
expect "one JSON document" 0 --no-err -- "$schedlab" compare --json "$tmp/a" "$tmp/slow"
check_equal "with schema, pairs and a verdict" "schedlab.compare/1 true worse" \
	"$(jq -r '"\(.schema) \(.comparisons[0].paired) \(.comparisons[0].rows[] | select(.metric == "wakeup" and .stat == "mean").verdict)"' <<< "$out")"
expect "plain text where there is no terminal" 0 -- "$schedlab" compare "$tmp/a" "$tmp/slow"
check_not "no escape sequence in it" grep -q $'\033' "$tmp/.out"
on_terminal() {
	script -qec "${1:-} '$schedlab' compare '$tmp/a' '$tmp/slow'" /dev/null < /dev/null
}
check_match "colour where there is one" '\[3[0-9]mworse' "$(on_terminal)"
check_match "but not where the reader wants none" '\] +0\.[0-9]+ +worse' "$(on_terminal NO_COLOR=1 | grep -v $'\033')"

# Files that cannot be believed
head -c 5000 "$tmp/a/000003.json" > "$tmp/cut.json"
jq '.schema = "schedlab.result/9"' "$tmp/a/000003.json" > "$tmp/newer.json"
jq '.workload.seed = 99' "$tmp/a/000003.json" > "$tmp/edited.json"
echo '{"schema":"schedlab.compare/1"}' > "$tmp/kind.json"
expect "a truncated file by name" 2 --err 'cut.json: truncated' -- "$schedlab" compare "$tmp/cut.json" -- "$tmp/a"
expect "a newer schema by name" 2 --err 'newer.json: written by a newer schedlab' -- \
	"$schedlab" compare "$tmp/newer.json" -- "$tmp/a"
expect "an edited file by name" 2 --err 'edited.json: edited' -- "$schedlab" compare "$tmp/edited.json" -- "$tmp/a"
expect "another kind by name" 2 --err 'kind.json: another kind' -- "$schedlab" compare "$tmp/kind.json" -- "$tmp/a"
mkdir "$tmp/some-bad"
cp "$tmp"/slow/*.json "$tmp/cut.json" "$tmp/newer.json" "$tmp/edited.json" "$tmp/kind.json" "$tmp/some-bad"
expect "the others are compared when told so" 0 --out 'B = slow, 8 runs' --err '4 files of B left out' -- \
	"$schedlab" compare --skip-bad "$tmp/a" "$tmp/some-bad"
jq . "$tmp/a/000003.json" > "$tmp/indented.json"
expect "a file that was only indented anew is good" 0 -- "$schedlab" compare "$tmp/indented.json" -- "$tmp/a/000003.json"
expect "an empty folder" 2 --err 'no result file' -- "$schedlab" compare "$tmp/a" "$(mktemp -d -p "$tmp")"
expect "nothing to compare with" 2 --err 'A\.\.\. -- B' -- "$schedlab" compare "$tmp/a"
expect "a full disk" 1 --err 'standard output' -- sh -c "'$schedlab' compare '$tmp/a' '$tmp/slow' > /dev/full"
