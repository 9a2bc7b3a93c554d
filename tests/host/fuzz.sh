#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Every fuzzer for a fixed number of inputs from a fixed seed, bounded in work and not in time. `make fuzz` runs longer.
# cost: 25
. "$(dirname "$0")/../lib.sh"

runs=${FUZZ_RUNS:-20000}
for source in "$root"/tests/fuzz/fuzz_*.c; do
	name=$(basename "$source" .c)
	name=${name#fuzz_}
	if [ ! -x "$root/build/fuzz/tests/fuzz/fuzz_$name" ]; then
		skip "fuzz $name" "clang has no fuzzer runtime here (package libclang-rt-19-dev)"
		continue
	fi
	mkdir "$tmp/$name"
	check "fuzz $name: $runs inputs" "$root/build/fuzz/tests/fuzz/fuzz_$name" -runs="$runs" -seed=1 -timeout=60 \
		-verbosity=0 -rss_limit_mb=1024 -artifact_prefix="$tmp/" "$tmp/$name" "$root/tests/fuzz/corpus/$name"
done
