// SPDX-License-Identifier: Apache-2.0
// The record coding: random events there and back, every truncation and a row of lies refused, unknown fields skipped.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "event/event.h"

enum { ROOM = 4096, FIELDS_AT = 35 };

static uint64_t seed = 20261120;

static uint64_t roll(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed;
}

static struct span random_span(size_t max)
{
	static uint8_t noise[512];
	for (size_t i = 0; i < sizeof(noise); i++)
		noise[i] = (uint8_t)(i * 7 + 3);
	size_t n = roll() % 3 == 0 ? 0 : roll() % max;
	return span_of(noise + roll() % 128, n);
}

static struct event random_event(void)
{
	static const uint8_t versions[] = { SNMP_V1, SNMP_V2C, SNMP_V3 };
	struct event e = { .received = (int64_t)roll(),
		           .kind = (uint8_t)(1 + roll() % (EVENT_KIND_COUNT - 1)),
		           .transport = (uint8_t)(roll() % TRANSPORT_COUNT),
		           .version = versions[roll() % 3],
		           .level = (uint8_t)(roll() % LEVEL_COUNT),
		           .flags = (uint32_t)roll(),
		           .count = roll() % 2 ? (uint32_t)roll() : 0,
		           .waiting = roll() % 2 ? roll() : 0,
		           .site = random_span(60),
		           .credential = random_span(40),
		           .engine = random_span(32),
		           .context = random_span(32),
		           .pdu = random_span(300),
		           .pdu_last = random_span(300),
		           .note = random_span(200) };
	for (size_t i = 0; i < sizeof(e.peer.ip); i++)
		e.peer.ip[i] = (uint8_t)roll();
	e.peer.port = (uint16_t)roll();
	e.peer.scope = roll() % 2 ? (uint32_t)roll() : 0;
	return e;
}

static void assert_same(const struct event *a, const struct event *b)
{
	assert_int_equal(a->received, b->received);
	assert_int_equal(a->kind, b->kind);
	assert_int_equal(a->transport, b->transport);
	assert_int_equal(a->version, b->version);
	assert_int_equal(a->level, b->level);
	assert_int_equal(a->flags, b->flags);
	assert_int_equal(a->count, b->count);
	assert_int_equal(a->waiting, b->waiting);
	assert_memory_equal(a->peer.ip, b->peer.ip, 16);
	assert_int_equal(a->peer.port, b->peer.port);
	assert_int_equal(a->peer.scope, b->peer.scope);
	assert_true(span_equal(a->site, b->site));
	assert_true(span_equal(a->credential, b->credential));
	assert_true(span_equal(a->engine, b->engine));
	assert_true(span_equal(a->context, b->context));
	assert_true(span_equal(a->pdu, b->pdu));
	assert_true(span_equal(a->pdu_last, b->pdu_last));
	assert_true(span_equal(a->note, b->note));
}

static size_t span_bytes(const struct event *e)
{
	return e->site.n + e->credential.n + e->engine.n + e->context.n + e->pdu.n + e->pdu_last.n + e->note.n;
}

static void there_and_back(void **state)
{
	for (int i = 0; i < 2000; i++) {
		struct event e = random_event(), back;
		uint8_t record[ROOM];
		size_t n = event_encode(&e, record, sizeof(record));
		assert_true(n > 0 && n <= span_bytes(&e) + EVENT_RECORD_OVERHEAD);
		assert_int_equal(event_kind_of(span_of(record, n)), e.kind);
		assert_int_equal(event_decode(span_of(record, n), &back), ST_OK);
		assert_same(&e, &back);
		assert_int_equal(event_encode(&e, record, n), n);
		assert_int_equal(event_encode(&e, record, n - 1), 0);
	}
}

// A cut inside a field is damage; a cut between fields is a shorter record that says less.
static void truncations_are_damage_or_whole_fields(void **state)
{
	for (int i = 0; i < 50; i++) {
		struct event e = random_event(), back;
		uint8_t record[ROOM];
		size_t n = event_encode(&e, record, sizeof(record));
		for (size_t cut = 0; cut < n; cut++) {
			uint8_t *exact = malloc(cut ? cut : 1);
			assert_non_null(exact);
			memcpy(exact, record, cut);
			enum st st = event_decode(span_of(exact, cut), &back);
			if (st == ST_OK) {
				uint8_t again[ROOM];
				assert_int_equal(event_encode(&back, again, sizeof(again)), cut);
				assert_memory_equal(again, exact, cut);
			} else {
				assert_int_equal(st, ST_DAMAGED);
			}
			free(exact);
		}
	}
}

struct lie {
	const char *what;
	size_t n; // bytes behind the fixed part
	uint8_t tail[16];
	enum st verdict;
};

static void verdicts_on_fields(void **state)
{
	static const struct lie lies[] = {
		{ "nothing", 0, { 0 }, ST_OK },
		{ "a site", 5, { 4, 0, 2, 'a', 'b' }, ST_OK },
		{ "an unknown short field", 5, { 9, 0, 2, 'a', 'b' }, ST_OK },
		{ "an unknown long field", 7, { 0xf0, 0, 0, 0, 2, 'a', 'b' }, ST_OK },
		{ "tag 0", 4, { 0, 0, 1, 'a' }, ST_DAMAGED },
		{ "an empty field", 3, { 4, 0, 0 }, ST_DAMAGED },
		{ "a field twice", 8, { 4, 0, 1, 'a', 4, 0, 1, 'b' }, ST_DAMAGED },
		{ "fields in falling order", 8, { 5, 0, 1, 'a', 4, 0, 1, 'b' }, ST_DAMAGED },
		{ "a length that lies", 5, { 4, 0, 3, 'a', 'b' }, ST_DAMAGED },
		{ "a long length that lies", 6, { 0x80, 0xff, 0xff, 0xff, 0xff, 'a' }, ST_DAMAGED },
		{ "a scope of two octets", 5, { 1, 0, 2, 0, 1 }, ST_DAMAGED },
		{ "a count of zero", 7, { 2, 0, 4, 0, 0, 0, 0 }, ST_DAMAGED },
		{ "a count of five octets", 8, { 2, 0, 5, 0, 0, 0, 0, 1 }, ST_DAMAGED },
	};
	struct event e = { .kind = EVENT_TRAP, .transport = TRANSPORT_UDP, .version = SNMP_V2C, .level = LEVEL_NOAUTH };
	for (size_t i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
		uint8_t record[FIELDS_AT + 16];
		assert_int_equal(event_encode(&e, record, sizeof(record)), FIELDS_AT);
		memcpy(record + FIELDS_AT, lies[i].tail, lies[i].n);
		struct event back = { .count = 4711 };
		enum st st = event_decode(span_of(record, FIELDS_AT + lies[i].n), &back);
		if (st != lies[i].verdict)
			fail_msg("%s: %s", lies[i].what, st_name(st));
		if (st != ST_OK)
			assert_int_equal(back.count, 4711);
	}
}

static void a_wrong_head_is_damage(void **state)
{
	static const struct {
		size_t at;
		uint8_t value;
	} lies[] = { { 0, 0 }, { 0, 2 }, { 1, 0 },          { 1, EVENT_KIND_COUNT }, { 2, TRANSPORT_COUNT },
		     { 3, 2 }, { 3, 4 }, { 4, LEVEL_COUNT } };
	struct event e = { .kind = EVENT_TRAP, .transport = TRANSPORT_UDP, .version = SNMP_V2C, .level = LEVEL_NOAUTH };
	for (size_t i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
		uint8_t record[FIELDS_AT];
		event_encode(&e, record, sizeof(record));
		record[lies[i].at] = lies[i].value;
		struct event back;
		assert_int_equal(event_decode(span_of(record, sizeof(record)), &back), ST_DAMAGED);
		if (lies[i].at < 2)
			assert_int_equal(event_kind_of(span_of(record, sizeof(record))), 0);
	}
	assert_int_equal(event_kind_of(span_of(NULL, 0)), 0);
}

static void too_long_a_label_does_not_fit(void **state)
{
	static uint8_t big[70000], out[80000];
	struct event e = { .kind = EVENT_TRAP, .version = SNMP_V2C, .site = span_of(big, 65536) };
	assert_int_equal(event_encode(&e, out, sizeof(out)), 0);
	e.site.n = 65535;
	assert_true(event_encode(&e, out, sizeof(out)) > 0);
	e.site.n = 0;
	e.pdu = span_of(big, sizeof(big));
	assert_true(event_encode(&e, out, sizeof(out)) > 0);
}

// What makes two events the same to the duplicate rule, and what does not.
static void duplicate_key_fields(void **state)
{
	struct hash_key key = { 1, 2 };
	struct event base = { .kind = EVENT_INFORM,
		              .version = SNMP_V2C,
		              .site = span_str("rotterdam"),
		              .credential = span_str("ops"),
		              .engine = span_str("engine"),
		              .pdu = span_str("pdu bytes") };
	base.peer.ip[15] = 7;
	base.peer.port = 4000;
	uint64_t k = event_duplicate_key(&base, &key);
	struct event e = base;
	e.peer.port = 4001;
	e.received = 99;
	e.context = span_str("c");
	assert_true(event_duplicate_key(&e, &key) == k);
	e.engine = span_str("other");
	assert_true(event_duplicate_key(&e, &key) == k);
	e.peer.ip[15] = 8;
	assert_true(event_duplicate_key(&e, &key) != k);
	e = base;
	e.site = span_str("delft");
	assert_true(event_duplicate_key(&e, &key) != k);
	e = base;
	e.credential = span_str("opsp");
	e.pdu = span_str("du bytes");
	assert_true(event_duplicate_key(&e, &key) != k);
	e = base;
	e.version = SNMP_V3;
	uint64_t k3 = event_duplicate_key(&e, &key);
	assert_true(k3 != k);
	e.peer.ip[15] = 9;
	assert_true(event_duplicate_key(&e, &key) == k3);
	e.engine = span_str("other");
	assert_true(event_duplicate_key(&e, &key) != k3);
}

static void names(void **state)
{
	assert_string_equal(event_kind_name(EVENT_STORM), "storm");
	assert_string_equal(event_kind_name(EVENT_KIND_COUNT), "unknown");
	assert_string_equal(event_transport_name(TRANSPORT_ESP), "esp");
	assert_string_equal(event_level_name(LEVEL_AUTHPRIV), "authPriv");
	assert_string_equal(event_version_name(SNMP_V2C), "2c");
	assert_string_equal(event_version_name(2), "unknown");
	assert_string_equal(event_flag_name(2), "relayed");
	assert_string_equal(event_flag_name(3), "shared-engine");
	assert_null(event_flag_name(4));
	for (unsigned k = 1; k < EVENT_KIND_COUNT; k++)
		assert_non_null(event_kind_name(k));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(there_and_back),
		cmocka_unit_test(truncations_are_damage_or_whole_fields),
		cmocka_unit_test(verdicts_on_fields),
		cmocka_unit_test(a_wrong_head_is_damage),
		cmocka_unit_test(too_long_a_label_does_not_fit),
		cmocka_unit_test(duplicate_key_fields),
		cmocka_unit_test(names),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
