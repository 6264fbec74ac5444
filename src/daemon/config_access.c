// SPDX-License-Identifier: Apache-2.0
// As whom devices are asked back (`read`), into the access of the poller. An entry must name where it is good for: a read
// community goes out in clear to whoever seems to have sent a trap.
#include <stdlib.h>
#include <string.h>

#include "daemon/config_put.h"
#include "daemon/config_secret.h"
#include "poll/limits.h"
#include "snmp/message.h"

enum { SNMP_PORT = 161 };

static char *copy_text(struct config_build *b, const char *text)
{
	char *copy = strdup(text);
	if (!copy)
		b->st = ST_NO_MEMORY;
	return copy;
}

void put_read_site(struct config_build *b, void *target, const struct setting *s)
{
	struct poll_credential *c = target;
	c->site = copy_text(b, s->text);
}

static struct poll_prefixes prefixes_of(struct config_build *b, const struct setting *s)
{
	struct prefixes list = { 0 };
	config_put_prefixes(b, &list, s);
	return (struct poll_prefixes){ list.p, list.n };
}

void put_read_from(struct config_build *b, void *target, const struct setting *s)
{
	struct poll_credential *c = target;
	c->from = prefixes_of(b, s);
}

static void take_community(struct config_build *b, struct poll_credential *c, struct span secret)
{
	if (c->community || !secret.n)
		return;
	c->community = malloc(secret.n);
	if (!c->community) {
		b->st = ST_NO_MEMORY;
		return;
	}
	memcpy(c->community, secret.p, secret.n);
	c->community_n = secret.n;
}

void put_read_community(struct config_build *b, void *target, const struct setting *s)
{
	take_community(b, target, span_str(s->text));
}

void put_read_community_file(struct config_build *b, void *target, const struct setting *s)
{
	uint8_t secret[CONFIG_SECRET_ROOM];
	size_t n = config_read_secret(b, s, secret);
	take_community(b, target, span_of(secret, n));
	explicit_bzero(secret, sizeof secret);
}

void put_read_user(struct config_build *b, void *target, const struct setting *s)
{
	struct poll_credential *c = target;
	c->user = copy_text(b, s->text);
	c->version = SNMP_VERSION_3;
}

void put_read_version(struct config_build *b, void *target, const struct setting *s)
{
	struct poll_credential *c = target;
	if (strcmp(s->text, "1") == 0)
		c->version = SNMP_VERSION_1;
}

void put_read_port(struct config_build *b, void *target, const struct setting *s)
{
	struct poll_credential *c = target;
	uint64_t port = 0;
	(void)config_parse_number(s->text, s->key->max, &port);
	if (!port)
		config_error(b->report, s->place, "nobody answers on port 0; leave 'port' out to mean %d", SNMP_PORT);
	c->port = (uint16_t)port;
}

static void check_entry(struct config_build *b, const struct setting *item)
{
	const struct setting *text = setting_find(item, "community"), *file = setting_find(item, "community-file"),
	                     *user = setting_find(item, "user"), *version = setting_find(item, "version"),
	                     *from = setting_find(item, "from");
	if (!text && !file && !user)
		config_error(b->report, item->place,
		             "this entry says not as whom to ask; add community: \"...\", community-file: PATH or "
		             "user: NAME");
	if (text && file)
		config_error(b->report, file->place, "'community' and 'community-file' stand together; keep one");
	if (user && (text || file))
		config_error(b->report, user->place, "'user' and a community stand together; write an entry for each");
	if (user && version)
		config_error(b->report, version->place, "'version' is for a community; with 'user' it is 3");
	if (from && !from->first)
		config_error(b->report, from->place,
		             "'from' is empty; name prefixes, for example from: [ 10.2.0.0/16 ]");
	if (!from && !setting_find(item, "site"))
		config_error(b->report, item->place,
		             "this entry names neither 'from' nor 'site', so its secret would go to anybody; add for "
		             "example from: [ 10.2.0.0/16 ]");
}

void put_read(struct config_build *b, void *target, const struct setting *list)
{
	struct poll_access *a = b->config->access;
	for (const struct setting *item = list->first; item && b->st == ST_OK; item = item->next) {
		struct poll_credential *more = reallocarray(a->credentials, a->credential_count + 1, sizeof *more);
		if (!more) {
			b->st = ST_NO_MEMORY;
			return;
		}
		a->credentials = more;
		if (a->credential_count == POLL_CREDENTIALS) {
			config_error(b->report, item->place, "'read' has at most %d entries", POLL_CREDENTIALS);
			return;
		}
		struct poll_credential *c = &more[a->credential_count++];
		*c = (struct poll_credential){ .version = SNMP_VERSION_2C, .port = SNMP_PORT };
		check_entry(b, item);
		config_put_parts(b, c, item);
	}
}

// Whether an entry of a list of blocks has this name.
static bool is_named(const struct setting *root, const char *list, const char *name)
{
	const struct setting *in = setting_find(root, list);
	for (const struct setting *item = in ? in->first : NULL; item; item = item->next) {
		const struct setting *s = setting_find(item, "name");
		if (s && strcmp(s->text, name) == 0)
			return true;
	}
	return false;
}

static void take_sites(struct config_build *b, const struct setting *sites)
{
	struct poll_access *a = b->config->access;
	for (const struct setting *item = sites ? sites->first : NULL; item && b->st == ST_OK; item = item->next) {
		const struct setting *name = setting_find(item, "name"), *from = setting_find(item, "from");
		struct poll_site *more = reallocarray(a->sites, a->site_count + 1, sizeof *more);
		if (!more) {
			b->st = ST_NO_MEMORY;
			return;
		}
		a->sites = more;
		struct poll_site *site = &more[a->site_count];
		*site = (struct poll_site){ .name = name ? copy_text(b, name->text) : NULL };
		if (!site->name)
			return; // it was complained of
		a->site_count++;
		if (from)
			site->from = prefixes_of(b, from);
	}
}

void config_check_read(struct config_build *b, const struct setting *root)
{
	const struct setting *read = setting_find(root, "read");
	for (const struct setting *item = read ? read->first : NULL; item; item = item->next) {
		const struct setting *user = setting_find(item, "user"), *site = setting_find(item, "site");
		if (user && !is_named(root, "users", user->text))
			config_error(b->report, user->place, "'users' has no '%s'; add it there with its passwords",
			             user->text);
		if (site && !is_named(root, "sites", site->text))
			config_error(b->report, site->place, "'sites' has no '%s'; add it there, or name another",
			             site->text);
	}
	take_sites(b, setting_find(root, "sites"));
}
