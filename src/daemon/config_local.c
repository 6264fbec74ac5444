// SPDX-License-Identifier: Apache-2.0
#include "daemon/config_local.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/scoped.h"
#include "daemon/config.h"
#include "daemon/config_file.h"
#include "daemon/limits.h"
#include "io/system.h"

struct local_file {
	char *dir;
	int dir_fd; // holds the lock
	struct config_tree *tree;
	struct text old; // as it was read
};

void local_file_close(struct local_file *l)
{
	if (!l)
		return;
	fd_close(&l->dir_fd);
	config_tree_free(l->tree);
	if (l->old.p)
		explicit_bzero(l->old.p, l->old.room);
	text_done(&l->old);
	free(l->dir);
	free(l);
}

static enum st refuse(struct text *why, const char *path, const char *what)
{
	enum st st = errno == EACCES || errno == EPERM    ? ST_DENIED
	             : errno == ENOSPC || errno == EDQUOT ? ST_DISK_FULL
	                                                  : ST_IO;
	text_printf(why, "%s: %s: %m", path, what);
	return st;
}

static void render(const struct config_tree *t, struct text *out)
{
	text_add(out, "# Written by Trapline and read after the main file. It may be edited; comments are not kept.\n");
	config_tree_write(t, false, out);
}

static enum st read_old(struct local_file *l, struct text *why)
{
	char *path = NULL;
	if (asprintf(&path, "%s/local.yaml", l->dir) < 0)
		return ST_NO_MEMORY;
	struct config_report report = { 0 };
	enum st st = config_file_read(path, true, l->tree, &report);
	if (st == ST_OK && report.errors) {
		st = ST_SYNTAX;
		text_add(why, text_str(&report.text));
	}
	if (st == ST_OK)
		render(l->tree, &l->old);
	text_done(&report.text);
	free(path);
	return st;
}

enum st local_file_open(const char *dir, struct local_file **out, struct text *why)
{
	struct local_file *l = calloc(1, sizeof *l);
	if (!l)
		return ST_NO_MEMORY;
	l->dir = strdup(dir);
	l->tree = config_tree_new();
	l->dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	enum st st = ST_OK;
	if (!l->dir || !l->tree)
		st = ST_NO_MEMORY;
	else if (l->dir_fd < 0)
		st = refuse(why, dir, "cannot open the data folder");
	else if (flock(l->dir_fd, LOCK_EX | LOCK_NB) < 0) {
		st = ST_BUSY;
		text_printf(why, "%s: another program is changing local.yaml now; try again", dir);
	} else
		st = read_old(l, why);
	if (st)
		local_file_close(l);
	else
		*out = l;
	return st;
}

static enum st add_value(struct setting *in, const struct config_key *key, struct config_place at, const char *value,
                         struct text *why)
{
	if (!config_type_check(key->type, value, key->max, why))
		return ST_SYNTAX;
	return setting_add(in, key, at, value) ? ST_OK : ST_NO_MEMORY;
}

static enum st add_field(struct setting *item, const struct local_field *f, struct config_place at, struct text *why)
{
	const struct config_key *key = config_key_find(item->key->block, f->key);
	enum config_shape shape = f->values ? SHAPE_LIST : SHAPE_ONE;
	if (!key || key->shape != shape) {
		text_printf(why, "'%s' takes no such key: %s", item->key->name, f->key);
		return ST_SYNTAX;
	}
	if (!f->values)
		return add_value(item, key, at, f->value, why);
	struct setting *list = setting_add(item, key, at, NULL);
	enum st st = list ? ST_OK : ST_NO_MEMORY;
	for (const char *const *v = f->values; st == ST_OK && *v; v++)
		st = add_value(list, key, at, *v, why);
	return st;
}

enum st local_file_add(struct local_file *l, const char *list, const struct local_field *fields, size_t n,
                       struct text *why)
{
	const struct config_key *key = config_key_find(BLOCK_TOP, list);
	struct config_tree *more = config_tree_new(); // holds the entry until it is whole
	struct config_place at = { "local.yaml", 0, 0 };
	if (!more)
		return ST_NO_MEMORY;
	enum st st = ST_OK;
	if (!key || key->shape != SHAPE_BLOCKS) {
		text_printf(why, "no list of entries: %s", list);
		st = ST_SYNTAX;
	}
	struct setting *entries = st == ST_OK ? setting_add(&more->root, key, at, NULL) : NULL;
	struct setting *item = entries ? setting_add(entries, key, at, NULL) : NULL;
	if (st == ST_OK && !item)
		st = ST_NO_MEMORY;
	for (size_t i = 0; i < n && st == ST_OK; i++)
		st = add_field(item, &fields[i], at, why);
	if (st == ST_OK)
		st = config_tree_merge(l->tree, more);
	config_tree_free(more);
	return st;
}

enum st local_file_merge(struct local_file *l, const struct text *yaml, struct text *why)
{
	struct config_tree *more = config_tree_new();
	struct config_report report = { 0 };
	enum st st = more && !yaml->bad
	                     ? config_tree_read(more, span_of(yaml->p, yaml->n), "what is to be added", &report)
	                     : ST_NO_MEMORY;
	if (st == ST_OK && report.errors) {
		st = ST_SYNTAX;
		text_add(why, text_str(&report.text));
	}
	if (st == ST_OK)
		st = config_tree_merge(l->tree, more);
	text_done(&report.text);
	config_tree_free(more);
	return st;
}

static struct setting *entry_of(const struct local_file *l, const char *list, const char *key, const char *value)
{
	const struct setting *entries = setting_find(&l->tree->root, list);
	for (struct setting *e = entries ? entries->first : NULL; e; e = e->next) {
		const struct setting *s = setting_find(e, key);
		if (s && s->text && strcmp(s->text, value) == 0)
			return e;
	}
	return NULL;
}

bool local_file_has(const struct local_file *l, const char *list, const char *key, const char *value)
{
	return entry_of(l, list, key, value) != NULL;
}

bool local_file_remove(struct local_file *l, const char *list, const char *key, const char *value)
{
	struct setting *entry = entry_of(l, list, key, value);
	if (entry)
		setting_drop(setting_find(&l->tree->root, list), entry);
	return entry != NULL;
}

enum st local_file_change(struct local_file *l, const char *list, const char *key, const char *value,
                          const struct local_field *to, struct text *why)
{
	struct setting *entry = entry_of(l, list, key, value);
	if (!entry)
		return ST_NONE;
	setting_remove(entry, to->key);
	return add_field(entry, to, entry->place, why);
}

static enum st write_all(int fd, struct span s)
{
	while (s.n) {
		ssize_t n = write(fd, s.p, s.n);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return ST_IO;
		s = span_of(s.p + n, s.n - (size_t)n);
	}
	return ST_OK;
}

// Written by root it is the folder's owner's all the same: the collector's. Before it has its name, and by no name: whoever owns
// the folder could put another file in its place.
static bool give(const struct local_file *l, int fd)
{
	struct stat s;
	return geteuid() != 0 || (fstat(l->dir_fd, &s) == 0 && fchown(fd, s.st_uid, s.st_gid) == 0);
}

static enum st write_new(struct local_file *l, struct span content, struct text *why)
{
	static const char new[] = "local.yaml.new";
	if (unlinkat(l->dir_fd, new, 0) < 0 && errno != ENOENT)
		return refuse(why, l->dir, "cannot remove local.yaml.new");
	int scoped(fd_close) fd = openat(l->dir_fd, new, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return refuse(why, l->dir, "cannot make local.yaml.new");
	if (!give(l, fd) || write_all(fd, content) || fsync(fd) < 0)
		return refuse(why, l->dir, "cannot write local.yaml.new");
	if (renameat(l->dir_fd, new, l->dir_fd, "local.yaml") < 0 || fsync(l->dir_fd) < 0)
		return refuse(why, l->dir, "cannot put local.yaml in place");
	return ST_OK;
}

enum st local_file_save(struct local_file *l, struct text *why)
{
	struct text out = { 0 };
	render(l->tree, &out);
	enum st st = out.bad ? ST_NO_MEMORY : write_new(l, span_of(out.p, out.n), why);
	if (out.p)
		explicit_bzero(out.p, out.room);
	text_done(&out);
	return st;
}

enum st local_file_take_back(struct local_file *l, struct text *why)
{
	return l->old.bad ? ST_NO_MEMORY : write_new(l, span_of(l->old.p, l->old.n), why);
}

// Letters and digits without bias: bytes beyond the largest multiple of 62 are drawn again.
void local_random_word(char *out, size_t n)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
	enum { COUNT = sizeof letters - 1 };
	for (size_t i = 0; i < n;) {
		uint8_t byte;
		system_random(&byte, 1);
		if (byte < 256 / COUNT * COUNT)
			out[i++] = letters[byte % COUNT];
	}
	out[n] = 0;
}

enum st config_first_community(const char *dir, struct text *why)
{
	static const char *const loopback[] = { "127.0.0.0/8", "::1/128", NULL };
	char community[CONFIG_FIRST_COMMUNITY + 1];
	local_random_word(community, CONFIG_FIRST_COMMUNITY);
	const struct local_field fields[] = {
		{ .key = "label", .value = "first" },
		{ .key = "community", .value = community },
		{ .key = "from", .values = loopback },
	};
	struct local_file *l = NULL;
	enum st st = local_file_open(dir, &l, why);
	if (st == ST_OK)
		st = local_file_add(l, "communities", fields, sizeof fields / sizeof *fields, why);
	if (st == ST_OK)
		st = local_file_save(l, why);
	local_file_close(l);
	explicit_bzero(community, sizeof community);
	return st;
}
