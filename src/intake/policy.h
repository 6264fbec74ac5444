// SPDX-License-Identifier: Apache-2.0
// Who may send what: made by the daemon from the configuration, immutable, replaced whole at a reload.
#ifndef INTAKE_POLICY_H
#define INTAKE_POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/hash.h"
#include "base/span.h"

struct usm_users;

struct prefixes {
	struct prefix *p;
	size_t n;
};

struct policy_community {
	char *label;
	uint8_t *community; // a secret in name only; compared as octets, never shown
	size_t n;
	struct prefixes from;   // empty: nobody
	struct addr *listeners; // only on these, none: on all
	size_t listener_count;
	char **sites; // only from these, none: from anywhere
	size_t site_count;
};

struct policy_site {
	char *name;
	struct prefixes from;
};

// What an operator does not want to see waiting: a credential from some addresses. The credential is there as a hash under a
// random key of its own, never in clear.
struct policy_denied {
	struct prefixes from;
	struct hash_key key;
	uint64_t mark; // policy_mark of it
};

struct policy {
	struct policy_community *communities;
	size_t community_count;
	struct policy_site *sites; // the longest prefix wins
	size_t site_count;
	struct policy_denied *denied;
	size_t denied_count;
	struct prefixes relays;
	struct usm_users *users; // of SNMPv3, owned
	uint32_t rate;           // messages per second and source before a storm row is kept; 0: no limit
};

struct policy *policy_new(void);
void policy_free(struct policy *p);

// What an authorisation asks about a sender. The site is what its tunnel says, or what its address does (policy_site).
struct policy_sender {
	struct addr peer, listener;
	struct span site;
};

// The label of the community, or NULL: *why says ST_COMMUNITY (no such community here) or ST_SOURCE (known, but not from
// this address or site). Compares every candidate in constant time.
const struct policy_community *policy_community(const struct policy *p, struct span community,
                                                const struct policy_sender *sender, enum st *why);
// The label of a community from anywhere, or NULL.
const char *policy_label(const struct policy *p, struct span community);
const char *policy_site(const struct policy *p, const struct addr *peer); // "" when none
// The mark of a credential (community or user name) of a site; one for v1 and v2c.
uint64_t policy_mark(const struct hash_key *key, uint8_t version, struct span site, struct span credential);
// Of a message that is not allowed: whether an operator denied it.
bool policy_denied(const struct policy *p, const struct addr *peer, uint8_t version, struct span site,
                   struct span credential);
bool policy_relay(const struct policy *p, const struct addr *peer);

#endif
