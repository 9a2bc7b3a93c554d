#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Lesson 1, the exercise: long jobs in pieces of so many ms. Right where the short ones' mean is just below 10 ms.
piece_ms=$1
case $piece_ms in
'' | *[!0-9]* | 0) echo "the answer is a whole number of milliseconds"; exit 2 ;;
esac
awk -v d="$piece_ms" '{ gsub(/rate=5$/, "rate=" 500 / d); gsub(/mean=100ms/, "mean=" d "ms"); print }' \
	/with/convoy.ini > /tmp/pieces.ini
schedlab run fifo --set slice_us=0 -- schedlab load /tmp/pieces.ini > /tmp/text || exit
awk '
	/^  short / { short = 1 }
	short && $1 == "sojourn" {
		mean = $3 * ($4 == "us" ? 0.001 : $4 == "s" ? 1000 : 1)
		verdict = mean >= 10 ? "not yet: too long" : mean < 7 ? "not quite: needlessly short pieces" : "right"
		printf "%s: the short jobs take %.1f ms on average\n", verdict, mean
		exit verdict == "right" ? 0 : 5
	}' /tmp/text
