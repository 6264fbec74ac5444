// SPDX-License-Identifier: Apache-2.0
// Octets that a person wrote in hex.
#ifndef BASE_HEX_H
#define BASE_HEX_H

#include <stdbool.h>

#include "base/json.h"

// "80001f88", "0x80001f88", "80 00 1f 88" or "80:00:1f:88", over as many lines as wanted, added to *out. False for
// anything else, and for more than `max` octets.
bool hex_read(struct span written, size_t max, struct text *out);

#endif
