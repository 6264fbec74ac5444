// SPDX-License-Identifier: Apache-2.0
#include "cli/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/scoped.h"
#include "cli/cli.h"

enum { SECRET_ROOM = 2048, OPTION_NAME_MAX = 64 };

static int from_file(const struct args *a, const char *option, const char *path, struct text *out)
{
	char bytes[SECRET_ROOM];
	int scoped(fd_close) fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, bytes, sizeof bytes);
	if (n < 0)
		return args_failed(a, "--%s %s: %s", option, path, strerror(errno));
	if (n > 0 && bytes[n - 1] == '\n')
		n--;
	text_bytes(out, span_of(bytes, (size_t)n));
	explicit_bzero(bytes, sizeof bytes);
	return CLI_DONE;
}

int secret_option(const struct args *a, const char *name, size_t max, struct text *out)
{
	char option[OPTION_NAME_MAX];
	snprintf(option, sizeof option, "%s-file", name);
	const char *given = args_value(a, name), *file = args_value(a, option);
	if (!given && !file)
		return CLI_DONE;
	if (given && file)
		return args_wrong(a, "--%s and --%s: give one of them", name, option);
	if (given)
		text_add(out, given);
	int code = given ? CLI_DONE : from_file(a, option, file, out);
	if (code == CLI_DONE && (out->n == 0 || out->n > max))
		return args_wrong(a, "--%s: 1 to %zu octets", given ? name : option, max);
	return code;
}

void secret_text_done(struct text *t)
{
	if (t->p)
		explicit_bzero(t->p, t->n);
	text_done(t);
}
