# SPDX-License-Identifier: GPL-2.0
# schedlab: one static binary, its BPF objects and the tests. `make help` lists the targets.
# Fragments of the rooms are in mk/*.mk. Nothing here needs the network except `deps` and the downloads.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DELETE_ON_ERROR:
.SUFFIXES:
MAKEFLAGS += --no-builtin-rules

BUILD := build
SCHEDLAB_DOWNLOADS ?= downloads
export SCHEDLAB_DOWNLOADS
PREFIX ?= /usr/local
DESTDIR ?=
VERSION := 0.1.0

CC ?= cc
BPF_CLANG ?= $(firstword $(shell command -v clang-19 clang-20 clang-18 clang-17 clang-16 clang))
LLVM_STRIP ?= $(firstword $(shell command -v llvm-strip-19 llvm-strip-20 llvm-strip-18 llvm-strip-17 llvm-strip-16 llvm-strip))
BPFTOOL ?= $(firstword $(wildcard /usr/sbin/bpftool /usr/bin/bpftool /sbin/bpftool) bpftool)
# The architecture of the binary to build: x86_64 or aarch64 (CROSS= names the cross compiler's prefix).
ARCH ?= $(shell uname -m)
BPF_ARCH := $(if $(filter aarch64 arm64,$(ARCH)),arm64,x86)
ifdef CROSS
CC := $(CROSS)gcc
endif

# Objects must not depend on where the tree lies: the virtual lab's figures follow from the bits.
REPRODUCIBLE := -ffile-prefix-map=$(CURDIR)=. -fdebug-prefix-map=$(CURDIR)=.
# The system's libbpf serves where it is new enough; else one built below build/ from Debian's source package.
LIBBPF_DIR := $(BUILD)/libbpf
LIBBPF := $(LIBBPF_DIR)/libbpf.a

CFLAGS ?= -O2 -g
CPPFLAGS := -D_GNU_SOURCE -DSCHEDLAB_VERSION='"$(VERSION)"' -I. -I$(BUILD) -isystem $(LIBBPF_DIR)/include
WARN := -std=gnu11 -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla \
	-Wno-unused-parameter -Wno-missing-field-initializers
ALL_CFLAGS = $(WARN) $(CFLAGS) $(REPRODUCIBLE) -pthread
LDLIBS := -linih -ljansson -lnettle -lelf -lz -lm
EXTRA_LIBS ?=

BPF_CFLAGS := -target bpf -mcpu=v3 -O2 -g -std=gnu11 -Wall -Wextra -Werror -Wno-unused-parameter \
	-Wno-missing-declarations -Wno-compare-distinct-pointer-types -Wno-missing-field-initializers \
	-D__TARGET_ARCH_$(BPF_ARCH) -ffile-compilation-dir=. -I. -I$(BUILD) -isystem $(LIBBPF_DIR)/include

ROOMS := lib loader observe workloads lab
ROOM_SRCS := $(foreach r,$(ROOMS),$(wildcard $(r)/*.c))
ROOM_SRCS := $(filter-out %.bpf.c,$(ROOM_SRCS))
ROOM_OBJS := $(ROOM_SRCS:%.c=$(BUILD)/%.o)
SCHED_SRCS := $(wildcard scheds/*.bpf.c)
SCHED_OBJS := $(SCHED_SRCS:%.bpf.c=$(BUILD)/%.bpf.o)
OBSERVE_BPF := $(wildcard observe/*.bpf.c)
SKELS := $(OBSERVE_BPF:%.bpf.c=$(BUILD)/%.skel.h)
FAULTY_OBJS := $(patsubst %.bpf.c,$(BUILD)/%.bpf.o,$(wildcard tests/faulty/*.bpf.c))

.PHONY: all help clean distclean
all: $(BUILD)/schedlab $(FAULTY_OBJS)

include $(sort $(wildcard mk/*.mk))

help: ## list the targets
	@grep -hE '^[a-z0-9-]+:.*## ' Makefile mk/*.mk | sed 's/:.*## /\t/' | sort | expand -t 24

# --- the binary -------------------------------------------------------------------------------
$(BUILD)/schedlab: $(BUILD)/schedlab.o $(BUILD)/embed.o $(BUILD)/librooms.a $(LIBBPF)
	@echo "  LD      $@"
	@$(CC) $(ALL_CFLAGS) -static -o $@ $(BUILD)/schedlab.o $(BUILD)/embed.o \
		-Wl,--whole-archive $(BUILD)/librooms.a -Wl,--no-whole-archive $(LIBBPF) $(LDLIBS) $(EXTRA_LIBS)

$(BUILD)/librooms.a: $(ROOM_OBJS)
	@echo "  AR      $@"
	@rm -f $@ && $(AR) rcD $@ $^

$(BUILD)/%.o: %.c $(LIBBPF)
	@mkdir -p $(@D) && echo "  CC      $@"
	@$(CC) $(CPPFLAGS) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

# Rooms that include skeletons must wait for them on the first build; afterwards the .d files know.
$(patsubst %.c,$(BUILD)/%.o,$(filter-out %.bpf.c,$(wildcard observe/*.c))): | $(SKELS)

# --- BPF ---------------------------------------------------------------------------------------
# In two steps: clang numbers BTF types in an order that changes with the length of the paths it opens files by; from
# standard input it opens none, and the bits are the same wherever the tree lies.
$(BUILD)/%.bpf.o: %.bpf.c $(BUILD)/vmlinux.h $(LIBBPF) Makefile
	@mkdir -p $(@D) && echo "  BPF     $@"
	@$(BPF_CLANG) $(BPF_CFLAGS) -MMD -MP -MT $@ -MF $(@:.o=.d) -E -frewrite-includes -o - $< | \
		$(BPF_CLANG) $(BPF_CFLAGS) -x c -c -o $@.tmp - && $(LLVM_STRIP) -g $@.tmp && mv $@.tmp $@

$(BUILD)/%.skel.h: $(BUILD)/%.bpf.o
	@echo "  SKEL    $@"
	@$(BPFTOOL) gen skeleton $< name $(subst -,_,$(notdir $*))_bpf > $@.tmp && mv $@.tmp $@

# The schedulers travel inside the binary; lib/embed.h finds them by name.
$(BUILD)/embed.c: $(SCHED_OBJS) build-aux/embed
	@mkdir -p $(@D) && build-aux/embed $(SCHED_OBJS) > $@.tmp && mv $@.tmp $@

$(BUILD)/embed.o: $(BUILD)/embed.c $(SCHED_OBJS) $(LIBBPF)
	@echo "  CC      $@"
	@$(CC) $(CPPFLAGS) $(ALL_CFLAGS) -c -o $@ $<

clean: ## remove what was built, keep the downloads
	rm -rf $(BUILD)

distclean: clean ## remove what was built and what was downloaded
	rm -rf downloads

-include $(ROOM_OBJS:.o=.d) $(SCHED_OBJS:.o=.bpf.d) $(BUILD)/schedlab.d
-include $(patsubst %.o,%.d,$(SCHED_OBJS) $(OBSERVE_BPF:%.bpf.c=$(BUILD)/%.bpf.o) $(FAULTY_OBJS))
