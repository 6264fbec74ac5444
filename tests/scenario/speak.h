// SPDX-License-Identifier: Apache-2.0
// Words that a core would not say by itself, said with true keys or with none, and an ear on the wire that opens what
// passes. It looks into the cores (ike/private.h), and changes nothing there.
#ifndef SCENARIO_SPEAK_H
#define SCENARIO_SPEAK_H

#include "world.h"

#include "ike/private.h"

// The SA of a node in this state. sa_at fails the test when there is none.
struct ike_sa *sa_find(struct world *w, int which, enum ike_state state);
struct ike_sa *sa_at(struct world *w, int which, enum ike_state state);

// One datagram, as it stands. What comes of it lies in world_out() until world_effects.
enum st tell(struct world *w, int to, const struct ike_path *path, struct span bytes);
// A chain of payloads being written; one at a time.
struct ike_writer words(void);
// One message of this SA with its keys, delivered to the other end from where that end expects it.
enum st say(struct world *w, int to, struct ike_sa *sa, uint8_t exchange, bool reply, uint32_t id,
            const struct ike_writer *chain);
enum st say_notify(struct world *w, int to, struct ike_sa *sa, uint8_t exchange, bool reply, uint32_t id,
                   enum ike_notify_type type);
// To the collector, authentic, in a cut of our own.
struct cut {
	uint16_t number, total; // total 0: not a fragment
	uint8_t first;
	struct span text;
	uint8_t beside; // a payload in clear in front; 0: none
	bool critical;
};
enum st say_cut(struct world *w, struct ike_sa *sa, uint32_t id, const struct cut *cut);
// How many datagrams world_out() sends, and the nth without its marker.
size_t sends(void);
struct span sent(size_t n);

// What has passed since overhear(), opened with the keys of whom it goes to.
struct heard {
	int from;
	int64_t at;
	struct ike_path path;
	bool opened;
	struct ike_message m; // spans lie in bytes and room
	size_t n;
	uint8_t bytes[2048], room[2048]; // without the marker
};
enum { HEARD_MAX = 256 };
extern struct heard heard[HEARD_MAX];
extern size_t n_heard;
// `pass` NULL: everything passes.
void overhear(struct world *w, bool (*pass)(struct world *w, const struct heard *h));
// The nth that fits, or NULL; `from` or `exchange` -1: any.
const struct heard *hear(int from, int exchange, bool reply, size_t n);
size_t hear_count(int from, int exchange, bool reply);

// An IKE_SA_INIT of somebody.
struct stranger {
	uint64_t spi;
	struct ike_path path; // as the collector sees it
	struct span nonce, cookie, public, data;
	uint16_t group;
	uint16_t notify;  // one more, with data; 0: none
	uint8_t critical; // the type of one more payload that wants to be known; 0: none
	struct ike_offer offer;
};
struct stranger stranger_new(struct world *w, const char *address);
// *out lies in a buffer of its own until the next call.
struct span stranger_init(const struct stranger *s);
enum st stranger_says(struct world *w, const struct stranger *s);

#endif
