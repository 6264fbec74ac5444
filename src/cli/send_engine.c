// SPDX-License-Identifier: Apache-2.0
// The sender's own engine: the authority for its traps (RFC 3414 2.2), the context of its informs. Receivers remember the
// boots of an engine, so they rise at each start and are on disk before anything is sent.
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "base/scoped.h"
#include "cli/cli.h"
#include "base/hex.h"
#include "cli/send.h"
#include "io/system.h"
#include "snmp/engine_id.h"
#include "store/engine_file.h"

// Where it is kept when nobody says (XDG Base Directory). False: nowhere.
static bool default_folder(char out[static SEND_NAME_MAX])
{
	const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
	int n;
	if (state && *state == '/')
		n = snprintf(out, SEND_NAME_MAX, "%s/trapline/sender", state);
	else if (home && *home == '/')
		n = snprintf(out, SEND_NAME_MAX, "%s/.local/state/trapline/sender", home);
	else
		return false;
	return n < SEND_NAME_MAX;
}

// Makes the folder and what is missing above it.
static int make_folders(char *path)
{
	for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = 0;
		int made = mkdir(path, 0700);
		*slash = '/';
		if (made < 0 && errno != EEXIST)
			return -1;
	}
	return mkdir(path, 0700) < 0 && errno != EEXIST ? -1 : 0;
}

static int take_id(const struct args *a, struct text *out)
{
	const char *id = args_value(a, "engine-id");
	if (!id)
		return CLI_DONE;
	if (!hex_read(span_str(id), SNMP_ENGINE_ID_MAX, out) || out->n < SNMP_ENGINE_ID_MIN)
		return args_wrong(a, "--engine-id %s: write %d to %d octets in hex", id, SNMP_ENGINE_ID_MIN,
		                  SNMP_ENGINE_ID_MAX);
	return CLI_DONE;
}

static int folder_of(const struct args *a, const struct text *id, char out[static SEND_NAME_MAX])
{
	const char *given = args_value(a, "state");
	struct text name = { 0 };
	if (given && snprintf(out, SEND_NAME_MAX, "%s", given) >= SEND_NAME_MAX)
		return args_wrong(a, "--state: this path is too long");
	if (!given && !default_folder(out))
		return args_failed(a, "no home directory to keep our engine in; name a folder with --state");
	if (id->n)
		text_hex(&name, span_of(id->p, id->n));
	size_t n = strlen(out);
	bool fits = !id->n || snprintf(out + n, SEND_NAME_MAX - n, "/%s", text_str(&name)) < (int)(SEND_NAME_MAX - n);
	text_done(&name);
	return fits ? CLI_DONE : args_wrong(a, "--state: this path is too long");
}

static int start_locked(const struct args *a, const char *folder, struct span forced, struct send_engine *out)
{
	uint8_t octets[ENGINE_ID_OCTETS], made[ENGINE_ID_MADE];
	struct engine_file file;
	struct text why = { 0 };
	system_random(octets, sizeof octets);
	enum st st = engine_file_start(folder, engine_id_make(octets, made), forced, &file, &why);
	if (st)
		args_failed(a, "%s", why.n ? text_str(&why) : st_text(st));
	text_done(&why);
	if (st)
		return CLI_FAILED;
	memcpy(out->id, file.id, file.id_n);
	out->id_n = file.id_n;
	out->boots = file.boots;
	return CLI_DONE;
}

int send_engine_start(const struct args *a, struct send_engine *out, int *lock)
{
	char folder[SEND_NAME_MAX];
	struct text id = { 0 };
	int code = take_id(a, &id);
	if (code == CLI_DONE)
		code = folder_of(a, &id, folder);
	int scoped(fd_close) fd = -1;
	if (code == CLI_DONE && make_folders(folder) == 0)
		fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (code == CLI_DONE && (fd < 0 || flock(fd, LOCK_EX) < 0))
		code = args_failed(a, "%s: %s; name another folder with --state", folder, strerror(errno));
	if (code == CLI_DONE)
		code = start_locked(a, folder, span_of(id.p, id.n), out);
	text_done(&id);
	if (code == CLI_DONE)
		*lock = fd_give(&fd);
	return code;
}
