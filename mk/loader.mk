# SPDX-License-Identifier: GPL-2.0
# The guard's own BPF program has a skeleton, as those of observe/ have.
LOADER_SKELS := $(BUILD)/loader/guard.skel.h
$(BUILD)/loader/watch.o $(BUILD)/san/loader/watch.o: | $(LOADER_SKELS)
-include $(BUILD)/loader/guard.bpf.d
.SECONDARY: $(BUILD)/loader/guard.bpf.o
