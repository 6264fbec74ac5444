// SPDX-License-Identifier: Apache-2.0
#include "daemon/config_keys.h"

#include <assert.h>
#include <string.h>

#include "daemon/config_put.h"
#include "daemon/limits.h"

#define ONE(in, name, type, put, meaning)                                                                              \
	{                                                                                                              \
		in, name, SHAPE_ONE, type, 0, BLOCK_TOP, put, meaning                                                  \
	}
#define NUMBER(in, name, max, put, meaning)                                                                            \
	{                                                                                                              \
		in, name, SHAPE_ONE, TYPE_NUMBER, max, BLOCK_TOP, put, meaning                                         \
	}
#define LIST(in, name, type, put, meaning)                                                                             \
	{                                                                                                              \
		in, name, SHAPE_LIST, type, 0, BLOCK_TOP, put, meaning                                                 \
	}
#define BLOCK(in, name, block, put, meaning)                                                                           \
	{                                                                                                              \
		in, name, SHAPE_BLOCK, TYPE_TEXT, 0, block, put, meaning                                               \
	}
#define BLOCKS(in, name, block, put, meaning)                                                                          \
	{                                                                                                              \
		in, name, SHAPE_BLOCKS, TYPE_TEXT, 0, block, put, meaning                                              \
	}

static const struct config_key keys[] = {
	ONE(BLOCK_TOP, "data", TYPE_PATH, put_data, "the folder that holds all state"),
	ONE(BLOCK_TOP, "web", TYPE_ENDPOINT, NULL, "where the page and the HTTP API are served"),
	LIST(BLOCK_TOP, "listen", TYPE_LISTEN, put_listen, "where traps arrive"),
	ONE(BLOCK_TOP, "user", TYPE_NAME, put_user, "the user to become when started as root"),
	NUMBER(BLOCK_TOP, "workers", CONFIG_WORKERS_MAX, put_workers,
	       "threads that receive; 0: by the number of cores"),
	NUMBER(BLOCK_TOP, "rate-limit", CONFIG_RATE_MAX, put_rate,
	       "messages per second and source before the rest is counted in one storm event; 0: no limit"),
	ONE(BLOCK_TOP, "engine-id", TYPE_ENGINE_ID, put_engine_id, "our SNMP engine ID in hex; without it one is made"),
	BLOCKS(BLOCK_TOP, "communities", BLOCK_COMMUNITY, put_community, "who may send SNMPv1 and v2c, and from where"),
	BLOCKS(BLOCK_TOP, "users", BLOCK_USER, put_users, "who may send SNMPv3"),
	LIST(BLOCK_TOP, "relays", TYPE_PREFIX, put_relays, "senders whose agent-addr and snmpTrapAddress are believed"),
	BLOCK(BLOCK_TOP, "retention", BLOCK_RETENTION, put_block, "how long and how much the journal keeps"),
	BLOCK(BLOCK_TOP, "tunnel", BLOCK_TUNNEL, put_block, "our end of the IPsec tunnels"),
	BLOCKS(BLOCK_TOP, "sites", BLOCK_SITE, put_site, "the places that devices stand in"),
	BLOCKS(BLOCK_TOP, "read", BLOCK_READ, put_read,
	       "as whom devices are asked back; the first entry that fits a device is used, and one that none fits is "
	       "never asked"),
	LIST(BLOCK_TOP, "rules", TYPE_PATH, put_rules,
	     "rule files, for devices whose meaning is only in a vendor's numbers or text"),
	BLOCKS(BLOCK_TOP, "denied", BLOCK_DENIED, put_denied,
	       "what does not wait to be allowed (written by trapline waiting deny)"),

	NUMBER(BLOCK_RETENTION, "days", CONFIG_DAYS_MAX, put_days, "age at which events are dropped; 0: never"),
	ONE(BLOCK_RETENTION, "size", TYPE_SIZE, put_size,
	    "size of the journal at which the oldest are dropped; 0: never"),

	ONE(BLOCK_COMMUNITY, "label", TYPE_NAME, put_label, "the name that events show instead of the community"),
	ONE(BLOCK_COMMUNITY, "community", TYPE_SECRET, put_community_text, "the community string"),
	ONE(BLOCK_COMMUNITY, "community-file", TYPE_PATH, put_community_file, "a file that holds the community string"),
	LIST(BLOCK_COMMUNITY, "from", TYPE_PREFIX, put_community_from, "the senders' addresses; empty: nobody"),
	LIST(BLOCK_COMMUNITY, "listeners", TYPE_LISTEN, put_community_listeners,
	     "only on these listeners; absent: on all"),
	LIST(BLOCK_COMMUNITY, "sites", TYPE_NAME, put_community_sites,
	     "only from these sites, which matters where sites have the same addresses inside; absent: from any"),

	ONE(BLOCK_USER, "name", TYPE_NAME, put_user_name, "the SNMPv3 user name; it may have several entries"),
	ONE(BLOCK_USER, "auth", TYPE_AUTH, put_user_auth, "the digest: md5 sha1 sha224 sha256 sha384 sha512"),
	ONE(BLOCK_USER, "auth-password", TYPE_SECRET, put_user_auth_password, "its password"),
	ONE(BLOCK_USER, "auth-password-file", TYPE_PATH, put_user_auth_password_file, "a file that holds it"),
	ONE(BLOCK_USER, "priv", TYPE_PRIV, put_user_priv, "the cipher: des aes128 aes192 aes256"),
	ONE(BLOCK_USER, "priv-password", TYPE_SECRET, put_user_priv_password, "its password"),
	ONE(BLOCK_USER, "priv-password-file", TYPE_PATH, put_user_priv_password_file, "a file that holds it"),
	ONE(BLOCK_USER, "level", TYPE_LEVEL, put_user_level,
	    "the least security level accepted; without it the most that the entry can do"),

	LIST(BLOCK_TUNNEL, "listen", TYPE_LISTEN, put_tunnel_listen, "where ESP in UDP and IKE arrive"),
	BLOCK(BLOCK_TUNNEL, "identity", BLOCK_IDENTITY, put_tunnel_identity, "who we are to the sites"),
	ONE(BLOCK_TUNNEL, "cert-file", TYPE_PATH, put_tunnel_certificate,
	    "our certificate in PEM, and behind it those between it and its CA; for sites with a ca-file"),
	ONE(BLOCK_TUNNEL, "key-file", TYPE_PATH, put_tunnel_certificate,
	    "its private key in PEM, without a passphrase"),
	LIST(BLOCK_TUNNEL, "inner", TYPE_ADDRESS, put_tunnel_inner, "our addresses inside the tunnels"),

	ONE(BLOCK_IDENTITY, "fqdn", TYPE_TEXT, put_identity_text, "a host name"),
	ONE(BLOCK_IDENTITY, "email", TYPE_TEXT, put_identity_text, "a mail address"),
	ONE(BLOCK_IDENTITY, "ip", TYPE_ADDRESS, put_identity_text, "an address"),
	ONE(BLOCK_IDENTITY, "dn", TYPE_TEXT, put_identity_text, "a certificate's distinguished name"),
	ONE(BLOCK_IDENTITY, "key-id", TYPE_TEXT, put_identity_text, "an opaque key identifier"),

	ONE(BLOCK_SITE, "name", TYPE_NAME, put_site_name, "the site's name, once"),
	LIST(BLOCK_SITE, "from", TYPE_PREFIX, put_site_from, "a site without a tunnel: the sources that are it"),
	BLOCK(BLOCK_SITE, "identity", BLOCK_IDENTITY, put_site_identity, "who the site's tunnel says it is"),
	ONE(BLOCK_SITE, "psk", TYPE_SECRET, put_site_psk, "the pre-shared key of its tunnel"),
	ONE(BLOCK_SITE, "psk-file", TYPE_PATH, put_site_psk_file, "a file that holds it"),
	ONE(BLOCK_SITE, "ca-file", TYPE_PATH, put_site_certificate,
	    "instead of psk: the site shows a certificate with its identity that one of these CAs signed"),
	ONE(BLOCK_SITE, "crl-file", TYPE_PATH, put_site_certificate,
	    "the CAs' revocation lists; with it a certificate without a valid one of its issuer is refused"),
	ONE(BLOCK_SITE, "ppk-id", TYPE_TEXT, put_site_ppk_id,
	    "the name of a post-quantum pre-shared key (RFC 8784), which is required then"),
	ONE(BLOCK_SITE, "ppk", TYPE_SECRET, put_site_ppk, "that key"),
	LIST(BLOCK_SITE, "networks", TYPE_PREFIX, put_site_networks, "the networks behind its tunnel"),
	ONE(BLOCK_SITE, "address", TYPE_ADDRESS, put_site_address,
	    "the inner address that the site is given when its tunnel asks for one"),
	LIST(BLOCK_SITE, "suites", TYPE_SUITE, put_site_suites,
	     "what its packets may be sealed with; absent: the best that both know, and never HMAC-SHA-1"),
	ONE(BLOCK_SITE, "lifetime", TYPE_SPAN, put_site_lifetime,
	    "how long one key of its traffic is used; new ones are made before; without it 1h"),
	ONE(BLOCK_SITE, "ike-lifetime", TYPE_SPAN, put_site_ike_lifetime, "the same of IKE's own keys; without it 4h"),
	ONE(BLOCK_SITE, "lab-keys", TYPE_PATH, put_site_lab_keys,
	    "a file of manual keys, for tests; only serve --lab takes it"),

	ONE(BLOCK_READ, "site", TYPE_NAME, put_read_site, "only devices of this site"),
	LIST(BLOCK_READ, "from", TYPE_PREFIX, put_read_from, "only devices at these addresses"),
	ONE(BLOCK_READ, "community", TYPE_SECRET, put_read_community, "ask with this community"),
	ONE(BLOCK_READ, "community-file", TYPE_PATH, put_read_community_file, "a file that holds the community"),
	ONE(BLOCK_READ, "user", TYPE_NAME, put_read_user,
	    "ask by SNMPv3 as this entry of users, instead of a community"),
	ONE(BLOCK_READ, "version", TYPE_VERSION, put_read_version, "1 or 2c with a community; without it 2c"),
	NUMBER(BLOCK_READ, "port", CONFIG_PORT_MAX, put_read_port, "the UDP port that they answer on; without it 161"),

	LIST(BLOCK_DENIED, "from", TYPE_PREFIX, put_denied_from, "the senders' addresses"),
	ONE(BLOCK_DENIED, "mark", TYPE_TEXT, put_denied_mark, "a keyed hash of the community or user name"),
	ONE(BLOCK_DENIED, "note", TYPE_TEXT, put_denied_note, "for people who read the file"),

	BLOCKS(BLOCK_RULE_FILE, "rules", BLOCK_RULE, put_block, "the rules; the first one that matches a trap decides"),
	ONE(BLOCK_RULE, "name", TYPE_TEXT, put_block, "the rule's name, for people"),
	ONE(BLOCK_RULE, "trap", TYPE_OID, put_block, "the trap's OID is this or below it"),
	ONE(BLOCK_RULE, "enterprise", TYPE_OID, put_block, "its enterprise is this or below it"),
	ONE(BLOCK_RULE, "text", TYPE_TEXT, put_block, "some text among its values holds this"),
	BLOCKS(BLOCK_RULE, "values", BLOCK_RULE_VALUE, put_block, "what its values are; all must hold"),
	ONE(BLOCK_RULE, "do", TYPE_VERB, put_block, "raise an alarm, clear it, or ignore the trap"),
	ONE(BLOCK_RULE, "key", TYPE_PATTERN, put_block,
	    "which alarm of the device: the same key is the same alarm; may hold {text}, {trap}, {OID}"),
	ONE(BLOCK_RULE, "severity", TYPE_SEVERITY, put_block, "of the alarm; without it warning"),
	ONE(BLOCK_RULE, "words", TYPE_PATTERN, put_block, "the alarm's sentence; may hold {text}, {trap}, {OID}"),
	ONE(BLOCK_RULE, "who", TYPE_TEXT, put_block, "who can put it right"),
	ONE(BLOCK_RULE, "expires", TYPE_SPAN, put_block,
	    "it is over so long after the last such trap; without it never"),
	ONE(BLOCK_RULE_VALUE, "oid", TYPE_OID, put_block, "the first value at this OID or below it"),
	ONE(BLOCK_RULE_VALUE, "is", TYPE_TEXT, put_block, "in plain words is exactly this"),
	ONE(BLOCK_RULE_VALUE, "contains", TYPE_TEXT, put_block, "holds this"),
};
static_assert(sizeof keys / sizeof *keys <= CONFIG_KEYS_MAX, "the reader marks every key");

const struct config_key *config_keys(size_t *n)
{
	*n = sizeof keys / sizeof *keys;
	return keys;
}

const struct config_key *config_key_find(enum config_block in, const char *name)
{
	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
		if (keys[i].in == in && strcmp(keys[i].name, name) == 0)
			return &keys[i];
	return NULL;
}

// Levenshtein's distance, two rows; names longer than CONFIG_NAME_MAX are near to nothing.
static unsigned distance(const char *a, const char *b)
{
	size_t n = strlen(a), m = strlen(b);
	unsigned row[CONFIG_NAME_MAX + 1];
	if (n > CONFIG_NAME_MAX || m > CONFIG_NAME_MAX)
		return CONFIG_NAME_MAX;
	for (size_t j = 0; j <= m; j++)
		row[j] = (unsigned)j;
	for (size_t i = 1; i <= n; i++) {
		unsigned corner = row[0];
		row[0] = (unsigned)i;
		for (size_t j = 1; j <= m; j++) {
			unsigned best = corner + (a[i - 1] != b[j - 1]);
			corner = row[j];
			if (row[j] + 1 < best)
				best = row[j] + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			row[j] = best;
		}
	}
	return row[m];
}

const struct config_key *config_key_near(enum config_block in, const char *name)
{
	const struct config_key *near = NULL;
	unsigned best = CONFIG_SUGGEST_DISTANCE + 1;
	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
		unsigned d = keys[i].in == in ? distance(keys[i].name, name) : best;
		if (d < best && d < strlen(keys[i].name)) {
			best = d;
			near = &keys[i];
		}
	}
	return near;
}

const char *config_block_example(enum config_block block)
{
	static const char *const examples[BLOCK_COUNT] = {
		[BLOCK_TOP] = "data: /var/lib/trapline",
		[BLOCK_RETENTION] = "{ days: 400, size: 50GB }",
		[BLOCK_COMMUNITY] = "{ label: ops, community: \"...\", from: [ 10.0.0.0/8 ] }",
		[BLOCK_USER] = "{ name: alice, auth: sha256, auth-password: \"...\" }",
		[BLOCK_TUNNEL] = "{ listen: [ \"udp:0.0.0.0:2797\" ] }",
		[BLOCK_IDENTITY] = "{ fqdn: site1 }",
		[BLOCK_DENIED] = "{ from: [ 10.0.0.7 ], mark: \"...\" }",
		[BLOCK_READ] = "{ from: [ 10.2.0.0/16 ], community: \"...\" }",
		[BLOCK_RULE_FILE] = "rules: [ { do: raise, key: error, text: \"ERROR\", words: \"{text}\" } ]",
		[BLOCK_RULE] = "{ do: raise, key: error, text: \"ERROR\", words: \"{text}\" }",
		[BLOCK_RULE_VALUE] = "{ oid: 1.3.6.1.4.1.10642.20.3.6, is: \"5\" }",
		[BLOCK_SITE] = "{ name: head-office, from: [ 10.2.0.0/16 ] }",
	};
	return examples[block];
}
