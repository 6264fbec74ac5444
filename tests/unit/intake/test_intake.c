// SPDX-License-Identifier: Apache-2.0
// The intake without sockets and clock. The journal is played by commit(): it reads the ring and frees it.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "event/event.h"
#include "intake/intake.h"
#include "intake/waiting_table.h"
#include "snmp/build.h"
#include "v3_none.h"

enum { SECOND = 1000000000 };

struct fixture {
	struct intake in;
	struct policy *policy;
	struct crypto *crypto;
	struct intake_meta meta;
	struct event kept[64]; // what commit() saw, newest last
	unsigned kept_count;
	uint64_t committed;
	uint8_t message[70000];
};

static struct addr addr_of(const char *text)
{
	struct addr a;
	assert_int_equal(addr_parse(text, &a), ST_OK);
	return a;
}

static int setup(void **state)
{
	static const struct hash_key key = { 3, 4 };
	struct fixture *f = calloc(1, sizeof *f);
	f->policy = policy_new();
	f->policy->users = no_users();
	assert_int_equal(crypto_init(&f->crypto), ST_OK);
	struct v3_config v3 = no_v3(f->crypto, f->policy);
	assert_int_equal(intake_init(&f->in, 0, &key, &v3), ST_OK);
	f->policy->communities = calloc(1, sizeof *f->policy->communities);
	f->policy->community_count = 1;
	struct policy_community *c = f->policy->communities;
	c->label = strdup("ops");
	c->community = (uint8_t *)strdup("s3cret");
	c->n = 6;
	c->from.p = calloc(1, sizeof *c->from.p);
	c->from.n = 1;
	assert_int_equal(prefix_parse("10.0.0.0/8", c->from.p), ST_OK);
	intake_set_policy(&f->in, f->policy);
	f->meta = (struct intake_meta){
		.now = 1000LL * SECOND,
		.wall = 77,
		.transport = TRANSPORT_UDP,
		.from = { .peer = addr_of("10.0.0.5:4000"), .local = addr_of("10.0.0.1:2697"), .listener = 2 },
		.listener = addr_of("0.0.0.0:2697"),
	};
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	intake_done(&f->in);
	policy_free(f->policy);
	crypto_free(f->crypto);
	free(f);
	return 0;
}

static struct span message(struct fixture *f, const char *community, uint8_t tag, int32_t request_id)
{
	static const struct oid link_down = { { 1, 3, 6, 1, 6, 3, 1, 1, 5, 3 }, 10 };
	struct wr w = wr_of(f->message, sizeof f->message);
	snmp_write_notification_v2(&w, tag, request_id, 1234, &link_down, NULL, 0);
	snmp_wrap_community(&w, 1, span_str(community));
	assert_false(w.full);
	return wr_span(&w);
}

static void commit(struct fixture *f)
{
	uint32_t records;
	struct span run;
	while ((run = ring_run(&f->in.ring, &f->committed, SIZE_MAX, &records)).n) {
		struct rd frames = rd_of(run);
		struct span record;
		while (frame_next(&frames, &record))
			assert_int_equal(event_decode(record, &f->kept[f->kept_count++ % 64]), ST_OK);
		f->committed += run.n;
	}
	ring_free_to(&f->in.ring, f->committed);
	intake_settle(&f->in);
}

static unsigned answers(struct fixture *f)
{
	unsigned n = 0;
	uint64_t at = f->in.flight.answers_at;
	struct answer_to to;
	struct span bytes;
	while (flight_due(&f->in.flight, f->in.settled, &at, &to, &bytes)) {
		struct ber b = ber_of(bytes);
		assert_int_equal(ber_peek(&b), BER_SEQUENCE);
		assert_true(addr_same_ip(&to.local, &f->meta.from.local));
		flight_release(&f->in.flight, at);
		n++;
	}
	return n;
}

static void trap_is_kept_after_commit(void **state)
{
	struct fixture *f = *state;
	const struct account *a = &f->in.accounts[2];
	assert_true(intake_message(&f->in, &f->meta, message(f, "s3cret", PDU_TRAP_V2, 1)));
	assert_int_equal(a->in_flight, 1);
	assert_int_equal(a->stored, 0);
	commit(f);
	assert_int_equal(a->in_flight, 0);
	assert_int_equal(a->stored, 1);
	assert_int_equal(answers(f), 0);
	const struct event *e = &f->kept[0];
	assert_int_equal(e->kind, EVENT_TRAP);
	assert_int_equal(e->version, SNMP_V2C);
	assert_int_equal(e->received, 77);
	assert_true(span_equal(e->credential, span_str("ops")));
	assert_null(memmem(f->in.ring.base, 4096, "s3cret", 6));
}

static void inform_is_answered_only_after_commit(void **state)
{
	struct fixture *f = *state;
	assert_true(intake_message(&f->in, &f->meta, message(f, "s3cret", PDU_INFORM, 1)));
	intake_settle(&f->in);
	assert_int_equal(answers(f), 0);
	assert_true(f->in.urgent);
	commit(f);
	assert_int_equal(answers(f), 1);
	assert_int_equal(answers(f), 0);
}

static void resend_is_answered_again_and_stored_once(void **state)
{
	struct fixture *f = *state;
	const struct account *a = &f->in.accounts[2];
	assert_true(intake_message(&f->in, &f->meta, message(f, "s3cret", PDU_INFORM, 1)));
	f->meta.from.peer.port++; // another connection or mapping of the same peer
	assert_true(intake_message(&f->in, &f->meta, message(f, "s3cret", PDU_INFORM, 1)));
	assert_int_equal(a->duplicate, 1);
	intake_settle(&f->in);
	assert_int_equal(answers(f), 0); // the original is not committed yet
	commit(f);
	assert_int_equal(answers(f), 2);
	f->meta.now += 150LL * SECOND;
	assert_true(intake_message(&f->in, &f->meta, message(f, "s3cret", PDU_INFORM, 1)));
	commit(f);
	assert_int_equal(answers(f), 1);
	assert_int_equal(a->duplicate, 2);
	f->meta.now += SECOND;
	assert_true(intake_message(&f->in, &f->meta, message(f, "s3cret", PDU_INFORM, 1)));
	assert_true(intake_message(&f->in, &f->meta, message(f, "s3cret", PDU_INFORM, 2)));
	f->meta.from.peer.ip[15]++;
	assert_true(intake_message(&f->in, &f->meta, message(f, "s3cret", PDU_INFORM, 2)));
	commit(f);
	assert_int_equal(a->stored, 4);
	assert_int_equal(a->duplicate, 2);
	assert_int_equal(account_sum(a), a->received);
}

static void remembered_from_the_journal(void **state)
{
	struct fixture *f = *state;
	assert_true(intake_message(&f->in, &f->meta, message(f, "s3cret", PDU_INFORM, 9)));
	commit(f);
	static struct intake second;
	static const struct hash_key other = { 5, 6 };
	struct v3_config v3 = no_v3(f->crypto, f->policy);
	assert_int_equal(intake_init(&second, 0, &other, &v3), ST_OK);
	intake_set_policy(&second, f->policy);
	intake_remember(&second, &f->kept[0], f->meta.now, 5LL * SECOND);
	assert_true(intake_message(&second, &f->meta, message(f, "s3cret", PDU_INFORM, 9)));
	assert_int_equal(second.accounts[2].duplicate, 1);
	assert_int_equal(second.accounts[2].in_flight, 0);
	intake_done(&second);
}

static void refusals_are_counted(void **state)
{
	struct fixture *f = *state;
	const struct account *a = &f->in.accounts[2];
	static const uint8_t v3[] = { 0x30, 5, 2, 1, 3, 4, 0 };
	static const uint8_t v9[] = { 0x30, 3, 2, 1, 9 };
	assert_true(intake_message(&f->in, &f->meta, message(f, "wrong", PDU_TRAP_V2, 1)));
	assert_true(intake_message(&f->in, &f->meta, message(f, "s3cret", PDU_GET, 1)));
	assert_true(intake_message(&f->in, &f->meta, (struct span){ 0 }));
	assert_true(intake_message(&f->in, &f->meta, span_of(v3, sizeof v3)));
	assert_true(intake_message(&f->in, &f->meta, span_of(v9, sizeof v9)));
	f->meta.truncated = true;
	assert_true(intake_message(&f->in, &f->meta, message(f, "s3cret", PDU_TRAP_V2, 1)));
	f->meta.truncated = false;
	f->meta.from.peer = addr_of("192.0.2.1:9");
	assert_true(intake_message(&f->in, &f->meta, message(f, "s3cret", PDU_INFORM, 1)));
	intake_refuse_frame(&f->in, 2, ST_FRAME);
	static const enum st reasons[] = { ST_PDU_TYPE, ST_EMPTY, ST_BER_TAG, ST_VERSION, ST_TRUNCATED, ST_FRAME };
	for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++)
		assert_int_equal(a->refused[reasons[i]], 1);
	assert_int_equal(a->waiting, 2);
	assert_int_equal(a->received, 8);
	assert_int_equal(account_sum(a), 8);
	commit(f);
	assert_int_equal(f->kept_count, 0);
	assert_int_equal(answers(f), 0);
}

static struct span question(struct fixture *f, struct span pdu)
{
	struct v3_outgoing m = { .msg_id = INT32_MAX, .reportable = true, .pdu = pdu };
	struct wr w = wr_of(f->message, sizeof f->message);
	assert_int_equal(v3_message_write(&m, NULL, NULL, &w), ST_OK);
	return wr_span(&w);
}

// A sender that does not know our engine ID is told it; a stub that only begins like its question is no lever.
static void reports_do_not_amplify(void **state)
{
	struct fixture *f = *state;
	const struct account *a = &f->in.accounts[2];
	static const uint8_t get[] = { PDU_GET, 14, 2, 4, 0x7f, 0, 0, 1, 2, 1, 0, 2, 1, 0, 0x30, 0 };
	assert_true(intake_message(&f->in, &f->meta, question(f, span_of(get, sizeof get))));
	assert_int_equal(a->answered, 1);
	assert_int_equal(answers(f), 1);
	assert_true(intake_message(&f->in, &f->meta, question(f, (struct span){ 0 })));
	assert_int_equal(a->refused[ST_ENGINE], 1);
	assert_int_equal(answers(f), 0);
}

// A journal that does not commit: the intake takes what its bounds hold and then says no, and counts nothing twice.
static void full_ring_pushes_back(void **state)
{
	struct fixture *f = *state;
	const struct account *a = &f->in.accounts[2];
	struct span m = message(f, "s3cret", PDU_INFORM, 0);
	uint8_t *id = memmem(f->message, sizeof f->message, "s3cret", 6);
	assert_non_null(id);
	uint64_t taken = 0;
	for (int32_t i = 1; intake_message(&f->in, &f->meta, m); i++, taken++) {
		m = message(f, "s3cret", PDU_INFORM, i);
		assert_true(taken < 10 * INTAKE_FLIGHT);
	}
	assert_true(taken > 1000);
	assert_int_equal(a->received, taken);
	assert_int_equal(a->in_flight, taken);
	assert_false(intake_message(&f->in, &f->meta, m));
	assert_int_equal(account_sum(a), taken);
	assert_int_equal(answers(f), 0);
	commit(f);
	assert_int_equal(answers(f), taken);
	assert_true(intake_message(&f->in, &f->meta, m));
	assert_int_equal(a->received, taken + 1);
}

static void storm_row_answers_after_its_commit(void **state)
{
	struct fixture *f = *state;
	const struct account *a = &f->in.accounts[2];
	f->policy->rate = 2;
	for (int32_t i = 0; i < 5; i++)
		assert_true(intake_message(&f->in, &f->meta, message(f, "s3cret", PDU_INFORM, i)));
	assert_true(intake_message(&f->in, &f->meta, message(f, "s3cret", PDU_INFORM, 4))); // a resend of a limited one
	commit(f);
	assert_int_equal(a->stored, 2);
	assert_int_equal(a->limited, 3);
	assert_int_equal(a->duplicate, 1);
	assert_int_equal(answers(f), 2);
	intake_tick(&f->in, f->meta.now, false);
	commit(f);
	assert_int_equal(answers(f), 0);
	intake_tick(&f->in, f->meta.now + SECOND, false);
	intake_settle(&f->in);
	assert_int_equal(answers(f), 0);
	commit(f);
	assert_int_equal(answers(f), 4);
	assert_int_equal(f->kept_count, 3);
	assert_int_equal(f->kept[2].kind, EVENT_STORM);
	assert_int_equal(f->kept[2].count, 3);
	assert_int_equal(a->stored, 2);
	assert_int_equal(account_sum(a), a->received);
}

static void as_site(struct fixture *f, const char *site, uint32_t number)
{
	f->meta.transport = TRANSPORT_ESP;
	f->meta.site = span_str(site);
	f->meta.from.site = number;
}

// What comes by a tunnel is of the SA's site, whatever the policy says about its address; sites that have the same addresses
// inside share nothing.
static void sites_by_their_tunnels(void **state)
{
	struct fixture *f = *state;
	const struct account *a = &f->in.accounts[2];
	f->policy->rate = 1;
	f->policy->sites = calloc(1, sizeof *f->policy->sites);
	f->policy->site_count = 1;
	f->policy->sites[0] = (struct policy_site){ strdup("by-source"), { calloc(1, sizeof(struct prefix)), 1 } };
	assert_int_equal(prefix_parse("10.0.0.0/8", f->policy->sites[0].from.p), ST_OK);
	intake_set_policy(&f->in, f->policy);
	assert_true(intake_message(&f->in, &f->meta, message(f, "s3cret", PDU_INFORM, 1)));
	as_site(f, "rotterdam", 1);
	assert_true(intake_message(&f->in, &f->meta, message(f, "s3cret", PDU_INFORM, 1)));
	as_site(f, "antwerp", 2);
	assert_true(intake_message(&f->in, &f->meta, message(f, "s3cret", PDU_INFORM, 1)));
	assert_int_equal(a->limited, 0); // nor are they one source
	assert_int_equal(a->duplicate, 0);
	commit(f);
	assert_int_equal(f->kept_count, 3);
	assert_true(span_equal(f->kept[0].site, span_str("by-source")));
	assert_true(span_equal(f->kept[1].site, span_str("rotterdam")));
	assert_true(span_equal(f->kept[2].site, span_str("antwerp")));
	assert_int_equal(f->kept[2].transport, TRANSPORT_ESP);
	assert_int_equal(answers(f), 3);
	assert_true(intake_message(&f->in, &f->meta, message(f, "s3cret", PDU_INFORM, 2)));
	assert_int_equal(a->limited, 1);
	assert_int_equal(account_sum(a), a->received);
}

static void proxied_community_is_masked(void **state)
{
	struct fixture *f = *state;
	static const struct oid cold_start = { { 1, 3, 6, 1, 6, 3, 1, 1, 5, 1 }, 10 };
	struct snmp_out_varbind v;
	struct oid o;
	assert_int_equal(oid_parse("1.3.6.1.6.3.18.1.4.0", &o), ST_OK);
	assert_int_equal(snmp_out_varbind_parse(&o, 's', "hidden-one", &v), ST_OK);
	for (int i = 0; i < 2; i++) {
		struct wr w = wr_of(f->message, sizeof f->message);
		snmp_write_notification_v2(&w, PDU_INFORM, 5, 1, &cold_start, &v, 1);
		snmp_wrap_community(&w, 1, span_str("s3cret"));
		assert_true(intake_message(&f->in, &f->meta, wr_span(&w)));
	}
	commit(f);
	assert_int_equal(f->in.accounts[2].duplicate, 1);
	assert_non_null(memmem(f->kept[0].pdu.p, f->kept[0].pdu.n, "**********", 10));
	assert_null(memmem(f->in.ring.base, 4096, "hidden-one", 10));
	snmp_out_varbind_done(&v);
}

// What the workers handed to the room since the last call: the last message as one that comes out of it again.
static unsigned handed(struct fixture *f, struct intake_late *l)
{
	static uint8_t bytes[70000];
	uint32_t records = 0;
	uint64_t at = ring_freed(&f->in.waiting);
	struct span run = ring_run(&f->in.waiting, &at, SIZE_MAX, &records), record;
	struct rd frames = rd_of(run);
	struct waiting_head head = { 0 };
	while (frame_next(&frames, &record)) {
		memcpy(&head, record.p, sizeof head);
		*l = (struct intake_late){ .meta = f->meta, .waiting = 31, .counted = true };
		l->meta.late = true;
		size_t skip = sizeof head + head.site_n;
		memcpy(bytes, record.p + skip, record.n - skip);
		l->bytes = span_of(bytes, record.n - skip);
	}
	assert_true(records == 0 ||
	            (addr_same_ip(&head.peer, &f->meta.from.peer) && head.index == 2 && head.received == 77));
	ring_free_to(&f->in.waiting, at + run.n);
	return records;
}

static void open_to_everybody(struct fixture *f)
{
	assert_int_equal(prefix_parse("0.0.0.0/0", f->policy->communities->from.p), ST_OK);
	intake_set_policy(&f->in, f->policy);
}

static void late_keeps_its_site(void **state)
{
	struct fixture *f = *state;
	struct intake_late l;
	as_site(f, "rotterdam", 1);
	f->meta.from.peer = addr_of("192.0.2.1:9");
	assert_true(intake_message(&f->in, &f->meta, message(f, "s3cret", PDU_INFORM, 1)));
	assert_int_equal(handed(f, &l), 1);
	f->policy->communities->sites = calloc(1, sizeof(char *));
	f->policy->communities->sites[0] = strdup("rotterdam");
	f->policy->communities->site_count = 1;
	open_to_everybody(f);
	assert_true(intake_would_take(&f->in, &l));
	l.meta.site = span_str("antwerp");
	assert_false(intake_would_take(&f->in, &l));
	l.meta.site = span_str("rotterdam");
	assert_int_equal(intake_late(&f->in, &l), ST_OK);
	commit(f);
	assert_true(span_equal(f->kept[0].site, span_str("rotterdam")));
}

static void waits_and_is_allowed_late(void **state)
{
	struct fixture *f = *state;
	const struct account *a = &f->in.accounts[2];
	struct intake_late l;
	f->meta.from.peer = addr_of("192.0.2.1:9");
	assert_true(intake_message(&f->in, &f->meta, message(f, "s3cret", PDU_INFORM, 1)));
	assert_int_equal(a->waiting, 1);
	assert_int_equal(handed(f, &l), 1);
	assert_false(intake_would_take(&f->in, &l));
	assert_int_equal(intake_late(&f->in, &l), ST_SOURCE);
	assert_int_equal(a->waiting, 1);
	open_to_everybody(f);
	assert_true(intake_would_take(&f->in, &l));
	assert_int_equal(a->in_flight, 0);
	assert_int_equal(intake_late(&f->in, &l), ST_OK);
	assert_int_equal(a->waiting, 0);
	assert_int_equal(a->in_flight, 1);
	assert_true(ring_freed(&f->in.ring) < l.end);
	commit(f);
	assert_true(ring_freed(&f->in.ring) >= l.end);
	assert_int_equal(a->stored, 1);
	assert_int_equal(answers(f), 0); // nothing that waited is acknowledged
	assert_int_equal(f->kept[0].waiting, 31);
	assert_int_equal(f->kept[0].flags, EVENT_FLAG_ALLOWED_LATE);
	assert_int_equal(f->kept[0].received, 77);
	assert_true(intake_message(&f->in, &f->meta, message(f, "s3cret", PDU_INFORM, 1)));
	assert_int_equal(a->duplicate, 1);
	commit(f);
	assert_int_equal(answers(f), 1); // what is sent again is
	assert_int_equal(f->kept_count, 1);
	assert_int_equal(account_sum(a), a->received);
}

static void sent_again_before_it_is_moved(void **state)
{
	struct fixture *f = *state;
	const struct account *a = &f->in.accounts[2];
	struct intake_late l;
	f->meta.from.peer = addr_of("192.0.2.1:9");
	assert_true(intake_message(&f->in, &f->meta, message(f, "s3cret", PDU_INFORM, 1)));
	assert_int_equal(handed(f, &l), 1);
	open_to_everybody(f);
	assert_true(intake_message(&f->in, &f->meta, message(f, "s3cret", PDU_INFORM, 1)));
	assert_int_equal(intake_late(&f->in, &l), ST_REPLAY);
	assert_true(ring_freed(&f->in.ring) < l.end); // it is not forgotten before the other one is committed
	commit(f);
	assert_true(ring_freed(&f->in.ring) >= l.end);
	assert_int_equal(f->kept_count, 1);
	assert_int_equal(a->stored, 1);
	assert_int_equal(a->duplicate, 1);
	assert_int_equal(a->waiting, 0);
	assert_int_equal(account_sum(a), a->received);
	// Of an earlier process: it is nobody's count here.
	l.counted = false;
	l.meta.from.peer = addr_of("192.0.2.2:9");
	assert_int_equal(intake_late(&f->in, &l), ST_OK);
	commit(f);
	assert_int_equal(f->kept_count, 2);
	assert_int_equal(a->stored, 1);
	assert_int_equal(account_sum(a), a->received);
}

static void late_waits_for_room_and_storms(void **state)
{
	struct fixture *f = *state;
	const struct account *a = &f->in.accounts[2];
	struct intake_late l;
	assert_true(intake_message(&f->in, &f->meta, message(f, "wrong", PDU_INFORM, 1)));
	assert_int_equal(handed(f, &l), 1);
	l.bytes = message(f, "s3cret", PDU_INFORM, 1);
	static uint8_t copy[256];
	memcpy(copy, l.bytes.p, l.bytes.n);
	l.bytes.p = copy;
	f->policy->rate = 1;
	for (int32_t i = 2; i < 5; i++)
		assert_true(intake_message(&f->in, &f->meta, message(f, "s3cret", PDU_INFORM, i)));
	assert_int_equal(intake_late(&f->in, &l), ST_FULL); // a storm row of its source is open
	intake_tick(&f->in, f->meta.now + SECOND, false);
	commit(f);
	f->policy->rate = 0;
	for (int32_t i = 5; intake_message(&f->in, &f->meta, message(f, "s3cret", PDU_TRAP_V2, i)); i++)
		;
	assert_int_equal(intake_late(&f->in, &l), ST_FULL);
	assert_int_equal(a->waiting, 1);
	commit(f);
	assert_int_equal(intake_late(&f->in, &l), ST_OK);
	assert_int_equal(a->waiting, 0);
	assert_int_equal(account_sum(a), a->received);
}

static void denied_and_evicted(void **state)
{
	struct fixture *f = *state;
	const struct account *a = &f->in.accounts[2];
	struct intake_late l;
	uint64_t sent = 0;
	do {
		assert_true(intake_message(&f->in, &f->meta, message(f, "wrong", PDU_TRAP_V2, (int32_t)sent++)));
	} while (!a->evicted);
	assert_int_equal(a->waiting, sent - 1);
	assert_int_equal(handed(f, &l), sent - 1);
	f->policy->denied = calloc(1, sizeof *f->policy->denied);
	f->policy->denied_count = 1;
	f->policy->denied->from.p = calloc(1, sizeof(struct prefix));
	f->policy->denied->from.n = 1;
	assert_int_equal(prefix_parse("10.0.0.0/8", f->policy->denied->from.p), ST_OK);
	f->policy->denied->mark = policy_mark(&f->policy->denied->key, 1, span_str(""), span_str("wrong"));
	assert_true(intake_message(&f->in, &f->meta, message(f, "wrong", PDU_TRAP_V2, 1)));
	assert_true(intake_message(&f->in, &f->meta, message(f, "wrong2", PDU_TRAP_V2, 1)));
	assert_true(intake_message(&f->in, &f->meta, message(f, "s3cret", PDU_TRAP_V2, 1)));
	assert_int_equal(a->denied, 1);
	assert_int_equal(a->waiting, sent);
	assert_int_equal(a->in_flight, 1);
	assert_int_equal(account_sum(a), sent + 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		T(trap_is_kept_after_commit),
		T(inform_is_answered_only_after_commit),
		T(resend_is_answered_again_and_stored_once),
		T(remembered_from_the_journal),
		T(refusals_are_counted),
		T(reports_do_not_amplify),
		T(full_ring_pushes_back),
		T(storm_row_answers_after_its_commit),
		T(proxied_community_is_masked),
		T(waits_and_is_allowed_late),
		T(sent_again_before_it_is_moved),
		T(late_waits_for_room_and_storms),
		T(sites_by_their_tunnels),
		T(late_keeps_its_site),
		T(denied_and_evicted),
#undef T
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
