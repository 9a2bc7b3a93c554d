# SPDX-License-Identifier: GPL-2.0
# The lab: helpers of its tests.
$(BUILD)/tests/bench/make_results: tests/bench/make_results.c $(BUILD)/librooms.a $(LIBBPF)
	@mkdir -p $(@D) && echo "  CC      $@"
	@$(CC) $(CPPFLAGS) $(ALL_CFLAGS) -MMD -MP -MT $@ -MF $@.d -o $@ $< \
		$(BUILD)/librooms.a $(LIBBPF) $(LDLIBS) $(EXTRA_LIBS)
-include $(BUILD)/tests/bench/make_results.d

test-needs: $(BUILD)/tests/bench/make_results

.PHONY: demo demo-run
# The second make sees the tools that the first has installed.
demo: ready ## install, build, boot the virtual lab, compare schedulers
	@$(MAKE) --no-print-directory demo-run

demo-run: all
	@lab/demo
