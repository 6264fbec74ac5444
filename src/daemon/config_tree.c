// SPDX-License-Identifier: Apache-2.0
// Building, merging and freeing trees of settings. Reading them from YAML is config_read.c, writing config_write.c.
#include "daemon/config_tree.h"

#include <stdlib.h>
#include <string.h>

struct config_tree *config_tree_new(void)
{
	return calloc(1, sizeof(struct config_tree));
}

void setting_free(struct setting *s)
{
	if (!s)
		return;
	for (struct setting *part = s->first; part;) {
		struct setting *next = part->next;
		setting_free(part);
		part = next;
	}
	if (s->text)
		explicit_bzero(s->text, strlen(s->text));
	free(s->text);
	free(s);
}

static void remove_parts(struct setting *in)
{
	for (struct setting *part = in->first; part;) {
		struct setting *next = part->next;
		setting_free(part);
		part = next;
	}
	in->first = in->last = NULL;
}

void config_tree_free(struct config_tree *t)
{
	if (!t)
		return;
	remove_parts(&t->root);
	for (size_t i = 0; i < t->name_count; i++)
		free(t->names[i]);
	free(t->names);
	free(t);
}

const char *config_tree_name(struct config_tree *t, const char *file)
{
	for (size_t i = 0; i < t->name_count; i++)
		if (strcmp(t->names[i], file) == 0)
			return t->names[i];
	char **names = reallocarray(t->names, t->name_count + 1, sizeof *names);
	if (!names)
		return NULL;
	t->names = names;
	char *copy = strdup(file);
	if (copy)
		t->names[t->name_count++] = copy;
	return copy;
}

struct setting *setting_find(const struct setting *in, const char *key)
{
	for (struct setting *s = in->first; s; s = s->next)
		if (s->key && strcmp(s->key->name, key) == 0)
			return s;
	return NULL;
}

static void append(struct setting *in, struct setting *s)
{
	s->next = NULL;
	if (in->last)
		in->last->next = s;
	else
		in->first = s;
	in->last = s;
}

struct setting *setting_add(struct setting *in, const struct config_key *key, struct config_place place,
                            const char *text)
{
	struct setting *s = calloc(1, sizeof *s);
	if (!s)
		return NULL;
	s->key = key;
	s->place = place;
	if (text && !(s->text = strdup(text))) {
		free(s);
		return NULL;
	}
	append(in, s);
	return s;
}

// Takes the part `s` out of `in` without freeing it.
static void unlink_part(struct setting *in, struct setting *s)
{
	struct setting *before = NULL;
	for (struct setting *at = in->first; at != s; at = at->next)
		before = at;
	if (before)
		before->next = s->next;
	else
		in->first = s->next;
	if (in->last == s)
		in->last = before;
	s->next = NULL;
}

void setting_drop(struct setting *in, struct setting *part)
{
	unlink_part(in, part);
	setting_free(part);
}

void setting_remove(struct setting *in, const char *key)
{
	struct setting *s = setting_find(in, key);
	if (s)
		setting_drop(in, s);
}

static void merge(struct setting *into, struct setting *more)
{
	for (struct setting *s = more->first, *next; s; s = next) {
		next = s->next;
		unlink_part(more, s);
		struct setting *old = setting_find(into, s->key->name);
		if (!old) {
			append(into, s);
			continue;
		}
		if (s->key->shape == SHAPE_ONE) {
			setting_remove(into, s->key->name);
			append(into, s);
			continue;
		}
		if (s->key->shape == SHAPE_BLOCK)
			merge(old, s);
		for (struct setting *item = s->first; item; item = s->first) {
			unlink_part(s, item);
			append(old, item);
		}
		setting_free(s);
	}
}

// The names move too: places of `from` point into them.
static enum st adopt_names(struct config_tree *t, struct config_tree *from)
{
	char **names = reallocarray(t->names, t->name_count + from->name_count + 1, sizeof *names);
	if (!names)
		return ST_NO_MEMORY;
	for (size_t i = 0; i < from->name_count; i++)
		names[t->name_count++] = from->names[i];
	t->names = names;
	from->name_count = 0;
	return ST_OK;
}

enum st config_tree_merge(struct config_tree *t, struct config_tree *more)
{
	enum st st = adopt_names(t, more);
	if (st == ST_OK)
		merge(&t->root, &more->root);
	return st;
}

enum st config_tree_fill(struct config_tree *t, struct config_tree *defaults)
{
	if (adopt_names(t, defaults))
		return ST_NO_MEMORY;
	for (struct setting *s = defaults->root.first, *next; s; s = next) {
		next = s->next;
		if (setting_find(&t->root, s->key->name))
			continue;
		unlink_part(&defaults->root, s);
		append(&t->root, s);
	}
	return ST_OK;
}
