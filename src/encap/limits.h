// SPDX-License-Identifier: Apache-2.0
// Every limit of the encapsulation, why, and what happens at it.
#ifndef ENCAP_LIMITS_H
#define ENCAP_LIMITS_H

enum encap_limits {
	ENCAP_KEEPALIVE_SECONDS = 20, // RFC 3948 section 4: the default
	ENCAP_PROPOSALS = 4,   // new addresses of one peer asked at a time; more: the one asked longest ago is given up
	ENCAP_PROBE_BURST = 3, // probes to new addresses of one peer at once; more: not now, counted
	ENCAP_PROBE_SECONDS = 1,       // after which one more may go
	ENCAP_PROBE_AGAIN_MS = 250,    // to the same address, when its packets keep coming and no answer did
	ENCAP_PROBE_WAIT_SECONDS = 10, // after the last probe an answer is no longer taken
};

#endif
