/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The wake graph as SVG: wakers at the left, wakees at the right, a curve for each pair. Interactive like the flame
 * graph (search, a click shows one task's edges alone, zoom, keyboard); without scripts it is the same picture, still.
 */
#ifndef SCHEDLAB_OBSERVE_WAKESVG_H
#define SCHEDLAB_OBSERVE_WAKESVG_H

#include "observe/dot.h"

extern const char wake_js[]; /* its script, for the end of the document; wants svg.js before it */

/* Height in pixels of the graph as a part of another SVG, and that part at @x, @y. Returns 0 or -ENOMEM. */
uint32_t wake_graph_height_px(const struct wake_graph *g);
int wake_graph_svg(const struct wake_graph *g, FILE *out, uint32_t x, uint32_t y);
/* The graph alone, as an SVG document that loads nothing. Returns 0, -ENOMEM or -errno. */
int wake_graph_document(const struct wake_graph *g, FILE *out);

#endif
