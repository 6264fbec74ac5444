// SPDX-License-Identifier: Apache-2.0
#include "crypto/dn.h"

#include <ctype.h>
#include <openssl/err.h>
#include <openssl/x509.h>
#include <string.h>

#include "base/scoped.h"
#include "crypto/digest.h"

enum { TYPE_MAX = 64 }; // of an attribute, as text

static void name_done(X509_NAME **n)
{
	X509_NAME_free(*n);
}

static void octets_done(unsigned char **p)
{
	OPENSSL_free(*p);
}

static X509_NAME *read_name(struct span der)
{
	const uint8_t *at = der.p;
	X509_NAME *name = der.n && der.n <= DN_MAX ? d2i_X509_NAME(NULL, &at, (long)der.n) : NULL;
	if (name && at != der.p + der.n) {
		X509_NAME_free(name);
		name = NULL;
	}
	return name;
}

// One "type=value" from *at on, up to a comma that no backslash precedes.
static bool take_attribute(const char **at, char *type, size_t room, char *value, size_t *n)
{
	const char *p = *at + strspn(*at, " "), *equals = strchr(p, '=');
	size_t length = equals ? (size_t)(equals - p) : 0;
	while (length && p[length - 1] == ' ')
		length--;
	if (!length || length >= room)
		return false;
	memcpy(type, p, length);
	type[length] = '\0';
	p = equals + 1 + strspn(equals + 1, " ");
	*n = 0;
	size_t kept = 0; // blanks at the end do not count, unless escaped
	for (; *p && *p != ','; p++) {
		bool escaped = *p == '\\' && p[1];
		p += escaped;
		if (*n == DN_MAX)
			return false;
		value[(*n)++] = *p;
		if (escaped || *p != ' ')
			kept = *n;
	}
	*n = kept;
	*at = *p ? p + 1 : p;
	return kept > 0;
}

// Short names are capitals in the library's list, and small ones mean the same (RFC 4514 3); E is strongSwan's.
static bool add_attribute(X509_NAME *name, const char *type, const char *value, size_t n)
{
	char capitals[TYPE_MAX];
	size_t i = 0;
	for (; type[i]; i++)
		capitals[i] = (char)toupper((unsigned char)type[i]);
	capitals[i] = '\0';
	const char *const tries[] = { type, capitals, strcmp(capitals, "E") == 0 ? "emailAddress" : NULL };
	for (i = 0; i < 3; i++)
		if (tries[i] && X509_NAME_add_entry_by_txt(name, tries[i], MBSTRING_UTF8, (const unsigned char *)value,
		                                           (int)n, -1, 0))
			return true;
	return false;
}

static enum st parse(const char *text, X509_NAME *name)
{
	char type[TYPE_MAX], value[DN_MAX];
	size_t n;
	do {
		if (!take_attribute(&text, type, sizeof type, value, &n) || !add_attribute(name, type, value, n))
			return ST_SYNTAX;
	} while (*text);
	return ST_OK;
}

enum st dn_parse(const char *text, uint8_t out[static DN_MAX], size_t *n)
{
	X509_NAME *scoped(name_done) name = X509_NAME_new();
	enum st st = name ? parse(text, name) : ST_NO_MEMORY;
	ERR_clear_error();
	if (st != ST_OK)
		return st;
	int size = i2d_X509_NAME(name, NULL);
	if (size <= 0 || size > DN_MAX)
		return ST_FULL;
	uint8_t *at = out;
	*n = (size_t)i2d_X509_NAME(name, &at);
	return ST_OK;
}

// RFC 5280 7.1, as far as names of machines need it: blanks at the ends and repeated ones go, ASCII letters are small. A zero
// octet ends it, so none may stand within: else one long value would read as two attributes.
static void add_folded(struct digest *d, const uint8_t *p, size_t n)
{
	size_t kept = 0;
	bool blank = false;
	for (size_t i = 0; i < n; i++) {
		if (isspace(p[i])) {
			blank = kept > 0;
			continue;
		}
		if (blank)
			digest_add(d, span_str(" "));
		blank = false;
		uint8_t c = (uint8_t)tolower(p[i]);
		digest_add(d, span_of(&c, 1));
		kept++;
	}
	digest_add(d, span_of("", 1));
}

static bool add_entry(struct digest *d, const X509_NAME_ENTRY *e)
{
	char type[80];
	unsigned char *scoped(octets_done) utf8 = NULL;
	uint8_t set = (uint8_t)X509_NAME_ENTRY_set(e);
	int n = ASN1_STRING_to_UTF8(&utf8, X509_NAME_ENTRY_get_data(e));
	int length = OBJ_obj2txt(type, sizeof type, X509_NAME_ENTRY_get_object(e), 1);
	if (n < 0 || memchr(utf8, 0, (size_t)n) || length <= 0 || length >= (int)sizeof type)
		return false;
	digest_add(d, span_of(&set, 1));
	digest_add(d, span_of(type, (size_t)length + 1));
	add_folded(d, utf8, (size_t)n);
	return true;
}

enum st dn_mark(struct span der, uint8_t out[static DN_MARK])
{
	X509_NAME *scoped(name_done) name = read_name(der);
	struct digest d = digest_begin(&digest_sha256);
	if (!name || !X509_NAME_entry_count(name))
		return ST_SYNTAX;
	for (int i = 0; i < X509_NAME_entry_count(name); i++)
		if (!add_entry(&d, X509_NAME_get_entry(name, i)))
			return ST_SYNTAX;
	digest_end(&d, out);
	return ST_OK;
}

static void put_entry(struct text *out, const X509_NAME_ENTRY *e)
{
	char type[80];
	unsigned char *scoped(octets_done) utf8 = NULL;
	const ASN1_OBJECT *object = X509_NAME_ENTRY_get_object(e);
	int nid = OBJ_obj2nid(object);
	int n = ASN1_STRING_to_UTF8(&utf8, X509_NAME_ENTRY_get_data(e));
	OBJ_obj2txt(type, sizeof type, object, 1);
	text_printf(out, "%s=", nid == NID_undef ? type : OBJ_nid2sn(nid));
	for (int i = 0, from = 0; i <= n; i++) {
		if (i < n && !memchr(",+\\", utf8[i], 3))
			continue;
		text_clean(out, span_of(utf8 + from, n > 0 ? (size_t)(i - from) : 0));
		if (i < n)
			text_add(out, "\\");
		from = i;
	}
}

enum st dn_text(struct span der, struct text *out)
{
	X509_NAME *scoped(name_done) name = read_name(der);
	if (!name)
		return ST_SYNTAX;
	for (int i = 0; i < X509_NAME_entry_count(name); i++) {
		if (i)
			text_add(out, ", ");
		put_entry(out, X509_NAME_get_entry(name, i));
	}
	return ST_OK;
}
