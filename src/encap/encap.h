// SPDX-License-Identifier: Apache-2.0
// What a datagram on 2797, 4500, 2746 or 500 is, and how what we send is framed. One table serves RFC 3948 (a marker of
// four zero bytes in front of IKE, one byte 0xFF as keepalive), draft-huttunen-ipsec-esp-in-udp-00 (bare ESP, an empty
// keepalive), its successor (eight zero bytes in front of ESP) and plain IKE on 500: their bytes can be told apart.
#ifndef ENCAP_ENCAP_H
#define ENCAP_ENCAP_H

#include "base/packet.h"

enum encap_kind { ENCAP_DROP, ENCAP_ESP, ENCAP_IKE };

// How the bytes stood in the datagram; an answer is framed in the same way.
enum encap_framing {
	ENCAP_BARE,     // from the first byte: ESP, or IKE without marker
	ENCAP_MARKER,   // IKE behind four zero bytes
	ENCAP_EIGHT,    // ESP behind eight zero bytes
	ENCAP_FRAMINGS, // how many there are
};

// Of a listener, or of a peer that was seen.
struct encap_rules {
	bool plain;    // port 500: IKE has no marker, and ESP stands behind eight zero bytes or not there at all
	bool unmarked; // an IKE_SA_INIT without marker is taken elsewhere too: a peer with source port 500 sends it so
	bool eight;    // eight zero bytes are taken
};

typedef bool encap_known_fn(void *arg, uint32_t spi);

// Which SPIs are ours. `fn` may remember what it found.
struct encap_known {
	encap_known_fn *fn;
	void *arg;
};

struct encap_verdict {
	enum encap_kind kind;
	enum encap_framing framing;
	enum st why;      // at ENCAP_DROP, to be counted
	struct span body; // from the SPI, or from the IKE header
};

// Looks at bytes only and answers nothing. A keepalive is dropped and counted: it says nothing about life.
struct encap_verdict encap_classify(const struct encap_rules *rules, const struct encap_known *known,
                                    struct span datagram);

// Puts the framing in front. ST_FULL: no headroom (at most ENCAP_FRAME_MAX octets).
enum { ENCAP_FRAME_MAX = 8 };
enum st encap_frame(struct packet *p, enum encap_framing framing);

#endif
