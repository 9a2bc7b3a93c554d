#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# cost: 60
# The lottery in the virtual lab: draws by tickets, compensation, four CPUs, currencies, the house queue, transfers, and
# a draw's cost. What depends on chance is judged over three seeds, so that a rebuild does not change the verdict.
. "$(dirname "$0")/../lib.sh"

cat > "$tmp/play.sh" << 'END'
play() { # NAME "OPTION=VALUE..." EXPERIMENT...: what it prints, below "== NAME"
	echo "== $1"
	sets=
	for option in $2; do sets="$sets --set $option"; done
	shift 2
	schedlab run lottery $sets -- "$@" || echo "ended with $?"
}
END
cat > "$tmp/again.sh" << 'END'
play draws3 "compensation=1 seed=3" sh /with/lottery.sh draws
END
cat > "$tmp/one.sh" << 'END'
for seed in 1 2; do play draws$seed "compensation=1 seed=$seed" sh /with/lottery.sh draws; done
play compensation "" schedbench yield tasks=1 service_us=1000 hogs=2 seconds=5
play no-compensation compensation=1 schedbench yield tasks=1 service_us=1000 hogs=2 seconds=5
play house "" sh /with/lottery.sh guard
play house-one "slice_us=2000 house_pct=10" sh /with/lottery.sh guard one
play transfer slice_us=4000 schedbench pipeline hogs=3 seconds=5
play no-transfer "slice_us=4000 transfer_us=0" schedbench pipeline hogs=3 seconds=5
for n in 10 100 1000 5000; do
	play among$n slice_us=20000 schedbench yield tasks=$n service_us=20 seconds=1 start_us=$((n * 400))
done
play currencies slice_us=2000 sh /with/lottery.sh currencies
play grants slice_us=2000 sh /with/lottery.sh currencies tickets
END
cat > "$tmp/four.sh" << 'END'
for seed in 1 2 3; do play cpus$seed "compensation=1 seed=$seed" sh /with/lottery.sh cpus; done
END

# lottery NAME [vm/run options]: a guest that plays what NAME.sh says; what it prints is kept in $tmp/NAME.
lottery() {
	local name=$1
	shift
	guest --lab "$@" --with "$root/build/tests/bench/schedbench" --with "$root/tests/bench/lottery.sh" \
		--with "$tmp/play.sh" --with "$tmp/$name.sh" -- sh -c '. /with/play.sh; . "/with/$1"' sh "$name.sh"
	if [ "$status" -ne 0 ] || grep -q '^ended with' <<< "$out"; then
		not_ok "the lottery plays $name" "status $status" "$(grep -B 1 '^ended with' <<< "$out")" "$err"
		exit 1
	fi
	printf '%s\n' "$out" > "$tmp/$name"
}
lottery again
mv "$tmp/again" "$tmp/first"
lottery again
lottery one
lottery four --cpus 4

# What an experiment printed, and a value in it.
played() {
	cat "$tmp"/{first,one,four} | awk -v name="$1" '$1 == "==" { on = $2 == name; next } on'
}
value() {
	played "$1" | awk -v n="$2" '$1 == n { print $2 }'
}

# Draws won by each task between the two JSON lines of an experiment, in order.
won() {
	played "$1" | jq -s -r '[[.[0].subjects, .[1].subjects] | transpose[] | .[1].draws_won - .[0].draws_won] | join(" ")'
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
fits=() wrong=()
for seed in 1 2 3; do
	draws=$(won draws$seed)
	check_number "seed $seed: at least 10,000 draws" "$(tr ' ' + <<< "$draws") >= 10000"
	fits+=("$(chi_square "$draws" '1 2 4')")
	wrong+=("$(chi_square "$draws" '1 2 5')")
done
check_number "draws fit tickets 1:2:4 (chi-square ${fits[*]})" "$(median "${fits[@]}") < 9.210"
check_number "the test sees wrong tickets, 1:2:5 (chi-square ${wrong[*]})" "$(median "${wrong[@]}") > 9.210"
check "the same seed gives the same draws" cmp "$tmp/first" "$tmp/again"

# --- compensation: a task that uses a tenth of its slice has a third of the tickets ------------------------------------
# Half width of the 99 % binomial interval for n quanta of 12 ms (10, to the next tick) in 5 s: n = 417.
share() {
	awk -v y="$(value "$1" yielders_share)" -v h="$(value "$1" hogs_share)" 'BEGIN { print y / (y + h) }'
}
s=$(share compensation)
check_number "with compensation its share is its tickets' ($s)" "$s > 0.333 - 0.059 && $s < 0.333 + 0.059"
s=$(share no-compensation)
check_number "without compensation it is not ($s)" "$s < 0.15"

# --- four CPUs ----------------------------------------------------------------------------------------------------------
fits=() wrong=() total=0
for seed in 1 2 3; do
	draws=$(won cpus$seed)
	total=$((total + ${draws// / + }))
	# By class: the 12 tasks are 4 of each, in turn 200, 400, 100.
	classes=$(awk '{ for (i = 1; i <= NF; i++) c[i % 3] += $i; print c[1], c[2], c[0] }' <<< "$draws")
	fits+=("$(chi_square "$classes" '2 4 1')")
	wrong+=("$(chi_square "$classes" '2 5 1')")
done
check_number "four CPUs: at least 10,000 draws" "$total >= 10000"
check_number "four CPUs: draws fit tickets 1:2:4 ($classes; chi-square ${fits[*]})" "$(median "${fits[@]}") < 9.210"
check_number "four CPUs: the test sees wrong tickets, 1:2:5 (chi-square ${wrong[*]})" "$(median "${wrong[@]}") > 9.210"

# --- currencies, the house queue ----------------------------------------------------------------------------------------
a=$(value currencies a) b=$(value currencies b)
check_number "cgroups share by cpu.weight, 1:3 ($a, $b)" "$b / $a > 2.2 && $b / $a < 4"
a=$(value grants a) b=$(value grants b)
check_number "cgroups share by the tickets set for them, 1:3 ($a, $b)" "$b / $a > 2.2 && $b / $a < 4"
check_number "tasks without tickets run: nothing else does ($(value house hogs_share))" "$(value house hogs_share) > 0.9"
least=$(value house-one hogs_least)
check_number "and beside one that has some: two share the house's tenth ($least of a CPU)" \
	"$least > 0.02 && $(value house-one hogs_most) > 0.8"

# --- transfer: a client's tickets reach the server it waits for --------------------------------------------------------
with=$(value transfer end_to_end_mean) without=$(value no-transfer end_to_end_mean)
check_number "a blocked client's tickets speed its server up ($with us, $without without)" "$with < 0.95 * $without"

# --- a draw's cost grows at most with log n ------------------------------------------------------------------------------
few=$(value among10 turn)
for n in 100 1000 5000; do
	many=$(value among$n turn)
	check_number "a draw among $n costs little more than among 10 ($few, $many us a turn)" "$many < 1.2 * $few"
done
