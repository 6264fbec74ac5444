// SPDX-License-Identifier: Apache-2.0
// For the control run of waiting.py: linked with --wrap=waiting_find_moved, so what an interrupted move left is moved again
// without a look whether it already stands in the journal.
#include "base/json.h"
#include "base/status.h"

struct waiting;

enum st __wrap_waiting_find_moved(struct waiting *w, struct text *why);
enum st __wrap_waiting_find_moved(struct waiting *w, struct text *why)
{
	return ST_OK;
}
