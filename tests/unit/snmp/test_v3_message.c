// SPDX-License-Identifier: Apache-2.0
// Messages made field by field, right but for one thing, each with a digest that is right for what it says: the status
// and the Report that each must get. The receiver knows "none" (noAuthNoPriv), "auth" and "priv".
#include <stdio.h>
#include <stdlib.h>

#include "v3_help.h"

enum { REP = V3_FLAG_REPORTABLE, AUTH = V3_FLAG_AUTH, PRIV = V3_FLAG_PRIV };

static struct usm_users *users;
static struct ciphers *ciphers;

// What differs from a right message; zero means right.
struct raw {
	uint8_t flags;
	const char *user;
	uint8_t pdu;         // tag; 0: SNMPv2-Trap
	int32_t version, id; // 0: 3, 77
	int64_t max_size;    // 0: 65507
	int32_t model;       // 0: USM
	int flags_octets;    // 0: 1
	int engine_octets;   // 0: ours; -1: none; -2: another of 11 octets
	int digest_more;     // octets more or less
	int salt_more;
	int context_engine_octets, context_name_octets;
	size_t padding; // behind the ScopedPDU
	bool trailing;  // an octet behind the message
};

static const struct usm_entry *entry_named(const char *name)
{
	size_t n;
	return usm_users_find(users, span_str(name), &n);
}

static struct span engine_of(const struct raw *m)
{
	static const uint8_t zeros[64] = { 0x80 };
	if (m->engine_octets == -2)
		return span_of(printer_engine, sizeof printer_engine);
	if (m->engine_octets)
		return span_of(zeros, m->engine_octets < 0 ? 0 : (size_t)m->engine_octets);
	return span_of(our_engine, sizeof our_engine);
}

static void put_scoped(struct wr *w, const struct raw *m)
{
	static const uint8_t zeros[64];
	static uint8_t room[1024];
	wr_bytes(w, span_of(zeros, m->padding));
	const uint8_t *mark = w->at;
	wr_bytes(w, pdu_of(m->pdu ? m->pdu : PDU_TRAP_V2, 5, "x", room, sizeof room));
	ber_put(w, BER_OCTETS, span_of(zeros, (size_t)m->context_name_octets));
	ber_put(w, BER_OCTETS, span_of(zeros, (size_t)m->context_engine_octets));
	ber_head(w, BER_SEQUENCE, mark);
}

static void put_data(struct wr *w, const struct raw *m, const struct usm_entry *e, const struct usm_keys *keys,
                     uint32_t time, const uint8_t *salt)
{
	uint8_t plain[1024], iv[USM_IV_MAX];
	const uint8_t *mark = w->at;
	if (!(m->flags & PRIV) || !e->priv) {
		put_scoped(w, m);
		return;
	}
	struct wr inner = wr_of(plain, sizeof plain);
	put_scoped(&inner, m);
	e->priv->iv(keys->priv[0], OUR_BOOTS, time, salt, iv);
	uint8_t *sealed = wr_room(w, cipher_sealed_size(e->priv->cipher, wr_span(&inner).n));
	assert_int_equal(cipher_seal(ciphers, e->priv->cipher, keys->priv[0], iv, wr_span(&inner), sealed), ST_OK);
	ber_head(w, BER_OCTETS, mark);
}

static void put_header(struct wr *w, const struct raw *m)
{
	const uint8_t flags[2] = { m->flags, 0 };
	const uint8_t *mark = w->at;
	ber_put_int(w, BER_INTEGER, m->model ? m->model : USM_SECURITY_MODEL);
	ber_put(w, BER_OCTETS, span_of(flags, m->flags_octets ? (size_t)m->flags_octets - 1 : 1));
	ber_put_int(w, BER_INTEGER, m->max_size ? m->max_size : SNMP_DATAGRAM_MAX);
	ber_put_int(w, BER_INTEGER, m->id ? m->id : 77);
	ber_head(w, BER_SEQUENCE, mark);
	ber_put_int(w, BER_INTEGER, m->version ? m->version : SNMP_VERSION_3);
}

static void sign(struct wr *w, const struct usm_entry *e, const struct usm_keys *keys, uint8_t *digest, size_t n)
{
	uint8_t mac[DIGEST_MAX];
	struct digest d = hmac_begin(&keys->hmac);
	digest_add(&d, wr_span(w));
	hmac_end(&keys->hmac, &d, mac);
	memcpy(digest, mac, n < e->auth->mac ? n : e->auth->mac);
}

static struct span make(const struct raw *m, uint32_t time, uint8_t *room, size_t n)
{
	static const uint8_t salt[64] = { 9 };
	const struct usm_entry *e = entry_named(m->user);
	struct usm_keys keys = { 0 };
	bool signs = e && e->auth && m->flags & AUTH;
	size_t mac_n = signs ? (size_t)(e->auth->mac + m->digest_more) : 0;
	if (signs)
		usm_entry_auth_keys(e, engine_of(m), &keys);
	if (signs && e->priv)
		usm_entry_priv_key(e, engine_of(m), USM_BLUMENTHAL, &keys);
	struct wr w = wr_of(room, n - 1);
	const uint8_t *mark = w.at;
	put_data(&w, m, e ? e : entry_named("none"), &keys, time, salt);
	struct usm_parameters usm = { .engine = engine_of(m),
		                      .boots = OUR_BOOTS,
		                      .time = time,
		                      .user = span_str(m->user),
		                      .auth = span_of(salt, mac_n),
		                      .priv = span_of(salt, m->flags & PRIV ? (size_t)(USM_SALT + m->salt_more) : 0) };
	uint8_t *digest = usm_parameters_write(&w, &usm);
	put_header(&w, m);
	ber_head(&w, BER_SEQUENCE, mark);
	if (signs)
		sign(&w, e, &keys, digest, mac_n);
	room[n - 1] = 0;
	struct span whole = wr_span(&w);
	return span_of(whole.p, whole.n + m->trailing);
}

static const struct {
	const char *what;
	struct raw message;
	enum st st, report;
} rows[] = {
	{ "a trap", { .user = "none" }, ST_OK, ST_OK },
	{ "a trap, signed", { AUTH, "auth" }, ST_OK, ST_OK },
	{ "a trap, encrypted", { AUTH | PRIV, "priv" }, ST_OK, ST_OK },
	{ "an inform", { REP, "none", PDU_INFORM }, ST_OK, ST_OK },
	{ "an inform, signed", { REP | AUTH, "auth", PDU_INFORM }, ST_OK, ST_OK },
	{ "an inform without the flag", { 0, "none", PDU_INFORM }, ST_OK, ST_OK },
	{ "reserved flags", { 0xf8, "none" }, ST_OK, ST_OK },
	{ "longest context", { 0, "none", .context_engine_octets = 32, .context_name_octets = 32 }, ST_OK, ST_OK },
	{ "smallest maximum", { 0, "none", .max_size = 484 }, ST_OK, ST_OK },
	{ "largest maximum", { 0, "none", .max_size = INT32_MAX }, ST_OK, ST_OK },
	// RFC 3412 7.2: what contradicts itself is dropped without a word.
	{ "version 2", { REP, "none", .version = 2 }, ST_VERSION, ST_OK },
	{ "a byte behind", { REP, "none", .trailing = true }, ST_TRAILING, ST_OK },
	{ "maximum of 483", { REP, "none", PDU_INFORM, .max_size = 483 }, ST_INVALID_MSG, ST_OK },
	{ "maximum below 0", { REP, "none", PDU_INFORM, .max_size = -1 }, ST_INVALID_MSG, ST_OK },
	{ "maximum of 2^31", { REP, "none", PDU_INFORM, .max_size = 1LL << 31 }, ST_BER_INTEGER, ST_OK },
	{ "msgID below 0", { REP, "none", PDU_INFORM, .id = -1 }, ST_INVALID_MSG, ST_OK },
	{ "no flags", { REP, "none", PDU_INFORM, .flags_octets = 1 }, ST_INVALID_MSG, ST_OK },
	{ "two octets of flags", { REP, "none", PDU_INFORM, .flags_octets = 3 }, ST_INVALID_MSG, ST_OK },
	{ "privacy without authentication", { REP | PRIV, "priv", PDU_INFORM }, ST_INVALID_MSG, ST_OK },
	{ "clear text called encrypted", { REP | AUTH | PRIV, "auth", PDU_INFORM }, ST_INVALID_MSG, ST_OK },
	{ "security model 2", { REP, "none", PDU_INFORM, .model = 2 }, ST_SECURITY_MODEL, ST_OK },
	{ "security model 4", { REP, "none", PDU_INFORM, .model = 4 }, ST_SECURITY_MODEL, ST_OK },
	// RFC 3414 3.2, in its order.
	{ "discovery", { REP, "", PDU_GET, .engine_octets = -1 }, ST_ENGINE, ST_ENGINE },
	{ "discovery by an inform", { REP, "none", PDU_INFORM, .engine_octets = -1 }, ST_ENGINE, ST_ENGINE },
	{ "no engine, no flag", { 0, "none", .engine_octets = -1 }, ST_ENGINE, ST_OK },
	{ "engine of 4", { REP | AUTH, "auth", PDU_INFORM, .engine_octets = 4 }, ST_ENGINE, ST_ENGINE },
	{ "engine of 33", { REP | AUTH, "auth", PDU_INFORM, .engine_octets = 33 }, ST_ENGINE, ST_ENGINE },
	{ "trap, engine of 4", { AUTH, "auth", .engine_octets = 4 }, ST_ENGINE, ST_OK },
	{ "trap, engine of 5", { AUTH, "auth", .engine_octets = 5 }, ST_OK, ST_OK },
	{ "trap, engine of 32", { AUTH, "auth", .engine_octets = 32 }, ST_OK, ST_OK },
	{ "inform to another", { REP | AUTH, "auth", PDU_INFORM, .engine_octets = -2 }, ST_ENGINE, ST_ENGINE },
	{ "unknown user", { REP, "mallory", PDU_INFORM }, ST_USER, ST_USER },
	{ "no user", { REP, "", PDU_INFORM }, ST_USER, ST_USER },
	{ "unknown user, trap", { 0, "mallory" }, ST_USER, ST_OK },
	{ "level too low", { REP | AUTH, "priv", PDU_INFORM }, ST_LEVEL, ST_LEVEL },
	{ "level without keys", { REP | AUTH, "none", PDU_INFORM }, ST_LEVEL, ST_LEVEL },
	{ "digest of 0", { REP | AUTH, "auth", PDU_INFORM, .digest_more = -24 }, ST_DIGEST, ST_DIGEST },
	{ "digest of 1", { REP | AUTH, "auth", PDU_INFORM, .digest_more = -23 }, ST_DIGEST, ST_DIGEST },
	{ "digest of 12", { REP | AUTH, "auth", PDU_INFORM, .digest_more = -12 }, ST_DIGEST, ST_DIGEST },
	{ "digest of 23", { REP | AUTH, "auth", PDU_INFORM, .digest_more = -1 }, ST_DIGEST, ST_DIGEST },
	{ "digest of 25", { REP | AUTH, "auth", PDU_INFORM, .digest_more = 1 }, ST_DIGEST, ST_DIGEST },
	{ "digest of 48", { REP | AUTH, "auth", PDU_INFORM, .digest_more = 24 }, ST_DIGEST, ST_DIGEST },
	{ "no salt", { REP | AUTH | PRIV, "priv", PDU_INFORM, .salt_more = -8 }, ST_DECRYPT, ST_DECRYPT },
	{ "salt of 7", { REP | AUTH | PRIV, "priv", PDU_INFORM, .salt_more = -1 }, ST_DECRYPT, ST_DECRYPT },
	{ "salt of 9", { REP | AUTH | PRIV, "priv", PDU_INFORM, .salt_more = 1 }, ST_DECRYPT, ST_DECRYPT },
	{ "padded as pysnmp does", { AUTH | PRIV, "priv", .padding = 16 }, ST_OK, ST_OK },
	{ "padded by more", { AUTH | PRIV, "priv", .padding = 17 }, ST_DECRYPT, ST_OK },
	{ "padded clear text", { AUTH, "auth", .padding = 1 }, ST_TRAILING, ST_OK },
	{ "context engine of 33", { AUTH, "auth", .context_engine_octets = 33 }, ST_BER_LENGTH, ST_OK },
	{ "context name of 33", { AUTH, "auth", .context_name_octets = 33 }, ST_BER_LENGTH, ST_OK },
	// Only notifications are served; and a Report is never answered, nor what needs no answer.
	{ "a get", { REP | AUTH, "auth", PDU_GET }, ST_PDU_TYPE, ST_OK },
	{ "a response", { AUTH, "auth", PDU_RESPONSE }, ST_PDU_TYPE, ST_OK },
	{ "a report to an unknown engine", { REP, "none", PDU_REPORT, .engine_octets = -1 }, ST_ENGINE, ST_OK },
	{ "a report of an unknown user", { REP, "mallory", PDU_REPORT }, ST_USER, ST_OK },
	{ "a response of an unknown user", { REP, "mallory", PDU_RESPONSE }, ST_USER, ST_OK },
	{ "a trap that asks for a report", { REP, "mallory" }, ST_USER, ST_OK },
};

static void verdicts(void **state)
{
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct v3_state *s = state_of(users, 10);
		uint8_t room[1024];
		struct span m = make(&rows[i].message, 5, room, sizeof room);
		uint8_t *copy = malloc(m.n);
		memcpy(copy, m.p, m.n);
		struct v3_received r;
		enum st st = receive_from(s, SECONDS(5), "192.0.2.1", span_of(copy, m.n), &r);
		if (st != rows[i].st || r.report != rows[i].report)
			fail_msg("%s: %s, report %s", rows[i].what, st_name(st), st_name(r.report));
		assert_int_equal(s->by[st], 1);
		assert_memory_equal(copy, m.p, m.n); // verifying did not touch it
		struct wr w = wr_of(room, sizeof room);
		if (rows[i].report == ST_OK)
			assert_int_equal(v3_write_report(s, SECONDS(5), &r, &w), ST_REPORTABLE);
		else
			assert_int_equal(v3_write_report(s, SECONDS(5), &r, &w), ST_OK);
		free(copy);
		v3_state_free(s);
	}
}

// A Report: our engine and clock, the msgID, the counter's OID and value, the request-id where it could be read.
static void report_contents(void **state)
{
	struct v3_state *s = state_of(users, 10);
	const struct raw unknown = { REP, "mallory", PDU_INFORM, .id = 4711 };
	uint8_t room[1024], out[1024], oid[USM_STATS_OID];
	struct v3_received r;
	struct v3_message m;
	struct v3_scoped scoped;
	struct snmp_pdu pdu;
	struct snmp_varbind v;
	for (int i = 0; i < 3; i++)
		assert_int_equal(receive_from(s, SECONDS(5), "192.0.2.1", make(&unknown, 5, room, sizeof room), &r),
		                 ST_USER);
	struct wr w = wr_of(out, sizeof out);
	assert_int_equal(v3_write_report(s, SECONDS(99), &r, &w), ST_OK);
	assert_int_equal(v3_message_parse(wr_span(&w), &m), ST_OK);
	assert_int_equal(m.msg_id, 4711);
	assert_int_equal(m.flags, 0);
	assert_int_equal(m.usm.boots, OUR_BOOTS);
	assert_int_equal(m.usm.time, 99);
	assert_true(span_equal(m.usm.engine, span_of(our_engine, sizeof our_engine)));
	assert_int_equal(m.usm.user.n, 0);
	assert_int_equal(v3_scoped_parse(m.data, 0, &scoped), ST_OK);
	assert_int_equal(snmp_parse_pdu(scoped.pdu, &pdu), ST_OK);
	assert_int_equal(pdu.tag, PDU_REPORT);
	assert_int_equal(pdu.request_id, 5);
	struct ber list = ber_of(pdu.varbinds);
	assert_true(snmp_varbind_next(&list, &v));
	usm_stats_oid(3, oid);
	assert_true(span_equal(v.oid, span_of(oid, sizeof oid)));
	assert_int_equal(v.type, BER_COUNTER32);
	assert_int_equal(v.value.n, 1);
	assert_int_equal(v.value.p[0], 3);
	v3_state_free(s);
}

// design.md rule 9: the discovery Report is at most twice its request.
static void discovery_amplifies_little(void **state)
{
	struct v3_state *s = state_of(users, 10);
	static const uint8_t request[] = { // as small as it can be: without varbinds
		                           0x30, 0x38, 0x02, 0x01, 0x03, 0x30, 0x0e, 0x02, 0x01, 0x01, 0x02, 0x03,
		                           0x00, 0xff, 0xe3, 0x04, 0x01, 0x04, 0x02, 0x01, 0x03, 0x04, 0x10, 0x30,
		                           0x0e, 0x04, 0x00, 0x02, 0x01, 0x00, 0x02, 0x01, 0x00, 0x04, 0x00, 0x04,
		                           0x00, 0x04, 0x00, 0x30, 0x11, 0x04, 0x00, 0x04, 0x00, 0xa0, 0x0b, 0x02,
		                           0x01, 0x00, 0x02, 0x01, 0x00, 0x02, 0x01, 0x00, 0x30, 0x00
	};
	struct v3_received r;
	uint8_t room[1024];
	struct wr w = wr_of(room, sizeof room);
	struct span whole = span_of(request, sizeof request);
	struct ber check = ber_of(whole);
	(void)ber_take(&check, BER_SEQUENCE);
	assert_int_equal(ber_end(&check), ST_OK);
	assert_int_equal(receive_from(s, SECONDS(5), "192.0.2.1", whole, &r), ST_ENGINE);
	assert_int_equal(v3_write_report(s, SECONDS(INT32_MAX), &r, &w), ST_OK);
	assert_true(wr_span(&w).n <= 2 * sizeof request);
	v3_state_free(s);
}

static int setup(void **state)
{
	if (start_crypto(state) || ciphers_new(crypto, &ciphers) != ST_OK)
		return 1;
	const struct usm_user three[] = { test_user("none", NULL, NULL, ""),
		                          test_user("auth", "sha256", NULL, "password"),
		                          test_user("priv", "sha256", "aes128", "password") };
	users = users_of(three, 3, NULL);
	return 0;
}

static int teardown(void **state)
{
	ciphers_free(ciphers);
	usm_users_free(users);
	return stop_crypto(state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(verdicts),
		cmocka_unit_test(report_contents),
		cmocka_unit_test(discovery_amplifies_little),
	};
	return cmocka_run_group_tests_name("snmp: v3 message", tests, setup, teardown);
}
