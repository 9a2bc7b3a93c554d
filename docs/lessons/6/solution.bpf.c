/* SPDX-License-Identifier: GPL-2.0 */
/* The exercise of lesson 6, solved: the oldest has the smallest time. A test runs it. */
#define ORDER(now_ns) (now_ns)
#include "docs/lessons/6/newest.bpf.c"
