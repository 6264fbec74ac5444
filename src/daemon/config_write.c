// SPDX-License-Identifier: Apache-2.0
// A tree of settings as YAML. Values that are no plain word stand in double quotes, so that they read back unchanged.
#include <ctype.h>
#include <string.h>

#include "daemon/config_tree.h"

// The character at v, valid UTF-8 (the reader gives nothing else), and how many octets it takes.
static uint32_t character(const char *v, size_t *n)
{
	uint8_t lead = (uint8_t)*v;
	*n = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
	uint32_t c = *n == 1 ? lead : lead & (0x7f >> *n);
	for (size_t i = 1; i < *n && v[i]; i++)
		c = c << 6 | ((uint8_t)v[i] & 0x3f);
	return c;
}

// What YAML 1.1 does not let stand for itself, section 5.1: controls; and 5.4: line breaks, which would become blanks.
static bool must_escape(uint32_t c)
{
	return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x2028 || c == 0x2029 || c == 0xfeff || c == 0xfffe ||
	       c == 0xffff;
}

static void write_quoted(struct text *out, const char *v)
{
	text_add(out, "\"");
	for (size_t n; *v; v += n) {
		uint32_t c = character(v, &n);
		if (c == '"' || c == '\\')
			text_printf(out, "\\%c", (char)c);
		else if (must_escape(c))
			text_printf(out, "\\u%04x", c);
		else
			text_bytes(out, span_of(v, n));
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
