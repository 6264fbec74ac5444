// SPDX-License-Identifier: Apache-2.0
#include "daemon/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/json.h"

enum { LINE_MAX_BYTES = 2048 };

static void write_line(enum log_priority priority, const char *word, struct span said)
{
	struct text line = { 0 };
	if (getenv("JOURNAL_STREAM"))
		text_printf(&line, "<%d>", priority);
	else
		text_add(&line, word);
	text_clean(&line, said);
	text_add(&line, "\n");
	ssize_t ignored = write(STDERR_FILENO, text_str(&line), line.n);
	(void)ignored;
	text_done(&line);
}

void log_line(enum log_priority priority, const char *format, ...)
{
	char said[LINE_MAX_BYTES];
	va_list args;
	va_start(args, format);
	vsnprintf(said, sizeof said, format, args);
	va_end(args);
	write_line(priority,
	           priority <= LOG_IS_ERROR     ? "error: "
	           : priority == LOG_IS_WARNING ? "warning: "
	                                        : "",
	           span_str(said));
}

void log_complaints(const char *lines)
{
	while (*lines) {
		struct span line = span_of(lines, strcspn(lines, "\n"));
		bool warns = memmem(line.p, line.n, ": warning: ", 11) != NULL;
		write_line(warns ? LOG_IS_WARNING : LOG_IS_ERROR, "", line);
		lines += line.n + (lines[line.n] == '\n');
	}
}
