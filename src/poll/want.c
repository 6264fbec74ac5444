// SPDX-License-Identifier: Apache-2.0
#include "poll/want.h"

#include <stdlib.h>
#include <string.h>

#include "poll/limits.h"

static void copy_span(struct span *s, uint8_t **at)
{
	if (s->n)
		memcpy(*at, s->p, s->n);
	s->p = *at;
	*at += s->n;
}

struct poll_want *poll_want_copy(const struct poll_want *w)
{
	size_t known = w->known_count * sizeof *w->known;
	struct poll_want *c = malloc(sizeof *c + known + w->site.n + w->asked.n + w->serial.n + w->model.n + w->name.n +
	                             w->location.n);
	if (!c)
		return NULL;
	*c = *w;
	uint8_t *at = (uint8_t *)(c + 1);
	struct span list = span_of(w->known, known);
	copy_span(&list, &at);
	c->known = (const struct poll_known *)(const void *)list.p;
	copy_span(&c->site, &at);
	copy_span(&c->asked, &at);
	copy_span(&c->serial, &at);
	copy_span(&c->model, &at);
	copy_span(&c->name, &at);
	copy_span(&c->location, &at);
	return c;
}
