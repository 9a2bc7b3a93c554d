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

# The charting library is part of the binary, so that a report is one file that needs no network.
CHART_JS_FILE ?= $(firstword $(wildcard /usr/share/javascript/chart.js/chart.min.js /usr/share/javascript/chart.js/chart.umd.js \
	/usr/share/javascript/chart.js/Chart.min.js /usr/share/nodejs/chart.js/dist/chart.min.js))
$(BUILD)/lab/chart.js: $(CHART_JS_FILE)
	@mkdir -p $(@D)
	@[ -n "$(CHART_JS_FILE)" ] || { echo "the charting library is missing: install libjs-chart.js (make deps)" >&2; exit 1; }
	@cp $(CHART_JS_FILE) $@

$(BUILD)/lab/report_html.o $(BUILD)/san/lab/report_html.o: lab/report.css lab/report.js $(BUILD)/lab/chart.js
$(BUILD)/lab/report_html.o $(BUILD)/san/lab/report_html.o: CPPFLAGS += -DCHART_JS='"$(BUILD)/lab/chart.js"'

.PHONY: test-report bench-compare
test-report: all $(BUILD)/tests/bench/make_results ## the report in a headless Chromium
	@build-aux/deps test
	@tests/run tests/host/report.sh

bench-compare: all $(BUILD)/tests/bench/make_results ## how long 1,000 result files and a million samples take
	@tests/bench/compare.sh

.PHONY: bench-coverage
bench-coverage: $(BUILD)/tests/unit/test_coverage ## coverage of the intervals, by simulation (some minutes)
	@SCHEDLAB_LONG_TESTS=1 $<

.PHONY: test-slurm
test-slurm: all kernel ## an experiment as a Slurm job array and by GNU parallel (installs both; as root)
	@build-aux/deps extra-slurm
	@tests/run tests/slurm.sh
