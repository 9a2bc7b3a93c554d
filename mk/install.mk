# SPDX-License-Identifier: GPL-2.0
# Installation: the binary, manual pages, shell completion and the workloads below $(DESTDIR)$(PREFIX).

INSTALL ?= install
MANDIR ?= $(PREFIX)/share/man
WORKLOADDIR := $(PREFIX)/share/schedlab/workloads
WORKLOADS := $(wildcard workloads/*.ini workloads/*.txt workloads/*.json)
COMPLETIONDIR ?= $(PREFIX)/share/bash-completion/completions

.PHONY: install uninstall
install: $(BUILD)/schedlab ## install binary, manual pages and completion (DESTDIR=, PREFIX=)
	$(INSTALL) -d "$(DESTDIR)$(PREFIX)/bin"
	$(INSTALL) -m 755 $(BUILD)/schedlab "$(DESTDIR)$(PREFIX)/bin/schedlab"
	@for page in $(wildcard docs/man/*.[1-9]); do \
		section=$${page##*.}; \
		$(INSTALL) -d "$(DESTDIR)$(MANDIR)/man$$section"; \
		$(INSTALL) -m 644 "$$page" "$(DESTDIR)$(MANDIR)/man$$section/"; \
	done
	@for file in $(wildcard docs/completion/*); do \
		$(INSTALL) -d "$(DESTDIR)$(COMPLETIONDIR)"; \
		$(INSTALL) -m 644 "$$file" "$(DESTDIR)$(COMPLETIONDIR)/"; \
	done
	$(INSTALL) -d "$(DESTDIR)$(WORKLOADDIR)"
	$(INSTALL) -m 644 $(WORKLOADS) "$(DESTDIR)$(WORKLOADDIR)/"

uninstall: ## remove what install put there
	rm -f "$(DESTDIR)$(PREFIX)/bin/schedlab" "$(DESTDIR)$(COMPLETIONDIR)/schedlab"
	@for page in $(wildcard docs/man/*.[1-9]); do \
		rm -f "$(DESTDIR)$(MANDIR)/man$${page##*.}/$${page##*/}"; \
	done
	@for file in $(WORKLOADS); do rm -f "$(DESTDIR)$(PREFIX)/share/schedlab/$$file"; done
