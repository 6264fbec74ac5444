// SPDX-License-Identifier: Apache-2.0
// A message of IKE for people and for programs: who to whom, which exchange, and each payload in its order with what matters
// in it. Nothing that is shown is a key: nonces, public values and proofs are told by their sizes.
#ifndef CLI_IKE_WORDS_H
#define CLI_IKE_WORDS_H

#include "base/addr.h"
#include "cli/ike_opener.h"

struct ike_shown {
	int64_t at; // wall, nanoseconds
	struct addr from, to;
	const struct ike_seen *seen;
};

// Several lines, without a line feed at the end.
void ike_words(const struct ike_shown *s, struct text *out);
// One object.
void ike_words_json(const struct ike_shown *s, struct text *out);

#endif
