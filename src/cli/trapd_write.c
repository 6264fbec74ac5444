// SPDX-License-Identifier: Apache-2.0
// What was understood of an snmptrapd.conf as a tree of our configuration.
#include <stdio.h>
#include <string.h>

#include "cli/trapd.h"
#include "event/event.h"

static const struct config_place nowhere = { "import", 0, 0 };

static bool put(struct setting *in, enum config_block block, const char *key, const char *value)
{
	return setting_add(in, config_key_find(block, key), nowhere, value) != NULL;
}

static bool put_list(struct setting *in, enum config_block block, const char *key, char *const *values, size_t n)
{
	const struct config_key *row = config_key_find(block, key);
	struct setting *list = setting_add(in, row, nowhere, NULL);
	bool ok = list;
	for (size_t i = 0; i < n && ok; i++)
		ok = setting_add(list, row, nowhere, values[i]);
	return ok;
}

static struct setting *put_items(struct config_tree *t, const char *key)
{
	return setting_add(&t->root, config_key_find(BLOCK_TOP, key), nowhere, NULL);
}

static bool put_communities(const struct trapd *t, struct config_tree *out)
{
	struct setting *items = t->community_count ? put_items(out, "communities") : NULL;
	bool ok = items || !t->community_count;
	for (size_t i = 0; i < t->community_count && ok; i++) {
		const struct trapd_community *c = &t->communities[i];
		char label[32];
		snprintf(label, sizeof label, "imported-%zu", i + 1);
		struct setting *item = setting_add(items, items->key, nowhere, NULL);
		ok = item && put(item, BLOCK_COMMUNITY, "label", label) &&
		     put(item, BLOCK_COMMUNITY, "community", c->community) &&
		     put_list(item, BLOCK_COMMUNITY, "from", c->from, c->from_count);
	}
	return ok;
}

static uint8_t strongest(const struct trapd_user *u)
{
	return u->priv ? LEVEL_AUTHPRIV : u->auth ? LEVEL_AUTH : LEVEL_NOAUTH;
}

// The least that any authUser allows; 0: none names the user. Everybody is granted where nobody is asked.
static uint8_t granted(const struct trapd *t, const struct trapd_user *u)
{
	uint8_t least = t->everybody ? strongest(u) : 0;
	for (size_t i = 0; i < t->grant_count; i++)
		if (strcmp(t->grants[i].name, u->name) == 0 && (!least || t->grants[i].level < least))
			least = t->grants[i].level;
	return least;
}

static bool put_user(struct setting *items, const struct trapd_user *u, uint8_t level)
{
	struct setting *item = setting_add(items, items->key, nowhere, NULL);
	bool ok = item && put(item, BLOCK_USER, "name", u->name);
	if (ok && u->auth)
		ok = put(item, BLOCK_USER, "auth", u->auth) && put(item, BLOCK_USER, "auth-password", u->auth_password);
	if (ok && u->priv)
		ok = put(item, BLOCK_USER, "priv", u->priv) && put(item, BLOCK_USER, "priv-password", u->priv_password);
	return ok && put(item, BLOCK_USER, "level", event_level_name(level));
}

static bool put_users(struct trapd *t, struct config_tree *out)
{
	struct setting *items = NULL;
	bool ok = true;
	for (size_t i = 0; i < t->user_count && ok; i++) {
		const struct trapd_user *u = &t->users[i];
		uint8_t level = granted(t, u);
		if (level == 0) {
			trapd_left_out(t, u->place, "createUser: no authUser allows user %s to send", u->name);
		} else if (level > strongest(u)) {
			trapd_left_out(t, u->place,
			               "createUser: user %s has no passwords for level %s, which authUser wants",
			               u->name, event_level_name(level));
		} else {
			items = items ? items : put_items(out, "users");
			ok = items && put_user(items, u, level);
		}
	}
	return ok;
}

static void say_unknown_grants(struct trapd *t)
{
	for (size_t i = 0; i < t->grant_count; i++) {
		size_t k = 0;
		while (k < t->user_count && strcmp(t->users[k].name, t->grants[i].name) != 0)
			k++;
		if (k == t->user_count)
			trapd_left_out(
			        t, t->grants[i].place,
			        "authUser: the passwords of user %s are not in these files; Net-SNMP may have replaced "
			        "them by keys. Add the user with its passwords",
			        t->grants[i].name);
	}
}

enum st trapd_write(struct trapd *t, struct config_tree *out)
{
	bool ok = !t->listen_count || put_list(&out->root, BLOCK_TOP, "listen", t->listen, t->listen_count);
	ok = ok && put_communities(t, out) && put_users(t, out);
	say_unknown_grants(t);
	return ok && !t->no_memory && !t->said.bad ? ST_OK : ST_NO_MEMORY;
}
