// SPDX-License-Identifier: Apache-2.0
// The engines that proved themselves: learned only after a digest verified, keyed by (site, engine ID, address), each
// with its clock (RFC 3414 2.3 and 3.2 (7b)) and the localised keys of the users it sends as. Bounded and aged. One
// table per worker: no locks.
//
// The same engine ID from two addresses makes two engines ("siblings"), so their clocks do not fight. All times `now`
// are nanoseconds of one clock that does not step.
#ifndef SNMP_ENGINES_H
#define SNMP_ENGINES_H

#include "base/addr.h"
#include "base/hash.h"
#include "base/json.h"
#include "snmp/usm_users.h"

// What we know of a sender's snmpEngineBoots and snmpEngineTime. RFC 3414's latestReceivedEngineTime is `time`; its
// running notion of the time is `time` plus what passed since `at`.
struct engine_clock {
	bool known;
	uint32_t boots, time;
	int64_t at; // when `time` was heard
};

uint32_t engine_clock_time(const struct engine_clock *c, int64_t now);
// RFC 3414 3.2 (7b): whether a message is inside the time window, and the clock after it. *after changes only when the
// message moves the clock forward; an unknown clock takes what it hears. It is for the caller to store it.
bool engine_clock_check(const struct engine_clock *c, int64_t now, uint32_t boots, uint32_t time,
                        struct engine_clock *after);
// RFC 3414 3.2 (7a): whether a message to us, who are authoritative, is inside.
bool engine_clock_own(uint32_t own_boots, uint32_t own_time, uint32_t boots, uint32_t time);

struct engine_key {
	struct engine_key *next; // the most recently used first
	const struct usm_entry *entry;
	uint64_t serial;   // of the entry
	uint8_t extension; // enum usm_extension that worked last
	struct usm_keys keys;
};

struct engine {
	struct engine *next; // of the bucket
	uint64_t hash;       // of site and ID
	struct engine_key *keys;
	struct engine_clock clock;
	int64_t heard;    // the last verified message
	struct addr addr; // port 0
	bool lenient;     // accepted although outside the time window
	uint8_t id_n, site_n;
	uint8_t id[SNMP_ENGINE_ID_MAX];
	uint8_t site[];
};

struct span engine_id(const struct engine *e);
struct span engine_site(const struct engine *e);
// The next engine with the same ID at the same site, under another address; NULL at the end. Start with the first that
// engines_find gave.
struct engine *engine_sibling(const struct engine *e);

// What an engine is found by.
struct engine_name {
	struct span site, id; // at most V3_SITE_MAX and SNMP_ENGINE_ID_MAX octets
	const struct addr *addr;
};

struct engines;

// At most `max` engines. ST_NO_MEMORY. The caller owns *out: engines_free.
enum st engines_new(size_t max, struct hash_key key, struct engines **out);
void engines_free(struct engines *t); // wipes
size_t engines_count(const struct engines *t);
uint64_t engines_evicted(const struct engines *t); // forgotten because the table was full

// The engine, or NULL. *first is the first engine of that site and ID under any address, or NULL.
struct engine *engines_find(const struct engines *t, const struct engine_name *name, struct engine **first);
// Learns an engine that is not there yet. NULL without memory. At a limit another one is forgotten.
struct engine *engines_learn(struct engines *t, int64_t now, const struct engine_name *name);
void engines_forget(struct engines *t, struct engine *e);
// Forgets what was not heard for V3_ENGINE_AGE_DAYS, a part of the table at each call.
void engines_age(struct engines *t, int64_t now);
// Visits every engine; the function may change clock and lenience.
void engines_walk(struct engines *t, void (*visit)(void *arg, struct engine *e), void *arg);

// The keys of an entry at an engine; NULL when they are not kept.
struct engine_key *engine_key_find(const struct engine *e, const struct usm_entry *entry);
// They verified a message: they are the first to be tried next time, and the last to go.
void engine_key_used(struct engine *e, struct engine_key *k);
// Keeps a copy of keys; at V3_KEYS_PER_ENGINE the least recently used goes. NULL without memory.
struct engine_key *engine_key_keep(struct engine *e, const struct usm_entry *entry, const struct usm_keys *keys);
// After a reload, while the old users are still there: keys of entries that are gone or changed are wiped, the others
// point into the new users.
void engines_keep_users(struct engines *t, const struct usm_users *users);

#endif
