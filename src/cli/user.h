// SPDX-License-Identifier: Apache-2.0
// The SNMPv3 user that the options of a command name: --user --auth --auth-password[-file] --priv --priv-password[-file]
// --level --extend. Shared by `send` and `decode`.
#ifndef CLI_USER_H
#define CLI_USER_H

#include "base/json.h"
#include "cli/options.h"
#include "snmp/usm_users.h"

// Rows for an option table.
#define CLI_USER_OPTIONS                                                                                               \
	{ "user", 0, "NAME", NULL, "version 3: the user" },                                                            \
	        { "auth", 0, "DIGEST", "md5 sha1 sha224 sha256 sha384 sha512",                                         \
		  "its digest: md5 sha1 sha224 sha256 sha384 sha512" },                                                \
	        { "auth-password", 0, "PASSWORD", NULL, "its password; other users of this machine can see it" },      \
	        { "auth-password-file", 0, "FILE", COMPLETE_FILE, "a file that holds it" },                            \
	        { "priv", 0, "CIPHER", "des aes128 aes192 aes256", "its cipher: des aes128 aes192 aes256" },           \
	        { "priv-password", 0, "PASSWORD", NULL, "the cipher's password; without one the digest's is used" },   \
	{                                                                                                              \
		"priv-password-file", 0, "FILE", COMPLETE_FILE, "a file that holds it"                                 \
	}

struct user_given {
	struct usm_user user; // `name.n` is 0 when no user was given; `level` is --level or 0
	struct text auth_password, priv_password;
};

// Reads the options; CLI_DONE, or CLI_USAGE or CLI_FAILED after a line on stderr. user_given_done in any case.
int user_given_of(const struct args *a, struct user_given *out);
void user_given_done(struct user_given *u); // wipes

#endif
