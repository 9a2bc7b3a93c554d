// SPDX-License-Identifier: GPL-2.0
/*
 * slow: the program of lesson 4. It books orders, is slow, and keeps no CPU busy. Where its time goes is for you to find:
 * do not read on if you want to find it with the tool.
 *
 *	slow JOURNAL [ORDERS] [FIX...]
 *
 * books ORDERS (100) orders one after the other, writes them to the file JOURNAL and prints how long that took.
 * FIX is any of lock, journal and payment. It is no example of how to write such a program.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#define FIND __attribute__((noinline)) /* each keeps its name in a stack */

static pthread_mutex_t stock_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t payment_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t payment_asked = PTHREAD_COND_INITIALIZER;
static pthread_cond_t payment_done = PTHREAD_COND_INITIALIZER;
static uint64_t asked, paid, stock = 1000000;
static bool fix_lock, fix_journal, fix_payment;

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

/*
 * The C library keeps no frame pointers, so a walk through it loses the function that called it. These three are there to
 * be lost.
 */
static FIND void sleep_us(long us)
{
	struct timespec ts = {us / 1000000, us % 1000000 * 1000};

	nanosleep(&ts, NULL);
}

static FIND void lock(pthread_mutex_t *mutex)
{
	pthread_mutex_lock(mutex);
}

static FIND void flush(int fd)
{
	fsync(fd);
}

/* The clerk counts the stock again and again, and sleeps over it. */
static FIND void count_stock(void)
{
	lock(&stock_lock);
	if (!fix_lock) {
		sleep_us(12000);
	} else {
		uint64_t copy = stock;

		pthread_mutex_unlock(&stock_lock);
		sleep_us(12000);
		(void)copy;
		return;
	}
	pthread_mutex_unlock(&stock_lock);
}

static void *clerk(void *unused)
{
	for (;;) {
		count_stock();
		sleep_us(8000);
	}
	return unused;
}

/* The bank answers within 2 ms. */
static void *bank(void *unused)
{
	lock(&payment_lock);
	for (;;) {
		while (asked == paid)
			pthread_cond_wait(&payment_asked, &payment_lock);
		pthread_mutex_unlock(&payment_lock);
		sleep_us(2000);
		lock(&payment_lock);
		paid = asked;
		pthread_cond_signal(&payment_done);
	}
	return unused;
}

static FIND void reserve_stock(void)
{
	lock(&stock_lock);
	stock--;
	pthread_mutex_unlock(&stock_lock);
}

static FIND void write_journal(int fd, unsigned int order)
{
	char line[32];
	int n = snprintf(line, sizeof(line), "order %u\n", order);

	if (write(fd, line, (size_t)n) != n) {
		perror("slow: journal");
		exit(1);
	}
	if (!fix_journal || order % 10 == 9)
		flush(fd);
}

static FIND void await_payment(void)
{
	bool done = false;

	lock(&payment_lock);
	asked++;
	pthread_cond_signal(&payment_asked);
	while (fix_payment && paid != asked)
		pthread_cond_wait(&payment_done, &payment_lock);
	pthread_mutex_unlock(&payment_lock);
	while (!fix_payment && !done) {
		sleep_us(20000);
		lock(&payment_lock);
		done = paid == asked;
		pthread_mutex_unlock(&payment_lock);
	}
}

static FIND void book(int fd, unsigned int order)
{
	reserve_stock();
	write_journal(fd, order);
	await_payment();
}

static void *shop(void *argument)
{
	unsigned int orders = *(unsigned int *)argument, i;
	int fd = ((int *)argument)[1];

	prctl(PR_SET_NAME, "shop");
	for (i = 0; i < orders; i++)
		book(fd, i);
	return NULL;
}

int main(int argc, char **argv)
{
	pthread_t threads[3];
	unsigned int job[2] = {100, 0};
	uint64_t begin_ns;
	int fd, i;

	if (argc < 2) {
		fprintf(stderr, "usage: slow JOURNAL [ORDERS] [lock] [journal] [payment]\n");
		return 2;
	}
	for (i = 2; i < argc; i++) {
		if (!strcmp(argv[i], "lock"))
			fix_lock = true;
		else if (!strcmp(argv[i], "journal"))
			fix_journal = true;
		else if (!strcmp(argv[i], "payment"))
			fix_payment = true;
		else
			job[0] = (unsigned int)strtoul(argv[i], NULL, 10);
	}
	fd = open(argv[1], O_WRONLY | O_CREAT | O_TRUNC, 0644);
	if (fd < 0) {
		fprintf(stderr, "slow: %s: %s\n", argv[1], strerror(errno));
		return 1;
	}
	job[1] = (unsigned int)fd;
	begin_ns = now_ns();
	if (pthread_create(&threads[0], NULL, clerk, NULL) ||
	    pthread_create(&threads[1], NULL, bank, NULL) ||
	    pthread_create(&threads[2], NULL, shop, job)) {
		fprintf(stderr, "slow: no threads\n");
		return 1;
	}
	pthread_join(threads[2], NULL);
	printf("%u orders in %.0f ms\n", job[0], (double)(now_ns() - begin_ns) / 1e6);
	return 0;
}
