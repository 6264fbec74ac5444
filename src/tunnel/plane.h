// SPDX-License-Identifier: Apache-2.0
// The data plane of a tunnel, of one thread: datagrams of 2797 and 4500 in, opened packets out, and the other way. It joins
// the ESP table (esp/), the encapsulation (encap/) and the sites. No sockets and no clock: datagrams and `now`
// (monotonic nanoseconds) in, hooks out. Each worker of `serve` has one, and so have `tunnel --lab` and `join`.
//
// Keys come from outside, as IKE gives them (struct ike_pair); those of the laboratory come in the same form. A site is
// known by its number, the same as IKE's, and nothing a packet claims ever chooses it: the SA does. So two sites with the
// same addresses inside never mix.
//
// What is opened goes, in this order: to a probe of ours that it answers; into this process, when its destination is one
// of our inner addresses and it is UDP to a port served, or an echo request; to `forward`; else it is dropped and counted.
// Packets of the site leave by its *current* pair: the newest that may send and allows them (RFC 7296 2.8).
//
// Every datagram taken ends as exactly one of the counts of struct plane_counters (plane_sum).
#ifndef TUNNEL_PLANE_H
#define TUNNEL_PLANE_H

#include "crypto/aead.h"
#include "crypto/secret.h"
#include "encap/encap.h"
#include "encap/path.h"
#include "esp/esp.h"
#include "ike/ike.h"
#include "io/udp.h"
#include "tunnel/limits.h"

struct plane;

// A datagram to be sent from way.local to ends.peer. `unchecked`: UDP checksum 0 over IPv4 (draft-00).
struct plane_out {
	struct span bytes; // from the first octet behind the UDP header
	struct encap_ends ends;
	uint16_t listener;
	uint8_t tos; // DSCP; the outer header's
	bool unchecked;
};

// UDP that came out of a tunnel to an address and a port of ours.
struct plane_udp {
	uint32_t site;
	const char *name;     // the site's
	struct addr from, to; // inner
	uint16_t listener;    // of the datagram it came in
	struct span payload;
};

// A whole inner IP packet, or (only where the plane watches) what was said in transport mode, without an IP header; in front of
// it are at least ESP's 16 octets of free room, to be overwritten at will.
struct plane_packet {
	uint32_t site;
	struct packet *bytes;
	const struct ip_view *ip;
	bool transport;
};

enum plane_tell_kind {
	PLANE_TELL_IKE,      // bytes, from ends, listener, framing: for IKE. Without its marker
	PLANE_TELL_HEARD,    // spi: packets authenticate; the first one, then once in PLANE_HEARD_SECONDS
	PLANE_TELL_REKEY,    // spi: a soft limit
	PLANE_TELL_EXPIRED,  // spi: a hard limit; nothing more goes by it
	PLANE_TELL_PROPOSED, // spi, ends, listener: a newer packet came from there; ask the peer before anything moves
	PLANE_TELL_MOVED, // spi, ends: a probe of ours was answered and the site is there now (sites that are not IKE's)
};

struct plane_tell {
	enum plane_tell_kind kind;
	uint32_t site; // but for IKE
	uint32_t spi;
	struct encap_ends ends;
	uint16_t listener;
	enum encap_framing framing;
	struct span bytes;
};

// Called from within the functions of the plane, which they must not call back, but for plane_send_udp. Everything they
// are given is valid during the call only.
struct plane_hooks {
	void *arg;
	// Sends in order; returns how many were sent, the others are lost and counted.
	size_t (*send)(void *arg, const struct plane_out *out, size_t n);
	// false: no room now. The plane holds what is opened and takes nothing more until plane_resume. NULL: no ports served.
	bool (*deliver)(void *arg, const struct plane_udp *udp);
	// n at most PLANE_BATCH, in the order they came. Returns how many the device took; the others are dropped and counted
	// (ST_TUN_WRITE). NULL: so are all, for their own reason.
	size_t (*forward)(void *arg, const struct plane_packet *p, size_t n);
	void (*tell)(void *arg, const struct plane_tell *tell); // NULL: nobody
};

struct plane_config {
	struct aead_engine *engine; // of the same thread; outlives the plane
	struct random random;
	struct esp_place place; // the low bits of every SPI
	uint32_t window;        // replay window of every pair; 0: ESP_WINDOW
	bool watches;           // it only looks: nothing is taken in or answered, everything goes to `forward`
};

// ST_NO_MEMORY, ST_SYSTEM, ST_FULL (place). The caller owns *out: plane_free, which wipes every key.
enum st plane_new(const struct plane_config *config, const struct plane_hooks *hooks, struct plane **out);
void plane_free(struct plane *p);

// Our addresses inside the tunnels, and the UDP ports that are delivered there. ST_FULL.
enum st plane_set_inner(struct plane *p, const struct addr *inner, size_t n);
enum st plane_set_ports(struct plane *p, const uint16_t *ports, size_t n);
// How datagrams of a listener are read. All false before. ST_FULL: no such number.
enum st plane_set_listener(struct plane *p, uint16_t listener, const struct encap_rules *rules);

struct plane_site {
	const char *name;  // copied; at most PLANE_SITE_NAME - 1 octets are kept
	bool ike;          // its keys are IKE's: an address that is proposed is told, not probed here
	int64_t keepalive; // nanoseconds; 0: ENCAP_KEEPALIVE_SECONDS
};

// Makes the site, or changes what it is called; its pairs and counters stay. ST_FULL, ST_NO_MEMORY.
enum st plane_site_set(struct plane *p, uint32_t site, const struct plane_site *what);
// With its pairs, keys and fragments.
void plane_site_remove(struct plane *p, uint32_t site);

// How the peer of a pair is reached.
struct plane_way {
	struct encap_ends ends;
	uint16_t listener;
	enum encap_style style;
	enum encap_framing framing; // of ESP: ENCAP_BARE, ENCAP_EIGHT
	bool natted;     // we are behind a NAT: keepalives are ours, and the peer does not move by its packets
	uint64_t before; // numbers and counters used before under these keys: 0, but for keys by hand
};

// A pair of SAs, in and out. It sends from now on if pair->send_now, otherwise once a packet came on it or the one it
// replaces is gone. ST_NONE: no such site. ST_FULL. Others as esp_add_as, esp_set_in, selectors_new.
enum st plane_pair_up(struct plane *p, int64_t now, uint32_t site, const struct ike_pair *pair,
                      const struct plane_way *way);
void plane_pair_down(struct plane *p, int64_t now, uint32_t spi);
// The peer is reached elsewhere from now on.
void plane_pair_moved(struct plane *p, int64_t now, uint32_t spi, const struct encap_ends *ends, uint16_t listener);
// Whether an inbound SPI is taken.
bool plane_pair_known(const struct plane *p, uint32_t spi);

// Takes n datagrams (at most PLANE_BATCH) of a listener; their octets are worked on in place, so they have to be the
// caller's to write, and stay valid while the plane holds. While plane_held nothing may be given. What is to be said in
// answer is sent by plane_flush.
void plane_input(struct plane *p, int64_t now, uint16_t listener, const struct udp_packet *dg, size_t n);
bool plane_held(const struct plane *p);
// Goes on with what is held, after `deliver` may have room again.
void plane_resume(struct plane *p, int64_t now);

// A UDP datagram inside, to be sealed at the next plane_flush (or before, if much waits). ST_NONE: no such site, or no pair
// that may send. ST_FULL: too large. ST_INNER_ADDRESS: two families. In transport mode the addresses are not sent.
enum st plane_send_udp(struct plane *p, int64_t now, uint32_t site, const struct addr *from, const struct addr *to,
                       struct span payload);
// The same from our inner address, of those of that family the first that the site's SA allows. ST_INNER_ADDRESS: there is none.
enum st plane_send_udp_as_us(struct plane *p, int64_t now, uint32_t site, uint16_t port, const struct addr *to,
                             struct span payload);
// Whole inner packets (n at most PLANE_BATCH, with ESP_HEADROOM and ESP_TAILROOM around them) are sealed in place and sent
// at once, behind what waits. Returns how many were handed to `send`; the others are counted.
size_t plane_send_packets(struct plane *p, int64_t now, uint32_t site, struct packet *const *pk, size_t n);
// Counts a packet that was to be sealed and could not be given: `why`.
void plane_unsealed(struct plane *p, enum st why);
// Seals and sends what waits. Call it at the end of a turn.
void plane_flush(struct plane *p, int64_t now);

// Keepalives, limits by time, old fragments. Sends at once.
void plane_tick(struct plane *p, int64_t now);
int64_t plane_due(const struct plane *p); // INT64_MAX: never

// X(member, name in JSON): the ends of a datagram, but for what was dropped, which is by reason
#define PLANE_ENDS(X)                                                                                                  \
	X(ike, "ike")             /* given to IKE */                                                                   \
	X(keepalive, "keepalive") /* says nothing */                                                                   \
	X(delivered, "delivered") /* into this process */                                                              \
	X(answered, "answered")   /* an echo request */                                                                \
	X(probe, "probe")         /* the answer to a probe of ours */                                                  \
	X(forwarded, "forwarded") /* to a TUN device */                                                                \
	X(fragment, "fragment")   /* kept; the one that completes a packet is counted as that */                       \
	X(held, "held")           /* opened, and there is no room for it now */

struct plane_counters {
	uint64_t received;
#define X(member, name) uint64_t member;
	PLANE_ENDS(X)
#undef X
	uint64_t dropped[ST_COUNT];
	// Beside them.
	uint64_t sent, unsent;       // ESP datagrams; refused by `send`
	uint64_t unsealed[ST_COUNT]; // packets that could not be sealed
	uint64_t keepalives, probes, probes_limited, moved;
	uint64_t fragments_expired, fragments_evicted;
};

const struct plane_counters *plane_counters(struct plane *p);
uint64_t plane_sum(const struct plane_counters *c);
void plane_counters_add(struct plane_counters *to, const struct plane_counters *c);
size_t plane_pairs(const struct plane *p);

// What is known of a site. false: there is none, or (with `at` as a place to go on from) none at or behind *at.
struct plane_site_view {
	uint32_t site;
	const char *name;
	uint32_t pairs, spi; // the inbound SPI of the current pair; 0: none
	const char *suite;   // of it; NULL: none
	struct encap_ends ends;
	bool natted;
	uint64_t packets_in, bytes_in, packets_out, bytes_out; // of ESP, since the process started
	int64_t heard, sent;                                   // monotonic; 0: never
	uint64_t out_number;                                   // of the current pair: the last number used
};
bool plane_site_next(const struct plane *p, uint32_t *at, struct plane_site_view *out);

#endif
