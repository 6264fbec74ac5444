// SPDX-License-Identifier: Apache-2.0
// The configured users: a name with passwords, a minimum level, and the keys made from the passwords. Several entries
// may share a name; they are tried in the order of the configuration. Made by the main thread, immutable, shared by all
// workers, replaced whole at a reload.
#ifndef SNMP_USM_USERS_H
#define SNMP_USM_USERS_H

#include "snmp/limits.h"
#include "snmp/usm_keys.h"

// One entry as the configuration gives it. Without `auth` there is no `priv` either.
struct usm_user {
	struct span name; // 1..SNMP_USER_MAX octets
	const struct usm_auth *auth;
	struct span auth_password;
	const struct usm_priv *priv;
	struct span priv_password;
	uint8_t level; // enum usm_level: the least that is accepted; 0: the most the entry can do
};

struct usm_entry {
	// Names the entry across reloads: the same as long as nothing of it changed, never used again for another.
	uint64_t serial;
	uint8_t name[SNMP_USER_MAX];
	uint8_t name_n;
	uint8_t level; // the least accepted
	const struct usm_auth *auth;
	const struct usm_priv *priv;
	uint8_t auth_ku[USM_KEY_MAX], priv_ku[USM_KEY_MAX];
	struct usm_keys own; // at our engine, complete: for informs
};

struct usm_users {
	struct usm_entry *entries; // by name, then in the order of the configuration
	size_t n;
	uint64_t next_serial;
	uint8_t engine[SNMP_ENGINE_ID_MAX]; // ours
	uint8_t engine_n;
};

// `engine` is our own engine ID (5..32 octets). `previous` (or NULL) is what it will replace. ST_SYNTAX: an entry that
// cannot be, *which says the index: an empty or over-long name or password, privacy without authentication, a level
// above what the entry can do; or too many entries (*which = n). ST_NO_MEMORY. The caller owns *out: usm_users_free.
enum st usm_users_new(const struct usm_user *users, size_t n, struct span engine, const struct usm_users *previous,
                      struct usm_users **out, size_t *which);
void usm_users_free(struct usm_users *u); // wipes

// The entries of a name: the first, and how many; NULL when there is none.
const struct usm_entry *usm_users_find(const struct usm_users *u, struct span name, size_t *count);
// The entry with this name and serial, or NULL: it was deleted or changed.
const struct usm_entry *usm_users_same(const struct usm_users *u, struct span name, uint64_t serial);

struct span usm_entry_name(const struct usm_entry *e);
uint8_t usm_entry_strongest(const struct usm_entry *e); // enum usm_level
// Whether a message of this level may use the entry: no less than demanded, no more than it has keys for.
bool usm_entry_allows(const struct usm_entry *e, uint8_t level);
// The keys of an entry at an engine: the digest's key now, the privacy key of an extension when it is wanted.
void usm_entry_auth_keys(const struct usm_entry *e, struct span engine, struct usm_keys *out);
void usm_entry_priv_key(const struct usm_entry *e, struct span engine, enum usm_extension extension,
                        struct usm_keys *keys);

#endif
