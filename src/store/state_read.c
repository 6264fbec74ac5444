// SPDX-License-Identifier: Apache-2.0
// Reading rows, comparing, copying.
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "alarm/limits.h"
#include "base/scoped.h"
#include "store/state_own.h"

union row {
	struct fold_row fold;
	struct rules_row rules;
	struct site_row site;
	struct device_row device;
	struct alias_row alias;
	struct alarm_row alarm;
	struct silence_row silence;
	struct change_row change;
	struct reading_row reading;
};

void state_take_row(sqlite3_stmt *s, enum row_table t, void *row)
{
	for (size_t i = 0; i < row_info(t)->count; i++) {
		const struct row_column *c = &row_info(t)->columns[i];
		if (c->type == ROW_INTEGER) {
			*row_integer(row, c) = sqlite3_column_int64(s, (int)i);
			continue;
		}
		const void *p = c->type == ROW_STRING ? (const void *)sqlite3_column_text(s, (int)i)
		                                      : sqlite3_column_blob(s, (int)i);
		*row_span(row, c) = span_of(p, (size_t)sqlite3_column_bytes(s, (int)i)); // after the value
	}
}

static const char *condition(enum row_table t, enum state_query q)
{
	switch (q) {
	case STATE_LIVE:
	case STATE_SINCE:
		if (t == ROW_ALARM)
			return "WHERE state = 1 OR (state = 2 AND cleared >= ?1)";
		if (t == ROW_SILENCE)
			return q == STATE_LIVE ? "WHERE state <> 3" : "WHERE state <> 3 OR \"until\" >= ?1";
		if (t == ROW_CHANGE)
			return q == STATE_LIVE ? "WHERE 0" : "WHERE time >= ?1";
		return t == ROW_READING && q == STATE_LIVE ? "WHERE 0" : "";
	case STATE_OPEN:
		return "WHERE state = 1";
	case STATE_BY_ID:
		return "WHERE id = ?1";
	case STATE_OF_ALARM:
		return "WHERE alarm = ?1";
	case STATE_OF_DEVICE:
		return "WHERE device = ?1";
	default:
		return "";
	}
}

static int select_rows(struct state *s, enum row_table t, enum state_query q, int64_t arg, sqlite3_stmt **out)
{
	struct text sql = { 0 };
	text_add(&sql, "SELECT ");
	state_columns(t, &sql);
	text_printf(&sql, " FROM \"%s\" %s ORDER BY ", row_info(t)->name, condition(t, q));
	for (size_t i = 0; i < row_info(t)->keys; i++)
		text_printf(&sql, "%s\"%s\"", i ? ", " : "", row_info(t)->columns[i].name);
	int rc = sql.bad ? SQLITE_NOMEM : sql_prepare(s->db, text_str(&sql), out);
	text_done(&sql);
	if (rc == SQLITE_OK && sqlite3_bind_parameter_count(*out))
		rc = sqlite3_bind_int64(*out, 1, arg);
	return rc;
}

enum st state_read(struct state *s, enum row_table t, enum state_query q, int64_t arg, fold_visit_fn *visit, void *to)
{
	sqlite3_stmt *statement = NULL;
	int64_t from = q == STATE_LIVE ? arg - ALARM_FLAP_NS : arg;
	int rc = select_rows(s, t, q, from, &statement);
	enum st st = ST_OK;
	while (rc == SQLITE_OK && st == ST_OK && (rc = sqlite3_step(statement)) == SQLITE_ROW) {
		union row row;
		state_take_row(statement, t, &row);
		st = visit(to, t, &row);
		rc = SQLITE_OK;
	}
	if (rc != SQLITE_OK && rc != SQLITE_DONE)
		st = state_fail(s, "read", rc);
	sql_finish(&statement);
	return st == ST_NONE ? ST_OK : st;
}

enum st state_hold(struct state *s)
{
	int rc = sqlite3_exec(s->db, "BEGIN", NULL, NULL, NULL);
	return rc == SQLITE_OK ? ST_OK : state_fail(s, "read", rc);
}

void state_let_go(struct state *s)
{
	if (!sqlite3_get_autocommit(s->db))
		sqlite3_exec(s->db, "COMMIT", NULL, NULL, NULL);
}

struct alias_found {
	int64_t device;
	bool shared;
};

// Nothing is found: all zero.
static enum st alias_find(struct state *s, enum alias_kind kind, struct span site, struct span value,
                          struct alias_found *out)
{
	const char sql[] = "SELECT device, shared FROM alias WHERE kind = ?1 AND site = ?2 AND value = ?3";
	int rc = s->alias ? SQLITE_OK : sql_prepare(s->db, sql, &s->alias);
	*out = (struct alias_found){ 0 };
	if (rc == SQLITE_OK)
		rc = sqlite3_bind_int64(s->alias, 1, kind);
	if (rc == SQLITE_OK)
		rc = sqlite3_bind_text64(s->alias, 2, (const char *)(site.n ? site.p : (const uint8_t *)""), site.n,
		                         SQLITE_STATIC, SQLITE_UTF8);
	if (rc == SQLITE_OK)
		rc = sqlite3_bind_blob64(s->alias, 3, value.p, value.n, SQLITE_STATIC);
	if (rc == SQLITE_OK)
		rc = sqlite3_step(s->alias);
	if (rc == SQLITE_ROW)
		*out = (struct alias_found){ .device = sqlite3_column_int64(s->alias, 0),
			                     .shared = sqlite3_column_int64(s->alias, 1) != 0 };
	if (s->alias)
		sqlite3_reset(s->alias);
	return rc == SQLITE_ROW || rc == SQLITE_DONE ? ST_OK : state_fail(s, "read", rc);
}

enum st state_device(struct state *s, const struct sender *w, int64_t *device)
{
	struct alias_found found;
	struct span ip = span_of(w->ip, sizeof w->ip);
	enum st st = w->engine.n ? alias_find(s, ALIAS_ENGINE, w->site, w->engine, &found)
	                         : alias_find(s, ALIAS_ADDRESS, w->site, ip, &found);
	*device = found.device;
	return st;
}

enum st state_address_shared(struct state *s, struct span site, struct span ip, bool *shared)
{
	struct alias_found found;
	enum st st = alias_find(s, ALIAS_ADDRESS, site, ip, &found);
	*shared = found.shared;
	return st;
}

static enum st take_fold(void *arg, enum row_table t, const void *row)
{
	*(struct fold_row *)arg = *(const struct fold_row *)row;
	return ST_OK;
}

enum st state_fold_row(struct state *s, struct fold_row *out)
{
	struct fold_row f = { 0 };
	enum st st = state_read(s, ROW_FOLD, STATE_ALL, 0, take_fold, &f);
	if (st == ST_OK && f.id)
		*out = f;
	return st == ST_OK && f.id == 0 ? ST_NONE : st;
}

static enum st load_row(void *arg, enum row_table t, const void *row)
{
	return fold_load(arg, t, row);
}

enum st state_load(struct state *s, const struct hash_key *key, struct fold **out)
{
	struct fold_row of = { 0 };
	struct fold *f = fold_new(key);
	enum st st = f ? state_hold(s) : ST_NO_MEMORY;
	if (st == ST_OK)
		st = state_fold_row(s, &of);
	bool empty = st == ST_NONE;
	if (empty)
		st = ST_OK;
	for (enum row_table t = 0; st == ST_OK && !empty && t < ROW_TABLES; t++)
		st = state_read(s, t, STATE_LIVE, of.time, load_row, f);
	if (f)
		state_let_go(s);
	if (st == ST_OK)
		st = fold_loaded(f);
	if (st == ST_OK)
		*out = f;
	else
		fold_free(f);
	return st;
}

struct side {
	sqlite3_stmt *rows;
	int rc;
	struct text line;
};

static void advance(struct side *side, enum row_table t)
{
	union row row;
	text_clear(&side->line);
	side->rc = sqlite3_step(side->rows);
	if (side->rc != SQLITE_ROW)
		return;
	state_take_row(side->rows, t, &row);
	row_line(t, &row, &side->line);
}

static bool differ(struct side *a, struct side *b, struct text *difference)
{
	if (strcmp(text_str(&a->line), text_str(&b->line)) == 0)
		return false;
	text_printf(difference, "- %s\n+ %s", text_str(&a->line), text_str(&b->line));
	return true;
}

static enum st compare_table(struct state *a, struct state *b, enum row_table t, int64_t since, bool *same,
                             struct text *difference)
{
	struct side x = { 0 }, y = { 0 };
	x.rc = select_rows(a, t, STATE_SINCE, since, &x.rows);
	y.rc = select_rows(b, t, STATE_SINCE, since, &y.rows);
	bool good = x.rc == SQLITE_OK && y.rc == SQLITE_OK;
	while (good && *same) {
		advance(&x, t);
		advance(&y, t);
		good = (x.rc == SQLITE_ROW || x.rc == SQLITE_DONE) && (y.rc == SQLITE_ROW || y.rc == SQLITE_DONE);
		if (!good || (x.rc == SQLITE_DONE && y.rc == SQLITE_DONE))
			break;
		*same = !differ(&x, &y, difference);
	}
	bool first = x.rc != SQLITE_OK && x.rc != SQLITE_ROW && x.rc != SQLITE_DONE;
	enum st st = good ? ST_OK : state_fail(first ? a : b, "read", first ? x.rc : y.rc);
	sql_finish(&x.rows);
	sql_finish(&y.rows);
	text_done(&x.line);
	text_done(&y.line);
	return st;
}

enum st state_compare(struct state *a, struct state *b, bool *same, struct text *difference)
{
	struct fold_row of = { 0 };
	enum st st = state_fold_row(a, &of);
	*same = true;
	if (st == ST_NONE)
		st = ST_OK;
	for (enum row_table t = 0; st == ST_OK && *same && t < ROW_TABLES; t++)
		st = compare_table(a, b, t, of.time - STATE_HISTORY_NS, same, difference);
	return st;
}

struct dump {
	state_line_fn *give;
	void *arg;
	struct text line;
};

static enum st dump_row(void *arg, enum row_table t, const void *row)
{
	struct dump *d = arg;
	text_clear(&d->line);
	row_line(t, row, &d->line);
	if (d->line.bad)
		return ST_NO_MEMORY;
	return d->give(d->arg, text_str(&d->line)) ? ST_OK : ST_NONE;
}

enum st state_dump(struct state *s, state_line_fn *give, void *arg)
{
	struct dump d = { .give = give, .arg = arg };
	struct fold_row of = { 0 };
	enum st st = state_fold_row(s, &of);
	if (st == ST_NONE)
		st = ST_OK;
	for (enum row_table t = 0; st == ST_OK && t < ROW_TABLES; t++)
		st = state_read(s, t, STATE_SINCE, of.time - STATE_HISTORY_NS, dump_row, &d);
	text_done(&d.line);
	return st;
}

static enum st make_durable(const char *dir, const char *from, const char *to)
{
	int scoped(fd_close) fd = open(from, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fsync(fd) < 0 || rename(from, to) < 0)
		return folder_errno();
	return folder_sync(dir);
}

enum st state_copy(struct state *s, const char *dir, const char *name)
{
	char fresh[FOLDER_PATH], path[FOLDER_PATH], file[FOLDER_PATH];
	snprintf(file, sizeof file, "%s.new", name);
	enum st st = folder_path(dir, file, fresh);
	if (st == ST_OK)
		st = folder_path(dir, name, path);
	if (st == ST_OK)
		st = state_remove(dir, file);
	if (st != ST_OK)
		return st;
	sqlite3_stmt *vacuum = NULL;
	int rc = sql_prepare(s->db, "VACUUM INTO ?1", &vacuum);
	if (rc == SQLITE_OK)
		rc = sqlite3_bind_text(vacuum, 1, fresh, -1, SQLITE_STATIC);
	if (rc == SQLITE_OK)
		rc = sql_run(vacuum);
	if (rc != SQLITE_OK)
		st = state_fail(s, "copy", rc);
	sql_finish(&vacuum);
	return st == ST_OK ? make_durable(dir, fresh, path) : st;
}
