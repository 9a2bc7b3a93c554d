# SPDX-License-Identifier: GPL-2.0
# The lessons: make lesson-N runs what page N of docs/lessons/ explains. See docs/lessons/lesson.

LESSON_BINS := $(BUILD)/lessons/slow $(BUILD)/lessons/slowdisk
LESSON_OBJS := $(patsubst %.bpf.c,$(BUILD)/%.bpf.o,$(wildcard docs/lessons/*.bpf.c docs/lessons/*/*.bpf.c))

# Static, so that they run in any guest, and with frame pointers, so that their stacks can be walked.
$(BUILD)/lessons/%: docs/lessons/4/%.c
	@mkdir -p $(@D) && echo "  CC      $@"
	@$(CC) -D_GNU_SOURCE $(WARN) -O2 -g -fno-omit-frame-pointer -fno-optimize-sibling-calls $(REPRODUCIBLE) -pthread \
		-static -o $@ $<

.PHONY: lesson-needs test-lessons
lesson-needs: all $(LESSON_BINS) $(LESSON_OBJS)
test-needs: lesson-needs

LESSONS := 1 2 3 4 5 6
.PHONY: $(LESSONS:%=lesson-%)
$(LESSONS:%=lesson-%): lesson-%: lesson-needs
	@docs/lessons/lesson $* $(if $(ANSWER),answer $(ANSWER),run)

# make help shows these lines only.
lesson-1: ## lesson-1 to lesson-6: run a lesson's tables in the virtual lab; ANSWER= tries an exercise

.PHONY: lessons-refresh
lessons-refresh: lesson-needs ## every lesson run anew, its figures put into its page
	@docs/lessons/lesson all refresh

test-lessons: lesson-needs test-needs ## every lesson against its page, and the exercises
	@LESSONS="$(LESSONS)" tests/run --lanes 1 tests/vm/lessons.sh
