// SPDX-License-Identifier: Apache-2.0
// The rule: as long as the journal is whole none is needed, but with each SNAPSHOT_KEEPth of its length another one is made,
// so that when the front is cut there is one near it, and the comparison covers most of what is left.
#include "deliver/snapshots.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "deliver/limits.h"
#include "store/folder.h"

#define FOLDER "snapshots"
enum { NAME = 64, SNAPSHOTS_SEEN = 64 };

struct seen {
	uint64_t cursor[SNAPSHOTS_SEEN];
	size_t n;
};

void snapshots_name(uint64_t cursor, char *name)
{
	snprintf(name, NAME, FOLDER "/%020" PRIu64 ".db", cursor);
}

static int by_cursor(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;
	return *x < *y ? -1 : *x > *y;
}

static enum st look(const char *dir, struct seen *out)
{
	char path[FOLDER_PATH];
	enum st st = folder_path(dir, FOLDER, path);
	out->n = 0;
	DIR *d = st == ST_OK ? opendir(path) : NULL;
	if (!d)
		return st != ST_OK || errno == ENOENT ? st : folder_errno();
	for (struct dirent *e; (e = readdir(d)) && out->n < SNAPSHOTS_SEEN;) {
		char *end;
		uint64_t cursor = strtoull(e->d_name, &end, 10);
		if (end != e->d_name && strcmp(end, ".db") == 0)
			out->cursor[out->n++] = cursor;
	}
	closedir(d);
	qsort(out->cursor, out->n, sizeof *out->cursor, by_cursor);
	return ST_OK;
}

static enum st drop(const char *dir, uint64_t cursor)
{
	char name[NAME];
	snapshots_name(cursor, name);
	return state_remove(dir, name);
}

enum st snapshots_drop(const char *dir)
{
	struct seen all;
	enum st st = look(dir, &all);
	for (size_t i = 0; st == ST_OK && i < all.n; i++)
		st = drop(dir, all.cursor[i]);
	return st;
}

enum st snapshots_find(const char *dir, uint64_t oldest, uint64_t most, uint64_t *cursor)
{
	struct seen all;
	enum st st = look(dir, &all);
	for (size_t i = 0; st == ST_OK && i < all.n; i++) {
		if (all.cursor[i] >= oldest && all.cursor[i] <= most) {
			*cursor = all.cursor[i];
			return ST_OK;
		}
	}
	return st == ST_OK ? ST_NONE : st;
}

static enum st take(struct state *s, const char *dir, uint64_t cursor)
{
	char path[FOLDER_PATH], name[NAME];
	enum st st = folder_path(dir, FOLDER, path);
	if (st == ST_OK && mkdir(path, FOLDER_MODE) < 0 && errno != EEXIST)
		st = folder_errno();
	snapshots_name(cursor, name);
	if (st == ST_OK)
		st = state_copy(s, dir, name);
	return st == ST_OK ? folder_sync(path) : st;
}

enum st snapshots_keep(struct state *s, const char *dir, uint64_t oldest, uint64_t next, bool *taken)
{
	struct seen all;
	struct fold_row of;
	enum st st = look(dir, &all);
	*taken = false;
	if (st == ST_OK)
		st = state_fold_row(s, &of);
	if (st != ST_OK)
		return st == ST_NONE ? ST_OK : st;
	uint64_t step = (next - oldest) / SNAPSHOT_KEEP, cursor = (uint64_t)of.next;
	uint64_t last = all.n ? all.cursor[all.n - 1] : 0;
	if (step < SNAPSHOT_EVENTS)
		step = SNAPSHOT_EVENTS;
	bool none = oldest > 1 && last < oldest;
	if (none || cursor >= last + step) {
		st = take(s, dir, cursor);
		*taken = st == ST_OK;
	}
	size_t keep = SNAPSHOT_KEEP - *taken;
	for (size_t i = 0; st == ST_OK && i < all.n; i++)
		if (all.cursor[i] < oldest || all.n - i > keep)
			st = drop(dir, all.cursor[i]);
	return st;
}
