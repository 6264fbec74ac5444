// SPDX-License-Identifier: Apache-2.0
// A socket file outlives its process. Whether one is stale is asked by connecting: refused means that nobody listens.
#include "web/socket.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/scoped.h"

enum { BACKLOG = 16, CONTROL_MODE = 0660 };

static enum st refuse(struct text *why, const char *path, const char *what)
{
	enum st st = errno == EACCES || errno == EPERM || errno == EROFS ? ST_DENIED : ST_SYSTEM;
	text_printf(why, "%s: %s: %m", path, what);
	return st;
}

static enum st remove_stale(const struct sockaddr_un *at, struct text *why)
{
	struct stat status;
	if (lstat(at->sun_path, &status) < 0)
		return errno == ENOENT ? ST_OK : refuse(why, at->sun_path, "cannot look at it");
	if (!S_ISSOCK(status.st_mode)) {
		text_printf(why, "%s: this is no socket; move it away, the collector needs the name", at->sun_path);
		return ST_NOT_OURS;
	}
	int scoped(fd_close) fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return refuse(why, at->sun_path, "no socket");
	if (connect(fd, (const struct sockaddr *)at, sizeof *at) == 0 || errno == EAGAIN) {
		text_printf(why, "%s: another collector answers here; stop it first, or use another data folder",
		            at->sun_path);
		return ST_BUSY;
	}
	if (errno != ECONNREFUSED && errno != ENOENT)
		return refuse(why, at->sun_path, "cannot tell whether a collector runs");
	if (unlink(at->sun_path) < 0 && errno != ENOENT)
		return refuse(why, at->sun_path, "cannot remove the socket of a collector that is gone");
	return ST_OK;
}

enum st web_socket_listen(const char *path, int *out, struct text *why)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	if (strlen(path) >= sizeof at.sun_path) {
		text_printf(why,
		            "%s: longer than the %zu octets a unix socket's path may have; use a shorter data folder",
		            path, sizeof at.sun_path - 1);
		return ST_FULL;
	}
	memcpy(at.sun_path, path, strlen(path));
	enum st st = remove_stale(&at, why);
	if (st)
		return st;
	int scoped(fd_close) fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	// Nobody can connect before listen(), so the mode is right from the first connection on.
	if (fd < 0 || bind(fd, (const struct sockaddr *)&at, sizeof at) < 0 || chmod(path, CONTROL_MODE) < 0 ||
	    listen(fd, BACKLOG) < 0)
		return refuse(why, path, "cannot listen");
	*out = fd_give(&fd);
	return ST_OK;
}
