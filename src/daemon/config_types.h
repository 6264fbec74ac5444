// SPDX-License-Identifier: Apache-2.0
// The types a configuration value may have: what each accepts, and the words for what would be right.
#ifndef DAEMON_CONFIG_TYPES_H
#define DAEMON_CONFIG_TYPES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/json.h"

enum config_type {
	TYPE_TEXT,
	TYPE_NAME,     // of a label, a site, a user: CONFIG_NAME_MAX printable octets
	TYPE_SECRET,   // never printed
	TYPE_PATH,     // relative to the folder of the file it stands in
	TYPE_LISTEN,   // udp:ADDR:PORT or tcp:ADDR:PORT
	TYPE_ENDPOINT, // ADDR:PORT
	TYPE_PREFIX,
	TYPE_ADDRESS,
	TYPE_NUMBER, // 0..max of the key
	TYPE_SIZE,
	TYPE_ENGINE_ID,
	TYPE_AUTH,
	TYPE_PRIV,
	TYPE_LEVEL,
	TYPE_SUITE,   // of ESP
	TYPE_VERSION, // 1 or 2c
	TYPE_OID,     // dotted, or a name that is known
	TYPE_PATTERN, // text with the placeholders of a rule
	TYPE_VERB,    // of a rule
	TYPE_SEVERITY,
	TYPE_SPAN, // of time: 90s, 15m, 1h, 2d, 1w
	TYPE_COUNT
};

struct config_listen {
	bool tcp;
	struct addr addr;
};

// An example of a good value, for complaints.
const char *config_type_example(enum config_type type);
// True when `text` is a value of the type; else *wrong gets "what is wrong; what would be right" (never a secret).
bool config_type_check(enum config_type type, const char *text, uint64_t max, struct text *wrong);

// Values out of text; ST_SYNTAX, and *out changes only on success.
enum st config_parse_listen(const char *text, struct config_listen *out);
enum st config_parse_number(const char *text, uint64_t max, uint64_t *out);
enum st config_parse_span(const char *text, int64_t *seconds); // "90s", "15m", "1h", "2d", "1w"
enum st config_parse_size(const char *text, uint64_t *bytes);  // "50GB", "500 MB", "20GiB", "4096"; 0: no limit

#endif
