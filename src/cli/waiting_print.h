// SPDX-License-Identifier: Apache-2.0
// What waits, laid out for a person, from the JSON of the collector.
#ifndef CLI_WAITING_PRINT_H
#define CLI_WAITING_PRINT_H

#include <stdbool.h>
#include <stddef.h>

// One item a line, with a heading. `lines`: an object a line.
void waiting_print_list(const char *lines);
// One item and its messages; false when it is no JSON object.
bool waiting_print_one(const char *object);
// What allow or deny did.
void waiting_print_decision(const char *what, const char *object);

// Ids and counts that `watch` has shown. The caller frees the list.
struct waiting_seen {
	struct waiting_seen_one {
		long long id, count;
	} * list;
	size_t n;
};
// Prints the items that are new or were heard again.
void waiting_print_news(struct waiting_seen *seen, const char *lines, bool json);

#endif
