// SPDX-License-Identifier: Apache-2.0
// Complaints about the configuration: "file:line:column: what is wrong; what would be right".
#ifndef DAEMON_CONFIG_REPORT_H
#define DAEMON_CONFIG_REPORT_H

#include "base/json.h"

// Warnings and errors, one a line: "trapline.yaml:12:7: ..."; a warning says so: "trapline.yaml:12:7: warning: ...".
struct config_report {
	struct text text;
	unsigned errors, warnings;
};

// Where a setting stands. `line` 0: not in a file (a flag, a built-in default, a file that cannot be read).
struct config_place {
	const char *file; // as the user named it; owned by the tree
	unsigned line, column;
};

__attribute__((format(printf, 3, 4))) void config_error(struct config_report *r, struct config_place at,
                                                        const char *format, ...);
__attribute__((format(printf, 3, 4))) void config_warn(struct config_report *r, struct config_place at,
                                                       const char *format, ...);

#endif
