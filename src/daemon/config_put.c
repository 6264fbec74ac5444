// SPDX-License-Identifier: Apache-2.0
// The top of the file: paths, listeners, numbers. The values were checked when they were read.
#include "daemon/config_put.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/limits.h"
#include "intake/limits.h"

void config_put_parts(struct config_build *b, void *target, const struct setting *block)
{
	for (const struct setting *s = block->first; s && b->st == ST_OK; s = s->next)
		if (s->key->put)
			s->key->put(b, target, s);
}

static void copy(struct config_build *b, char **out, const char *text)
{
	free(*out);
	*out = strdup(text);
	if (!*out)
		b->st = ST_NO_MEMORY;
}

char *config_path(struct config_build *b, const struct setting *s)
{
	const char *slash = s->place.line ? strrchr(s->place.file, '/') : NULL;
	char *path = NULL;
	if (*s->text == '/' || !slash)
		path = strdup(s->text);
	else if (asprintf(&path, "%.*s/%s", (int)(slash - s->place.file), s->place.file, s->text) < 0)
		path = NULL;
	if (!path)
		b->st = ST_NO_MEMORY;
	return path;
}

void put_data(struct config_build *b, void *target, const struct setting *s)
{
	free(b->config->data);
	b->config->data = config_path(b, s);
}

void put_user(struct config_build *b, void *target, const struct setting *s)
{
	copy(b, &b->config->user, s->text);
}

void put_engine_id(struct config_build *b, void *target, const struct setting *s)
{
	copy(b, &b->config->engine_id, s->text);
	if (strlen(s->text) > 2 * CONFIG_ENGINE_ID_TOLD)
		config_warn(b->report, s->place,
		            "an engine ID of over %d octets makes the answer to a short question for it too long to be "
		            "sent, so some senders of informs never learn it; choose a shorter one",
		            CONFIG_ENGINE_ID_TOLD);
}

void put_listen(struct config_build *b, void *target, const struct setting *s)
{
	struct config *c = b->config;
	if (!s->first)
		config_error(b->report, s->place,
		             "'listen' is empty; name at least one, for example listen: [ udp:0.0.0.0:2697 ]");
	for (const struct setting *item = s->first; item; item = item->next) {
		struct config_listen *more = reallocarray(c->listen, c->listen_count + 1, sizeof *more);
		if (!more) {
			b->st = ST_NO_MEMORY;
			return;
		}
		c->listen = more;
		if (config_parse_listen(item->text, &c->listen[c->listen_count]) == ST_OK)
			c->listen_count++;
	}
	if (c->listen_count > INTAKE_LISTENERS)
		config_error(b->report, s->place, "'listen' names %zu listeners, and a collector has at most %d",
		             c->listen_count, INTAKE_LISTENERS);
}

static uint64_t number_of(const struct setting *s)
{
	uint64_t v = 0;
	(void)config_parse_number(s->text, s->key->max, &v);
	return v;
}

void put_workers(struct config_build *b, void *target, const struct setting *s)
{
	b->config->workers = (unsigned)number_of(s);
}

void put_rate(struct config_build *b, void *target, const struct setting *s)
{
	b->config->policy->rate = (uint32_t)number_of(s);
}

void put_relays(struct config_build *b, void *target, const struct setting *s)
{
	config_put_prefixes(b, &b->config->policy->relays, s);
}

void put_block(struct config_build *b, void *target, const struct setting *s)
{
	config_put_parts(b, target, s);
}

void put_days(struct config_build *b, void *target, const struct setting *s)
{
	b->config->keep_ns = (int64_t)number_of(s) * 86400 * 1000000000;
}

void put_size(struct config_build *b, void *target, const struct setting *s)
{
	(void)config_parse_size(s->text, &b->config->keep_bytes);
}

static bool same_listener(const struct config_listen *a, const struct config_listen *b)
{
	return a->tcp == b->tcp && a->addr.port == b->addr.port && addr_same_ip(&a->addr, &b->addr);
}

static bool listens(const struct config *c, const char *text)
{
	struct config_listen l;
	if (config_parse_listen(text, &l))
		return false;
	for (size_t i = 0; i < c->listen_count; i++)
		if (same_listener(&c->listen[i], &l))
			return true;
	for (size_t i = 0; i < c->tunnel_listen_count; i++)
		if (same_listener(&c->tunnel_listen[i], &l))
			return true;
	return false;
}

static void check_twice(struct config_build *b, const struct setting *list)
{
	for (const struct setting *s = list->first; s; s = s->next)
		for (const struct setting *before = list->first; before != s; before = before->next) {
			struct config_listen x, y;
			if (config_parse_listen(s->text, &x) == ST_OK &&
			    config_parse_listen(before->text, &y) == ST_OK && x.addr.port && same_listener(&x, &y)) {
				config_error(b->report, s->place, "'%s' is listened on twice; name it once", s->text);
				break;
			}
		}
}

void config_check_listeners(struct config_build *b, const struct setting *root)
{
	const struct setting *list = setting_find(root, "listen");
	const struct setting *communities = setting_find(root, "communities");
	if (list)
		check_twice(b, list);
	for (const struct setting *c = communities ? communities->first : NULL; c; c = c->next) {
		const struct setting *only = setting_find(c, "listeners");
		for (const struct setting *s = only ? only->first : NULL; s; s = s->next)
			if (!listens(b->config, s->text))
				config_warn(b->report, s->place,
				            "'%s' is not listened on; add it to 'listen' or take it out here", s->text);
	}
}
