// SPDX-License-Identifier: Apache-2.0
#include "daemon/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/json.h"

enum { LINE_MAX_BYTES = 2048 };

void log_line(enum log_priority priority, const char *format, ...)
{
	static const char *const words[] = { [LOG_IS_ERROR] = "error: ", [LOG_IS_WARNING] = "warning: " };
	char raw[LINE_MAX_BYTES];
	struct text line = { 0 };
	va_list args;
	va_start(args, format);
	vsnprintf(raw, sizeof raw, format, args);
	va_end(args);
	if (getenv("JOURNAL_STREAM"))
		text_printf(&line, "<%d>", priority);
	else if (priority <= LOG_IS_WARNING)
		text_add(&line, words[priority]);
	text_clean(&line, span_str(raw));
	text_add(&line, "\n");
	ssize_t ignored = write(STDERR_FILENO, text_str(&line), line.n);
	(void)ignored;
	text_done(&line);
}
