// SPDX-License-Identifier: Apache-2.0
// The sending side believes only its peer: answers that are forged, old, of another message or of a lower level are
// passed over, and the peer's refusals are told apart.
#include <stdlib.h>

#include "v3_help.h"

static struct usm_user alice;
static struct usm_users *users;

static int setup(void **state)
{
	if (start_crypto(state))
		return 1;
	alice = test_user("alice", "sha1", "aes128", "correct horse");
	users = users_of(&alice, 1, NULL);
	return 0;
}

static int teardown(void **state)
{
	usm_users_free(users);
	return stop_crypto(state);
}

struct talk {
	struct v3_state *s;
	struct v3_client *c;
	struct v3_received r;
	uint8_t room[1024];
	struct wr answer;
};

// One message to the receiver, and what it answers into t->answer.
static enum st say(struct talk *t, int64_t now)
{
	struct datagram d = client_message(t->c, now, PDU_INFORM, 5, "x");
	enum st st = receive_from(t->s, now, "192.0.2.1", datagram_span(&d), &t->r);
	t->answer = wr_of(t->room, sizeof t->room);
	if (st == ST_OK)
		assert_int_equal(v3_write_response(t->s, now, &t->r.reply, &t->r.pdu, &t->answer), ST_OK);
	else
		assert_int_equal(v3_write_report(t->s, now, &t->r, &t->answer), ST_OK);
	free(d.p);
	return st;
}

static enum v3_client_event hear(struct talk *t, int64_t now, struct span answer, enum st *why)
{
	struct snmp_pdu pdu;
	return v3_client_input(t->c, now, answer, &pdu, why);
}

static struct talk start(void)
{
	return (struct talk){ .s = state_of(users, 10), .c = client_of(alice, 0, USM_BLUMENTHAL) };
}

static void stop(struct talk *t)
{
	v3_state_free(t->s);
	v3_client_free(t->c);
	v3_client_free(NULL);
}

// Every bit of the authenticated Report and of the Response matters.
static void forged(void **state)
{
	struct talk t = start();
	enum st why;
	assert_int_equal(say(&t, SECONDS(5)), ST_ENGINE);
	assert_int_equal(hear(&t, SECONDS(5), wr_span(&t.answer), &why), V3_CLIENT_AGAIN);
	static const enum st steps[] = { ST_TIME_WINDOW, ST_OK };
	static const enum v3_client_event good[] = { V3_CLIENT_AGAIN, V3_CLIENT_RESPONSE };
	for (size_t step = 0; step < 2; step++) {
		assert_int_equal(say(&t, SECONDS(5)), steps[step]);
		struct span a = wr_span(&t.answer);
		for (size_t bit = 0; bit < a.n * 8; bit++) {
			t.answer.at[bit / 8] ^= (uint8_t)(1 << bit % 8);
			enum v3_client_event event = hear(&t, SECONDS(5), a, &why);
			// without the flag it is an unauthenticated Report: a refusal, at most
			if (event == V3_CLIENT_AGAIN || event == V3_CLIENT_RESPONSE)
				fail_msg("bit %zu", bit);
			t.answer.at[bit / 8] ^= (uint8_t)(1 << bit % 8);
		}
		assert_int_equal(hear(&t, SECONDS(5), a, &why), good[step]);
	}
	stop(&t);
}

static void old_and_other(void **state)
{
	struct talk t = start();
	enum st why;
	for (int i = 0; i < 2; i++) {
		say(&t, SECONDS(5));
		assert_int_equal(hear(&t, SECONDS(5), wr_span(&t.answer), &why), V3_CLIENT_AGAIN);
	}
	assert_int_equal(say(&t, SECONDS(5)), ST_OK);
	struct v3_reply first = t.r.reply;
	assert_int_equal(hear(&t, SECONDS(500), wr_span(&t.answer), &why), V3_CLIENT_NOTHING); // out of its window
	assert_int_equal(say(&t, SECONDS(6)), ST_OK);
	uint8_t room[1024];
	struct wr w = wr_of(room, sizeof room);
	assert_int_equal(v3_write_response(t.s, SECONDS(6), &first, &t.r.pdu, &w), ST_OK);
	assert_int_equal(hear(&t, SECONDS(6), wr_span(&w), &why), V3_CLIENT_NOTHING); // answers the message before
	// A lower level than was sent, although well signed.
	w = wr_of(room, sizeof room);
	t.r.reply.level = USM_AUTH;
	assert_int_equal(v3_write_response(t.s, SECONDS(6), &t.r.reply, &t.r.pdu, &w), ST_USER); // nor would we
	const struct usm_user authonly = test_user("alice", "sha1", NULL, "correct horse");
	struct usm_users *lower = users_of(&authonly, 1, NULL);
	struct v3_state *other = state_of(lower, 10);
	t.r.reply.serial = lower->entries[0].serial;
	w = wr_of(room, sizeof room);
	assert_int_equal(v3_write_response(other, SECONDS(6), &t.r.reply, &t.r.pdu, &w), ST_OK);
	assert_int_equal(hear(&t, SECONDS(6), wr_span(&w), &why), V3_CLIENT_NOTHING);
	assert_int_equal(hear(&t, SECONDS(6), wr_span(&t.answer), &why), V3_CLIENT_RESPONSE);
	v3_state_free(other);
	usm_users_free(lower);
	stop(&t);
}

// A second discovery Report does not move a client to another engine.
static void stays_with_its_engine(void **state)
{
	struct talk t = start();
	enum st why;
	assert_int_equal(say(&t, SECONDS(5)), ST_ENGINE);
	assert_int_equal(hear(&t, SECONDS(5), wr_span(&t.answer), &why), V3_CLIENT_AGAIN);
	assert_int_equal(hear(&t, SECONDS(5), wr_span(&t.answer), &why), V3_CLIENT_REFUSED);
	assert_int_equal(why, ST_ENGINE);
	stop(&t);
}

static void level_is_checked(void **state)
{
	struct v3_client *c = NULL;
	struct v3_client_config config = { .crypto = crypto, .random = random_system(), .level = USM_AUTHPRIV };
	config.user = test_user("alice", "sha1", NULL, "password");
	assert_int_equal(v3_client_new(&config, &c), ST_SYNTAX);
	config.user = alice;
	config.level = USM_AUTH;
	assert_int_equal(v3_client_new(&config, &c), ST_OK);
	v3_client_free(c);
	uint8_t name[V3_CONTEXT_NAME_MAX + 1] = { 0 };
	config.context_name = span_of(name, sizeof name);
	assert_int_equal(v3_client_new(&config, &c), ST_SYNTAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(forged),
		cmocka_unit_test(old_and_other),
		cmocka_unit_test(stays_with_its_engine),
		cmocka_unit_test(level_is_checked),
	};
	return cmocka_run_group_tests_name("snmp: v3 client", tests, setup, teardown);
}
