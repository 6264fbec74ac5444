// SPDX-License-Identifier: Apache-2.0
// A tree of settings as YAML. Values that are no plain word stand in double quotes, so that they read back unchanged.
#include <ctype.h>
#include <string.h>

#include "daemon/config_tree.h"

static void write_quoted(struct text *out, const char *v)
{
	text_add(out, "\"");
	for (; *v; v++) {
		if (*v == '"' || *v == '\\')
			text_printf(out, "\\%c", *v);
		else if ((unsigned char)*v < 0x20 || *v == 0x7f)
			text_printf(out, "\\x%02x", (unsigned char)*v);
		else
			text_bytes(out, span_of(v, 1));
	}
	text_add(out, "\"");
}

static bool is_plain(const char *v)
{
	bool starts = isalnum((unsigned char)*v) || *v == '/';
	for (const char *c = v; *c; c++)
		if (!isalnum((unsigned char)*c) && !strchr("/._-", *c))
			return false;
	return starts && strcmp(v, "null") != 0;
}

static void write_value(const struct setting *s, bool hide, struct text *out)
{
	if (s->key->type == TYPE_SECRET && hide)
		text_add(out, "\"(hidden)\"");
	else if (s->key->type != TYPE_SECRET && is_plain(s->text))
		text_add(out, s->text);
	else
		write_quoted(out, s->text);
}

static void write_block(const struct setting *in, int indent, bool inside_item, bool hide, struct text *out);

static void write_list(const struct setting *list, bool hide, struct text *out)
{
	text_add(out, list->first ? "[ " : "[");
	for (const struct setting *item = list->first; item; item = item->next) {
		write_value(item, hide, out);
		text_add(out, item->next ? ", " : " ");
	}
	text_add(out, "]\n");
}

static void write_setting(const struct setting *s, int indent, bool hide, struct text *out)
{
	text_printf(out, "%s:", s->key->name);
	if (s->key->shape == SHAPE_ONE) {
		text_add(out, " ");
		write_value(s, hide, out);
		text_add(out, "\n");
	} else if (s->key->shape == SHAPE_LIST) {
		text_add(out, " ");
		write_list(s, hide, out);
	} else if (!s->first) {
		text_add(out, s->key->shape == SHAPE_BLOCK ? " {}\n" : " []\n");
	} else if (s->key->shape == SHAPE_BLOCK) {
		text_add(out, "\n");
		write_block(s, indent + 2, false, hide, out);
	} else {
		text_add(out, "\n");
		for (const struct setting *item = s->first; item; item = item->next) {
			text_printf(out, "%*s- ", indent + 2, "");
			write_block(item, indent + 4, true, hide, out);
		}
	}
}

// `inside_item`: the dash of the list stands where the first key's indentation would.
static void write_block(const struct setting *in, int indent, bool inside_item, bool hide, struct text *out)
{
	if (!in->first)
		text_add(out, inside_item ? "{}\n" : "");
	for (const struct setting *s = in->first; s; s = s->next) {
		if (!inside_item || s != in->first)
			text_printf(out, "%*s", indent, "");
		write_setting(s, indent, hide, out);
	}
}

void config_tree_write(const struct config_tree *t, bool hide, struct text *out)
{
	write_block(&t->root, 0, false, hide, out);
}
