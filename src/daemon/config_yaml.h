// SPDX-License-Identifier: Apache-2.0
// The bytes of a configuration file as a checked YAML document.
#ifndef DAEMON_CONFIG_YAML_H
#define DAEMON_CONFIG_YAML_H

#include <yaml.h>

#include "base/span.h"
#include "daemon/config_report.h"

// Parses `text` into *out: one document, at most CONFIG_DEPTH_MAX deep, without aliases, anchors, tags and directives, so
// the document is a tree. ST_SYNTAX with one complaint; ST_NONE when the text holds no document.
enum st config_yaml_parse(struct span text, const char *file, struct config_report *report, yaml_document_t *out);
// Frees the document, wiping every value: some are secrets.
void config_yaml_done(yaml_document_t *d);
struct config_place config_yaml_place(const char *file, const yaml_mark_t *mark);

#endif
