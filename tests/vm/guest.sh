#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# cost: 70
# What vm/run promises: status, output, files, arguments and programs pass through; each way to fail has its own
# status and reason. Nothing here judges a time; the limits are far above what is seen.
. "$(dirname "$0")/../lib.sh"
cd "$root"
boot=("$root/vm/run" --accel tcg --cpus 1)

# One guest for all that a good run shows.
cat > "$tmp/good.sh" <<'END'
i=0
for word; do echo "$i:$word"; i=$((i + 1)); done
echo "to stderr" >&2
echo "through /dev/stdout" > /dev/stdout
head -c 3000000 /dev/urandom > /out/big
mkdir -p "/out/a folder"
printf 'x\000y\377' > "/out/a folder/bytes"
sha256sum < /out/big > /out/big.sum
nproc > /out/nproc
for f in physical_package_id core_id; do cat /sys/devices/system/cpu/cpu*/topology/$f | sort -u | wc -l; done > /out/topology
awk '$2 ~ /debug|tracing|bpf|cgroup|^.tmp$/ { print $2 }' /proc/mounts | sort > /out/mounts
cat /proc/cmdline > /out/cmdline
cat /proc/sys/kernel/watchdog_thresh /sys/module/rcupdate/parameters/rcu_cpu_stall_timeout > /out/watches
id -u > /out/id
bash -c 'echo $BASH_VERSION' > /out/bash
schedlab --version > /out/version
stress-ng --version > /out/stress
cat /sys/module/damon_stat/parameters/enabled > /out/damon
ls /workloads > /out/workloads
exit 7
END
# shellcheck disable=SC2016 # none of this may expand, here or there
words=('two words' '"quoted"' "it's" '$HOME `id` \n' '' '*')
run "$root/vm/run" --accel tcg --topology 1,2,2 --append rcupdate.rcu_cpu_stall_timeout=21 --with "$(command -v bash)" --with "$tmp/good.sh" --out "$tmp/out dir" -- \
	sh /with/good.sh "${words[@]}"
check_equal "exit status" 7 "$status"
check_equal "standard output, and each word as it was" "$(
	i=0
	for w in "${words[@]}"; do echo "$i:$w"; i=$((i + 1)); done
	echo "through /dev/stdout"
)" "$out"
check_match "standard error" '^to stderr$' "$err"
check_match "the mode in force is printed" '^vm/run: kernel [0-9.]+, tcg, 4 CPUs, 1G$' "$err"
seen="$tmp/out dir"
check_equal "a big file, whole" "$(cat "$seen/big.sum")" "$(sha256sum < "$seen/big")"
check_equal "bytes that are no text" "780079ff" "$(od -An -tx1 "$seen/a folder/bytes" | tr -d ' ')"
check_equal "CPUs of the topology" 4 "$(cat "$seen/nproc")"
check_equal "sockets and cores of the topology" "1 2" "$(xargs < "$seen/topology")"
check_equal "mounts" "/sys/fs/bpf /sys/fs/cgroup /sys/kernel/debug /sys/kernel/tracing /tmp" "$(xargs < "$seen/mounts")"
check_match "evidence on the kernel's command line" 'schedlab.evidence=tcg' "$(cat "$seen/cmdline")"
check_equal "the kernel's watches wait longer than usual, and --append has the last word" "60 21" "$(xargs < "$seen/watches")"
check_equal "the command is root" 0 "$(cat "$seen/id")"
check_match "a program with its shared libraries" '^[0-9]+\.' "$(cat "$seen/bash")"
check_match "schedlab" '[0-9]' "$(cat "$seen/version")"
check_match "stress-ng" 'stress-ng' "$(cat "$seen/stress")"
check_equal "DAMON is off" N "$(cat "$seen/damon")"
check_equal "the workload files and what they name" \
	"$(find workloads -maxdepth 1 -type f ! -name '*.[ch]' -printf '%f\n' | sort | xargs)" "$(xargs < "$seen/workloads")"

expect "a command that does not exist" 127 --err "cannot run '/no/such' in the guest: No such file" -- "${boot[@]}" -- /no/such
expect "a command killed by a signal" 137 --out '^before$' -- "${boot[@]}" -- sh -c 'echo before; kill -9 $$'

# The ways to go wrong.
expect "guest panic" 111 --err 'guest panic: Kernel panic - not syncing: sysrq triggered crash' -- \
	"${boot[@]}" -- sh -c 'echo c > /proc/sysrq-trigger'
check_match "its console log is kept" 'sysrq triggered crash' "$(cat "$(sed -n 's/.*console log is //p' <<< "$err")")"
expect "guest hang" 112 --err 'the guest hangs: no sign of life for 25 s' -- "${boot[@]}" --hang 25 --with "$(command -v chrt)" -- \
	sh -c 'echo -1 > /proc/sys/kernel/sched_rt_runtime_us; exec chrt -f 99 sh -c "while :; do :; done"'
expect "a guest that switches itself off" 113 --err 'ended without a whole result' -- "${boot[@]}" -- poweroff -f
expect "host time-out" 124 --err 'not done within 20 s' -- "${boot[@]}" --timeout 20 -- sh -c 'echo here; sleep 9999'
expect "QEMU refuses" 110 --err 'QEMU failed: .*' -- "${boot[@]}" --memory 900000G -- true

# QEMU stand-ins that damage what the guest has sent.
damage() {
	# shellcheck disable=SC2016 # the stand-in expands them
	printf '#!/bin/sh\nqemu-system-%s "$@"\n[ "$1" = --version ] || { %s; }\n' "$(uname -m)" "$1" > "$tmp/qemu"
	chmod +x "$tmp/qemu"
}
damage 'echo more >> stdout'
expect "standard output that is not what was sent" 113 --err 'standard output is corrupt' -- \
	env SCHEDLAB_QEMU="$tmp/qemu" "${boot[@]}" -- echo hello
damage 'truncate -s 100 files'
expect "files that are cut off" 113 --err 'files of /out are corrupt' -- \
	env SCHEDLAB_QEMU="$tmp/qemu" "${boot[@]}" --out "$tmp/cut" -- sh -c 'echo x > /out/x'
check_equal "nothing is unpacked from them" "" "$(find "$tmp/cut" -type f)"
damage 'truncate -s -4 result'
expect "a trailer that is cut off" 113 --err 'without a whole result' -- env SCHEDLAB_QEMU="$tmp/qemu" "${boot[@]}" -- true

# A guest killed from outside, and a vm/run that is told to stop.
qemu_of() {
	local i
	for ((i = 0; i < 600; i++)); do
		pgrep -P "$1" -f 'qemu-system' | head -n 1 | grep . && return
		read -r -t 0.1 <> <(:) || true
	done
	return 1
}
"${boot[@]}" -- sleep 9999 > "$tmp/killed" 2>&1 &
pid=$!
kill -KILL "$(qemu_of $pid)"
status=0
wait $pid || status=$?
check_equal "a guest killed from outside: status" 113 $status
check_match "a guest killed from outside: reason" 'QEMU was killed by signal 9' "$(cat "$tmp/killed")"
"${boot[@]}" -- sleep 9999 > /dev/null 2>&1 &
pid=$!
qemu=$(qemu_of $pid)
kill -TERM $pid
status=0
wait $pid || status=$?
check_equal "vm/run told to stop: status" 143 $status
check_not "... its guest is gone" kill -0 "$qemu"

# The lab: the same times, bit for bit, and a lock that says what they hang on.
look=(sh -c 'cat /proc/uptime /proc/interrupts /proc/stat; dmesg')
for i in 1 2; do
	"$root/vm/run" --lab --quiet --lock "$tmp/lock$i" -- "${look[@]}" > "$tmp/lab$i" 2> "$tmp/err$i"
done
check "two lab runs are the same, times and all" cmp "$tmp/lab1" "$tmp/lab2"
check "... and so are their locks" cmp "$tmp/lock1" "$tmp/lock2"
check_equal "the lock's keys" "cmdline command cpus initramfs_sha256 kernel kernel_sha256 machine memory qemu schema seed shift" \
	"$(jq -r 'keys | join(" ")' "$tmp/lock1")"
expect "a run that is not the locked one" 2 --err 'is not the one of' -- \
	"$root/vm/run" --lab --shift 3 --lock "$tmp/lock3" --check-lock "$tmp/lock1" -- "${look[@]}"
