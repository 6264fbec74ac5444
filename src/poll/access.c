// SPDX-License-Identifier: Apache-2.0
#include "poll/access.h"

#include <stdlib.h>
#include <string.h>

#include "crypto/secret.h"
#include "snmp/message.h"

struct poll_access *poll_access_new(void)
{
	return calloc(1, sizeof(struct poll_access));
}

void poll_access_free(struct poll_access *a)
{
	if (!a)
		return;
	for (size_t i = 0; i < a->credential_count; i++) {
		struct poll_credential *c = &a->credentials[i];
		if (c->community)
			secret_wipe(c->community, c->community_n);
		free(c->community);
		free(c->site);
		free(c->user);
		free(c->from.p);
	}
	for (size_t i = 0; i < a->site_count; i++) {
		free(a->sites[i].name);
		free(a->sites[i].from.p);
	}
	free(a->credentials);
	free(a->sites);
	usm_users_free(a->users);
	free(a);
}

enum st poll_access_users(struct poll_access *a, struct usm_users *users, size_t *which)
{
	usm_users_free(a->users);
	a->users = users;
	for (size_t i = 0; i < a->credential_count; i++) {
		struct poll_credential *c = &a->credentials[i];
		size_t count = 0;
		if (c->version != SNMP_VERSION_3)
			continue;
		c->entry = usm_users_find(users, span_str(c->user), &count);
		if (!c->entry) {
			*which = i;
			return ST_USER;
		}
	}
	return ST_OK;
}

static bool holds(const struct poll_prefixes *list, const struct addr *address)
{
	for (size_t i = 0; i < list->n; i++)
		if (prefix_holds(&list->p[i], address))
			return true;
	return false;
}

static const struct poll_site *site_named(const struct poll_access *a, struct span name)
{
	for (size_t i = 0; i < a->site_count; i++)
		if (span_equal(span_str(a->sites[i].name), name))
			return &a->sites[i];
	return NULL;
}

// The same private address stands in many sites: one that has a tunnel is reached by that alone, any other by the addresses that
// define it.
static bool reached(const struct poll_access *a, struct span name, const struct addr *address, struct poll_route *out)
{
	if (!name.n)
		return true;
	const struct poll_site *site = site_named(a, name);
	if (!site || !(site->tunnel || holds(&site->from, address)))
		return false;
	out->tunnel = site->tunnel;
	out->worker = site->worker;
	return true;
}

enum poll_refusal poll_access_find(const struct poll_access *a, struct span site, const struct addr *address,
                                   struct poll_route *out)
{
	struct poll_route route = { 0 };
	const struct poll_credential *found = NULL;
	for (size_t i = 0; i < a->credential_count && !found; i++) {
		const struct poll_credential *c = &a->credentials[i];
		if ((!c->site || span_equal(span_str(c->site), site)) && (!c->from.n || holds(&c->from, address)))
			found = c;
	}
	if (!found)
		return POLL_NO_CREDENTIAL;
	if (!reached(a, site, address, &route))
		return POLL_NOWHERE;
	route.credential = found;
	*out = route;
	return POLL_MAY;
}

const char *poll_refusal_text(enum poll_refusal r)
{
	static const char *const texts[] = {
		[POLL_MAY] = "ok",
		[POLL_NO_CREDENTIAL] = "no entry of 'read' in the configuration is for it",
		[POLL_NOWHERE] = "its site has no tunnel now, and its address is not in the site's 'from'",
		[POLL_SHARED] = "several devices speak from its address; another one might answer",
		[POLL_TUNNEL_DOWN] = "the tunnel of its site is down",
		[POLL_SELECTORS] = "the selectors of its site's tunnel do not allow questions to it",
	};
	return texts[r];
}
