// SPDX-License-Identifier: Apache-2.0
#include "intake/policy.h"

#include <stdlib.h>
#include <string.h>

#include "snmp/usm_users.h"

struct policy *policy_new(void)
{
	return calloc(1, sizeof(struct policy));
}

void policy_free(struct policy *p)
{
	if (!p)
		return;
	for (size_t i = 0; i < p->community_count; i++) {
		struct policy_community *c = &p->communities[i];
		if (c->community)
			explicit_bzero(c->community, c->n);
		free(c->community);
		free(c->label);
		free(c->from.p);
		free(c->listeners);
		for (size_t k = 0; k < c->site_count; k++)
			free(c->sites[k]);
		free(c->sites);
	}
	free(p->communities);
	for (size_t i = 0; i < p->site_count; i++) {
		free(p->sites[i].name);
		free(p->sites[i].from.p);
	}
	free(p->sites);
	for (size_t i = 0; i < p->denied_count; i++)
		free(p->denied[i].from.p);
	free(p->denied);
	free(p->relays.p);
	usm_users_free(p->users);
	free(p);
}

static bool prefixes_hold(const struct prefixes *list, const struct addr *a)
{
	for (size_t i = 0; i < list->n; i++)
		if (prefix_holds(&list->p[i], a))
			return true;
	return false;
}

static bool octets_equal(const uint8_t *a, const uint8_t *b, size_t n)
{
	volatile uint8_t differs = 0;
	for (size_t i = 0; i < n; i++)
		differs |= a[i] ^ b[i];
	return differs == 0;
}

static bool on_listener(const struct policy_community *c, const struct addr *listener)
{
	if (c->listener_count == 0)
		return true;
	for (size_t i = 0; i < c->listener_count; i++)
		if (addr_same_ip(&c->listeners[i], listener) && c->listeners[i].port == listener->port)
			return true;
	return false;
}

static bool from_site(const struct policy_community *c, struct span site)
{
	if (c->site_count == 0)
		return true;
	for (size_t i = 0; i < c->site_count; i++)
		if (span_equal(span_str(c->sites[i]), site))
			return true;
	return false;
}

const struct policy_community *policy_community(const struct policy *p, struct span community,
                                                const struct policy_sender *sender, enum st *why)
{
	const struct policy_community *found = NULL;
	enum st st = ST_COMMUNITY;
	for (size_t i = 0; i < p->community_count; i++) {
		const struct policy_community *c = &p->communities[i];
		if (c->n != community.n || !octets_equal(c->community, community.p, c->n) ||
		    !on_listener(c, &sender->listener))
			continue;
		if (prefixes_hold(&c->from, &sender->peer) && from_site(c, sender->site))
			found = found ? found : c;
		else
			st = ST_SOURCE;
	}
	*why = found ? ST_OK : st;
	return found;
}

const char *policy_label(const struct policy *p, struct span community)
{
	const char *label = NULL;
	for (size_t i = 0; i < p->community_count; i++) {
		const struct policy_community *c = &p->communities[i];
		if (!label && c->n == community.n && octets_equal(c->community, community.p, c->n))
			label = c->label;
	}
	return label;
}

const char *policy_site(const struct policy *p, const struct addr *peer)
{
	const char *name = "";
	int best = -1;
	for (size_t i = 0; i < p->site_count; i++)
		for (size_t k = 0; k < p->sites[i].from.n; k++) {
			const struct prefix *x = &p->sites[i].from.p[k];
			if (x->bits > best && prefix_holds(x, peer)) {
				best = x->bits;
				name = p->sites[i].name;
			}
		}
	return name;
}

bool policy_relay(const struct policy *p, const struct addr *peer)
{
	return prefixes_hold(&p->relays, peer);
}

uint64_t policy_mark(const struct hash_key *key, uint8_t version, struct span site, struct span credential)
{
	enum { VERSION_3 = 3 };
	uint8_t users = version == VERSION_3;
	struct hash h = hash_begin(key);
	hash_add(&h, span_of(&users, 1));
	hash_add_field(&h, site);
	hash_add_field(&h, credential);
	return hash_end(&h);
}

bool policy_denied(const struct policy *p, const struct addr *peer, uint8_t version, struct span site,
                   struct span credential)
{
	for (size_t i = 0; i < p->denied_count; i++) {
		const struct policy_denied *d = &p->denied[i];
		if (prefixes_hold(&d->from, peer) && policy_mark(&d->key, version, site, credential) == d->mark)
			return true;
	}
	return false;
}
