/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What this machine is: evidence class, kernel, CPU, governor, clock source. Read-only, needs no privilege; a file
 * that cannot be read gives a null in the document, never a guess.
 */
#ifndef SCHEDLAB_LIB_SYSENV_H
#define SCHEDLAB_LIB_SYSENV_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/* What a time measured here is worth; see docs and design "Evidence". */
enum evidence {
	EVIDENCE_METAL,
	EVIDENCE_KVM,
	EVIDENCE_TCG,
	EVIDENCE_ICOUNT,
};

/* From schedlab.evidence= on the kernel command line, else from the hypervisor bit of the CPU. */
enum evidence sysenv_evidence(void);
const char *sysenv_evidence_name(enum evidence evidence);

/* The "environment" object of a result: kernel, machine, CPUs, governor, turbo, SMT, mitigations, clock source, HZ, preemption. */
json_t *sysenv_to_json(void);

/* Whether the running kernel has sched_ext (/sys/kernel/sched_ext). */
bool sysenv_has_sched_ext(void);
/*
 * The name in /sys/kernel/sched_ext/root/ops, or "" where none is attached, into @out. Returns 0, -ENOTSUP without sched_ext, or -errno.
 */
int sysenv_active_ops(char *out, size_t size);

#endif
