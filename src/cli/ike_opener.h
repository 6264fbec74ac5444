// SPDX-License-Identifier: Apache-2.0
// IKE out of a capture, opened with the keys of its SAs where they are given. A file of keys has one line for each SA, as
// strongSwan's save-keys plugin and Wireshark (its table ikev2_decryption_table) write them:
//
//     SPI_i, SPI_r, SK_ei, SK_er, CIPHER, SK_ai, SK_ar, INTEGRITY
//
// SPIs and keys in hex, names in quotation marks or not, in Wireshark's words or ours (aes256gcm16, none; aes256, sha256-128).
// A line that begins with # is none.
#ifndef CLI_IKE_OPENER_H
#define CLI_IKE_OPENER_H

#include "base/json.h"
#include "ike/message.h"

enum {
	IKE_KEYS_FILE_MAX = 4 << 20, // octets of a file of keys; larger: refused
	IKE_KEYS_LINE_MAX = 1024,    // of a line; longer: refused
};

struct ike_opener;

// ST_NO_MEMORY, ST_SYSTEM. The caller owns *out: ike_opener_free, which wipes the keys; NULL is fine.
enum st ike_opener_new(struct ike_opener **out);
void ike_opener_free(struct ike_opener *o);
// More keys. ST_SYNTAX: `why` says which line, and no key is taken of what follows it. ST_IO, ST_FULL, ST_NO_MEMORY.
enum st ike_opener_read(struct ike_opener *o, const char *file, struct text *why);
enum st ike_opener_add(struct ike_opener *o, struct span lines, struct text *why);

// A message as it was seen. Views into the datagram and the opener, until the next call.
struct ike_seen {
	struct ike_message m;
	enum st clear; // of the payloads in clear
	// ST_NONE: none is encrypted. ST_OK: `chain` is what was, put together where it came in fragments, and `inner` the first
	// payload of it. ST_IKE_SPI: no key. ST_IKE_FRAGMENT: it is there when the others are. Else why it does not open.
	enum st sealed;
	struct span chain;
	uint8_t inner;
};

// A UDP payload, with the marker of RFC 3948 or without. false: it is no message of IKE.
bool ike_opener_take(struct ike_opener *o, struct span datagram, struct ike_seen *out);

#endif
