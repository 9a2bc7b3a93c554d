#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# cost: 40
# The hour's capture of tests/soak/observe.sh in small: what must not grow grows with processes that come and go, so they
# come and go as fast as they can. 15,000 are nearly twice what any table of ended tasks holds.
PROCESSES=15000 exec "$(dirname "$0")/../soak/observe.sh"
