// SPDX-License-Identifier: Apache-2.0
// Our own engine IDs, RFC 3411 SnmpEngineID: the enterprise number with the high bit set, format 5 (octets), then octets
// that nobody else has. Called by the collector and by `trapline send`, each of which keeps its own for ever.
#ifndef SNMP_ENGINE_ID_H
#define SNMP_ENGINE_ID_H

#include "base/span.h"

enum { ENGINE_ID_OCTETS = 12, ENGINE_ID_MADE = 17 };

// Writes the engine ID that these octets (at random) make, and returns it as a view of `out`.
struct span engine_id_make(const uint8_t octets[static ENGINE_ID_OCTETS], uint8_t out[static ENGINE_ID_MADE]);

#endif
