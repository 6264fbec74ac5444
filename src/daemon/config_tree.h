// SPDX-License-Identifier: Apache-2.0
// The configuration as a tree of checked settings, each with its place in a file. Files are read into trees, trees are
// merged, and one tree is written out again: shown by `check`, or saved as local.yaml.
#ifndef DAEMON_CONFIG_TREE_H
#define DAEMON_CONFIG_TREE_H

#include "base/span.h"
#include "daemon/config_keys.h"
#include "daemon/config_report.h"

struct setting {
	const struct config_key *key; // of the list, for an item of a list; NULL at the root
	struct config_place place;
	char *text; // a value; NULL when it has parts (`first`) or is an empty list
	struct setting *first, *last, *next;
};

struct config_tree {
	enum config_block top; // what its file holds: BLOCK_TOP, or BLOCK_RULE_FILE
	struct setting root;
	char **names; // the files' names that places point to
	size_t name_count;
};

struct config_tree *config_tree_new(void);
void config_tree_free(struct config_tree *t); // wipes secrets; NULL is fine

// Keeps a copy of a file's name for places; NULL: no memory.
const char *config_tree_name(struct config_tree *t, const char *file);
// Reads a file's text into an empty tree. ST_OK also when there were complaints: look at report->errors.
// ST_NONE: the text is empty. ST_NO_MEMORY.
enum st config_tree_read(struct config_tree *t, struct span text, const char *file, struct config_report *report);
// Moves what `more` holds into `t`: list items are appended, values replaced, blocks merged. `more` is empty then.
// ST_NO_MEMORY: nothing was moved.
enum st config_tree_merge(struct config_tree *t, struct config_tree *more);
// Moves those keys of `defaults` into `t` that `t` does not have. ST_NO_MEMORY: none was moved.
enum st config_tree_fill(struct config_tree *t, struct config_tree *defaults);

// The setting of a key among the parts of `in`, or NULL.
struct setting *setting_find(const struct setting *in, const char *key);
void setting_free(struct setting *s);
// Adds a setting at the end; `text` (may be NULL) is copied. NULL: no memory.
struct setting *setting_add(struct setting *in, const struct config_key *key, struct config_place place,
                            const char *text);
// Takes this part out and frees it.
void setting_drop(struct setting *in, struct setting *part);
// Removes a key's setting if it is there.
void setting_remove(struct setting *in, const char *key);

// As YAML that reads back to the same tree. `hide`: secrets are written as "(hidden)".
void config_tree_write(const struct config_tree *t, bool hide, struct text *out);

#endif
