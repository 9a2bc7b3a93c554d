# SPDX-License-Identifier: GPL-2.0
# Fuzzers (libFuzzer, with sanitizers): tests/fuzz/fuzz_NAME.c feeds one parser, tests/fuzz/corpus/NAME/ holds seeds.
# `make test` runs each for a fixed number of inputs from a fixed seed; `make fuzz` runs on for FUZZ_SECONDS each.

FUZZ_CC ?= $(firstword $(shell command -v clang-19 clang-20 clang-18 clang-17 clang-16 clang))
FUZZ_SECONDS ?= 60
FUZZ_SRCS := $(wildcard tests/fuzz/fuzz_*.c)
FUZZ_BINS := $(FUZZ_SRCS:%.c=$(BUILD)/fuzz/%)
FUZZ_FLAGS := -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
FUZZ_OBJS := $(ROOM_SRCS:%.c=$(BUILD)/fuzz/%.o)
# clang's warnings are not those that the tree is kept free of.
FUZZ_WARN := -std=gnu11 -w

.PHONY: fuzz fuzz-bins fuzz-try
fuzz-bins: $(FUZZ_BINS)

# A clang without the fuzzer's runtime costs the tests their fuzzers (they say so), not the build.
FUZZ_PROBE := int LLVMFuzzerTestOneInput(const unsigned char *data, unsigned long size) { return 0; }
fuzz-try: $(LIBBPF)
	@mkdir -p $(BUILD)/fuzz && if echo '$(FUZZ_PROBE)' | \
		$(FUZZ_CC) -x c -fsanitize=fuzzer,address - -o $(BUILD)/fuzz/probe 2> $(BUILD)/fuzz/probe.log; \
		then $(MAKE) --no-print-directory fuzz-bins; else rm -f $(FUZZ_BINS); fi
test-needs: fuzz-try

fuzz: fuzz-bins ## fuzz every parser for FUZZ_SECONDS (60) each; findings stay in build/fuzz
	@for f in $(FUZZ_BINS); do \
		name=$${f##*/fuzz_}; mkdir -p $(BUILD)/fuzz/corpus/$$name; echo "  FUZZ    $$name"; \
		$$f -max_total_time=$(FUZZ_SECONDS) -timeout=20 -verbosity=0 -print_final_stats=1 \
			-artifact_prefix=$(BUILD)/fuzz/$$name- \
			$(BUILD)/fuzz/corpus/$$name tests/fuzz/corpus/$$name; \
	done

$(BUILD)/fuzz/tests/fuzz/%: tests/fuzz/%.c $(BUILD)/embed.o $(BUILD)/fuzz/librooms.a $(LIBBPF)
	@mkdir -p $(@D) && echo "  FUZZER  $@"
	@$(FUZZ_CC) $(CPPFLAGS) $(FUZZ_WARN) $(FUZZ_FLAGS) -fsanitize=fuzzer -pthread -MMD -MP -MT $@ -MF $@.d -o $@ $< \
		$(BUILD)/embed.o -Wl,--start-group $(BUILD)/fuzz/librooms.a -Wl,--end-group $(LIBBPF) $(LDLIBS) $(EXTRA_LIBS)

$(BUILD)/fuzz/librooms.a: $(FUZZ_OBJS)
	@echo "  AR      $@"
	@rm -f $@ && $(AR) rcD $@ $^

$(BUILD)/fuzz/%.o: %.c $(LIBBPF)
	@mkdir -p $(@D) && echo "  CC      $@"
	@$(FUZZ_CC) $(CPPFLAGS) $(FUZZ_WARN) $(FUZZ_FLAGS) -fsanitize=fuzzer-no-link -pthread -MMD -MP -c -o $@ $<

$(patsubst %.c,$(BUILD)/fuzz/%.o,$(filter-out %.bpf.c,$(wildcard observe/*.c))): | $(SKELS)

-include $(FUZZ_BINS:=.d) $(FUZZ_OBJS:.o=.d)
