// SPDX-License-Identifier: Apache-2.0
#include "snmp/usm_users.h"

#include <stdlib.h>

#include "crypto/secret.h"

struct span usm_entry_name(const struct usm_entry *e)
{
	return span_of(e->name, e->name_n);
}

uint8_t usm_entry_strongest(const struct usm_entry *e)
{
	return e->priv ? USM_AUTHPRIV : e->auth ? USM_AUTH : USM_NOAUTH;
}

bool usm_entry_allows(const struct usm_entry *e, uint8_t level)
{
	return level >= e->level && level <= usm_entry_strongest(e);
}

void usm_entry_auth_keys(const struct usm_entry *e, struct span engine, struct usm_keys *out)
{
	uint8_t kul[USM_KEY_MAX];
	usm_localise(e->auth->digest, e->auth_ku, engine, kul);
	*out = (struct usm_keys){ .hmac = hmac_key_of(e->auth->digest, span_of(kul, e->auth->digest->size)) };
	secret_wipe(kul, sizeof kul);
}

void usm_entry_priv_key(const struct usm_entry *e, struct span engine, enum usm_extension extension,
                        struct usm_keys *keys)
{
	uint8_t kul[USM_KEY_MAX];
	usm_localise(e->auth->digest, e->priv_ku, engine, kul);
	usm_privacy_key(e->auth->digest, e->priv, kul, engine, extension, keys->priv[extension]);
	keys->has_priv[extension] = true;
	secret_wipe(kul, sizeof kul);
}

static bool password_fits(struct span password)
{
	return password.n > 0 && password.n <= USM_PASSWORD_MAX;
}

static bool user_fits(const struct usm_user *u)
{
	uint8_t strongest = u->priv ? USM_AUTHPRIV : u->auth ? USM_AUTH : USM_NOAUTH;
	return u->name.n > 0 && u->name.n <= SNMP_USER_MAX && (!u->auth || password_fits(u->auth_password)) &&
	       (!u->priv || (u->auth && password_fits(u->priv_password))) && u->level <= strongest;
}

static void fill(struct usm_entry *e, const struct usm_user *u, struct span engine)
{
	memcpy(e->name, u->name.p, u->name.n);
	e->name_n = (uint8_t)u->name.n;
	e->auth = u->auth;
	e->priv = u->priv;
	e->level = u->level ? u->level : usm_entry_strongest(e);
	if (!e->auth)
		return;
	usm_password_to_key(e->auth->digest, u->auth_password, e->auth_ku);
	usm_entry_auth_keys(e, engine, &e->own);
	if (!e->priv)
		return;
	if (span_equal(u->auth_password, u->priv_password))
		memcpy(e->priv_ku, e->auth_ku, sizeof e->priv_ku);
	else
		usm_password_to_key(e->auth->digest, u->priv_password, e->priv_ku);
	for (int x = 0; x < (usm_stretches(e->auth->digest, e->priv) ? USM_EXTENSIONS : 1); x++)
		usm_entry_priv_key(e, engine, (enum usm_extension)x, &e->own);
}

static int by_name(struct span a, struct span b)
{
	size_t common = a.n < b.n ? a.n : b.n;
	int order = common ? memcmp(a.p, b.p, common) : 0;
	return order ? order : (a.n > b.n) - (a.n < b.n);
}

// The serial still holds the place in the configuration, which decides among equal names.
static int entry_order(const void *a, const void *b)
{
	const struct usm_entry *x = a, *y = b;
	int order = by_name(usm_entry_name(x), usm_entry_name(y));
	return order ? order : (x->serial > y->serial) - (x->serial < y->serial);
}

static bool same_entry(const struct usm_entry *a, const struct usm_entry *b)
{
	return a->level == b->level && a->auth == b->auth && a->priv == b->priv &&
	       secret_equal(span_of(a->auth_ku, USM_KEY_MAX), span_of(b->auth_ku, USM_KEY_MAX)) &&
	       secret_equal(span_of(a->priv_ku, USM_KEY_MAX), span_of(b->priv_ku, USM_KEY_MAX));
}

static void give_serial(struct usm_users *u, struct usm_entry *e, const struct usm_users *previous)
{
	size_t count = 0;
	const struct usm_entry *old = previous ? usm_users_find(previous, usm_entry_name(e), &count) : NULL;
	for (size_t i = 0; i < count; i++)
		if (same_entry(&old[i], e)) {
			e->serial = old[i].serial;
			return;
		}
	e->serial = u->next_serial++;
}

enum st usm_users_new(const struct usm_user *users, size_t n, struct span engine, const struct usm_users *previous,
                      struct usm_users **out, size_t *which)
{
	*which = n;
	if (n > USM_ENTRIES_MAX || engine.n < SNMP_ENGINE_ID_MIN || engine.n > SNMP_ENGINE_ID_MAX)
		return ST_SYNTAX;
	for (size_t i = 0; i < n; i++)
		if (!user_fits(&users[i])) {
			*which = i;
			return ST_SYNTAX;
		}
	struct usm_users *u = calloc(1, sizeof *u);
	if (!u || !(u->entries = calloc(n + 1, sizeof *u->entries))) {
		free(u);
		return ST_NO_MEMORY;
	}
	u->n = n;
	u->next_serial = previous ? previous->next_serial : 1;
	memcpy(u->engine, engine.p, engine.n);
	u->engine_n = (uint8_t)engine.n;
	for (size_t i = 0; i < n; i++) {
		fill(&u->entries[i], &users[i], engine);
		u->entries[i].serial = i;
	}
	qsort(u->entries, n, sizeof *u->entries, entry_order);
	for (size_t i = 0; i < n; i++)
		give_serial(u, &u->entries[i], previous);
	*out = u;
	return ST_OK;
}

void usm_users_free(struct usm_users *u)
{
	if (!u)
		return;
	secret_wipe(u->entries, u->n * sizeof *u->entries);
	free(u->entries);
	free(u);
}

const struct usm_entry *usm_users_find(const struct usm_users *u, struct span name, size_t *count)
{
	size_t low = 0, high = u->n;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (by_name(usm_entry_name(&u->entries[middle]), name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	size_t end = low;
	while (end < u->n && span_equal(usm_entry_name(&u->entries[end]), name))
		end++;
	*count = end - low;
	return *count ? &u->entries[low] : NULL;
}

const struct usm_entry *usm_users_same(const struct usm_users *u, struct span name, uint64_t serial)
{
	size_t count;
	const struct usm_entry *e = usm_users_find(u, name, &count);
	for (size_t i = 0; i < count; i++)
		if (e[i].serial == serial)
			return &e[i];
	return NULL;
}
