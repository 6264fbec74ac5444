// SPDX-License-Identifier: Apache-2.0
#include "alarm/habit.h"

#include "alarm/limits.h"

static void turn_period(struct habit_row *h, int64_t now)
{
	bool stale = now - h->since >= 2 * HABIT_PERIOD_NS;
	h->since_before = stale ? 0 : h->since;
	h->gaps_before = stale ? 0 : h->gaps;
	h->longest_before = stale ? 0 : h->longest;
	h->since = now;
	h->gaps = h->longest = 0;
}

void habit_speak(struct habit_row *h, int64_t now, bool calm, bool missed)
{
	int64_t gap = now - h->last;
	bool first = h->since == 0;
	if (first)
		h->since = now;
	if (!first && missed) {
		h->since += gap;
		h->since_before += h->since_before ? gap : 0;
	}
	h->last = now;
	if (first || missed || gap < HABIT_OCCASION_NS)
		return;
	h->gaps++;
	h->beats = calm ? h->beats + 1 : 0;
	if (gap > h->longest)
		h->longest = gap;
	if (now - h->since >= HABIT_PERIOD_NS)
		turn_period(h, now);
}

void habit_forget(struct habit_row *h)
{
	*h = (struct habit_row){ .last = h->last };
}

int64_t habit_longest(const struct habit_row *h)
{
	return h->longest > h->longest_before ? h->longest : h->longest_before;
}

int64_t habit_until(const struct habit_row *h)
{
	int64_t gaps = h->gaps + h->gaps_before, longest = habit_longest(h);
	int64_t since = h->since_before ? h->since_before : h->since;
	if (gaps == 0)
		return 0;
	bool beat = h->beats >= HABIT_BEATS && longest <= 2 * ((h->last - since) / gaps);
	int64_t least = beat ? HABIT_BEAT_LEAST_NS : HABIT_LOOSE_LEAST_NS;
	if (!beat && h->since_before == 0)
		return 0;
	int64_t wait = HABIT_TIMES * longest;
	return h->last + (wait > least ? wait : least);
}
