// SPDX-License-Identifier: Apache-2.0
// The messages of trapline-blast, read back by the library's parser.
#include "maker.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "event/event.h"
#include "crypto/crypto.h"
#include "snmp/message.h"
#include "snmp/v3.h"

// The last varbind of a message must be the sequence varbind: its number.
static uint64_t sequence_of(const struct snmp_pdu *pdu)
{
	struct ber walk = ber_of(pdu->varbinds);
	struct snmp_varbind v = { 0 };
	struct oid oid, wanted;
	while (snmp_varbind_next(&walk, &v))
		;
	assert_int_equal(oid_decode(v.oid, &oid), ST_OK);
	assert_int_equal(oid_parse(SEQUENCE_OID, &wanted), ST_OK);
	assert_int_equal(oid_compare(&oid, &wanted), 0);
	uint64_t seq = 0;
	for (size_t i = 0; i < v.value.n; i++) {
		assert_in_range(v.value.p[i], '0', '9');
		seq = seq * 10 + (uint64_t)(v.value.p[i] - '0');
	}
	return seq;
}

static const uint64_t sequences[] = { 0, 1, 9, 10, 1073741823, 1073741824, 123456789012345, 9999999999999999 };

static void check_maker(const struct maker_options *o, uint8_t tag, uint32_t varbinds)
{
	struct maker m;
	uint8_t out[MAKER_SIZE_MAX];
	assert_int_equal(maker_init(&m, o), ST_OK);
	assert_int_equal(m.size, o->size);
	for (size_t i = 0; i < sizeof sequences / sizeof *sequences; i++) {
		struct snmp_message message;
		m.make(&m, sequences[i], out);
		assert_int_equal(snmp_parse_message(span_of(out, m.size), &message), ST_OK);
		assert_int_equal(message.version, o->version);
		assert_int_equal(message.pdu.tag, tag);
		assert_int_equal(message.pdu.varbind_count, varbinds);
		assert_int_equal(sequence_of(&message.pdu), sequences[i]);
	}
}

static void test_trap_v1(void **state)
{
	check_maker(&(struct maker_options){ .version = SNMP_V1, .community = "public", .size = 247 }, PDU_TRAP_V1, 7);
}

static void test_trap_v2(void **state)
{
	check_maker(&(struct maker_options){ .version = SNMP_V2C, .community = "public", .size = 247 }, PDU_TRAP_V2, 9);
	check_maker(&(struct maker_options){ .version = SNMP_V2C, .community = "c", .size = 1400 }, PDU_TRAP_V2, 9);
}

static void test_inform(void **state)
{
	struct maker_options o = { .version = SNMP_V2C, .inform = true, .community = "public", .size = 247 };
	check_maker(&o, PDU_INFORM, 9);
}

static void test_size_refused(void **state)
{
	struct maker m;
	struct maker_options o = { .version = SNMP_V2C, .community = "public", .size = 100 };
	assert_int_equal(maker_init(&m, &o), ST_SYNTAX);
	o.size = MAKER_SIZE_MAX + 1;
	assert_int_equal(maker_init(&m, &o), ST_SYNTAX);
}

// The reply that the collector writes to our inform names its sequence number again.
static void test_reply(void **state)
{
	struct maker m;
	struct maker_options o = { .version = SNMP_V2C, .inform = true, .community = "public", .size = 247 };
	assert_int_equal(maker_init(&m, &o), ST_OK);
	for (size_t i = 0; i < sizeof sequences / sizeof *sequences; i++) {
		uint8_t out[MAKER_SIZE_MAX], reply[MAKER_SIZE_MAX];
		struct snmp_message message;
		struct wr w = wr_of(reply, sizeof reply);
		uint64_t seq = 1;
		m.make(&m, sequences[i], out);
		assert_int_equal(snmp_parse_message(span_of(out, m.size), &message), ST_OK);
		assert_int_equal(snmp_write_inform_response(&w, message.community, &message.pdu), ST_OK);
		for (uint64_t behind = 0; behind < 3; behind++) {
			assert_int_equal(m.acknowledged(&m, wr_span(&w), sequences[i] + behind * 100000, &seq), ST_OK);
			assert_int_equal(seq, sequences[i]);
		}
		assert_int_not_equal(m.acknowledged(&m, span_of(out, m.size), sequences[i], &seq), ST_OK);
		assert_int_not_equal(m.acknowledged(&m, span_of(reply, 0), sequences[i], &seq), ST_OK);
	}
}

// v3 messages of all engines have one size, are not replays of each other, and the library opens them.
static void test_v3(void **state)
{
	static const uint8_t engine[] = { 0x80, 0, 0x7e, 0xd9, 5, 1 };
	static struct v3_scratch scratch;
	struct maker m;
	struct maker_options o = { .version = SNMP_V3,
		                   .user = { "alice", "sha256", "password one", "aes128", "password two", 3 } };
	struct usm_user user = { .name = span_str("alice"),
		                 .auth = usm_auth_by_name("sha256"),
		                 .auth_password = span_str("password one"),
		                 .priv = usm_priv_by_name("aes128"),
		                 .priv_password = span_str("password two") };
	struct usm_users *users;
	struct crypto *crypto;
	struct v3_state *v3;
	size_t which;
	assert_int_equal(maker_init(&m, &o), ST_OK);
	assert_int_equal(crypto_init(&crypto), ST_OK);
	assert_int_equal(usm_users_new(&user, 1, span_of(engine, sizeof engine), NULL, &users, &which), ST_OK);
	struct v3_config config = { .crypto = crypto, .users = users, .random = random_system(), .boots = 1 };
	assert_int_equal(v3_state_new(&config, &v3), ST_OK);
	for (uint64_t seq = 0; seq < 1000; seq += 7) {
		uint8_t out[MAKER_SIZE_MAX];
		struct v3_received r;
		struct addr peer = { 0 };
		m.make(&m, seq, out);
		assert_int_equal(v3_receive(v3, 1, span_str(""), &peer, span_of(out, m.size), 0, &scratch, &r), ST_OK);
		assert_int_equal(r.level, USM_AUTHPRIV);
		assert_int_equal(sequence_of(&r.pdu), seq);
	}
	v3_state_free(v3);
	usm_users_free(users);
	crypto_free(crypto);
	maker_done(&m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_trap_v1),      cmocka_unit_test(test_trap_v2), cmocka_unit_test(test_inform),
		cmocka_unit_test(test_size_refused), cmocka_unit_test(test_reply),   cmocka_unit_test(test_v3),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
