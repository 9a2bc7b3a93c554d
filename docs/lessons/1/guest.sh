#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Lesson 1, in the guest: the same jobs under FIFO without slices, FIFO with slices, and the kernel's default.
set -e
schedlab run fifo --set slice_us=0 -- schedlab load /with/convoy.ini -o /out/fifo.json > /out/fifo.txt
schedlab run fifo --set slice_us=4000 -- schedlab load /with/convoy.ini -o /out/fifo-4ms.json > /out/fifo-4ms.txt
schedlab load /with/convoy.ini -o /out/default.json > /out/default.txt
