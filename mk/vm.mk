# SPDX-License-Identifier: GPL-2.0
# The kernel's types, the guest and what needs it.

$(BUILD)/vmlinux.h: vm/vmlinux-h
	@echo "  BTF     $@"
	@BPFTOOL=$(BPFTOOL) vm/vmlinux-h $@

# The guest's first process; static, and the same bits wherever the tree lies.
$(BUILD)/vm/init: vm/init.c
	@mkdir -p $(@D) && echo "  CC      $@"
	@$(CC) -D_GNU_SOURCE $(WARN) -O2 $(REPRODUCIBLE) -static -s -Wl,--build-id=none -o $@ $<

all: $(BUILD)/vm/init
