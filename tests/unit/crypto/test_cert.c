// SPDX-License-Identifier: Apache-2.0
// Certificates: who is believed, and every reason why one is not.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "crypto/cert.h"
#include "pki.h"

static struct crypto *crypto;

static struct span of(const struct text *t)
{
	return span_of(t->p, t->n);
}

static struct cert_name fqdn(const char *s)
{
	return (struct cert_name){ CERT_FQDN, span_str(s) };
}

// What is said, and whether it is believed.
struct story {
	const struct pki *ca, *between, *leaf;
	const struct text *lists;
	struct cert_name name;
	int64_t now; // against PKI_NOW
	unsigned hashes;
	int spoil;                // the octet of the signature that is altered; 0: none
	const struct pki *signer; // NULL: the leaf
};

static enum st told(const struct story *s)
{
	struct trust *trust = NULL;
	struct credential *own = NULL;
	const struct pki *signer = s->signer ? s->signer : s->leaf;
	uint8_t signature[SIGN_MAX];
	size_t n;
	assert_int_equal(trust_new(crypto, of(&s->ca->cert), s->lists ? (struct span[]){ of(s->lists) } : NULL, &trust),
	                 ST_OK);
	assert_int_equal(credential_new(crypto, of(&signer->cert), of(&signer->key), &own), ST_OK);
	struct span data = span_str("what both have said");
	enum st st = credential_sign(own, s->hashes ? s->hashes : SIGN_HASHES, data, signature, &n);
	if (st == ST_OK) {
		if (s->spoil)
			signature[s->spoil > 0 ? (size_t)s->spoil : n - (size_t)-s->spoil] ^= 1;
		struct span certs[2] = { pki_der(s->leaf), s->between ? pki_der(s->between) : (struct span){ 0 } };
		const struct trust_claim claim = { certs, s->between ? 2 : 1, s->name, data, span_of(signature, n) };
		st = trust_verify(trust, PKI_NOW + s->now, &claim);
		free((void *)(uintptr_t)certs[0].p);
		free((void *)(uintptr_t)certs[1].p);
	}
	credential_free(own);
	trust_free(trust);
	return st;
}

static void every_kind_of_key(void **state)
{
	for (enum pki_kind k = PKI_P256; k <= PKI_RSA; k++) {
		struct pki ca = pki_make(&(struct pki_wish){ k, .ca = true }, NULL);
		struct pki leaf = pki_make(&(struct pki_wish){ k, .names = "DNS:site1" }, &ca);
		assert_int_equal(told(&(struct story){ &ca, NULL, &leaf, .name = fqdn("site1") }), ST_OK);
		assert_int_equal(told(&(struct story){ &ca, NULL, &leaf, .name = fqdn("site1"), .spoil = -1 }),
		                 ST_FORGED);
		assert_int_equal(told(&(struct story){ &ca, NULL, &leaf, .name = fqdn("site1"), .spoil = 5 }),
		                 ST_SIGN_METHOD);
		for (unsigned h = SIGN_SHA256; h <= SIGN_SHA512; h++)
			assert_int_equal(told(&(struct story){ &ca, NULL, &leaf, .name = fqdn("site1"),
			                                       .hashes = SIGN_HASH(h) }),
			                 k == PKI_ED25519 ? ST_SIGN_METHOD : ST_OK);
		pki_done(&ca);
		pki_done(&leaf);
	}
}

// Each row: what the certificate is, and what comes of it.
static void every_reason(void **state)
{
	struct pki ca = pki_make(&(struct pki_wish){ PKI_P256, .ca = true }, NULL);
	struct pki other = pki_make(&(struct pki_wish){ PKI_P256, .ca = true }, NULL);
	struct pki mid = pki_make(&(struct pki_wish){ PKI_P256, .subject = "CN=mid", .ca = true }, &ca);
	struct pki not_ca =
	        pki_make(&(struct pki_wish){ PKI_P256, .subject = "CN=mid", .usage = "digitalSignature" }, &ca);
	static const struct {
		const char *what;
		struct pki_wish wish;
		char by; // c: the CA, o: another of the same name, m: between, n: one that is no CA, s: itself
		enum st want;
	} rows[] = {
		{ "good", { PKI_P256, .names = "DNS:site1" }, 'c', ST_OK },
		{ "for signing", { PKI_P256, .names = "DNS:site1", .usage = "digitalSignature" }, 'c', ST_OK },
		{ "by one between", { PKI_P384, .names = "DNS:site1" }, 'm', ST_OK },
		{ "not for signing", { PKI_P256, .names = "DNS:site1", .usage = "keyEncipherment" }, 'c', ST_CERT_KEY },
		{ "a short key", { PKI_RSA_SHORT, .names = "DNS:site1" }, 'c', ST_CERT_KEY },
		{ "a key that costs much to check", { PKI_RSA_SLOW, .names = "DNS:site1" }, 'c', ST_CERT_KEY },
		{ "signed with SHA-1", { PKI_P256, .names = "DNS:site1", .sha1 = true }, 'c', ST_CERT_KEY },
		{ "another CA", { PKI_P256, .names = "DNS:site1" }, 'o', ST_CERT_CHAIN },
		{ "no CA between", { PKI_P256, .names = "DNS:site1" }, 'n', ST_CERT_CHAIN },
		{ "itself", { PKI_P256, .names = "DNS:site1" }, 's', ST_CERT_CHAIN },
		{ "over", { PKI_P256, .names = "DNS:site1", .until = -1 }, 'c', ST_CERT_TIME },
		{ "not yet", { PKI_P256, .names = "DNS:site1", .from = 1 }, 'c', ST_CERT_TIME },
		{ "no name", { PKI_P256 }, 'c', ST_CERT_NAME },
		{ "the name as subject only", { PKI_P256, .subject = "CN=site1" }, 'c', ST_CERT_NAME },
		{ "a name that begins alike", { PKI_P256, .names = "DNS:site1.example" }, 'c', ST_CERT_NAME },
		{ "any host", { PKI_P256, .names = "DNS:*" }, 'c', ST_CERT_NAME },
		{ "another kind of name", { PKI_P256, .names = "email:site1@site1" }, 'c', ST_CERT_NAME },
		{ "capitals", { PKI_P256, .names = "DNS:SITE1" }, 'c', ST_OK },
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		char by = rows[i].by;
		const struct pki *issuer = by == 'c'   ? &ca
		                           : by == 'o' ? &other
		                           : by == 'm' ? &mid
		                           : by == 'n' ? &not_ca
		                                       : NULL;
		struct pki leaf = pki_make(&rows[i].wish, issuer);
		const struct pki *signer = rows[i].wish.kind > PKI_RSA ? &ca : NULL; // ours would not sign with it
		enum st st = told(&(struct story){ &ca, by == 'm' || by == 'n' ? issuer : NULL, &leaf,
		                                   .name = fqdn("site1"), .signer = signer });
		if (st != rows[i].want)
			fail_msg("%s: %s, not %s", rows[i].what, st_name(st), st_name(rows[i].want));
		pki_done(&leaf);
	}
	struct pki *all[] = { &ca, &other, &mid, &not_ca };
	for (size_t i = 0; i < 4; i++)
		pki_done(all[i]);
}

static void every_kind_of_name(void **state)
{
	struct pki ca = pki_make(&(struct pki_wish){ PKI_ED25519, .ca = true }, NULL);
	struct pki leaf =
	        pki_make(&(struct pki_wish){ PKI_ED25519, "C=NL, O=Shop, CN=site1",
	                                     "DNS:site1.example,email:ops@shop.example,IP:192.0.2.7,IP:2001:db8::7" },
	                 &ca);
	uint8_t dn[DN_MAX], longer[DN_MAX];
	size_t n, m;
	assert_int_equal(dn_parse("C=nl, O=  SHOP, CN=site1", dn, &n), ST_OK);
	assert_int_equal(dn_parse("C=NL, CN=site1", longer, &m), ST_OK);
	static const uint8_t v4[4] = { 192, 0, 2, 7 }, v6[16] = { 0x20, 1, 0x0d, 0xb8, [15] = 7 };
	const struct {
		struct cert_name name;
		bool good;
	} rows[] = {
		{ fqdn("site1.example"), true },
		{ fqdn("example"), false },
		{ fqdn(".example"), false },
		{ fqdn(""), false },
		{ { CERT_FQDN, span_of("site1.example\0x", 15) }, false },
		{ { CERT_EMAIL, span_str("ops@shop.example") }, true },
		{ { CERT_EMAIL, span_str("other@shop.example") }, false },
		{ { CERT_IP, span_of(v4, 4) }, true },
		{ { CERT_IP, span_of(v6, 16) }, true },
		{ { CERT_IP, span_of(v6, 4) }, false },
		{ { CERT_DN, span_of(dn, n) }, true },
		{ { CERT_DN, span_of(longer, m) }, false },
		{ { CERT_DN, span_of(dn, n - 1) }, false },
		{ { CERT_DN, span_str("site1") }, false },
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		assert_int_equal(told(&(struct story){ &ca, NULL, &leaf, .name = rows[i].name }),
		                 rows[i].good ? ST_OK : ST_CERT_NAME);
	pki_done(&ca);
	pki_done(&leaf);
}

static void revocation(void **state)
{
	struct pki ca = pki_make(&(struct pki_wish){ PKI_P256, .ca = true }, NULL);
	struct pki other = pki_make(&(struct pki_wish){ PKI_P256, .subject = "CN=other", .ca = true }, NULL);
	struct pki mid = pki_make(&(struct pki_wish){ PKI_P256, .subject = "CN=mid", .ca = true }, &ca);
	struct pki good = pki_make(&(struct pki_wish){ PKI_P256, .names = "DNS:site1" }, &ca);
	struct pki bad = pki_make(&(struct pki_wish){ PKI_P256, .names = "DNS:site1" }, &ca);
	struct pki below = pki_make(&(struct pki_wish){ PKI_P256, .names = "DNS:site1" }, &mid);
	const struct pki *gone[] = { &bad, &mid };
	struct text lists[] = { pki_list(&ca, PKI_DAY, gone, 1), pki_list(&ca, -1, gone, 1),
		                pki_list(&other, PKI_DAY, gone, 1), pki_list(&ca, PKI_DAY, gone, 2) };
	struct text both = { 0 };
	struct text of_mid = pki_list(&mid, PKI_DAY, NULL, 0);
	text_bytes(&both, of(&lists[0]));
	text_bytes(&both, of(&of_mid));
	const struct {
		const struct pki *between, *leaf;
		const struct text *lists;
		enum st want;
	} rows[] = {
		{ NULL, &bad, NULL, ST_OK }, // no lists: none asked for
		{ NULL, &good, &lists[0], ST_OK },
		{ NULL, &bad, &lists[0], ST_CERT_REVOKED },
		{ NULL, &good, &lists[1], ST_CERT_CRL },  // too old
		{ NULL, &good, &lists[2], ST_CERT_CRL },  // another issuer's
		{ &mid, &below, &lists[0], ST_CERT_CRL }, // none for what stands between
		{ &mid, &below, &both, ST_OK },
		{ &mid, &below, &lists[3], ST_CERT_CRL },
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		enum st st = told(&(struct story){ &ca, rows[i].between, rows[i].leaf, rows[i].lists, fqdn("site1") });
		if (st != rows[i].want)
			fail_msg("row %zu: %s, not %s", i, st_name(st), st_name(rows[i].want));
	}
	for (size_t i = 0; i < 4; i++)
		text_done(&lists[i]);
	text_done(&both);
	text_done(&of_mid);
	struct pki *all[] = { &ca, &other, &mid, &good, &bad, &below };
	for (size_t i = 0; i < 6; i++)
		pki_done(all[i]);
}

static void what_cannot_be_read(void **state)
{
	struct pki a = pki_make(&(struct pki_wish){ PKI_P256, .ca = true }, NULL);
	struct pki b = pki_make(&(struct pki_wish){ PKI_RSA_SHORT }, NULL);
	struct credential *c = NULL;
	struct trust *t = NULL;
	const struct span none = { 0 }, text = span_str("not a certificate\n");
	assert_int_equal(credential_new(crypto, none, of(&a.key), &c), ST_CERT_SYNTAX);
	assert_int_equal(credential_new(crypto, text, of(&a.key), &c), ST_CERT_SYNTAX);
	assert_int_equal(credential_new(crypto, of(&a.cert), text, &c), ST_CERT_KEY);
	assert_int_equal(credential_new(crypto, of(&b.cert), of(&b.key), &c), ST_CERT_KEY);
	struct pki other = pki_make(&(struct pki_wish){ PKI_P256 }, NULL);
	assert_int_equal(credential_new(crypto, of(&a.cert), of(&other.key), &c), ST_FORGED);
	assert_int_equal(trust_new(crypto, text, NULL, &t), ST_CERT_SYNTAX);
	assert_int_equal(trust_new(crypto, of(&a.cert), &text, &t), ST_CERT_CRL);
	assert_int_equal(trust_new(crypto, of(&a.cert), &none, &t),
	                 ST_CERT_CRL); // an empty file does not let the revoked in
	struct text many = { 0 };
	for (int i = 0; i <= CERT_CAS_MAX; i++)
		text_bytes(&many, of(&a.cert));
	assert_int_equal(trust_new(crypto, of(&many), NULL, &t), ST_CERT_SYNTAX);
	assert_int_equal(credential_new(crypto, of(&many), of(&a.key), &c), ST_CERT_SYNTAX);
	// A second one that lacks its last line is no end of the file.
	struct text half = { 0 }, list = pki_list(&a, PKI_DAY, NULL, 0), half_list = { 0 };
	for (int i = 0; i < 2; i++) {
		text_bytes(&half, of(&a.cert));
		text_bytes(&half_list, of(&list));
	}
	half.n -= 10;
	half_list.n -= 10;
	assert_int_equal(credential_new(crypto, of(&half), of(&a.key), &c), ST_CERT_SYNTAX);
	assert_int_equal(trust_new(crypto, of(&half), NULL, &t), ST_CERT_SYNTAX);
	assert_int_equal(trust_new(crypto, of(&a.cert), (struct span[]){ of(&half_list) }, &t), ST_CERT_CRL);
	assert_null(c);
	assert_null(t);
	text_done(&half);
	text_done(&list);
	text_done(&half_list);
	text_done(&many);
	pki_done(&a);
	pki_done(&b);
	pki_done(&other);
}

static void names_for_people(void **state)
{
	static const struct {
		const char *in, *out; // NULL: refused
	} rows[] = {
		{ "C=NL, O=Shop, CN=site1", "C=NL, O=Shop, CN=site1" },
		{ " C = NL,O=A\\, B  ,CN=x\\ ", "C=NL, O=A\\, B, CN=x " },
		{ "2.5.4.10=Shop", "O=Shop" },
		{ "CN=caf\xc3\xa9", "CN=caf\xc3\xa9" },
		{ "c=NL, e=a@b, commonName=x", "C=NL, emailAddress=a@b, CN=x" },
		{ "", NULL },
		{ "site1", NULL },
		{ "=x", NULL },
		{ "CN=", NULL },
		{ "CN=a,", "CN=a" },
		{ "NOSUCH=a", NULL },
		{ "CN=a, b", NULL },
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		uint8_t der[DN_MAX];
		size_t n;
		struct text out = { 0 };
		enum st st = dn_parse(rows[i].in, der, &n);
		assert_int_equal(st, rows[i].out ? ST_OK : ST_SYNTAX);
		if (!st) {
			assert_int_equal(dn_text(span_of(der, n), &out), ST_OK);
			assert_string_equal(text_str(&out), rows[i].out);
		}
		text_done(&out);
	}
	struct pki p = pki_make(&(struct pki_wish){ PKI_P256, "CN=\x1b[31mred", "DNS:site1,email:a@b" }, NULL);
	struct credential *c = NULL;
	struct text out = { 0 };
	assert_int_equal(credential_new(crypto, of(&p.cert), of(&p.key), &c), ST_OK);
	credential_text(c, &out);
	assert_string_equal(text_str(&out), "dn CN=\xef\xbf\xbd[31mred, fqdn site1, email a@b");
	text_done(&out);
	credential_free(c);
	pki_done(&p);
}

// What is named is what is believed: a CA below another is, without the one above and what else that one signs.
static void a_ca_below_another(void **state)
{
	struct pki root = pki_make(&(struct pki_wish){ PKI_P256, .ca = true }, NULL);
	struct pki mine = pki_make(&(struct pki_wish){ PKI_P256, .subject = "CN=mine", .ca = true }, &root);
	struct pki yours = pki_make(&(struct pki_wish){ PKI_P256, .subject = "CN=yours", .ca = true }, &root);
	struct pki good = pki_make(&(struct pki_wish){ PKI_P256, .names = "DNS:site1" }, &mine);
	struct pki gone = pki_make(&(struct pki_wish){ PKI_P256, .names = "DNS:site1" }, &mine);
	struct pki foreign = pki_make(&(struct pki_wish){ PKI_P256, .names = "DNS:site1" }, &yours);
	struct pki alone = pki_make(&(struct pki_wish){ PKI_P256, .names = "DNS:site1" }, NULL);
	struct pki below = pki_make(&(struct pki_wish){ PKI_P256, .names = "DNS:site1" }, &alone);
	const struct pki *revoked[] = { &gone };
	struct text list = pki_list(&mine, PKI_DAY, revoked, 1);
	const struct {
		const struct pki *ca, *between, *leaf;
		const struct text *lists;
		enum st want;
	} rows[] = {
		{ &mine, NULL, &good, NULL, ST_OK },
		{ &mine, &root, &good, NULL, ST_OK },
		{ &mine, NULL, &good, &list, ST_OK }, // whoever is believed needs no list above it
		{ &mine, &root, &good, &list, ST_OK },
		{ &mine, NULL, &gone, &list, ST_CERT_REVOKED },
		{ &mine, &yours, &foreign, NULL, ST_CERT_CHAIN },
		{ &mine, &root, &foreign, NULL, ST_CERT_CHAIN },
		{ &alone, NULL, &alone, NULL,
		  ST_OK }, // the site's own, made without a CA, vouches for itself and nobody else
		{ &alone, NULL, &below, NULL, ST_CERT_CHAIN },
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		enum st st = told(
		        &(struct story){ rows[i].ca, rows[i].between, rows[i].leaf, rows[i].lists, fqdn("site1") });
		if (st != rows[i].want)
			fail_msg("row %zu: %s, not %s", i, st_name(st), st_name(rows[i].want));
	}
	struct trust *t = NULL;
	assert_int_equal(trust_new(crypto, of(&good.cert), NULL, &t),
	                 ST_CERT_CHAIN); // it vouches for nobody
	assert_null(t);
	text_done(&list);
	struct pki *all[] = { &root, &mine, &yours, &good, &gone, &foreign, &alone, &below };
	for (size_t i = 0; i < 8; i++)
		pki_done(all[i]);
}

// Before anybody calls, it is known that nobody will be believed.
static void what_is_valid_today(void **state)
{
	struct pki ca = pki_make(&(struct pki_wish){ PKI_P256, .ca = true, .from = -10, .until = 10 }, NULL);
	struct pki other = pki_make(&(struct pki_wish){ PKI_P256, .subject = "CN=other", .ca = true }, NULL);
	struct pki leaf = pki_make(&(struct pki_wish){ PKI_P256, .from = -20, .until = 5 }, &ca);
	struct text lists[] = { pki_list(&ca, 7, NULL, 0), pki_list(&other, 7, NULL, 0), { 0 } }, chain = { 0 };
	text_bytes(&chain, of(&leaf.cert));
	text_bytes(&chain, of(&ca.cert));
	static const struct {
		int list; // 2: none
		int64_t now;
		enum st want;
	} rows[] = {
		{ 2, 0, ST_OK },          { 2, 10, ST_OK }, { 2, 11, ST_CERT_TIME }, { 2, -10, ST_OK },
		{ 2, -11, ST_CERT_TIME }, { 0, 7, ST_OK },  { 0, 8, ST_CERT_CRL },   { 1, 0, ST_CERT_CRL },
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct trust *t;
		const struct span list = of(&lists[rows[i].list]);
		assert_int_equal(trust_new(crypto, of(&ca.cert), list.n ? &list : NULL, &t), ST_OK);
		enum st st = trust_today(t, PKI_NOW + rows[i].now);
		if (st != rows[i].want)
			fail_msg("row %zu: %s, not %s", i, st_name(st), st_name(rows[i].want));
		trust_free(t);
	}
	struct credential *c;
	assert_int_equal(credential_new(crypto, of(&chain), of(&leaf.key), &c), ST_OK);
	assert_int_equal(credential_life(c).from, PKI_NOW - 10); // the CA's
	assert_int_equal(credential_life(c).until, PKI_NOW + 5); // its own
	credential_free(c);
	text_done(&chain);
	text_done(&lists[0]);
	text_done(&lists[1]);
	pki_done(&leaf);
	pki_done(&ca);
	pki_done(&other);
}

// Ours go into one message of IKE, which has an end.
static void how_much_is_ours(void **state)
{
	struct pki ca = pki_make(&(struct pki_wish){ PKI_P256, .ca = true }, NULL);
	struct text names = { 0 }, chain = { 0 };
	for (int i = 0; i < 240; i++)
		text_printf(&names, "%sDNS:h%d.example", i ? "," : "", i);
	struct pki leaf = pki_make(&(struct pki_wish){ PKI_P256, .names = text_str(&names) }, &ca);
	struct span der = pki_der(&leaf);
	struct credential *c = NULL;
	assert_in_range(der.n, CERT_OWN_MAX / 4 + 1, CERT_OWN_MAX / 3);
	for (int i = 1; i <= 4; i++) {
		text_bytes(&chain, of(&leaf.cert));
		assert_int_equal(credential_new(crypto, of(&chain), of(&leaf.key), &c), i < 4 ? ST_OK : ST_CERT_SYNTAX);
		if (i < 4)
			credential_free(c);
	}
	free((void *)(uintptr_t)der.p);
	pki_done(&leaf);
	// Nor is more read of a peer's than a message of fragments holds: reading costs.
	for (int i = 240; i < 1300; i++)
		text_printf(&names, ",DNS:h%d.example", i);
	leaf = pki_make(&(struct pki_wish){ PKI_P256, .names = text_str(&names) }, &ca);
	assert_int_equal(told(&(struct story){ &ca, NULL, &leaf, .name = fqdn("h1.example"), .signer = &ca }),
	                 ST_CERT_SYNTAX);
	text_done(&names);
	text_done(&chain);
	pki_done(&leaf);
	pki_done(&ca);
}

// O="Shop" and what a mark has between two attributes and CN="site1", in one value: no spelling of the name of site1.
static void one_value_is_no_two_attributes(void **state)
{
	static const uint8_t forged[] = "\x30\x1e\x31\x1c\x30\x1a\x06\x03\x55\x04\x0a\x0c\x13Shop\0\x01"
	                                "2.5.4.3\0site1";
	uint8_t der[DN_MAX], mark[DN_MARK];
	size_t n;
	assert_int_equal(dn_parse("O=Shop, CN=site1", der, &n), ST_OK);
	assert_int_equal(dn_mark(span_of(der, n), mark), ST_OK);
	assert_int_equal(dn_mark(span_of(forged, sizeof forged - 1), mark), ST_SYNTAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_kind_of_key),
		cmocka_unit_test(every_reason),
		cmocka_unit_test(every_kind_of_name),
		cmocka_unit_test(revocation),
		cmocka_unit_test(what_cannot_be_read),
		cmocka_unit_test(names_for_people),
		cmocka_unit_test(one_value_is_no_two_attributes),
		cmocka_unit_test(how_much_is_ours),
		cmocka_unit_test(a_ca_below_another),
		cmocka_unit_test(what_is_valid_today),
	};
	if (crypto_init(&crypto) != ST_OK)
		return 1;
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	crypto_free(crypto);
	return failed;
}
