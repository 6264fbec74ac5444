// SPDX-License-Identifier: Apache-2.0
// DIR/engine: our own SNMP engine ID and boots (RFC 3414 2.3). Text with a checksum; written to a new file, fsynced,
// renamed. A damaged file stops the start and is never replaced: peers remember the old values.
#ifndef STORE_ENGINE_FILE_H
#define STORE_ENGINE_FILE_H

#include <stdint.h>

#include "base/json.h"
#include "base/span.h"
#include "base/status.h"

struct engine_file {
	uint8_t id[32];
	uint8_t id_n;
	uint32_t boots;
};

// Reads DIR/engine, or makes one with `fresh_id` when there is none; raises boots by one and makes that durable before
// it returns (at 2147483647 it stays there, RFC 3414 2.2.2). `forced_id` (may be empty) replaces the ID of a new
// file, and of an old one resets boots to 1 as RFC 3414 wants for a new ID.
enum st engine_file_start(const char *dir, struct span fresh_id, struct span forced_id, struct engine_file *out,
                          struct text *why);
enum st engine_file_read(const char *dir, struct engine_file *out, struct text *why);

#endif
