# SPDX-License-Identifier: GPL-2.0
# Tests. Each tests/unit/test_NAME.c is one cmocka program; it is built a second time with sanitizers under build/san.

UNIT_SRCS := $(wildcard tests/unit/test_*.c)
UNIT_BINS := $(UNIT_SRCS:%.c=$(BUILD)/%)
SAN_BINS := $(UNIT_SRCS:%.c=$(BUILD)/san/%)
SAN_FLAGS := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
SAN_OBJS := $(ROOM_SRCS:%.c=$(BUILD)/san/%.o)
HOST_TESTS = $(wildcard tests/host/*.sh)
VM_TESTS = $(wildcard tests/vm/*.sh)
# One more than CPUs: a test waits for its guest's boot, its files and its clock a quarter of the time.
TEST_LANES ?= 3

.PHONY: unit unit-san test test-run test-host test-vm
unit: $(UNIT_BINS) ## unit tests: quick, no root, no guest
	@tests/run --lanes $(TEST_LANES) --logs $(BUILD)/test-logs $(UNIT_BINS)

unit-san: $(SAN_BINS) ## unit tests under address and undefined-behaviour sanitizers
	@tests/run --lanes $(TEST_LANES) --logs $(BUILD)/test-logs $(SAN_BINS)

# Packages first; the tools they bring are looked up again by the second make.
test: deps ## install what is missing, build, run every test
	@$(MAKE) --no-print-directory test-run

test-run: all $(UNIT_BINS) $(SAN_BINS) test-needs
	@tests/run --lanes $(TEST_LANES) --logs $(BUILD)/test-logs \
		$(UNIT_BINS) $(SAN_BINS) $(HOST_TESTS) $(VM_TESTS)

test-host: all ## the shell tests that need no guest
	@tests/run --lanes $(TEST_LANES) $(HOST_TESTS)

test-vm: all test-needs ## the shell tests that run in a guest
	@tests/run --lanes $(TEST_LANES) $(VM_TESTS)

# Rooms add what their tests need built beforehand: test-needs: my-target
.PHONY: test-needs
test-needs: all

$(BUILD)/tests/unit/%: tests/unit/%.c $(BUILD)/embed.o $(BUILD)/librooms.a $(LIBBPF)
	@mkdir -p $(@D) && echo "  TEST    $@"
	@$(CC) $(CPPFLAGS) $(ALL_CFLAGS) -MMD -MP -MT $@ -MF $@.d -o $@ $< $(BUILD)/embed.o \
		-Wl,--start-group $(BUILD)/librooms.a -Wl,--end-group $(LIBBPF) -lcmocka $(LDLIBS) $(EXTRA_LIBS)

$(BUILD)/san/tests/unit/%: tests/unit/%.c $(BUILD)/embed.o $(BUILD)/san/librooms.a $(LIBBPF)
	@mkdir -p $(@D) && echo "  TEST    $@"
	@$(CC) $(CPPFLAGS) $(ALL_CFLAGS) $(SAN_FLAGS) -MMD -MP -MT $@ -MF $@.d -o $@ $< $(BUILD)/embed.o \
		-Wl,--start-group $(BUILD)/san/librooms.a -Wl,--end-group $(LIBBPF) -lcmocka $(LDLIBS) $(EXTRA_LIBS)

$(BUILD)/san/librooms.a: $(SAN_OBJS)
	@echo "  AR      $@"
	@rm -f $@ && $(AR) rcD $@ $^

$(BUILD)/san/%.o: %.c $(LIBBPF)
	@mkdir -p $(@D) && echo "  CC      $@"
	@$(CC) $(CPPFLAGS) $(ALL_CFLAGS) -O1 $(SAN_FLAGS) -MMD -MP -c -o $@ $<

$(patsubst %.c,$(BUILD)/san/%.o,$(filter-out %.bpf.c,$(wildcard observe/*.c))): | $(SKELS)

-include $(UNIT_BINS:=.d) $(SAN_BINS:=.d) $(SAN_OBJS:.o=.d)
