// SPDX-License-Identifier: Apache-2.0
#include "model.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct hash_key model_key = { 1, 2 };

static int64_t integer(const void *row, const struct row_column *c)
{
	return *(const int64_t *)(const void *)((const char *)row + c->offset);
}

static struct span bytes(const void *row, const struct row_column *c)
{
	return *(const struct span *)(const void *)((const char *)row + c->offset);
}

static uint64_t key_of(enum row_table t, const void *row)
{
	struct hash h = hash_begin(&model_key);
	for (size_t i = 0; i < row_info(t)->keys; i++) {
		const struct row_column *c = &row_info(t)->columns[i];
		int64_t v = c->type == ROW_INTEGER ? integer(row, c) : 0;
		if (c->type == ROW_INTEGER)
			hash_add(&h, span_of(&v, sizeof v));
		else
			hash_add_field(&h, bytes(row, c));
	}
	return hash_end(&h);
}

static bool same_key(enum row_table t, const void *a, const void *b)
{
	for (size_t i = 0; i < row_info(t)->keys; i++) {
		const struct row_column *c = &row_info(t)->columns[i];
		if (c->type == ROW_INTEGER ? integer(a, c) != integer(b, c) : !span_equal(bytes(a, c), bytes(b, c)))
			return false;
	}
	return true;
}

static void widen(struct model_table *m)
{
	struct model_table wider = { .slots_n = m->slots_n ? 2 * m->slots_n : 64, .n = m->n };
	wider.slots = calloc(wider.slots_n, sizeof(struct kept *));
	assert_non_null(wider.slots);
	for (size_t i = 0; i < m->slots_n; i++) {
		for (struct kept *k = m->slots[i], *next; k; k = next) {
			next = k->next;
			k->next = wider.slots[k->hash % wider.slots_n];
			wider.slots[k->hash % wider.slots_n] = k;
		}
	}
	free(m->slots);
	*m = wider;
}

static struct kept *find(const struct model_table *m, enum row_table t, const void *row)
{
	uint64_t hash = key_of(t, row);
	for (struct kept *k = m->slots_n ? m->slots[hash % m->slots_n] : NULL; k; k = k->next)
		if (k->hash == hash && same_key(t, k->row, row))
			return k;
	return NULL;
}

enum st model_put(void *arg, enum row_table t, const void *row)
{
	struct model_table *m = &((struct model *)arg)->tables[t];
	struct kept *k = find(m, t, row);
	if (!k) {
		if (m->n >= m->slots_n)
			widen(m);
		k = calloc(1, sizeof *k);
		assert_non_null(k);
		k->hash = key_of(t, row);
		k->row = calloc(1, row_info(t)->size);
		assert_non_null(k->row);
		k->next = m->slots[k->hash % m->slots_n];
		m->slots[k->hash % m->slots_n] = k;
		m->n++;
	}
	assert_true(row_copy(t, k->row, row));
	return ST_OK;
}

static void drop(enum row_table t, struct kept *k)
{
	row_done(t, k->row);
	free(k->row);
	free(k);
}

void model_done(struct model *m)
{
	for (enum row_table t = 0; t < ROW_TABLES; t++) {
		for (size_t i = 0; i < m->tables[t].slots_n; i++) {
			for (struct kept *k = m->tables[t].slots[i], *next; k; k = next) {
				next = k->next;
				drop(t, k);
			}
		}
		free(m->tables[t].slots);
	}
	*m = (struct model){ 0 };
}

void model_copy(struct model *to, const struct model *from)
{
	model_done(to);
	for (enum row_table t = 0; t < ROW_TABLES; t++)
		for (size_t i = 0; i < from->tables[t].slots_n; i++)
			for (struct kept *k = from->tables[t].slots[i]; k; k = k->next)
				model_put(to, t, k->row);
}

void model_store(struct model *m, struct fold *f)
{
	assert_int_equal(fold_changed(f, model_put, m), ST_OK);
	fold_clean(f);
}

struct fold *model_load(const struct model *m, const struct hash_key *key)
{
	struct fold *f = fold_new(key);
	assert_non_null(f);
	for (enum row_table t = 0; t < ROW_TABLES; t++)
		for (size_t i = 0; i < m->tables[t].slots_n; i++)
			for (struct kept *k = m->tables[t].slots[i]; k; k = k->next)
				assert_int_equal(fold_load(f, t, k->row), ST_OK);
	assert_int_equal(fold_loaded(f), ST_OK);
	return f;
}

void model_prune(struct model *m)
{
	const struct fold_row *of = model_row(m, ROW_FOLD, 1);
	for (enum row_table t = 0; of && t < ROW_TABLES; t++) {
		for (size_t i = 0; i < m->tables[t].slots_n; i++) {
			for (struct kept **at = &m->tables[t].slots[i]; *at;) {
				struct kept *k = *at;
				if (fold_wants(of, t, k->row)) {
					at = &k->next;
					continue;
				}
				*at = k->next;
				m->tables[t].n--;
				drop(t, k);
			}
		}
	}
}

static bool say(const char *what, enum row_table t, const void *a, const void *b, bool quiet)
{
	struct text line = { 0 };
	if (quiet)
		return false;
	row_line(t, a, &line);
	fprintf(stderr, "%s\n  %s\n", what, text_str(&line));
	text_clear(&line);
	if (b)
		row_line(t, b, &line);
	fprintf(stderr, "  %s\n", text_str(&line));
	text_done(&line);
	return false;
}

static bool same_row(enum row_table t, const void *a, const void *b)
{
	struct text x = { 0 }, y = { 0 };
	row_line(t, a, &x);
	row_line(t, b, &y);
	bool same = strcmp(text_str(&x), text_str(&y)) == 0;
	text_done(&x);
	text_done(&y);
	return same;
}

static bool holds(const struct model *all, const struct model *some, bool quiet)
{
	for (enum row_table t = 0; t < ROW_TABLES; t++) {
		for (size_t i = 0; i < some->tables[t].slots_n; i++) {
			for (struct kept *k = some->tables[t].slots[i]; k; k = k->next) {
				struct kept *other = find(&all->tables[t], t, k->row);
				if (!other)
					return say("missing", t, k->row, NULL, quiet);
				if (!same_row(t, k->row, other->row))
					return say("differs", t, k->row, other->row, quiet);
			}
		}
	}
	return true;
}

bool model_same(const struct model *a, const struct model *b, bool quiet)
{
	if (!holds(a, b, quiet))
		return false;
	for (enum row_table t = 0; t < ROW_TABLES; t++)
		if (a->tables[t].n != b->tables[t].n)
			return holds(b, a, quiet);
	return true;
}

const void *model_row(const struct model *m, enum row_table t, int64_t id)
{
	for (size_t i = 0; i < m->tables[t].slots_n; i++)
		for (struct kept *k = m->tables[t].slots[i]; k; k = k->next)
			if (id == 0 || integer(k->row, &row_info(t)->columns[0]) == id)
				return k->row;
	return NULL;
}

size_t model_count(const struct model *m, enum row_table t)
{
	return m->tables[t].n;
}
