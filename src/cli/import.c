// SPDX-License-Identifier: Apache-2.0
// `trapline import`: an snmptrapd.conf and what it includes, as our configuration.
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/scoped.h"
#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/secret.h"
#include "cli/trapd.h"

struct importing {
	struct trapd trapd;
	struct config_tree *names; // keeps the files' names
	const char *file;          // that is being read
	unsigned depth, files;
};

static enum st read_whole(const char *path, struct text *out)
{
	char bytes[8192];
	int scoped(fd_close) fd = strcmp(path, "-") == 0 ? dup(STDIN_FILENO) : open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : 1;
	while (n > 0 && out->n <= TRAPD_FILE_MAX) {
		n = read(fd, bytes, sizeof bytes);
		if (n > 0)
			text_bytes(out, span_of(bytes, (size_t)n));
	}
	explicit_bzero(bytes, sizeof bytes);
	if (n < 0)
		return ST_SYSTEM;
	errno = EFBIG;
	return out->n > TRAPD_FILE_MAX || out->bad ? ST_SYSTEM : ST_OK;
}

static void include(void *arg, const char *name, bool folder, struct config_place at);

static void read_lines(struct importing *im, const char *file, struct span all)
{
	struct config_place at = { file, 0, 0 };
	const uint8_t *p = all.p, *end = all.p + all.n;
	while (p && p < end) {
		const uint8_t *stop = memchr(p, '\n', (size_t)(end - p));
		size_t n = (size_t)((stop ? stop : end) - p);
		at.line++;
		trapd_line(&im->trapd, at, span_of(p, n && p[n - 1] == '\r' ? n - 1 : n), include, im);
		p = stop ? stop + 1 : end;
	}
}

// Reads one file, and through it those it includes.
static enum st read_file(struct importing *im, const char *path)
{
	const char *above = im->file;
	bool other = im->trapd.other_program;
	struct text all = { 0 };
	enum st st = read_whole(path, &all);
	if (st == ST_OK) {
		im->file = config_tree_name(im->names, path);
		im->trapd.other_program = false;
		im->depth++;
		im->files++;
		read_lines(im, im->file ? im->file : path, span_of(all.p, all.n));
		im->depth--;
	}
	im->file = above;
	im->trapd.other_program = other;
	secret_text_done(&all);
	return st;
}

static bool was_read(const struct importing *im, const char *path)
{
	for (size_t i = 0; i < im->names->name_count; i++)
		if (strcmp(im->names->names[i], path) == 0)
			return true;
	return false;
}

static void include_file(struct importing *im, const char *path, struct config_place at)
{
	if (was_read(im, path))
		trapd_left_out(&im->trapd, at, "%s was read already", path);
	else if (im->depth >= TRAPD_DEPTH_MAX || im->files >= TRAPD_FILES_MAX)
		trapd_left_out(&im->trapd, at, "too many files include each other");
	else if (read_file(im, path))
		trapd_left_out(&im->trapd, at, "%s: %s", path, strerror(errno));
}

static int is_conf(const struct dirent *e)
{
	size_t n = strlen(e->d_name);
	return n > 5 && strcmp(e->d_name + n - 5, ".conf") == 0;
}

static void include_folder(struct importing *im, const char *path, struct config_place at)
{
	struct dirent **list = NULL;
	int n = scandir(path, &list, is_conf, alphasort);
	if (n < 0)
		trapd_left_out(&im->trapd, at, "%s: %s", path, strerror(errno));
	for (int i = 0; i < n; i++) {
		char name[PATH_MAX];
		if (snprintf(name, sizeof name, "%s/%s", path, list[i]->d_name) < (int)sizeof name)
			include_file(im, name, at);
		free(list[i]);
	}
	free(list);
}

// Relative names are beside the file that includes them.
static void include(void *arg, const char *name, bool folder, struct config_place at)
{
	struct importing *im = arg;
	char path[PATH_MAX];
	const char *slash = *name == '/' ? NULL : strrchr(at.file, '/');
	int n = snprintf(path, sizeof path, "%.*s%s", slash ? (int)(slash - at.file + 1) : 0, at.file, name);
	if (n >= (int)sizeof path)
		trapd_left_out(&im->trapd, at, "the name of an included file is too long");
	else if (folder)
		include_folder(im, path, at);
	else
		include_file(im, path, at);
}

static int write_out(const struct args *a, const char *path, const struct text *yaml)
{
	struct span rest = span_of(yaml->p, yaml->n);
	int scoped(fd_close) fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	bool ok = fd >= 0;
	while (ok && rest.n) {
		ssize_t n = write(fd, rest.p, rest.n);
		ok = n > 0 || (n < 0 && errno == EINTR);
		rest = n > 0 ? span_of(rest.p + n, rest.n - (size_t)n) : rest;
	}
	if (!ok || fsync(fd) < 0)
		return args_failed(a, "%s: %s", path, strerror(errno));
	return CLI_DONE;
}

static int give_out(const struct args *a, const struct text *yaml)
{
	const char *path = args_value(a, "output");
	if (path)
		return write_out(a, path, yaml);
	fwrite(yaml->p, 1, yaml->n, stdout);
	return CLI_DONE;
}

static void say(const struct trapd *t)
{
	fputs(text_str(&t->said), stderr);
	fprintf(stderr, "%zu communit%s and %zu user%s understood; %u remark%s\n", t->community_count,
	        t->community_count == 1 ? "y" : "ies", t->user_count, t->user_count == 1 ? "" : "s", t->left_out,
	        t->left_out == 1 ? "" : "s");
}

static int write_config(const struct args *a, struct importing *im)
{
	struct text yaml = { 0 };
	struct config_tree *tree = config_tree_new();
	text_add(&yaml,
	         "# Made by trapline import from an snmptrapd.conf. Secrets stand in it: keep it from others.\n"
	         "# Add what the usual configuration says besides, such as `data`; trapline check -c reads it.\n");
	enum st st = tree ? trapd_write(&im->trapd, tree) : ST_NO_MEMORY;
	if (st == ST_OK)
		config_tree_write(tree, false, &yaml);
	int code = st || yaml.bad ? args_failed(a, "out of memory") : give_out(a, &yaml);
	say(&im->trapd);
	config_tree_free(tree);
	secret_text_done(&yaml);
	return code;
}

int cmd_import(const struct args *a)
{
	struct importing im = { .names = config_tree_new() };
	int code = CLI_DONE;
	if (!im.names)
		return args_failed(a, "out of memory");
	if (read_file(&im, a->operands[0]))
		code = args_failed(a, "%s: %s", a->operands[0], strerror(errno));
	else
		code = write_config(a, &im);
	trapd_done(&im.trapd);
	config_tree_free(im.names);
	return code;
}
