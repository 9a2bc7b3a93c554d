// SPDX-License-Identifier: GPL-2.0
/* Passes the verifier, but has a flag that no kernel knows: the kernel refuses to attach it. */
#include "tests/faulty/faulty.bpf.h"

FAULTY_BASE(refused)
FAULTY_INIT(refused)
FAULTY_ENQUEUE(refused)
FAULTY_DISPATCH(refused)

FAULTY_OPS(refused, .flags = 1ULL << 60);
