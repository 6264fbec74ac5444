// SPDX-License-Identifier: Apache-2.0
// DIR/waiting/room.db: what waits to be allowed or denied, so that it outlives the process. It holds raw messages, with
// communities in them, so only the service itself may read it (folder 0700, file 0600).
//
// item: one sender that said one kind of thing; message: a raw message of an item, at least one of each item. Every commit is
// durable. `moving` of a message is 0, or the id that the journal's next event had when the message began to move there:
// its event, if there is one, has that id or a later one and names the message's id in event.waiting. Ids rise for ever.
#ifndef STORE_ROOM_H
#define STORE_ROOM_H

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/json.h"
#include "base/span.h"
#include "base/status.h"

#define ROOM_APPLICATION_ID 0x54524c57 // "TRLW"
#define ROOM_VERSION 1

enum room_limits {
	ROOM_WAL_MAX = 8 << 20, // bytes the WAL keeps when it starts again
};

struct room_item {
	uint64_t id, count;
	int64_t first, last; // wall, nanoseconds
	struct addr peer;    // with the port of the last message
	uint8_t version;     // as on the wire
	enum st reason;      // why it is not in the journal; kept by name
	struct span site, credential, engine;
};

struct room_message {
	uint64_t id, item, moving;
	int64_t received; // wall, nanoseconds
	struct addr peer, local, listener;
	uint8_t transport;
	struct span bytes;
};

struct room;

// Opens or makes DIR/waiting/room.db. ST_DAMAGED and ST_NOT_OURS: room_set_aside helps. ST_NEWER, ST_BUSY, ST_DENIED,
// ST_DISK_FULL, ST_IO; `why` says it in a sentence.
enum st room_open(const char *dir, struct room **out, struct text *why);
// For a reader beside the collector or after it; changes nothing. ST_NONE: there is no room.
enum st room_open_reader(const char *dir, struct room **out, struct text *why);
void room_close(struct room *r); // NULL is fine
// Renames the files to room.db.damaged-N, so that room_open makes a new one and nothing is lost for who looks into it.
enum st room_set_aside(const char *dir, struct text *why);

// Visits every message with its item, by item and then by message id. The function returns false to stop.
typedef bool room_visit_fn(void *arg, const struct room_item *item, const struct room_message *message);
enum st room_read(struct room *r, room_visit_fn *visit, void *arg);
// The ids that the next item and message get.
enum st room_next(struct room *r, uint64_t *item, uint64_t *message);

// One transaction: begin, any number of changes, commit. Once something failed the rest does nothing, and room_commit says
// what it was and has taken everything back. Nothing is durable before room_commit returned ST_OK.
void room_begin(struct room *r);
void room_put_item(struct room *r, const struct room_item *i); // new, or in place of the one with its id
void room_put_message(struct room *r, const struct room_message *m);
void room_drop_item(struct room *r, uint64_t id); // its messages are dropped by the caller
void room_drop_message(struct room *r, uint64_t id);
void room_keep_next(struct room *r, uint64_t item, uint64_t message);
enum st room_commit(struct room *r);
// The sentence of the last failure.
const char *room_error(const struct room *r);

#endif
