// SPDX-License-Identifier: Apache-2.0
#include "cli/ike_opener.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hex.h"
#include "crypto/secret.h"

enum { ENDS = 2, FIELDS = 8, SPI = 8, SK_MAX = AEAD_KEY_MAX + AEAD_SALT_MAX, SAS_STEP = 16 };

// The fragments of one message, until all are there.
struct pieces {
	uint32_t id;
	uint16_t total, have;
	uint8_t first;
	struct {
		uint8_t *at;
		size_t n;
	} piece[IKE_FRAGMENTS_MAX];
};

struct sa {
	uint64_t spi_i, spi_r;
	struct aead_key *key[ENDS];  // of the initiator's messages, of the responder's
	struct pieces *pieces[ENDS]; // NULL: none
};

struct ike_opener {
	struct crypto *crypto;
	struct aead_engine *engine;
	struct sa *sas;
	size_t n, room;
	uint8_t whole[IKE_MESSAGE_MAX], chain[IKE_MESSAGE_MAX];
};

enum st ike_opener_new(struct ike_opener **out)
{
	struct ike_opener *o = calloc(1, sizeof *o);
	if (!o)
		return ST_NO_MEMORY;
	enum st st = crypto_init(&o->crypto);
	if (st == ST_OK)
		st = aead_engine_new(aead_best(), o->crypto, &o->engine);
	if (st == ST_OK)
		*out = o;
	else
		ike_opener_free(o);
	return st;
}

static void pieces_free(struct pieces *p)
{
	for (size_t i = 0; p && i < IKE_FRAGMENTS_MAX; i++)
		free(p->piece[i].at);
	free(p);
}

static void sa_done(struct ike_opener *o, struct sa *sa)
{
	for (int i = 0; i < ENDS; i++) {
		aead_key_free(o->engine, sa->key[i]);
		pieces_free(sa->pieces[i]);
	}
}

void ike_opener_free(struct ike_opener *o)
{
	if (!o)
		return;
	for (size_t i = 0; i < o->n; i++)
		sa_done(o, &o->sas[i]);
	free(o->sas);
	aead_engine_free(o->engine);
	crypto_free(o->crypto);
	secret_wipe(o, sizeof *o);
	free(o);
}

// The name of a cipher or an integrity check, in our word and in Wireshark's, which goes on with the RFC in brackets.
static const struct {
	const char *ours, *theirs;
	const char *part; // of the name of an aead_alg
} ciphers[] = {
	{ "aes128gcm16", "AES-GCM-128 with 16 octet ICV", "aes128gcm16" },
	{ "aes256gcm16", "AES-GCM-256 with 16 octet ICV", "aes256gcm16" },
	{ "chacha20poly1305", "ChaCha20-Poly1305", "chacha20poly1305" },
	{ "aes128", "AES-CBC-128", "aes128-" },
	{ "aes256", "AES-CBC-256", "aes256-" },
}, checks[] = {
	{ "none", "NONE", "" },
	{ "sha256-128", "HMAC_SHA2_256_128", "sha256-128" },
	{ "sha1-96", "HMAC_SHA1_96", "sha1-96" },
};

static bool is_name(const char *text, const char *ours, const char *theirs)
{
	size_t n = strlen(theirs);
	return strcmp(text, ours) == 0 ||
	       (strncasecmp(text, theirs, n) == 0 && (!text[n] || strncmp(text + n, " [", 2) == 0));
}

static const struct aead_alg *alg_of(const char *cipher, const char *check)
{
	char name[32] = "";
	const char *first = NULL, *second = NULL;
	for (size_t i = 0; i < sizeof ciphers / sizeof *ciphers; i++)
		if (is_name(cipher, ciphers[i].ours, ciphers[i].theirs))
			first = ciphers[i].part;
	for (size_t i = 0; i < sizeof checks / sizeof *checks; i++)
		if (is_name(check, checks[i].ours, checks[i].theirs))
			second = checks[i].part;
	if (first && second)
		snprintf(name, sizeof name, "%s%s", first, second);
	return aead_find(name);
}

// One line, its fields and what they say.
struct line {
	char text[IKE_KEYS_LINE_MAX + 1];
	char *field[FIELDS];
	uint8_t spi[ENDS][SPI], e[ENDS][SK_MAX], a[ENDS][AEAD_INTEG_MAX];
	const struct aead_alg *alg;
};

// Cuts at commas; spaces and quotation marks around a field are not its own.
static bool cut(struct line *l)
{
	size_t n = 0;
	for (char *at = l->text; at; n++) {
		char *comma = strchr(at, ',');
		if (n == FIELDS)
			return false;
		if (comma)
			*comma = 0;
		at += strspn(at, " \t\"");
		for (size_t k = strlen(at); k && strchr(" \t\"\r", at[k - 1]); k--)
			at[k - 1] = 0;
		l->field[n] = at;
		at = comma ? comma + 1 : NULL;
	}
	return n == FIELDS;
}

static bool take_hex(const char *field, uint8_t *out, size_t n)
{
	struct text octets = { 0 };
	bool good = (!*field && !n) || (hex_read(span_str(field), n, &octets) && !octets.bad && octets.n == n);
	if (good && n)
		memcpy(out, octets.p, n);
	if (octets.p)
		secret_wipe(octets.p, octets.n);
	text_done(&octets);
	return good;
}

// What is wrong with the line, or NULL.
static const char *understand(struct line *l)
{
	if (!cut(l))
		return "write SPI_i,SPI_r,SK_ei,SK_er,CIPHER,SK_ai,SK_ar,INTEGRITY";
	for (int i = 0; i < ENDS; i++)
		if (!take_hex(l->field[i], l->spi[i], SPI))
			return "an SPI has 16 hex digits";
	l->alg = alg_of(l->field[4], l->field[7]);
	if (!l->alg)
		return "no such cipher and integrity check together";
	for (int i = 0; i < ENDS; i++) {
		if (!take_hex(l->field[2 + i], l->e[i], (size_t)l->alg->key + l->alg->salt))
			return "an SK_e has another size with this cipher (the salt of GCM and ChaCha20 is behind the "
			       "key)";
		if (!take_hex(l->field[5 + i], l->a[i], l->alg->integ))
			return "an SK_a has another size with this integrity check";
	}
	return NULL;
}

static struct sa *more(struct ike_opener *o)
{
	if (o->n == o->room) {
		struct sa *sas = reallocarray(o->sas, o->room + SAS_STEP, sizeof *sas);
		if (!sas)
			return NULL;
		o->sas = sas;
		o->room += SAS_STEP;
	}
	o->sas[o->n] = (struct sa){ 0 };
	return &o->sas[o->n];
}

static enum st add(struct ike_opener *o, const struct line *l)
{
	struct sa *sa = more(o);
	if (!sa)
		return ST_NO_MEMORY;
	struct rd i = rd_of(span_of(l->spi[0], SPI)), r = rd_of(span_of(l->spi[1], SPI));
	sa->spi_i = rd_u64(&i);
	sa->spi_r = rd_u64(&r);
	enum st st = ST_OK;
	for (int end = 0; end < ENDS && st == ST_OK; end++) {
		const struct aead_secret s = { .key = span_of(l->e[end], l->alg->key),
			                       .integ = span_of(l->a[end], l->alg->integ),
			                       .salt = span_of(l->e[end] + l->alg->key, l->alg->salt) };
		st = aead_key_new(o->engine, l->alg, AEAD_OPEN, &s, &sa->key[end]);
	}
	if (st == ST_OK)
		o->n++;
	else
		sa_done(o, sa);
	return st;
}

enum st ike_opener_add(struct ike_opener *o, struct span lines, struct text *why)
{
	unsigned number = 0;
	struct rd r = rd_of(lines);
	enum st st = ST_OK;
	while (rd_left(&r) && st == ST_OK) {
		const uint8_t *end = memchr(r.at, '\n', rd_left(&r));
		struct span text = rd_take(&r, end ? (size_t)(end - r.at) : rd_left(&r));
		struct line l = { 0 };
		rd_skip(&r, end != NULL);
		number++;
		if (!text.n || *text.p == '#' || *text.p == '\r')
			continue;
		const char *wrong = "a line this long is none of keys";
		if (text.n <= IKE_KEYS_LINE_MAX) {
			memcpy(l.text, text.p, text.n);
			wrong = understand(&l);
		}
		if (wrong)
			text_printf(why, "line %u: %s", number, wrong);
		st = wrong ? ST_SYNTAX : add(o, &l);
		secret_wipe(&l, sizeof l);
	}
	return st;
}

enum st ike_opener_read(struct ike_opener *o, const char *file, struct text *why)
{
	FILE *f = fopen(file, "re");
	char *bytes = f ? malloc(IKE_KEYS_FILE_MAX + 1) : NULL;
	if (!f || !bytes) {
		text_add(why, strerror(errno));
		if (f)
			fclose(f);
		return f ? ST_NO_MEMORY : ST_IO;
	}
	size_t n = fread(bytes, 1, IKE_KEYS_FILE_MAX + 1, f);
	enum st st = ferror(f) ? ST_IO : n > IKE_KEYS_FILE_MAX ? ST_FULL : ST_OK;
	if (st == ST_OK)
		st = ike_opener_add(o, span_of(bytes, n), why);
	secret_wipe(bytes, n);
	free(bytes);
	fclose(f);
	return st;
}

static struct sa *find(const struct ike_opener *o, const struct ike_message *m)
{
	for (size_t i = 0; i < o->n; i++)
		if (o->sas[i].spi_i == m->spi_i && o->sas[i].spi_r == m->spi_r)
			return &o->sas[i];
	return NULL;
}

static bool pieces_begin(struct pieces **at, const struct ike_message *m)
{
	struct pieces *p = *at;
	if (p && p->id == m->id && p->total == m->fragments)
		return true;
	pieces_free(p);
	*at = p = calloc(1, sizeof *p);
	if (p) {
		p->id = m->id;
		p->total = m->fragments;
	}
	return p != NULL;
}

static void put_together(struct ike_opener *o, struct pieces *p, struct ike_seen *out)
{
	struct wr w = wr_of(o->chain, sizeof o->chain);
	for (size_t i = p->total; i-- > 0;)
		wr_bytes(&w, span_of(p->piece[i].at, p->piece[i].n));
	out->chain = wr_span(&w);
	out->inner = p->first;
	out->sealed = w.full ? ST_IKE_FRAGMENT_LIMIT : ST_OK;
}

// What one fragment held is kept until the others are there; the same one again changes nothing.
static enum st keep(struct ike_opener *o, struct pieces **at, const struct ike_message *m, struct span text,
                    struct ike_seen *out)
{
	if (m->fragments > IKE_FRAGMENTS_MAX)
		return ST_IKE_FRAGMENT_LIMIT;
	if (!pieces_begin(at, m))
		return ST_NO_MEMORY;
	struct pieces *p = *at;
	size_t i = m->fragment - 1u;
	if (p->piece[i].at)
		return ST_IKE_FRAGMENT;
	p->piece[i].at = malloc(text.n ? text.n : 1);
	if (!p->piece[i].at)
		return ST_NO_MEMORY;
	memcpy(p->piece[i].at, text.p, text.n);
	p->piece[i].n = text.n;
	if (i == 0)
		p->first = m->inner;
	if (++p->have < p->total)
		return ST_IKE_FRAGMENT;
	put_together(o, p, out);
	pieces_free(p);
	*at = NULL;
	return out->sealed;
}

static enum st open_sealed(struct ike_opener *o, const struct ike_message *m, struct ike_seen *out)
{
	if (!m->head.n)
		return ST_NONE;
	struct sa *sa = find(o, m);
	int end = m->from_initiator ? 0 : 1;
	struct span text;
	if (!sa)
		return ST_IKE_SPI;
	enum st st = ike_open_sealed(o->engine, sa->key[end], m, o->whole, sizeof o->whole, &text);
	if (st != ST_OK)
		return st;
	if (m->fragments)
		return keep(o, &sa->pieces[end], m, text, out);
	out->chain = text;
	out->inner = m->inner;
	return ST_OK;
}

// Behind the marker; or without it, where an SPI may begin with zeros, too.
static bool read_header(struct span datagram, struct ike_message *m)
{
	static const uint8_t marker[IKE_MARKER];
	bool marked = datagram.n > IKE_MARKER && memcmp(datagram.p, marker, IKE_MARKER) == 0;
	return (marked && ike_read_header(span_of(datagram.p + IKE_MARKER, datagram.n - IKE_MARKER), m) == ST_OK) ||
	       ike_read_header(datagram, m) == ST_OK;
}

bool ike_opener_take(struct ike_opener *o, struct span datagram, struct ike_seen *out)
{
	struct ike_seen seen = { 0 };
	if (!read_header(datagram, &seen.m))
		return false;
	seen.clear = ike_read_clear(&seen.m);
	seen.sealed = open_sealed(o, &seen.m, &seen);
	*out = seen;
	return true;
}
