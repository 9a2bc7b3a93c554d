#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Lesson 6, the exercise: NAME.bpf.o must stay for five seconds beside two hogs, and serve both alike.
cd /tmp || exit 1
cat > hogs.sh <<'END'
for i in 1 2; do
	(while :; do :; done) &
	echo $! >> pids
done
sleep 5
for pid in $(cat pids); do
	cut -d' ' -f14 "/proc/$pid/stat" >> ticks
done
kill $(cat pids)
END
schedlab run "/with/$1.bpf.o" --timeout 2s -- sh hogs.sh
status=$?
if [ $status -ne 0 ]; then
	echo "not yet: $1 ended with status $status"
	exit 5
fi
if ! sort -n ticks | awk '{ t[NR] = $1 } END { exit !(NR == 2 && t[1] > 0.9 * t[2]) }'; then
	echo "not yet: $1 stayed, but the hogs got $(tr '\n' ' ' < ticks)ticks"
	exit 5
fi
echo "right: $1 stayed for five seconds, and both hogs got the same"
