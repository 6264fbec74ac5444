// SPDX-License-Identifier: Apache-2.0
// What an operator denied (`trapline waiting deny`): addresses, and the mark of a credential, so that neither a community
// nor a user's name stands here in clear. A mark is 48 hex digits: a random key of 16 octets and policy_mark's hash.
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/config_put.h"

void config_write_mark(const struct hash_key *key, uint64_t mark, char out[static CONFIG_MARK_TEXT])
{
	snprintf(out, CONFIG_MARK_TEXT, "%016" PRIx64 "%016" PRIx64 "%016" PRIx64, key->k0, key->k1, mark);
}

static bool read_hex(const char *text, uint64_t *out)
{
	char digits[17];
	snprintf(digits, sizeof digits, "%.16s", text);
	*out = strtoull(digits, NULL, 16);
	return strspn(digits, "0123456789abcdef") == 16;
}

void put_denied_mark(struct config_build *b, void *target, const struct setting *s)
{
	struct policy_denied *d = target;
	if (strlen(s->text) != CONFIG_MARK_TEXT - 1 || !read_hex(s->text, &d->key.k0) ||
	    !read_hex(s->text + 16, &d->key.k1) || !read_hex(s->text + 32, &d->mark))
		config_error(b->report, s->place, "'%s' is not a mark; only trapline waiting deny can make one",
		             s->text);
}

void put_denied_from(struct config_build *b, void *target, const struct setting *s)
{
	struct policy_denied *d = target;
	config_put_prefixes(b, &d->from, s);
}

// For people who read the file.
void put_denied_note(struct config_build *b, void *target, const struct setting *s)
{
}

void put_denied(struct config_build *b, void *target, const struct setting *list)
{
	struct policy *p = b->config->policy;
	for (const struct setting *item = list->first; item && b->st == ST_OK; item = item->next) {
		struct policy_denied *more = reallocarray(p->denied, p->denied_count + 1, sizeof *more);
		if (!more) {
			b->st = ST_NO_MEMORY;
			return;
		}
		p->denied = more;
		struct policy_denied *d = &more[p->denied_count++];
		*d = (struct policy_denied){ 0 };
		if (!setting_find(item, "mark") || !setting_find(item, "from"))
			config_error(b->report, item->place, "an entry of 'denied' has 'from' and 'mark'");
		config_put_parts(b, d, item);
	}
}
