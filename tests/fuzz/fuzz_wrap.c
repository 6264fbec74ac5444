// SPDX-License-Identifier: Apache-2.0
// Datagrams and raw ESP at the table of `trapline wrap`, one step for each two octets, following or not as the first octet says:
// what is not a peer's is counted once and moves nobody; a peer that is moved is where the datagram came from, was not moved in the
// seconds before, and has the SPI; none is pinned where they are named; without following nobody who was somewhere is elsewhere afterwards.
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "tunnel/wrap.h"

enum { PEERS = 4, INSIDE = 0x80, SPI_BASE = 0x1000, PORT_BASE = 4500 };
#define SECOND INT64_C(1000000000)

struct world {
	struct wrap w;
	int64_t now, moved[PEERS];
};

static struct addr address(uint8_t last, uint16_t port)
{
	struct addr a = { .ip = { [10] = 0xff, [11] = 0xff, [12] = 10, [15] = last }, .port = port };
	return a;
}

static bool same(const struct addr *a, const struct addr *b)
{
	return addr_same_ip(a, b) && a->port == b->port;
}

// Two whose SPI is named and who are nowhere yet, two who are somewhere.
static struct world *world_new(bool follow)
{
	struct world *x = calloc(1, sizeof *x);
	fuzz_require(x != NULL);
	x->w.follow = follow;
	x->w.stack = address(1, 0);
	for (uint8_t i = 0; i < PEERS; i++) {
		struct addr local = address((uint8_t)(11 + i), 0), far = address(99, (uint16_t)(PORT_BASE + i)),
		            none = { 0 };
		x->moved[i] = INT64_MIN / 2;
		fuzz_require(wrap_add(&x->w, &local, i < 2 ? &none : &far) == ST_OK);
		fuzz_require(i >= 2 || wrap_name_spi(&x->w, SPI_BASE + i, &local) == ST_OK);
	}
	return x;
}

static bool has(const struct wrap_peer *p, uint32_t spi)
{
	for (unsigned i = 0; i < WRAP_SPIS; i++)
		if (p->spi[i] == spi)
			return true;
	return false;
}

static uint64_t refused(const struct wrap_counters *c)
{
	return c->unknown_outside + c->move_limited + c->move_refused;
}

static void outside(struct world *x, const struct addr *from, uint32_t spi)
{
	struct addr far[PEERS];
	uint64_t before = refused(&x->w.counters);
	for (unsigned i = 0; i < PEERS; i++)
		far[i] = x->w.peer[i].far;
	const struct wrap_peer *p = wrap_from_outside(&x->w, x->now, from, spi);
	fuzz_require(refused(&x->w.counters) == before + !p);
	fuzz_require(!p || (same(&p->far, from) && has(p, spi)));
	fuzz_require(!p || !p->named || spi == SPI_BASE + (uint32_t)(p - x->w.peer));
	for (unsigned i = 0; i < PEERS; i++) {
		const struct wrap_peer *q = &x->w.peer[i];
		if (same(&far[i], &q->far))
			continue;
		fuzz_require(q == p);
		if (!far[i].port)
			continue;
		fuzz_require(x->w.follow && x->now - x->moved[i] >= WRAP_MOVE_SECONDS * SECOND);
		x->moved[i] = x->now;
	}
}

static void inside(struct world *x, const struct addr *from, const struct addr *to)
{
	const struct wrap_peer *p = wrap_from_inside(&x->w, from, to);
	fuzz_require(!p || (addr_same_ip(&p->local, to) && addr_same_ip(from, &x->w.stack) && p->far.port));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	if (n == 0)
		return 0;
	struct world *x = world_new(data[0] & 1);
	for (size_t i = 1; i + 1 < n; i += 2) {
		uint8_t a = data[i], b = data[i + 1];
		struct addr place = address((a & 8) ? 98 : 99, (uint16_t)(PORT_BASE + (a & 7)));
		struct addr from = address((a & 1) ? 1 : b & 15, 0), to = address(b >> 4, 0);
		x->now += (a >> 4 & 7) * SECOND;
		if (a & INSIDE)
			inside(x, &from, &to);
		else
			outside(x, &place, SPI_BASE + (b & 31));
	}
	free(x);
	return 0;
}
