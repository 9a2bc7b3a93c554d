#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# An experiment as a Slurm job array, and by GNU parallel, against a one-machine Slurm made for this test (its own keys,
# ports and folders; needs root and the packages slurmctld, slurmd, slurm-client, munge, parallel). For make test-slurm.
. "$(dirname "$0")/lib.sh"

for tool in munged slurmctld slurmd sbatch parallel; do
	if ! PATH=$PATH:/usr/sbin command -v $tool > /dev/null; then
		skip "cells by Slurm and by GNU parallel" "$tool is not installed"
		exit 0
	fi
done
PATH=$PATH:/usr/sbin
node=$(hostname -s)
chmod 755 "$tmp"
mkdir -m 700 "$tmp/munge"
head -c 1024 /dev/urandom > "$tmp/munge/key"
chmod 400 "$tmp/munge/key"
cat > "$tmp/slurm.conf" <<END
ClusterName=one
SlurmctldHost=$node(127.0.0.1)
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket=$tmp/munge/socket
CredType=cred/munge
SlurmctldPort=17817
SlurmdPort=17818
StateSaveLocation=$tmp/state
SlurmdSpoolDir=$tmp/spool
SlurmctldPidFile=$tmp/slurmctld.pid
SlurmdPidFile=$tmp/slurmd.pid
SlurmctldLogFile=$tmp/slurmctld.log
SlurmdLogFile=$tmp/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
MpiDefault=none
ReturnToService=2
NodeName=$node NodeAddr=127.0.0.1 CPUs=$(nproc) State=UNKNOWN
PartitionName=all Nodes=$node Default=YES MaxTime=INFINITE State=UP
END
mkdir "$tmp/state" "$tmp/spool"
export SLURM_CONF=$tmp/slurm.conf
munged --foreground --force --socket="$tmp/munge/socket" --key-file="$tmp/munge/key" --pid-file="$tmp/munge/pid" \
	--log-file="$tmp/munge/log" --seed-file="$tmp/munge/seed" 2> /dev/null &
munge=$!
daemons=("$munge")
stop_daemons() {
	kill "${daemons[@]}" 2> /dev/null || true
	wait "${daemons[@]}" 2> /dev/null || true
}
trap 'stop_daemons; on_exit' EXIT
# wait_until SECONDS COMMAND...
wait_until() {
	local end=$((SECONDS + $1))
	shift
	until "$@" > /dev/null 2>&1; do
		[ $SECONDS -lt $end ] || return 1
		sleep 0.2
	done
}
wait_until 60 test -S "$tmp/munge/socket"
slurmctld -D -f "$tmp/slurm.conf" > /dev/null 2>&1 &
daemons=($! "${daemons[@]}")
slurmd -D -f "$tmp/slurm.conf" -N "$node" > /dev/null 2>&1 &
daemons=($! "${daemons[@]}")
node_idle() {
	sinfo -h -o %T | grep -q '^idle'
}
check "a one-machine Slurm is up" wait_until 120 node_idle

cp "$root/tests/data/light.ini" "$tmp"
cat > "$tmp/exp.ini" <<'END'
[experiment]
seeds = 1, 2
where = vm
duration = 500ms
[scheduler default]
[scheduler fifo]
[workload light]
file = light.ini
END
four_cells() {
	[ "$(find "$1/cells" -name '*.json' | wc -l)" = 4 ]
}
queue_empty() {
	[ -z "$(squeue -h)" ]
}
check "the array is submitted" "$root/lab/bench-slurm" "$tmp/exp.ini" "$tmp/slurm"
check_match "with a job's number" '^[0-9]+$' "$out"
check "all four cells come" wait_until 900 four_cells "$tmp/slurm"
check "the queue runs empty" wait_until 120 queue_empty
expect "bench finds nothing left to do" 0 --err '4 of 4 cells are there already' -- \
	"$schedlab" bench "$tmp/exp.ini" -o "$tmp/slurm"
check "by GNU parallel" "$root/lab/bench-parallel" "$tmp/exp.ini" "$tmp/parallel" --jobs 2
check "all four cells" four_cells "$tmp/parallel"
for cell in default/light-s1-r0 fifo/light-s2-r0; do
	check_equal "$cell: the same either way, bit for bit" "$(jq -S 'del(.host, .checksum)' "$tmp/slurm/cells/$cell.json")" \
		"$(jq -S 'del(.host, .checksum)' "$tmp/parallel/cells/$cell.json")"
done
