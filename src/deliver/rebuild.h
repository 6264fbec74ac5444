// SPDX-License-Identifier: Apache-2.0
// The state computed again: from the begin of the journal, or where retention has cut it from the oldest snapshot that it
// reaches back to; then compared with the state that is there. The live state is never touched.
#ifndef DELIVER_REBUILD_H
#define DELIVER_REBUILD_H

#include "base/json.h"
#include "base/status.h"

struct rebuild {
	uint64_t from; // the cursor of the snapshot; 1: the whole journal
	uint64_t to;   // the cursor of the state that it was compared with
	uint64_t events, devices, open;
	bool same;
	struct text difference; // the first one: "- " as it is, "+ " as it was computed
};

// Works beside a running collector. `folder`: where its files may stand meanwhile, they are gone when it returns.
// ST_NONE: there is no state, or nothing to compute it from; `why` says which. rebuild_done in any case.
enum st rebuild_compare(const char *dir, const char *folder, struct rebuild *out, struct text *why);
void rebuild_done(struct rebuild *r);

#endif
