#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Inside the guest: the same seeds under slowfifo twice undelayed (a, again), delayed (slow), and other seeds (other).
# Runs are interleaved, as an experiment's are.
set -e
one() {
	mkdir -p "/out/$1"
	schedlab cell --sched /with/slowfifo.bpf.o --set "delay=$3" --label "$1" --workload /with/light.ini --seed "$2" \
		-o "/out/$1/$2.json"
}
for seed in 1 2 3 4 5 6 7 8; do
	one a "$seed" 0
	one slow "$seed" "$1"
	one again "$seed" 0
	one other $((seed + 100)) 0
done
