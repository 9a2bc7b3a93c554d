// SPDX-License-Identifier: GPL-2.0
/*
 * A program that waits in known ways, for the tests of the views: waits [NAME]. It says itself how long it waited where,
 * by the clock, one line "FUNCTION MICROSECONDS" each, so that a test compares with what the ledger saw.
 * System calls are made in line, so that each function is the innermost user frame of its own waits. It sets its name
 * to NAME, which may be hostile.
 */
#include <linux/futex.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define WAIT_HERE __attribute__((noinline))
#define SLEEPS	  100
#define SLEEP_NS  3000000
#define VFORKS	  20
#define VFORK_NS  8000000
#define LOCKS	  20
#define HOLD_NS	  6000000
#define BURN_NS	  200000000ULL

static inline __attribute__((always_inline)) long call(long number, long a, long b, long c, long d)
{
	register long r10 __asm__("r10") = d;
	long result;

	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10)
			 : "rcx", "r11", "memory");
	return result;
}

static uint64_t clock_ns(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

static inline __attribute__((always_inline)) void sleep_ns(long ns)
{
	struct timespec ts = {0, ns};

	call(SYS_nanosleep, (long)&ts, 0, 0, 0);
}

/* Interruptible: the timer. */
WAIT_HERE static void wait_sleep(void)
{
	for (int i = 0; i < SLEEPS; i++)
		sleep_ns(SLEEP_NS);
}

/* Uninterruptible: the parent of a vfork. The child must not return from here, so it is all in line. */
WAIT_HERE static void wait_disk(void)
{
	for (int i = 0; i < VFORKS; i++) {
		long pid = call(SYS_vfork, 0, 0, 0, 0);

		if (!pid) {
			sleep_ns(VFORK_NS);
			call(SYS_exit, 0, 0, 0, 0);
		}
		call(SYS_wait4, pid, 0, 0, 0);
	}
}

static uint32_t lock, ready;

/* Interruptible: a futex that another thread opens. */
WAIT_HERE static void wait_lock(void)
{
	for (int i = 0; i < LOCKS; i++) {
		__atomic_store_n(&lock, 1, __ATOMIC_SEQ_CST);
		__atomic_store_n(&ready, 1, __ATOMIC_SEQ_CST);
		call(SYS_futex, (long)&ready, FUTEX_WAKE_PRIVATE, 1, 0);
		while (__atomic_load_n(&lock, __ATOMIC_SEQ_CST))
			call(SYS_futex, (long)&lock, FUTEX_WAIT_PRIVATE, 1, 0);
	}
}

static void *holder(void *arg)
{
	for (int i = 0; i < LOCKS; i++) {
		while (!__atomic_exchange_n(&ready, 0, __ATOMIC_SEQ_CST))
			call(SYS_futex, (long)&ready, FUTEX_WAIT_PRIVATE, 0, 0);
		sleep_ns(HOLD_NS);
		__atomic_store_n(&lock, 0, __ATOMIC_SEQ_CST);
		call(SYS_futex, (long)&lock, FUTEX_WAKE_PRIVATE, 1, 0);
	}
	return arg;
}

/* Runnable: two threads want one CPU. */
WAIT_HERE static void burn(void)
{
	uint64_t until = clock_ns(CLOCK_THREAD_CPUTIME_ID) + BURN_NS;

	/* Mostly in this function itself: a frame below it without a frame pointer would hide it. */
	while (clock_ns(CLOCK_THREAD_CPUTIME_ID) < until)
		for (volatile int i = 0; i < 100000; i++)
			;
}

static void *burner(void *arg)
{
	burn();
	return arg;
}

static void told(const char *function, uint64_t since_ns)
{
	printf("%s %llu\n", function,
	       (unsigned long long)((clock_ns(CLOCK_MONOTONIC) - since_ns) / 1000));
}

int main(int argc, char **argv)
{
	pthread_t other;
	uint64_t begin = clock_ns(CLOCK_MONOTONIC);

	if (argc > 1)
		prctl(PR_SET_NAME, argv[1]);
	prctl(PR_SET_TIMERSLACK, 1);
	wait_sleep();
	told("wait_sleep", begin);
	begin = clock_ns(CLOCK_MONOTONIC);
	wait_disk();
	told("wait_disk", begin);
	if (pthread_create(&other, NULL, holder, NULL))
		return 1;
	begin = clock_ns(CLOCK_MONOTONIC);
	wait_lock();
	told("wait_lock", begin);
	pthread_join(other, NULL);
	if (pthread_create(&other, NULL, burner, NULL))
		return 1;
	begin = clock_ns(CLOCK_MONOTONIC);
	burn();
	told("burn", begin);
	pthread_join(other, NULL);
	return 0;
}
