// SPDX-License-Identifier: Apache-2.0
// Where the values of the key table go: one function per kind of destination, named by the rows of config_keys.c.
#ifndef DAEMON_CONFIG_PUT_H
#define DAEMON_CONFIG_PUT_H

#include "daemon/config.h"
#include "daemon/config_tree.h"

struct config_build {
	struct config *config;
	struct config_report *report;
	const struct crypto *crypto; // NULL: certificates are left unread
	enum st st;                  // ST_NO_MEMORY once memory ran out
};

// Puts every part of a block; keys that are not in force are passed over.
void config_put_parts(struct config_build *b, void *target, const struct setting *block);
// `text` as a path: absolute, or below the folder of the file it stands in. NULL: no memory (b->st says so).
char *config_path(struct config_build *b, const struct setting *s);

config_put_fn put_data, put_user, put_engine_id, put_listen, put_workers, put_rate, put_relays, put_block, put_days,
        put_size;
config_put_fn put_community, put_label, put_community_text, put_community_file, put_community_from,
        put_community_listeners;
config_put_fn put_denied, put_denied_from, put_denied_mark, put_denied_note;
config_put_fn put_site, put_site_name, put_site_from;
config_put_fn put_users, put_user_name, put_user_auth, put_user_auth_password, put_user_auth_password_file,
        put_user_priv, put_user_priv_password, put_user_priv_password_file, put_user_level;
config_put_fn put_read, put_read_site, put_read_from, put_read_community, put_read_community_file, put_read_user,
        put_read_version, put_read_port;
config_put_fn put_tunnel_listen, put_tunnel_inner, put_site_lab_keys, put_community_sites;
config_put_fn put_tunnel_identity, put_site_identity, put_identity_text, put_site_psk, put_site_psk_file,
        put_site_ppk_id, put_site_ppk, put_site_networks, put_tunnel_certificate, put_site_certificate,
        put_site_address, put_site_lifetime, put_site_suites, put_site_ike_lifetime;
void config_tunnel_free(struct config *c);
void config_ike_free(struct config *c);
void config_cert_free(struct config *c);
config_put_fn put_rules;
// Wipes and frees what they put.
void config_users_free(struct config *c);

// Appends the prefixes of a list to *out.
void config_put_prefixes(struct config_build *b, struct prefixes *out, const struct setting *list);
// What only the whole shows: names and prefixes that two sites claim.
void config_check_sites(struct config_build *b, const struct setting *root);
// The same of `read`: sites and users that are not there. Takes the sites over into config->access.
void config_check_read(struct config_build *b, const struct setting *root);
// The same of tunnels: where they arrive, sites that are known by address and by keys, keys that two sites have.
void config_check_tunnel(struct config_build *b, const struct setting *root);
// The same of sites that IKE connects: what they lack, identities that two have.
void config_check_ike(struct config_build *b, const struct setting *root);
// Reads the certificates that tunnel and sites name.
void config_check_certs(struct config_build *b, const struct setting *root);
// The same of listeners: named twice, or by a community but not listened on.
void config_check_listeners(struct config_build *b, const struct setting *root);

#endif
