#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Lesson 5, in the guest: one queue, one CPU, FIFO without slices; first the utilisation changes, then the services.
set -e

# cell NAME RHO SERVICE
cell() {
	cat > "/tmp/$1.ini" <<-END
		[workload]
		seed = 1
		servers = 1

		[class jobs]
		arrivals = poisson rho=$2
		service = $3
		jobs = 4000
		cpus = 0
	END
	schedlab cell --sched fifo --set slice_us=0 --workload "/tmp/$1.ini" -o "/out/$1.json"
}

for percent in 30 50 70 80 90; do
	cell "rho-$percent" "0.$percent" 'exponential mean=2ms'
done
cell constant 0.7 'constant mean=2ms'
cell erlang 0.7 'erlang mean=2ms k=4'
cell exponential 0.7 'exponential mean=2ms'
cell bimodal 0.7 'bimodal mean=2ms share=0.02 ratio=51'
