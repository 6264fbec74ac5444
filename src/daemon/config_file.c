// SPDX-License-Identifier: Apache-2.0
// A file may be a pipe (trapline check -c <(...)), so it is read to its end and not by its size.
#include "daemon/config_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/scoped.h"
#include "daemon/limits.h"

struct content {
	uint8_t *p;
	size_t n, room;
};

static void content_done(struct content *c)
{
	if (c->p)
		explicit_bzero(c->p, c->n);
	free(c->p);
}

// Grows by a fresh block, so that the old one can be wiped: the file may hold secrets.
static bool content_grow(struct content *c)
{
	size_t room = c->room ? 4 * c->room : 16 << 10;
	uint8_t *p = malloc(room);
	if (!p)
		return false;
	if (c->n)
		memcpy(p, c->p, c->n);
	size_t n = c->n;
	content_done(c);
	*c = (struct content){ p, n, room };
	return true;
}

// ST_OK, ST_IO with errno, ST_FULL over CONFIG_FILE_MAX, ST_NO_MEMORY.
static enum st read_all(int fd, struct content *c)
{
	for (;;) {
		if (c->n == c->room && !content_grow(c))
			return ST_NO_MEMORY;
		ssize_t n = read(fd, c->p + c->n, c->room - c->n);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return ST_IO;
		if (n == 0)
			return ST_OK;
		c->n += (size_t)n;
		if (c->n > CONFIG_FILE_MAX)
			return ST_FULL;
	}
}

// The first secret that stands in the file itself.
static const struct setting *find_secret(const struct setting *in)
{
	for (const struct setting *s = in->first; s; s = s->next) {
		const struct setting *found = s->text && s->key->type == TYPE_SECRET ? s : find_secret(s);
		if (found)
			return found;
	}
	return NULL;
}

static void warn_readable(int fd, const char *path, const struct config_tree *t, struct config_report *report)
{
	struct stat status;
	const struct setting *secret = find_secret(&t->root);
	if (secret && fstat(fd, &status) == 0 && S_ISREG(status.st_mode) && status.st_mode & S_IROTH)
		config_warn(report, secret->place, "'%s' stands in a file that everybody can read; chmod o= %s",
		            secret->key->name, path);
}

enum st config_file_read(const char *path, bool optional, struct config_tree *t, struct config_report *report)
{
	struct config_place at = { config_tree_name(t, path), 0, 0 };
	if (!at.file)
		return ST_NO_MEMORY;
	int scoped(fd_close) fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0 && optional && errno == ENOENT)
		return ST_OK;
	struct content scoped(content_done) text = { 0 };
	enum st st = fd < 0 ? ST_IO : read_all(fd, &text);
	if (st == ST_IO)
		config_error(report, at, "%m; name a file that can be read");
	else if (st == ST_FULL)
		config_error(report, at, "larger than %d MiB; no configuration needs that", CONFIG_FILE_MAX >> 20);
	if (st)
		return st == ST_NO_MEMORY ? st : ST_OK;
	st = config_tree_read(t, span_of(text.p, text.n), path, report);
	at.line = at.column = 1;
	if (st == ST_NONE && !optional)
		config_warn(report, at, "%s",
		            t->top == BLOCK_TOP
		                    ? "the file is empty, so defaults stand; see trapline.yaml(5) for an example"
		                    : "the file is empty");
	warn_readable(fd, path, t, report);
	return st == ST_NONE ? ST_OK : st;
}
