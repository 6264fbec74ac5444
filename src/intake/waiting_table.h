// SPDX-License-Identifier: Apache-2.0
// The table of the waiting room: who said what without being allowed to, and the raw messages, bounded so that a flood
// cannot push others out. Pure: no clock, no file, no thread. The room's thread owns it; waiting_file.c keeps it on disk.
//
// One *item* is one sender (address and site) with one version, one credential (community, or user and engine) and one
// reason. One *source* is all that may share a place: an IPv4 address, or an IPv6 /64, whose owner has all its addresses.
// At a limit the source that holds the most bytes loses the oldest message of its largest item; among equals the one that
// was not heard for longest. So whoever holds less than the total divided by the number of sources loses nothing.
//
// An inform that is sent again is kept once. Messages that are moving to the journal are neither evicted nor counted
// against a limit.
#ifndef INTAKE_WAITING_TABLE_H
#define INTAKE_WAITING_TABLE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "base/addr.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/span.h"
#include "intake/limits.h"
#include "snmp/v3_late.h"
#include "store/room.h"

// What a worker says of a message it hands over; through the ring it goes as it is, followed by site and bytes.
struct waiting_head {
	int64_t received; // wall, nanoseconds
	struct addr peer, local, listener;
	enum st reason;
	uint16_t index;  // of the listener, for its counters
	uint16_t site_n; // octets of the site's name
	uint8_t transport, worker;
	struct v3_late late; // of ST_TIME_WINDOW, while the process that heard it runs; else without an engine
};

struct waiting_message {
	TAILQ_ENTRY(waiting_message) in_item, unsaved, in_moving;
	struct waiting_message *next; // of the bucket
	struct waiting_item *item;
	struct waiting_head head;
	uint64_t hash; // of its octets
	uint64_t id;
	uint64_t moving; // see store/room.h; 0: it waits
	bool counted;    // received by this process, so one of its counts
	bool saved;      // the file has it
	bool changed;    // and is to get it (again)
	bool restored;   // it was moving when an earlier process ended
	bool put;        // it stands in its worker's ring, which is to be freed
	uint64_t end;    // up to here
	size_t n;
	uint8_t bytes[];
};
TAILQ_HEAD(waiting_messages, waiting_message);

struct waiting_item {
	TAILQ_ENTRY(waiting_item) in_table, in_source, unsaved;
	struct waiting_item *next; // of the bucket
	struct waiting_source *source;
	struct waiting_messages messages; // in the order of arrival
	unsigned kept;                    // how many
	size_t weight;                    // of those that may be evicted
	uint64_t hash, id, count;
	int64_t first, last;
	struct addr peer; // with the port of the last message
	enum st reason;
	uint8_t version;
	bool tunnelled; // the address is one inside the site's tunnel
	bool saved, changed;
	uint8_t *names;                       // memory of
	struct span site, credential, engine; // these
};
TAILQ_HEAD(waiting_items, waiting_item);

// Adjusts the counts that workers made when they handed messages over.
struct waiting_counts {
	_Atomic uint64_t evicted, denied, duplicate;
};

struct waiting_limits {
	size_t bytes, source_bytes;
	unsigned source_items, item_messages;
};

struct waiting_ids {
	uint64_t *list;
	size_t n, room;
};

struct waiting_table {
	struct waiting_limits limits;
	struct hash_key key;
	struct waiting_item **items_by_key; // WAITING_BUCKETS
	struct waiting_source **sources;    // WAITING_BUCKETS
	struct waiting_message **messages;  // WAITING_BUCKETS, by their octets
	struct waiting_source **heap;       // the fullest first
	size_t source_count, heap_room;
	size_t weight; // of what may be evicted
	uint64_t next_item, next_message, heard;
	struct waiting_items items; // in the order of their ids
	unsigned item_count, message_count, moving_count;
	struct waiting_items unsaved_items;
	struct waiting_messages unsaved_messages, moving;
	struct waiting_ids dropped_items, dropped_messages; // the file still has them
	struct waiting_counts counts[INTAKE_LISTENERS];
};

extern const struct waiting_limits waiting_limits_usual;

// ST_NO_MEMORY. `key`: strangers choose what is hashed.
enum st waiting_table_init(struct waiting_table *t, const struct waiting_limits *limits, const struct hash_key *key);
void waiting_table_done(struct waiting_table *t);

// Takes a copy of a message that was handed over. It is kept, or counted as evicted or duplicate.
void waiting_table_add(struct waiting_table *t, const struct waiting_head *head, struct span site, struct span bytes);
// Takes in what the file holds, in its order, before anything is added. false: no memory.
bool waiting_table_restore(struct waiting_table *t, const struct room_item *item, const struct room_message *message);
// NULL: there is none.
struct waiting_item *waiting_table_find(struct waiting_table *t, uint64_t id);
// Removes a message that has an end elsewhere (it was moved); the item too when it was the last.
void waiting_table_remove(struct waiting_table *t, struct waiting_message *m);
// Removes an item and counts its messages as denied. None of them may be moving.
void waiting_table_deny(struct waiting_table *t, struct waiting_item *i);
// Marks a message as moving since the journal's id (0: it waits again).
void waiting_table_move(struct waiting_table *t, struct waiting_message *m, uint64_t moving);
// Whether the file lacks anything.
bool waiting_table_changed(const struct waiting_table *t);

// Reads the room's file into an empty table. What room_read and room_next say, ST_NO_MEMORY.
enum st waiting_load(struct waiting_table *t, struct room *r);
// Writes what changed since the last save. On an error everything stays to be written. What room_commit says, ST_NO_MEMORY.
enum st waiting_save(struct waiting_table *t, struct room *r);

// What a message that was refused says of itself, as far as it can be read. Do not trust it.
struct waiting_hint {
	uint8_t version;
	bool again;                     // an answer is wanted, so it is sent again when none comes
	struct span credential, engine; // views into the message
};
void waiting_look(struct span bytes, struct waiting_hint *out);
// The trap OID of a message in dots; nothing is added when it cannot be read.
void waiting_oid(struct span bytes, struct text *out);

#endif
