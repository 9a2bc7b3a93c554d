#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# cost: 120
# timeout: 3600
# The service under Debian's own systemd: a debootstrapped tree in a guest, systemd as process 1 of a namespace of its own.
# What it starts, stops, restarts after a failure, and leaves alone after an operator's ejection. Needs root on the host for
# debootstrap; the tree is kept beside the other downloads. Run by `make soak` and alone by `make soak-systemd`.
. "$(dirname "$0")/../lib.sh"
cd "$root"
downloads=$(realpath "${SCHEDLAB_DOWNLOADS:-downloads}")
tree=$downloads/debootstrap-systemd-bookworm.tar

make_tree() {
	mkdir "$tmp/tree"
	debootstrap --variant=minbase --include=systemd-sysv bookworm "$tmp/tree" "$(build-aux/debian-fetch --mirror)" &&
		rm -rf "$tmp"/tree/{boot,dev,usr/share/{doc,man,locale,i18n,zoneinfo,info,perl*},usr/lib/x86_64-linux-gnu/{perl*,gconv}} \
			"$tmp"/tree/var/{cache,lib/apt}/* && mkdir "$tmp/tree/dev" &&
		tar -C "$tmp/tree" -cf "$tree.tmp" . && mv "$tree.tmp" "$tree"
}
if [ ! -s "$tree" ]; then
	if [ "$(id -u)" != 0 ] || ! command -v debootstrap > /dev/null; then
		skip "the service under systemd" "debootstrap needs root and the package debootstrap"
		exit 0
	fi
	make_tree > "$tmp/debootstrap.log" 2>&1 || { not_ok "debootstrap" "$(tail -n 3 "$tmp/debootstrap.log")"; exit 1; }
fi
make -s install-unit DESTDIR="$tmp/dest" PREFIX=/usr/local

cat > "$tmp/systemd.sh" <<'END'
say() { echo "$*" | tee -a /out/log; }
mkdir /deb
tar -x -f /with/tree.tar -C /deb
rm /with/tree.tar
cp /bin/schedlab /deb/usr/local/bin/
cp /with/schedlab@.service /deb/etc/systemd/system/
rm -f /deb/etc/systemd/system/*.wants/* # what a container has no use for
for u in console-getty.service getty-static.service systemd-logind.service; do ln -s /dev/null /deb/etc/systemd/system/$u; done
mkdir -p /deb/etc/schedlab
echo 'ARGS="--set slice_us=4000"' > /deb/etc/schedlab/fifo.conf
cat > /tmp/start.sh <<'START'
mount --make-rprivate /
mount -t proc proc /deb/proc
mount --rbind /sys /deb/sys
mount --rbind /dev /deb/dev
mount -t tmpfs tmpfs /deb/run
mount -t tmpfs tmpfs /deb/tmp
exec chroot /deb /usr/bin/env -i container=other PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin /lib/systemd/systemd --show-status=0
START
unshare -m -p -f sh /tmp/start.sh > /out/systemd.out 2>&1 &
unshare=$!
usleep 500000
in_debian() { nsenter -t $(cat /proc/$unshare/task/$unshare/children) -m -p chroot /deb /usr/bin/env -i PATH=/usr/local/bin:/usr/bin:/bin "$@"; }
until_true() { # COMMAND...: some minutes at most
	n=0
	while ! "$@" > /dev/null 2>&1 && [ $n -lt 400 ]; do n=$((n + 1)); usleep 200000; done
	"$@" > /dev/null 2>&1
}
booted() { in_debian systemctl is-system-running | grep -qE 'running|degraded'; }
of() { in_debian systemctl show "schedlab@$1" -P "$2"; }
is() { [ "$(of "$1" ActiveState)" = "$2" ]; }
active() { is fifo active && [ "$(cat /sys/kernel/sched_ext/root/ops)" = fifo ] && in_debian test -S /run/schedlab/control; }
summary() { # UNIT: its state, the status it ended with, how often systemd has started it again, and the kernel's word
	echo "$(of $1 ActiveState) $(of $1 SubState) $(of $1 ExecMainStatus) $(of $1 NRestarts) $(cat /sys/kernel/sched_ext/state)"
}
start() {
	in_debian systemctl reset-failed
	in_debian systemctl start schedlab@fifo || say "start fails"
	until_true active || say "not active: $(summary fifo)"
}
until_true booted || say "systemd does not come up"
say "verify: $(in_debian systemd-analyze verify --man=no schedlab@fifo.service 2>&1 | grep schedlab)"
start
say "started: $(summary fifo)"
say "slice: $(in_debian schedlab status --json | grep -o '"slice_us": *[0-9]*' | tr -d ' ')"
in_debian systemctl status schedlab@fifo > /out/status.txt; say "status: $?"
in_debian systemctl stop schedlab@fifo; say "stop: $? $(summary fifo)"
start
in_debian schedlab stop
until_true is fifo failed
say "schedlab stop: $(summary fifo)"
start
echo S > /proc/sysrq-trigger
until_true is fifo failed
say "sysrq: $(summary fifo)"
start
main=$(of fifo MainPID)
in_debian sh -c "kill -9 $main"
changed() { active && [ "$(of fifo MainPID)" != "$main" ]; }
until_true changed
say "killed: $(summary fifo)"
main=$(of fifo MainPID)
again() { in_debian schedlab status --json | grep -q '"restarts": *1[,}]'; }
echo 0 > /sys/devices/system/cpu/cpu1/online
until_true again && until_true active
say "hotplug: $(summary fifo), the same process: $([ "$(of fifo MainPID)" = "$main" ] && echo yes)"
echo 1 > /sys/devices/system/cpu/cpu1/online
usleep 500000
until_true active
in_debian systemctl stop schedlab@fifo
echo 'ARGS="--confirm 1s"' > /deb/etc/schedlab/fifo.conf
in_debian systemctl reset-failed
in_debian systemctl start schedlab@fifo
until_true is fifo failed
say "unconfirmed: $(summary fifo)"
# An operator's word under a fallback counts as under the first one.
cp /with/wrong_cpu.bpf.o /deb/usr/local/lib/
mkdir -p /deb/etc/systemd/system/schedlab@wrong.service.d
printf '[Service]\nExecStart=\nExecStart=/usr/local/bin/schedlab run /usr/local/lib/wrong_cpu.bpf.o --fallback fifo\n' \
	> /deb/etc/systemd/system/schedlab@wrong.service.d/object.conf
in_debian systemctl daemon-reload
fallen() { is wrong active && [ "$(cat /sys/kernel/sched_ext/root/ops)" = fifo ] && in_debian test -S /run/schedlab/control; }
for how in stop sysrq; do
	in_debian systemctl reset-failed
	in_debian systemctl start schedlab@wrong
	until_true fallen || say "the fallback is not active: $(summary wrong)"
	if [ $how = stop ]; then in_debian schedlab stop; else echo S > /proc/sysrq-trigger; fi
	until_true is wrong failed
	say "$how under a fallback: $(summary wrong)"
done
in_debian systemctl start schedlab@nonsense
until_true is nonsense failed
say "wrong name: $(summary nonsense)"
in_debian systemctl enable schedlab@fifo > /dev/null 2>&1
say "enabled: $(in_debian systemctl is-enabled schedlab@fifo) $(ls /deb/etc/systemd/system/multi-user.target.wants)"
in_debian journalctl -t schedlab --no-pager -o cat > /out/journal
dmesg > /out/dmesg
END
run vm/run --accel auto --cpus 2 --memory 2G --timeout 1800 --hang 600 --with "$tree" --with "$tmp/dest/usr/local/lib/systemd/system/schedlab@.service" \
	--with build/tests/faulty/wrong_cpu.bpf.o \
	--with "$tmp/systemd.sh" --out "$tmp/out" -- sh -c 'mv /with/debootstrap-systemd-bookworm.tar /with/tree.tar; exec sh /with/systemd.sh'
check_equal "the guest ran all cases" 0 "$status"
[ "$status" = 0 ] || printf '%s\n' "$out" "$err" | tail -n 20 | sed 's/^/# /'
[ -z "${KEEP_OUT:-}" ] || cp -r "$tmp/out" "$KEEP_OUT"
log=$(cat "$tmp/out/log")

said() { check_equal "$1" "$2" "$(grep "^${2%%:*}: " <<< "$log" || true)"; }
check_equal "systemd comes up, each start succeeds" "" "$(grep -E 'does not|fails|not active' <<< "$log" || true)"
said "systemd-analyze verify has nothing to say" "verify: "
said "it starts" "started: active running 0 0 enabled"
said "its configuration file holds" 'slice: "slice_us":4000'
said "systemctl status" "status: 0"
check_match "... names it" 'CPU scheduler fifo under guard' "$(cat "$tmp/out/status.txt")"
said "systemctl stop" "stop: 0 inactive dead 0 0 disabled"
said "schedlab stop is not undone" "schedlab stop: failed failed 96 0 disabled"
said "SysRq-S is not undone" "sysrq: failed failed 83 0 disabled"
said "a killed loader is started again" "killed: active running 0 1 enabled"
said "CPU hotplug: the guard itself starts it again" "hotplug: active running 0 1 enabled, the same process: yes"
said "what nobody confirmed is not started again" "unconfirmed: failed failed 93 0 disabled"
said "schedlab stop under a fallback is not undone" "stop under a fallback: failed failed 96 0 disabled"
said "SysRq-S under a fallback is not undone" "sysrq under a fallback: failed failed 83 0 disabled"
said "a wrong name is not tried again" "wrong name: failed failed 2 0 disabled"
said "it can be enabled" "enabled: enabled schedlab@fifo.service"
check_match "the journal has the trail" 'loaded fifo, by uid 0; object [0-9a-f]{64}, options .*4000' "$(cat "$tmp/out/journal")"
check_match "... of the veto too" 'ejected fifo after .*, rule kernel, status 83' "$(cat "$tmp/out/journal")"
check_equal "no warning in the kernel log" "" "$(splats "$tmp/out/dmesg")"
