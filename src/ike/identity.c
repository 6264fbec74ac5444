// SPDX-License-Identifier: Apache-2.0
#include "ike/identity.h"

#include <string.h>

#include "base/addr.h"
#include "ike/limits.h"
#include "ike/wire.h"

static const struct {
	const char *name;
	uint8_t type;
} kinds[] = { { "fqdn", ID_FQDN }, { "email", ID_EMAIL }, { "ip", ID_IPV4 }, { "dn", ID_DN }, { "key-id", ID_KEY_ID } };
enum { KINDS = sizeof kinds / sizeof *kinds };

static enum st make_ip(const char *text, struct ike_made_identity *out)
{
	struct prefix p;
	if (prefix_parse(text, &p) != ST_OK || p.bits != 128)
		return ST_SYNTAX;
	struct addr a = { 0 };
	memcpy(a.ip, p.ip, sizeof a.ip);
	bool v4 = addr_is_v4(&a);
	out->type = v4 ? ID_IPV4 : ID_IPV6;
	out->n = v4 ? 4 : 16;
	memcpy(out->octets, a.ip + (v4 ? 12 : 0), out->n);
	return ST_OK;
}

enum st ike_make_identity(const char *kind, const char *text, struct ike_made_identity *out)
{
	struct ike_made_identity made = { .n = strlen(text) };
	for (int i = 0; i < KINDS; i++)
		if (strcmp(kinds[i].name, kind) == 0)
			made.type = kinds[i].type;
	enum st st = !made.type || !made.n ? ST_SYNTAX : ST_OK;
	if (st == ST_OK && made.type == ID_IPV4)
		st = make_ip(text, &made);
	else if (st == ST_OK && made.type == ID_DN)
		st = dn_parse(text, made.octets, &made.n);
	else if (st == ST_OK && made.n > IKE_ID_MAX)
		st = ST_FULL;
	else if (st == ST_OK)
		memcpy(made.octets, text, made.n);
	if (st == ST_OK)
		*out = made;
	return st;
}

enum st ike_parse_identity(const char *text, struct ike_made_identity *out)
{
	for (int i = 0; i < KINDS; i++) {
		size_t n = strlen(kinds[i].name);
		if (strncmp(text, kinds[i].name, n) == 0 && text[n] == ':')
			return ike_make_identity(kinds[i].name, text + n + 1, out);
	}
	return ike_make_identity("fqdn", text, out);
}

struct ike_identity ike_identity_of(const struct ike_made_identity *made)
{
	return (struct ike_identity){ made->type, span_of(made->octets, made->n) };
}

bool ike_cert_name(const struct ike_identity *id, struct cert_name *out)
{
	static const struct {
		uint8_t type;
		enum cert_name_kind kind;
	} names[] = { { ID_FQDN, CERT_FQDN },
		      { ID_EMAIL, CERT_EMAIL },
		      { ID_IPV4, CERT_IP },
		      { ID_IPV6, CERT_IP },
		      { ID_DN, CERT_DN } };
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (names[i].type == id->type) {
			*out = (struct cert_name){ names[i].kind, id->data };
			return true;
		}
	return false;
}

struct span ike_known_as(uint8_t type, struct span data, uint8_t mark[static DN_MARK])
{
	return type == ID_DN && dn_mark(data, mark) == ST_OK ? span_of(mark, DN_MARK) : data;
}
