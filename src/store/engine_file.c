// SPDX-License-Identifier: Apache-2.0
// The file is three lines and a checksum over them:
//
//     trapline engine 1
//     id 80001f8804...
//     boots 17
//     crc 1a2b3c4d
//
// It is read strictly: exactly what engine_write writes, or it is damaged. A lower boots value than the peers remember
// would make them refuse everything this engine says until its clock has caught up, so no value is ever guessed.
#include "store/engine_file.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/scoped.h"
#include "store/folder.h"

enum engine_limits {
	ENGINE_FILE_MAX = 256,
	ENGINE_ID_MIN = 5, // RFC 3411 5, SnmpEngineID
	ENGINE_ID_MAX = 32,
	ENGINE_BOOTS_MAX = 2147483647, // RFC 3414 2.2.2
};

static void engine_text(const struct engine_file *e, struct text *out)
{
	text_add(out, "trapline engine 1\nid ");
	text_hex(out, span_of(e->id, e->id_n));
	text_printf(out, "\nboots %" PRIu32 "\n", e->boots);
	text_printf(out, "crc %08" PRIx32 "\n", crc32c(0, span_of(out->p, out->n)));
}

static int hex_digit(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool hex_bytes(const char *hex, struct engine_file *e)
{
	size_t n = strlen(hex);
	if (n % 2 || n / 2 < ENGINE_ID_MIN || n / 2 > ENGINE_ID_MAX)
		return false;
	for (size_t i = 0; i < n / 2; i++) {
		int high = hex_digit(hex[2 * i]), low = hex_digit(hex[2 * i + 1]);
		if (high < 0 || low < 0)
			return false;
		e->id[i] = (uint8_t)(high << 4 | low);
	}
	e->id_n = (uint8_t)(n / 2);
	return true;
}

// Reads the values, writes them again and compares: whatever is not what we would write is damage.
static enum st engine_parse(struct span file, struct engine_file *out)
{
	char text[ENGINE_FILE_MAX + 1] = { 0 }, hex[2 * ENGINE_ID_MAX + 1];
	struct engine_file e = { 0 };
	if (file.n > ENGINE_FILE_MAX)
		return ST_DAMAGED;
	memcpy(text, file.p, file.n);
	uint32_t crc;
	if (sscanf(text, "trapline engine 1 id %64s boots %10" SCNu32 " crc %8" SCNx32, hex, &e.boots, &crc) != 3 ||
	    !hex_bytes(hex, &e) || e.boots == 0 || e.boots > ENGINE_BOOTS_MAX)
		return ST_DAMAGED;
	struct text again = { 0 };
	engine_text(&e, &again);
	bool same = !again.bad && span_equal(file, span_of(again.p, again.n));
	text_done(&again);
	if (!same)
		return ST_DAMAGED;
	*out = e;
	return ST_OK;
}

enum st engine_file_read(const char *dir, struct engine_file *out, struct text *why)
{
	char path[FOLDER_PATH];
	enum st st = folder_path(dir, "engine", path);
	if (st != ST_OK)
		return st;
	int scoped(fd_close) fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	uint8_t bytes[ENGINE_FILE_MAX + 1];
	ssize_t n = fd < 0 ? -1 : pread(fd, bytes, sizeof bytes, 0);
	if (n < 0) {
		st = errno == ELOOP || errno == EISDIR ? ST_NOT_OURS : folder_errno();
		text_printf(why, "cannot read %s: %s", path, strerror(errno));
		return st;
	}
	st = engine_parse(span_of(bytes, (size_t)n), out);
	if (st != ST_OK)
		text_printf(
		        why,
		        "%s is damaged; nothing was changed. Bring it back from a copy. Without one, remove it: then"
		        " Trapline takes a new engine ID, and senders of v3 informs must learn it",
		        path);
	return st;
}

static enum st engine_write(const char *dir, const struct engine_file *e, struct text *why)
{
	struct text text = { 0 };
	engine_text(e, &text);
	enum st st = text.bad ? ST_NO_MEMORY : folder_replace(dir, "engine", span_of(text.p, text.n));
	if (st != ST_OK)
		text_printf(why, "cannot write %s/engine: %s", dir, strerror(errno));
	text_done(&text);
	return st;
}

static enum st engine_take(struct engine_file *e, struct span id, struct text *why)
{
	if (id.n < ENGINE_ID_MIN || id.n > ENGINE_ID_MAX) {
		text_printf(why, "an engine ID has %d to %d bytes, not %zu", ENGINE_ID_MIN, ENGINE_ID_MAX, id.n);
		return ST_SYNTAX;
	}
	*e = (struct engine_file){ .id_n = (uint8_t)id.n };
	memcpy(e->id, id.p, id.n);
	return ST_OK;
}

enum st engine_file_start(const char *dir, struct span fresh_id, struct span forced_id, struct engine_file *out,
                          struct text *why)
{
	struct engine_file e = { 0 };
	struct text none = { 0 };
	enum st st = engine_file_read(dir, &e, &none);
	if (st == ST_NONE)
		st = engine_take(&e, forced_id.n ? forced_id : fresh_id, why);
	else if (st != ST_OK)
		text_add(why, text_str(&none));
	else if (forced_id.n && !span_equal(forced_id, span_of(e.id, e.id_n)))
		st = engine_take(&e, forced_id, why);
	text_done(&none);
	if (st != ST_OK)
		return st;
	if (e.boots < ENGINE_BOOTS_MAX)
		e.boots++;
	st = engine_write(dir, &e, why);
	if (st == ST_OK)
		*out = e;
	return st;
}
