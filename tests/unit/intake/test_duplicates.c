// SPDX-License-Identifier: Apache-2.0
// The duplicate set against a slow, obvious model: a list.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "intake/duplicates.h"
#include "intake/limits.h"

struct model {
	struct {
		uint64_t key;
		uint32_t second;
	} list[4096];
	size_t n, limit;
	uint64_t forgotten;
};

static bool model_know(struct model *m, uint64_t key, uint32_t second)
{
	size_t kept = 0;
	bool known = false;
	for (size_t i = 0; i < m->n; i++)
		if (second - m->list[i].second <= DUPLICATES_SECONDS) {
			known |= m->list[i].key == key;
			m->list[kept++] = m->list[i];
		}
	m->n = kept;
	return known;
}

static void model_add(struct model *m, uint64_t key, uint32_t second)
{
	if (m->n == m->limit) {
		for (size_t i = 1; i < m->n; i++)
			m->list[i - 1] = m->list[i];
		m->n--;
		m->forgotten++;
	}
	m->list[m->n].key = key;
	m->list[m->n++].second = second;
}

static void walk(size_t limit, unsigned keys, unsigned steps, unsigned slow)
{
	struct duplicates d;
	struct model *m = calloc(1, sizeof *m);
	m->limit = limit;
	duplicates_init(&d, limit);
	uint32_t second = 5;
	for (unsigned i = 0; i < steps; i++) {
		second += (unsigned)rand() % slow == 0 ? (unsigned)rand() % 40 : 0;
		uint64_t key =
		        (uint64_t)((unsigned)rand() % keys) * 0x10001; // many share their low bits' neighbourhood
		bool known = model_know(m, key, second);
		assert_int_equal(duplicates_know(&d, key, second), known);
		if (!known) {
			model_add(m, key, second);
			assert_int_equal(duplicates_add(&d, key, second), ST_OK);
		}
		assert_int_equal(d.count, m->n);
		assert_int_equal(d.forgotten, m->forgotten);
	}
	duplicates_done(&d);
	free(m);
}

static void random_walks(void **state)
{
	srand(4711);
	walk(1024, 3000, 200000, 50);
	walk(2048, 100000, 20000, 1000000);
	walk(4096, 500, 200000, 3);
}

static void edges(void **state)
{
	struct duplicates d;
	duplicates_init(&d, 1024);
	assert_false(duplicates_know(&d, 7, 100));
	assert_int_equal(duplicates_add(&d, 7, 100), ST_OK);
	assert_true(duplicates_know(&d, 7, 100 + DUPLICATES_SECONDS));
	assert_false(duplicates_know(&d, 7, 101 + DUPLICATES_SECONDS));
	assert_int_equal(duplicates_add(&d, 8, 300), ST_OK);
	assert_true(duplicates_know(&d, 8, 299)); // a second that went backwards forgets nothing
	duplicates_done(&d);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(random_walks), cmocka_unit_test(edges) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
