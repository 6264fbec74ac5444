// SPDX-License-Identifier: Apache-2.0
// The SNMPv3 engines that were learned, as a list: of the running collector's workers, or of DIR/engines when none runs.
#ifndef DAEMON_ENGINE_ROWS_H
#define DAEMON_ENGINE_ROWS_H

#include "base/json.h"
#include "snmp/v3.h"

struct engine_row {
	struct addr addr;
	int64_t heard; // wall, nanoseconds
	bool known;    // boots and time are
	bool lenient;
	bool shared;          // heard from another address of the same site within a day, too
	uint32_t boots, time; // seconds, as of now
	uint8_t id_n, site_n;
	uint8_t id[SNMP_ENGINE_ID_MAX], site[V3_SITE_MAX];
};

struct engine_rows {
	struct engine_row *row;
	size_t n, room;
	bool bad; // out of memory: some are missing
};

// Adds the engines of one worker; with `only.n` those of that engine ID. To be called on its thread.
void engine_rows_add(struct engine_rows *rows, struct v3_state *s, struct span only, int64_t now, int64_t wall);
// Adds what DIR/engines holds. ST_NONE: there is none; ST_DAMAGED, ST_NEWER, ST_NO_MEMORY, ST_IO, ST_DENIED.
enum st engine_rows_of_file(const char *dir, struct engine_rows *rows);
// Sorts by site, ID and address, and finds which are shared: a clone, or a device that moved.
void engine_rows_sort(struct engine_rows *rows, int64_t wall);
// {"engines":[{...},...]}
void engine_rows_json(const struct engine_rows *rows, struct text *out);
void engine_rows_done(struct engine_rows *rows);

#endif
