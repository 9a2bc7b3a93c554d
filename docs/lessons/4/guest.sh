#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Lesson 4, in the guest: a slow program on a slow disk. How busy, where off the CPU, and what each repair is worth.
set -e
mkdir /tmp/disk
slowdisk /tmp/disk 9000 &
until grep -q slowdisk /proc/mounts; do usleep 1000; done

slow /tmp/disk/journal 100 > /out/as-it-is
{ time slow /tmp/disk/journal 100; } 2> /out/time > /dev/null
for fix in lock journal payment; do
	slow /tmp/disk/journal 100 $fix > "/out/fix-$fix"
done

# Orders without end, so that the program is there when the tool has attached.
slow /tmp/disk/journal 1000000 > /dev/null &
pid=$!
schedlab offcpu -p $pid -d 4 --by-thread --exact --folded > /out/folded
kill $pid
