# SPDX-License-Identifier: GPL-2.0
# The guard's own BPF program has a skeleton, as those of observe/ have.
LOADER_SKELS := $(BUILD)/loader/guard.skel.h
$(BUILD)/loader/watch.o $(BUILD)/san/loader/watch.o: | $(LOADER_SKELS)
-include $(BUILD)/loader/guard.bpf.d
.SECONDARY: $(BUILD)/loader/guard.bpf.o

# What the guest's tests are played by: static, and the same bits wherever the tree lies.
$(BUILD)/tests/guest/actor: tests/guest/actor.c
	@mkdir -p $(@D) && echo "  CC      $@"
	@$(CC) -D_GNU_SOURCE $(WARN) -O2 $(REPRODUCIBLE) -static -s -Wl,--build-id=none -o $@ $<

all: $(BUILD)/tests/guest/actor

# The service for machines that keep a scheduler loaded.
UNITDIR ?= $(PREFIX)/lib/systemd/system
.PHONY: install-unit uninstall-unit
install: install-unit
install-unit:
	$(INSTALL) -d "$(DESTDIR)$(UNITDIR)"
	@sed 's|/usr/local/bin|$(PREFIX)/bin|' loader/schedlab@.service > "$(DESTDIR)$(UNITDIR)/schedlab@.service"
uninstall: uninstall-unit
uninstall-unit:
	rm -f "$(DESTDIR)$(UNITDIR)/schedlab@.service"

.PHONY: soak-systemd
soak-systemd: all test-needs ## the service under Debian's systemd, in a guest (root, debootstrap)
	@tests/run --lanes 1 --logs $(BUILD)/soak-logs tests/soak/systemd.sh
