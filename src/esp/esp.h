// SPDX-License-Identifier: Apache-2.0
// ESP (RFC 4303) of one worker: pairs of SAs in a table, sealing and opening of packets in their buffers. No sockets and no
// clock: packets and `now` in, packets and effects out.
//
// A pair is what IKEv2 calls a child SA: one SA in, one out. It is named by the SPI of our inbound half, which we draw at
// random; its low bits name the worker that owns it, so that no pair is ever touched by two threads.
//
// Packets go through stages as an array; those that survive a stage stay in front, in their order, and the others go to
// the tail with the reason in `st`, each counted. Opening changes nothing about a pair before the ICV was found right.
#ifndef ESP_ESP_H
#define ESP_ESP_H

#include "base/packet.h"
#include "crypto/aead.h"
#include "crypto/secret.h"
#include "esp/ip.h"
#include "esp/limits.h"
#include "esp/window.h"
#include "esp/selectors.h"

enum esp_mode { ESP_TUNNEL, ESP_TRANSPORT };

// 0: no such limit. Time in nanoseconds from when the SA was given its keys.
struct esp_lifetime {
	uint64_t packets, bytes;
	int64_t time;
};

// What both halves of a pair share.
struct esp_policy {
	enum esp_mode mode;
	bool esn;
	bool pad_for_length; // the peer takes TFC padding
	uint32_t window;     // numbers; 0: ESP_WINDOW
	struct esp_lifetime soft, hard;
};

struct esp_in {
	struct aead_key *key;
	const struct aead_alg *alg; // of the key, here so that one is known before the other is fetched
	struct esp_window window;
	uint64_t packets, bytes;
};

struct esp_out {
	struct aead_key *key;
	const struct aead_alg *alg;
	uint64_t number; // the last sequence number used
	uint64_t iv;     // the next counter, where the IV is one
	uint64_t packets, bytes;
	uint32_t spi; // the peer's
};

// In the order of use, because with many pairs each cache line is waited for: a packet in needs the first two (and
// one of the window if it is late), a packet out the second and that of `out`.
struct esp_pair {
	_Alignas(ESP_CACHE_LINE) struct esp_in in;
	_Alignas(ESP_CACHE_LINE) struct selectors *selectors; // owned
	struct selectors_brief brief;                         // of them
	uint64_t owner;                                       // whatever the caller knows it by: the site, the child SA
	int64_t heard;                                        // when a packet last authenticated: life
	uint32_t forged;                                      // in a row
	bool limited;                                         // the policy has a limit at all
	bool soft_told, expired, expired_told;
	struct esp_policy policy; // its limits are in the next line
	int64_t since;            // when the keys came
	uint32_t spi;             // ours
	_Alignas(ESP_CACHE_LINE) struct esp_out out;
	int64_t sent;
	struct esp_window_bits bits; // of in.window, unless that is larger
};

struct esp_packet {
	struct packet bytes;
	struct esp_pair *pair; // in: found by esp_open if NULL; out: by the caller
	uint64_t number;       // its sequence number, high word included
	uint32_t pad_to;     // out: octets the payload is filled up to, in tunnel mode where the peer takes it; 0: none
	uint8_t next_header; // in: what the payload is. out: the same in transport mode, IP_NO_NEXT for a dummy, else 0
	uint8_t outer_tos;   // in: of the datagram it came in. out: what its datagram should carry
	bool newest;         // in: its number is greater than any before
	enum st st;
	struct ip_view ip; // in: of the inner packet; in transport mode protocol, payload and ports alone
};

enum esp_effect_kind {
	ESP_REKEY,   // a soft limit: make another pair
	ESP_EXPIRED, // a hard limit: nothing more is sealed or opened; remove it
};

struct esp_effect {
	enum esp_effect_kind kind;
	uint32_t spi;
	uint64_t owner;
};

// Emptied by the caller. What does not fit is raised again later.
struct esp_effects {
	struct esp_effect *at;
	size_t n, room;
};

struct esp_counters {
	uint64_t by[ST_COUNT]; // by[ST_OK]: opened and delivered to the caller
	uint64_t sealed, resynced;
};

struct esp;

struct esp_place {
	unsigned worker, worker_bits; // the low bits of every SPI
};

// ST_NO_MEMORY, ST_SYSTEM. `e` belongs to the calling thread and must outlive it. The caller owns *out: esp_free, which
// wipes every key.
enum st esp_new(struct aead_engine *e, struct random random, const struct esp_place *place, struct esp **out);
void esp_free(struct esp *esp);
struct esp_counters *esp_counters(struct esp *esp);
size_t esp_pairs(const struct esp *esp);

// A new pair without keys, with an SPI drawn at random (esp_add) or given (esp_add_as, for keys by hand; ST_ESP_RESERVED,
// ST_ESP_SPI: not this worker's, ST_BUSY: taken). ST_FULL, ST_NO_MEMORY, ST_SYSTEM. The table owns it.
enum st esp_add(struct esp *esp, uint64_t owner, struct esp_pair **out);
enum st esp_add_as(struct esp *esp, uint32_t spi, uint64_t owner, struct esp_pair **out);
// Wipes its keys and frees it.
void esp_remove(struct esp *esp, struct esp_pair *p);
struct esp_pair *esp_find(const struct esp *esp, uint32_t spi);
// Asks the cache for what esp_find of this datagram's SPI will look at: for all of a batch, before the first is looked up.
void esp_foresee(const struct esp *esp, struct span datagram);

// The policy, then the keys of each half; the lifetime begins with either. `selectors` is taken over (at ST_OK). ST_BUSY:
// it has keys already, and keys are never changed under a pair. Others as esp_window_init and aead_key_new.
enum st esp_set_policy(struct esp_pair *p, const struct esp_policy *policy, struct selectors *selectors);
enum st esp_set_in(struct esp *esp, struct esp_pair *p, const struct aead_alg *alg, const struct aead_secret *s,
                   int64_t now);
// `before`: how many numbers and counters were used under these keys: 0 for fresh ones.
enum st esp_set_out(struct esp *esp, struct esp_pair *p, const struct aead_alg *alg, const struct aead_secret *s,
                    uint32_t spi, uint64_t before, int64_t now);

// Takes n datagrams (at most ESP_BATCH), each from its SPI on; returns how many came out as inner packets (tunnel mode) or
// payloads (transport mode), in front.
size_t esp_open(struct esp *esp, int64_t now, struct esp_packet **pk, size_t n, struct esp_effects *effects);
// Takes n packets (at most ESP_BATCH) with ESP_HEADROOM and ESP_TAILROOM around them; returns how many are ready to be
// sent, from their SPI on, in front.
size_t esp_seal(struct esp *esp, int64_t now, struct esp_packet **pk, size_t n, struct esp_effects *effects);

// Limits by time: call it now and then; it looks at every pair only when the earliest limit has come.
void esp_tick(struct esp *esp, int64_t now, struct esp_effects *effects);

// Octets that sealing adds at most to `n` octets of payload, the UDP and IP header around it included.
size_t esp_overhead(const struct aead_alg *alg, size_t n, bool outer_v6);
// The largest inner packet whose datagram is no longer than `path_mtu`; 0 when none is.
size_t esp_inner_mtu(const struct aead_alg *alg, size_t path_mtu, bool outer_v6);

#endif
