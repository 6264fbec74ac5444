// SPDX-License-Identifier: Apache-2.0
// Two IKE cores on a virtual clock, and a network between them that can lose, double, delay, reorder and translate. The
// world installs pairs as a tunnel would, and checks at every step that what both ends hold fits together.
#ifndef SCENARIO_WORLD_H
#define SCENARIO_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "ike/ike.h"
#include "ike/limits.h"

enum { SITE, COLL, NODES, PAIRS = 64, FLIGHT = 256 };

struct held {
	struct ike_pair pair;
	bool used;
};

struct node {
	struct ike *ike;
	struct aead_engine *engine;
	struct addr address; // its own; what the network makes of it is world.nat_port
	struct addr last;    // where it last sent from
	uint32_t site;
	bool up;
	unsigned ups, downs, sent, free_spis;
	enum st why;
	struct held pairs[PAIRS];
	uint32_t current; // the inbound SPI of the pair that it sends on
	uint8_t given[4];
};

struct flight {
	int64_t at;
	int to;
	struct ike_path path;
	uint8_t *bytes;
	size_t n;
};

struct world {
	struct crypto *crypto;
	struct node node[NODES];
	struct flight flight[FLIGHT];
	size_t n_flight;
	int64_t now;
	uint64_t seed;
	unsigned loss, twice, jitter; // percent, percent, milliseconds
	uint16_t nat_port;            // what the site's port looks like outside; 0: no NAT
	bool cut;                     // nothing arrives
	// Sees every datagram, may change or refuse it.
	bool (*tap)(struct world *w, int from, uint8_t *bytes, size_t *n);
	unsigned tapped[64]; // for the tap, by whatever it counts
	size_t largest;
};

// What a test may change before the cores are made.
struct setting {
	struct ike_config config[NODES];
	struct ike_site site[NODES];
};

struct setting setting_plain(void);
void world_new(struct world *w, struct setting *s, uint64_t seed);
void world_done(struct world *w);
// A core that was killed begins anew with the same site.
void world_restart(struct world *w, int which, struct setting *s);
// Until `until`, or with `until` 0 until nothing is in flight.
void world_run(struct world *w, int64_t seconds);
void world_settle(struct world *w);
// A packet each way on the pairs in use arrives where it can be opened.
bool world_traffic(struct world *w);
size_t world_pairs(const struct world *w, int which);
void world_act(struct world *w, int which, void (*act)(struct world *w, int which, struct ike_out *out));
struct ike_out *world_out(void);
void world_effects(struct world *w, int which);
uint32_t world_random(struct world *w, uint32_t below);
uint64_t world_count(const struct world *w, int which, enum st st);

#endif
