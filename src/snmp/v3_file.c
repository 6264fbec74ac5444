// SPDX-License-Identifier: Apache-2.0
// Engines and digests as bytes, to be kept over a restart: without them the first message of every engine would be
// believed, and one old capture of each. All numbers big endian:
//
//   "TLv3" version(4) engines(4)
//   each engine: flags(1) boots(4) time(4) at(8) heard(8) address(16) scope(4) id-length(1) id site-length(1) site
//   digests(4), each: key(8) age in seconds(4)
//   CRC-32C of everything before it(4)
//
// No secrets: keys are made again from the passwords.
#include "snmp/v3.h"

enum {
	FILE_VERSION = 1,
	FLAG_LENIENT = 1,
	FLAG_CLOCK = 2,
	DIGEST_SIZE = 12,
	COUNT_SIZE = 4,
	CRC_SIZE = 4,
	DAY_SECONDS = 86400
};

static const uint8_t magic[4] = { 'T', 'L', 'v', '3' };
static const int64_t SECOND = 1000000000;

struct export
{
	struct text *out;
	int64_t shift; // from our clock to the wall's
	uint32_t count;
	uint32_t seconds; // digests: the age up to which they are written
};

static void put(struct text *out, uint64_t v, size_t octets)
{
	uint8_t room[8];
	struct wr w = wr_of(room, sizeof room);
	wr_be(&w, v, octets);
	text_bytes(out, wr_span(&w));
}

static void put_field(struct text *out, struct span s)
{
	put(out, s.n, 1);
	text_bytes(out, s);
}

static void put_engine(void *arg, struct engine *e)
{
	const struct export *x = arg;
	put(x->out, (e->lenient ? FLAG_LENIENT : 0) | (e->clock.known ? FLAG_CLOCK : 0), 1);
	put(x->out, e->clock.boots, 4);
	put(x->out, e->clock.time, 4);
	put(x->out, (uint64_t)(e->clock.at + x->shift), 8);
	put(x->out, (uint64_t)(e->heard + x->shift), 8);
	text_bytes(x->out, span_of(e->addr.ip, sizeof e->addr.ip));
	put(x->out, e->addr.scope, 4);
	put_field(x->out, engine_id(e));
	put_field(x->out, engine_site(e));
}

static void count_digest(void *arg, uint64_t key, uint32_t age)
{
	struct export *x = arg;
	x->count++;
}

static void put_digest(void *arg, uint64_t key, uint32_t age)
{
	struct export *x = arg;
	put(x->out, key, 8);
	put(x->out, age, 4);
	x->count++;
}

// The youngest, by halving the age until they fit the limit; who shares another's set leaves them to that one. Others may
// add meanwhile, so how many they are is known when they are written.
static void put_digests(const struct v3_state *s, int64_t now, struct export *x)
{
	for (x->seconds = DAY_SECONDS; s->replay.memory; x->seconds /= 2) {
		x->count = 0;
		replay_walk(&s->replay, now, x->seconds, count_digest, x);
		if (x->count <= V3_REPLAY_EXPORT || x->seconds <= USM_TIME_WINDOW)
			break;
	}
	size_t at = x->out->n;
	put(x->out, 0, COUNT_SIZE);
	x->count = 0;
	if (s->replay.memory)
		replay_walk(&s->replay, now, x->seconds, put_digest, x);
	if (!x->out->bad) {
		struct wr w = wr_of(x->out->p + at, COUNT_SIZE);
		wr_be(&w, x->count, COUNT_SIZE);
	}
}

void v3_export(const struct v3_state *s, int64_t now, int64_t wall, struct text *out)
{
	struct export x = { .out = out, .shift = wall - now };
	size_t from = out->n;
	text_bytes(out, span_of(magic, sizeof magic));
	put(out, FILE_VERSION, 4);
	put(out, engines_count(s->engines), 4);
	engines_walk(s->engines, put_engine, &x);
	put_digests(s, now, &x);
	if (!out->bad)
		put(out, crc32c(0, span_of(out->p + from, out->n - from)), CRC_SIZE);
}

struct stored {
	uint8_t flags;
	struct engine_clock clock;
	int64_t heard;
	struct addr addr;
	struct span id, site;
};

static struct stored take_engine(struct rd *r)
{
	struct stored e = { .flags = rd_u8(r) };
	e.clock.boots = rd_u32(r);
	e.clock.time = rd_u32(r);
	e.clock.at = (int64_t)rd_u64(r);
	e.heard = (int64_t)rd_u64(r);
	e.clock.known = e.flags & FLAG_CLOCK;
	struct span ip = rd_take(r, sizeof e.addr.ip);
	if (ip.n)
		memcpy(e.addr.ip, ip.p, ip.n);
	e.addr.scope = rd_u32(r);
	e.id = rd_take(r, rd_u8(r));
	e.site = rd_take(r, rd_u8(r));
	if (e.id.n < SNMP_ENGINE_ID_MIN || e.id.n > SNMP_ENGINE_ID_MAX || e.clock.boots > USM_BOOTS_MAX ||
	    e.clock.time > USM_BOOTS_MAX)
		r->bad = true;
	return e;
}

// Walks the whole once without taking anything in. *engines is left at the first engine.
static enum st check(struct span bytes, struct rd *engines, uint32_t *count)
{
	if (bytes.n < CRC_SIZE)
		return ST_DAMAGED;
	struct span body = span_of(bytes.p, bytes.n - CRC_SIZE);
	struct rd r = rd_of(body), tail = rd_of(span_of(bytes.p + body.n, CRC_SIZE));
	if (!span_equal(rd_take(&r, sizeof magic), span_of(magic, sizeof magic)) || rd_u32(&tail) != crc32c(0, body))
		return ST_DAMAGED;
	if (rd_u32(&r) > FILE_VERSION)
		return ST_NEWER;
	*count = rd_u32(&r);
	*engines = r;
	for (uint32_t i = 0; i < *count && !r.bad; i++)
		(void)take_engine(&r);
	uint32_t digests = rd_u32(&r);
	return !r.bad && rd_left(&r) == (uint64_t)digests * DIGEST_SIZE ? ST_OK : ST_DAMAGED;
}

// What was written in the future (the wall clock was set back) counts as written now.
static int64_t earlier(int64_t at, int64_t now)
{
	return at < now ? at : now;
}

static enum st keep_engine(struct v3_state *s, int64_t now, int64_t shift, const struct stored *e)
{
	struct engine_name name = { e->site, e->id, &e->addr };
	struct engine *first, *engine = engines_find(s->engines, &name, &first);
	if (!engine)
		engine = engines_learn(s->engines, now, &name);
	if (!engine)
		return ST_NO_MEMORY;
	engine->lenient = e->flags & FLAG_LENIENT;
	engine->clock = e->clock;
	engine->clock.at = earlier(e->clock.at - shift, now);
	engine->heard = earlier(e->heard - shift, now);
	return ST_OK;
}

enum st v3_import(struct v3_state *s, int64_t now, int64_t wall, struct span bytes,
                  bool (*mine)(void *arg, const struct addr *peer), void *arg)
{
	struct rd r;
	uint32_t count;
	enum st st = check(bytes, &r, &count);
	for (uint32_t i = 0; i < count && st == ST_OK; i++) {
		struct stored e = take_engine(&r);
		if (!mine || mine(arg, &e.addr))
			st = keep_engine(s, now, wall - now, &e);
	}
	if (st != ST_OK)
		return st;
	uint32_t digests = s->replay.memory ? rd_u32(&r) : 0;
	for (uint32_t i = 0; i < digests; i++) {
		uint64_t key = rd_u64(&r);
		uint32_t age = rd_u32(&r);
		replay_add(&s->replay, now - age * SECOND, key, UINT32_MAX);
	}
	return ST_OK;
}
