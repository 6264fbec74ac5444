// SPDX-License-Identifier: Apache-2.0
#include "snmp/usm.h"

#include <assert.h>

#include "snmp/ber.h"
#include "snmp/limits.h"

// RFC 3414 8.1.1.1: the second half of the 16-octet key is the pre-IV.
static void des_iv(const uint8_t *key, uint32_t boots, uint32_t time, const uint8_t *salt, uint8_t *iv)
{
	for (size_t i = 0; i < USM_SALT; i++)
		iv[i] = key[USM_SALT + i] ^ salt[i];
}

static void des_salt(uint32_t boots, uint64_t counter, uint8_t *salt)
{
	struct wr w = wr_of(salt, USM_SALT);
	wr_be(&w, counter, 4);
	wr_be(&w, boots, 4);
}

// RFC 3826 3.1.2.1.
static void aes_iv(const uint8_t *key, uint32_t boots, uint32_t time, const uint8_t *salt, uint8_t *iv)
{
	struct wr w = wr_of(iv, USM_IV_MAX);
	wr_bytes(&w, span_of(salt, USM_SALT));
	wr_be(&w, time, 4);
	wr_be(&w, boots, 4);
}

static void aes_salt(uint32_t boots, uint64_t counter, uint8_t *salt)
{
	struct wr w = wr_of(salt, USM_SALT);
	wr_be(&w, counter, USM_SALT);
}

static_assert((int)USM_IV_MAX == (int)CIPHER_IV_MAX, "RFC 3826: boots, time, salt");

// Lengths: RFC 3414 6.1 and 7.1; RFC 7860 4.1.
static const struct usm_auth auths[] = {
	{ &digest_md5, 12 },    { &digest_sha1, 12 },   { &digest_sha224, 16 },
	{ &digest_sha256, 24 }, { &digest_sha384, 32 }, { &digest_sha512, 48 },
};

static const struct usm_priv privs[] = {
	{ &cipher_des, 16, des_iv, des_salt },
	{ &cipher_aes128, 16, aes_iv, aes_salt },
	{ &cipher_aes192, 24, aes_iv, aes_salt },
	{ &cipher_aes256, 32, aes_iv, aes_salt },
};

const struct usm_auth *usm_auth_at(size_t i)
{
	return i < sizeof auths / sizeof *auths ? &auths[i] : NULL;
}

const struct usm_priv *usm_priv_at(size_t i)
{
	return i < sizeof privs / sizeof *privs ? &privs[i] : NULL;
}

const struct usm_auth *usm_auth_by_name(const char *name)
{
	const struct usm_auth *a;
	for (size_t i = 0; (a = usm_auth_at(i)); i++)
		if (strcmp(a->digest->name, name) == 0)
			return a;
	return NULL;
}

const struct usm_priv *usm_priv_by_name(const char *name)
{
	const struct usm_priv *p;
	for (size_t i = 0; (p = usm_priv_at(i)); i++)
		if (strcmp(p->cipher->name, name) == 0)
			return p;
	return NULL;
}

enum st usm_parameters_parse(struct span octets, struct usm_parameters *out)
{
	struct ber all = ber_of(octets);
	struct ber body = ber_enter(&all, BER_SEQUENCE);
	struct usm_parameters p = { .engine = ber_take(&body, BER_OCTETS) };
	int32_t boots = ber_int32(&body), time = ber_int32(&body);
	p.boots = (uint32_t)boots;
	p.time = (uint32_t)time;
	p.user = ber_take(&body, BER_OCTETS);
	p.auth = ber_take(&body, BER_OCTETS);
	p.priv = ber_take(&body, BER_OCTETS);
	if (ber_end(&body) != ST_OK || ber_end(&all) != ST_OK || boots < 0 || time < 0 || p.user.n > SNMP_USER_MAX)
		return ST_SECURITY_PARAMETERS;
	*out = p;
	return ST_OK;
}

uint8_t *usm_parameters_write(struct wr *w, const struct usm_parameters *p)
{
	const uint8_t *mark = w->at;
	ber_put(w, BER_OCTETS, p->priv);
	const uint8_t *behind = w->at;
	uint8_t *digest = wr_room(w, p->auth.n);
	if (digest)
		memset(digest, 0, p->auth.n);
	ber_head(w, BER_OCTETS, behind);
	ber_put(w, BER_OCTETS, p->user);
	ber_put_int(w, BER_INTEGER, p->time);
	ber_put_int(w, BER_INTEGER, p->boots);
	ber_put(w, BER_OCTETS, p->engine);
	ber_head(w, BER_SEQUENCE, mark);
	ber_head(w, BER_OCTETS, mark);
	return w->full ? NULL : digest;
}

static const uint8_t stats_arcs[ST_COUNT] = {
	[ST_LEVEL] = 1, [ST_TIME_WINDOW] = 2, [ST_USER] = 3, [ST_ENGINE] = 4, [ST_DIGEST] = 5, [ST_DECRYPT] = 6,
};

uint8_t usm_stats_arc(enum st st)
{
	return (unsigned)st < ST_COUNT ? stats_arcs[st] : 0;
}

void usm_stats_oid(uint8_t arc, uint8_t out[static USM_STATS_OID])
{
	const uint8_t oid[USM_STATS_OID] = { 0x2b, 6, 1, 6, 3, 15, 1, 1, arc, 0 };
	memcpy(out, oid, sizeof oid);
}

enum st usm_stats_status(struct span oid)
{
	for (unsigned st = 0; st < ST_COUNT; st++) {
		uint8_t known[USM_STATS_OID];
		usm_stats_oid(stats_arcs[st], known);
		if (stats_arcs[st] && span_equal(oid, span_of(known, sizeof known)))
			return (enum st)st;
	}
	return ST_NONE;
}
