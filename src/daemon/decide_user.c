// SPDX-License-Identifier: Apache-2.0
// Tries a user's passwords on a message that waits, before they are written anywhere: aside from the workers, so nothing is
// learned by it.
#include <stdlib.h>
#include <string.h>

#include "daemon/decide.h"
#include "event/event.h"
#include "io/system.h"
#include "snmp/v3.h"

static uint8_t level_of(const char *name)
{
	uint8_t level = LEVEL_NOAUTH;
	while (level < LEVEL_AUTHPRIV && strcmp(event_level_name(level), name) != 0)
		level++;
	return level;
}

static enum st receive(struct v3_state *s, const struct waiting_facts *f)
{
	struct v3_received r;
	struct v3_scratch *scratch = malloc(sizeof *scratch);
	if (!scratch)
		return ST_NO_MEMORY;
	enum st st = v3_receive(s, clock_monotonic(), span_of(f->site, f->site_n), &f->peer,
	                        span_of(f->message.p, f->message.n), V3_SKIP_TIME | V3_SKIP_REPLAY, scratch, &r);
	free(scratch);
	return st;
}

enum st decide_try_user(struct collector *c, const struct waiting_facts *f, const struct decide_wish *wish)
{
	struct usm_user user = { .name = span_of(f->credential, f->credential_n),
		                 .auth = wish->auth ? usm_auth_by_name(wish->auth) : NULL,
		                 .auth_password = span_str(wish->auth_password),
		                 .priv = wish->priv ? usm_priv_by_name(wish->priv) : NULL,
		                 .priv_password = span_str(wish->priv_password),
		                 .level = level_of(wish->level) };
	struct usm_users *users = NULL;
	struct v3_state *s = NULL;
	size_t which;
	if ((wish->auth && !user.auth) || (wish->priv && !user.priv))
		return ST_SYNTAX;
	enum st st = usm_users_new(&user, 1, span_of(c->engine.id, c->engine.id_n), NULL, &users, &which);
	if (!st) {
		struct v3_config config = { .crypto = c->crypto,
			                    .users = users,
			                    .random = random_system(),
			                    .boots = c->engine.boots,
			                    .started = c->engine_started,
			                    .engines_max = 1,
			                    .replay_max = 1 };
		st = v3_state_new(&config, &s);
	}
	if (!st)
		st = receive(s, f);
	v3_state_free(s);
	usm_users_free(users);
	return st;
}
