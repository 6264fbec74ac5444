// SPDX-License-Identifier: Apache-2.0
// The counter file of lab_keys.h: "MARK NUMBER\n", the mark of the key and the last number reserved, written in place with
// one pwrite and fdatasync. The line is far shorter than a sector, so it is there whole or as it was.
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "base/scoped.h"
#include "crypto/digest.h"
#include "store/folder.h"
#include "tunnel/lab_keys.h"

enum { LINE = 38 }; // 16 digits, a space, 20 digits, newline

void lab_counter_mark(const struct lab_keys *k, enum lab_end us, char out[static LAB_MARK])
{
	const struct lab_side *they = &k->side[us == LAB_SITE ? LAB_COLLECTOR : LAB_SITE];
	uint8_t sum[DIGEST_MAX];
	struct digest d = digest_begin(&digest_sha256);
	digest_add(&d, span_str("trapline lab counter"));
	digest_add(&d, span_of(they->keymat, sizeof they->keymat));
	digest_end(&d, sum);
	for (size_t i = 0; i < 8; i++)
		(void)snprintf(out + 2 * i, 3, "%02x", sum[i]);
}

static enum st read_number(int fd, const char *mark, uint64_t *out)
{
	char line[LINE + 1] = { 0 }, there[17];
	ssize_t n = pread(fd, line, LINE, 0);
	*out = 0;
	if (n < 0)
		return ST_IO;
	if (n == 0)
		return ST_OK;
	if (n != LINE || sscanf(line, "%16[0-9a-f] %20" SCNu64, there, out) != 2)
		return ST_DAMAGED;
	if (strcmp(there, mark) != 0)
		*out = 0;
	return ST_OK;
}

static enum st reserve(struct lab_counter *c, uint64_t from)
{
	uint64_t block = UINT64_C(1) << c->block_bits, last = c->esn ? UINT64_MAX : UINT32_MAX;
	char line[LINE + 2];
	if (from > last - block)
		return ST_FULL;
	(void)snprintf(line, sizeof line, "%s %020" PRIu64 "\n", c->mark, from + block);
	if (pwrite(c->fd, line, LINE, 0) != LINE || fdatasync(c->fd) < 0)
		return ST_IO;
	c->until = from + block;
	return ST_OK;
}

// A file that was just made has to be found again after a power loss.
static enum st entry_sync(const char *path)
{
	char dir[FOLDER_PATH];
	const char *slash = strrchr(path, '/');
	size_t n = slash ? (size_t)(slash - path) : 1;
	if (n >= sizeof dir)
		return ST_FULL;
	(void)snprintf(dir, sizeof dir, "%.*s", (int)n, slash ? path : ".");
	return folder_sync(n ? dir : "/");
}

enum st lab_counter_open(const char *path, const struct lab_keys *k, enum lab_end us, struct lab_counter *out)
{
	struct lab_counter c = { .esn = k->esn, .block_bits = k->esn ? LAB_BLOCK_BITS : LAB_BLOCK_SHORT_BITS };
	int scoped(fd_close) fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return ST_IO;
	struct flock whole = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	if (fcntl(fd, F_OFD_SETLK, &whole) < 0)
		return errno == EAGAIN || errno == EACCES ? ST_BUSY : ST_IO;
	lab_counter_mark(k, us, c.mark);
	c.fd = fd;
	enum st st = read_number(fd, c.mark, &c.from);
	if (st == ST_OK)
		st = reserve(&c, c.from);
	if (st == ST_OK)
		st = entry_sync(path);
	if (st != ST_OK)
		return st;
	fd_give(&fd);
	*out = c;
	return ST_OK;
}

enum st lab_counter_ahead(struct lab_counter *c, uint64_t used)
{
	if (c->until - used > UINT64_C(1) << (c->block_bits - 1) && used <= c->until)
		return ST_OK;
	return reserve(c, c->until);
}

void lab_counter_close(struct lab_counter *c)
{
	fd_close(&c->fd);
}
