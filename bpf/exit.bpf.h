/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The exit record: why the kernel (or the scheduler itself) ended a scheduler, kept in the object's mmap-ed .data where
 * the loader reads it without a system call. The loader finds any such record by its shape (a struct variable with
 * kind, reason and msg), so objects in the style of the kernel's examples are read the same way.
 *
 *	EXIT_RECORD_DEFINE(exit_record);
 *	void BPF_STRUCT_OPS(fifo_exit, struct scx_exit_info *ei) { EXIT_RECORD(exit_record, ei); }
 *
 * Cost: none until the end. What it can miss: text beyond the sizes below, and a dump longer than the loader provides
 * for (ops.exit_dump_len, else 32 KiB) is cut.
 */
#ifndef SCHEDLAB_BPF_EXIT_BPF_H
#define SCHEDLAB_BPF_EXIT_BPF_H

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

struct exit_record {
	s32 kind;	  /* enum scx_exit_kind; written last: 0 until the record is whole */
	s32 exit_cpu;	  /* CPU the exit started on, -1 where the kernel does not tell */
	s64 exit_code;	  /* what scx_bpf_exit() or a restart request gave */
	char reason[128]; /* the kernel's words for kind */
	char msg[1024];	  /* scx_bpf_error()'s text, or the kernel's */
};

/* Newer kernels tell the CPU; this flavour of the type asks for the member without needing a new vmlinux.h. */
struct scx_exit_info___cpu {
	s32 exit_cpu;
} __attribute__((preserve_access_index));

/* The loader sets NAME_dump_len and makes NAME_dump as long; one byte without a loader that does. */
#define EXIT_RECORD_DEFINE(name)                         \
	char name##_dump[1] SEC(".data." #name "_dump"); \
	const volatile u32 name##_dump_len;              \
	struct exit_record name SEC(".data")

#define EXIT_RECORD(name, ei)                                                              \
	do {                                                                               \
		const struct scx_exit_info___cpu *cpu_ei_ = (const void *)(ei);            \
                                                                                           \
		bpf_probe_read_kernel_str(name.reason, sizeof(name.reason), (ei)->reason); \
		bpf_probe_read_kernel_str(name.msg, sizeof(name.msg), (ei)->msg);          \
		bpf_probe_read_kernel_str(name##_dump, name##_dump_len, (ei)->dump);       \
		name.exit_code = (ei)->exit_code;                                          \
		name.exit_cpu = bpf_core_field_exists(cpu_ei_->exit_cpu)                   \
					? BPF_CORE_READ(cpu_ei_, exit_cpu)                 \
					: -1;                                              \
		/* A full barrier: whoever sees kind sees the rest. */                     \
		__sync_lock_test_and_set(&name.kind, (ei)->kind);                          \
	} while (0)

#endif
