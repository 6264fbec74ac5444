// SPDX-License-Identifier: Apache-2.0
// Packets out (RFC 4303 3.3): admitted, shaped, encrypted, counted.
#include "esp/ecn.h"
#include "esp/private.h"

static enum st admit_one(const struct esp_packet *pk)
{
	const struct esp_pair *p = pk->pair;
	if (!p->out.key)
		return ST_ESP_NO_SA;
	return p->expired ? ST_ESP_EXPIRED : ST_OK;
}

static void foresee(const struct esp *esp, const struct esp_packet *pk)
{
	if (pk->pair->out.key)
		aead_foresee(esp->engine, pk->pair->out.key, pk->pair->out.alg, pk->bytes.n + ESP_TRAILER);
}

// In tunnel mode the packet says itself what it is; its traffic class goes outside (RFC 6040).
static enum st name_payload(struct esp_packet *pk)
{
	const uint8_t *h = pk->bytes.at;
	if (pk->next_header || pk->pair->policy.mode == ESP_TRANSPORT)
		return ST_OK;
	if (pk->bytes.n >= IPV4_HEAD && h[0] >> 4 == 4) {
		pk->next_header = IP_IPV4;
		pk->outer_tos = ecn_outer(h[1]);
	} else if (pk->bytes.n >= IPV6_HEAD && h[0] >> 4 == 6) {
		pk->next_header = IP_IPV6;
		pk->outer_tos = ecn_outer((uint8_t)(h[0] << 4 | h[1] >> 4));
	} else {
		return ST_INNER_VERSION;
	}
	return ST_OK;
}

// Octets of TFC padding, which only tunnel mode and a dummy can tell from the payload (RFC 4303 2.7).
static size_t length_padding(const struct esp_packet *pk)
{
	const struct esp_policy *policy = &pk->pair->policy;
	bool may = policy->pad_for_length && (policy->mode == ESP_TUNNEL || pk->next_header == IP_NO_NEXT);
	return may && pk->pad_to > pk->bytes.n ? pk->pad_to - pk->bytes.n : 0;
}

static enum st write_iv(struct esp *esp, struct esp_out *out, const struct aead_alg *alg, uint8_t *iv)
{
	if (alg->counter) {
		uint64_t counter = ++out->iv;
		ip_put32(iv, (uint32_t)(counter >> 32));
		ip_put32(iv + 4, (uint32_t)counter);
		return ST_OK;
	}
	if (esp->iv_left < alg->iv) {
		enum st st = random_bytes(esp->random, esp->iv_pool, sizeof esp->iv_pool);
		if (st != ST_OK)
			return st;
		esp->iv_left = sizeof esp->iv_pool;
	}
	esp->iv_left -= alg->iv;
	memcpy(iv, esp->iv_pool + esp->iv_left, alg->iv);
	return ST_OK;
}

// RFC 4303 2.4 and 2.5: padding that counts from 1, its length, the next header.
static void write_trailer(uint8_t *at, size_t zeros, size_t padding, uint8_t next_header)
{
	memset(at, 0, zeros);
	at += zeros;
	for (size_t i = 0; i < padding; i++)
		at[i] = (uint8_t)(i + 1);
	at[padding] = (uint8_t)padding;
	at[padding + 1] = next_header;
}

// Writes everything around the payload, and what the cipher has to do into *op. A number is used up only when all fits.
static enum st shape_one(struct esp *esp, struct esp_packet *pk, struct aead_op *op)
{
	struct esp_pair *p = pk->pair;
	const struct aead_alg *alg = p->out.alg;
	if (p->out.number >= (p->policy.esn ? UINT64_MAX : UINT32_MAX))
		return ST_ESP_SEQUENCE;
	enum st st = name_payload(pk);
	if (st != ST_OK)
		return st;
	size_t align = alg->block > 4 ? alg->block : 4, zeros = length_padding(pk);
	size_t padding = -(pk->bytes.n + zeros + ESP_TRAILER) & (align - 1);
	size_t head = ESP_HEAD + (size_t)alg->iv, behind = zeros + padding + ESP_TRAILER + alg->tag;
	if (packet_headroom(&pk->bytes) < head || packet_tailroom(&pk->bytes) < behind)
		return ST_FULL;
	size_t text = pk->bytes.n + behind - alg->tag;
	write_trailer(packet_append(&pk->bytes, behind), zeros, padding, pk->next_header);
	uint8_t *h = packet_push(&pk->bytes, head);
	st = write_iv(esp, &p->out, alg, h + ESP_HEAD);
	if (st != ST_OK)
		return st;
	pk->number = ++p->out.number;
	ip_put32(h, p->out.spi);
	ip_put32(h + 4, (uint32_t)pk->number);
	*op = (struct aead_op){ p->out.key, h, ESP_HEAD, (uint32_t)text, p->policy.esn, (uint32_t)(pk->number >> 32),
		                ST_NONE };
	return ST_OK;
}

static size_t work(struct esp *esp, int64_t now, struct esp_packet **pk, size_t n, struct esp_effects *effects)
{
	size_t good = 0;
	aead_seal(esp->engine, esp->ops, n);
	for (size_t i = 0; i < n; i++) {
		struct esp_pair *p = pk[i]->pair;
		pk[i]->st = esp->ops[i].st;
		good += pk[i]->st == ST_OK;
		p->out.packets++;
		p->out.bytes += esp->ops[i].text;
		p->sent = now;
		esp_check_lifetime(p, now, effects);
	}
	return good;
}

// Memory is asked ahead, as in esp_open.
size_t esp_seal(struct esp *esp, int64_t now, struct esp_packet **pk, size_t n, struct esp_effects *effects)
{
	enum { FORESEE = ESP_AHEAD, SHAPE = 2 * ESP_AHEAD };
	struct esp_packet *shaped[ESP_BATCH];
	size_t good = 0, ops = 0;
	for (size_t i = 0; i < n + SHAPE; i++) {
		if (i < n) {
			__builtin_prefetch(&pk[i]->pair->selectors);
			__builtin_prefetch(&pk[i]->pair->out);
		}
		if (i > FORESEE && i - FORESEE < n && pk[i - FORESEE]->pair != pk[i - FORESEE - 1]->pair)
			foresee(esp, pk[i - FORESEE]);
		if (i - SHAPE >= n)
			continue;
		struct esp_packet *p = shaped[ops] = pk[i - SHAPE];
		p->st = admit_one(p);
		if (p->st == ST_OK)
			p->st = shape_one(esp, p, &esp->ops[ops]);
		if (p->st == ST_OK && ++ops >= aead_together(esp->engine, p->pair->out.alg)) {
			good += work(esp, now, shaped, ops, effects);
			ops = 0;
		}
	}
	good += work(esp, now, shaped, ops, effects);
	esp->counters.sealed += good;
	return good == n ? n : esp_keep(esp, pk, n);
}
