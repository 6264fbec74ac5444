// SPDX-License-Identifier: Apache-2.0
// Who may be asked, and as whom: made by the daemon from `read`, `users` and `sites` of the configuration, immutable, given to
// the poller whole at a reload. A device that no entry names is never asked.
#ifndef POLL_ACCESS_H
#define POLL_ACCESS_H

#include <stdbool.h>

#include "base/addr.h"
#include "snmp/usm_users.h"

struct poll_prefixes {
	struct prefix *p;
	size_t n;
};

struct poll_credential {
	char *site;                // only devices of this site; NULL: of any
	struct poll_prefixes from; // only these addresses; none: any
	int32_t version;           // SNMP_VERSION_1, SNMP_VERSION_2C, SNMP_VERSION_3
	uint16_t port;             // 161
	uint8_t *community;        // owned
	size_t community_n;
	char *user;                    // v3: its name
	const struct usm_entry *entry; // v3: of poll_access.users, set by poll_access_users
};

// A site is reached by a tunnel, or it is one by source and its devices are reached at their addresses.
struct poll_site {
	char *name;
	struct poll_prefixes from;
	uint32_t tunnel; // its number there and 1; 0: none
	unsigned worker; // that has its SAs
};

struct poll_access {
	struct poll_credential *credentials; // the first that fits is used; no other is tried
	size_t credential_count;
	struct poll_site *sites;
	size_t site_count;
	struct usm_users *users; // owned
};

struct poll_access *poll_access_new(void);    // NULL: no memory
void poll_access_free(struct poll_access *a); // wipes; NULL is fine
// Takes over `users` and finds each credential's entry. ST_USER: *which has a user that is not there.
enum st poll_access_users(struct poll_access *a, struct usm_users *users, size_t *which);

// As whom, and which way.
struct poll_route {
	const struct poll_credential *credential;
	uint32_t tunnel; // as poll_site's; 0: straight to the address
	unsigned worker;
};

enum poll_refusal { POLL_MAY, POLL_NO_CREDENTIAL, POLL_NOWHERE, POLL_SHARED, POLL_TUNNEL_DOWN, POLL_SELECTORS };
// How to ask a device of a site ("" or NULL for none) at an address.
enum poll_refusal poll_access_find(const struct poll_access *a, struct span site, const struct addr *address,
                                   struct poll_route *out);
// For `asked`: why a device cannot be asked.
const char *poll_refusal_text(enum poll_refusal r);

#endif
