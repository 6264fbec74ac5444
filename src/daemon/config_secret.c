// SPDX-License-Identifier: Apache-2.0
#include "daemon/config_secret.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/scoped.h"

static size_t read_path(struct config_build *b, const struct setting *s, const char *path,
                        uint8_t out[static CONFIG_SECRET_ROOM])
{
	int scoped(fd_close) fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat status;
	if (fd < 0 || fstat(fd, &status) < 0) {
		config_error(b->report, s->place, "%s: %m; name a file that holds the secret and nothing else", path);
		return 0;
	}
	ssize_t n = S_ISREG(status.st_mode) ? read(fd, out, CONFIG_SECRET_ROOM) : -1;
	if (n < 0) {
		config_error(b->report, s->place,
		             "%s is no readable file; name a file that holds the secret and nothing else", path);
		return 0;
	}
	if (status.st_mode & S_IROTH)
		config_warn(b->report, s->place, "%s can be read by everybody; chmod o= %s", path, path);
	if (n > 0 && out[n - 1] == '\n')
		n--;
	if (n > 0 && out[n - 1] == '\r')
		n--;
	if (n > 0 && n <= CONFIG_SECRET_MAX)
		return (size_t)n;
	config_error(b->report, s->place, "%s holds %s; a secret has 1 to %d octets", path, n ? "too much" : "nothing",
	             CONFIG_SECRET_MAX);
	return 0;
}

// Once for each.
void config_note_folder(struct config_build *b, const char *path)
{
	struct config *c = b->config;
	const char *slash = strrchr(path, '/');
	size_t length = slash ? (size_t)(slash - path) : 1, n = 0;
	const char *folder = slash ? path : ".";
	for (; c->folders && c->folders[n]; n++)
		if (strlen(c->folders[n]) == length && memcmp(c->folders[n], folder, length) == 0)
			return;
	char **more = reallocarray(c->folders, n + 2, sizeof *more);
	if (!more) {
		b->st = ST_NO_MEMORY;
		return;
	}
	c->folders = more;
	more[n] = length ? strndup(folder, length) : strdup("/");
	more[n + 1] = NULL;
	if (!more[n])
		b->st = ST_NO_MEMORY;
}

size_t config_read_secret(struct config_build *b, const struct setting *s, uint8_t out[static CONFIG_SECRET_ROOM])
{
	char *path = config_path(b, s);
	if (!path)
		return 0;
	size_t n = read_path(b, s, path, out);
	config_note_folder(b, path);
	free(path);
	return n;
}
