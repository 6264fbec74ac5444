// SPDX-License-Identifier: Apache-2.0
// IKEv2 (RFC 7296), both roles: it keeps sites connected and says which pairs of ESP SAs exist. No sockets and no clock:
// datagrams and `now` (nanoseconds) in, a list of effects out. One thread owns it; Diffie-Hellman and signatures are done
// in place, so that thread is none of those that carry packets.
//
// The caller sends what the effects say, installs and removes pairs, calls ike_tick at ike_due, and tells with ike_heard
// that a pair's packets authenticate.
#ifndef IKE_IKE_H
#define IKE_IKE_H

#include "crypto/cert.h"
#include "crypto/crypto.h"
#include "crypto/secret.h"
#include "ike/payload.h"
#include "ike/suite.h"

// Where a datagram came from or goes to. marked: four zero octets stand in front of IKE (RFC 3948 2.2); the caller takes
// them off and has told by its own port, or its form, whether they were there.
struct ike_path {
	struct addr local, remote;
	bool marked;
};

enum { IKE_NO_SITE = UINT32_MAX };
// Suites taken where nothing is said (bits by enum aead_id): all but those with HMAC-SHA-1, which a site has to ask for.
enum { IKE_AEADS = (1u << AEAD_COUNT) - 1 - (1u << AEAD_AES128_SHA1_96) - (1u << AEAD_AES256_SHA1_96) };

// Spans and names are copied.
struct ike_site {
	const char *name;
	struct ike_identity local, remote;
	struct span psk;               // unused with the next two
	struct credential *credential; // how we prove who we are (RFC 7427), and...
	struct trust *trust;           // ...how the peer does: both or neither; references are kept
	struct span ppk_id, ppk;       // RFC 8784; empty: none
	bool ppk_optional;             // goes on without, where the peer has none
	struct ike_ts_list here, there;
	struct ike_offer ike, esp; // aeads 0: IKE_AEADS
	bool transport;
	bool initiate; // keep it up, from `path`
	struct ike_path path;
	uint8_t address[4]; // inner address handed to the peer that asks; all 0: none
	bool ask_address;   // ask for one
	bool childless;     // start without a pair (RFC 6023)
	bool no_mobike;
	int64_t dpd;                  // 0: none
	int64_t ike_life, child_life; // 0: the defaults; a tenth before, less some jitter, a new one is made
};

struct ike_config {
	struct crypto *crypto;
	struct aead_engine *engine; // of the same thread
	struct random random;
	struct ike_offer ike;        // taken before the site is known, and whatever some site takes; aeads 0: IKE_AEADS
	uint16_t port_natt;          // where a start on port 500 goes on; 0: 4500
	uint32_t half_open;          // 0: IKE_HALF_OPEN
	uint32_t cookie_from;        // 0: IKE_COOKIE_FROM
	size_t datagram;             // octets of IKE in one datagram; 0: IKE_DATAGRAM
	uint8_t token_secret[32];    // RFC 6290; all 0: no tokens. Kept over a restart by the caller
	int64_t (*today)(void *arg); // seconds since 1970, for certificates; NULL: no site has any
	// The form that inbound SPIs of a site have: given one drawn at random, what becomes of it. NULL: as it is.
	uint32_t (*shape)(void *arg, uint32_t site, uint32_t spi);
	void *arg;
};

// A pair of ESP SAs. Keys stand as cipher key, salt, integrity key, in the sizes of `aead`.
enum { IKE_KEYMAT_MAX = AEAD_KEY_MAX + AEAD_SALT_MAX + AEAD_INTEG_MAX };
struct ike_pair {
	uint32_t in, out;  // SPIs
	uint32_t replaces; // the inbound SPI of the pair that it takes over from; 0: none
	const struct aead_alg *aead;
	uint8_t key_in[IKE_KEYMAT_MAX], key_out[IKE_KEYMAT_MAX];
	bool esn, transport;
	bool tfc;      // the peer takes padding
	bool send_now; // send on it at once; otherwise when a packet came on it, or the old pair goes
	bool never;    // it lost against the peer's own new pair and is about to go: it receives alone
	struct ike_ts_list here, there;
};

enum ike_effect_kind {
	IKE_SEND,        // bytes to path
	IKE_PAIR_UP,     // pair, path
	IKE_PAIR_DOWN,   // spi, why
	IKE_PAIR_MOVED,  // spi, path: the peer's address is another one
	IKE_SPI_FREE,    // spi: was taken and is not used
	IKE_SITE_UP,     // path, address when one was handed to us
	IKE_SITE_DOWN,   // why
	IKE_SITE_FAILED, // why: an attempt of ours came to nothing; it is made again by itself
};

struct ike_effect {
	enum ike_effect_kind kind;
	uint32_t site;
	struct ike_path path;
	struct span bytes;
	const struct ike_pair *pair;
	uint32_t spi;
	uint8_t address[4];
	enum st why;
};

// The caller empties it with ike_out_done, which wipes keys. bad: memory ran out and something is missing.
struct ike_out {
	struct ike_effect *at;
	size_t n, room;
	bool bad;
};
void ike_out_done(struct ike_out *out);

struct ike;

// ST_NO_MEMORY, ST_SYSTEM. The caller owns *out: ike_free, which wipes every key.
enum st ike_new(const struct ike_config *config, struct ike **out);
void ike_free(struct ike *ike);

// ST_SHORT: no identity, or half of what certificates need. ST_NO_MEMORY. *id names it from now on.
enum st ike_add_site(struct ike *ike, const struct ike_site *site, uint32_t *id);
// Ends what it has, tells the peer once, and forgets it.
void ike_remove_site(struct ike *ike, int64_t now, uint32_t id, struct ike_out *out);
bool ike_psk_is_weak(struct span psk);

// One datagram without its marker. ST_OK, or why it was dropped, for the counters.
enum st ike_input(struct ike *ike, int64_t now, const struct ike_path *path, struct span datagram, struct ike_out *out);
// When ike_tick wants to be called: INT64_MAX: not at all.
int64_t ike_due(const struct ike *ike);
void ike_tick(struct ike *ike, int64_t now, struct ike_out *out);

// Packets of the pair with this inbound SPI authenticate: life (RFC 7296 2.4).
void ike_heard(struct ike *ike, int64_t now, uint32_t spi);
// The pair is near a limit of packets or bytes, or at it.
void ike_rekey(struct ike *ike, int64_t now, uint32_t spi, struct ike_out *out);
// The IKE SA of a site, by hand.
void ike_rekey_site(struct ike *ike, int64_t now, uint32_t site, struct ike_out *out);
// A newer packet of the pair authenticated from another address: asks the peer there before anything moves. Whether IKE is
// marked does not change with it.
void ike_probe(struct ike *ike, int64_t now, uint32_t spi, const struct ike_path *path, struct ike_out *out);
void ike_close(struct ike *ike, int64_t now, uint32_t site, struct ike_out *out);

struct ike_counters {
	uint64_t by[ST_COUNT];
	uint64_t sas, half_open, pairs;
};
const struct ike_counters *ike_counters(const struct ike *ike);

// For the page and `site list`. false: not up.
struct ike_view {
	struct ike_path path;
	uint64_t spi_here, spi_there;
	struct ike_suite suite;
	bool initiator, nat_here, nat_there, mobike, fragments;
	int64_t since;
	uint32_t pairs, rekeys;
};
bool ike_look(const struct ike *ike, uint32_t site, struct ike_view *out);

#endif
