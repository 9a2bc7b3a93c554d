/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Log-linear histogram for BPF programs: the layout of lib/hist.h with sub_bits 5 (a bucket is at most 3.2 % wide).
 * Not atomic: one per CPU, or one writer at a time. The sample count is the sum of the buckets. Includes nothing, so that
 * the unit test can compile it too: __u64, __u32 and __u8 come from whoever includes it.
 */
#ifndef SCHEDLAB_BPF_HIST_BPF_H
#define SCHEDLAB_BPF_HIST_BPF_H

#ifdef __bpf__
#define HIST_BPF_INLINE \
	static inline __attribute__((always_inline)) /* a call costs more than some of these */
#else
#define HIST_BPF_INLINE static inline
#endif

#define HIST_BPF_SUB_BITS 5
#define HIST_BPF_BUCKETS  ((64 - HIST_BPF_SUB_BITS + 1) << HIST_BPF_SUB_BITS)

/* All zero is empty. */
struct hist_bpf {
	__u64 sum;
	__u64 max;
	__u64 not_min; /* ~min, so that zero means "none yet" */
	__u64 buckets[HIST_BPF_BUCKETS];
};

#define HIST_BPF_X4(n)	n, n, n, n
#define HIST_BPF_X16(n) HIST_BPF_X4(n), HIST_BPF_X4(n), HIST_BPF_X4(n), HIST_BPF_X4(n)
#define HIST_BPF_X64(n) HIST_BPF_X16(n), HIST_BPF_X16(n), HIST_BPF_X16(n), HIST_BPF_X16(n)

/* floor(log2(i)) of a byte; 0 for 0. BPF has no count-leading-zeros, and clang's expansion is 40 instructions. */
static const __u8 hist_bpf_log2[256] = {
	0,
	0,
	1,
	1,
	HIST_BPF_X4(2),
	HIST_BPF_X4(3),
	HIST_BPF_X4(3),
	HIST_BPF_X16(4),
	HIST_BPF_X16(5),
	HIST_BPF_X16(5),
	HIST_BPF_X64(6),
	HIST_BPF_X64(7),
	HIST_BPF_X64(7),
};

/* floor(log2(v)); 0 for 0. Compares, which cost less than shifts; waits of 256 ns to 65 us take the shortest way. */
HIST_BPF_INLINE __u32 hist_bpf_log2_u64(__u64 v)
{
	if (v < 1ULL << 16)
		return v < 1ULL << 8 ? hist_bpf_log2[v] : 8 + hist_bpf_log2[v >> 8];
	if (v < 1ULL << 24)
		return 16 + hist_bpf_log2[v >> 16];
	if (v < 1ULL << 32)
		return 24 + hist_bpf_log2[v >> 24];
	v >>= 32;
	if (v < 1ULL << 16)
		return 32 + (v < 1ULL << 8 ? hist_bpf_log2[v] : 8 + hist_bpf_log2[v >> 8]);
	return v < 1ULL << 24 ? 48 + hist_bpf_log2[v >> 16] : 56 + hist_bpf_log2[v >> 24];
}

/* How far @v is shifted so that HIST_BPF_SUB_BITS + 1 bits remain; 0 for small ones. */
HIST_BPF_INLINE __u32 hist_bpf_shift(__u64 v)
{
	if (v < 1ULL << 8)
		return hist_bpf_log2[v >> HIST_BPF_SUB_BITS];
	return hist_bpf_log2_u64(v) - HIST_BPF_SUB_BITS;
}

/* The bucket of @v, below HIST_BPF_BUCKETS. */
HIST_BPF_INLINE __u32 hist_bpf_index(__u64 v)
{
	__u32 shift = hist_bpf_shift(v);

	return (shift << HIST_BPF_SUB_BITS) + (__u32)(v >> shift);
}

/* Add one sample: about 25 instructions. */
HIST_BPF_INLINE void hist_bpf_add(struct hist_bpf *h, __u64 v)
{
	__u32 index = hist_bpf_index(v);

#ifdef __bpf__
	/* Hide the index from the compiler, which proves the bound needless and drops it before the verifier sees it. */
	asm volatile("" : "+r"(index));
#endif
	if (index >= HIST_BPF_BUCKETS)
		return;
	h->buckets[index]++;
	h->sum += v;
	if (v > h->max)
		h->max = v;
	if (~v > h->not_min)
		h->not_min = ~v;
}

#endif
