// SPDX-License-Identifier: Apache-2.0
// authCommunity, authUser, createUser, snmpTrapdAddr.
#include <arpa/inet.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/addr.h"
#include "cli/trapd_own.h"
#include "daemon/limits.h"
#include "event/event.h"
#include "mib/mib.h"
#include "snmp/limits.h"

enum { PREFIX_TEXT = 64, LISTEN_TEXT = 128, IPV4_BITS = 32 };

// Whether YAML can hold it as text.
static bool is_holdable(const char *secret)
{
	size_t n = strlen(secret);
	return n > 0 && n <= CONFIG_SECRET_MAX && mib_is_text(span_of(secret, n));
}

static bool has_type(const char *types, const char *wanted)
{
	size_t n = strlen(wanted);
	for (const char *at = types; *at; at += strcspn(at, ",|"), at += *at != 0)
		if (strcspn(at, ",|") == n && strncasecmp(at, wanted, n) == 0)
			return true;
	return false;
}

// What is stored by Trapline although snmptrapd did something else with it, or less.
static void say_wider(const struct trapd_directive *d, const char *types, bool restricted)
{
	if (restricted)
		trapd_left_out(d->trapd, d->at,
		               "%s is carried over, but without its restriction to some traps: all of them are stored",
		               d->name);
	if (!has_type(types, "log"))
		trapd_left_out(d->trapd, d->at,
		               "%s is carried over, and its traps are stored, though it does not say log", d->name);
}

// 255.255.0.0 -> 16; -1 where it is no netmask.
static int mask_bits(const char *mask)
{
	struct in_addr a;
	if (inet_pton(AF_INET, mask, &a) != 1)
		return -1;
	uint32_t host = ~ntohl(a.s_addr);
	if (host & (host + 1))
		return -1;
	int bits = IPV4_BITS;
	for (; host; host >>= 1)
		bits--;
	return bits;
}

static bool is_prefix(const char *text)
{
	struct prefix p;
	return prefix_parse(text, &p) == ST_OK;
}

// A source as our prefixes: up to two. Returns how many, 0: it is none.
static size_t prefixes_of(const char *source, char out[2][PREFIX_TEXT])
{
	const char *slash = strchr(source, '/');
	int bits = slash ? mask_bits(slash + 1) : -1;
	if (!source[0] || strcasecmp(source, "default") == 0) {
		snprintf(out[0], PREFIX_TEXT, "0.0.0.0/0");
		snprintf(out[1], PREFIX_TEXT, "::/0");
		return 2;
	}
	if (strcasecmp(source, "localhost") == 0) {
		snprintf(out[0], PREFIX_TEXT, "127.0.0.1");
		snprintf(out[1], PREFIX_TEXT, "::1");
		return 2;
	}
	int n = bits >= 0 ? snprintf(out[0], PREFIX_TEXT, "%.*s/%d", (int)(slash - source), source, bits)
	                  : snprintf(out[0], PREFIX_TEXT, "%s", source);
	return n < PREFIX_TEXT && is_prefix(out[0]);
}

static struct trapd_community *community_of(struct trapd *t, const char *community)
{
	for (size_t i = 0; i < t->community_count; i++)
		if (strcmp(t->communities[i].community, community) == 0)
			return &t->communities[i];
	char *copy = trapd_copy(t, community);
	struct trapd_community *c = copy ? trapd_grow(t, &t->communities, &t->community_count, sizeof *c) : NULL;
	if (c)
		c->community = copy;
	else
		free(copy);
	return c;
}

static void add_source(struct trapd *t, struct trapd_community *c, const char *prefix)
{
	for (size_t i = 0; i < c->from_count; i++)
		if (strcmp(c->from[i], prefix) == 0)
			return;
	char *copy = trapd_copy(t, prefix);
	char **at = copy ? trapd_grow(t, &c->from, &c->from_count, sizeof *at) : NULL;
	if (at)
		*at = copy;
	else
		free(copy);
}

// authCommunity TYPES COMMUNITY [SOURCE [OID | -v VIEW]]
void trapd_take_community(const struct trapd_directive *d)
{
	char prefix[2][PREFIX_TEXT];
	if (d->n < 2) {
		trapd_left_out(d->trapd, d->at, "authCommunity wants what it allows, and a community");
		return;
	}
	size_t n = prefixes_of(d->n > 2 ? d->argument[2] : "", prefix);
	if (!is_holdable(d->argument[1])) {
		trapd_left_out(
		        d->trapd, d->at,
		        "authCommunity: a community that is empty, longer than %d octets or no text; put it into a "
		        "file and name that with community-file",
		        CONFIG_SECRET_MAX);
		return;
	}
	if (n == 0) {
		trapd_left_out(d->trapd, d->at,
		               "authCommunity: its source is no address or prefix; add the sender's address to 'from'");
		return;
	}
	struct trapd_community *c = community_of(d->trapd, d->argument[1]);
	for (size_t i = 0; c && i < n; i++)
		add_source(d->trapd, c, prefix[i]);
	say_wider(d, d->argument[0], d->n > 3);
}

// The level that authUser names: noauth, auth, priv, or in SNMP's words; 0: none of them.
static uint8_t level_of(const char *word)
{
	static const struct {
		const char *name;
		uint8_t level;
	} names[] = { { "noauth", LEVEL_NOAUTH },   { "noAuthNoPriv", LEVEL_NOAUTH }, { "auth", LEVEL_AUTH },
		      { "authNoPriv", LEVEL_AUTH }, { "priv", LEVEL_AUTHPRIV },       { "authPriv", LEVEL_AUTHPRIV } };
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (strcasecmp(names[i].name, word) == 0)
			return names[i].level;
	return 0;
}

// authUser TYPES [-s MODEL] USER [LEVEL [OID | -v VIEW]]
void trapd_take_grant(const struct trapd_directive *d)
{
	struct trapd *t = d->trapd;
	size_t at = 1;
	if (d->n > 2 && strcmp(d->argument[1], "-s") == 0) {
		if (strcasecmp(d->argument[2], "usm") != 0 && strcmp(d->argument[2], "3") != 0) {
			trapd_left_out(t, d->at, "authUser: its security model is not USM");
			return;
		}
		at = 3;
	}
	const char *name = at < d->n ? d->argument[at] : "";
	uint8_t level = at + 1 < d->n ? level_of(d->argument[at + 1]) : LEVEL_AUTH;
	size_t n = strlen(name);
	if (n == 0 || n > SNMP_USER_MAX || !mib_is_text(span_of(name, n)) || level == 0) {
		trapd_left_out(t, d->at, "authUser wants what it allows, a user name, and noauth, auth or priv");
		return;
	}
	char *copy = trapd_copy(t, name);
	struct trapd_grant *g = copy ? trapd_grow(t, &t->grants, &t->grant_count, sizeof *g) : NULL;
	if (!g) {
		free(copy);
		return;
	}
	*g = (struct trapd_grant){ copy, level, d->at };
	say_wider(d, d->argument[0], d->n > at + 2);
}

struct algorithm {
	const char *theirs, *ours;
};

static const struct algorithm digests[] = {
	{ "MD5", "md5" },       { "SHA", "sha1" },       { "SHA1", "sha1" },     { "SHA-1", "sha1" },
	{ "SHA224", "sha224" }, { "SHA-224", "sha224" }, { "SHA256", "sha256" }, { "SHA-256", "sha256" },
	{ "SHA384", "sha384" }, { "SHA-384", "sha384" }, { "SHA512", "sha512" }, { "SHA-512", "sha512" },
	{ NULL, NULL },
};
// The last four differ in how keys are stretched, which is found out by itself here.
static const struct algorithm ciphers[] = {
	{ "DES", "des" },        { "AES", "aes128" },       { "AES128", "aes128" },  { "AES-128", "aes128" },
	{ "AES192", "aes192" },  { "AES-192", "aes192" },   { "AES256", "aes256" },  { "AES-256", "aes256" },
	{ "AES192C", "aes192" }, { "AES-192-C", "aes192" }, { "AES256C", "aes256" }, { "AES-256-C", "aes256" },
	{ NULL, NULL },
};

static const char *algorithm_of(const struct algorithm *list, const char *name)
{
	for (; list->theirs; list++)
		if (strcasecmp(list->theirs, name) == 0)
			return list->ours;
	return NULL;
}

// What follows an algorithm: a passphrase. -m and -l announce keys, which no password can be made of.
static const char *passphrase(const struct trapd_directive *d, size_t at, const char **why)
{
	const char *word = at < d->n ? d->argument[at] : NULL;
	if (word && (strcmp(word, "-m") == 0 || strcmp(word, "-l") == 0)) {
		*why = "it has a key instead of a passphrase; add the user with its passwords";
		return NULL;
	}
	if (word && !is_holdable(word))
		*why = "a passphrase that is empty, too long or no text; put it into a file and name that with "
		       "auth-password-file";
	return word;
}

static const char *read_user(const struct trapd_directive *d, size_t at, struct trapd_user *u, const char **secrets)
{
	const char *why = NULL;
	if (at == d->n)
		return NULL;
	u->auth = algorithm_of(digests, d->argument[at++]);
	if (!u->auth)
		return "its digest is none of MD5, SHA, SHA-224, SHA-256, SHA-384, SHA-512";
	secrets[0] = passphrase(d, at++, &why);
	if (why || !secrets[0])
		return why ? why : "its digest has no passphrase";
	if (at >= d->n)
		return NULL;
	u->priv = algorithm_of(ciphers, d->argument[at++]);
	if (!u->priv)
		return "its cipher is none of DES, AES, AES-192, AES-256";
	secrets[1] = passphrase(d, at, &why);
	if (!secrets[1]) // the digest's serves for both
		secrets[1] = secrets[0];
	return why;
}

static bool same_user(const struct trapd_user *a, const struct trapd_user *b, const char **secrets)
{
	return strcmp(a->name, b->name) == 0 && a->auth == b->auth && a->priv == b->priv &&
	       (!a->auth || strcmp(a->auth_password, secrets[0]) == 0) &&
	       (!a->priv || strcmp(a->priv_password, secrets[1]) == 0);
}

// The same user for another engine is one entry: engines are learned here.
static void keep_user(struct trapd *t, const struct trapd_user *u, const char **secrets)
{
	for (size_t i = 0; i < t->user_count; i++)
		if (same_user(&t->users[i], u, secrets))
			return;
	struct trapd_user *kept = trapd_grow(t, &t->users, &t->user_count, sizeof *kept);
	if (!kept)
		return;
	*kept = *u;
	kept->name = trapd_copy(t, u->name);
	kept->auth_password = u->auth ? trapd_copy(t, secrets[0]) : NULL;
	kept->priv_password = u->priv ? trapd_copy(t, secrets[1]) : NULL;
}

// createUser [-e ENGINEID] USER [DIGEST [-m|-l] PASSPHRASE [CIPHER [[-m|-l] PASSPHRASE]]]
void trapd_take_user(const struct trapd_directive *d)
{
	const char *secrets[2] = { NULL, NULL };
	struct trapd_user u = { .place = d->at };
	size_t at = d->n > 1 && strcmp(d->argument[0], "-e") == 0 ? 2 : 0;
	u.name = at < d->n ? d->argument[at] : NULL;
	size_t n = u.name ? strlen(u.name) : 0;
	if (n == 0 || n > SNMP_USER_MAX || !mib_is_text(span_of(u.name, n))) {
		trapd_left_out(d->trapd, d->at, "createUser: a user has a name of 1 to %d octets of text",
		               SNMP_USER_MAX);
		return;
	}
	const char *why = read_user(d, at + 1, &u, secrets);
	if (why)
		trapd_left_out(d->trapd, d->at, "createUser: %s", why);
	else
		keep_user(d->trapd, &u, secrets);
}

static bool is_port(const char *text)
{
	char *end;
	unsigned long port = strtoul(text, &end, 10);
	return isdigit((unsigned char)*text) && !*end && port > 0 && port <= UINT16_MAX;
}

// "162", "ADDRESS", "ADDRESS:162", "[ADDRESS]:162", "[ADDRESS]" -> "ADDRESS:162" as we write it.
static bool read_address(const char *text, bool v6, char out[static LISTEN_TEXT])
{
	struct addr a;
	int n;
	const char *any = v6 ? "[::]" : "0.0.0.0";
	if (is_port(text))
		n = snprintf(out, LISTEN_TEXT, "%s:%s", any, text);
	else if (!*text)
		n = snprintf(out, LISTEN_TEXT, "%s:162", any);
	else if (strncasecmp(text, "localhost", 9) == 0 && (!text[9] || text[9] == ':'))
		n = snprintf(out, LISTEN_TEXT, "%s%s", v6 ? "[::1]" : "127.0.0.1", text[9] ? text + 9 : ":162");
	else if (addr_parse(text, &a) == ST_OK)
		n = snprintf(out, LISTEN_TEXT, "%s", text);
	else if (*text != '[' && strchr(text, ':'))
		n = snprintf(out, LISTEN_TEXT, "[%s]:162", text);
	else
		n = snprintf(out, LISTEN_TEXT, "%s:162", text);
	return n < LISTEN_TEXT && addr_parse(out, &a) == ST_OK && a.port != 0;
}

// One address of the list as ours: "udp:0.0.0.0:162". False where there is none for it.
static bool read_listen(const char *spec, char out[static LISTEN_TEXT + 8])
{
	static const struct {
		const char *name, *ours;
		bool v6;
	} transports[] = { { "udp:", "udp", false }, { "udp4:", "udp", false }, { "udpv4:", "udp", false },
		           { "udp6:", "udp", true }, { "udpv6:", "udp", true }, { "udpipv6:", "udp", true },
		           { "tcp:", "tcp", false }, { "tcp4:", "tcp", false }, { "tcpv4:", "tcp", false },
		           { "tcp6:", "tcp", true }, { "tcpv6:", "tcp", true }, { "tcpipv6:", "tcp", true } };
	char address[LISTEN_TEXT];
	for (size_t i = 0; i < sizeof transports / sizeof *transports; i++) {
		size_t n = strlen(transports[i].name);
		if (strncasecmp(spec, transports[i].name, n) != 0)
			continue;
		snprintf(out, LISTEN_TEXT + 8, "%s:", transports[i].ours);
		if (!read_address(spec + n, transports[i].v6, address))
			return false;
		strcat(out, address);
		return true;
	}
	if (!read_address(spec, *spec == '[', address))
		return false;
	snprintf(out, LISTEN_TEXT + 8, "udp:%s", address);
	return true;
}

static void add_listen(struct trapd *t, const char *listen)
{
	for (size_t i = 0; i < t->listen_count; i++)
		if (strcmp(t->listen[i], listen) == 0)
			return;
	char *copy = trapd_copy(t, listen);
	char **at = copy ? trapd_grow(t, &t->listen, &t->listen_count, sizeof *at) : NULL;
	if (at)
		*at = copy;
	else
		free(copy);
}

// snmpTrapdAddr [TRANSPORT:]ADDRESS[,...]
void trapd_take_listen(const struct trapd_directive *d)
{
	for (size_t i = 0; i < d->n; i++) {
		char *rest = NULL;
		for (char *spec = strtok_r(d->argument[i], ",", &rest); spec; spec = strtok_r(NULL, ",", &rest)) {
			char listen[LISTEN_TEXT + 8];
			if (read_listen(spec, listen))
				add_listen(d->trapd, listen);
			else
				trapd_left_out(d->trapd, d->at,
				               "snmpTrapdAddr: %s is no UDP or TCP address that can be carried over",
				               spec);
		}
	}
	if (d->n == 0)
		trapd_left_out(d->trapd, d->at, "snmpTrapdAddr names no address");
}
