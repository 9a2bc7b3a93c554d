# SPDX-License-Identifier: GPL-2.0
# The load room's own targets.

.PHONY: bench-engine
bench-engine: all ## jobs a second by one dispatcher, and the time to draw a million arrivals, on this host
	@tests/bench/engine
