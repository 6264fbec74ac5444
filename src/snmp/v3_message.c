// SPDX-License-Identifier: Apache-2.0
#include "snmp/v3_message.h"

#include "crypto/secret.h"
#include "snmp/ber.h"
#include "snmp/message.h"

// The fields of msgGlobalData as they stand; judged when everything could be read.
struct header {
	int32_t id, max_size, model;
	struct span flags;
};

static struct header take_header(struct ber *b)
{
	struct ber head = ber_enter(b, BER_SEQUENCE);
	struct header h = { .id = ber_int32(&head), .max_size = ber_int32(&head) };
	h.flags = ber_take(&head, BER_OCTETS);
	h.model = ber_int32(&head);
	enum st st = ber_end(&head);
	if (st != ST_OK)
		ber_fail(b, st);
	return h;
}

static enum st judge_header(const struct header *h)
{
	if (h->id < 0 || h->max_size < V3_SIZE_MIN || h->flags.n != 1)
		return ST_INVALID_MSG;
	if (h->flags.p[0] & V3_FLAG_PRIV && !(h->flags.p[0] & V3_FLAG_AUTH))
		return ST_INVALID_MSG;
	return h->model == USM_SECURITY_MODEL ? ST_OK : ST_SECURITY_MODEL;
}

enum st v3_message_parse(struct span datagram, struct v3_message *out)
{
	struct ber all = ber_of(datagram);
	struct ber body = ber_enter(&all, BER_SEQUENCE);
	int32_t version = ber_int32(&body);
	if (version != SNMP_VERSION_3)
		ber_fail(&body, ST_VERSION);
	struct header head = take_header(&body);
	struct span parameters = ber_take(&body, BER_OCTETS);
	uint8_t tag;
	struct span whole = ber_whole(&body, &tag);
	enum st st = ber_end(&body);
	if (st == ST_OK)
		st = ber_end(&all);
	if (st == ST_OK)
		st = judge_header(&head);
	if (st != ST_OK)
		return st;
	struct v3_message m = {
		.whole = datagram, .msg_id = head.id, .max_size = (uint32_t)head.max_size, .flags = head.flags.p[0]
	};
	bool sealed = m.flags & V3_FLAG_PRIV;
	if (tag != (sealed ? BER_OCTETS : BER_SEQUENCE))
		return ST_INVALID_MSG;
	struct ber data = ber_of(whole);
	m.data = sealed ? ber_take(&data, BER_OCTETS) : whole;
	st = usm_parameters_parse(parameters, &m.usm);
	if (st == ST_OK)
		*out = m;
	return st;
}

uint8_t v3_message_level(const struct v3_message *m)
{
	return m->flags & V3_FLAG_PRIV ? USM_AUTHPRIV : m->flags & V3_FLAG_AUTH ? USM_AUTH : USM_NOAUTH;
}

enum st v3_scoped_parse(struct span plain, size_t padding, struct v3_scoped *out)
{
	struct ber all = ber_of(plain);
	struct ber body = ber_enter(&all, BER_SEQUENCE);
	struct v3_scoped s = { .context_engine = ber_take(&body, BER_OCTETS),
		               .context_name = ber_take(&body, BER_OCTETS) };
	uint8_t tag;
	s.pdu = ber_whole(&body, &tag);
	enum st st = ber_end(&body);
	if (st != ST_OK)
		return st;
	if (rd_left(&all.rd) > padding)
		return ST_TRAILING;
	if (tag < PDU_GET || tag > PDU_REPORT)
		return ST_PDU_TYPE;
	if (s.context_engine.n > SNMP_ENGINE_ID_MAX || s.context_name.n > V3_CONTEXT_NAME_MAX)
		return ST_BER_LENGTH;
	*out = s;
	return ST_OK;
}

enum st v3_plain_scoped(struct span datagram, struct v3_scoped *out)
{
	struct v3_message m;
	enum st st = v3_message_parse(datagram, &m);
	if (st != ST_OK)
		return st;
	return m.flags & V3_FLAG_PRIV ? ST_DECRYPT : v3_scoped_parse(m.data, 0, out);
}

static void mac_of(struct span whole, struct span mac, const struct hmac_key *key, uint8_t *out)
{
	static const uint8_t zeros[USM_MAC_MAX];
	struct digest d = hmac_begin(key);
	digest_add(&d, span_of(whole.p, (size_t)(mac.p - whole.p)));
	digest_add(&d, span_of(zeros, mac.n));
	digest_add(&d, span_of(mac.p + mac.n, (size_t)(whole.p + whole.n - mac.p) - mac.n));
	hmac_end(key, &d, out);
}

bool v3_message_verify(const struct v3_message *m, const struct usm_auth *auth, const struct hmac_key *key)
{
	uint8_t digest[DIGEST_MAX];
	if (m->usm.auth.n != auth->mac)
		return false;
	mac_of(m->whole, m->usm.auth, key, digest);
	return secret_equal(span_of(digest, auth->mac), m->usm.auth);
}

enum st v3_message_decrypt(const struct v3_message *m, struct ciphers *c, const struct usm_priv *priv,
                           const uint8_t *key, uint8_t *plain, struct v3_scoped *out)
{
	uint8_t iv[USM_IV_MAX];
	if (m->usm.priv.n != USM_SALT)
		return ST_DECRYPT;
	priv->iv(key, m->usm.boots, m->usm.time, m->usm.priv.p, iv);
	if (cipher_open(c, priv->cipher, key, iv, m->data, plain) != ST_OK)
		return ST_DECRYPT;
	return v3_scoped_parse(span_of(plain, m->data.n), V3_PADDING_MAX, out) == ST_OK ? ST_OK : ST_DECRYPT;
}

static void write_scoped(struct wr *w, const struct v3_outgoing *m)
{
	const uint8_t *mark = w->at;
	wr_bytes(w, m->pdu);
	ber_put(w, BER_OCTETS, m->context_name);
	ber_put(w, BER_OCTETS, m->context_engine);
	ber_head(w, BER_SEQUENCE, mark);
}

static enum st write_sealed(struct wr *w, const struct v3_outgoing *m, struct ciphers *c, uint8_t *room,
                            const uint8_t *salt)
{
	struct wr inner = wr_of(room, V3_PLAIN_MAX);
	write_scoped(&inner, m);
	struct span plain = wr_span(&inner);
	if (!plain.n)
		return ST_FULL;
	const uint8_t *key = m->keys->priv[m->extension];
	uint8_t iv[USM_IV_MAX];
	m->priv->iv(key, m->boots, m->time, salt, iv);
	const uint8_t *mark = w->at;
	uint8_t *sealed = wr_room(w, cipher_sealed_size(m->priv->cipher, plain.n));
	if (!sealed)
		return ST_FULL;
	enum st st = cipher_seal(c, m->priv->cipher, key, iv, plain, sealed);
	ber_head(w, BER_OCTETS, mark);
	return st;
}

static void write_header(struct wr *w, const struct v3_outgoing *m)
{
	static const uint8_t flags_of[] = {
		[USM_NOAUTH] = 0, [USM_AUTH] = V3_FLAG_AUTH, [USM_AUTHPRIV] = V3_FLAG_AUTH | V3_FLAG_PRIV
	};
	const uint8_t flags = flags_of[m->level] | (m->reportable ? V3_FLAG_REPORTABLE : 0);
	const uint8_t *mark = w->at;
	ber_put_int(w, BER_INTEGER, USM_SECURITY_MODEL);
	ber_put(w, BER_OCTETS, span_of(&flags, 1));
	ber_put_int(w, BER_INTEGER, SNMP_DATAGRAM_MAX);
	ber_put_int(w, BER_INTEGER, m->msg_id);
	ber_head(w, BER_SEQUENCE, mark);
}

enum st v3_message_write(const struct v3_outgoing *m, struct ciphers *c, uint8_t *plain, struct wr *w)
{
	uint8_t salt[USM_SALT];
	struct usm_parameters usm = { m->engine, m->boots, m->time, m->user, { 0 }, { 0 } };
	const uint8_t *mark = w->at;
	enum st st = ST_OK;
	if (m->level == USM_AUTHPRIV) {
		m->priv->salt(m->boots, m->salt, salt);
		usm.priv = span_of(salt, sizeof salt);
		st = write_sealed(w, m, c, plain, salt);
	} else {
		write_scoped(w, m);
	}
	if (st != ST_OK)
		return st;
	if (m->level >= USM_AUTH)
		usm.auth.n = m->auth->mac;
	uint8_t *digest = usm_parameters_write(w, &usm);
	write_header(w, m);
	ber_put_int(w, BER_INTEGER, SNMP_VERSION_3);
	ber_head(w, BER_SEQUENCE, mark);
	if (w->full)
		return ST_FULL;
	if (m->level >= USM_AUTH) {
		uint8_t mac[DIGEST_MAX];
		struct span whole = span_of(w->at, (size_t)(mark - w->at));
		mac_of(whole, span_of(digest, m->auth->mac), &m->keys->hmac, mac);
		memcpy(digest, mac, m->auth->mac);
	}
	return ST_OK;
}
