// SPDX-License-Identifier: Apache-2.0
// Every limit of ESP and of what is inside it, why, and what happens at it.
#ifndef ESP_LIMITS_H
#define ESP_LIMITS_H

enum esp_limits {
	ESP_BATCH = 64,          // packets a stage works on; callers cut longer runs
	ESP_AHEAD = 4,           // packets that memory is asked for ahead of each of three stages
	ESP_SPI_FIRST = 256,     // RFC 4303 2.1: 1 to 255 are reserved, 0 is never sent
	ESP_SAS_MAX = 1 << 16,   // pairs of one worker; full: ST_FULL
	ESP_WORKER_BITS_MAX = 8, // low bits of an SPI that name the worker; 24 stay random
	ESP_SPI_TRIES = 64,      // random SPIs drawn before one whose slot is free; each fails with 1 in 2 at most
	ESP_WINDOW = 1024,       // replay window: what GRO, several queues and NAT reorder stays inside
	ESP_WINDOW_MIN = 64,     // RFC 4303 3.4.3: 64 is preferred; a smaller wish is raised to it
	ESP_WINDOW_MAX = 65536,  // 8 KB a pair; a greater wish is cut to it
	ESP_SELECTORS_MAX = 64,  // of one pair, both sides together; more: refused
	ESP_HEADROOM = 96,       // octets in front of what is sealed: SPI, number, IV, and an inner IPv6 and UDP header
	ESP_TAILROOM = 64,       // octets behind: padding, trailer, ICV
	ESP_IV_POOL = 1024,      // random octets drawn at a time for IVs that may not be foreseen
	ESP_RESYNC_EVERY =
	        64, // failed integrity checks in a row before other high words are tried, and again after as many
	ESP_RESYNC_TRIES = 2,     // high words tried then (RFC 4303 appendix A3)
	ESP_RESYNC_OCTETS = 2048, // longest packet that is kept for it
	ESP_CACHE_LINE = 64,      // octets
	ESP_EFFECTS = 64,         // what an effect list holds; full: raised again with the SA's next packet or tick
};

enum inner_limits {
	IP_HEADERS_MAX = 8,         // IPv6 extension headers in front of the payload; more: refused
	IP_TOTAL_MAX = 65535,       // octets; jumbograms are refused
	IP_HOPS = 64,               // of what we send
	REASSEMBLY_DATAGRAMS = 128, // of one worker; full: the SA that holds most loses its oldest
	REASSEMBLY_PER_OWNER = 8,   // of one SA; full: its oldest is given up
	REASSEMBLY_FRAGMENTS = 128, // of one datagram; more: given up
	REASSEMBLY_BYTES = 2 << 20, // of one worker, with book-keeping; full: as REASSEMBLY_DATAGRAMS
	REASSEMBLY_SECONDS = 15,    // from the first fragment (RFC 1122 3.3.2 wants a fixed time; RFC 8200 at most 60)
	REASSEMBLY_FRAGMENT_COST = 96, // octets of book-keeping counted for each fragment
};

#endif
