#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# In the guest: schedbench under one scheduler after the other, each figure as "SCHEDULER.WHAT.NAME VALUE".
# usage: latency.sh 'WHAT: MODE key=value...' ... with schedulers (and their options) in $SCHEDS, separated by ';'.
set -e
IFS=';'
for sched in $SCHEDS; do
	unset IFS
	set -- "$@"
	name=${sched%% *}
	options=
	[ "$name" = "$sched" ] || for o in ${sched#* }; do options="$options --set $o"; done
	label=$(printf %s "$sched" | tr ' ' ,)
	for run; do
		what=${run%%:*}
		# shellcheck disable=SC2086 # words, on purpose
		if [ "$name" = default ]; then
			/with/schedbench ${run#*:}
		else
			schedlab run "$name" $options -- /with/schedbench ${run#*:}
		fi | sed "s/^/$label.$what./"
	done
	IFS=';'
done
