// SPDX-License-Identifier: Apache-2.0
// What an authenticated, or nearly authenticated, peer can send: two cores shake hands, then one of them sends payloads of
// the fuzzer's own, sealed with its true keys, in either role, before and after IKE_AUTH, in one piece or in fragments that
// come in any order, twice, not at all, or mixed with those of another message.
//
// Octets: what (bits below), exchange, first payload, in which order fragments come (8), then the chain.
#include "fuzz.h"
#include "ike/private.h"

enum {
	TO_INITIATOR = 1,
	BEFORE_AUTH = 2,
	REPLY = 4,
	ASKED = 8,
	FRAGMENTS = 16,
	OTHER_TOTAL = 32,
	HEAD = 11,
	ROUNDS = 8
};

struct ends {
	struct crypto *crypto;
	struct aead_engine *engine;
	struct ike *at[2]; // initiator, responder
	uint32_t site[2];
	struct ike_path path[2];
	uint64_t drawn;
};

static enum st draw(void *arg, void *out, size_t n)
{
	uint64_t *at = arg;
	for (size_t i = 0; i < n; i++) {
		*at = *at * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
		((uint8_t *)out)[i] = (uint8_t)(*at >> 56);
	}
	return ST_OK;
}

static struct ike_ts_list selectors(const char *text)
{
	struct prefix p = { 0 };
	fuzz_require(prefix_parse(text, &p) == ST_OK);
	return (struct ike_ts_list){ .at = { ike_ts_of(&p) }, .n = 1 };
}

static void make(struct ends *e, bool fragments)
{
	static const char *const names[2] = { "a", "b" }, *const inner[2] = { "10.1.0.0/24", "10.2.0.1/32" };
	struct addr address[2];
	static struct crypto *crypto; // of all inputs: making them costs more than a handshake
	static struct aead_engine *engine;
	if (!crypto) {
		fuzz_require(crypto_init(&crypto) == ST_OK);
		fuzz_require(aead_engine_new(aead_best(), crypto, &engine) == ST_OK);
	}
	e->crypto = crypto;
	e->engine = engine;
	fuzz_require(addr_parse("10.0.0.1:4500", &address[0]) == ST_OK);
	fuzz_require(addr_parse("10.0.0.2:4500", &address[1]) == ST_OK);
	for (int i = 0; i < 2; i++) {
		struct ike_config c = { .crypto = e->crypto, .engine = e->engine, .random = { draw, &e->drawn } };
		struct ike_site s = { .name = names[i], .psk = span_str("0123456789abcdef"), .initiate = i == 0 };
		c.datagram = fragments ? IKE_FRAGMENT_MIN : 0;
		c.token_secret[0] = 1;
		e->path[i] = (struct ike_path){ address[i], address[1 - i], true };
		s.path = e->path[i];
		s.local = (struct ike_identity){ ID_FQDN, span_str(names[i]) };
		s.remote = (struct ike_identity){ ID_FQDN, span_str(names[1 - i]) };
		s.here = selectors(inner[i]);
		s.there = selectors(inner[1 - i]);
		s.ike.groups = 1;
		fuzz_require(ike_new(&c, &e->at[i]) == ST_OK);
		fuzz_require(ike_add_site(e->at[i], &s, &e->site[i]) == ST_OK);
	}
}

static struct span behind_marker(const struct ike_effect *e)
{
	size_t n = e->path.marked ? IKE_MARKER : 0;
	return span_of(e->bytes.p + n, e->bytes.n - n);
}

// What `out` sends goes to the other end, `rounds` times there and back.
static void carry(struct ends *e, int from, struct ike_out *out, int rounds)
{
	struct ike_out next = { 0 };
	for (size_t i = 0; rounds && i < out->n; i++)
		if (out->at[i].kind == IKE_SEND)
			(void)ike_input(e->at[1 - from], 0, &e->path[1 - from], behind_marker(&out->at[i]), &next);
	ike_out_done(out);
	if (next.n && rounds)
		carry(e, 1 - from, &next, rounds - 1);
	ike_out_done(&next);
}

static void deliver(struct ends *e, int to, struct span messages, struct span order)
{
	struct span each[IKE_FRAGMENTS_MAX];
	size_t n = 0;
	while (n < IKE_FRAGMENTS_MAX && messages.n >= IKE_HEADER) {
		struct rd r = rd_of(span_of(messages.p + 24, 4));
		size_t length = rd_u32(&r);
		fuzz_require(length >= IKE_HEADER && length <= messages.n);
		each[n++] = span_of(messages.p, length);
		messages = span_of(messages.p + length, messages.n - length);
	}
	for (size_t i = 0; n && i < order.n; i++) {
		struct ike_out out = { 0 };
		(void)ike_input(e->at[to], 0, &e->path[to], each[n == 1 ? 0 : order.p[i] % n], &out);
		carry(e, to, &out, ROUNDS);
	}
}

static void say(struct ends *e, const uint8_t *head, struct span chain)
{
	int to = head[0] & TO_INITIATOR ? 0 : 1;
	struct ike *from = e->at[1 - to];
	struct ike_sa *sa = from->due.n ? (struct ike_sa *)from->due.at[0] : NULL;
	struct ike_messages all = { 0 }, half = { 0 };
	bool reply = head[0] & REPLY;
	if (!sa || !sa->seal)
		return;
	uint32_t id = reply ? sa->take_id - (sa->take_id && sa->answer.n) : sa->send_id;
	struct span order = span_of(head + 3, HEAD - 3);
	// Both before either is delivered: what comes of the first may end the SA.
	bool one = ike_seal(from, sa, head[1], reply, id, chain, head[2], &all) == ST_OK;
	bool other = head[0] & OTHER_TOTAL &&
	             ike_seal(from, sa, head[1], reply, id, span_of(chain.p, chain.n / 2), head[2], &half) == ST_OK;
	if (one)
		deliver(e, to, span_of(all.at, all.n), order);
	if (one && other)
		deliver(e, to, span_of(half.at, half.n), order);
	free(all.at);
	free(half.at);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct ends e = { .drawn = 5 };
	struct ike_out out = { 0 };
	uint8_t *exact;
	if (n < HEAD || !(exact = malloc(n)))
		return 0;
	memcpy(exact, data, n);
	make(&e, data[0] & FRAGMENTS);
	ike_tick(e.at[0], 0, &out);
	carry(&e, 0, &out, data[0] & BEFORE_AUTH ? 2 : ROUNDS);
	struct ike_view v;
	for (int i = 0; i < 2; i++)
		fuzz_require(ike_look(e.at[i], e.site[i], &v) == !(data[0] & BEFORE_AUTH));
	if (data[0] & ASKED) {
		int to = data[0] & TO_INITIATOR ? 0 : 1;
		ike_rekey_site(e.at[to], 0, e.site[to], &out);
		ike_out_done(&out);
	}
	say(&e, exact, span_of(exact + HEAD, n - HEAD));
	for (int i = 0; i < 2; i++) {
		fuzz_require(ike_counters(e.at[i])->sas == e.at[i]->due.n);
		ike_free(e.at[i]);
	}
	free(exact);
	return 0;
}
