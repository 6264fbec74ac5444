// SPDX-License-Identifier: Apache-2.0
// YAML nodes into settings, by the key table: unknown and doubled keys, wrong shapes and wrong types are complained of
// here, and only settings that passed get into the tree. Keys that are not in force are checked like the others.
#include <stdlib.h>
#include <string.h>

#include "daemon/config_tree.h"
#include "daemon/config_yaml.h"
#include "daemon/limits.h"

struct reader {
	const char *file;
	yaml_document_t *document;
	struct config_report *report;
	bool warned[CONFIG_KEYS_MAX]; // of this key not being in force: once a file
	enum st st;
};

static struct config_place place_of(const struct reader *r, const yaml_node_t *n)
{
	return config_yaml_place(r->file, &n->start_mark);
}

static const char *shape_of(const yaml_node_t *n)
{
	return n->type == YAML_MAPPING_NODE    ? "keys with values"
	       : n->type == YAML_SEQUENCE_NODE ? "a list"
	                                       : "a single value";
}

// A plain ~ or null or nothing: YAML's way to say that there is no value.
static bool is_null(const yaml_node_t *n)
{
	const char *v = (const char *)n->data.scalar.value;
	return n->type == YAML_SCALAR_NODE && n->data.scalar.style == YAML_PLAIN_SCALAR_STYLE &&
	       (n->data.scalar.length == 0 || strcmp(v, "~") == 0 || strcmp(v, "null") == 0);
}

static void complain_shape(struct reader *r, const struct config_key *key, const yaml_node_t *n)
{
	const char *is = is_null(n) ? "empty" : shape_of(n);
	const char *one = key->shape == SHAPE_BLOCK || key->shape == SHAPE_BLOCKS ? config_block_example(key->block)
	                                                                          : config_type_example(key->type);
	if (key->shape == SHAPE_ONE)
		config_error(r->report, place_of(r, n), "'%s' is %s; it takes one value, for example %s: %s", key->name,
		             is, key->name, one);
	else if (key->shape == SHAPE_BLOCK)
		config_error(r->report, place_of(r, n), "'%s' is %s; it takes keys with values, for example %s: %s",
		             key->name, is, key->name, one);
	else
		config_error(r->report, place_of(r, n), "'%s' is %s; it takes a list, for example %s: [ %s ]",
		             key->name, is, key->name, one);
}

static void add(struct reader *r, struct setting *in, const struct config_key *key, const yaml_node_t *n,
                const char *text, struct setting **out)
{
	struct setting *s = setting_add(in, key, place_of(r, n), text);
	if (!s)
		r->st = ST_NO_MEMORY;
	if (out)
		*out = s;
}

static void read_value(struct reader *r, struct setting *in, const struct config_key *key, yaml_node_t *n)
{
	const char *v = (const char *)n->data.scalar.value;
	if (strlen(v) != n->data.scalar.length) {
		config_error(r->report, place_of(r, n), "'%s' holds a zero octet; leave it out", key->name);
		return;
	}
	struct text wrong = { 0 };
	if (config_type_check(key->type, v, key->max, &wrong))
		add(r, in, key, n, v, NULL);
	else
		config_error(r->report, place_of(r, n), "%s", text_str(&wrong));
	text_done(&wrong);
}

static void read_block(struct reader *r, struct setting *in, enum config_block block, yaml_node_t *n);

static void read_item(struct reader *r, struct setting *list, const struct config_key *key, yaml_node_t *n)
{
	bool block = key->shape == SHAPE_BLOCKS;
	if (n->type != (block ? YAML_MAPPING_NODE : YAML_SCALAR_NODE) || is_null(n)) {
		config_error(r->report, place_of(r, n), "this entry of '%s' is %s; write for example %s", key->name,
		             is_null(n) ? "empty" : shape_of(n),
		             block ? config_block_example(key->block) : config_type_example(key->type));
		return;
	}
	if (!block) {
		read_value(r, list, key, n);
		return;
	}
	struct setting *s;
	add(r, list, key, n, NULL, &s);
	if (s)
		read_block(r, s, key->block, n);
}

static void read_setting(struct reader *r, struct setting *in, const struct config_key *key, yaml_node_t *n)
{
	static const yaml_node_type_t nodes[] = {
		[SHAPE_ONE] = YAML_SCALAR_NODE,
		[SHAPE_LIST] = YAML_SEQUENCE_NODE,
		[SHAPE_BLOCK] = YAML_MAPPING_NODE,
		[SHAPE_BLOCKS] = YAML_SEQUENCE_NODE,
	};
	if (n->type != nodes[key->shape] || is_null(n)) {
		complain_shape(r, key, n);
		return;
	}
	if (key->shape == SHAPE_ONE) {
		read_value(r, in, key, n);
		return;
	}
	struct setting *s;
	add(r, in, key, n, NULL, &s);
	if (!s)
		return;
	if (key->shape == SHAPE_BLOCK) {
		read_block(r, s, key->block, n);
		return;
	}
	for (yaml_node_item_t *i = n->data.sequence.items.start; i < n->data.sequence.items.top && r->st == ST_OK; i++)
		read_item(r, s, key, yaml_document_get_node(r->document, *i));
}

static void complain_unknown(struct reader *r, enum config_block block, const yaml_node_t *n)
{
	const char *name = n->type == YAML_SCALAR_NODE ? (const char *)n->data.scalar.value : "";
	const struct config_key *near = config_key_near(block, name);
	struct text known = { 0 };
	size_t count;
	const struct config_key *keys = config_keys(&count);
	for (size_t i = 0; i < count; i++)
		if (keys[i].in == block)
			text_printf(&known, "%s%s", known.n ? ", " : "", keys[i].name);
	if (n->type != YAML_SCALAR_NODE)
		config_error(r->report, place_of(r, n), "a key that is %s; a key is one word, here one of %s",
		             shape_of(n), text_str(&known));
	else if (near)
		config_error(r->report, place_of(r, n), "'%.*s' is no key here; did you mean '%s'?", CONFIG_NAME_MAX,
		             name, near->name);
	else
		config_error(r->report, place_of(r, n), "'%.*s' is no key here; the keys are %s", CONFIG_NAME_MAX, name,
		             text_str(&known));
	text_done(&known);
}

static void warn_not_in_force(struct reader *r, const struct config_key *key, const yaml_node_t *n)
{
	size_t count;
	size_t i = (size_t)(key - config_keys(&count));
	if (key->put || r->warned[i])
		return;
	r->warned[i] = true;
	config_warn(r->report, place_of(r, n), "'%s' is accepted but not in force yet in this version", key->name);
}

static void read_block(struct reader *r, struct setting *in, enum config_block block, yaml_node_t *n)
{
	unsigned seen[CONFIG_KEYS_MAX] = { 0 }; // the line of each key
	size_t count;
	const struct config_key *keys = config_keys(&count);
	for (yaml_node_pair_t *p = n->data.mapping.pairs.start; p < n->data.mapping.pairs.top && r->st == ST_OK; p++) {
		yaml_node_t *name = yaml_document_get_node(r->document, p->key);
		const struct config_key *key = name->type == YAML_SCALAR_NODE
		                                       ? config_key_find(block, (const char *)name->data.scalar.value)
		                                       : NULL;
		if (!key) {
			complain_unknown(r, block, name);
			continue;
		}
		unsigned *line = &seen[key - keys];
		if (*line) {
			config_error(r->report, place_of(r, name),
			             "'%s' stands twice; keep one (the first is in line %u)", key->name, *line);
			continue;
		}
		*line = place_of(r, name).line;
		if (!in->key || in->key->put)
			warn_not_in_force(r, key, name);
		read_setting(r, in, key, yaml_document_get_node(r->document, p->value));
	}
}

enum st config_tree_read(struct config_tree *t, struct span text, const char *file, struct config_report *report)
{
	const char *name = config_tree_name(t, file);
	if (!name)
		return ST_NO_MEMORY;
	yaml_document_t document;
	struct reader r = { .file = name, .document = &document, .report = report };
	enum st st = config_yaml_parse(text, name, report, &document);
	if (st)
		return st == ST_SYNTAX ? ST_OK : st;
	yaml_node_t *root = yaml_document_get_root_node(&document);
	if (!root || is_null(root))
		r.st = ST_NONE;
	else if (root->type != YAML_MAPPING_NODE)
		config_error(report, place_of(&r, root), "the file is %s; it takes keys with values, for example %s",
		             shape_of(root), config_block_example(t->top));
	else
		read_block(&r, &t->root, t->top, root);
	config_yaml_done(&document);
	return r.st;
}
