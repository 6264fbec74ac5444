// SPDX-License-Identifier: Apache-2.0
// The table of transitions itself (src/ike/table.c). The linker puts an ear in front of every handler (--wrap), so that it
// is seen which edges messages took, and that none took one that is not there. The last test of all counts.
#include "rows.h"

enum { EDGES = 64 };

static struct {
	unsigned good, bad;
} taken[EDGES];
static unsigned handled;

static size_t edge_of(const struct ike_edge *e)
{
	size_t i = 0;
	while (ike_edge_at(i) && ike_edge_at(i) != e)
		i++;
	assert_non_null(ike_edge_at(i));
	assert_true(i < EDGES);
	return i;
}

static enum st ear(struct ike_turn *t, enum st (*real)(struct ike_turn *t))
{
	const struct ike_edge *e = NULL;
	assert_int_equal(ike_edge_find(t->sa->state, t->m, &e), ST_OK);
	handled++;
	enum st st = real(t);
	size_t i = edge_of(e);
	taken[i].good += st == ST_OK;
	taken[i].bad += st != ST_OK;
	return st;
}

#define WRAP(name)                                                                                                     \
	enum st __real_##name(struct ike_turn *t);                                                                     \
	enum st __wrap_##name(struct ike_turn *t);                                                                     \
	enum st __wrap_##name(struct ike_turn *t)                                                                      \
	{                                                                                                              \
		return ear(t, __real_##name);                                                                          \
	}
WRAP(ike_answer_init)
WRAP(ike_take_init)
WRAP(ike_take_init_notify)
WRAP(ike_answer_auth)
WRAP(ike_take_auth)
WRAP(ike_take_auth_refusal)
WRAP(ike_answer_child)
WRAP(ike_take_child)
WRAP(ike_take_refusal)
WRAP(ike_answer_rekey)
WRAP(ike_take_rekey)
WRAP(ike_answer_later)
WRAP(ike_answer_info)
WRAP(ike_take_info)

static bool table_takes(enum ike_state from, uint8_t exchange, bool reply, uint32_t set)
{
	for (size_t i = 0; ike_edge_at(i); i++) {
		const struct ike_edge *e = ike_edge_at(i);
		if (e->from == from && e->exchange == exchange && e->reply == reply && (set & e->need) == e->need &&
		    (set & ~(e->need | e->may)) == 0)
			return true;
	}
	return false;
}

static bool table_knows(enum ike_state from, uint8_t exchange, bool reply)
{
	for (size_t i = 0; ike_edge_at(i); i++) {
		const struct ike_edge *e = ike_edge_at(i);
		if (e->from == from && e->exchange == exchange && e->reply == reply)
			return true;
	}
	return false;
}

// An end in each state, and the other end's keys to speak with.
struct stage {
	struct world w;
	int to;
	struct ike_sa *sa, *other; // NULL: before any; without keys
};

static bool auth_is_lost(struct world *w, const struct heard *h)
{
	return h->m.exchange != IKE_AUTH;
}

static void stage_new(struct stage *g, enum ike_state from, bool reply)
{
	struct setting s = setting_plain();
	*g = (struct stage){ .to = reply ? SITE : COLL };
	world_new(&g->w, &s, 301);
	if (from == IKE_FRESH || from == IKE_INIT_SENT) {
		g->w.cut = true;
		world_run(&g->w, 0);
		g->sa = from == IKE_INIT_SENT ? sa_at(&g->w, SITE, from) : NULL;
		return;
	}
	overhear(&g->w, from < IKE_UP ? auth_is_lost : NULL);
	world_settle(&g->w);
	g->to = from == IKE_HALF ? COLL : from == IKE_AUTH_SENT ? SITE : g->to;
	g->sa = sa_at(&g->w, g->to, from < IKE_UP ? from : IKE_UP);
	g->other = ike_sa_find(g->w.node[1 - g->to].ike, g->sa->initiator ? g->sa->spi_r : g->sa->spi_i);
	assert_non_null(g->other);
	g->w.tap = NULL;
}

// The states behind IKE_UP differ in nothing but what they take.
static void stage_set(struct stage *g, enum ike_state from, uint8_t exchange, bool reply)
{
	g->sa->state = from;
	g->sa->want = 0;
	ike_task_done(g->sa);
	if (reply) {
		g->sa->task.kind = TASK_CHECK;
		g->sa->task.exchange = exchange;
		g->sa->task.again = INT64_MAX;
	}
}

static enum st stage_say(struct stage *g, uint8_t exchange, bool reply, uint32_t set)
{
	static const uint8_t body[8] = { 0 };
	struct ike_writer c = words();
	for (int type = PAYLOAD_FIRST; type <= PAYLOAD_LAST; type++)
		if (set & UINT32_C(1) << (type - PAYLOAD_FIRST))
			ike_put(&c, (enum ike_payload)type,
			        type == PAYLOAD_NONCE ? span_str("a nonce of 16 and more")
			                              : span_of(body, sizeof body));
	if (g->other && exchange != IKE_SA_INIT)
		return say(&g->w, g->to, g->other, exchange, reply, reply ? g->sa->send_id : g->sa->take_id, &c);
	struct ike_path path = { g->w.node[g->to].address, g->w.node[1 - g->to].address, true };
	struct ike_header h = { .spi_i = 77, .exchange = exchange };
	h.flags = reply ? IKE_FLAG_RESPONSE : IKE_FLAG_INITIATOR;
	if (g->sa && reply) {
		h.spi_i = g->sa->spi_i;
		h.id = g->sa->send_id;
	}
	ike_put_header(&c, &h);
	return tell(&g->w, g->to, &path, wr_span(&c.w));
}

static void refused(struct stage *g, const struct ike_edge *e, uint32_t set)
{
	const struct ike_counters *c = ike_counters(g->w.node[g->to].ike);
	uint64_t sas = c->sas, pairs = c->pairs;
	unsigned before = handled;
	if (g->sa && e->from >= IKE_UP)
		stage_set(g, e->from, e->exchange, e->reply);
	enum st st = stage_say(g, e->exchange, e->reply, set);
	if (st != ST_IKE_PAYLOADS || handled != before)
		fail_msg("state %d, exchange %d, reply %d, payloads %x: %s", (int)e->from, e->exchange, e->reply, set,
		         st_name(st));
	assert_true(c->sas == sas && c->pairs == pairs);
	assert_true(!g->sa || g->sa->state == e->from);
	assert_true(!e->reply || !g->sa || g->sa->task.kind != TASK_NONE); // it waits for a better one
	ike_out_done(world_out());
}

static void no_edge_without_its_payloads_or_with_others(void **state)
{
	unsigned n = 0;
	for (size_t i = 0; ike_edge_at(i); i++) {
		const struct ike_edge *e = ike_edge_at(i);
		struct stage g;
		stage_new(&g, e->from, e->reply);
		for (int type = PAYLOAD_FIRST; type <= PAYLOAD_LAST; type++) {
			uint32_t bit = UINT32_C(1) << (type - PAYLOAD_FIRST);
			uint32_t set = e->need & bit ? e->need & ~bit : e->need | bit;
			bool named = (type >= PAYLOAD_SA && type <= PAYLOAD_EAP) && type != PAYLOAD_SK;
			if (!named || table_takes(e->from, e->exchange, e->reply, set))
				continue;
			refused(&g, e, set);
			n++;
		}
		world_done(&g.w);
	}
	assert_true(n > 150);
}

// A state takes nothing of an exchange that has no row.
static void no_exchange_without_a_row(void **state)
{
	unsigned n = 0;
	for (enum ike_state from = IKE_INIT_SENT; from < IKE_DEAD; from++)
		for (uint8_t exchange = IKE_SA_INIT; exchange <= IKE_INFORMATIONAL; exchange++)
			for (int reply = 0; reply < 2; reply++) {
				struct stage g;
				if (table_knows(from, exchange, reply) || (exchange == IKE_SA_INIT && !reply))
					continue; // a request to begin belongs to no SA
				stage_new(&g, from, reply);
				if (from == IKE_INIT_SENT && exchange != IKE_SA_INIT) {
					world_done(&g.w); // it has no keys yet: shown by the next test
					continue;
				}
				stage_set(&g, from, exchange, reply);
				unsigned before = handled;
				enum st st = stage_say(&g, exchange, reply, P(SA) | P(NONCE) | P(KE));
				// What is in clear has no business with a responder's SA at all.
				assert_true(st == ST_IKE_UNEXPECTED || (st == ST_IKE_SPI && exchange == IKE_SA_INIT));
				st = stage_say(&g, exchange, reply, P(NOTIFY));
				assert_int_not_equal(st, ST_OK);
				assert_int_equal(handled, before);
				assert_int_equal(g.sa->state, from);
				ike_out_done(world_out());
				world_done(&g.w);
				n++;
			}
	assert_true(n > 20);
}

// CVE-2014-2338 and its like: nothing encrypted is looked at before there are keys.
static void nothing_encrypted_before_the_keys(void **state)
{
	struct stage g;
	stage_new(&g, IKE_INIT_SENT, true);
	for (uint8_t exchange = IKE_AUTH; exchange <= IKE_INFORMATIONAL; exchange++)
		for (uint8_t flags = 0; flags <= IKE_FLAG_RESPONSE; flags += IKE_FLAG_RESPONSE) {
			static const uint8_t text[80];
			struct ike_writer c = words();
			ike_put(&c, PAYLOAD_SK, span_of(text, sizeof text));
			struct ike_header h = { g.sa->spi_i, 99, flags ? g.sa->send_id : 0, exchange, flags };
			ike_put_header(&c, &h);
			unsigned before = handled;
			g.sa->task.exchange = exchange;
			assert_int_not_equal(tell(&g.w, SITE, &g.sa->path, wr_span(&c.w)), ST_OK);
			assert_int_equal(handled, before);
			assert_int_equal(g.sa->state, IKE_INIT_SENT);
		}
	ike_out_done(world_out());
	world_done(&g.w);
}

static bool only_refuses(const struct ike_edge *e)
{
	return e->act == ike_answer_later || e->act == ike_take_auth_refusal;
}

static bool never_refuses(const struct ike_edge *e)
{
	return e->to == e->otherwise;
}

// The last of all tests: by then the rows have gone everywhere.
static void every_edge_was_taken(void **state)
{
	unsigned missing = 0;
	for (size_t i = 0; ike_edge_at(i); i++) {
		const struct ike_edge *e = ike_edge_at(i);
		bool good = taken[i].good || only_refuses(e), bad = taken[i].bad || never_refuses(e);
		bool any = taken[i].good + taken[i].bad;
		if (good && bad && any)
			continue;
		print_error("edge %zu (state %d, exchange %d, %s): %u good, %u bad\n", i, (int)e->from, e->exchange,
		            e->reply ? "answer" : "request", taken[i].good, taken[i].bad);
		missing++;
	}
	assert_int_equal(missing, 0);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(no_edge_without_its_payloads_or_with_others),
	cmocka_unit_test(no_exchange_without_a_row),
	cmocka_unit_test(nothing_encrypted_before_the_keys),
	cmocka_unit_test(every_edge_was_taken),
};
const struct rows rows_table = { tests, sizeof tests / sizeof *tests };
