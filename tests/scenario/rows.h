// SPDX-License-Identifier: Apache-2.0
// The rows of the checklist (rows.txt) as tests, a file for each of its parts. They run in one process, whose last test
// says that they took every edge of the table of transitions.
#ifndef SCENARIO_ROWS_H
#define SCENARIO_ROWS_H

#include "speak.h"

struct rows {
	const struct CMUnitTest *tests;
	size_t n;
};
extern const struct rows rows_71, rows_71_fragments, rows_72, rows_72_auth, rows_73, rows_73_ike, rows_limits,
        rows_table;

// Both up, with one IKE SA and one pair each, and traffic goes through.
void rows_up(struct world *w, struct setting *s, uint64_t seed);
void rows_one_of_each(struct world *w);
// What world_act asks of an end: new keys for its pair, or for its IKE SA; whether its peer is alive.
void rows_rekey_pair(struct world *w, int which, struct ike_out *out);
void rows_rekey_ike(struct world *w, int which, struct ike_out *out);
void rows_check_life(struct world *w, int which, struct ike_out *out);
// The lower nonce of an exchange.
struct span rows_lower(const struct heard *q, const struct heard *a);
void rows_wait(struct world *w, int milliseconds);

#endif
