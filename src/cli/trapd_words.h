// SPDX-License-Identifier: Apache-2.0
// A line of snmptrapd.conf as words, the way Net-SNMP splits it (snmp_config(5)): blanks part them, quotes of either kind
// and backslashes keep them together, a word that begins with # ends the line.
#ifndef CLI_TRAPD_WORDS_H
#define CLI_TRAPD_WORDS_H

#include "base/json.h"

enum trapd_limits {
	TRAPD_WORDS_MAX = 64,    // of one line; more are left out, and no directive needs so many
	TRAPD_LINE_MAX = 4096,   // octets; longer: reported
	TRAPD_DEPTH_MAX = 8,     // files that include each other; deeper: reported
	TRAPD_FILES_MAX = 256,   // files in all; more: reported
	TRAPD_FILE_MAX = 4 << 20 // octets of one file; larger: refused
};

struct trapd_words {
	size_t n;
	char *word[TRAPD_WORDS_MAX + 1]; // NULL behind the last
	char room[TRAPD_LINE_MAX + TRAPD_WORDS_MAX + 1];
};

// False: the line is too long, or has a NUL in it.
bool trapd_words_of(struct span line, struct trapd_words *out);

#endif
