// SPDX-License-Identifier: Apache-2.0
// What the files of the plane share among themselves: sites and pairs (plane_site.c), the way in (plane_in.c), the way out
// (plane_out.c).
#ifndef TUNNEL_PLANE_OWN_H
#define TUNNEL_PLANE_OWN_H

#include "esp/inner.h"
#include "esp/limits.h"
#include "esp/reassembly.h"
#include "tunnel/plane.h"

#define PLANE_SECOND INT64_C(1000000000)

struct plane_pair {
	struct esp_pair *esp;
	struct site *site;
	struct plane_pair *older; // of the site
	int64_t told;             // when the key owner was last told that it is heard; 0: never
	uint32_t replaces;
	bool may_send, never;
	uint16_t listener;
	enum encap_framing framing;
	struct encap_path path;
};

struct site {
	uint32_t number;
	bool ike;
	int64_t keepalive;
	unsigned pair_count;
	struct plane_pair *newest, *current; // current: what packets leave by, selectors aside; NULL: none
	struct addr here, there;             // inner: of the last packet from a proposed address
	struct plane_site_view gone;         // the counts of pairs that are no more
	char name[PLANE_SITE_NAME];
};

// What waits to be sealed.
struct queue {
	struct esp_packet pk[PLANE_BATCH];
	struct plane_pair *pair[PLANE_BATCH]; // NULL: it is gone
	struct encap_ends to[PLANE_BATCH];    // without a port: to the pair's peer
	uint8_t *memory;                      // PLANE_QUEUE
	size_t used;
	unsigned n;
};

// What was opened.
struct opened {
	struct esp_packet pk[PLANE_BATCH];
	struct encap_ends from[PLANE_BATCH];
	struct site *site[PLANE_BATCH]; // NULL: it is gone
	bool transport[PLANE_BATCH];
	struct esp_packet *order[PLANE_BATCH]; // those that are good, in front; a pair that went meanwhile is NULL
	unsigned n, at;                        // at: the next one to be handed on
	uint16_t listener;
	bool held;
	// A packet put together from fragments, which is `at`'s; kept while there is no room.
	bool whole;
	struct ip_view view;
	struct span bytes;
};

struct plane {
	struct plane_config config;
	struct plane_hooks hooks;
	struct esp *esp;
	struct reassembly *reassembly;
	struct esp_pair *found; // by the classification
	struct site **sites;    // by number
	uint32_t site_room;
	struct addr inner[PLANE_INNER];
	unsigned inner_count;
	uint16_t ports[PLANE_PORTS];
	unsigned port_count;
	struct encap_rules rules[PLANE_LISTENERS];
	int64_t ticked;
	uint16_t ip_id;
	struct plane_counters counters;
	struct esp_effects effects;
	struct esp_effect effect[ESP_EFFECTS];
	struct opened in;
	struct queue queue;
	struct plane_packet onward[PLANE_BATCH];
	unsigned onward_count;
	struct packet copy_packet;
	uint8_t *copy; // a packet put together, with room around it, for `forward`
};

struct site *plane_site(const struct plane *p, uint32_t number);
static inline struct plane_pair *plane_pair_of(const struct esp_pair *e)
{
	return (struct plane_pair *)(uintptr_t)e->owner;
}
// Chooses again what packets leave by.
void plane_choose(struct site *s);
// The newest pair of the site that may send this; NULL: none. `any`: one that may send, but not this.
struct plane_pair *plane_pair_for(const struct site *s, const struct ip_view *v);
// The site of a pair is reached elsewhere: with it, all its pairs that were reached where this one was.
void plane_follow(struct plane_pair *q, const struct encap_ends *before, int64_t now);

void plane_tell(struct plane *p, enum plane_tell_kind kind, const struct plane_pair *q, const struct encap_ends *ends,
                uint16_t listener);
// Tells what the limits of the pairs have come to.
void plane_tell_effects(struct plane *p);

// A packet with room around `n` octets, which the caller fills and then pushes; sends what waits when there is none.
// NULL: too large.
struct packet *plane_queue_begin(struct plane *p, int64_t now, size_t n);
// It goes by this pair, to its peer or (to != NULL) elsewhere. It is whole, with its IP header; in transport mode that is
// taken off.
void plane_queue_push(struct plane *p, struct plane_pair *q, const struct encap_ends *to, const struct ip_view *v);
// Asks the site at a new address, by an echo request that carries the token.
void plane_probe(struct plane *p, int64_t now, const struct plane_pair *q, const struct encap_effect *e);
enum { PLANE_PROBE_ID = 0x7470, PLANE_TOKEN = 8 }; // "tp"; octets

#endif
