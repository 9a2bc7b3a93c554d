#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Lesson 2, in the guest: the same three hogs under a lottery, the kernel's default, and FIFO.
set -e
schedlab run lottery --set slice_us=4000 --json -- \
	sh -c 'schedlab load /with/shares.ini -o /out/lottery.json > /dev/null' > /out/run.json
schedlab load /with/shares.ini -o /out/default.json > /dev/null
schedlab run fifo --set slice_us=4000 -- sh -c 'schedlab load /with/shares.ini -o /out/fifo.json > /dev/null'
