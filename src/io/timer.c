// SPDX-License-Identifier: Apache-2.0
// The timer heap: a tree in which no child is earlier than its parent. A node's children hang on `child`, linked by
// `next`; `back` is the sibling before, or the parent for the first child, or NULL for the root, so that any timer can
// be cut out without knowing where it is. No recursion: a worker may own thousands of timers.
#include "io/timer.h"

#include <stddef.h>

// Both are roots (or NULL); the later one becomes the first child of the earlier one.
static struct loop_timer *meld(struct loop_timer *a, struct loop_timer *b)
{
	if (!a || !b)
		return a ? a : b;
	struct loop_timer *first = b->at < a->at ? b : a, *second = first == a ? b : a;
	second->back = first;
	second->next = first->child;
	if (first->child)
		first->child->back = second;
	first->child = second;
	first->next = first->back = NULL;
	return first;
}

// Makes one heap of a list of siblings: pairs from the left, then all pairs from the right.
static struct loop_timer *meld_list(struct loop_timer *list)
{
	struct loop_timer *pairs = NULL;
	while (list) {
		struct loop_timer *a = list, *b = a->next;
		list = b ? b->next : NULL;
		a->next = a->back = NULL;
		if (b)
			b->next = b->back = NULL;
		struct loop_timer *pair = meld(a, b);
		pair->next = pairs;
		pairs = pair;
	}
	struct loop_timer *heap = NULL;
	while (pairs) {
		struct loop_timer *pair = pairs;
		pairs = pair->next;
		pair->next = NULL;
		heap = meld(heap, pair);
	}
	return heap;
}

void timer_put(struct loop_timer **heap, struct loop_timer *t)
{
	t->place = 1;
	t->child = t->next = t->back = NULL;
	*heap = meld(*heap, t);
}

void timer_take(struct loop_timer **heap, struct loop_timer *t)
{
	if (!t->place)
		return;
	struct loop_timer *children = meld_list(t->child);
	if (!t->back) {
		*heap = children;
	} else {
		if (t->back->child == t)
			t->back->child = t->next;
		else
			t->back->next = t->next;
		if (t->next)
			t->next->back = t->back;
		*heap = meld(*heap, children);
	}
	t->place = 0;
	t->child = t->next = t->back = NULL;
}
