# SPDX-License-Identifier: GPL-2.0
# What the views need: libdw for DWARF, and the flame graph's script and style, which are part of the binary.
# libdw wants the archives of whichever compressors it was built with.
STATIC_LIB = $(if $(filter /%,$(shell $(CC) -print-file-name=lib$(1).a)),-l$(1))
EXTRA_LIBS += -ldw -lelf -lz $(foreach l,lzma bz2 zstd,$(call STATIC_LIB,$(l)))

$(BUILD)/observe/flame.o $(BUILD)/san/observe/flame.o: observe/flame.js observe/svg.js observe/flame.css
$(BUILD)/observe/wakesvg.o $(BUILD)/san/observe/wakesvg.o: observe/wake.js

# Programs of the views' tests: one that waits in known ways in the guest, one that reads traces on the host.
VIEW_TOOLS := $(addprefix $(BUILD)/tests/tools/,waits pftrace pty relay)
$(BUILD)/tests/tools/%: tests/tools/%.c
	@mkdir -p $(@D) && echo "  CC      $@"
	@$(CC) -D_GNU_SOURCE $(WARN) -O2 -g -fno-omit-frame-pointer -fno-optimize-sibling-calls $(REPRODUCIBLE) -pthread \
		-static -o $@ $<
test-needs: $(VIEW_TOOLS)

# ncurses draws top. A guest has no terminal descriptions: one of a VT100 goes along, in the form that ncurses takes
# from the environment.
EXTRA_LIBS += -lncursesw -ltinfo
$(BUILD)/observe/vt100.h:
	@mkdir -p $(@D) && echo "  TERM    $@"
	@{ printf '/* made by infocmp */\n#define VT100_TERMINFO "'; infocmp -q -Q2 vt100 | tr -d '\n'; printf '"\n'; } > $@.tmp && mv $@.tmp $@
$(BUILD)/observe/cmd_top.o $(BUILD)/san/observe/cmd_top.o: | $(BUILD)/observe/vt100.h
