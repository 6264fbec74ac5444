// SPDX-License-Identifier: Apache-2.0
// The control run of the crash tests: a collector that is wrong on purpose. Linked before the store (ld --wrap), it tells
// the writer that a commit is done when it is not, and really commits only every EARLY_ACK_HELD-th. So informs are
// acknowledged before they are durable, and the crash tests must be seen to find that.
#include "store/journal.h"

enum { EARLY_ACK_HELD = 20 };

enum st __real_journal_begin(struct journal *j);
enum st __real_journal_commit(struct journal *j);
enum st __wrap_journal_begin(struct journal *j);
enum st __wrap_journal_commit(struct journal *j);

static unsigned held; // commits since the last real one; only the writer's thread comes here

enum st __wrap_journal_begin(struct journal *j)
{
	return held ? ST_OK : __real_journal_begin(j);
}

enum st __wrap_journal_commit(struct journal *j)
{
	if (++held < EARLY_ACK_HELD)
		return ST_OK;
	held = 0;
	return __real_journal_commit(j);
}
