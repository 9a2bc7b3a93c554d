#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Lesson 2, the exercise: the nice value that gets a third of what nice 0 gets.
case $1 in
[0-9] | 1[0-9]) ;;
*) echo "the answer is a nice value, 0 to 19"; exit 2 ;;
esac
cat > /tmp/two.ini <<END
[workload]
seed = 1
duration = 40s

[class first]
kind = batch
nice = 0
cpus = 0

[class second]
kind = batch
nice = $1
cpus = 0
END
schedlab run lottery --set slice_us=4000 -- schedlab load /tmp/two.ini > /tmp/text || exit
awk '
	/CPU share/ { for (i = 1; i <= NF; i++) if ($i == "share") share[++n] = $(i + 1) + 0 }
	END {
		ratio = share[1] / share[2]
		right = ratio > 2.7 && ratio < 3.4
		printf "%s: nice 0 gets %.1f times as much\n", right ? "right" : "not yet", ratio
		exit right ? 0 : 5
	}' /tmp/text
