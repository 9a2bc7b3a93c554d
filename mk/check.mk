# SPDX-License-Identifier: GPL-2.0
# Style and static analysis of our own files. Nothing here changes a file; `make format` does.

CHECK_DIRS := bpf scheds loader observe workloads lab lib vm tests build-aux docs
CHECK_C := $(sort $(wildcard *.[ch]) $(shell find $(CHECK_DIRS) -name '*.[ch]' 2>/dev/null))
CHECK_SH := $(sort $(shell grep -rlIE '^(\#!.*/(ba)?sh|\# shellcheck shell=)' $(CHECK_DIRS) .ci 2>/dev/null))
TIDY_SRCS := $(filter-out %.bpf.c,$(filter %.c,$(filter-out docs/% tests/bench/% build-aux/%,$(CHECK_C))))
TIDY_STAMPS := $(TIDY_SRCS:%.c=$(BUILD)/check/%.tidy)

# The versions that the tree is kept clean with; another one sees other things.
CLANG_FORMAT ?= clang-format-19
CLANG_TIDY ?= clang-tidy-19
CPPCHECK ?= cppcheck
SHELLCHECK ?= shellcheck

.PHONY: check check-tools check-format check-tidy check-cppcheck check-shell format
check: check-format check-shell check-cppcheck check-tidy ## clang-format, clang-tidy, cppcheck and shellcheck

check-tools:
	@for tool in $(CLANG_FORMAT) $(CLANG_TIDY) $(CPPCHECK) $(SHELLCHECK); do \
		command -v $$tool > /dev/null || { \
			echo "make check: $$tool is missing; it is in the Debian package of this name" >&2; exit 1; }; \
	done

check-format: check-tools
	@echo "  FORMAT  $(words $(CHECK_C)) files"
	@$(CLANG_FORMAT) --dry-run -Werror $(CHECK_C)

format: check-tools ## bring every C file into the house style
	@$(CLANG_FORMAT) -i $(CHECK_C)

check-shell: check-tools
	@echo "  SHELL   $(words $(CHECK_SH)) files"
	@$(SHELLCHECK) -x -S warning $(CHECK_SH)

# Findings that the compiler's own warnings cover better, or that see one file and judge the whole, are off.
check-cppcheck: check-tools
	@echo "  CPPCHK  $(words $(TIDY_SRCS)) files"
	@$(CPPCHECK) --quiet --error-exitcode=1 --inline-suppr --std=c11 --language=c -D_GNU_SOURCE \
		-DSCHEDLAB_VERSION='""' -I. --enable=warning,performance,portability \
		--suppress=missingIncludeSystem --suppress=missingInclude --suppress=normalCheckLevelMaxBranches \
		--suppress=unknownMacro -j 2 $(TIDY_SRCS)

# Objects that only the stamps ask for are kept, else each run would make them anew.
.PRECIOUS: $(BUILD)/%.o
check-tidy: check-tools $(TIDY_STAMPS)

# Skeletons are made by bpftool and judged as a system's headers. libbpf's are not: the analyzer would take its functions
# for ones that keep no pointer, and what they free for leaked. The object stands for the headers that the source includes:
# it is rebuilt when one changes, and so is the stamp.
$(BUILD)/check/%.tidy: %.c .clang-tidy $(BUILD)/%.o
	@mkdir -p $(@D) && echo "  TIDY    $<"
	@$(CLANG_TIDY) --quiet $< -- $(patsubst -I$(BUILD),-isystem$(BUILD),$(subst -isystem ,-I,$(CPPFLAGS))) \
		$(filter -W% -std=%,$(WARN)) -Wno-unknown-warning-option \
		2>&1 | { grep -vE '^[0-9]+ warnings? (generated|treated)' || true; }
	@touch $@
