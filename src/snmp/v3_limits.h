// SPDX-License-Identifier: Apache-2.0
// The limits of version 3, why, and what happens at each. Those of the messages themselves stand in limits.h.
#ifndef SNMP_V3_LIMITS_H
#define SNMP_V3_LIMITS_H

enum usm_limits {
	USM_KEY_MAX = 64, // octets of a localised key: the longest digest (SHA-512)
	USM_MAC_MAX = 48, // octets of the longest truncated digest (RFC 7860: SHA-512)
	USM_SALT = 8,     // octets of msgPrivacyParameters, exactly (RFC 3414 8.1.1.1, RFC 3826 3.1.2.1)
	USM_IV_MAX = 16,  // octets
	USM_PASSWORD_MAX =
	        1024, // octets; longer: the configuration is refused. Shorter than RFC 3414 11.2's 8 is taken
	USM_ENTRIES_MAX = 10000,   // user entries: two password-to-key runs each, 1 to 5 ms; more: refused
	USM_TIME_WINDOW = 150,     // seconds, RFC 3414 2.2.3
	USM_BOOTS_MAX = 0x7fffffff // an engine that reached it is out of every time window, RFC 3414 2.2.2
};

enum v3_limits {
	V3_SIZE_MIN = 484,        // msgMaxSize; smaller: refused[invalid-msg] (RFC 3412 6)
	V3_CONTEXT_NAME_MAX = 32, // RFC 3411 SnmpAdminString as vacmContextName; longer: refused[ber-length]
	// Octets behind an encrypted ScopedPDU: DES fills up its last block (RFC 3414 8.1.1.2), pysnmp adds 1 to 16 to AES,
	// which wants none; more: refused[decryption-error].
	V3_PADDING_MAX = 16,
	V3_SITE_MAX = 255, // octets of a site's name; longer: cut

	// Engines of one worker. At most about 450 octets each (with one user's keys), so 45 MB for 100,000; nothing is
	// taken before an engine was heard. At the limit the one heard longest ago (of a sample of 16) is forgotten.
	V3_ENGINES_MAX = 100000,
	V3_ENGINES_SAMPLE = 16,
	// Addresses of one engine ID at a site: clones and devices that moved. At the limit the one heard longest ago goes.
	V3_SIBLINGS_MAX = 8,
	V3_KEYS_PER_ENGINE = 4, // users of one engine whose localised keys are kept; at the limit the least recent goes
	V3_ENGINE_AGE_DAYS = 400, // not heard for so long: forgotten (as long as the journal keeps by default)

	// Digests of accepted traps of one worker: 8 octets each, 8 MB. Kept until the room is needed, so a quiet fleet is
	// covered for days and not only for the window. At the limit the oldest of its bucket is forgotten, and counted
	// when it was still inside the window.
	V3_REPLAY_MAX = 1 << 20,
	V3_REPLAY_EXPORT = 1 << 16, // the youngest that are written out for the next start
};

#endif
