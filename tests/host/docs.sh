#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Documents against the program: pages, README and completion know each command and option and no others; what the
# documents tell people to type exists; nothing in the tree names the place where it was made. Judges no prose.
# cost: 10
. "$(dirname "$0")/../lib.sh"
cd "$root"
unset ARGP_HELP_FMT

mapfile -t commands < <("$schedlab" --help | sed -n '/^Commands:/,/^$/s/^  \([a-z][a-z-]*\) .*/\1/p')
check "the program lists its commands" test "${#commands[@]}" -gt 0

# --- made parts and hand-kept parts agree --------------------------------------------------------
check "manual pages and README are up to date with the program (make docs)" build-aux/docs-refresh --check

pages() {
	find docs/man -name 'schedlab-*.1' | sed 's/.*schedlab-\(.*\)\.1/\1/' | sort
}
check_equal "each command has a page, each page a command" "$(printf "%s\n" "${commands[@]}" | sort)" "$(pages)"

if command -v man > /dev/null; then
	for page in docs/man/*.1; do
		expect "$(basename "$page") has no fault that man sees" 0 --no-err -- \
			env MANROFFOPT=-ww man --warnings -l -Tutf8 "$page"
	done
else
	skip "manual pages without faults" "man is not installed"
fi

# Status 0 of a command would be good luck; what is checked is that each refuses nonsense the same way.
for command in "${commands[@]}"; do
	expect "$command --help" 0 --out "^Usage: " --no-err -- "$schedlab" "$command" --help
	expect "$command refuses an unknown option" 2 --no-out --err 'no-such-option' -- \
		"$schedlab" "$command" --no-such-option
done
expect "an unknown command gets the nearest name" 2 --err "did you mean '${commands[0]}'" --no-out -- \
	"$schedlab" "${commands[0]}x"
expect "no command at all is wrong use" 2 --err '^Usage: ' --no-out -- "$schedlab"
expect "--version" 0 --out '^schedlab [0-9.]+$' --no-err -- "$schedlab" --version

# --- completion, as bash runs it -----------------------------------------------------------------
complete_words() {
	bash -c '. docs/completion/schedlab; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _schedlab build/schedlab
		printf "%s\n" "${COMPREPLY[@]}"' bash schedlab "$@" | sort -u
}
long_options() {
	"$schedlab" "$1" --help | sed -n '/^ \{2,\}-/p' | sed 's/^\( *\(-[^-], \)\?--[a-z0-9-]*\).*/\1/' |
		grep -oE -- '--[a-z0-9][a-z0-9-]*' | sort -u
}
check_equal "completion offers the commands" \
	"$(printf '%s\n' "${commands[@]}" --help --version | sort -u)" "$(complete_words '')"
for command in "${commands[@]}"; do
	check_equal "completion offers the options of $command" "$(long_options "$command")" \
		"$(complete_words "$command" -- | grep -- '^--' | tr -d '=' | sort -u)"
done

# --- what the documents tell people to type ------------------------------------------------------
documents=(README.md docs/*.md docs/lessons/*.md)
targets() {
	grep -ohE '(^|[^a-z-])make [a-z][a-z0-9-]*' "${documents[@]}" | grep -oE '[a-z0-9-]+$' | sort -u
}
known_targets=$(grep -hoE '^[a-z0-9][a-z0-9 -]*:' Makefile mk/*.mk | tr -d ':' | tr ' ' '\n' | sort -u)
missing=''
while IFS= read -r target; do
	env -u MAKEFLAGS make -n "$target" > /dev/null 2>&1 || missing+="$target "
done < <(comm -23 <(targets | grep -vxE 'a|it|sure|an|the|each|one|that|its|them|us|few|short' || true) <(echo "$known_targets"))
check_equal "every make target that the documents name exists" "" "$missing"

# "schedlab COMMAND ... --option": command and option must be known. Behind " -- " stands somebody else's command.
named=0 unknown=''
while IFS= read -r line; do
	command=$(sed 's/^schedlab \([a-z]*\).*/\1/' <<< "$line")
	named=$((named + 1))
	if ! printf '%s\n' "${commands[@]}" | grep -qx -- "$command"; then
		unknown+="$command "
		continue
	fi
	options=$(long_options "$command")
	while IFS= read -r option; do
		[ -z "$option" ] || grep -qx -- "$option" <<< "$options" || unknown+="$command:$option "
	done < <(sed 's/ -- .*//' <<< "$line" | grep -oE -- '(^| )--[a-z][a-z0-9-]*' | tr -d ' ' || true)
done < <(sed -n '/^```/,/^```/p' "${documents[@]}" | grep -oE '(^|[ /])schedlab [a-z]+[^#|]*' | sed 's/^[ /]//')
check_equal "every schedlab command and option in the documents' examples exists ($named examples)" "" "$unknown"

vm_options=$(vm/run --help | grep -oE '^  --[a-z-]+' | tr -d ' ' | sort -u)
missing=$(grep -ohE 'vm/run [^`]*' "${documents[@]}" | sed 's/ -- .*//' | grep -oE -- '--[a-z][a-z-]*' | sort -u |
	comm -23 - <(echo "$vm_options"))
check_equal "every vm/run option in the documents exists" "" "$missing"
check_equal "docs/guest.md has every option of vm/run" "" \
	"$(comm -13 <(grep -oE -- '--[a-z][a-z-]*' docs/guest.md | sort -u) <(echo "$vm_options"))"

missing=''
for package in $(sed 's/#.*//' build-aux/packages | awk 'NF { print $2 }'); do
	grep -qF -- "\`$package\`" README.md || missing+="$package "
done
check_equal "README gives a reason for every package that is installed" "" "$missing"

# Links between documents.
broken=''
for document in "${documents[@]}"; do
	while IFS= read -r link; do
		[ -e "$(dirname "$document")/$link" ] || broken+="$document -> $link"$'\n'
	done < <(grep -oE '\]\([^)#]+' "$document" | sed 's/^](//' | grep -v '^https\?:' || true)
done
check_equal "no link between documents is broken" "" "$broken"

# The example of docs/writing-a-scheduler.md and lesson 6 must build.
check "the example scheduler builds" env -u MAKEFLAGS make -s build/docs/lessons/mine.bpf.o

# --- nothing names the place where it was made ---------------------------------------------------
if git rev-parse --is-inside-work-tree > /dev/null 2>&1; then
	mapfile -t files < <(git ls-files)
else
	mapfile -t files < <(find . -type f -not -path './build/*' -not -path './downloads/*' -not -path './.git/*')
fi
place=$(sed 's/[].[^$*\/]/\\&/g' <<< "$root")
named_place() {
	grep -InE "(^|[^A-Za-z0-9_./-])$place(/|\$|[^A-Za-z0-9_.-])" "$@" /dev/null | head -n 5 || true
}
if [ ${#root} -gt 4 ]; then
	check_equal "no file names the folder that the tree lies in" "" "$(named_place "${files[@]}")"
	check_equal "nor does the binary" "" "$(strings -a "$schedlab" 2>/dev/null | grep -F "$root/" | head -n 3 || true)"
else
	skip "no file names the folder that the tree lies in" "$root is too short a name to look for"
fi
check_equal "no file names a home folder" "" \
	"$(grep -InE '(^|[^A-Za-z0-9_.-])/home/[a-z]' "${files[@]}" /dev/null | grep -v '^tests/host/docs.sh:' | head -n 5 || true)"
# Archives' addresses come from the host's own configuration. The pattern is put together so as not to match itself.
hosts="(deb|ftp|security|snapshot)[.]debi""an[.]org|mirr""or[.][a-z]+[.][a-z]+|archive[.]ubun""tu"
check_equal "no file names an archive's host" "" "$(grep -InE "$hosts" "${files[@]}" /dev/null | head -n 5 || true)"
