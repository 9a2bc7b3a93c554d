# SPDX-License-Identifier: GPL-2.0
# Documents. What the program itself knows (options, commands, statuses) is put into the pages from the program.

.PHONY: docs
docs: $(BUILD)/schedlab ## bring manual pages and README up to date with the program
	@build-aux/docs-refresh
