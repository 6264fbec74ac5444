// SPDX-License-Identifier: Apache-2.0
// Rule files: YAML that people write, read by the key table with its complaints, and made into the compiled form of
// alarm/rules.h. Several files are one list, in their order.
#ifndef DAEMON_RULE_FILE_H
#define DAEMON_RULE_FILE_H

#include "daemon/config_report.h"

struct rule_set {
	struct text files; // their names, comma between them
	struct text list;  // the compiled JSON list
	struct text hash;  // of the list, hex; empty without a file, as a state is that never had rules
	size_t count;
};

// ST_OK also when there were complaints: look at report->errors, and then the set is empty. ST_NO_MEMORY. rule_set_done in
// any case.
enum st rule_set_read(const char *const *paths, size_t n, struct rule_set *out, struct config_report *report);
void rule_set_done(struct rule_set *s);
// The note of the EVENT_RULES that brings them into force.
void rule_set_note(const struct rule_set *s, struct text *out);

#endif
