// SPDX-License-Identifier: Apache-2.0
// Talking with the service manager: sd_notify(3), sd_watchdog_enabled(3) and sd_listen_fds(3), without its library.
// Called by the daemon's first thread at start, and for notifications from then on.
//
// The connection is one for the process, like the environment it comes from, and is the only variable of this folder
// that outlives its caller. It is connected before lock-in, since no path can be reached afterwards.
#include "io/system.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/scoped.h"

enum { FIRST_PASSED = 3 }; // SD_LISTEN_FDS_START

static int notify_fd = -1;

// A decimal number of the environment, 0 when absent or malformed.
static uint64_t environment_number(const char *name)
{
	const char *text = getenv(name);
	if (!text || !*text || strspn(text, "0123456789") != strlen(text))
		return 0;
	errno = 0;
	uint64_t v = strtoull(text, NULL, 10);
	return errno ? 0 : v;
}

// "/path" or "@abstract"; the abstract name's first byte is 0 and its end is the address length. 0: not an address.
static socklen_t notify_address(const char *text, struct sockaddr_un *out)
{
	size_t n = strlen(text);
	if ((text[0] != '/' && text[0] != '@') || n < 2 || n >= sizeof out->sun_path)
		return 0;
	*out = (struct sockaddr_un){ .sun_family = AF_UNIX };
	memcpy(out->sun_path, text, n);
	if (text[0] == '@')
		out->sun_path[0] = 0;
	return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n + (text[0] == '/'));
}

void service_open(void)
{
	fd_close(&notify_fd);
	const char *text = getenv("NOTIFY_SOCKET");
	struct sockaddr_un to;
	socklen_t n = text ? notify_address(text, &to) : 0;
	if (n == 0)
		return;
	int scoped(fd_close) fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd >= 0 && connect(fd, (const struct sockaddr *)&to, n) == 0)
		notify_fd = fd_give(&fd);
}

void service_notify(const char *state)
{
	if (notify_fd < 0)
		return;
	int error = errno;
	// A manager that does not listen is its own affair; there is nobody else to tell.
	while (send(notify_fd, state, strlen(state), MSG_NOSIGNAL) < 0 && errno == EINTR)
		;
	errno = error;
}

int64_t service_watchdog_interval(void)
{
	uint64_t usec = environment_number("WATCHDOG_USEC"), pid = environment_number("WATCHDOG_PID");
	if (usec == 0 || usec > INT64_MAX / 1000 || (pid && pid != (uint64_t)getpid()))
		return 0;
	return (int64_t)usec * 1000 / 2;
}

static int option_get(int fd, int name)
{
	int value = -1;
	socklen_t n = sizeof value;
	return getsockopt(fd, SOL_SOCKET, name, &value, &n) < 0 ? -1 : value;
}

// Reads what a passed socket is; false for one that is no use here.
static bool passed_read(int fd, struct passed_socket *out)
{
	int domain = option_get(fd, SO_DOMAIN), type = option_get(fd, SO_TYPE);
	if (domain != AF_INET && domain != AF_INET6)
		return false;
	if (type != SOCK_DGRAM && (type != SOCK_STREAM || option_get(fd, SO_ACCEPTCONN) != 1))
		return false;
	int flags = fcntl(fd, F_GETFL);
	if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0 || fcntl(fd, F_SETFD, FD_CLOEXEC) < 0)
		return false;
	struct sockaddr_storage ss;
	socklen_t n = sizeof ss;
	if (getsockname(fd, (struct sockaddr *)&ss, &n) < 0)
		return false;
	*out = (struct passed_socket){ .fd = fd,
		                       .tcp = type == SOCK_STREAM,
		                       .local = addr_from_sockaddr((const struct sockaddr *)&ss) };
	return true;
}

// The name at the front of "a:b:c"; *names moves behind it.
static void name_next(const char **names, char *out, size_t room)
{
	size_t n = strcspn(*names, ":");
	snprintf(out, room, "%.*s", (int)n, *names);
	*names += n + ((*names)[n] == ':');
}

int service_sockets(struct passed_socket *out, int max)
{
	uint64_t passed = environment_number("LISTEN_FDS");
	const char *names = getenv("LISTEN_FDNAMES");
	if (!names)
		names = "";
	int count = 0;
	if (environment_number("LISTEN_PID") != (uint64_t)getpid() || passed > (uint64_t)sysconf(_SC_OPEN_MAX))
		passed = 0;
	for (int fd = FIRST_PASSED; fd < FIRST_PASSED + (int)passed; fd++) {
		char name[sizeof out->name];
		name_next(&names, name, sizeof name);
		// One that nobody will read is closed: it would only fill up.
		if (count == max || !passed_read(fd, &out[count]))
			close(fd);
		else
			memcpy(out[count++].name, name, sizeof name);
	}
	unsetenv("LISTEN_PID");
	unsetenv("LISTEN_FDS");
	unsetenv("LISTEN_FDNAMES");
	return count;
}
