# SPDX-License-Identifier: GPL-2.0
# What the views need: libdw for DWARF, and the flame graph's script and style, which are part of the binary.
# libdw wants the archives of whichever compressors it was built with.
STATIC_LIB = $(if $(filter /%,$(shell $(CC) -print-file-name=lib$(1).a)),-l$(1))
EXTRA_LIBS += -ldw -lelf -lz $(foreach l,lzma bz2 zstd,$(call STATIC_LIB,$(l)))

$(BUILD)/observe/flame.o $(BUILD)/san/observe/flame.o: observe/flame.js observe/flame.css
