// SPDX-License-Identifier: Apache-2.0
// A pairing heap of timers, threaded through the timers themselves (Fredman, Sedgewick, Sleator, Tarjan 1986). Used by
// the loop only.
#ifndef IO_TIMER_H
#define IO_TIMER_H

#include "io/loop.h"

// The heap is the pointer to its earliest timer, NULL when empty.
void timer_put(struct loop_timer **heap, struct loop_timer *t);  // t is not armed
void timer_take(struct loop_timer **heap, struct loop_timer *t); // nothing happens when it is not armed

#endif
