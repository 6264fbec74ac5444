// SPDX-License-Identifier: Apache-2.0
#include "rows.h"

void rows_one_of_each(struct world *w)
{
	for (int i = 0; i < NODES; i++) {
		assert_true(w->node[i].up);
		assert_int_equal(w->node[i].downs, 0);
		assert_int_equal(world_pairs(w, i), 1);
		assert_int_equal(ike_counters(w->node[i].ike)->pairs, 1);
		assert_non_null(sa_find(w, i, IKE_UP));
	}
	assert_true(world_traffic(w));
}

void rows_wait(struct world *w, int milliseconds)
{
	for (int i = 0; i < milliseconds; i++) {
		w->now += IKE_SECOND / 1000;
		world_run(w, 0);
	}
}

void rows_up(struct world *w, struct setting *s, uint64_t seed)
{
	world_new(w, s, seed);
	world_settle(w);
	rows_one_of_each(w);
}

void rows_rekey_pair(struct world *w, int which, struct ike_out *out)
{
	ike_rekey(w->node[which].ike, w->now, w->node[which].current, out);
}

void rows_rekey_ike(struct world *w, int which, struct ike_out *out)
{
	ike_rekey_site(w->node[which].ike, w->now, w->node[which].site, out);
}

void rows_check_life(struct world *w, int which, struct ike_out *out)
{
	struct ike_sa *sa = sa_at(w, which, IKE_UP);
	struct ike_turn t = ike_turn_of(w->node[which].ike, sa, w->now, out);
	sa->want |= 1u << TASK_CHECK;
	ike_next(&t);
	ike_sa_schedule(w->node[which].ike, sa);
}

struct span rows_lower(const struct heard *q, const struct heard *a)
{
	struct span x = ike_body(&q->m, PAYLOAD_NONCE), y = ike_body(&a->m, PAYLOAD_NONCE);
	assert_true(x.n == 32 && y.n == 32);
	return memcmp(x.p, y.p, 32) < 0 ? x : y;
}

static int quiet(void **state)
{
	ike_out_done(world_out()); // of a test that failed
	return 0;
}

int main(void)
{
	const struct rows *const parts[] = { &rows_71, &rows_71_fragments, &rows_72,     &rows_72_auth,
		                             &rows_73, &rows_73_ike,       &rows_limits, &rows_table };
	static struct CMUnitTest all[256];
	size_t n = 0;
	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
		assert_true(n + parts[i]->n <= sizeof all / sizeof *all);
		memcpy(all + n, parts[i]->tests, parts[i]->n * sizeof *all);
		n += parts[i]->n;
	}
	for (size_t i = 0; i < n; i++)
		all[i].setup_func = quiet;
	return _cmocka_run_group_tests("rows", all, n, NULL, NULL);
}
