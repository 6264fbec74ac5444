// SPDX-License-Identifier: Apache-2.0
// Every algorithm there and back, by trap and by inform; every way of being refused with its status and its Report; and
// a message with any bit turned over.
#include <stdio.h>
#include <stdlib.h>

#include "v3_help.h"

#define PASSWORD "correct horse"

static struct span bytes_of_printer(void)
{
	return span_of(printer_engine, sizeof printer_engine);
}

// Runs discovery and the inform; returns what the receiver said to the last message.
static enum st inform(struct v3_state *s, struct v3_client *c, int64_t now, struct v3_received *r, int *reports)
{
	uint8_t room[2048];
	struct snmp_pdu answer;
	enum st st = ST_NONE, why;
	*reports = 0;
	for (int i = 0; i < 4; i++) {
		struct datagram d = client_message(c, now, PDU_INFORM, 77, "door open");
		st = receive_from(s, now, "192.0.2.1", datagram_span(&d), r);
		struct wr w = wr_of(room, sizeof room);
		if (st == ST_OK) {
			assert_int_equal(r->pdu.tag, PDU_INFORM);
			assert_int_equal(v3_write_response(s, now, &r->reply, &r->pdu, &w), ST_OK);
			assert_int_equal(v3_client_input(c, now, wr_span(&w), &answer, &why), V3_CLIENT_RESPONSE);
			assert_int_equal(answer.request_id, 77);
			assert_int_equal(answer.error_status, 0);
			assert_true(span_equal(answer.varbinds, r->pdu.varbinds));
			free(d.p);
			return st;
		}
		assert_int_equal(v3_write_report(s, now, r, &w), ST_OK);
		++*reports;
		enum v3_client_event event = v3_client_input(c, now, wr_span(&w), &answer, &why);
		if (event != V3_CLIENT_AGAIN) {
			assert_int_equal(event, V3_CLIENT_REFUSED);
			assert_int_equal(why, st);
		}
		free(d.p);
		if (event != V3_CLIENT_AGAIN)
			break;
	}
	return st;
}

static void one_algorithm(const char *auth, const char *priv, enum usm_extension extension)
{
	struct usm_user user = test_user("alice", auth, priv, PASSWORD);
	struct usm_users *users = users_of(&user, 1, NULL);
	struct v3_state *s = state_of(users, 10);
	struct v3_received r;
	int reports;
	uint8_t level = priv ? USM_AUTHPRIV : auth ? USM_AUTH : USM_NOAUTH;

	struct v3_client *c = client_of(user, 0, extension);
	v3_client_engine(c, bytes_of_printer(), 3, SECONDS(10));
	for (int i = 0; i < 3; i++) { // learning, then knowing
		struct datagram d = client_message(c, SECONDS(20), PDU_TRAP_V2, i, "paper jam");
		assert_int_equal(receive_from(s, SECONDS(20), "192.0.2.1", datagram_span(&d), &r), ST_OK);
		assert_int_equal(r.pdu.tag, PDU_TRAP_V2);
		assert_int_equal(r.pdu.request_id, i);
		assert_int_equal(r.level, level);
		assert_true(span_equal(r.scoped.context_engine, bytes_of_printer()));
		assert_true(!r.own && !r.lenient && !r.shared && r.report == ST_OK);
		free(d.p);
	}
	assert_int_equal(engines_count(s->engines), auth ? 1 : 0);
	v3_client_free(c);

	c = client_of(user, 0, extension);
	assert_int_equal(inform(s, c, SECONDS(30), &r, &reports), ST_OK);
	assert_int_equal(r.level, level);
	assert_true(r.own);
	assert_int_equal(reports, auth ? 2 : 1);
	v3_client_free(c);
	v3_state_free(s);
	usm_users_free(users);
}

static void every_algorithm(void **state)
{
	const struct usm_auth *auth;
	const struct usm_priv *priv;
	one_algorithm(NULL, NULL, USM_BLUMENTHAL);
	for (size_t a = 0; (auth = usm_auth_at(a)); a++) {
		one_algorithm(auth->digest->name, NULL, USM_BLUMENTHAL);
		for (size_t p = 0; (priv = usm_priv_at(p)); p++)
			for (int x = 0; x < USM_EXTENSIONS; x++)
				one_algorithm(auth->digest->name, priv->cipher->name, (enum usm_extension)x);
	}
}

// Both senders stretch AES-256 keys of SHA-1 their own way; the engine's extension is remembered.
static void extension_remembered(void **state)
{
	struct usm_user user = test_user("alice", "sha1", "aes256", PASSWORD);
	struct usm_users *users = users_of(&user, 1, NULL);
	struct v3_state *s = state_of(users, 10);
	struct v3_received r;
	struct v3_client *c = client_of(user, 0, USM_REEDER);
	v3_client_engine(c, bytes_of_printer(), 3, 0);
	struct datagram d = client_message(c, SECONDS(20), PDU_TRAP_V2, 1, "paper jam");
	assert_int_equal(receive_from(s, SECONDS(20), "192.0.2.1", datagram_span(&d), &r), ST_OK);
	struct addr peer;
	struct engine *first;
	assert_int_equal(addr_parse("192.0.2.1:1", &peer), ST_OK);
	struct engine_name name = { span_str("site"), bytes_of_printer(), &peer };
	struct engine *e = engines_find(s->engines, &name, &first);
	assert_non_null(e);
	assert_ptr_equal(e, first);
	assert_int_equal(e->keys->extension, USM_REEDER);
	free(d.p);
	v3_client_free(c);
	v3_state_free(s);
	usm_users_free(users);
}

// Several entries of one name: tried in turn, the one that fits is found, and the next message goes straight to it.
static void same_name_twice(void **state)
{
	struct usm_user entries[] = { test_user("alice", "md5", "des", "first password"),
		                      test_user("alice", "sha1", "aes128", "second password"),
		                      test_user("alice", "sha1", "aes128", PASSWORD) };
	struct usm_users *users = users_of(entries, 3, NULL);
	struct v3_state *s = state_of(users, 10);
	struct v3_received r;
	for (size_t i = 0; i < 3; i++) {
		struct datagram d = trap_at(entries[i], bytes_of_printer(), 3, 0, SECONDS(20 + i));
		assert_int_equal(receive_from(s, SECONDS(20 + i), "192.0.2.1", datagram_span(&d), &r), ST_OK);
		assert_int_equal(r.serial, users->entries[i].serial);
		free(d.p);
	}
	assert_int_equal(engines_count(s->engines), 1);
	v3_state_free(s);
	usm_users_free(users);
}

static void refusals(void **state)
{
	struct usm_user both = test_user("alice", "sha256", "aes128", PASSWORD);
	struct usm_users *users = users_of(&both, 1, NULL);
	struct v3_state *s = state_of(users, 10);
	struct usm_user wrong_auth = test_user("alice", "sha256", "aes128", "wrong password");
	struct usm_user other_digest = test_user("alice", "sha512", "aes128", PASSWORD);
	struct usm_user wrong_priv = both;
	wrong_priv.priv_password = span_str("wrong password");
	const struct {
		struct usm_user user;
		uint8_t level;
		enum st st;
	} rows[] = {
		{ test_user("mallory", "sha256", "aes128", PASSWORD), 0, ST_USER },
		{ wrong_auth, 0, ST_DIGEST },
		{ other_digest, 0, ST_DIGEST },
		{ wrong_priv, 0, ST_DECRYPT },
		{ test_user("alice", "sha256", NULL, PASSWORD), 0, ST_LEVEL },
		{ test_user("alice", NULL, NULL, ""), 0, ST_LEVEL },
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct v3_received r;
		int reports;
		uint64_t before = s->by[rows[i].st];
		struct datagram d = trap_at(rows[i].user, bytes_of_printer(), 3, 0, SECONDS(20));
		assert_int_equal(receive_from(s, SECONDS(20), "192.0.2.1", datagram_span(&d), &r), rows[i].st);
		assert_int_equal(s->by[rows[i].st], before + 1);
		assert_int_equal(r.report, ST_OK); // a trap wants none
		assert_true(span_equal(r.message.usm.user, rows[i].user.name));
		free(d.p);
		struct v3_client *c = client_of(rows[i].user, rows[i].level, USM_BLUMENTHAL);
		assert_int_equal(inform(s, c, SECONDS(20), &r, &reports), rows[i].st);
		assert_int_equal(r.report, rows[i].st);
		v3_client_free(c);
	}
	// Only the wrong privacy password came with a right digest.
	assert_int_equal(engines_count(s->engines), 1);
	v3_state_free(s);
	usm_users_free(users);
}

// An inform for another engine than ours is told ours, whatever it is.
static void foreign_inform(void **state)
{
	struct usm_user users_in[] = { test_user("alice", "sha1", NULL, PASSWORD), test_user("bob", NULL, NULL, "") };
	struct usm_users *users = users_of(users_in, 2, NULL);
	struct v3_state *s = state_of(users, 10);
	const struct {
		struct usm_user user;
		enum st st;
	} rows[] = {
		{ users_in[0], ST_ENGINE },
		{ users_in[1], ST_ENGINE },
		{ test_user("alice", "sha1", NULL, "wrong password"), ST_DIGEST },
		{ test_user("carol", "sha1", NULL, PASSWORD), ST_USER },
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct v3_received r;
		struct v3_client *c = client_of(rows[i].user, 0, USM_BLUMENTHAL);
		v3_client_engine(c, bytes_of_printer(), 3, 0);
		struct datagram d = client_message(c, SECONDS(9), PDU_INFORM, 5, "x");
		assert_int_equal(receive_from(s, SECONDS(9), "192.0.2.1", datagram_span(&d), &r), rows[i].st);
		assert_int_equal(r.report, ST_ENGINE);
		free(d.p);
		v3_client_free(c);
	}
	v3_state_free(s);
	usm_users_free(users);
}

// A message with any one bit turned over is refused, and teaches the receiver nothing.
static void any_bit(void **state)
{
	struct usm_user user = test_user("alice", "sha1", "aes128", PASSWORD);
	struct usm_users *users = users_of(&user, 1, NULL);
	struct v3_state *s = state_of(users, 10);
	struct v3_received r;
	struct datagram d = trap_at(user, bytes_of_printer(), 3, 0, SECONDS(20));
	for (size_t bit = 0; bit < d.n * 8; bit++) {
		d.p[bit / 8] ^= (uint8_t)(1 << bit % 8);
		enum st st = receive_from(s, SECONDS(20), "192.0.2.1", datagram_span(&d), &r);
		if (st == ST_OK)
			fail_msg("bit %zu", bit);
		assert_false(r.verified);
		d.p[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	for (size_t n = 0; n < d.n; n++) {
		uint8_t *cut = malloc(n + 1);
		memcpy(cut, d.p, n);
		assert_int_not_equal(receive_from(s, SECONDS(20), "192.0.2.1", span_of(cut, n), &r), ST_OK);
		free(cut);
	}
	assert_int_equal(engines_count(s->engines), 0);
	assert_int_equal(receive_from(s, SECONDS(20), "192.0.2.1", datagram_span(&d), &r), ST_OK);
	free(d.p);
	v3_state_free(s);
	usm_users_free(users);
}

// Reloading: a deleted user stops working at once, a changed password too, and an unchanged one keeps its engine's keys.
static void reload(void **state)
{
	struct usm_user alice = test_user("alice", "sha1", NULL, PASSWORD),
	                bob = test_user("bob", "sha1", NULL, PASSWORD);
	struct usm_user before[] = { alice, bob, test_user("carol", "sha1", NULL, PASSWORD) };
	struct usm_user after[] = { alice, test_user("carol", "sha1", NULL, "new password") };
	static const enum st expected[] = { ST_OK, ST_USER, ST_DIGEST };
	struct usm_users *old = users_of(before, 3, NULL), *new = users_of(after, 2, old);
	struct v3_state *s = state_of(old, 10);
	struct v3_received r;
	for (int round = 0; round < 2; round++) {
		for (size_t i = 0; i < 3; i++) {
			int64_t now = SECONDS(20 + round);
			struct datagram d = trap_at(before[i], bytes_of_printer(), 3, 0, now);
			assert_int_equal(receive_from(s, now, "192.0.2.1", datagram_span(&d), &r),
			                 round ? expected[i] : ST_OK);
			free(d.p);
		}
		if (round == 0) {
			v3_state_users(s, new);
			usm_users_free(old);
		}
	}
	v3_state_free(s);
	usm_users_free(new);
}

// An answer outlives a reload that did not touch its user, and none is given for a user that is gone.
static void answer_after_reload(void **state)
{
	struct usm_user two[] = { test_user("alice", "sha1", "aes256", PASSWORD), test_user("bob", NULL, NULL, "") };
	struct usm_users *old = users_of(two, 2, NULL), *same = users_of(two, 1, old),
	                 *gone = users_of(two + 1, 1, same);
	struct v3_state *s = state_of(old, 10);
	struct v3_received r;
	uint8_t room[1024];
	int reports;
	struct v3_client *c = client_of(two[0], 0, USM_REEDER);
	assert_int_equal(inform(s, c, SECONDS(5), &r, &reports), ST_OK);
	struct wr w = wr_of(room, sizeof room);
	v3_state_users(s, same);
	assert_int_equal(v3_write_response(s, SECONDS(5), &r.reply, &r.pdu, &w), ST_OK);
	v3_state_users(s, gone);
	w = wr_of(room, sizeof room);
	assert_int_equal(v3_write_response(s, SECONDS(5), &r.reply, &r.pdu, &w), ST_USER);
	assert_int_equal(wr_span(&w).n, 0);
	v3_client_free(c);
	v3_state_free(s);
	usm_users_free(old);
	usm_users_free(same);
	usm_users_free(gone);
}

// RFC 3416 4.2.7: an answer longer than the sender takes is tooBig without varbinds.
static void too_big(void **state)
{
	struct usm_user user = test_user("alice", "sha1", "des", PASSWORD);
	struct usm_users *users = users_of(&user, 1, NULL);
	struct v3_state *s = state_of(users, 10);
	struct v3_received r;
	struct snmp_pdu answer;
	enum st why;
	uint8_t room[1024];
	int reports;
	struct v3_client *c = client_of(user, 0, USM_BLUMENTHAL);
	assert_int_equal(inform(s, c, SECONDS(5), &r, &reports), ST_OK);
	struct wr w = wr_of(room, sizeof room);
	assert_int_equal(v3_write_response(s, SECONDS(5), &r.reply, &r.pdu, &w), ST_OK);
	size_t whole = wr_span(&w).n;
	static const struct {
		int less;
		int32_t error;
	} rows[] = { { 0, SNMP_NO_ERROR }, { 1, SNMP_TOO_BIG } };
	for (size_t i = 0; i < 2; i++) {
		r.reply.max_size = (uint32_t)(whole - rows[i].less);
		w = wr_of(room, sizeof room);
		assert_int_equal(v3_write_response(s, SECONDS(5), &r.reply, &r.pdu, &w), ST_OK);
		assert_true(wr_span(&w).n <= r.reply.max_size);
		assert_int_equal(v3_client_input(c, SECONDS(5), wr_span(&w), &answer, &why), V3_CLIENT_RESPONSE);
		assert_int_equal(answer.error_status, rows[i].error);
		assert_int_equal(answer.varbinds.n == 0, rows[i].error == SNMP_TOO_BIG);
	}
	r.reply.max_size = 20;
	w = wr_of(room, sizeof room);
	assert_int_equal(v3_write_response(s, SECONDS(5), &r.reply, &r.pdu, &w), ST_FULL);
	v3_client_free(c);
	v3_state_free(s);
	usm_users_free(users);
}

// What waited is verified without the clock, and teaches nothing.
static void skipping_the_clock(void **state)
{
	struct usm_user user = test_user("alice", "sha1", "aes256", PASSWORD);
	struct usm_users *users = users_of(&user, 1, NULL);
	struct v3_state *s = state_of(users, 10);
	struct v3_received r;
	struct addr peer;
	assert_int_equal(addr_parse("192.0.2.1:1", &peer), ST_OK);
	struct datagram old = trap_at(user, bytes_of_printer(), 3, 0, SECONDS(20));
	struct datagram new = trap_at(user, bytes_of_printer(), 3, 0, SECONDS(5000));
	assert_int_equal(receive_from(s, SECONDS(5000), "192.0.2.1", datagram_span(&new), &r), ST_OK);
	assert_int_equal(receive_from(s, SECONDS(5001), "192.0.2.1", datagram_span(&old), &r), ST_TIME_WINDOW);
	assert_true(r.verified && r.clock.known && r.clock.boots == 3 && r.clock_time == 5001);
	struct v3_state *bare = state_of(users, 10);
	for (int i = 0; i < 2; i++) // the second time its digest is known
		assert_int_equal(
		        v3_receive(bare, 0, span_str("site"), &peer, datagram_span(&old), V3_SKIP_TIME, &scratch, &r),
		        i ? ST_REPLAY : ST_OK);
	assert_int_equal(v3_receive(bare, 0, span_str("site"), &peer, datagram_span(&old),
	                            V3_SKIP_TIME | V3_SKIP_REPLAY, &scratch, &r),
	                 ST_OK);
	assert_int_equal(engines_count(bare->engines), 0);
	free(old.p);
	free(new.p);
	v3_state_free(bare);
	v3_state_free(s);
	usm_users_free(users);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_algorithm), cmocka_unit_test(extension_remembered),
		cmocka_unit_test(same_name_twice), cmocka_unit_test(refusals),
		cmocka_unit_test(foreign_inform),  cmocka_unit_test(any_bit),
		cmocka_unit_test(reload),          cmocka_unit_test(answer_after_reload),
		cmocka_unit_test(too_big),         cmocka_unit_test(skipping_the_clock),
	};
	return cmocka_run_group_tests_name("snmp: v3 receive", tests, start_crypto, stop_crypto);
}
