// SPDX-License-Identifier: Apache-2.0
// DIR/local.yaml: what the program itself adds to the configuration (the first community, allowed senders, sites, users).
// Same grammar as the main file. A change is a new file, fsynced and renamed over the old one, under a lock on the folder,
// so that neither a crash nor two programs at once lose an entry.
#ifndef DAEMON_CONFIG_LOCAL_H
#define DAEMON_CONFIG_LOCAL_H

#include "base/json.h"
#include "base/status.h"

struct local_file;

// A key of a new entry and its value, or its values: a NULL-terminated list.
struct local_field {
	const char *key, *value;
	const char *const *values;
};

// Locks DIR and reads DIR/local.yaml, or begins an empty one. ST_SYNTAX when what is there has errors (`why` holds the
// complaints: it is never overwritten), ST_IO, ST_DENIED, ST_BUSY (another program is changing it), ST_NO_MEMORY.
enum st local_file_open(const char *dir, struct local_file **out, struct text *why);
// Adds an entry to the list `list` ("communities", "users", "sites"). ST_SYNTAX with `why` for a key or value that the key
// table refuses; nothing is added then.
enum st local_file_add(struct local_file *l, const char *list, const struct local_field *fields, size_t n,
                       struct text *why);
// Merges what a piece of configuration (YAML; JSON is YAML) says: lists grow, blocks are merged. ST_SYNTAX with the complaints in
// `why`.
enum st local_file_merge(struct local_file *l, const struct text *yaml, struct text *why);
// The entry of a list in which `key` is `value`: whether it is there; its removal; another value for one of its keys. What
// stands in the main file is not seen.
bool local_file_has(const struct local_file *l, const char *list, const char *key, const char *value);
bool local_file_remove(struct local_file *l, const char *list, const char *key, const char *value);
enum st local_file_change(struct local_file *l, const char *list, const char *key, const char *value,
                          const struct local_field *to, struct text *why);
// N letters and digits at random, and a NUL: 5.95 bits each.
void local_random_word(char *out, size_t n);
// Writes the file (mode 0600) and its folder's entry to disk. When it fails the old file stands.
enum st local_file_save(struct local_file *l, struct text *why);
// The same with what stood there when it was opened.
enum st local_file_take_back(struct local_file *l, struct text *why);
void local_file_close(struct local_file *l); // NULL is fine

#endif
