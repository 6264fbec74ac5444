// SPDX-License-Identifier: Apache-2.0
// SNMPv3 users: entries of a name and passwords. Several may share a name.
#include <stdlib.h>
#include <string.h>

#include "daemon/config_secret.h"

enum { PASSWORD_ADVISED = 8 }; // octets, RFC 3414 11.2

static struct span copy_octets(struct config_build *b, struct span s)
{
	uint8_t *p = malloc(s.n);
	if (!p) {
		b->st = ST_NO_MEMORY;
		return (struct span){ 0 };
	}
	memcpy(p, s.p, s.n);
	return span_of(p, s.n);
}

static void take_password(struct config_build *b, struct span *to, struct config_place at, struct span password)
{
	if (to->n || !password.n)
		return;
	if (password.n < PASSWORD_ADVISED)
		config_warn(b->report, at, "this password is shorter than the %d octets that RFC 3414 asks for",
		            PASSWORD_ADVISED);
	*to = copy_octets(b, password);
}

static void take_password_file(struct config_build *b, struct span *to, const struct setting *s)
{
	uint8_t secret[CONFIG_SECRET_ROOM];
	size_t n = config_read_secret(b, s, secret);
	take_password(b, to, s->place, span_of(secret, n));
	explicit_bzero(secret, sizeof secret);
}

void put_user_name(struct config_build *b, void *target, const struct setting *s)
{
	struct usm_user *u = target;
	if (strlen(s->text) > SNMP_USER_MAX)
		config_error(b->report, s->place, "this name has %zu octets; a user name has at most %d",
		             strlen(s->text), SNMP_USER_MAX);
	else
		u->name = copy_octets(b, span_str(s->text));
}

void put_user_auth(struct config_build *b, void *target, const struct setting *s)
{
	struct usm_user *u = target;
	u->auth = usm_auth_by_name(s->text);
}

void put_user_priv(struct config_build *b, void *target, const struct setting *s)
{
	struct usm_user *u = target;
	u->priv = usm_priv_by_name(s->text);
}

void put_user_auth_password(struct config_build *b, void *target, const struct setting *s)
{
	struct usm_user *u = target;
	take_password(b, &u->auth_password, s->place, span_str(s->text));
}

void put_user_auth_password_file(struct config_build *b, void *target, const struct setting *s)
{
	struct usm_user *u = target;
	take_password_file(b, &u->auth_password, s);
}

void put_user_priv_password(struct config_build *b, void *target, const struct setting *s)
{
	struct usm_user *u = target;
	take_password(b, &u->priv_password, s->place, span_str(s->text));
}

void put_user_priv_password_file(struct config_build *b, void *target, const struct setting *s)
{
	struct usm_user *u = target;
	take_password_file(b, &u->priv_password, s);
}

void put_user_level(struct config_build *b, void *target, const struct setting *s)
{
	static const char *const names[] = {
		[USM_NOAUTH] = "noAuthNoPriv", [USM_AUTH] = "authNoPriv", [USM_AUTHPRIV] = "authPriv"
	};
	struct usm_user *u = target;
	for (uint8_t i = USM_NOAUTH; i <= USM_AUTHPRIV; i++)
		if (strcmp(names[i], s->text) == 0)
			u->level = i;
}

static void check_secret(struct config_build *b, const struct setting *item, const char *what, const char *key,
                         const char *key_file)
{
	const struct setting *alg = setting_find(item, what), *text = setting_find(item, key),
	                     *file = setting_find(item, key_file);
	if (text && file)
		config_error(b->report, file->place, "'%s' and '%s' stand together; keep one", key, key_file);
	if (alg && !text && !file)
		config_error(b->report, alg->place, "'%s' without a password; add %s: \"...\" or %s: PATH", what, key,
		             key_file);
	if (!alg && (text || file))
		config_error(b->report, (text ? text : file)->place, "a password without '%s'; add for example %s: %s",
		             what, what, strcmp(what, "auth") == 0 ? "sha256" : "aes128");
}

static void check_user(struct config_build *b, const struct setting *item)
{
	const struct setting *auth = setting_find(item, "auth"), *priv = setting_find(item, "priv"),
	                     *level = setting_find(item, "level");
	if (!setting_find(item, "name"))
		config_error(b->report, item->place, "this user has no name; add for example name: alice");
	check_secret(b, item, "auth", "auth-password", "auth-password-file");
	check_secret(b, item, "priv", "priv-password", "priv-password-file");
	if (priv && !auth)
		config_error(b->report, priv->place, "privacy needs authentication; add for example auth: sha256");
	if (level && strcmp(level->text, "noAuthNoPriv") != 0 && !auth)
		config_error(b->report, level->place, "level %s needs 'auth' and its password", level->text);
	if (level && strcmp(level->text, "authPriv") == 0 && auth && !priv)
		config_error(b->report, level->place, "level authPriv needs 'priv' and its password");
	if (!auth)
		config_warn(b->report, item->place,
		            "this user needs no password: everybody who knows the name is believed");
}

void put_users(struct config_build *b, void *target, const struct setting *list)
{
	struct config *c = b->config;
	for (const struct setting *item = list->first; item && b->st == ST_OK; item = item->next) {
		struct usm_user *more = reallocarray(c->users, c->user_count + 1, sizeof *more);
		if (!more) {
			b->st = ST_NO_MEMORY;
			return;
		}
		c->users = more;
		struct usm_user *u = &more[c->user_count++];
		*u = (struct usm_user){ 0 };
		check_user(b, item);
		config_put_parts(b, u, item);
	}
}

static void wipe(struct span s)
{
	uint8_t *p = (uint8_t *)(uintptr_t)s.p;
	if (p)
		explicit_bzero(p, s.n);
	free(p);
}

void config_users_free(struct config *c)
{
	for (size_t i = 0; i < c->user_count; i++) {
		wipe(c->users[i].name);
		wipe(c->users[i].auth_password);
		wipe(c->users[i].priv_password);
	}
	free(c->users);
}
