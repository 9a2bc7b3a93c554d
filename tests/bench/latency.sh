#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# In the guest: schedbench under one scheduler after the other. Each figure is a line "SCHEDULER.WHAT.NAME VALUE", and
# SCHEDULER.WHAT.status is the exit status: figures of an ejected scheduler are partly another's.
# With LEDGER=1 (and /with/attached.sh) "SCHEDULER.WHAT.runqlat DOCUMENT" is what runqlat saw meanwhile, by command.
# usage: SCHEDS='NAME [option=value]...;...' latency.sh 'WHAT: MODE key=value...' ...
# NAME is default, one of ours, or that of an object /with/NAME.bpf.o; blanks in SCHEDULER become commas.
# shellcheck source=/dev/null # of the guest
[ -z "${LEDGER:-}" ] || . /with/attached.sh
IFS=';'
for sched in $SCHEDS; do
	unset IFS
	name=${sched%% *}
	options=
	[ "$name" = "$sched" ] || for o in ${sched#* }; do options="$options --set $o"; done
	label=$(printf %s "$sched" | tr ' ' ,)
	[ ! -f "/with/$name.bpf.o" ] || name=/with/$name.bpf.o
	for run; do
		what=${run%%:*}
		status=0
		watcher=
		if [ -n "${LEDGER:-}" ]; then
			schedlab runqlat --split wake --by comm --json -d 600 > /tmp/runqlat &
			watcher=$!
			attached $watcher || exit 1
		fi
		# shellcheck disable=SC2086 # words, on purpose
		if [ "$name" = default ]; then
			/with/schedbench ${run#*:} > /tmp/out || status=$?
		else
			schedlab run "$name" $options -- /with/schedbench ${run#*:} > /tmp/out || status=$?
		fi
		echo "status $status" >> /tmp/out
		if [ -n "$watcher" ]; then
			kill -TERM "$watcher"
			wait "$watcher"
			sed 's/^/runqlat /' /tmp/runqlat >> /tmp/out
		fi
		sed "s/^/$label.$what./" /tmp/out
	done
	IFS=';'
done
