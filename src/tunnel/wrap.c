// SPDX-License-Identifier: Apache-2.0
#include "tunnel/wrap.h"

#include <string.h>

#define SECOND INT64_C(1000000000)

static bool same(const struct addr *a, const struct addr *b)
{
	return addr_same_ip(a, b) && a->port == b->port;
}

static struct wrap_peer *by_local(struct wrap *w, const struct addr *local)
{
	for (unsigned i = 0; i < w->n; i++)
		if (addr_same_ip(&w->peer[i].local, local))
			return &w->peer[i];
	return NULL;
}

enum st wrap_add(struct wrap *w, const struct addr *local, const struct addr *far)
{
	if (by_local(w, local))
		return ST_IN_USE;
	if (w->n == WRAP_PEERS)
		return ST_FULL;
	w->peer[w->n++] = (struct wrap_peer){ .local = *local, .far = *far, .moved = INT64_MIN / 2 };
	return ST_OK;
}

static bool has(const struct wrap_peer *p, uint32_t spi)
{
	for (unsigned i = 0; i < WRAP_SPIS && spi; i++) // 0: none is pinned here yet
		if (p->spi[i] == spi)
			return true;
	return false;
}

enum st wrap_name_spi(struct wrap *w, uint32_t spi, const struct addr *local)
{
	struct wrap_peer *p = by_local(w, local);
	if (!p)
		return ST_NONE;
	for (unsigned i = 0; i < w->n; i++)
		if (has(&w->peer[i], spi))
			return ST_IN_USE;
	if (p->spi_next == WRAP_SPIS)
		return ST_FULL;
	p->spi[p->spi_next++] = spi;
	p->named = true;
	return ST_OK;
}

// A peer whose SPI is known has come from elsewhere. false: it stays where it was.
static bool move(struct wrap *w, struct wrap_peer *p, int64_t now, const struct addr *from)
{
	bool first = !p->far.port;
	if (!first && !w->follow) {
		w->counters.move_refused++;
		return false;
	}
	if (!first && now - p->moved < WRAP_MOVE_SECONDS * SECOND) {
		w->counters.move_limited++;
		return false;
	}
	p->far = *from;
	if (first)
		return true;
	p->moved = now;
	w->counters.moved++;
	return true;
}

struct wrap_peer *wrap_from_outside(struct wrap *w, int64_t now, const struct addr *from, uint32_t spi)
{
	struct wrap_peer *there = NULL;
	for (unsigned i = 0; i < w->n; i++) {
		struct wrap_peer *p = &w->peer[i];
		if (has(p, spi))
			return same(&p->far, from) || move(w, p, now, from) ? p : NULL;
		if (same(&p->far, from) && !p->named)
			there = p;
	}
	if (there)
		there->spi[there->spi_next++ % WRAP_SPIS] = spi;
	else
		w->counters.unknown_outside++;
	return there;
}

struct wrap_peer *wrap_from_inside(struct wrap *w, const struct addr *from, const struct addr *to)
{
	if (by_local(w, from)) // our own, heard again where the stack is on this host
		return NULL;
	struct wrap_peer *p = addr_same_ip(from, &w->stack) ? by_local(w, to) : NULL;
	if (!p)
		w->counters.unknown_inside++;
	else if (!p->far.port)
		w->counters.nowhere++;
	return p && p->far.port ? p : NULL;
}
