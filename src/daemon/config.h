// SPDX-License-Identifier: Apache-2.0
// The configuration: trapline.yaml and, merged after it, DIR/local.yaml. One key table (config_keys.c) reads both; every
// complaint names file:line:column, what is wrong and what would be right. Keys not yet in force are accepted and warned of.
#ifndef DAEMON_CONFIG_H
#define DAEMON_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/json.h"
#include "crypto/cert.h"
#include "daemon/config_report.h"
#include "daemon/config_types.h"
#include "daemon/rule_file.h"
#include "intake/policy.h"
#include "poll/access.h"
#include "snmp/usm_users.h"

struct config_tree;
struct lab_keys;
struct config_trust;

// A site of the policy, by its place there, and its keys. Only serve --lab may use them.
struct config_lab {
	size_t site;
	struct lab_keys *keys; // tunnel/lab_keys.h
};

struct config_octets {
	uint8_t *at;
	size_t n;
};

// As it stands on the wire (RFC 7296 3.5); type 0: none.
struct config_identity {
	uint8_t type;
	struct config_octets data;
};

// A site of the policy, by its place there, that IKE connects.
struct config_ike {
	size_t site;
	struct config_identity identity;
	struct config_octets psk;
	bool by_certificate;              // instead of psk
	struct trust *trust;              // the configuration's; NULL: certificates were left unread
	struct config_octets ppk_id, ppk; // RFC 8784; none
	uint16_t suites;                  // bits by enum aead_id; 0: the defaults
	struct prefixes networks;
	struct addr address;    // handed out to it inside; all 0: none
	int64_t life, ike_life; // nanoseconds, of the keys of its traffic and of IKE; 0: the usual
};

struct config {
	char *file;      // where it came from, NULL: built-in
	char *data;      // state directory
	char *web;       // as text; not yet in force
	char *user;      // to become when started as root; NULL: stay
	char *engine_id; // hex, NULL: made
	struct config_listen *listen;
	size_t listen_count;
	struct policy *policy;  // communities, sites, relays, rate
	struct usm_user *users; // with their passwords
	size_t user_count;
	struct rule_set rules;
	struct poll_access *access; // who may be asked; its v3 entries are found by poll_access_users
	int64_t keep_ns;
	uint64_t keep_bytes;
	unsigned workers; // 0: by the number of cores
	struct config_listen *tunnel_listen;
	size_t tunnel_listen_count;
	struct addr *inner; // ours inside the tunnels
	size_t inner_count;
	struct config_lab *labs; // sites with manual keys
	size_t lab_count;
	struct config_identity identity; // ours
	struct credential *credential;   // NULL: none, or left unread
	struct config_trust *trusts;
	size_t trust_count;
	struct config_ike *ikes; // in the order of the policy's sites
	size_t ike_count;
	char **folders; // that `-file` secrets stand in, NULL-terminated (NULL: none): lock-in must leave them readable
	struct config_tree *tree; // what config_show writes
};

#define CONFIG_DEFAULT_FILE "/etc/trapline/trapline.yaml" // read when it exists and no file is named

// Flags that override (see serve); NULL or 0: not given.
struct config_flags {
	const char *file, *data, *web, *engine_id;
	const char *const *listen;
	size_t listen_count;
	unsigned workers;
	const struct crypto *crypto; // certificates are read with it; NULL: they are left unread
	bool lab;                    // sites with manual keys are served
};

// Reads the file, DIR/local.yaml and the flags; keeps nothing but *out, so it serves a reload too.
// ST_OK with a whole configuration (there may be warnings), or an error with at least one line in the report.
enum st config_load(const struct config_flags *flags, struct config **out, struct config_report *report);
void config_free(struct config *c);
enum { CONFIG_MARK_TEXT = 49 };
// The text of a mark (intake/policy.h) for an entry of `denied`.
void config_write_mark(const struct hash_key *key, uint64_t mark, char out[static CONFIG_MARK_TEXT]);
// Makes a community named "first" at random that only loopback may use and adds it to DIR/local.yaml (made with mode 0600
// if need be): for a start when nothing gives any community. On an error `why` says what is wrong.
enum st config_first_community(const char *dir, struct text *why);
// The merged result as YAML with secrets replaced by "(hidden)", for `check`.
void config_show(const struct config *c, struct text *out);

#endif
