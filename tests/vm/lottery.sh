#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# cost: 110
# The lottery in the virtual lab: draws by tickets, compensation, four CPUs, currencies, the house queue, transfers, and
# a draw's cost. What depends on chance is judged over three seeds, so that a rebuild does not change the verdict.
. "$(dirname "$0")/../lib.sh"

bench=$root/build/tests/bench/schedbench
with=(--with "$bench" --with "$root/tests/bench/lottery.sh")

# lottery "scheduler options" experiment...: run it in the lab, its output in $out.
lottery() {
	local options=() words
	read -ra words <<< "$1"
	for o in "${words[@]}"; do options+=(--set "$o"); done
	shift
	guest --lab "${lab[@]}" "${with[@]}" -- schedlab run lottery "${options[@]}" -- "$@"
	[ "$status" -eq 0 ] || { not_ok "the lottery runs $*" "status $status" "$err"; exit 1; }
}
lab=()

value() {
	awk -v n="$1" '$1 == n { print $2 }' <<< "$out"
}

# Draws won by each task between the two JSON lines of $out, in order.
won() {
	jq -s -r '[[.[0].subjects, .[1].subjects] | transpose[] | .[1].draws_won - .[0].draws_won] | join(" ")' <<< "$out"
}

# chi_square "observed..." "weights...": the statistic of a fit to the weights.
chi_square() {
	awk -v o="$1" -v w="$2" 'BEGIN {
		n = split(o, obs, " "); split(w, wei, " ")
		for (i = 1; i <= n; i++) { total += obs[i]; sum += wei[i] }
		for (i = 1; i <= n; i++) { e = total * wei[i] / sum; x += (obs[i] - e) ^ 2 / e }
		printf "%.3f\n", x }'
}

median() {
	printf '%s\n' "$@" | sort -g | sed -n "$((($# + 1) / 2))p"
}

# --- draws: chi-square at 1 %, 2 degrees of freedom: 9.210 ---------------------------------------------------------------
fits=() wrong=() sequences=()
for seed in 1 2 3; do
	lottery "compensation=1 seed=$seed" sh /with/lottery.sh draws
	draws=$(won)
	check_number "seed $seed: at least 10,000 draws" "$(tr ' ' + <<< "$draws") >= 10000"
	fits+=("$(chi_square "$draws" '1 2 4')")
	wrong+=("$(chi_square "$draws" '1 2 5')")
	sequences+=("$draws")
done
check_number "draws fit tickets 1:2:4 (chi-square ${fits[*]})" "$(median "${fits[@]}") < 9.210"
check_number "the test sees wrong tickets, 1:2:5 (chi-square ${wrong[*]})" "$(median "${wrong[@]}") > 9.210"
lottery "compensation=1 seed=3" sh /with/lottery.sh draws
check_equal "the same seed gives the same draws" "${sequences[2]}" "$(won)"

# --- compensation: a task that uses a tenth of its slice has a third of the tickets ------------------------------------
# Half width of the 99 % binomial interval for n quanta of 12 ms (10, to the next tick) in 5 s: n = 417.
share() {
	awk -v y="$(value yielders_share)" -v h="$(value hogs_share)" 'BEGIN { print y / (y + h) }'
}
lottery "" /with/schedbench yield tasks=1 service_us=1000 hogs=2 seconds=5
check_number "with compensation its share is its tickets' ($(share))" "$(share) > 0.333 - 0.059 && $(share) < 0.333 + 0.059"
lottery "compensation=1" /with/schedbench yield tasks=1 service_us=1000 hogs=2 seconds=5
check_number "without compensation it is not ($(share))" "$(share) < 0.15"

# --- four CPUs ----------------------------------------------------------------------------------------------------------
lab=(--cpus 4)
fits=() wrong=() total=0
for seed in 1 2 3; do
	lottery "compensation=1 seed=$seed" sh /with/lottery.sh cpus
	total=$((total + $(won | tr ' ' +)))
	# By class: the 12 tasks are 4 of each, in turn 200, 400, 100.
	classes=$(won | awk '{ for (i = 1; i <= NF; i++) c[i % 3] += $i; print c[1], c[2], c[0] }')
	fits+=("$(chi_square "$classes" '2 4 1')")
	wrong+=("$(chi_square "$classes" '2 5 1')")
done
lab=()
check_number "four CPUs: at least 10,000 draws" "$total >= 10000"
check_number "four CPUs: draws fit tickets 1:2:4 ($classes; chi-square ${fits[*]})" "$(median "${fits[@]}") < 9.210"
check_number "four CPUs: the test sees wrong tickets, 1:2:5 (chi-square ${wrong[*]})" "$(median "${wrong[@]}") > 9.210"

# --- currencies, the house queue ----------------------------------------------------------------------------------------
lottery "slice_us=2000" sh /with/lottery.sh currencies
check_number "cgroups share by cpu.weight, 1:3 ($(value a), $(value b))" \
	"$(value b) / $(value a) > 2.2 && $(value b) / $(value a) < 4"
lottery "" sh /with/lottery.sh guard
check_number "tasks without tickets run: nothing else does ($(value hogs_share))" "$(value hogs_share) > 0.9"
lottery "" sh /with/lottery.sh guard one
check_number "and beside one that has some ($(value hogs_least) of a CPU)" "$(value hogs_least) > 0.001 && $(value hogs_most) > 0.85"

# --- transfer: a client's tickets reach the server it waits for --------------------------------------------------------
lottery "slice_us=4000" /with/schedbench pipeline hogs=3 seconds=5
with_transfer=$(value end_to_end_mean)
lottery "slice_us=4000 transfer_us=0" /with/schedbench pipeline hogs=3 seconds=5
check_number "a blocked client's tickets speed its server up ($with_transfer us, $(value end_to_end_mean) without)" \
	"$with_transfer < $(value end_to_end_mean)"

# --- a draw's cost grows at most with log n ------------------------------------------------------------------------------
# shellcheck disable=SC2016 # for the shell in the guest
lottery "slice_us=20000" sh -c 'for n in 10 5000; do
	/with/schedbench yield tasks=$n service_us=20 seconds=1 start_us=$((n * 400)) | sed -n "s/^turn/turn$n/p"; done'
check_number "a draw among 5,000 costs little more than among 10 ($(value turn10), $(value turn5000) us a turn)" \
	"$(value turn5000) < 1.2 * $(value turn10)"
