// SPDX-License-Identifier: Apache-2.0
// Every limit of src/ike, in one place. Times in nanoseconds.
#ifndef IKE_LIMITS_H
#define IKE_LIMITS_H

#include <stdint.h>

enum {
	IKE_MESSAGE_MAX = 65507 - 4, // octets of a message in one UDP datagram behind the marker
	IKE_CHAIN_MAX = 16384,       // octets of the payloads inside an encrypted message that we send or put together
	IKE_INIT_MAX = 8192,         // octets of an IKE_SA_INIT that is kept until its sender is known
	IKE_NONCE_MIN = 16,          // RFC 7296 3.9
	IKE_NONCE_MAX = 256,         // the same
	IKE_NONCE_OURS = 32,         // at least half the key of every PRF (2.10)
	IKE_ID_MAX = 256,            // octets of an identity
	IKE_COOKIE_MAX = 64,         // RFC 7296 2.6
	IKE_TS_MAX = 8,              // traffic selectors in one list that we keep
	IKE_PROPOSALS_MAX = 16,      // read in one SA payload; more are passed over
	IKE_NOTIFIES_MAX = 32,       // in one message; more is refused
	IKE_DELETES_MAX = 8,         // the same
	IKE_DELETE_SPIS_MAX = 64,    // read from one delete
	IKE_CERTS_MAX = 8,           // the same
	IKE_AUTHORITIES_MAX = 8, // named in a CERTREQ of ours; a peer that asks for more sends its certificate anyway
	IKE_PAYLOADS_MAX = 64,   // in one chain, of whatever kind
	IKE_FRAGMENTS_MAX = 64,  // of one message
	IKE_DATAGRAM = 1232,     // octets of IKE in one datagram: with all headers below IPv6's 1,280
	IKE_FRAGMENT_MIN = 512,  // a shorter limit is not taken
	IKE_CHILDREN_MAX = 16,   // pairs of one IKE SA, those being replaced counted in
	IKE_SITE_SAS = 8,        // IKE SAs of a site, replaced ones too; a new one ends the oldest, a rekey has to wait
	IKE_TRIES = 6,           // sendings of one request: 1, 2, 4, 8, 16, 32 s
	IKE_INIT_ROUNDS = 6,     // COOKIE and INVALID_KE together, RFC 7296 2.6.1
	IKE_HALF_OPEN = 2000,    // unproven peers at once
	IKE_COOKIE_FROM = 64,    // half-open SAs, or failed starts in a second: cookies are asked of everyone
	IKE_COOKIE_ADDRESS = 8,  // the same, of one address: a NAT may hide many sites, so they are asked, not refused
	IKE_HINTS_PER_SECOND =
	        100, // unprotected INVALID_IKE_SPI, INVALID_MAJOR_VERSION to one address: after a restart a NAT with many sites
	IKE_HINTS_ALL = 2000, // the same, to all together
	IKE_PSK_WEAK = 16,    // a shorter shared key is warned of
	IKE_AMPLIFY_NUM = 3,  // an answer to an address that proved nothing is at most 3/2 of the request
	IKE_AMPLIFY_DEN = 2,
};

#define IKE_SECOND ((int64_t)1000000000)
static const int64_t IKE_FIRST_WAIT = IKE_SECOND; // doubled with every sending
static const int64_t IKE_HALF_OPEN_LIFE = 30 * IKE_SECOND;
static const int64_t IKE_COOKIE_LIFE = 60 * IKE_SECOND; // of the secret; the one before is taken too
static const int64_t IKE_RETRY = 5 * IKE_SECOND;        // after TEMPORARY_FAILURE, RFC 7296 2.25
static const int64_t IKE_GONE = 60 * IKE_SECOND;        // a replaced SA waits so long for its deletion
static const int64_t IKE_AGAIN_FIRST = 2 * IKE_SECOND;  // a site that failed is tried again, doubled up to the next
static const int64_t IKE_AGAIN_MAX = 120 * IKE_SECOND;

#endif
