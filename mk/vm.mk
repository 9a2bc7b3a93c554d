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

.PHONY: deps kernel ready
deps: ## install the host packages that are missing (as root)
	@build-aux/deps

# The default kernel, proved by a guest in which a scheduler was attached.
kernel: all ## fetch the default kernel and prove that it boots and takes a scheduler
	@vm/select
test-needs: kernel

# From a bare machine to one where a guest boots; the second make sees the tools that the first has installed.
ready: deps ## install, build, fetch and prove a kernel
	@$(MAKE) --no-print-directory kernel

# --- the matrix of kernels ---------------------------------------------------------------------
$(BUILD)/tests/bench/verifier_cost: tests/bench/verifier_cost.c $(BUILD)/embed.o $(BUILD)/librooms.a $(LIBBPF)
	@mkdir -p $(@D) && echo "  BENCH   $@"
	@$(CC) $(CPPFLAGS) $(ALL_CFLAGS) -static -MMD -MP -MT $@ -MF $@.d -o $@ $< $(BUILD)/embed.o \
		-Wl,--start-group $(BUILD)/librooms.a -Wl,--end-group $(LIBBPF) $(LDLIBS) $(EXTRA_LIBS)

-include $(BUILD)/tests/bench/verifier_cost.d

.PHONY: matrix
matrix: all test-needs $(BUILD)/tests/bench/verifier_cost ## every scheduler on every kernel; writes docs/matrix.md
	@tests/matrix docs/matrix.md

.PHONY: attest
ATTEST_KERNELS ?= 6.18.15 7.2.13
attest: all kernel ## the same cell twice in the lab, on two kernels: identical bytes
	@for k in $(ATTEST_KERNELS); do tests/attest --kernel $$k; done

.PHONY: foreign soak try-debian12 try-debian13
foreign: all ## the kernel's own example schedulers, built from its source, under our loader
	@tests/foreign

try-debian12: ## build, unit tests and a guest on a bare Debian 12 (root, debootstrap)
	@tests/try-debian bookworm
try-debian13: ## the same on Debian 13
	@tests/try-debian trixie

# Long runs: each tests/soak/*.sh is a test like those of tests/vm.
SOAK_TESTS = $(wildcard tests/soak/*.sh)
soak: all test-needs ## long runs (tests/soak), hours rather than minutes
	@tests/run --lanes $(TEST_LANES) --logs $(BUILD)/soak-logs $(SOAK_TESTS)
