// SPDX-License-Identifier: Apache-2.0
// What `decode` makes of IKE. The first octet says of what: a file of keys; a datagram out of a capture; a chain that was
// encrypted (its first payload behind that octet), as if it had been opened.
#include "cli/ike_words.h"
#include "fuzz.h"

enum { KEYS, DATAGRAM, CHAIN, KINDS };

static void show(const struct ike_seen *seen)
{
	const struct ike_shown shown = { .seen = seen };
	struct text out = { 0 };
	ike_words(&shown, &out);
	ike_words_json(&shown, &out);
	text_done(&out);
}

static void opened(struct span chain)
{
	struct ike_seen seen = { .clear = ST_OK, .sealed = ST_OK };
	if (!chain.n)
		return;
	seen.inner = chain.p[0];
	seen.chain = span_of(chain.p + 1, chain.n - 1);
	show(&seen);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static struct ike_opener *o;
	if (!n)
		return 0;
	if (!o)
		fuzz_require(ike_opener_new(&o) == ST_OK);
	uint8_t *exact = malloc(n - 1 ? n - 1 : 1);
	struct text why = { 0 };
	struct ike_seen seen;
	if (!exact)
		return 0;
	memcpy(exact, data + 1, n - 1);
	struct span rest = span_of(exact, n - 1);
	if (data[0] % KINDS == KEYS) {
		struct ike_opener *one;
		fuzz_require(ike_opener_new(&one) == ST_OK);
		(void)ike_opener_add(one, rest, &why);
		ike_opener_free(one);
	} else if (data[0] % KINDS == CHAIN) {
		opened(rest);
	} else if (ike_opener_take(o, rest, &seen)) {
		show(&seen);
	}
	text_done(&why);
	free(exact);
	return 0;
}
