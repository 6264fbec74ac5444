// SPDX-License-Identifier: Apache-2.0
// Sites that IKE connects: who they are, the key that proves it, the networks behind them.
#include <stdlib.h>
#include <string.h>

#include "daemon/config_put.h"
#include "daemon/config_secret.h"
#include "daemon/limits.h"
#include "ike/identity.h"
#include "ike/ike.h"
#include "ike/wire.h"

static bool keep(struct config_build *b, struct config_octets *to, struct span s)
{
	uint8_t *copy = malloc(s.n ? s.n : 1);
	if (!copy) {
		b->st = ST_NO_MEMORY;
		return false;
	}
	if (s.n)
		memcpy(copy, s.p, s.n);
	*to = (struct config_octets){ copy, s.n };
	return true;
}

static void forget(struct config_octets *o)
{
	if (o->at)
		explicit_bzero(o->at, o->n);
	free(o->at);
	*o = (struct config_octets){ 0 };
}

void config_ike_free(struct config *c)
{
	for (size_t i = 0; i < c->ike_count; i++) {
		struct config_ike *x = &c->ikes[i];
		forget(&x->identity.data);
		forget(&x->psk);
		forget(&x->ppk_id);
		forget(&x->ppk);
		free(x->networks.p);
	}
	free(c->ikes);
	forget(&c->identity.data);
}

// That of the site being put, which is the last one.
static struct config_ike *current(struct config_build *b)
{
	struct config *c = b->config;
	size_t site = c->policy->site_count - 1;
	if (c->ike_count && c->ikes[c->ike_count - 1].site == site)
		return &c->ikes[c->ike_count - 1];
	struct config_ike *more = reallocarray(c->ikes, c->ike_count + 1, sizeof *more);
	if (!more) {
		b->st = ST_NO_MEMORY;
		return NULL;
	}
	c->ikes = more;
	more[c->ike_count] = (struct config_ike){ .site = site };
	return &more[c->ike_count++];
}

static void put_identity(struct config_build *b, struct config_identity *id, const struct setting *block)
{
	if (!block->first || block->first->next)
		config_error(b->report, block->place,
		             "an identity is one of fqdn, email, ip, dn, key-id; write for example "
		             "identity: { fqdn: site1 }");
	config_put_parts(b, id, block);
}

void put_tunnel_identity(struct config_build *b, void *target, const struct setting *s)
{
	put_identity(b, &b->config->identity, s);
}

void put_site_identity(struct config_build *b, void *target, const struct setting *s)
{
	struct config_ike *x = current(b);
	if (x)
		put_identity(b, &x->identity, s);
}

static void take_identity(struct config_build *b, struct config_identity *id, const struct setting *s)
{
	struct ike_made_identity made;
	enum st st = id->type ? ST_OK : ike_make_identity(s->key->name, s->text, &made);
	if (st == ST_FULL)
		config_error(b->report, s->place, "an identity has at most %d octets, and this one is longer",
		             IKE_ID_MAX);
	else if (st == ST_SYNTAX)
		config_error(b->report, s->place, "'%s' is no %s; write for example %s", s->text, s->key->name,
		             strcmp(s->key->name, "dn") == 0 ? "\"C=NL, O=Shop, CN=site1\"" : "192.0.2.7");
	else if (!id->type && keep(b, &id->data, span_of(made.octets, made.n)))
		id->type = made.type;
}

void put_identity_text(struct config_build *b, void *target, const struct setting *s)
{
	take_identity(b, target, s);
}

static void take_psk(struct config_build *b, const struct setting *s, struct span psk)
{
	struct config_ike *x = current(b);
	if (!x)
		return;
	if (x->psk.at) {
		config_error(b->report, s->place, "this site has two keys; leave psk or psk-file out");
		return;
	}
	if (ike_psk_is_weak(psk))
		config_warn(b->report, s->place,
		            "this key has %zu octets, and whoever hears one handshake can guess a short one; make one "
		            "by openssl rand -base64 32",
		            psk.n);
	(void)keep(b, &x->psk, psk);
}

void put_site_psk(struct config_build *b, void *target, const struct setting *s)
{
	take_psk(b, s, span_str(s->text));
}

void put_site_psk_file(struct config_build *b, void *target, const struct setting *s)
{
	uint8_t secret[CONFIG_SECRET_ROOM];
	size_t n = config_read_secret(b, s, secret);
	if (n)
		take_psk(b, s, span_of(secret, n));
	explicit_bzero(secret, sizeof secret);
}

void put_site_certificate(struct config_build *b, void *target, const struct setting *s)
{
	struct config_ike *x = current(b);
	if (x)
		x->by_certificate |= strcmp(s->key->name, "ca-file") == 0;
}

void put_site_ppk_id(struct config_build *b, void *target, const struct setting *s)
{
	struct config_ike *x = current(b);
	if (x)
		(void)keep(b, &x->ppk_id, span_str(s->text));
}

void put_site_ppk(struct config_build *b, void *target, const struct setting *s)
{
	struct config_ike *x = current(b);
	if (x)
		(void)keep(b, &x->ppk, span_str(s->text));
}

void put_site_networks(struct config_build *b, void *target, const struct setting *s)
{
	struct config_ike *x = current(b);
	if (!x)
		return;
	config_put_prefixes(b, &x->networks, s);
	if (x->networks.n > IKE_TS_MAX)
		config_error(b->report, s->place, "a site has at most %d networks, and this one has %zu; sum them up",
		             IKE_TS_MAX, x->networks.n);
}

void put_site_address(struct config_build *b, void *target, const struct setting *s)
{
	struct config_ike *x = current(b);
	struct prefix p;
	if (!x || prefix_parse(s->text, &p) != ST_OK)
		return;
	memcpy(x->address.ip, p.ip, sizeof p.ip);
	if (!addr_is_v4(&x->address))
		config_error(b->report, s->place, "'%s': addresses that are handed out are of IPv4", s->text);
}

void put_site_suites(struct config_build *b, void *target, const struct setting *s)
{
	struct config_ike *x = current(b);
	for (const struct setting *item = s->first; x && item; item = item->next) {
		const struct aead_alg *alg = aead_find(item->text);
		if (!alg)
			continue;
		x->suites |= (uint16_t)(1u << alg->id);
		if (!(IKE_AEADS & 1u << alg->id))
			config_warn(b->report, item->place,
			            "HMAC-SHA-1 is for gateways that know nothing newer; leave it out where you can");
	}
	if (!s->first)
		config_error(b->report, s->place,
		             "'suites' is empty; name some, or leave the key out to mean the best");
}

static int64_t life_of(struct config_build *b, const struct setting *s)
{
	int64_t seconds = 0;
	if (config_parse_span(s->text, &seconds) == ST_OK && seconds < CONFIG_LIFE_MIN)
		config_error(b->report, s->place, "'%s': keys live for %d seconds at least", s->text, CONFIG_LIFE_MIN);
	return seconds * IKE_SECOND;
}

void put_site_lifetime(struct config_build *b, void *target, const struct setting *s)
{
	struct config_ike *x = current(b);
	if (x)
		x->life = life_of(b, s);
}

void put_site_ike_lifetime(struct config_build *b, void *target, const struct setting *s)
{
	struct config_ike *x = current(b);
	if (x)
		x->ike_life = life_of(b, s);
}

// What a site lacks before IKE can connect it.
static void check_site(struct config_build *b, const struct config_ike *x, const struct setting *site)
{
	const char *name = b->config->policy->sites[x->site].name;
	if (!x->identity.type)
		config_error(b->report, site->place,
		             "site '%s' has a tunnel and no identity; add for example identity: "
		             "{ fqdn: %s }",
		             name, name);
	if (!x->psk.at && !x->by_certificate)
		config_error(b->report, site->place,
		             "site '%s' has a tunnel and no key; let trapline site rotate make one, or name a ca-file",
		             name);
	if (x->psk.at && x->by_certificate)
		config_error(b->report, site->place, "site '%s' has a shared key and a ca-file; leave one of them out",
		             name);
	if (!x->networks.n && addr_is_any(&x->address))
		config_error(
		        b->report, site->place,
		        "site '%s' has a tunnel and no networks behind it; add for example networks: [ 10.99.1.0/24 ]",
		        name);
	if (!x->ppk.n != !x->ppk_id.n)
		config_error(b->report, site->place, "site '%s' has one of ppk-id and ppk; a post-quantum key has both",
		             name);
	if (setting_find(site, "lab-keys"))
		config_error(b->report, site->place, "site '%s' has manual keys and those of IKE; leave one out", name);
}

static int compare_identities(const void *a, const void *b)
{
	const struct config_identity *x = &(*(const struct config_ike *const *)a)->identity;
	const struct config_identity *y = &(*(const struct config_ike *const *)b)->identity;
	if (x->type != y->type)
		return x->type < y->type ? -1 : 1;
	uint8_t p[DN_MARK], q[DN_MARK];
	struct span s = ike_known_as(x->type, span_of(x->data.at, x->data.n), p);
	struct span t = ike_known_as(y->type, span_of(y->data.at, y->data.n), q);
	if (s.n != t.n)
		return s.n < t.n ? -1 : 1;
	return s.n ? memcmp(s.p, t.p, s.n) : 0;
}

// A site is known by what its tunnel says it is, so no two may say the same.
static void check_identities(struct config_build *b, const struct setting *sites)
{
	const struct config *c = b->config;
	const struct config_ike **by = calloc(c->ike_count, sizeof(struct config_ike *));
	if (!by) {
		b->st = ST_NO_MEMORY;
		return;
	}
	for (size_t i = 0; i < c->ike_count; i++)
		by[i] = &c->ikes[i];
	qsort(by, c->ike_count, sizeof *by, compare_identities);
	for (size_t i = 1; i < c->ike_count; i++)
		if (by[i]->identity.type && compare_identities(&by[i - 1], &by[i]) == 0)
			config_error(b->report, sites->place, "sites '%s' and '%s' have the same identity; change one",
			             c->policy->sites[by[i - 1]->site].name, c->policy->sites[by[i]->site].name);
	free(by);
}

void config_check_ike(struct config_build *b, const struct setting *root)
{
	const struct config *c = b->config;
	const struct setting *sites = setting_find(root, "sites"), *site = sites ? sites->first : NULL;
	if (!c->ike_count || !site)
		return;
	size_t at = 0;
	for (size_t i = 0; i < c->ike_count && site; i++) {
		for (; at < c->ikes[i].site && site; at++)
			site = site->next;
		if (site)
			check_site(b, &c->ikes[i], site);
	}
	if (!c->identity.type)
		config_error(b->report, sites->place,
		             "sites with tunnels have to know us; add for example tunnel: { "
		             "identity: { fqdn: coll } }");
	check_identities(b, sites);
}
