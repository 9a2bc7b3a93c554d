# SPDX-License-Identifier: GPL-2.0
# The kernel's types, the guest and what needs it.

$(BUILD)/vmlinux.h: vm/vmlinux-h
	@echo "  BTF     $@"
	@BPFTOOL=$(BPFTOOL) vm/vmlinux-h $@
