/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Keep the program's memory from being swapped out, arenas of BPF objects left out.
 */
#ifndef SCHEDLAB_LIB_MEMLOCK_H
#define SCHEDLAB_LIB_MEMLOCK_H

/**
 * Lock all readable memory that the program has mapped by now, and fill it; later mappings are not concerned. munlockall()
 * takes it back. Returns 0, or -errno: of mlock(), or of reading /proc/self/maps. What was locked before an error stays so.
 *
 * A caller may lock later mappings with mlockall(MCL_FUTURE), as the load engine does, but only once all BPF objects are
 * loaded: an arena that is mapped after it is filled, gigabytes, MCL_ONFAULT or not.
 */
int memory_lock(void);

#endif
