// SPDX-License-Identifier: Apache-2.0
#include "cli/user.h"

#include <string.h>

#include "cli/cli.h"
#include "cli/secret.h"
#include "event/event.h"

static int take_level(const struct args *a, uint8_t *out)
{
	const char *level = args_value(a, "level");
	for (uint8_t i = LEVEL_NOAUTH; level && i < LEVEL_COUNT; i++)
		if (strcmp(level, event_level_name(i)) == 0) {
			*out = i;
			return CLI_DONE;
		}
	return level ? args_wrong(a, "--level %s: write noAuthNoPriv, authNoPriv or authPriv", level) : CLI_DONE;
}

static int take_algorithms(const struct args *a, struct usm_user *u)
{
	const char *auth = args_value(a, "auth"), *priv = args_value(a, "priv");
	if (auth && !(u->auth = usm_auth_by_name(auth)))
		return args_wrong(a, "--auth %s: write md5, sha1, sha224, sha256, sha384 or sha512", auth);
	if (priv && !(u->priv = usm_priv_by_name(priv)))
		return args_wrong(a, "--priv %s: write des, aes128, aes192 or aes256", priv);
	if (priv && !auth)
		return args_wrong(a, "--priv: privacy needs authentication, give --auth too");
	return CLI_DONE;
}

static int take_passwords(const struct args *a, struct user_given *u)
{
	int code = secret_option(a, "auth-password", USM_PASSWORD_MAX, &u->auth_password);
	if (code == CLI_DONE)
		code = secret_option(a, "priv-password", USM_PASSWORD_MAX, &u->priv_password);
	if (code != CLI_DONE)
		return code;
	if (u->user.auth && !u->auth_password.n)
		return args_wrong(a, "--auth: give its password with --auth-password-file or --auth-password");
	if (!u->user.auth && u->auth_password.n)
		return args_wrong(a, "a password without --auth; add for example --auth sha256");
	if (!u->user.priv && u->priv_password.n)
		return args_wrong(a, "a privacy password without --priv; add for example --priv aes128");
	return CLI_DONE;
}

// Options that say nothing without a user.
static int check_alone(const struct args *a)
{
	static const char *const names[] = { "auth", "auth-password", "auth-password-file",
		                             "priv", "priv-password", "priv-password-file",
		                             "level" };
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (args_has(a, names[i]))
			return args_wrong(a, "--%s is for version 3: name the user with --user", names[i]);
	return CLI_DONE;
}

int user_given_of(const struct args *a, struct user_given *out)
{
	const char *name = args_value(a, "user");
	*out = (struct user_given){ 0 };
	int code = take_level(a, &out->user.level);
	if (code != CLI_DONE || !name)
		return code != CLI_DONE ? code : check_alone(a);
	out->user.name = span_str(name);
	if (out->user.name.n == 0 || out->user.name.n > SNMP_USER_MAX)
		return args_wrong(a, "--user: a name has 1 to %d octets", SNMP_USER_MAX);
	code = take_algorithms(a, &out->user);
	if (code == CLI_DONE)
		code = take_passwords(a, out);
	if (code != CLI_DONE)
		return code;
	const struct text *priv = out->priv_password.n ? &out->priv_password : &out->auth_password;
	uint8_t strongest = out->user.priv ? USM_AUTHPRIV : out->user.auth ? USM_AUTH : USM_NOAUTH;
	if (out->user.level > strongest)
		return args_wrong(a, "--level %s needs %s", event_level_name(out->user.level),
		                  strongest == USM_AUTH ? "--priv" : "--auth");
	out->user.auth_password = span_of(out->auth_password.p, out->auth_password.n);
	if (out->user.priv)
		out->user.priv_password = span_of(priv->p, priv->n);
	return CLI_DONE;
}

void user_given_done(struct user_given *u)
{
	secret_text_done(&u->auth_password);
	secret_text_done(&u->priv_password);
	*u = (struct user_given){ 0 };
}
