// SPDX-License-Identifier: Apache-2.0
// The table of pairs and their lifetimes.
#include "esp/esp.h"

#include <assert.h>
#include <stddef.h>
#include <stdlib.h>

#include "esp/private.h"

enum { SLOT_BITS_FIRST = 6 };

static_assert(sizeof(struct esp_in) <= ESP_CACHE_LINE, "what a packet in changes is one cache line");
static_assert(offsetof(struct esp_pair, policy.soft) <= 2 * ESP_CACHE_LINE, "what both ways ask is the next");
static_assert(offsetof(struct esp_pair, bits) == 4 * ESP_CACHE_LINE, "what a packet out changes is one");

// Without extension numbers end at 2^32 - 1 (RFC 4303 3.3.3): another pair is wanted at three quarters of that.
#define NUMBER_MAX_SHORT UINT32_MAX
#define NUMBER_SOFT_SHORT (UINT64_C(3) << 30)

enum st esp_new(struct aead_engine *e, struct random random, const struct esp_place *place, struct esp **out)
{
	struct esp *esp = calloc(1, sizeof *esp);
	struct esp_slot *slots = calloc((size_t)1 << SLOT_BITS_FIRST, sizeof *slots);
	uint64_t mix = 0;
	enum st st = esp && slots ? random_bytes(random, &mix, sizeof mix) : ST_NO_MEMORY;
	if (st == ST_OK && (place->worker_bits > ESP_WORKER_BITS_MAX || place->worker >> place->worker_bits))
		st = ST_FULL;
	if (st != ST_OK) {
		free(slots);
		free(esp);
		return st;
	}
	esp->engine = e;
	esp->random = random;
	esp->place = *place;
	esp->slots = slots;
	esp->slot_bits = SLOT_BITS_FIRST;
	esp->mix = mix | 1;
	esp->deadline = INT64_MAX;
	esp->vault.plain = true;
	*out = esp;
	return ST_OK;
}

static void pair_free(struct esp *esp, struct esp_pair *p)
{
	aead_key_free(esp->engine, p->in.key);
	aead_key_free(esp->engine, p->out.key);
	esp_window_done(&p->in.window);
	selectors_free(p->selectors);
	vault_give(&esp->vault, p, sizeof *p);
}

void esp_free(struct esp *esp)
{
	if (!esp)
		return;
	for (size_t i = 0; i < (size_t)1 << esp->slot_bits; i++)
		if (esp->slots[i].spi)
			pair_free(esp, esp->slots[i].pair);
	free(esp->slots);
	vault_done(&esp->vault);
	secret_wipe(esp, sizeof *esp);
	free(esp);
}

struct esp_counters *esp_counters(struct esp *esp)
{
	return &esp->counters;
}

size_t esp_pairs(const struct esp *esp)
{
	return esp->pairs;
}

static size_t slot_after(const struct esp *esp, size_t i)
{
	return (i + 1) & (((size_t)1 << esp->slot_bits) - 1);
}

// Where the SPI is, or the empty slot where it would be.
static size_t slot_of(const struct esp *esp, uint32_t spi)
{
	size_t i = esp_slot_wanted(esp, spi);
	while (esp->slots[i].spi && esp->slots[i].spi != spi)
		i = slot_after(esp, i);
	return i;
}

struct esp_pair *esp_find(const struct esp *esp, uint32_t spi)
{
	return spi ? esp->slots[slot_of(esp, spi)].pair : NULL;
}

void esp_foresee(const struct esp *esp, struct span datagram)
{
	if (datagram.n >= ESP_HEAD)
		esp_fetch_slot(esp, esp_get32(datagram.p));
}

static enum st slots_grow(struct esp *esp)
{
	size_t n = (size_t)1 << esp->slot_bits;
	struct esp_slot *old = esp->slots, *slots = calloc(2 * n, sizeof *slots);
	if (!slots)
		return ST_NO_MEMORY;
	esp->slots = slots;
	esp->slot_bits++;
	for (size_t i = 0; i < n; i++)
		if (old[i].spi)
			slots[slot_of(esp, old[i].spi)] = old[i];
	free(old);
	return ST_OK;
}

static bool spi_is_ours(const struct esp *esp, uint32_t spi)
{
	return (spi & ((1U << esp->place.worker_bits) - 1)) == esp->place.worker;
}

enum st esp_add_as(struct esp *esp, uint32_t spi, uint64_t owner, struct esp_pair **out)
{
	if (spi < ESP_SPI_FIRST)
		return ST_ESP_RESERVED;
	if (!spi_is_ours(esp, spi))
		return ST_ESP_SPI;
	if (esp_find(esp, spi))
		return ST_BUSY;
	if (esp->pairs == ESP_SAS_MAX)
		return ST_FULL;
	if (2 * (esp->pairs + 1) > (size_t)1 << esp->slot_bits) {
		enum st st = slots_grow(esp);
		if (st != ST_OK)
			return st;
	}
	struct esp_pair *p = vault_take(&esp->vault, sizeof *p);
	if (!p)
		return ST_NO_MEMORY;
	p->spi = spi;
	p->owner = owner;
	esp->slots[slot_of(esp, spi)] = (struct esp_slot){ spi, p };
	esp->pairs++;
	*out = p;
	return ST_OK;
}

enum st esp_add(struct esp *esp, uint64_t owner, struct esp_pair **out)
{
	uint32_t low = (1U << esp->place.worker_bits) - 1;
	for (int i = 0; i < ESP_SPI_TRIES; i++) {
		uint32_t spi = 0;
		enum st st = random_bytes(esp->random, &spi, sizeof spi);
		if (st != ST_OK)
			return st;
		spi = (spi & ~low) | esp->place.worker;
		if (spi < ESP_SPI_FIRST || esp->slots[esp_slot_wanted(esp, spi)].spi)
			continue;
		return esp_add_as(esp, spi, owner, out);
	}
	return ST_FULL;
}

// Closes the gap: whoever stands behind it and wanted a place up to it moves there.
static void slot_clear(struct esp *esp, size_t gap)
{
	size_t mask = ((size_t)1 << esp->slot_bits) - 1;
	for (size_t i = slot_after(esp, gap); esp->slots[i].spi; i = slot_after(esp, i)) {
		size_t wanted = esp_slot_wanted(esp, esp->slots[i].spi);
		if (((i - wanted) & mask) < ((i - gap) & mask))
			continue;
		esp->slots[gap] = esp->slots[i];
		gap = i;
	}
	esp->slots[gap] = (struct esp_slot){ 0 };
}

void esp_remove(struct esp *esp, struct esp_pair *p)
{
	if (!p)
		return;
	slot_clear(esp, slot_of(esp, p->spi));
	esp->pairs--;
	pair_free(esp, p);
}

static bool has_limit(const struct esp_lifetime *l)
{
	return l->packets || l->bytes || l->time;
}

enum st esp_set_policy(struct esp_pair *p, const struct esp_policy *policy, struct selectors *selectors)
{
	if (p->in.key || p->out.key)
		return ST_BUSY;
	selectors_free(p->selectors);
	p->selectors = selectors;
	p->brief = selectors_brief(selectors);
	p->policy = *policy;
	p->limited = has_limit(&policy->soft) || has_limit(&policy->hard);
	return ST_OK;
}

static void deadline_earlier(struct esp *esp, const struct esp_pair *p)
{
	const int64_t times[] = { p->soft_told ? 0 : p->policy.soft.time, p->expired_told ? 0 : p->policy.hard.time };
	for (size_t i = 0; i < sizeof times / sizeof *times; i++)
		if (times[i] && p->since + times[i] < esp->deadline)
			esp->deadline = p->since + times[i];
}

static void pair_begin(struct esp *esp, struct esp_pair *p, int64_t now)
{
	if (!p->in.key || !p->out.key)
		p->since = now;
	deadline_earlier(esp, p);
}

enum st esp_set_in(struct esp *esp, struct esp_pair *p, const struct aead_alg *alg, const struct aead_secret *s,
                   int64_t now)
{
	if (p->in.key)
		return ST_BUSY;
	enum st st = esp_window_init(&p->in.window, p->policy.window, &p->bits);
	if (st != ST_OK)
		return st;
	st = aead_key_new(esp->engine, alg, AEAD_OPEN, s, &p->in.key);
	if (st != ST_OK) {
		esp_window_done(&p->in.window);
		return st;
	}
	p->in.alg = alg;
	pair_begin(esp, p, now);
	return ST_OK;
}

enum st esp_set_out(struct esp *esp, struct esp_pair *p, const struct aead_alg *alg, const struct aead_secret *s,
                    uint32_t spi, uint64_t before, int64_t now)
{
	if (p->out.key)
		return ST_BUSY;
	if (spi < ESP_SPI_FIRST)
		return ST_ESP_RESERVED;
	enum st st = aead_key_new(esp->engine, alg, AEAD_SEAL, s, &p->out.key);
	if (st != ST_OK)
		return st;
	p->out.alg = alg;
	p->out.spi = spi;
	p->out.number = p->out.iv = before;
	pair_begin(esp, p, now);
	return ST_OK;
}

static bool reached(const struct esp_pair *p, const struct esp_lifetime *l, int64_t now)
{
	return (l->packets && (p->in.packets >= l->packets || p->out.packets >= l->packets)) ||
	       (l->bytes && (p->in.bytes >= l->bytes || p->out.bytes >= l->bytes)) ||
	       (l->time && now - p->since >= l->time);
}

static bool effect_add(struct esp_effects *effects, enum esp_effect_kind kind, const struct esp_pair *p)
{
	if (effects->n == effects->room)
		return false;
	effects->at[effects->n++] = (struct esp_effect){ kind, p->spi, p->owner };
	return true;
}

void esp_check_lifetime(struct esp_pair *p, int64_t now, struct esp_effects *effects)
{
	bool numbers = !p->policy.esn && p->out.number >= NUMBER_SOFT_SHORT;
	if (!p->soft_told && (numbers || (p->limited && reached(p, &p->policy.soft, now))))
		p->soft_told = effect_add(effects, ESP_REKEY, p);
	uint64_t last = p->policy.esn ? UINT64_MAX : NUMBER_MAX_SHORT;
	if (!p->expired && (p->out.number == last || (p->limited && reached(p, &p->policy.hard, now))))
		p->expired = true;
	if (p->expired && !p->expired_told)
		p->expired_told = effect_add(effects, ESP_EXPIRED, p);
}

void esp_tick(struct esp *esp, int64_t now, struct esp_effects *effects)
{
	if (now < esp->deadline)
		return;
	esp->deadline = INT64_MAX;
	for (size_t i = 0; i < (size_t)1 << esp->slot_bits; i++) {
		struct esp_pair *p = esp->slots[i].pair;
		if (!p || (!p->in.key && !p->out.key))
			continue;
		esp_check_lifetime(p, now, effects);
		deadline_earlier(esp, p);
	}
}

size_t esp_keep(struct esp *esp, struct esp_packet **pk, size_t n)
{
	struct esp_packet *lost[ESP_BATCH];
	size_t kept = 0, losses = 0;
	for (size_t i = 0; i < n; i++) {
		if (pk[i]->st == ST_OK) {
			pk[kept++] = pk[i];
			continue;
		}
		esp->counters.by[pk[i]->st]++;
		lost[losses++] = pk[i];
	}
	memcpy(pk + kept, lost, losses * sizeof *lost);
	return kept;
}

static size_t aligned(const struct aead_alg *alg)
{
	return alg->block > 4 ? alg->block : 4; // RFC 4303 2.4
}

// What does not depend on the payload: outer IP and UDP header, SPI, number, IV and ICV.
static size_t fixed(const struct aead_alg *alg, bool outer_v6)
{
	return (outer_v6 ? IPV6_HEAD : IPV4_HEAD) + UDP_HEAD + ESP_HEAD + (size_t)alg->iv + alg->tag;
}

size_t esp_overhead(const struct aead_alg *alg, size_t n, bool outer_v6)
{
	size_t a = aligned(alg);
	return fixed(alg, outer_v6) + (n + ESP_TRAILER + a - 1) / a * a - n;
}

size_t esp_inner_mtu(const struct aead_alg *alg, size_t path_mtu, bool outer_v6)
{
	size_t a = aligned(alg), f = fixed(alg, outer_v6);
	size_t text = path_mtu > f ? (path_mtu - f) / a * a : 0;
	return text > ESP_TRAILER ? text - ESP_TRAILER : 0;
}
