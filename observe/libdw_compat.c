/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The static libdw of elfutils 0.192 (Debian 13) calls functions that its archive lacks: wrappers of tsearch(3)
 * whose tree begins with the root pointer. Weak, so that a libdw that brings them is served by its own.
 */
#include <search.h>
#include <stddef.h>

typedef int (*compare_fn)(const void *, const void *);
typedef void (*free_fn)(void *);

void *eu_tsearch(const void *key, void **tree, compare_fn compare) __attribute__((weak));
void *eu_tfind(const void *key, void **tree, compare_fn compare) __attribute__((weak));
void *eu_tdelete(const void *key, void **tree, compare_fn compare) __attribute__((weak));
void eu_tdestroy(void **tree, free_fn free_node) __attribute__((weak));
void eu_search_tree_init(void **tree) __attribute__((weak));
void eu_search_tree_fini(void **tree, free_fn free_node) __attribute__((weak));

void *eu_tsearch(const void *key, void **tree, compare_fn compare)
{
	return tsearch(key, tree, compare);
}

void *eu_tfind(const void *key, void **tree, compare_fn compare)
{
	return tfind(key, tree, compare);
}

void *eu_tdelete(const void *key, void **tree, compare_fn compare)
{
	return tdelete(key, tree, compare);
}

void eu_tdestroy(void **tree, free_fn free_node)
{
	tdestroy(*tree, free_node);
	*tree = NULL;
}

void eu_search_tree_init(void **tree)
{
	*tree = NULL;
}

void eu_search_tree_fini(void **tree, free_fn free_node)
{
	eu_tdestroy(tree, free_node);
}
