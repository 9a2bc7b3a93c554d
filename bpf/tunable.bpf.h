/* SPDX-License-Identifier: GPL-2.0 */
/*
 * TUNABLE: a setting of a scheduler that the loader finds, prints, checks and sets through BTF alone.
 *
 *	TUNABLE(u64, slice_us, 20000, 0, 10000000, "time slice; 0 runs a task until it blocks");
 *
 * makes a `const volatile` variable in .rodata: the verifier sees its final value, so a switched-off part costs nothing.
 * Default, bounds and help travel as BTF declaration tags. It does not read anything at run time: a tunable is fixed
 * from the load on.
 */
#ifndef SCHEDLAB_BPF_TUNABLE_BPF_H
#define SCHEDLAB_BPF_TUNABLE_BPF_H

#define SCHEDLAB_TAG(text) __attribute__((btf_decl_tag(text)))

/*
 * @type is bool or an integer type (u8 to u64, s8 to s64); @def, @min and @max are plain integer literals (no
 * expressions: @min and @max are carried as text); the unit belongs into @name (_us, _pct). @help is one line.
 */
#define TUNABLE(type, name, def, min, max, help)                                 \
	_Static_assert((type)(def) >= (type)(min) && (type)(def) <= (type)(max), \
		       #name ": default out of bounds");                         \
	const volatile type name SCHEDLAB_TAG("schedlab.min=" #min)              \
		SCHEDLAB_TAG("schedlab.max=" #max) SCHEDLAB_TAG("schedlab.help=" help) = (def)

#endif
