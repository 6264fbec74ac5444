// SPDX-License-Identifier: Apache-2.0
// Packets in (RFC 4303 3.4): located, checked against the window, decrypted, marked in it, unwrapped, and held against the
// traffic selectors. Up to the end of decrypt() nothing about a pair changes but a count of failures.
#include "esp/ecn.h"
#include "esp/private.h"

// One packet of a pair that seems out of step, kept as it came.
struct resync {
	size_t which; // index, or none
	size_t n;
};
#define RESYNC_NONE SIZE_MAX

static enum st locate_one(const struct esp *esp, struct esp_packet *pk)
{
	struct rd r = rd_of(packet_span(&pk->bytes));
	struct span head = rd_take(&r, ESP_HEAD);
	if (r.bad)
		return ST_ESP_SHORT;
	uint32_t spi = esp_get32(head.p);
	pk->number = esp_get32(head.p + 4);
	if (!pk->pair)
		pk->pair = esp_find_fast(esp, spi);
	if (!pk->pair)
		return spi && spi < ESP_SPI_FIRST ? ST_ESP_RESERVED : ST_ESP_SPI;
	return ST_OK;
}

static void locate(const struct esp *esp, struct esp_packet *pk)
{
	pk->st = locate_one(esp, pk);
	if (pk->st != ST_OK)
		return;
	__builtin_prefetch(&pk->pair->in);
	__builtin_prefetch(&pk->pair->selectors);
}

// What the work on it will look at, behind its pair. `before`: the packet in front, which may be of the same.
static void foresee(const struct esp *esp, const struct esp_packet *pk, const struct esp_packet *before)
{
	const struct esp_pair *p = pk->pair;
	if (pk->st != ST_OK || p == before->pair || !p->in.key)
		return;
	esp_window_foresee(&p->in.window, (uint32_t)pk->number);
	size_t around = ESP_HEAD + (size_t)p->in.alg->iv + p->in.alg->tag;
	aead_foresee(esp->engine, p->in.key, p->in.alg, pk->bytes.n > around ? pk->bytes.n - around : 0);
}

// Lengths and window, before any work on the packet; fills *op.
static enum st check_one(struct esp_packet *pk, struct aead_op *op)
{
	const struct esp_pair *p = pk->pair;
	if (!p->in.key || !p->selectors)
		return ST_ESP_NO_SA;
	if (p->expired)
		return ST_ESP_EXPIRED;
	const struct aead_alg *alg = p->in.alg;
	size_t around = ESP_HEAD + (size_t)alg->iv + alg->tag;
	if (pk->bytes.n < around + ESP_TRAILER)
		return ST_ESP_SHORT;
	size_t text = pk->bytes.n - around;
	if (text & (alg->block - 1U))
		return ST_ESP_BLOCK;
	if (p->policy.esn)
		pk->number = esp_window_guess(&p->in.window, (uint32_t)pk->number);
	*op = (struct aead_op){ p->in.key,      pk->bytes.at,  ESP_HEAD,
		                (uint32_t)text, p->policy.esn, (uint32_t)(pk->number >> 32),
		                ST_NONE };
	return esp_window_check(&p->in.window, pk->number);
}

// RFC 4303 appendix A3: after so many failures in a row that the sender may be 2^32 numbers ahead, one packet of the batch
// is kept, to be tried with the next high words. It costs a forger's victim one copy and two checks in ESP_RESYNC_EVERY.
static struct resync resync_keep(struct esp *esp, struct esp_packet **pk, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const struct esp_pair *p = pk[i]->pair;
		uint32_t forged = p->forged;
		if (p->policy.esn && forged && forged % ESP_RESYNC_EVERY == 0 && pk[i]->bytes.n <= sizeof esp->resync) {
			memcpy(esp->resync, pk[i]->bytes.at, pk[i]->bytes.n);
			return (struct resync){ i, pk[i]->bytes.n };
		}
	}
	return (struct resync){ RESYNC_NONE, 0 };
}

static void resync_try(struct esp *esp, struct esp_packet *pk, struct aead_op *op)
{
	for (uint32_t i = 0; i < ESP_RESYNC_TRIES && op->st == ST_FORGED && op->high < UINT32_MAX; i++) {
		memcpy(pk->bytes.at, esp->resync, pk->bytes.n);
		op->high++;
		aead_open(esp->engine, op, 1);
	}
	if (op->st != ST_OK)
		return;
	pk->number = (uint64_t)op->high << 32 | (uint32_t)pk->number;
	esp->counters.resynced++;
}

// The ICV, the decryption, and only behind it the window: the same packet may be here twice, so it is looked at again.
static void decrypt(struct esp *esp, int64_t now, struct esp_packet **pk, size_t n, struct esp_effects *effects)
{
	struct resync kept = resync_keep(esp, pk, n);
	aead_open(esp->engine, esp->ops, n);
	if (kept.which != RESYNC_NONE && esp->ops[kept.which].st == ST_FORGED)
		resync_try(esp, pk[kept.which], &esp->ops[kept.which]);
	for (size_t i = 0; i < n; i++) {
		struct esp_pair *p = pk[i]->pair;
		pk[i]->st = esp->ops[i].st;
		if (pk[i]->st != ST_OK) {
			p->forged++;
			continue;
		}
		pk[i]->st = esp_window_mark(&p->in.window, pk[i]->number, &pk[i]->newest);
		p->forged = 0;
		p->in.packets++;
		p->in.bytes += esp->ops[i].text;
		p->heard = now;
		if (p->limited)
			esp_check_lifetime(p, now, effects);
	}
}

// RFC 4303 2.4: the padding counts from 1.
static enum st take_trailer(struct esp_packet *pk)
{
	const struct aead_alg *alg = pk->pair->in.alg;
	(void)packet_pull(&pk->bytes, ESP_HEAD + (size_t)alg->iv);
	(void)packet_trim(&pk->bytes, pk->bytes.n - alg->tag);
	const uint8_t *end = pk->bytes.at + pk->bytes.n;
	size_t padding = end[-2];
	pk->next_header = end[-1];
	if (pk->bytes.n < padding + ESP_TRAILER)
		return ST_ESP_PADDING;
	const uint8_t *first = end - ESP_TRAILER - padding;
	for (size_t i = 0; i < padding; i++)
		if (first[i] != i + 1)
			return ST_ESP_PADDING;
	(void)packet_trim(&pk->bytes, pk->bytes.n - ESP_TRAILER - padding);
	return pk->next_header == IP_NO_NEXT ? ST_ESP_DUMMY : ST_OK;
}

// What is behind the inner packet's own length is TFC padding (RFC 4303 2.7).
static enum st take_tunnel(struct esp_packet *pk)
{
	if (pk->next_header != IP_IPV4 && pk->next_header != IP_IPV6)
		return ST_ESP_NEXT_HEADER;
	enum st st = ip_parse(packet_span(&pk->bytes), &pk->ip);
	if (st != ST_OK)
		return st;
	if (pk->ip.version != (pk->next_header == IP_IPV4 ? 4 : 6))
		return ST_ESP_NEXT_HEADER;
	if (!selectors_surely_in(&pk->pair->brief, &pk->ip) &&
	    (st = selectors_in(pk->pair->selectors, &pk->ip)) != ST_OK)
		return st;
	uint8_t tos = 0;
	st = ecn_inner(pk->ip.tos, pk->outer_tos, &tos);
	if (st != ST_OK)
		return st;
	if (tos != pk->ip.tos)
		ecn_write(pk->bytes.at, tos);
	pk->ip.tos = tos;
	(void)packet_trim(&pk->bytes, pk->ip.total);
	return ST_OK;
}

static enum st take_transport(struct esp_packet *pk)
{
	pk->ip = (struct ip_view){ .payload = packet_span(&pk->bytes), .protocol = pk->next_header };
	ip_read_ports(pk->next_header, pk->ip.payload, &pk->ip);
	return selectors_in_transport(pk->pair->selectors, &pk->ip);
}

static enum st unwrap(struct esp_packet *pk)
{
	enum st st = take_trailer(pk);
	if (st != ST_OK)
		return st;
	return pk->pair->policy.mode == ESP_TUNNEL ? take_tunnel(pk) : take_transport(pk);
}

// From checked to inner packets; returns how many of them are good.
static size_t work(struct esp *esp, int64_t now, struct esp_packet **pk, size_t n, struct esp_effects *effects)
{
	size_t good = 0;
	decrypt(esp, now, pk, n, effects);
	for (size_t i = 0; i < n; i++) {
		if (pk[i]->st == ST_OK)
			pk[i]->st = unwrap(pk[i]);
		good += pk[i]->st == ST_OK;
	}
	return good;
}

// While some are decrypted, what the next ones need comes from memory, packet by packet: more at a time than the processor can
// ask for would be lost.
size_t esp_open(struct esp *esp, int64_t now, struct esp_packet **pk, size_t n, struct esp_effects *effects)
{
	enum { LOCATE = ESP_AHEAD, FORESEE = 2 * ESP_AHEAD, CHECK = 3 * ESP_AHEAD };
	struct esp_packet *checked[ESP_BATCH];
	size_t good = 0, ops = 0;
	for (size_t i = 0; i < n + CHECK; i++) {
		if (i < n && !pk[i]->pair && pk[i]->bytes.n >= ESP_HEAD)
			esp_fetch_slot(esp, esp_get32(pk[i]->bytes.at));
		if (i - LOCATE < n)
			locate(esp, pk[i - LOCATE]);
		if (i > FORESEE && i - FORESEE < n)
			foresee(esp, pk[i - FORESEE], pk[i - FORESEE - 1]);
		if (i - CHECK >= n)
			continue;
		struct esp_packet *p = checked[ops] = pk[i - CHECK];
		if (p->st == ST_OK)
			p->st = check_one(p, &esp->ops[ops]);
		if (p->st == ST_OK && ++ops >= aead_together(esp->engine, p->pair->in.alg)) {
			good += work(esp, now, checked, ops, effects);
			ops = 0;
		}
	}
	good += work(esp, now, checked, ops, effects);
	esp->counters.by[ST_OK] += good;
	return good == n ? n : esp_keep(esp, pk, n);
}
