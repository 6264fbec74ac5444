// SPDX-License-Identifier: Apache-2.0
// Datagrams as a collector would have taken them: accepted, refused with the reason and shown all the same, hidden.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cli/decoder.h"
#include "crypto/crypto.h"
#include "snmp/build.h"
#include "snmp/v3_client.h"

#define SECONDS(n) ((int64_t)(n)*1000000000)

static struct crypto *crypto;
static struct prefix ten;
static struct policy_community harbour;
static struct policy some, none;
static uint8_t bytes[SNMP_DATAGRAM_MAX], pdu_room[4096];

static struct usm_user user(const char *name, const char *password)
{
	return (struct usm_user){ .name = span_str(name),
		                  .auth = usm_auth_by_name("sha256"),
		                  .auth_password = span_str(password),
		                  .priv = usm_priv_by_name("aes128"),
		                  .priv_password = span_str(password) };
}

static struct decoder *decoder_of(const struct policy *policy, const struct usm_user *users, size_t n, bool ignore_time)
{
	struct decoder *d = NULL;
	const struct decoder_config config = { policy, users, n, ignore_time };
	assert_int_equal(decoder_new(&config, &d), ST_OK);
	return d;
}

static struct decoder_origin from(const char *peer, int64_t second)
{
	struct decoder_origin o = { .at = SECONDS(second) };
	if (peer) {
		assert_int_equal(addr_parse(peer, &o.peer), ST_OK);
		o.transport = TRANSPORT_UDP;
	}
	return o;
}

static struct wr pdu_of(uint8_t tag)
{
	struct oid trap, name;
	struct snmp_out_varbind v;
	assert_int_equal(oid_parse("1.3.6.1.6.3.1.1.5.1", &trap), ST_OK);
	assert_int_equal(oid_parse("1.3.6.1.6.3.18.1.4.0", &name), ST_OK); // snmpTrapCommunity.0
	assert_int_equal(snmp_out_varbind_parse(&name, 's', "hush-hush", &v), ST_OK);
	struct wr w = wr_of(pdu_room, sizeof pdu_room);
	snmp_write_notification_v2(&w, tag, 5, 100, &trap, &v, 1);
	snmp_out_varbind_done(&v);
	return w;
}

static struct span v2c(const char *community)
{
	struct span pdu;
	struct wr p = pdu_of(PDU_TRAP_V2), w = wr_of(bytes, sizeof bytes);
	pdu = wr_span(&p);
	wr_bytes(&w, pdu);
	snmp_wrap_community(&w, SNMP_V2C, span_str(community));
	return wr_span(&w);
}

// A message whose authority is an engine with that clock.
static struct span v3(struct usm_user u, uint8_t level, uint8_t tag, uint32_t boots, int64_t time)
{
	static const uint8_t engine[] = { 0x80, 0, 0, 1, 5, 7, 7 }, other[] = { 0x80, 0, 0, 2, 5, 9 };
	struct v3_client *c;
	u.level = level;
	const struct v3_client_config config = { .crypto = crypto,
		                                 .random = random_system(),
		                                 .user = u,
		                                 .level = level,
		                                 .context_engine = span_of(other, sizeof other) };
	assert_int_equal(v3_client_new(&config, &c), ST_OK);
	v3_client_engine(c, span_of(engine, sizeof engine), boots, -SECONDS(time));
	struct wr p = pdu_of(tag), w = wr_of(bytes, sizeof bytes);
	assert_int_equal(v3_client_write(c, 0, wr_span(&p), tag == PDU_INFORM, &w), ST_OK);
	v3_client_free(c);
	return wr_span(&w);
}

// What the JSON says, checked for words that must and must not be in it.
static void expect(struct decoder *d, struct decoder_origin o, struct span message, enum st refused, const char *has)
{
	struct decoded m;
	struct text json = { 0 };
	decoder_take(d, &o, message, &m);
	if (m.refused)
		event_json_refused(&m.event, &m.words, m.refused, text_str(&m.reason), &json);
	else
		event_json(&m.event, &m.words, &json);
	if (m.refused != refused || !strstr(text_str(&json), has) || strstr(text_str(&json), "hush") ||
	    strstr(text_str(&json), "686173682d") || (refused && !m.reason.n) ||
	    !m.refused != !strstr(text_str(&json), "\"refused\""))
		fail_msg("%s, wanted %s: %s", st_name(m.refused), has, text_str(&json));
	text_done(&json);
	decoded_done(&m);
}

static void communities(void **state)
{
	struct decoder *d = decoder_of(&some, NULL, 0, false), *open = decoder_of(&none, NULL, 0, false);
	expect(d, from("10.1.1.1:5", 1), v2c("harbour"), ST_OK, "\"community\":\"ops\"");
	expect(d, from("10.1.1.1:5", 1), v2c("harbour"), ST_OK, "\"name\":\"coldStart\"");
	expect(d, from(NULL, 1), v2c("harbour"), ST_OK, "\"peer\":null");
	expect(d, from("192.0.2.1:5", 1), v2c("harbour"), ST_SOURCE, "\"community\":\"ops\"");
	expect(d, from("192.0.2.1:5", 1), v2c("harbour"), ST_SOURCE,
	       "\"refused\":\"source\",\"reason\":\"the source address");
	expect(d, from("10.1.1.1:5", 1), v2c("public"), ST_COMMUNITY, "\"community\":null");
	expect(d, from("10.1.1.1:5", 1), v2c("public"), ST_COMMUNITY, "\"oid\":\"1.3.6.1.6.3.1.1.5.1\"");
	expect(open, from("10.1.1.1:5", 1), v2c("public"), ST_OK, "\"community\":null");
	struct decoded m;
	struct decoder_origin o = from("10.1.1.1:5", 1);
	decoder_take(open, &o, v2c("public"), &m);
	assert_true(m.unchecked);
	decoded_done(&m);
	decoder_take(d, &o, v2c("public"), &m);
	assert_false(m.unchecked);
	decoded_done(&m);
	decoder_free(d);
	decoder_free(open);
}

static void users(void **state)
{
	struct usm_user alice = user("alice", "correct horse");
	struct usm_user wrong_priv = alice, wrong_auth = user("alice", "wrong horse");
	wrong_priv.priv_password = span_str("another horse");
	struct decoder *d = decoder_of(&some, &alice, 1, false), *empty = decoder_of(&some, NULL, 0, false);
	const struct decoder_origin o = from("192.0.2.1:5", 5000);
	expect(d, o, v3(alice, 0, PDU_TRAP_V2, 3, 100), ST_OK,
	       "\"user\":\"alice\",\"level\":\"authPriv\",\"engine\":\"80000001050707\"");
	expect(d, o, v3(alice, 0, PDU_INFORM, 3, 100), ST_OK, "\"engine\":\"800000020509\"");
	expect(d, o, v3(wrong_priv, 0, PDU_TRAP_V2, 3, 100), ST_DECRYPT, "\"user\":\"alice\"");
	expect(d, o, v3(wrong_auth, 0, PDU_TRAP_V2, 3, 100), ST_DIGEST, "\"kind\":null");
	expect(d, o, v3(user("bob", "b"), 0, PDU_TRAP_V2, 3, 100), ST_USER, "\"user\":\"bob\"");
	expect(d, o, v3(alice, USM_AUTH, PDU_TRAP_V2, 3, 100), ST_LEVEL, "\"name\":\"coldStart\"");
	expect(empty, o, v3(alice, USM_AUTH, PDU_INFORM, 3, 100), ST_USER, "\"kind\":\"inform\"");
	decoder_free(d);
	decoder_free(empty);
}

static void clocks(void **state)
{
	struct usm_user alice = user("alice", "correct horse");
	struct decoder *d = decoder_of(&some, &alice, 1, false), *any = decoder_of(&some, &alice, 1, true);
	struct decoder *both[] = { d, any };
	for (int i = 0; i < 2; i++) {
		enum st replay = i ? ST_OK : ST_REPLAY, window = i ? ST_OK : ST_TIME_WINDOW;
		struct span trap = v3(alice, 0, PDU_TRAP_V2, 3, 100);
		expect(both[i], from("192.0.2.1:5", 5000), trap, ST_OK, "coldStart");
		expect(both[i], from("192.0.2.1:5", 5010), trap, replay, "coldStart");
		expect(both[i], from("192.0.2.1:5", 5200), trap, window, "coldStart");
		expect(both[i], from("192.0.2.1:5", 5200), v3(alice, 0, PDU_TRAP_V2, 2, 900), window,
		       i ? "coldStart" : "says boots 2, time 900 s, but was at boots 3, time 300 s");
	}
	decoder_free(d);
	decoder_free(any);
}

static void broken(void **state)
{
	struct decoder *d = decoder_of(&some, NULL, 0, false);
	struct decoder_origin o = from("10.1.1.1:5", 1);
	expect(d, o, span_of("", 0), ST_EMPTY, "\"version\":null,\"kind\":null");
	expect(d, o, span_of("0\x03\x02\x01\x05", 5), ST_VERSION, "\"version\":null");
	struct span whole = v2c("harbour");
	expect(d, o, span_of(whole.p, whole.n - 1), ST_SHORT, "\"varbinds\":[]");
	o.cut = true;
	expect(d, o, span_of(whole.p, whole.n - 1), ST_SHORT, "the capture does not hold all of it");
	decoder_free(d);
}

static int set_up(void **state)
{
	static char label[] = "ops";
	static uint8_t community[] = { 'h', 'a', 'r', 'b', 'o', 'u', 'r' };
	harbour = (struct policy_community){ label, community, sizeof community, { &ten, 1 }, NULL, 0 };
	some = (struct policy){ .communities = &harbour, .community_count = 1 };
	return prefix_parse("10.0.0.0/8", &ten) || crypto_init(&crypto);
}

static int tear_down(void **state)
{
	crypto_free(crypto);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(communities), cmocka_unit_test(users),
		                            cmocka_unit_test(clocks), cmocka_unit_test(broken) };
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
