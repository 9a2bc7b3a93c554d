#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Lesson 3, the exercise: which part of the latency scheduler does this load need most? Each is switched off in turn.
case $1 in
preempt | learn | chain | feedback | adapt) ;;
*) echo "the answer is one of preempt, learn, chain, feedback, adapt"; exit 2 ;;
esac
# The sleeper's mean wakeup latency in us with one part off.
mean_us() {
	schedlab run latency --set "$1=0" -- sh -c 'schedlab load mix -d 6 > /tmp/text' 2> /dev/null
	awk '/^  sleeper / { own = 1 }
		own && $1 == "wakeup" { print $3 * ($4 == "ms" ? 1000 : $4 == "s" ? 1000000 : 1); exit }' /tmp/text
}
for part in preempt learn chain feedback adapt; do
	echo "$part $(mean_us $part)"
done > /tmp/means
awk -v yours="$1" '
	{ text = text "  without " $1 ": " $2 " us\n" }
	$2 > worst { worst = $2; most = $1 }
	END {
		print yours == most ? "right: nothing costs the sleeper more than the loss of " most \
			: "not the part that matters most here"
		if (yours == most) printf "%s", text
		exit yours == most ? 0 : 5
	}' /tmp/means
