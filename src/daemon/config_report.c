// SPDX-License-Identifier: Apache-2.0
// Writes complaints. What a file holds may be hostile: control characters never reach the terminal.
#include "daemon/config_report.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "daemon/limits.h"

__attribute__((format(printf, 4, 0))) static void complain(struct config_report *r, struct config_place at,
                                                           const char *kind, const char *format, va_list args)
{
	if (r->errors + r->warnings > CONFIG_COMPLAINTS_MAX)
		return;
	if (r->errors + r->warnings == CONFIG_COMPLAINTS_MAX) {
		text_printf(&r->text, "%s: more than %d complaints; the others are not shown\n", at.file,
		            CONFIG_COMPLAINTS_MAX);
		return;
	}
	text_clean(&r->text, span_str(at.file));
	if (at.line)
		text_printf(&r->text, ":%u:%u", at.line, at.column);
	text_printf(&r->text, ": %s", kind);
	char *line = NULL;
	int n = vasprintf(&line, format, args);
	if (n >= 0)
		text_clean(&r->text, span_of(line, (size_t)n));
	else
		r->text.bad = true;
	free(line);
	text_add(&r->text, "\n");
}

void config_error(struct config_report *r, struct config_place at, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	complain(r, at, "", format, args);
	va_end(args);
	r->errors++;
}

void config_warn(struct config_report *r, struct config_place at, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	complain(r, at, "warning: ", format, args);
	va_end(args);
	r->warnings++;
}
