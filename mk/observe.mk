# SPDX-License-Identifier: GPL-2.0
# Observation: programs for its tests in the guest, and its benchmark. The skeletons' objects stay, or make would
# build them again and again.
.SECONDARY: $(OBSERVE_BPF:%.bpf.c=$(BUILD)/%.bpf.o)

OBSERVE_TOOLS := $(BUILD)/tests/vm/actors $(BUILD)/tests/bench/observe/pingpong

$(OBSERVE_TOOLS): $(BUILD)/%: %.c
	@mkdir -p $(@D) && echo "  CC      $@"
	@$(CC) -D_GNU_SOURCE $(WARN) -O2 $(REPRODUCIBLE) -static -o $@ $<

.PHONY: bench-observe
test-needs: $(OBSERVE_TOOLS)

bench-observe: all $(OBSERVE_TOOLS) ## what the views cost, against Debian's libbpf-tools 0.26, in the virtual lab
	@tests/bench/observe/run

.PHONY: soak-observe
soak-observe: all test-needs ## an hour's capture of all views: memory does not grow (SECONDS_OF_CAPTURE=3600, virtual)
	@tests/run --lanes 1 --logs $(BUILD)/soak-logs tests/soak/observe.sh
