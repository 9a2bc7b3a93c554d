#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Lesson 5, the exercise: the utilisation at which p99 is 20 ms. Right where it is between 15 and 20.
rho=$1
case $rho in
0.[0-9] | 0.[0-9][0-9] | 0.[0-9][0-9][0-9]) ;;
*) echo "the answer is a utilisation, such as 0.8"; exit 2 ;;
esac
cat > /tmp/promise.ini <<END
[workload]
seed = 1
servers = 1

[class jobs]
arrivals = poisson rho=$rho
service = exponential mean=2ms
jobs = 4000
cpus = 0
END
schedlab run fifo --set slice_us=0 -- schedlab load /tmp/promise.ini > /tmp/text || exit
awk '
	$1 == "sojourn" && /p99/ {
		for (i = 1; i < NF; i++) if ($i == "p99") p99 = $(i + 1) * ($(i + 2) == "us" ? 0.001 : 1)
		verdict = p99 > 20 ? "not yet: the promise is broken" : p99 < 15 ? "not quite: the CPU idles too much" : "right"
		printf "%s: p99 is %.1f ms\n", verdict, p99
		found = 1
		exit verdict == "right" ? 0 : 5
	}' /tmp/text
