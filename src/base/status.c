// SPDX-License-Identifier: Apache-2.0
#include "base/status.h"

static const struct {
	const char *name, *text;
} statuses[ST_COUNT] = {
#define X(id, name, text) [ST_##id] = { name, text },
	STATUS(X)
#undef X
};

const char *st_name(enum st st)
{
	return (unsigned)st < ST_COUNT ? statuses[st].name : "unknown";
}

const char *st_text(enum st st)
{
	return (unsigned)st < ST_COUNT ? statuses[st].text : "unknown";
}
