/* SPDX-License-Identifier: GPL-2.0 */
/* What every unit test includes: cmocka with the headers that it wants before itself. */
#ifndef SCHEDLAB_TESTS_UNIT_H
#define SCHEDLAB_TESTS_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <errno.h>
#include <cmocka.h>

/* cmocka 1.1.5 has no comparison of floating-point numbers with a tolerance. */
#define assert_near(a, b, tolerance)                                                      \
	do {                                                                              \
		double a_ = (a), b_ = (b), t_ = (tolerance);                              \
		if (!(a_ - b_ <= t_ && b_ - a_ <= t_))                                    \
			fail_msg("%s = %.17g is not within %g of %.17g", #a, a_, t_, b_); \
	} while (0)

#endif
