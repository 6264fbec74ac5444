// SPDX-License-Identifier: Apache-2.0
// Keys by hand, for the laboratory: one file that both ends of a tunnel read, and the counter blocks that one end reserves on
// disk. Used by `trapline tunnel --lab FILE`, by `serve --lab` for sites with lab-keys, and by tests that play the other end.
//
// Keys by hand are no way to run a tunnel: nobody agrees on new ones, so what is recorded today can be read with a key that
// is stolen in years; after a restart old packets are taken again; and if a counter is ever used twice under one key,
// AES-GCM and ChaCha20-Poly1305 lose both secrecy and integrity. Hence the blocks: a counter is written as used, and
// synced, before any number of its block is.
//
// The file: lines of a word and its value, "#" begins a comment. What belongs to an end begins with its name, "collector"
// or "site"; the collector is `serve`.
//
//	suite aes128gcm16                   as in aead.h
//	mode tunnel                         or transport; tunnel when absent
//	esn yes                             extended sequence numbers; yes when absent
//	style rfc3948                       or draft-00; rfc3948 when absent
//	collector.spi 0x00010001            of packets to the collector
//	collector.key HEX                   of packets to the collector: cipher key, salt, integrity key, one behind another
//	collector.address 203.0.113.1:2797  where it is reached; absent: wherever it first speaks from
//	collector.networks 10.99.2.0/24     one or more, by commas: its inner addresses
//	collector.nat no                    it is behind a NAT: it sends keepalives and is followed
//	site.spi ...
#ifndef TUNNEL_LAB_KEYS_H
#define TUNNEL_LAB_KEYS_H

#include "base/json.h"
#include "crypto/secret.h"
#include "tunnel/plane.h"

enum lab_end { LAB_COLLECTOR, LAB_SITE, LAB_ENDS };

struct lab_side {
	uint32_t spi;                   // of packets to it
	uint8_t keymat[IKE_KEYMAT_MAX]; // likewise
	struct addr address;            // port 0: not known
	bool nat;
	struct ike_ts_list networks;
	struct prefix first; // of the networks
};

struct lab_keys {
	const struct aead_alg *aead;
	bool transport, esn;
	enum encap_style style;
	struct lab_side side[LAB_ENDS];
};

enum lab_limits {
	LAB_FILE_MAX = 16 << 10,   // octets of a key file; larger: refused
	LAB_BLOCK_SHORT_BITS = 24, // numbers reserved at a time without ESN: 256 starts; ends then
	LAB_BLOCK_BITS = 32,       // with ESN: minutes at any rate
};

// ST_SYNTAX: *why says the line. Wipe *out with lab_keys_wipe.
enum st lab_keys_parse(struct span text, struct lab_keys *out, struct text *why);
// The same from a file. ST_IO. A file that everybody can read is refused (ST_DENIED).
enum st lab_keys_read(const char *path, struct lab_keys *out, struct text *why);
void lab_keys_wipe(struct lab_keys *k);
bool lab_keys_same(const struct lab_keys *a, const struct lab_keys *b);

// One end's pair and how it reaches the other; wipe the pair. way->before is to be set from a counter.
void lab_keys_pair(const struct lab_keys *k, enum lab_end us, struct ike_pair *pair, struct plane_way *way);

// A name for the key that an end seals with, in hex; it tells nothing of the key.
enum { LAB_MARK = 17 };
void lab_counter_mark(const struct lab_keys *k, enum lab_end us, char out[static LAB_MARK]);

// The numbers that one end has used under its sealing key, in a file of one line. A file that counts for another key is
// begun anew.
struct lab_counter {
	int fd;         // -1: none
	uint64_t from;  // the first number that may be used is behind it
	uint64_t until; // the last one reserved
	uint8_t block_bits;
	bool esn;
	char mark[LAB_MARK];
};

// Opens or makes the file and reserves a block. ST_IO with errno, ST_DAMAGED: not such a file, ST_FULL: every number is
// used. Nobody else may have it open (ST_BUSY).
enum st lab_counter_open(const char *path, const struct lab_keys *k, enum lab_end us, struct lab_counter *out);
// Reserves another block when less than half of the last is left behind `used`. ST_IO: then stop before `until`. ST_FULL.
enum st lab_counter_ahead(struct lab_counter *c, uint64_t used);
void lab_counter_close(struct lab_counter *c);

#endif
