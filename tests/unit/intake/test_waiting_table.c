// SPDX-License-Identifier: Apache-2.0
// The waiting room's table: what is one item, what a flood can push out, and a random walk against a slow model.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "../store/scratch.h"
#include "intake/waiting_table.h"
#include "snmp/build.h"

enum { MESSAGE_ROOM = 70000 };

struct fixture {
	struct waiting_table table;
	uint8_t message[MESSAGE_ROOM];
	struct waiting_head head;
};

static struct addr addr_of(const char *text)
{
	struct addr a;
	assert_int_equal(addr_parse(text, &a), ST_OK);
	return a;
}

static void start(struct fixture *f, const struct waiting_limits *limits)
{
	static const struct hash_key key = { 3, 4 };
	assert_int_equal(waiting_table_init(&f->table, limits, &key), ST_OK);
	f->head = (struct waiting_head){
		.received = 1000, .peer = addr_of("10.0.0.5:4000"), .reason = ST_COMMUNITY, .index = 2, .transport = 1
	};
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof *f);
	start(f, &waiting_limits_usual);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	waiting_table_done(&f->table);
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

static void add(struct fixture *f, const char *community, uint8_t tag, int32_t request_id)
{
	waiting_table_add(&f->table, &f->head, span_str("home"), message(f, community, tag, request_id));
}

static uint64_t evicted(const struct fixture *f)
{
	return f->table.counts[f->head.index].evicted;
}

// Every message is kept, or counted once.
static void check_sum(const struct fixture *f, uint64_t added)
{
	const struct waiting_counts *c = &f->table.counts[f->head.index];
	assert_int_equal(f->table.message_count + c->evicted + c->denied + c->duplicate, added);
}

static void one_item_a_credential_and_reason(void **state)
{
	struct fixture *f = *state;
	add(f, "wrong", PDU_TRAP_V2, 1);
	f->head.received = 2000;
	f->head.peer.port++;
	add(f, "wrong", PDU_TRAP_V2, 2);
	assert_int_equal(f->table.item_count, 1);
	struct waiting_item *i = waiting_table_find(&f->table, 1);
	assert_int_equal(i->count, 2);
	assert_int_equal(i->kept, 2);
	assert_int_equal(i->first, 1000);
	assert_int_equal(i->last, 2000);
	assert_int_equal(i->peer.port, 4001);
	assert_int_equal(i->version, 1);
	assert_true(span_equal(i->credential, span_str("wrong")));
	assert_true(span_equal(i->site, span_str("home")));
	struct text oid = { 0 };
	waiting_oid(message(f, "wrong", PDU_TRAP_V2, 2), &oid);
	assert_string_equal(text_str(&oid), "1.3.6.1.6.3.1.1.5.3");
	text_done(&oid);
	add(f, "wrong2", PDU_TRAP_V2, 1);
	f->head.reason = ST_SOURCE;
	add(f, "wrong", PDU_TRAP_V2, 1);
	f->head.peer.ip[15]++;
	add(f, "wrong", PDU_TRAP_V2, 1);
	waiting_table_add(&f->table, &f->head, span_str("rome"), message(f, "wrong", PDU_TRAP_V2, 1));
	assert_int_equal(f->table.item_count, 5);
	assert_int_equal(f->table.source_count, 2);
	assert_null(waiting_table_find(&f->table, 6));
	check_sum(f, 6);
}

static void inform_sent_again_is_kept_once(void **state)
{
	struct fixture *f = *state;
	for (int i = 0; i < 3; i++)
		add(f, "wrong", PDU_INFORM, 7);
	add(f, "wrong", PDU_INFORM, 8);
	for (int i = 0; i < 2; i++)
		add(f, "wrong", PDU_TRAP_V2, 9); // traps are not sent again
	const struct waiting_item *i = waiting_table_find(&f->table, 1);
	assert_int_equal(i->count, 6);
	assert_int_equal(i->kept, 4);
	assert_int_equal(f->table.counts[2].duplicate, 2);
	check_sum(f, 6);
}

static void unreadable_is_kept_too(void **state)
{
	struct fixture *f = *state;
	static const uint8_t v3[] = { 0x30, 5, 2, 1, 3, 0x30, 0 };
	waiting_table_add(&f->table, &f->head, span_str(""), span_of(v3, sizeof v3));
	waiting_table_add(&f->table, &f->head, span_str(""), span_of("", 0));
	assert_int_equal(f->table.item_count, 2);
	assert_int_equal(waiting_table_find(&f->table, 1)->version, 3);
}

static void limits_of_item_and_source(void **state)
{
	struct fixture *f = *state;
	for (int i = 0; i < WAITING_ITEM_MESSAGES + 5; i++)
		add(f, "wrong", PDU_TRAP_V2, i);
	assert_int_equal(waiting_table_find(&f->table, 1)->kept, WAITING_ITEM_MESSAGES);
	assert_int_equal(evicted(f), 5);
	for (int i = 0; i < WAITING_SOURCE_ITEMS; i++) {
		char community[16];
		snprintf(community, sizeof community, "guess%d", i);
		add(f, community, PDU_TRAP_V2, 1);
	}
	assert_int_equal(f->table.item_count, WAITING_SOURCE_ITEMS);
	assert_null(waiting_table_find(&f->table, 1)); // not heard for longest
	assert_non_null(waiting_table_find(&f->table, 2));
	check_sum(f, WAITING_ITEM_MESSAGES + 5 + WAITING_SOURCE_ITEMS);
}

// A /64 of IPv6 is one source: its owner can be every address in it.
static void an_ipv6_subnet_is_one_source(void **state)
{
	struct fixture *f = *state;
	f->head.peer = addr_of("[2001:db8::1]:1");
	for (int i = 0; i < 2 * WAITING_SOURCE_ITEMS; i++) {
		f->head.peer.ip[15] = (uint8_t)i;
		f->head.peer.ip[9] = (uint8_t)(i / 3);
		add(f, "wrong", PDU_TRAP_V2, 1);
	}
	assert_int_equal(f->table.source_count, 1);
	assert_int_equal(f->table.item_count, WAITING_SOURCE_ITEMS);
	f->head.peer.ip[7] = 1;
	add(f, "wrong", PDU_TRAP_V2, 1);
	assert_int_equal(f->table.source_count, 2);
}

// The test: a real sender came before and one comes after; nothing that spoofed sources do pushes them out.
static void real_sender_stands_in_a_flood(void **state)
{
	struct fixture *f = *state;
	uint64_t added = 0;
	uint8_t large[4000] = { 0x30, 0x82, 0x0f, 0x9c, 2, 1, 3 };
	for (int i = 0; i < 20; i++, added++)
		add(f, "real", PDU_TRAP_V2, i);
	struct addr real = f->head.peer;
	for (uint32_t i = 0; i < 200000; i++, added++) {
		uint32_t source = i % 10000;
		f->head.peer = addr_of("172.16.0.0:9");
		f->head.peer.ip[14] = (uint8_t)(source >> 8);
		f->head.peer.ip[15] = (uint8_t)source;
		if (i % 3) {
			add(f, "spoofed", PDU_TRAP_V2, (int32_t)i);
		} else {
			memcpy(large + 100, &i, sizeof i);
			waiting_table_add(&f->table, &f->head, span_str(""), span_of(large, sizeof large));
		}
	}
	f->head.peer = real;
	for (int i = 20; i < 25; i++, added++)
		add(f, "real", PDU_TRAP_V2, i);
	// What the real one holds is more than a ten-thousandth of the room, so it may lose some, but never all or the newest.
	struct waiting_item *i = waiting_table_find(&f->table, 1);
	assert_non_null(i);
	assert_int_equal(i->count, 25);
	assert_true(i->kept >= 2);
	assert_true(f->table.weight <= WAITING_BYTES);
	assert_true(f->table.weight > WAITING_BYTES - 8000);
	check_sum(f, added);
}

static void moving_is_pinned(void **state)
{
	struct fixture *f = *state;
	add(f, "wrong", PDU_TRAP_V2, 0);
	struct waiting_message *m = TAILQ_FIRST(&waiting_table_find(&f->table, 1)->messages);
	size_t weight = f->table.weight;
	waiting_table_move(&f->table, m, 5);
	assert_int_equal(f->table.weight, 0);
	waiting_table_move(&f->table, m, 6);
	assert_int_equal(f->table.weight, 0);
	assert_int_equal(f->table.moving_count, 1);
	for (int i = 1; i < 2 * WAITING_ITEM_MESSAGES; i++)
		add(f, "wrong", PDU_TRAP_V2, i);
	for (int i = 0; i < 2 * WAITING_SOURCE_ITEMS; i++) {
		char community[16];
		snprintf(community, sizeof community, "guess%d", i);
		add(f, community, PDU_TRAP_V2, 1);
	}
	assert_ptr_equal(TAILQ_FIRST(&waiting_table_find(&f->table, 1)->messages), m);
	waiting_table_move(&f->table, m, 0);
	assert_int_equal(f->table.moving_count, 0);
	assert_true(f->table.weight > weight);
	waiting_table_remove(&f->table, m);
}

// When all others are moving the one that was just heard is over the limit, and stays.
static void the_newest_item_stays(void **state)
{
	struct fixture *f = *state;
	for (int i = 0; i < WAITING_SOURCE_ITEMS + 2; i++) {
		char community[16];
		snprintf(community, sizeof community, "guess%d", i);
		add(f, community, PDU_TRAP_V2, 1);
		if (i < WAITING_SOURCE_ITEMS)
			waiting_table_move(&f->table,
			                   TAILQ_FIRST(&TAILQ_LAST(&f->table.items, waiting_items)->messages), 9);
	}
	assert_int_equal(f->table.item_count, WAITING_SOURCE_ITEMS + 1);
	assert_non_null(waiting_table_find(&f->table, WAITING_SOURCE_ITEMS + 2));
	check_sum(f, WAITING_SOURCE_ITEMS + 2);
}

static void deny_counts_what_it_removes(void **state)
{
	struct fixture *f = *state;
	for (int i = 0; i < 3; i++)
		add(f, "wrong", PDU_TRAP_V2, i);
	waiting_table_deny(&f->table, waiting_table_find(&f->table, 1));
	assert_int_equal(f->table.counts[2].denied, 3);
	assert_int_equal(f->table.item_count + f->table.source_count + f->table.weight, 0);
	check_sum(f, 3);
}

// The model: a list of messages in the order of arrival, searched whole for everything.

enum { MODEL_MAX = 4096, MODEL_LIST = 4, MODEL_SOURCES = 12, MODEL_COMMUNITIES = 10 };

struct model_message {
	int source, item; // item: source * MODEL_COMMUNITIES + community
	size_t n;
	uint64_t id;
};

struct model {
	struct model_message list[MODEL_MAX];
	size_t n;
	uint64_t item_heard[MODEL_SOURCES * MODEL_COMMUNITIES], source_heard[MODEL_SOURCES], clock, next_id, evicted;
};

static size_t model_weight(const struct model *m, int source, int item)
{
	size_t w = 0;
	for (size_t i = 0; i < m->n; i++)
		if ((source < 0 || m->list[i].source == source) && (item < 0 || m->list[i].item == item))
			w += m->list[i].n + WAITING_COST;
	return w;
}

static unsigned model_count(const struct model *m, int item)
{
	unsigned n = 0;
	for (size_t i = 0; i < m->n; i++)
		n += m->list[i].item == item;
	return n;
}

static void model_evict(struct model *m, int item)
{
	size_t i = 0;
	while (m->list[i].item != item)
		i++;
	m->n--;
	memmove(&m->list[i], &m->list[i + 1], (m->n - i) * sizeof m->list[0]);
	m->evicted++;
}

static int model_largest(const struct model *m, int source)
{
	int best = -1;
	for (int item = source * MODEL_COMMUNITIES; item < (source + 1) * MODEL_COMMUNITIES; item++) {
		size_t w = model_weight(m, -1, item), than = best < 0 ? 0 : model_weight(m, -1, best);
		if (w > than || (w && w == than && m->item_heard[item] < m->item_heard[best]))
			best = item;
	}
	return best;
}

static int model_fullest(const struct model *m)
{
	int best = 0;
	for (int s = 1; s < MODEL_SOURCES; s++) {
		size_t w = model_weight(m, s, -1), than = model_weight(m, best, -1);
		if (w > than || (w == than && m->source_heard[s] < m->source_heard[best]))
			best = s;
	}
	return best;
}

static int model_stalest(const struct model *m, int source, unsigned *items)
{
	int best = -1;
	*items = 0;
	for (int item = source * MODEL_COMMUNITIES; item < (source + 1) * MODEL_COMMUNITIES; item++) {
		if (!model_count(m, item))
			continue;
		++*items;
		if (best < 0 || m->item_heard[item] < m->item_heard[best])
			best = item;
	}
	return best;
}

static void model_add(struct model *m, const struct waiting_limits *limits, int source, int community, size_t n)
{
	int item = source * MODEL_COMMUNITIES + community, stale;
	unsigned items;
	m->list[m->n++] = (struct model_message){ source, item, n, m->next_id++ };
	m->item_heard[item] = m->source_heard[source] = ++m->clock;
	if (model_count(m, item) > limits->item_messages)
		model_evict(m, item);
	while ((stale = model_stalest(m, source, &items)) >= 0 && items > limits->source_items)
		for (unsigned left = model_count(m, stale); left; left--)
			model_evict(m, stale);
	while (model_weight(m, source, -1) > limits->source_bytes)
		model_evict(m, model_largest(m, source));
	while (model_weight(m, -1, -1) > limits->bytes)
		model_evict(m, model_largest(m, model_fullest(m)));
}

static int compare_ids(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;
	return (*x > *y) - (*x < *y);
}

static void check_model(const struct waiting_table *t, const struct model *m)
{
	uint64_t ids[MODEL_MAX];
	size_t n = 0;
	const struct waiting_item *i;
	const struct waiting_message *x;
	TAILQ_FOREACH (i, &t->items, in_table) {
		TAILQ_FOREACH (x, &i->messages, in_item)
			ids[n++] = x->id;
	}
	assert_int_equal(n, m->n);
	assert_int_equal(n, t->message_count);
	if (n)
		qsort(ids, n, sizeof *ids, compare_ids);
	for (size_t k = 0; k < n; k++)
		assert_int_equal(ids[k], m->list[k].id);
	assert_int_equal(t->weight, model_weight(m, -1, -1));
	assert_int_equal(t->counts[2].evicted, m->evicted);
}

static void random_walk_against_a_slow_model(void **state)
{
	struct fixture *f = *state;
	struct model *m = calloc(1, sizeof *m);
	static const struct waiting_limits small = {
		.bytes = 60000, .source_bytes = 12000, .source_items = MODEL_LIST, .item_messages = 5
	};
	waiting_table_done(&f->table);
	start(f, &small);
	m->next_id = 1;
	uint64_t seed = 20261120;
	for (int step = 0; step < 20000; step++) {
		// Few sources say much, many say little.
		int source = (int)random_below(&seed, 1 + random_below(&seed, MODEL_SOURCES));
		int community = (int)random_below(&seed, 1 + random_below(&seed, MODEL_COMMUNITIES));
		char name[256] = { 0 };
		memset(name, 'a' + community, 1 + (community % 3) * 90);
		f->head.peer.ip[15] = (uint8_t)source;
		struct span bytes = message(f, name, PDU_TRAP_V2, step);
		waiting_table_add(&f->table, &f->head, span_str(""), bytes);
		model_add(m, &small, source, community, bytes.n);
		check_model(&f->table, m);
	}
	assert_true(m->evicted > 10000);
	free(m);
}

// What a save writes and a load reads is the table, after any changes.
struct sizes {
	uint64_t items, messages, moving, counts, sum;
};

static struct sizes sizes_of(const struct waiting_table *t)
{
	struct sizes s = { t->item_count, t->message_count, t->moving_count, 0, t->weight };
	const struct waiting_item *i;
	const struct waiting_message *m;
	TAILQ_FOREACH (i, &t->items, in_table) {
		s.counts += i->count;
		s.sum = s.sum * 31 + i->id + (uint64_t)i->last + i->peer.port;
		TAILQ_FOREACH (m, &i->messages, in_item)
			s.sum = s.sum * 31 + m->id + m->moving + crc32c(0, span_of(m->bytes, m->n));
	}
	return s;
}

static void check_saved(const struct fixture *f, const char *dir)
{
	struct text why = { 0 };
	struct room *r = NULL;
	struct waiting_table back;
	assert_int_equal(waiting_table_init(&back, &f->table.limits, &f->table.key), ST_OK);
	assert_int_equal(room_open_reader(dir, &r, &why), ST_OK);
	assert_int_equal(waiting_load(&back, r), ST_OK);
	struct sizes a = sizes_of(&f->table), b = sizes_of(&back);
	assert_memory_equal(&a, &b, sizeof a);
	assert_int_equal(back.next_item, f->table.next_item);
	assert_int_equal(back.next_message, f->table.next_message);
	waiting_table_done(&back);
	room_close(r);
}

static void random_change(struct fixture *f, uint64_t *seed)
{
	struct waiting_item *i = waiting_table_find(&f->table, random_below(seed, f->table.next_item));
	struct waiting_message *m = i ? TAILQ_FIRST(&i->messages) : NULL;
	char name[2] = { (char)('a' + random_below(seed, 8)) };
	switch (random_below(seed, 12)) {
	case 0:
		if (m && !f->table.moving_count)
			waiting_table_deny(&f->table, i);
		break;
	case 1:
	case 2:
		if (m)
			waiting_table_move(&f->table, m, m->moving ? 0 : random_below(seed, 99) + 1);
		break;
	case 3:
		if (m)
			waiting_table_remove(&f->table, m);
		break;
	default:
		f->head.peer.ip[15] = (uint8_t)random_below(seed, 20);
		f->head.received++;
		add(f, name, random_below(seed, 2) ? PDU_INFORM : PDU_TRAP_V2, (int32_t)random_below(seed, 9));
	}
}

static void saved_and_loaded_is_the_same(void **state)
{
	struct fixture *f = *state;
	static const struct waiting_limits small = {
		.bytes = 60000, .source_bytes = 12000, .source_items = 4, .item_messages = 5
	};
	waiting_table_done(&f->table);
	start(f, &small);
	char *dir = scratch_make();
	struct text why = { 0 };
	struct room *r = NULL;
	assert_int_equal(room_open(dir, &r, &why), ST_OK);
	assert_int_equal(waiting_load(&f->table, r), ST_OK);
	uint64_t seed = 7;
	for (int round = 0; round < 60; round++) {
		for (uint64_t n = random_below(&seed, 60); n; n--)
			random_change(f, &seed);
		assert_int_equal(waiting_save(&f->table, r), ST_OK);
		assert_false(waiting_table_changed(&f->table));
		check_saved(f, dir);
	}
	// A new process goes on from the file.
	waiting_table_done(&f->table);
	start(f, &small);
	assert_int_equal(waiting_load(&f->table, r), ST_OK);
	for (int n = 0; n < 500; n++)
		random_change(f, &seed);
	assert_int_equal(waiting_save(&f->table, r), ST_OK);
	check_saved(f, dir);
	room_close(r);
	scratch_remove(dir);
	free(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(one_item_a_credential_and_reason, setup, teardown),
		cmocka_unit_test_setup_teardown(inform_sent_again_is_kept_once, setup, teardown),
		cmocka_unit_test_setup_teardown(unreadable_is_kept_too, setup, teardown),
		cmocka_unit_test_setup_teardown(limits_of_item_and_source, setup, teardown),
		cmocka_unit_test_setup_teardown(an_ipv6_subnet_is_one_source, setup, teardown),
		cmocka_unit_test_setup_teardown(real_sender_stands_in_a_flood, setup, teardown),
		cmocka_unit_test_setup_teardown(moving_is_pinned, setup, teardown),
		cmocka_unit_test_setup_teardown(the_newest_item_stays, setup, teardown),
		cmocka_unit_test_setup_teardown(deny_counts_what_it_removes, setup, teardown),
		cmocka_unit_test_setup_teardown(random_walk_against_a_slow_model, setup, teardown),
		cmocka_unit_test_setup_teardown(saved_and_loaded_is_the_same, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
