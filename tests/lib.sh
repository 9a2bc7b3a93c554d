# shellcheck shell=bash disable=SC2034
# SPDX-License-Identifier: GPL-2.0
# What shell tests share: source it first. It reports to tests/run; it does not judge timings and boots nothing unless
# guest() is called.
#
#	. "$(dirname "$0")/../lib.sh"
#	check "what is true" COMMAND...                 ok where COMMAND ends with 0
#	check_not "what is false" COMMAND...            ok where it does not
#	check_equal "what" EXPECTED ACTUAL              strings
#	check_match "what" EXTENDED-REGEX TEXT
#	expect "what" STATUS [--out REGEX] [--err REGEX] [--no-out] [--no-err] -- COMMAND...
#	check_number "what" 'EXPRESSION'                an awk expression over numbers: "$a <= 1.05 * $b"
#	skip "what" "reason"
#	splats FILE                                     the lines of a kernel log that no sound kernel writes
#	guest [vm/run options] -- COMMAND...            runs in the guest; sets $status $out $err
#
# A failing command outside a check ends the test as failed (set -e). $tmp is a fresh folder, removed at the end;
# $root is the tree, $schedlab the binary. The plan is printed when the script ends with status 0.
set -eu -o pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
schedlab=$root/build/schedlab
tmp=$(mktemp -d)
checks=0
# Set by run() and guest(): exit status, standard output and standard error of the last command.
status=0 out='' err=''
export LC_ALL=C

on_exit() {
	local code=$?
	if [ $code -eq 0 ]; then
		echo "1..$checks"
	else
		echo "# the test ended with status $code after $checks results"
	fi
	rm -rf "$tmp"
	return $code
}
trap on_exit EXIT
trap 'echo "# line $LINENO failed: $BASH_COMMAND" >&2' ERR

ok() {
	checks=$((checks + 1))
	echo "ok - $1"
}

not_ok() {
	checks=$((checks + 1))
	echo "not ok - $1"
	shift
	[ $# -eq 0 ] || printf '%s\n' "$@" | sed 's/^/# /'
}

skip() {
	checks=$((checks + 1))
	echo "skip - $1: $2"
}

splat='WARNING|BUG:|Oops|Call Trace|INFO: task|rcu_[a-z_]+ (self-)?detected|kthread starved|soft lockup|general protection|UBSAN|scheduling while atomic'
splats() {
	grep -E "$splat" "$1" || true
}

# Run a command; $status, $out and $err hold what it gave. Never fails itself.
run() {
	status=0
	"$@" > "$tmp/.out" 2> "$tmp/.err" < /dev/null || status=$?
	out=$(tr -d '\0' < "$tmp/.out")
	err=$(tr -d '\0' < "$tmp/.err")
}

last_run() {
	printf '%s\n' "status: $status" "stdout: $(head -c 2000 "$tmp/.out" | tail -n 20)" \
		"stderr: $(head -c 2000 "$tmp/.err" | tail -n 20)"
}

check() {
	local what=$1
	shift
	run "$@"
	if [ "$status" -eq 0 ]; then ok "$what"; else not_ok "$what" "command: $*" "$(last_run)"; fi
}

check_not() {
	local what=$1
	shift
	run "$@"
	if [ "$status" -ne 0 ]; then ok "$what"; else not_ok "$what" "command: $*" "$(last_run)"; fi
}

check_equal() {
	if [ "$2" = "$3" ]; then ok "$1"; else not_ok "$1" "expected: $2" "seen:     $3"; fi
}

check_match() {
	if grep -qE -- "$2" <<< "$3"; then ok "$1"; else not_ok "$1" "pattern: $2" "text:    $3"; fi
}

check_number() {
	if awk "BEGIN { exit !($2) }"; then ok "$1"; else not_ok "$1" "false: $2"; fi
}

expect() {
	local what=$1 want=$2 faults=() out_re='' err_re='' no_out='' no_err=''
	shift 2
	while [ $# -gt 0 ]; do
		case $1 in
		--out) out_re=$2; shift 2 ;;
		--err) err_re=$2; shift 2 ;;
		--no-out) no_out=1; shift ;;
		--no-err) no_err=1; shift ;;
		--) shift; break ;;
		*) echo "expect: no option $1" >&2; return 2 ;;
		esac
	done
	run "$@"
	[ "$status" -eq "$want" ] || faults+=("wanted status $want")
	[ -z "$out_re" ] || grep -qE -- "$out_re" <<< "$out" || faults+=("stdout lacks: $out_re")
	[ -z "$err_re" ] || grep -qE -- "$err_re" <<< "$err" || faults+=("stderr lacks: $err_re")
	[ -z "$no_out" ] || [ -z "$out" ] || faults+=("stdout is not empty")
	[ -z "$no_err" ] || [ -z "$err" ] || faults+=("stderr is not empty")
	if [ ${#faults[@]} -eq 0 ]; then
		ok "$what"
	else
		not_ok "$what" "command: $*" "${faults[@]}" "$(last_run)"
	fi
}

# Run a command in the guest: guest --lab --out "$tmp/out" -- schedlab list
guest() {
	run "$root/vm/run" "$@"
}
