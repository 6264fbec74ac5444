// SPDX-License-Identifier: Apache-2.0
// Names are those of IANA's "Internet Key Exchange Version 2 (IKEv2) Parameters", and for algorithms those of our configuration.
#include "cli/ike_words.h"

#include <inttypes.h>
#include <stdio.h>

#include "event/describe.h"
#include "ike/payload.h"
#include "ike/suite.h"

struct name {
	uint16_t number;
	const char *text;
};

static const struct name exchanges[] = { { IKE_SA_INIT, "IKE_SA_INIT" },
	                                 { IKE_AUTH, "IKE_AUTH" },
	                                 { IKE_CREATE_CHILD_SA, "CREATE_CHILD_SA" },
	                                 { IKE_INFORMATIONAL, "INFORMATIONAL" } };

static const struct name payloads[] = {
	{ PAYLOAD_SA, "SA" },     { PAYLOAD_KE, "KE" },           { PAYLOAD_IDI, "IDi" },   { PAYLOAD_IDR, "IDr" },
	{ PAYLOAD_CERT, "CERT" }, { PAYLOAD_CERTREQ, "CERTREQ" }, { PAYLOAD_AUTH, "AUTH" }, { PAYLOAD_NONCE, "Nonce" },
	{ PAYLOAD_NOTIFY, "N" },  { PAYLOAD_DELETE, "D" },        { PAYLOAD_VENDOR, "V" },  { PAYLOAD_TSI, "TSi" },
	{ PAYLOAD_TSR, "TSr" },   { PAYLOAD_SK, "SK" },           { PAYLOAD_CP, "CP" },     { PAYLOAD_EAP, "EAP" },
	{ PAYLOAD_SKF, "SKF" },
};

static const struct name notifies[] = {
	{ 1, "UNSUPPORTED_CRITICAL_PAYLOAD" },
	{ 4, "INVALID_IKE_SPI" },
	{ 5, "INVALID_MAJOR_VERSION" },
	{ 7, "INVALID_SYNTAX" },
	{ 9, "INVALID_MESSAGE_ID" },
	{ 11, "INVALID_SPI" },
	{ 14, "NO_PROPOSAL_CHOSEN" },
	{ 17, "INVALID_KE_PAYLOAD" },
	{ 24, "AUTHENTICATION_FAILED" },
	{ 34, "SINGLE_PAIR_REQUIRED" },
	{ 35, "NO_ADDITIONAL_SAS" },
	{ 36, "INTERNAL_ADDRESS_FAILURE" },
	{ 37, "FAILED_CP_REQUIRED" },
	{ 38, "TS_UNACCEPTABLE" },
	{ 39, "INVALID_SELECTORS" },
	{ 40, "UNACCEPTABLE_ADDRESSES" },
	{ 41, "UNEXPECTED_NAT_DETECTED" },
	{ 43, "TEMPORARY_FAILURE" },
	{ 44, "CHILD_SA_NOT_FOUND" },
	{ 16384, "INITIAL_CONTACT" },
	{ 16385, "SET_WINDOW_SIZE" },
	{ 16386, "ADDITIONAL_TS_POSSIBLE" },
	{ 16387, "IPCOMP_SUPPORTED" },
	{ 16388, "NAT_DETECTION_SOURCE_IP" },
	{ 16389, "NAT_DETECTION_DESTINATION_IP" },
	{ 16390, "COOKIE" },
	{ 16391, "USE_TRANSPORT_MODE" },
	{ 16392, "HTTP_CERT_LOOKUP_SUPPORTED" },
	{ 16393, "REKEY_SA" },
	{ 16394, "ESP_TFC_PADDING_NOT_SUPPORTED" },
	{ 16395, "NON_FIRST_FRAGMENTS_ALSO" },
	{ 16396, "MOBIKE_SUPPORTED" },
	{ 16397, "ADDITIONAL_IP4_ADDRESS" },
	{ 16398, "ADDITIONAL_IP6_ADDRESS" },
	{ 16399, "NO_ADDITIONAL_ADDRESSES" },
	{ 16400, "UPDATE_SA_ADDRESSES" },
	{ 16401, "COOKIE2" },
	{ 16402, "NO_NATS_ALLOWED" },
	{ 16403, "AUTH_LIFETIME" },
	{ 16404, "MULTIPLE_AUTH_SUPPORTED" },
	{ 16405, "ANOTHER_AUTH_FOLLOWS" },
	{ 16406, "REDIRECT_SUPPORTED" },
	{ 16407, "REDIRECT" },
	{ 16417, "EAP_ONLY_AUTHENTICATION" },
	{ 16418, "CHILDLESS_IKEV2_SUPPORTED" },
	{ 16419, "QUICK_CRASH_DETECTION" },
	{ 16420, "IKEV2_MESSAGE_ID_SYNC_SUPPORTED" },
	{ 16427, "INITIAL_CONTACT_WITH_PPK" },
	{ 16430, "IKEV2_FRAGMENTATION_SUPPORTED" },
	{ 16431, "SIGNATURE_HASH_ALGORITHMS" },
	{ 16432, "CLONE_IKE_SA_SUPPORTED" },
	{ 16434, "PUZZLE" },
	{ 16435, "USE_PPK" },
	{ 16436, "PPK_IDENTITY" },
	{ 16437, "NO_PPK_AUTH" },
	{ 16438, "INTERMEDIATE_EXCHANGE_SUPPORTED" },
};

static const struct name encr[] = { { 3, "3des" },
	                            { 11, "null" },
	                            { 12, "aes" },
	                            { 13, "aesctr" },
	                            { 14, "aesccm8" },
	                            { 15, "aesccm12" },
	                            { 16, "aesccm16" },
	                            { 18, "aesgcm8" },
	                            { 19, "aesgcm12" },
	                            { 20, "aesgcm16" },
	                            { 21, "aesgmac" },
	                            { 23, "camellia" },
	                            { 28, "chacha20poly1305" } };
static const struct name prf_names[] = { { 1, "prfmd5" },    { 2, "prfsha1" },   { 4, "prfaesxcbc" },
	                                 { 5, "prfsha256" }, { 6, "prfsha384" }, { 7, "prfsha512" },
	                                 { 8, "prfaescmac" } };
static const struct name integ[] = { { 0, "none" },        { 1, "md5-96" },     { 2, "sha1-96" },
	                             { 5, "aesxcbc-96" },  { 8, "aescmac-96" }, { 12, "sha256-128" },
	                             { 13, "sha384-192" }, { 14, "sha512-256" } };
static const struct name groups[] = {
	{ 0, "none" },        { 1, "modp768" },   { 2, "modp1024" },  { 5, "modp1536" },
	{ 14, "modp2048" },   { 15, "modp3072" }, { 16, "modp4096" }, { 17, "modp6144" },
	{ 18, "modp8192" },   { 19, "ecp256" },   { 20, "ecp384" },   { 21, "ecp521" },
	{ 31, "curve25519" }, { 32, "curve448" }, { 36, "mlkem768" }, { 37, "mlkem1024" }
};
static const struct name esn[] = { { 0, "noesn" }, { 1, "esn" } };
static const struct name identities[] = { { ID_IPV4, "ip" }, { ID_FQDN, "fqdn" }, { ID_EMAIL, "email" },
	                                  { ID_IPV6, "ip" }, { ID_DN, "dn" },     { ID_KEY_ID, "key-id" } };
static const struct name methods[] = { { 1, "RSA signature" },         { 2, "shared key" },   { 9, "ECDSA P-256" },
	                               { 10, "ECDSA P-384" },          { 11, "ECDSA P-521" }, { 13, "NULL" },
	                               { 14, "signature of RFC 7427" } };
static const struct name protocols[] = {
	{ PROTOCOL_NONE, "" }, { PROTOCOL_IKE, "IKE" }, { PROTOCOL_AH, "AH" }, { PROTOCOL_ESP, "ESP" }
};
static const struct name configurations[] = { { 1, "request" }, { 2, "reply" }, { 3, "set" }, { 4, "ack" } };

#define NAME(table, number, kind, out) add_name(table, sizeof table / sizeof *table, number, kind, out)

static void add_name(const struct name *table, size_t n, uint16_t number, const char *kind, struct text *out)
{
	for (size_t i = 0; i < n; i++)
		if (table[i].number == number) {
			text_add(out, table[i].text);
			return;
		}
	text_printf(out, "%s-%u", kind, number);
}

static void add_transform(const struct ike_transform_seen *t, struct text *out)
{
	switch (t->type) {
	case TRANSFORM_ENCR:
		NAME(encr, t->id, "encr", out);
		break;
	case TRANSFORM_PRF:
		NAME(prf_names, t->id, "prf", out);
		break;
	case TRANSFORM_INTEG:
		NAME(integ, t->id, "integ", out);
		break;
	case TRANSFORM_DH:
		NAME(groups, t->id, "group", out);
		break;
	case TRANSFORM_ESN:
		NAME(esn, t->id, "esn", out);
		break;
	default:
		text_printf(out, "transform-%u-%u", t->type, t->id);
	}
	if (t->bits == UINT16_MAX)
		text_add(out, ":?");
	else if (t->bits)
		text_printf(out, ":%u", t->bits);
}

static enum st add_sa(struct span body, struct text *out)
{
	struct ike_proposals walk = ike_proposals_of(body);
	struct ike_proposal p;
	struct ike_transform_seen t;
	enum st st;
	for (const char *between = ""; (st = ike_next_proposal(&walk, &p)) == ST_OK; between = "; ") {
		text_printf(out, "%s%u ", between, p.number);
		NAME(protocols, p.protocol, "protocol", out);
		if (p.spi.n) {
			text_add(out, " SPI ");
			text_hex(out, p.spi);
		}
		while ((st = ike_next_transform(&p, &t)) == ST_OK) {
			text_add(out, " ");
			add_transform(&t, out);
		}
		if (st != ST_NONE)
			return st;
	}
	return st == ST_NONE ? ST_OK : st;
}

static enum st add_ke(struct span body, struct text *out)
{
	struct ike_ke ke;
	enum st st = ike_read_ke(body, &ke);
	if (st != ST_OK)
		return st;
	NAME(groups, ke.group, "group", out);
	text_printf(out, ", %zu octets", ke.public.n);
	return ST_OK;
}

static void add_ip(struct span ip, struct text *out)
{
	struct addr a = { .ip = { [10] = 0xff, [11] = 0xff } };
	char text[ADDR_TEXT];
	memcpy(a.ip + sizeof a.ip - ip.n, ip.p, ip.n);
	text_add(out, addr_ip_text(&a, text));
}

static enum st add_identity(struct span body, struct text *out)
{
	struct ike_identity id;
	enum st st = ike_read_identity(body, &id);
	if (st != ST_OK)
		return st;
	NAME(identities, id.type, "identity", out);
	text_add(out, " ");
	if ((id.type == ID_IPV4 && id.data.n == 4) || (id.type == ID_IPV6 && id.data.n == 16))
		add_ip(id.data, out);
	else if (id.type == ID_FQDN || id.type == ID_EMAIL)
		text_clean(out, id.data);
	else
		text_hex(out, id.data);
	return ST_OK;
}

static enum st add_proof(struct span body, struct text *out)
{
	struct ike_proof p;
	enum st st = ike_read_proof(body, &p);
	if (st != ST_OK)
		return st;
	NAME(methods, p.method, "method", out);
	text_printf(out, ", %zu octets", p.data.n);
	return ST_OK;
}

static enum st add_ts(struct span body, struct text *out)
{
	struct ike_ts_list list;
	enum st st = ike_read_ts(body, &list);
	for (unsigned i = 0; st == ST_OK && i < list.n; i++) {
		const struct ike_ts *t = &list.at[i];
		struct addr first = { 0 }, last = { 0 };
		char from[ADDR_TEXT], to[ADDR_TEXT];
		memcpy(first.ip, t->first, sizeof first.ip);
		memcpy(last.ip, t->last, sizeof last.ip);
		text_printf(out, "%s%s-%s", i ? ", " : "", addr_ip_text(&first, from), addr_ip_text(&last, to));
		if (t->protocol)
			text_printf(out, " protocol %u", t->protocol);
		if (t->port_first || t->port_last != UINT16_MAX)
			text_printf(out, " ports %u-%u", t->port_first, t->port_last);
	}
	return st;
}

static enum st add_configuration(struct span body, struct text *out)
{
	struct ike_configuration c;
	enum st st = ike_read_configuration(body, &c);
	if (st != ST_OK)
		return st;
	NAME(configurations, c.type, "type", out);
	if (c.has_ip4) {
		text_add(out, ", address ");
		add_ip(span_of(c.ip4, sizeof c.ip4), out);
	}
	return ST_OK;
}

static enum st add_delete(struct span body, struct text *out)
{
	struct ike_delete d;
	enum st st = ike_read_delete(body, &d);
	if (st != ST_OK)
		return st;
	NAME(protocols, d.protocol, "protocol", out);
	for (unsigned i = 0; i < d.n; i++)
		text_printf(out, " SPI %08" PRIx32, d.spi[i]);
	return ST_OK;
}

static uint16_t notify_type(struct span body)
{
	struct rd r = rd_of(body);
	rd_skip(&r, 2);
	return rd_u16(&r);
}

static enum st add_notify(struct span body, struct text *out)
{
	struct rd r = rd_of(body);
	uint8_t protocol = rd_u8(&r), size = rd_u8(&r);
	uint16_t type = rd_u16(&r);
	struct span spi = rd_take(&r, size), data = rd_rest(&r);
	if (r.bad)
		return ST_IKE_PAYLOAD;
	NAME(notifies, type, "notify", out);
	if (spi.n) {
		text_add(out, " of ");
		NAME(protocols, protocol, "protocol", out);
		text_add(out, " SPI ");
		text_hex(out, spi);
	}
	if (type == N_INVALID_KE_PAYLOAD && data.n == 2) {
		struct rd group = rd_of(data);
		text_add(out, ": ");
		NAME(groups, rd_u16(&group), "group", out);
	} else if (data.n) {
		text_printf(out, ", %zu octets", data.n);
	}
	return ST_OK;
}

// What is in a payload, in words. What has no reader here is told by its size.
static enum st add_content(const struct ike_part *p, struct text *out)
{
	switch (p->type) {
	case PAYLOAD_SA:
		return add_sa(p->body, out);
	case PAYLOAD_KE:
		return add_ke(p->body, out);
	case PAYLOAD_IDI:
	case PAYLOAD_IDR:
		return add_identity(p->body, out);
	case PAYLOAD_AUTH:
		return add_proof(p->body, out);
	case PAYLOAD_NOTIFY:
		return add_notify(p->body, out);
	case PAYLOAD_DELETE:
		return add_delete(p->body, out);
	case PAYLOAD_TSI:
	case PAYLOAD_TSR:
		return add_ts(p->body, out);
	case PAYLOAD_CP:
		return add_configuration(p->body, out);
	default:
		text_printf(out, "%zu octets", p->body.n);
		return ST_OK;
	}
}

// The content of a payload that cannot be read is why not.
static enum st describe(const struct ike_part *p, struct text *name, struct text *content)
{
	text_clear(name);
	text_clear(content);
	NAME(payloads, p->type, "payload", name);
	enum st st = add_content(p, content);
	if (st != ST_OK) {
		text_clear(content);
		text_add(content, st_text(st));
	}
	return st;
}

typedef void show_fn(void *arg, const struct ike_part *p, bool sealed);

// Every payload in its order: what stood in clear, the encrypted one among them, then what was in that.
static void each_payload(const struct ike_seen *s, show_fn *fn, void *arg)
{
	struct ike_walk clear = ike_walk_clear(&s->m), sealed = ike_walk_sealed(s->chain, s->inner);
	struct ike_part p;
	while (ike_walk_next(&clear, &p) == ST_OK)
		fn(arg, &p, false);
	while (s->sealed == ST_OK && ike_walk_next(&sealed, &p) == ST_OK)
		fn(arg, &p, true);
}

static const char *why_sealed(enum st st)
{
	return st == ST_IKE_SPI ? "no key of this IKE SA is given" : st_text(st);
}

static void add_line(void *arg, const struct ike_part *p, bool sealed)
{
	struct text *out = arg, name = { 0 }, content = { 0 };
	(void)describe(p, &name, &content);
	text_printf(out, "\n    %s%s%s %s", sealed ? "  " : "", p->critical ? "critical " : "", text_str(&name),
	            text_str(&content));
	text_done(&name);
	text_done(&content);
}

void ike_words(const struct ike_shown *s, struct text *out)
{
	const struct ike_message *m = &s->seen->m;
	char from[ADDR_TEXT], to[ADDR_TEXT];
	event_time_text(s->at, out);
	text_printf(out, "  %s to %s  ", addr_text(&s->from, from), addr_text(&s->to, to));
	NAME(exchanges, m->exchange, "exchange", out);
	text_printf(out, " %s %" PRIu32 " of the %s, SPIs %016" PRIx64 " %016" PRIx64,
	            m->reply ? "response" : "request", m->id, m->from_initiator ? "initiator" : "responder", m->spi_i,
	            m->spi_r);
	if (m->fragments)
		text_printf(out, ", fragment %u of %u", m->fragment, m->fragments);
	each_payload(s->seen, add_line, out);
	if (s->seen->clear != ST_OK)
		text_printf(out, "\n    %s", st_text(s->seen->clear));
	if (s->seen->sealed != ST_OK && s->seen->sealed != ST_NONE)
		text_printf(out, "\n      %s", why_sealed(s->seen->sealed));
}

static void add_object(void *arg, const struct ike_part *p, bool sealed)
{
	struct json *j = arg;
	struct text name = { 0 }, content = { 0 };
	enum st st = describe(p, &name, &content);
	json_open(j, '{');
	json_key_str(j, "payload", text_str(&name));
	json_key_uint(j, "type", p->type);
	if (p->type == PAYLOAD_NOTIFY && st == ST_OK)
		json_key_uint(j, "notify", notify_type(p->body));
	if (sealed) {
		json_key(j, "encrypted");
		json_bool(j, true);
	}
	if (p->critical) {
		json_key(j, "critical");
		json_bool(j, true);
	}
	json_key_str(j, st == ST_OK ? "content" : "refused", text_str(&content));
	json_close(j, '}');
	text_done(&name);
	text_done(&content);
}

static void key_hex(struct json *j, const char *key, uint64_t spi)
{
	char hex[17];
	snprintf(hex, sizeof hex, "%016" PRIx64, spi);
	json_key_str(j, key, hex);
}

static void put_head(struct json *j, const struct ike_shown *s)
{
	const struct ike_message *m = &s->seen->m;
	struct text word = { 0 };
	char addr[ADDR_TEXT];
	json_key_str(j, "kind", "ike");
	event_time_text(s->at, &word);
	json_key_str(j, "received", text_str(&word));
	json_key_str(j, "from", addr_text(&s->from, addr));
	json_key_str(j, "to", addr_text(&s->to, addr));
	text_clear(&word);
	NAME(exchanges, m->exchange, "exchange", &word);
	json_key_str(j, "exchange", text_str(&word));
	json_key(j, "response");
	json_bool(j, m->reply);
	json_key(j, "initiator");
	json_bool(j, m->from_initiator);
	json_key_uint(j, "message_id", m->id);
	key_hex(j, "spi_i", m->spi_i);
	key_hex(j, "spi_r", m->spi_r);
	if (m->fragments) {
		json_key_uint(j, "fragment", m->fragment);
		json_key_uint(j, "fragments", m->fragments);
	}
	text_done(&word);
}

void ike_words_json(const struct ike_shown *s, struct text *out)
{
	const struct ike_seen *seen = s->seen;
	struct json j = json_of(out);
	json_open(&j, '{');
	put_head(&j, s);
	json_key(&j, "payloads");
	json_open(&j, '[');
	each_payload(seen, add_object, &j);
	json_close(&j, ']');
	if (seen->clear != ST_OK)
		json_key_str(&j, "refused", st_name(seen->clear));
	if (seen->sealed != ST_NONE)
		json_key_str(&j, "opened",
		             seen->sealed == ST_OK        ? "yes"
		             : seen->sealed == ST_IKE_SPI ? "no-key"
		                                          : st_name(seen->sealed));
	json_close(&j, '}');
}
