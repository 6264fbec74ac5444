// SPDX-License-Identifier: Apache-2.0
// What a new site is told, ready to be put into place.
#ifndef CLI_SITE_H
#define CLI_SITE_H

#include "daemon/config.h"

struct site_text {
	const char *name, *psk;
	const char *collector;          // how it reaches us
	const char *networks, *address; // comma between networks; NULL: none
	const struct config *config;    // ours: identity, inner addresses, the port
	const struct config_identity *theirs;
};

// The command for another Trapline; the key is in a file there.
void site_join(const struct site_text *t, struct text *out);
// A swanctl.conf for strongSwan. Holds the key.
void site_swanctl(const struct site_text *t, struct text *out);

#endif
