# SPDX-License-Identifier: GPL-2.0
$(LIBBPF):
	@echo "  LIBBPF  $@"
	@CC="$(CC)" build-aux/libbpf $(LIBBPF_DIR)
