// SPDX-License-Identifier: Apache-2.0
// A request of trapline-vectors: one JSON object of one line. Only request.c includes jansson, whose names clash with
// those of base/json.h.
#ifndef VECTORS_REQUEST_H
#define VECTORS_REQUEST_H

#include "base/span.h"

struct request;

enum { REQUEST_WHY = 160 }; // the longest that jansson says

// NULL when the line is not JSON, and `why` says it. The caller owns it: request_free.
struct request *request_parse(const char *line, size_t n, char why[static REQUEST_WHY]);
void request_free(struct request *r);
// Its `id`, any JSON value, as JSON text; NULL when it has none. The caller frees it.
char *request_id(const struct request *r);

// Members. Strings and their views live as long as the request; NULL or empty when absent or of another type.
const char *request_string(const struct request *r, const char *key);
struct span request_text(const struct request *r, const char *key);
bool request_has(const struct request *r, const char *key);
bool request_true(const struct request *r, const char *key);
// The objects of a list.
size_t request_count(const struct request *r, const char *key);
const struct request *request_at(const struct request *r, const char *key, size_t i);
// A JSON integer of at least 0, or a string of hex digits. false and *out unchanged otherwise.
bool request_number(const struct request *r, const char *key, uint64_t *out);
// Octets written as hex: false when absent, odd, or not hex. The caller frees *out.
bool request_hex(const struct request *r, const char *key, uint8_t **out, size_t *n);

#endif
