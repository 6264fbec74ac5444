// SPDX-License-Identifier: Apache-2.0
// Any octets as a message that waits: kept, heard again, shown as JSON, removed.
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "intake/waiting.h"
#include "intake/waiting_table.h"

static void show(const struct waiting_table *t)
{
	struct text out = { 0 };
	waiting_list_json(t, NULL, &out);
	waiting_show_json(TAILQ_FIRST(&t->items), NULL, &out);
	fuzz_require(!out.bad && out.n && out.p[out.n - 1] == '\n');
	text_done(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static const struct hash_key key = { 1, 2 };
	struct waiting_table t;
	struct waiting_head head = { .reason = ST_COMMUNITY, .transport = 1 };
	uint8_t *p = malloc(n ? n : 1);
	if (n)
		memcpy(p, data, n);
	fuzz_require(waiting_table_init(&t, &waiting_limits_usual, &key) == ST_OK);
	for (int i = 0; i < 3; i++)
		waiting_table_add(&t, &head, span_str("site"), span_of(p, n));
	fuzz_require(t.item_count == 1 && TAILQ_FIRST(&t.items)->count == 3);
	fuzz_require(t.message_count + t.counts[0].duplicate == 3);
	show(&t);
	waiting_table_deny(&t, TAILQ_FIRST(&t.items));
	fuzz_require(t.item_count == 0 && t.weight == 0 && t.source_count == 0);
	waiting_table_done(&t);
	free(p);
	return 0;
}
