#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# cost: 10
# vm/kernels and vm/run without a guest: wrong use, missing kernels and tools, the choice of the default.
. "$(dirname "$0")/../lib.sh"
cd "$root"
kernels=$root/vm/kernels
here=$(realpath "${SCHEDLAB_DOWNLOADS:-downloads}")
version=$("$kernels" default)

expect "list names the default kernel" 0 --out '^6\.18\.15 +default' -- "$kernels" list
expect "no word" 2 --err 'usage' -- "$kernels"
expect "a name that is no version" 2 --err 'neither a kernel image nor a version' -- "$kernels" fetch '../../etc'
expect "a kernel that is here needs no network" 0 --out "/kernels/$version/vmlinuz$" -- \
	env SCHEDLAB_MIRROR=http://127.0.0.1:1/debian "$kernels" fetch "$version"
expect "a file is taken as it is" 0 --out "^$here/kernels/$version/vmlinuz$" -- "$kernels" fetch "$here/kernels/$version/vmlinuz"
expect "a version that nobody has, offline" 1 --err 'cannot be had' -- \
	env SCHEDLAB_DOWNLOADS="$tmp/none" SCHEDLAB_MIRROR=http://127.0.0.1:1/debian "$kernels" fetch 6.18.15
expect "no default, offline" 1 --err 'no kernel of .* can be had; check the network' -- \
	env SCHEDLAB_DOWNLOADS="$tmp/none" SCHEDLAB_MIRROR=http://127.0.0.1:1/debian "$kernels" default
check "nothing half-made is left" test -z "$(find "$tmp/none/kernels" -mindepth 1)"

# The choice: the first row that is here and not rejected, printed and kept.
mkdir -p "$tmp/two/kernels"/{1.0.1,1.0.2}
echo x > "$tmp/two/kernels/1.0.1/vmlinuz"
echo x > "$tmp/two/kernels/1.0.2/vmlinuz"
printf '1.0.2 +x s behind e\n1.0.1 +x s default e\n' > "$tmp/list"
choose() { env SCHEDLAB_DOWNLOADS="$tmp/two" SCHEDLAB_KERNELS_LIST="$tmp/list" "$kernels" "$@"; }
expect "the default row is chosen first" 0 --out '^1\.0\.1$' -- choose default
expect "and again" 0 --out '^1\.0\.1$' -- choose default
choose reject 1.0.1 "does not boot"
expect "a rejected kernel is passed over" 0 --out '^1\.0\.2$' -- choose default
expect "the environment has the last word" 0 --out '^1\.0\.1$' -- env SCHEDLAB_KERNEL=1.0.1 \
	SCHEDLAB_DOWNLOADS="$tmp/two" SCHEDLAB_KERNELS_LIST="$tmp/list" "$kernels" default

# The ELF inside a kernel image.
"$kernels" btf "$here/kernels/$version/vmlinuz" > "$tmp/elf"
check_equal "a kernel image holds an ELF" 7f454c46 "$(head -c 4 "$tmp/elf" | od -An -tx1 | tr -d ' ')"
check "an ELF is taken as it is" bash -c "'$kernels' btf '$tmp/elf' | cmp - '$tmp/elf'"
head -c 100000 "$here/kernels/$version/vmlinuz" > "$tmp/cut"
check_not "a cut-off image" "$kernels" btf "$tmp/cut"
echo nothing > "$tmp/text"
expect "a file that is no kernel" 2 --err 'neither a bzImage nor an ELF' -- "$kernels" btf "$tmp/text"

# vm/run's own errors.
run=$root/vm/run
expect "an option that does not exist" 2 --err "no option --fast" -- "$run" --fast 1 -- true
expect "an option without its value" 2 --err "needs a value" -- "$run" --cpus
expect "a word in the wrong place" 2 --err "unexpected word 'true'" -- "$run" true
expect "CPUs out of bounds" 2 --err "from 1 to 64, not '0'" -- "$run" --cpus 0 -- true
expect "a size that is none" 2 --err "takes a size" -- "$run" --memory lots -- true
expect "a topology that is none" 2 --err "SOCKETS,CORES,THREADS" -- "$run" --topology 2x2 -- true
expect "a topology at odds with --cpus" 2 --err "makes 4 CPUs, --cpus says 3" -- "$run" --topology 1,2,2 --cpus 3 -- true
expect "the lab under KVM" 2 --err "cannot go with --accel kvm" -- "$run" --lab --accel kvm -- true
expect "a file that is not there" 2 --err "cannot read '$tmp/absent'" -- "$run" --with "$tmp/absent" -- true
expect "QEMU is absent" 110 --err "cannot run .*/no-qemu; install the package" -- env SCHEDLAB_QEMU="$tmp/no-qemu" "$run" -- true
expect "a kernel that is none" 114 --err "not a kernel image" -- "$run" --kernel "$tmp/text" -- true
expect "a kernel that cannot be had" 114 --err "no kernel 1.2.3" -- \
	env SCHEDLAB_DOWNLOADS="$tmp/none" SCHEDLAB_MIRROR=http://127.0.0.1:1/debian "$run" --kernel 1.2.3 -- true
check_equal "no run folder is left" "" "$(find build/vm -maxdepth 1 -name "run.*" -newer "$tmp/list" -mmin +2)"

# Packages.
expect "packages: an unknown group has none" 0 --no-out -- build-aux/deps --list none
printf 'build no-such-package-%s | nor-this-one\n' $$ > "$tmp/packages"
cp build-aux/deps "$tmp/deps"
chmod 755 "$tmp"
expect "packages: what is missing is named" 0 --out "no-such-package-$$\|nor-this-one" -- "$tmp/deps" --list
if [ "$(id -u)" = 0 ]; then
	expect "packages: not root" 1 --err "run this as root: apt-get install no-such-package-$$" -- \
		setpriv --reuid 65534 --regid 65534 --clear-groups bash "$tmp/deps"
else
	expect "packages: not root" 1 --err "run this as root: apt-get install no-such-package-$$" -- "$tmp/deps"
fi
