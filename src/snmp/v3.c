// SPDX-License-Identifier: Apache-2.0
#include "snmp/v3.h"

#include <stdlib.h>

static const int64_t SECOND = 1000000000;

enum st v3_state_new(const struct v3_config *config, struct v3_state **out)
{
	struct {
		struct hash_key key;
		uint64_t salt;
	} seed;
	enum st st = random_bytes(config->random, &seed, sizeof seed);
	if (st != ST_OK)
		return st;
	struct v3_state *s = calloc(1, sizeof *s);
	if (!s)
		return ST_NO_MEMORY;
	s->users = config->users;
	s->boots = config->boots;
	s->started = config->started;
	s->salt = seed.salt;
	st = ciphers_new(config->crypto, &s->ciphers);
	if (st == ST_OK)
		st = engines_new(config->engines_max ? config->engines_max : V3_ENGINES_MAX, seed.key, &s->engines);
	if (st == ST_OK && config->replay)
		s->replay = replay_share(config->replay);
	else if (st == ST_OK)
		st = replay_init(&s->replay, config->replay_max ? config->replay_max : V3_REPLAY_MAX);
	if (st == ST_OK)
		*out = s;
	else
		v3_state_free(s);
	return st;
}

void v3_state_free(struct v3_state *s)
{
	if (!s)
		return;
	ciphers_free(s->ciphers);
	engines_free(s->engines);
	replay_done(&s->replay);
	secret_wipe(s, sizeof *s);
	free(s);
}

void v3_state_users(struct v3_state *s, const struct usm_users *users)
{
	engines_keep_users(s->engines, users);
	s->users = users;
}

void v3_tick(struct v3_state *s, int64_t now)
{
	engines_age(s->engines, now);
}

uint32_t v3_state_time(const struct v3_state *s, int64_t now)
{
	int64_t time = (now - s->started) / SECOND;
	return time < 0 ? 0 : time > USM_BOOTS_MAX ? USM_BOOTS_MAX : (uint32_t)time;
}

// Applies to each engine of the site with that ID, under every address or one.
static size_t each_engine(struct v3_state *s, struct span site, struct span id, const struct addr *addr,
                          void (*change)(struct engine *e))
{
	static const struct addr nowhere;
	struct engine_name name = { site, id, addr ? addr : &nowhere };
	struct engine *first;
	size_t n = 0;
	engines_find(s->engines, &name, &first);
	for (struct engine *e = first; e; e = engine_sibling(e))
		if (!addr || addr_same_ip(&e->addr, addr)) {
			change(e);
			n++;
		}
	return n;
}

static void make_lenient(struct engine *e)
{
	e->lenient = true;
}

static void make_strict(struct engine *e)
{
	e->lenient = false;
}

static void forget_clock(struct engine *e)
{
	e->clock = (struct engine_clock){ 0 };
}

size_t v3_engine_lenient(struct v3_state *s, struct span site, struct span id, const struct addr *addr, bool lenient)
{
	return each_engine(s, site, id, addr, lenient ? make_lenient : make_strict);
}

size_t v3_engine_reset(struct v3_state *s, struct span site, struct span id, const struct addr *addr)
{
	return each_engine(s, site, id, addr, forget_clock);
}
