#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# cost: 3
# make install: binary, manual pages and completion land below DESTDIR and PREFIX, and nowhere else.
. "$(dirname "$0")/../lib.sh"
cd "$root"

check "make install" make --no-print-directory install DESTDIR="$tmp/dest dir" PREFIX=/opt/lab
dest="$tmp/dest dir/opt/lab"
check "the binary is whole" cmp build/schedlab "$dest/bin/schedlab"
check_equal "the binary may be run by all" 755 "$(stat -c %a "$dest/bin/schedlab")"
check "schedlab(1)" test -s "$dest/share/man/man1/schedlab.1"
check_equal "every manual page" "$(find docs/man -name '*.[1-9]' | wc -l)" "$(find "$dest/share/man" -type f | wc -l)"
check "completion" bash -n "$dest/share/bash-completion/completions/schedlab"
expect "the installed binary finds its workloads from anywhere" 0 --out "^replay: [1-9]" -- \
	env -C / "$dest/bin/schedlab" load --check replay
check_equal "nothing beside PREFIX" opt "$(ls "$tmp/dest dir")"
check "make uninstall" make --no-print-directory uninstall DESTDIR="$tmp/dest dir" PREFIX=/opt/lab
check_equal "nothing is left" "" "$(find "$tmp/dest dir" -type f)"
if command -v systemd-analyze > /dev/null; then
	mkdir -p "$tmp/prefix/bin"
	cp build/schedlab "$tmp/prefix/bin/"
	make -s install-unit PREFIX="$tmp/prefix"
	expect "systemd-analyze verify takes the service without a word" 0 --no-out --no-err -- \
		systemd-analyze verify --man=no "$tmp/prefix/lib/systemd/system/schedlab@.service"
else
	skip "the service as systemd-analyze sees it" "no systemd-analyze; it is in the package systemd"
fi
check_not "install to a place that cannot be made fails" make --no-print-directory install DESTDIR=/proc/nowhere
