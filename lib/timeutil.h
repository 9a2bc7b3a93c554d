/* SPDX-License-Identifier: GPL-2.0 */
/* Clocks and durations. All times are nanoseconds in uint64_t. */
#ifndef SCHEDLAB_LIB_TIMEUTIL_H
#define SCHEDLAB_LIB_TIMEUTIL_H

#include <stddef.h>
#include <stdint.h>
#include <time.h>

#define NSEC_PER_USEC 1000ULL
#define NSEC_PER_MSEC 1000000ULL
#define NSEC_PER_SEC  1000000000ULL

/* CLOCK_MONOTONIC now; the clock of BPF's bpf_ktime_get_ns(). */
uint64_t time_now_ns(void);
/* Now on any POSIX clock. */
uint64_t time_clock_ns(clockid_t clock);
/* @ns as a timespec. */
struct timespec time_spec(uint64_t ns);
/* Write @ns as "850 ns", "12.3 us", "4.56 ms", "7.89 s" (three digits) into @out; returns @out. */
char *time_format(uint64_t ns, char *out, size_t size);

#endif
