#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# cost: 25
# What the loader is given that it must refuse: objects of every wrong kind, options, kernels that lack what it needs, a user
# without privilege. Each refusal is one line with the right exit status, and leaves no scheduler behind.
. "$(dirname "$0")/../lib.sh"
cd "$root"

fifo=build/scheds/fifo.bpf.o
one_line() { # WHAT STATUS REGEX ARGS...
	local what=$1 status=$2 regex=$3
	shift 3
	expect "$what" "$status" --no-out --err "$regex" -- "$schedlab" "$@"
	check_equal "$what: one line" 1 "$(wc -l <<< "$err")"
}

# --- objects, as any user on any kernel ---
head -c 3000 "$fifo" > "$tmp/truncated.o"
{ head -c 5 "$fifo"; printf '\002'; tail -c +7 "$fifo"; } > "$tmp/foreign.o"
{ head -c 4 "$fifo"; printf '\001'; tail -c +6 "$fifo"; } > "$tmp/narrow.o"
{ head -c 4096 "$fifo"; head -c 4096 /dev/urandom; tail -c +8193 "$fifo"; } > "$tmp/corrupt.o"
printf 'int main(void) { return 0; }\n' > "$tmp/native.c"
cc -c -o "$tmp/native.o" "$tmp/native.c"
: > "$tmp/empty.o"
truncate -s 100M "$tmp/huge.o"
clang=$(command -v clang-19 clang-18 clang-17 clang-16 clang | head -n 1)
bpf() { "$clang" -target bpf -O2 -g -I. -Ibuild -isystem build/libbpf/include -c -o "$tmp/$1.o" "$tmp/$1.c"; }
printf 'char _license[] __attribute__((section("license"))) = "GPL";\n' > "$tmp/none.c"
cat > "$tmp/two.c" <<'END'
#include "bpf/scx.bpf.h"
char _license[] SEC("license") = "GPL";
void BPF_STRUCT_OPS(two_enqueue, struct task_struct *p, u64 flags) {}
SEC(".struct_ops.link") struct sched_ext_ops first_ops = {.enqueue = (void *)two_enqueue, .name = "first"};
SEC(".struct_ops.link") struct sched_ext_ops second_ops = {.enqueue = (void *)two_enqueue, .name = "second"};
END
cat > "$tmp/tcp.c" <<'END'
#include "bpf/scx.bpf.h"
char _license[] SEC("license") = "GPL";
void BPF_STRUCT_OPS(other_release, struct sock *sk) {}
SEC(".struct_ops.link") struct tcp_congestion_ops other = {.release = (void *)other_release, .name = "other"};
END
cat > "$tmp/rejected.c" <<'END'
#include "bpf/scx.bpf.h"
char _license[] SEC("license") = "GPL";
void BPF_STRUCT_OPS(rejected_enqueue, struct task_struct *p, u64 flags)
{
	*(volatile int *)(flags) = 1;
}
SEC(".struct_ops.link") struct sched_ext_ops rejected_ops = {.enqueue = (void *)rejected_enqueue, .name = "rejected"};
END
cat > "$tmp/arena.c" <<'END'
#include "bpf/scx.bpf.h"
char _license[] SEC("license") = "GPL";
struct {
	__uint(type, BPF_MAP_TYPE_ARENA);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1 << 20); /* pages */
} arena SEC(".maps");
SEC(".struct_ops.link") struct sched_ext_ops arena_ops = {.name = "arena"};
END
for f in none two tcp rejected arena; do bpf $f; done

one_line "a file that does not exist" 2 'No such file' run "$tmp/nothing.o"
one_line "a directory" 2 'is a directory' run "$tmp/"
one_line "a device" 2 'not a regular file' run /dev/zero
one_line "an empty file" 2 'not an ELF file' run "$tmp/empty.o"
one_line "a text" 2 'not an ELF file' run ./Makefile
one_line "a file too large" 2 'larger than 64 MiB' run "$tmp/huge.o"
one_line "a truncated object" 2 'truncated|corrupt' run "$tmp/truncated.o"
one_line "an object of foreign byte order" 2 'foreign byte order' run "$tmp/foreign.o"
one_line "a 32-bit object" 2 '32-bit' run "$tmp/narrow.o"
one_line "an object for this machine, not BPF" 2 'another machine' run "$tmp/native.o"
one_line "a corrupt object" 2 'corrupt|BTF' run "$tmp/corrupt.o"
one_line "an object without sched_ext" 2 'no sched_ext_ops|no BTF' run "$tmp/none.o"
one_line "an object of another kind of struct_ops" 2 'tcp_congestion_ops' run "$tmp/tcp.o"
one_line "an object with two schedulers" 2 "two sched_ext schedulers, 'first_ops' and 'second_ops'" run "$tmp/two.o"
one_line "an unknown name" 2 "no scheduler 'fifi'; did you mean 'fifo'" run fifi
one_line "an unknown option" 2 "no option of that name; did you mean 'slice_us'" run fifo --set slice_su=1
one_line "a value out of bounds" 2 'from 0 to 10000000 is allowed' run fifo --set slice_us=99999999
one_line "a value that is none" 2 "'soon' is not a value of type u64" run fifo --set slice_us=soon
one_line "a negative value" 2 'out of bounds' run fifo --set slice_us=-1
one_line "a value without a name" 2 'NAME=VALUE' run fifo --set 20
one_line "a rule that is none" 2 "slo: .* is not of the form" run fifo --slo 'wakeup.p99'
one_line "a time that is none" 2 "'soon' is not a duration" run fifo --max-wait soon
one_line "an option that is none" 2 'did you mean --max-wait' run fifo --max-wiat 3s
one_line "--partial without a command" 2 'needs a command' run fifo --partial

# A damaged object never crashes the loader: 300 of them, each with a few bytes changed at places that the seed gives.
cat > "$tmp/damage.awk" <<'END'
BEGIN {
	srand(seed)
	for (i = 0; i < 12; i++) printf "%d %d\n", int(rand() * size), int(rand() * 256)
}
END
worst=0
size=$(stat -c %s "$fifo")
for seed in $(seq 300); do
	cp "$fifo" "$tmp/damaged.o"
	while read -r at byte; do
		printf %b "\\x$(printf %x "$byte")" | dd of="$tmp/damaged.o" bs=1 seek="$at" conv=notrunc status=none
	done < <(awk -v seed="$seed" -v size="$size" -f "$tmp/damage.awk")
	run "$schedlab" list "$tmp/damaged.o"
	[ "$status" -le 2 ] || worst="seed $seed: status $status: $err"
done
check_equal "300 damaged objects: shown or refused, never a crash" 0 "$worst"

# --- in the guest ---
cat > "$tmp/guest.sh" <<'END'
try() { name=$1; shift; "$@" > "/out/$name.out" 2> "/out/$name.err"; echo "$name $?" >> /out/log; }
try rejected schedlab run /with/rejected.o
try verbose schedlab run -v /with/rejected.o
try arena schedlab run /with/arena.o -- sh -c 'cat /proc/meminfo /proc/$PPID/status'
try nobody actor x as 65534 schedlab run fifo
try no-lottery schedlab tickets 1=5
try lottery schedlab run lottery -- sh -c '
	for t in 1=many 1=-5 1=99999999999 =5 999999=5 no/such=5 /dev/null=5 1=50 1=default 1; do
		schedlab tickets "$t"; echo "$t $?"; done
	actor x as 65534 schedlab tickets 1=5; echo "nobody $?"'
echo "state $(cat /sys/kernel/sched_ext/state)" >> /out/log
END
run vm/run --lab --with "$tmp/rejected.o" --with "$tmp/arena.o" --with build/tests/guest/actor --with "$tmp/guest.sh" --out "$tmp/out" -- sh /with/guest.sh
check_equal "rejected by the verifier; no privilege; nothing is left loaded" "rejected 4 verbose 4 arena 0 nobody 3 no-lottery 1 lottery 0 state disabled" \
	"$(xargs < "$tmp/out/log")"
check_match "the verifier's complaint with its source line" 'rejected by the verifier: .*, at: .*rejected.c:5' "$(grep -v ': note:' "$tmp/out/rejected.err" | head -n 1)"
check_number "the last lines of the log, or all of it with -v" \
	"$(wc -l < "$tmp/out/rejected.err") <= 15 && $(wc -l < "$tmp/out/rejected.err") > 1 && $(wc -l < "$tmp/out/verbose.err") > 3"
kib() { awk -v name="$1:" '$1 == name { print $2 }' "$tmp/out/arena.out"; }
check_number "an arena of 4 GiB leaves a machine of 1 GiB its memory ($(kib MemAvailable) KiB), and the guard's own is locked ($(kib VmLck) KiB)" \
	"$(kib MemAvailable) > 500000 && $(kib VmLck) >= 0.9 * $(kib VmRSS)"
check_match "a load under way is told, also without -v" '^schedlab: note: /with/rejected.o: loading \(object [0-9a-f]{12}' "$(head -n 1 "$tmp/out/rejected.err")"
check_match "what a user without privilege is told" 'needs root \(or CAP_BPF' "$(cat "$tmp/out/nobody.err")"

check_match "tickets without the lottery: what to do" 'the lottery is not active .*schedlab run lottery' "$(cat "$tmp/out/no-lottery.err")"
check_equal "tickets: what is wrong is refused, what is right is done" \
	"1=many 2 1=-5 2 1=99999999999 2 =5 2 999999=5 2 no/such=5 2 /dev/null=5 2 1=50 0 1=default 0 1 0 nobody 3" \
	"$(grep -v '^task' "$tmp/out/lottery.out" | xargs)"
check_match "tickets: those set, then by weight again" '^task 1: 50 tickets set.*task 1: tickets by weight.*task 1: tickets by weight' \
	"$(grep '^task' "$tmp/out/lottery.out" | xargs)"
check_equal "tickets: one line for each refusal" 8 "$(grep -vc ': note:' "$tmp/out/lottery.err")"

# A kernel that cannot: the words say why. It is in the lab's list as such; 6.12 is in without-sched-ext.sh.
kernel=7.1.13
if vm/kernels fetch $kernel > "$tmp/fetch" 2>&1; then
	run vm/run --accel tcg --cpus 1 --kernel $kernel -- schedlab run fifo -d 1
	check_equal "kernel $kernel: status" 3 "$status"
	check_match "kernel $kernel: why" 'BTF .*lacks scx_bpf_create_dsq_impl.*too old a pahole' "$err"
else
	skip "kernel $kernel" "the archive does not have it: $(tail -n 1 "$tmp/fetch")"
fi
