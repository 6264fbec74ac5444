// SPDX-License-Identifier: Apache-2.0
// Communities and sites into the policy of the intake: what must stand together, what must not.
#include <stdlib.h>
#include <string.h>

#include "daemon/config_put.h"
#include "daemon/config_secret.h"

void config_put_prefixes(struct config_build *b, struct prefixes *out, const struct setting *list)
{
	for (const struct setting *item = list->first; item; item = item->next) {
		struct prefix *more = reallocarray(out->p, out->n + 1, sizeof *more);
		if (!more) {
			b->st = ST_NO_MEMORY;
			return;
		}
		out->p = more;
		if (prefix_parse(item->text, &out->p[out->n]) == ST_OK)
			out->n++;
	}
}

void put_label(struct config_build *b, void *target, const struct setting *s)
{
	struct policy_community *c = target;
	c->label = strdup(s->text);
	if (!c->label)
		b->st = ST_NO_MEMORY;
}

static void take_community(struct config_build *b, struct policy_community *c, struct config_place at,
                           struct span secret)
{
	if (span_equal(secret, span_str("public")) || span_equal(secret, span_str("private")))
		config_warn(b->report, at, "this community is a default that everybody tries; choose another");
	c->community = malloc(secret.n);
	if (!c->community) {
		b->st = ST_NO_MEMORY;
		return;
	}
	memcpy(c->community, secret.p, secret.n);
	c->n = secret.n;
}

void put_community_text(struct config_build *b, void *target, const struct setting *s)
{
	take_community(b, target, s->place, span_str(s->text));
}

void put_community_file(struct config_build *b, void *target, const struct setting *s)
{
	uint8_t secret[CONFIG_SECRET_ROOM];
	size_t n = config_read_secret(b, s, secret);
	struct policy_community *c = target;
	if (n && !c->community)
		take_community(b, c, s->place, span_of(secret, n));
	explicit_bzero(secret, sizeof secret);
}

void put_community_from(struct config_build *b, void *target, const struct setting *s)
{
	struct policy_community *c = target;
	config_put_prefixes(b, &c->from, s);
}

void put_community_listeners(struct config_build *b, void *target, const struct setting *s)
{
	struct policy_community *c = target;
	for (const struct setting *item = s->first; item; item = item->next) {
		struct addr *more = reallocarray(c->listeners, c->listener_count + 1, sizeof *more);
		struct config_listen l;
		if (!more) {
			b->st = ST_NO_MEMORY;
			return;
		}
		c->listeners = more;
		if (config_parse_listen(item->text, &l) == ST_OK)
			c->listeners[c->listener_count++] = l.addr;
	}
	if (!s->first)
		config_error(b->report, s->place, "'listeners' is empty; name some, or leave the key out to mean all");
}

static void check_community(struct config_build *b, const struct setting *item)
{
	const struct setting *text = setting_find(item, "community"), *file = setting_find(item, "community-file");
	const struct setting *from = setting_find(item, "from");
	if (!setting_find(item, "label"))
		config_error(b->report, item->place, "this community has no label; add for example label: ops");
	if (!text && !file)
		config_error(b->report, item->place,
		             "this entry has no community; add community: \"...\" or community-file: PATH");
	if (text && file)
		config_error(b->report, file->place, "'community' and 'community-file' stand together; keep one");
	if (!from || !from->first)
		config_warn(b->report, from ? from->place : item->place,
		            "%s, so nobody may use this community; write for example from: [ 10.0.0.0/8 ]",
		            from ? "'from' is empty" : "'from' is missing");
}

void put_community(struct config_build *b, void *target, const struct setting *list)
{
	struct policy *p = b->config->policy;
	for (const struct setting *item = list->first; item && b->st == ST_OK; item = item->next) {
		struct policy_community *more = reallocarray(p->communities, p->community_count + 1, sizeof *more);
		if (!more) {
			b->st = ST_NO_MEMORY;
			return;
		}
		p->communities = more;
		struct policy_community *c = &more[p->community_count++];
		*c = (struct policy_community){ 0 };
		check_community(b, item);
		config_put_parts(b, c, item);
	}
}

void put_site_name(struct config_build *b, void *target, const struct setting *s)
{
	struct policy_site *site = target;
	site->name = strdup(s->text);
	if (!site->name)
		b->st = ST_NO_MEMORY;
}

void put_site_from(struct config_build *b, void *target, const struct setting *s)
{
	struct policy_site *site = target;
	config_put_prefixes(b, &site->from, s);
}

void put_site(struct config_build *b, void *target, const struct setting *list)
{
	struct policy *p = b->config->policy;
	for (const struct setting *item = list->first; item && b->st == ST_OK; item = item->next) {
		struct policy_site *more = reallocarray(p->sites, p->site_count + 1, sizeof *more);
		if (!more) {
			b->st = ST_NO_MEMORY;
			return;
		}
		p->sites = more;
		struct policy_site *site = &more[p->site_count++];
		*site = (struct policy_site){ 0 };
		if (!setting_find(item, "name"))
			config_error(b->report, item->place, "this site has no name; add for example name: rotterdam");
		config_put_parts(b, site, item);
	}
}

// A name or prefix that a site claims, for finding two that claim the same by sorting.
struct claim {
	const struct setting *by;
	struct prefix prefix;
	size_t order;
};

static int compare_names(const void *a, const void *b)
{
	const struct claim *x = a, *y = b;
	int c = strcmp(x->by->text, y->by->text);
	return c ? c : (x->order > y->order) - (x->order < y->order);
}

static int compare_prefixes(const void *a, const void *b)
{
	const struct claim *x = a, *y = b;
	int c = memcmp(x->prefix.ip, y->prefix.ip, sizeof x->prefix.ip);
	c = c ? c : x->prefix.bits - y->prefix.bits;
	return c ? c : (x->order > y->order) - (x->order < y->order);
}

static bool claim_add(struct claim **list, size_t *n, const struct setting *by)
{
	struct claim *more = reallocarray(*list, *n + 1, sizeof *more);
	if (!more)
		return false;
	*list = more;
	more[*n] = (struct claim){ .by = by, .order = *n };
	(void)prefix_parse(by->text, &more[*n].prefix);
	(*n)++;
	return true;
}

static void complain_same(struct config_build *b, struct claim *list, size_t n,
                          int (*compare)(const void *, const void *), const char *what)
{
	if (n)
		qsort(list, n, sizeof *list, compare);
	for (size_t i = 1; i < n; i++) {
		struct claim before = list[i - 1];
		before.order = list[i].order;
		if (compare(&before, &list[i]) == 0)
			config_error(b->report, list[i].by->place, "'%s' is %s; it stands in %s:%u too: keep one",
			             list[i].by->text, what, list[i - 1].by->place.file, list[i - 1].by->place.line);
	}
}

void config_check_sites(struct config_build *b, const struct setting *root)
{
	const struct setting *sites = setting_find(root, "sites");
	struct claim *names = NULL, *prefixes = NULL;
	size_t name_count = 0, prefix_count = 0;
	bool ok = true;
	for (const struct setting *item = sites ? sites->first : NULL; item && ok; item = item->next) {
		const struct setting *name = setting_find(item, "name"), *from = setting_find(item, "from");
		ok = !name || claim_add(&names, &name_count, name);
		for (const struct setting *s = from ? from->first : NULL; s && ok; s = s->next)
			ok = claim_add(&prefixes, &prefix_count, s);
	}
	if (!ok)
		b->st = ST_NO_MEMORY;
	complain_same(b, names, name_count, compare_names, "the name of two sites");
	complain_same(b, prefixes, prefix_count, compare_prefixes, "claimed twice by sites");
	free(names);
	free(prefixes);
}
