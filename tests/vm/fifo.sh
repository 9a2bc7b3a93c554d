#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# FIFO, and the other two, under stress-ng's scheduler class with affinity changes on 4 guest CPUs: no ejection, no
# warning from the kernel. STRESS_S sets the seconds for each: 8 in `make test`, 60 in `make soak-scheds`.
. "$(dirname "$0")/../lib.sh"

seconds=${STRESS_S:-8}
cat > "$tmp/stress.sh" << 'END'
#!/bin/sh
# usage: stress.sh SECONDS SCHEDULER [OPTION...]
seconds=$1
shift
schedlab run "$@" -- stress-ng --class scheduler --all 1 --affinity 4 --timeout "$seconds" --quiet > /dev/null 2> /tmp/err
status=$?
grep -v '^stress-ng' /tmp/err >&2
# stress-ng's own verdict is of no interest (some stressors cannot run here): an ejection has a status from 80 on.
[ $status -lt 80 ] || exit $status
if dmesg | grep -E 'WARNING|BUG:|Oops|sched_ext: .* disabled \(' | grep -v 'unregistered from user space'; then exit 1; fi
END

for sched in fifo 'fifo --set slice_us=1000' lottery latency; do
	read -ra words <<< "$sched"
	guest --accel tcg --cpus 4 --timeout $((300 + seconds * 20)) --hang $((200 + seconds * 5)) --with "$tmp/stress.sh" -- \
		sh /with/stress.sh "$seconds" "${words[@]}"
	if [ "$status" -eq 0 ]; then
		ok "$sched survives ${seconds} s of stress-ng's scheduler class"
	else
		not_ok "$sched survives ${seconds} s of stress-ng's scheduler class" "status $status" \
			"$(tail -3 <<< "$out")" "$(tail -5 <<< "$err")"
	fi
done
