# SPDX-License-Identifier: GPL-2.0
# Observation. The skeletons' objects stay, or make would build them again and again.
.SECONDARY: $(OBSERVE_BPF:%.bpf.c=$(BUILD)/%.bpf.o)
