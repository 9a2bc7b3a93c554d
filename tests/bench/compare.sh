#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Speed of the comparison: 1,000 result files of 4,000 samples, and one of a million. A benchmark: prints, gates nothing.
set -euo pipefail

root=$(cd "$(dirname "$0")/../.." && pwd)
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
make_results=$root/build/tests/bench/make_results
"$make_results" "$tmp/a" a 500 1000 1 4000
"$make_results" "$tmp/b" b 500 1010 1 4000
"$make_results" "$tmp/large" large 1 1000 1 1000000
TIMEFORMAT='%R s'
echo -n "1,000 files compared (two histograms each): "
time "$root/build/schedlab" compare "$tmp/a" "$tmp/b" > /dev/null
echo -n "a file of two million samples read and compared with itself: "
time "$root/build/schedlab" compare "$tmp/large" "$tmp/large" > /dev/null
