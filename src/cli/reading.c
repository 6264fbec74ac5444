// SPDX-License-Identifier: Apache-2.0
#include "cli/reading.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "cli/cli.h"
#include "cli/place.h"
#include "store/journal.h"

static void tell_lag(const struct reading *r)
{
	struct journal_reader *j = NULL;
	struct text why = { 0 };
	struct fold_row of;
	uint64_t oldest, next;
	if (state_fold_row(r->state, &of) == ST_OK && journal_reader_open(r->dir, &j, &why) == ST_OK &&
	    journal_bounds(j, &oldest, &next) == ST_OK && next > (uint64_t)of.next)
		fprintf(stderr, "newer events that are not in the state yet: %" PRIu64 "\n", next - (uint64_t)of.next);
	journal_reader_close(j);
	text_done(&why);
}

int reading_open(const struct args *a, struct reading *out)
{
	struct text why = { 0 };
	*out = (struct reading){ .args = a };
	if (place_data(a, &out->dir))
		return CLI_FAILED;
	enum st st = state_open_reader(out->dir, STATE_FILE, &out->state, &why);
	if (st == ST_NONE)
		text_printf(&why, "there is no state in %s; the collector makes it", out->dir);
	if (st == ST_OK)
		tell_lag(out);
	int code = st ? args_failed(a, "%s", why.n ? text_str(&why) : st_text(st)) : CLI_DONE;
	text_done(&why);
	return code;
}

void reading_close(struct reading *r)
{
	state_close(r->state);
	free(r->dir);
	*r = (struct reading){ 0 };
}

int reading_code(const struct reading *r, enum st st)
{
	const char *why = state_error(r->state);
	return st ? args_failed(r->args, "%s", *why ? why : st_text(st)) : CLI_DONE;
}

bool reading_id(const struct args *a, const char *text, int64_t *out)
{
	char *end;
	errno = 0;
	*out = strtoll(text, &end, 10);
	if (*text >= '1' && *text <= '9' && !*end && !errno)
		return true;
	args_wrong(a, "'%s' is no id", text);
	return false;
}
