#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# cost: 60
# timeout: 1800
# The build: nothing to do twice, a header rebuilds what includes it and nothing else, a tree elsewhere built in
# parallel gives the same bits (the virtual lab's figures hang on them).
. "$(dirname "$0")/../lib.sh"
cd "$root"

check "a second make has nothing to do" make -q all

# What make would compile were HEADER new, and what the compiler said includes it.
would() {
	make -n -W "$1" all | sed -n 's/.*echo "  \(CC\|BPF\) *\([^"]*\.o\)".*/\2/p' | grep -vE '/(embed|init)\.o$' | sort
}
includes() {
	# shellcheck disable=SC2046 # no blanks in these names
	grep -lE "(^| )$1( |:|$)" $(find build -name '*.d' -not -path 'build/san/*' -not -path 'build/fuzz/*' \
		-not -path 'build/tests/unit/*' -not -path 'build/tests/bench/*' -not -path 'build/docs/*') 2> /dev/null | sed 's/\.d$/.o/' | sort
}
for header in lib/rng.h loader/loader.h bpf/tunable.bpf.h; do
	check_equal "what includes $header is rebuilt and nothing else" "$(includes $header)" "$(would $header)"
	check_number "... and that is not nothing, nor all" "$(would $header | wc -l) > 1 && $(would $header | wc -l) < $(find build -name '*.o' | wc -l) / 2"
done
check_equal "a changed document rebuilds nothing" "" "$(would README.md)"

# The same tree elsewhere, built in parallel; libbpf and the kernel's types come from here, to save the time.
there="$tmp/elsewhere/deep/er"
mkdir -p "$there/build"
git ls-files -co --exclude-standard -z | while IFS= read -r -d '' f; do [ ! -e "$f" ] || printf '%s\0' "$f"; done |
	cpio -0 -pdm --quiet "$there"
cp -r build/libbpf build/vmlinux.h "$there/build/"
find "$there/build" -exec touch {} +
check "a tree elsewhere builds, four jobs at a time" make -C "$there" --no-print-directory -s -j4 all
for file in schedlab vm/init $(cd build && find scheds observe tests/faulty -name '*.bpf.o' 2> /dev/null | sort); do
	check "... to the same bits: $file" cmp "build/$file" "$there/build/$file"
done
