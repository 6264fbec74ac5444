// SPDX-License-Identifier: Apache-2.0
#include "daemon/engine_rows.h"

#include <stdlib.h>
#include <string.h>

#include "base/ring.h"
#include "daemon/limits.h"
#include "event/describe.h"
#include "io/system.h"
#include "store/folder.h"

static const int64_t DAY = 86400 * INT64_C(1000000000);

// What an engine is added with.
struct adding {
	struct engine_rows *rows;
	struct span only;
	int64_t now, wall;
};

static struct engine_row *fresh_row(struct engine_rows *rows)
{
	if (rows->n == rows->room) {
		size_t room = rows->room ? rows->room * 2 : 64;
		struct engine_row *more = reallocarray(rows->row, room, sizeof *more);
		if (!more) {
			rows->bad = true;
			return NULL;
		}
		rows->row = more;
		rows->room = room;
	}
	return &rows->row[rows->n++];
}

static void add_engine(void *arg, struct engine *e)
{
	const struct adding *a = arg;
	struct span id = engine_id(e), site = engine_site(e);
	if (a->only.n && !span_equal(id, a->only))
		return;
	struct engine_row *r = fresh_row(a->rows);
	if (!r)
		return;
	*r = (struct engine_row){ .addr = e->addr,
		                  .heard = a->wall - (a->now - e->heard),
		                  .known = e->clock.known,
		                  .lenient = e->lenient,
		                  .boots = e->clock.boots,
		                  .time = engine_clock_time(&e->clock, a->now),
		                  .id_n = (uint8_t)id.n,
		                  .site_n = (uint8_t)site.n };
	memcpy(r->id, id.p, id.n);
	memcpy(r->site, site.p, site.n);
}

void engine_rows_add(struct engine_rows *rows, struct v3_state *s, struct span only, int64_t now, int64_t wall)
{
	struct adding a = { rows, only, now, wall };
	engines_walk(s->engines, add_engine, &a);
}

// A core without users, to read the file with.
static enum st make_core(struct crypto **crypto, struct usm_users **users, struct v3_state **out)
{
	static const uint8_t nobody[SNMP_ENGINE_ID_MIN];
	size_t which;
	enum st st = crypto_init(crypto);
	if (st == ST_OK)
		st = usm_users_new(NULL, 0, span_of(nobody, sizeof nobody), NULL, users, &which);
	struct v3_config config = { .crypto = *crypto, .users = *users, .random = random_system() };
	return st ? st : v3_state_new(&config, out);
}

static enum st add_file(struct engine_rows *rows, struct v3_state *s, struct span file)
{
	struct rd r = rd_of(file);
	struct span one;
	int64_t now = clock_monotonic(), wall = clock_wall();
	enum st st = ST_OK;
	while (!st && frame_next(&r, &one))
		st = v3_import(s, now, wall, one, NULL, NULL);
	if (!st && rd_end(&r))
		st = ST_DAMAGED;
	if (!st)
		engine_rows_add(rows, s, (struct span){ 0 }, now, wall);
	return st;
}

enum st engine_rows_of_file(const char *dir, struct engine_rows *rows)
{
	struct crypto *crypto = NULL;
	struct usm_users *users = NULL;
	struct v3_state *s = NULL;
	struct text file = { 0 };
	enum st st = folder_read(dir, "engines", ENGINES_FILE_MAX, &file);
	if (st == ST_OK)
		st = make_core(&crypto, &users, &s);
	if (st == ST_OK)
		st = add_file(rows, s, span_of(file.p, file.n));
	v3_state_free(s);
	usm_users_free(users);
	crypto_free(crypto);
	text_done(&file);
	return st;
}

static int span_order(struct span a, struct span b)
{
	size_t n = a.n < b.n ? a.n : b.n;
	int order = n ? memcmp(a.p, b.p, n) : 0;
	return order ? order : (a.n > b.n) - (a.n < b.n);
}

static int family_order(const struct engine_row *a, const struct engine_row *b)
{
	int order = span_order(span_of(a->site, a->site_n), span_of(b->site, b->site_n));
	return order ? order : span_order(span_of(a->id, a->id_n), span_of(b->id, b->id_n));
}

static int row_order(const void *x, const void *y)
{
	const struct engine_row *a = x, *b = y;
	int order = family_order(a, b);
	return order ? order : memcmp(a->addr.ip, b->addr.ip, sizeof a->addr.ip);
}

void engine_rows_sort(struct engine_rows *rows, int64_t wall)
{
	if (rows->n)
		qsort(rows->row, rows->n, sizeof *rows->row, row_order);
	for (size_t from = 0, to; from < rows->n; from = to) {
		size_t recent = 0;
		for (to = from; to < rows->n && !family_order(&rows->row[from], &rows->row[to]); to++)
			recent += wall - rows->row[to].heard < DAY;
		for (size_t i = from; i < to && recent > 1; i++)
			rows->row[i].shared = wall - rows->row[i].heard < DAY;
	}
}

static void put_row(struct json *j, const struct engine_row *r, struct text *scratch)
{
	char address[ADDR_TEXT];
	text_clear(scratch);
	text_hex(scratch, span_of(r->id, r->id_n));
	json_open(j, '{');
	json_key_str(j, "engine", text_str(scratch));
	json_key(j, "site");
	if (r->site_n)
		json_text(j, span_of(r->site, r->site_n));
	else
		json_none(j);
	json_key_str(j, "address", addr_ip_text(&r->addr, address));
	json_key(j, "boots");
	if (r->known)
		json_uint(j, r->boots);
	else
		json_none(j);
	json_key(j, "time");
	if (r->known)
		json_uint(j, r->time);
	else
		json_none(j);
	text_clear(scratch);
	event_time_text(r->heard, scratch);
	json_key_str(j, "heard", text_str(scratch));
	json_key(j, "lenient");
	json_bool(j, r->lenient);
	json_key(j, "shared");
	json_bool(j, r->shared);
	json_close(j, '}');
}

void engine_rows_json(const struct engine_rows *rows, struct text *out)
{
	struct text scratch = { 0 };
	struct json j = json_of(out);
	json_open(&j, '{');
	json_key(&j, "engines");
	json_open(&j, '[');
	for (size_t i = 0; i < rows->n; i++)
		put_row(&j, &rows->row[i], &scratch);
	json_close(&j, ']');
	json_close(&j, '}');
	text_done(&scratch);
}

void engine_rows_done(struct engine_rows *rows)
{
	free(rows->row);
	*rows = (struct engine_rows){ 0 };
}
