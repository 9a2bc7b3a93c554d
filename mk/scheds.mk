# SPDX-License-Identifier: GPL-2.0
# What the schedulers are compared by: schedbench for the guest, and the table in docs/schedulers.md.

SCHEDBENCH := $(BUILD)/tests/bench/schedbench

$(SCHEDBENCH): tests/bench/schedbench.c
	@mkdir -p $(@D) && echo "  BENCH   $@"
	@$(CC) -D_GNU_SOURCE $(WARN) -O2 $(REPRODUCIBLE) -static -s -pthread -Wl,--build-id=none -o $@ $< -lm

test-needs: $(SCHEDBENCH)

.PHONY: bench-scheds
bench-scheds: all test-needs ## the schedulers against the kernel's default and its examples; writes docs/schedulers.md
	@tests/bench/scheds docs/schedulers.md

.PHONY: soak-scheds
soak-scheds: all test-needs ## each scheduler for a minute under stress-ng on 4 guest CPUs
	@STRESS_S=60 tests/run --lanes 1 tests/vm/fifo.sh
