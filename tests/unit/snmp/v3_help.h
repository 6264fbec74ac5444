// SPDX-License-Identifier: Apache-2.0
// What the tests of version 3 share: a receiver with users, and senders that speak to it without a network.
#ifndef TESTS_UNIT_SNMP_V3_HELP_H
#define TESTS_UNIT_SNMP_V3_HELP_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "snmp/build.h"
#include "snmp/v3.h"
#include "snmp/v3_client.h"

#define SECONDS(n) ((int64_t)(n)*1000000000)

enum { OUR_BOOTS = 7, MESSAGE_MAX = SNMP_DATAGRAM_MAX };

static const uint8_t our_engine[] = { 0x80, 0, 0x1f, 0x88, 0x80, 1, 2, 3, 4, 5, 6, 7 };
static const uint8_t printer_engine[] = { 0x80, 0, 6, 0x10, 3, 0, 0x1b, 0x2c, 3, 4, 5 };

static struct crypto *crypto;

static inline int start_crypto(void **state)
{
	return crypto_init(&crypto) != ST_OK;
}

static inline int stop_crypto(void **state)
{
	crypto_free(crypto);
	return 0;
}

static inline struct usm_user test_user(const char *name, const char *auth, const char *priv, const char *password)
{
	return (struct usm_user){ .name = span_str(name),
		                  .auth = auth ? usm_auth_by_name(auth) : NULL,
		                  .auth_password = span_str(password),
		                  .priv = priv ? usm_priv_by_name(priv) : NULL,
		                  .priv_password = span_str(password) };
}

static inline struct usm_users *users_of(const struct usm_user *users, size_t n, const struct usm_users *previous)
{
	struct usm_users *u = NULL;
	size_t which;
	assert_int_equal(usm_users_new(users, n, span_of(our_engine, sizeof our_engine), previous, &u, &which), ST_OK);
	return u;
}

static inline struct v3_state *state_of(const struct usm_users *users, size_t engines_max)
{
	struct v3_state *s = NULL;
	const struct v3_config config = { .crypto = crypto,
		                          .users = users,
		                          .random = random_system(),
		                          .boots = OUR_BOOTS,
		                          .started = 0,
		                          .engines_max = engines_max };
	assert_int_equal(v3_state_new(&config, &s), ST_OK);
	return s;
}

static inline struct v3_client *client_of(struct usm_user user, uint8_t level, enum usm_extension extension)
{
	struct v3_client *c = NULL;
	const struct v3_client_config config = {
		.crypto = crypto, .random = random_system(), .user = user, .level = level, .extension = extension
	};
	assert_int_equal(v3_client_new(&config, &c), ST_OK);
	return c;
}

// A notification PDU; `text` may be long.
static inline struct span pdu_of(uint8_t tag, int32_t id, const char *text, uint8_t *room, size_t n)
{
	struct oid trap, name;
	struct snmp_out_varbind v;
	assert_int_equal(oid_parse("1.3.6.1.2.1.43.18.2.0.1", &trap), ST_OK);
	assert_int_equal(oid_parse("1.3.6.1.2.1.43.18.1.1.8.1.1", &name), ST_OK);
	assert_int_equal(snmp_out_varbind_parse(&name, 's', text, &v), ST_OK);
	struct wr w = wr_of(room, n);
	snmp_write_notification_v2(&w, tag, id, 12345, &trap, &v, 1);
	snmp_out_varbind_done(&v);
	struct span pdu = wr_span(&w);
	assert_true(pdu.n > 0);
	return pdu;
}

// A message as it would come from the wire, in a block of its own. Caller frees .p (message_done).
struct datagram {
	uint8_t *p;
	size_t n;
};

static inline struct span datagram_span(const struct datagram *d)
{
	return span_of(d->p, d->n);
}

static inline struct datagram datagram_of(const struct wr *w)
{
	struct span s = wr_span(w);
	assert_true(s.n > 0);
	struct datagram d = { malloc(s.n), s.n };
	assert_non_null(d.p);
	memcpy(d.p, s.p, s.n);
	return d;
}

static inline struct datagram client_message(struct v3_client *c, int64_t now, uint8_t tag, int32_t id,
                                             const char *text)
{
	static uint8_t room[MESSAGE_MAX], out[MESSAGE_MAX];
	struct wr w = wr_of(out, sizeof out);
	struct span pdu = pdu_of(tag, id, text, room, sizeof room);
	assert_int_equal(v3_client_write(c, now, pdu, tag == PDU_INFORM, &w), ST_OK);
	return datagram_of(&w);
}

// A trap of a device with its own clock, sent at `now`.
static inline struct datagram trap_at(struct usm_user user, struct span engine, uint32_t boots, int64_t started,
                                      int64_t now)
{
	struct v3_client *c = client_of(user, 0, USM_BLUMENTHAL);
	v3_client_engine(c, engine, boots, started);
	struct datagram d = client_message(c, now, PDU_TRAP_V2, 1, "paper jam");
	v3_client_free(c);
	return d;
}

static struct v3_scratch scratch;

static inline enum st receive_from(struct v3_state *s, int64_t now, const char *ip, struct span message,
                                   struct v3_received *out)
{
	struct addr peer;
	char text[64];
	snprintf(text, sizeof text, "%s:40000", ip);
	assert_int_equal(addr_parse(text, &peer), ST_OK);
	return v3_receive(s, now, span_str("site"), &peer, message, 0, &scratch, out);
}

#endif
