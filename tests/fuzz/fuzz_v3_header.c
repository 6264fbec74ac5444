// SPDX-License-Identifier: Apache-2.0
// Any octets as a whole v3 message at a receiver with users of every kind: nothing but a right digest is believed, and a
// Report is only ever for what asks for one, of our own values, and no answer to a Report.
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "snmp/v3.h"

static struct v3_state *receiver(void)
{
	static const uint8_t engine[] = { 0x80, 0, 0x1f, 0x88, 4 };
	const struct usm_user users[] = {
		{ .name = span_str("none") },
		{ .name = span_str("auth"), .auth = usm_auth_by_name("md5"), .auth_password = span_str("password") },
		{ .name = span_str("priv"),
		  .auth = usm_auth_by_name("sha1"),
		  .auth_password = span_str("password"),
		  .priv = usm_priv_by_name("aes256"),
		  .priv_password = span_str("password") },
	};
	struct v3_config config = { .random = { fuzz_random, NULL }, .boots = 1, .engines_max = 4 };
	static struct crypto *crypto; // kept for leak checkers, as the receiver is
	struct usm_users *made;
	struct v3_state *s;
	size_t which;
	fuzz_require(crypto_init(&crypto) == ST_OK);
	fuzz_require(usm_users_new(users, 3, span_of(engine, sizeof engine), NULL, &made, &which) == ST_OK);
	config.crypto = crypto;
	config.users = made;
	fuzz_require(v3_state_new(&config, &s) == ST_OK);
	return s;
}

static void report(struct v3_state *s, const struct v3_received *r)
{
	uint8_t room[512];
	struct wr w = wr_of(room, sizeof room);
	struct v3_message m;
	fuzz_require(r->message.flags & V3_FLAG_REPORTABLE);
	fuzz_require(v3_write_report(s, 0, r, &w) == ST_OK && v3_message_parse(wr_span(&w), &m) == ST_OK);
	fuzz_require(m.msg_id == r->message.msg_id && !(m.flags & V3_FLAG_REPORTABLE));
	fuzz_require(wr_span(&w).n <= 2 * r->message.whole.n + 64);
	struct v3_received again;
	struct v3_scratch *scratch = malloc(sizeof *scratch);
	static const struct addr peer;
	v3_receive(s, 0, (struct span){ 0 }, &peer, wr_span(&w), 0, scratch, &again);
	fuzz_require(again.report == ST_OK);
	free(scratch);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static struct v3_state *s;
	if (!s)
		s = receiver();
	uint8_t *p = malloc(n ? n : 1);
	struct v3_scratch *scratch = malloc(sizeof *scratch);
	if (n)
		memcpy(p, data, n);
	static const struct addr peer;
	struct v3_received r;
	enum st st = v3_receive(s, 0, (struct span){ 0 }, &peer, span_of(p, n), 0, scratch, &r);
	fuzz_require(r.verified || engines_count(s->engines) == 0 || st != ST_OK || r.level == USM_NOAUTH);
	if (r.report != ST_OK)
		report(s, &r);
	if (st == ST_OK)
		fuzz_require(r.pdu.tag == PDU_TRAP_V2 || (r.pdu.tag == PDU_INFORM && r.own));
	free(scratch);
	free(p);
	return 0;
}
