// SPDX-License-Identifier: Apache-2.0
// Two passes by libyaml. The first reads events and refuses what a configuration file has no use for before anything is
// built: aliases (they could make a cycle or blow up), anchors, tags, depth, a second document. The second composes the
// document, whose nodes know their line and column.
#include "daemon/config_yaml.h"

#include <string.h>

#include "daemon/limits.h"

struct config_place config_yaml_place(const char *file, const yaml_mark_t *mark)
{
	return (struct config_place){ file, (unsigned)mark->line + 1, (unsigned)mark->column + 1 };
}

// libyaml gives no mark for bytes that are no text, only their offset.
static struct config_place place_of_offset(const char *file, struct span text, size_t offset)
{
	struct config_place at = { file, 1, 1 };
	for (size_t i = 0; i < offset && i < text.n; i++) {
		at.column++;
		if (text.p[i] == '\n') {
			at.line++;
			at.column = 1;
		}
	}
	return at;
}

// The byte of the character with this number (libyaml's index counts characters).
static uint8_t byte_of_index(struct span text, size_t index)
{
	for (size_t i = 0; i < text.n; i++)
		if ((text.p[i] & 0xc0) != 0x80 && index-- == 0)
			return text.p[i];
	return 0;
}

static void complain_syntax(const yaml_parser_t *p, struct span text, const char *file, struct config_report *report)
{
	if (p->error == YAML_MEMORY_ERROR) {
		config_error(report, (struct config_place){ file },
		             "too little memory to read it; nothing was changed");
		return;
	}
	if (p->error == YAML_READER_ERROR) {
		config_error(report, place_of_offset(file, text, p->problem_offset),
		             "a byte that is not text; save the file as UTF-8 without control characters");
		return;
	}
	struct config_place at = config_yaml_place(file, &p->problem_mark);
	if (byte_of_index(text, p->problem_mark.index) == '\t')
		config_error(report, at, "a tab; YAML is indented with spaces only");
	else
		config_error(report, at,
		             "not YAML: %s; look at the quotes, brackets and indentation here and just above",
		             p->problem ? p->problem : "malformed");
}

struct walk {
	const char *file;
	struct config_report *report;
	int depth, documents;
};

static const yaml_char_t *event_anchor(const yaml_event_t *e)
{
	switch (e->type) {
	case YAML_SCALAR_EVENT:
		return e->data.scalar.anchor;
	case YAML_SEQUENCE_START_EVENT:
		return e->data.sequence_start.anchor;
	case YAML_MAPPING_START_EVENT:
		return e->data.mapping_start.anchor;
	default:
		return NULL;
	}
}

static const yaml_char_t *event_tag(const yaml_event_t *e)
{
	switch (e->type) {
	case YAML_SCALAR_EVENT:
		return e->data.scalar.tag;
	case YAML_SEQUENCE_START_EVENT:
		return e->data.sequence_start.tag;
	case YAML_MAPPING_START_EVENT:
		return e->data.mapping_start.tag;
	default:
		return NULL;
	}
}

static bool event_accept(struct walk *w, const yaml_event_t *e)
{
	struct config_place at = config_yaml_place(w->file, &e->start_mark);
	unsigned before = w->report->errors;
	if (e->type == YAML_SEQUENCE_START_EVENT || e->type == YAML_MAPPING_START_EVENT)
		w->depth++;
	else if (e->type == YAML_SEQUENCE_END_EVENT || e->type == YAML_MAPPING_END_EVENT)
		w->depth--;
	if (e->type == YAML_DOCUMENT_START_EVENT && ++w->documents > 1)
		config_error(w->report, at, "a second document begins here; keep one document in the file");
	else if (e->type == YAML_ALIAS_EVENT)
		config_error(w->report, at, "an alias (*name); write the value out where it is needed");
	else if (event_anchor(e))
		config_error(w->report, at, "an anchor (&name); write the value out where it is needed");
	else if (event_tag(e))
		config_error(w->report, at, "a tag (!name); write the value alone");
	else if (w->depth > CONFIG_DEPTH_MAX)
		config_error(w->report, at,
		             "lists and mappings more than %d deep; the grammar needs 4, see trapline.yaml(5)",
		             CONFIG_DEPTH_MAX);
	return w->report->errors == before;
}

static void event_done(yaml_event_t *e)
{
	if (e->type == YAML_SCALAR_EVENT && e->data.scalar.value)
		explicit_bzero(e->data.scalar.value, e->data.scalar.length);
	yaml_event_delete(e);
}

static enum st check_events(struct span text, const char *file, struct config_report *report)
{
	struct walk w = { .file = file, .report = report };
	yaml_parser_t p;
	if (!yaml_parser_initialize(&p))
		return ST_NO_MEMORY;
	yaml_parser_set_input_string(&p, text.p, text.n);
	enum st st = ST_OK;
	for (bool end = false; st == ST_OK && !end;) {
		yaml_event_t e;
		if (!yaml_parser_parse(&p, &e)) {
			complain_syntax(&p, text, file, report);
			st = ST_SYNTAX;
			break;
		}
		end = e.type == YAML_STREAM_END_EVENT;
		if (!event_accept(&w, &e))
			st = ST_SYNTAX;
		event_done(&e);
	}
	yaml_parser_delete(&p);
	return st == ST_OK && w.documents == 0 ? ST_NONE : st;
}

enum st config_yaml_parse(struct span text, const char *file, struct config_report *report, yaml_document_t *out)
{
	enum st st = check_events(text, file, report);
	if (st)
		return st;
	yaml_parser_t p;
	if (!yaml_parser_initialize(&p))
		return ST_NO_MEMORY;
	yaml_parser_set_input_string(&p, text.p, text.n);
	if (!yaml_parser_load(&p, out)) {
		complain_syntax(&p, text, file, report);
		st = ST_SYNTAX;
	}
	yaml_parser_delete(&p);
	return st;
}

void config_yaml_done(yaml_document_t *d)
{
	for (yaml_node_t *n = d->nodes.start; n && n < d->nodes.top; n++)
		if (n->type == YAML_SCALAR_NODE && n->data.scalar.value)
			explicit_bzero(n->data.scalar.value, n->data.scalar.length);
	yaml_document_delete(d);
}
