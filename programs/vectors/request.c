// SPDX-License-Identifier: Apache-2.0
#include "request.h"

#include <assert.h>
#include <jansson.h>
#include <stdlib.h>

// A request is jansson's value under another name.
static const json_t *value_of(const struct request *r)
{
	return (const json_t *)(const void *)r;
}

static const json_t *member(const struct request *r, const char *key)
{
	return json_object_get(value_of(r), key);
}

struct request *request_parse(const char *line, size_t n, char why[static REQUEST_WHY])
{
	json_error_t error;
	static_assert(sizeof error.text <= REQUEST_WHY, "its text fits");
	json_t *value = json_loadb(line, n, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &error);
	if (!value)
		memcpy(why, error.text, sizeof error.text);
	return (struct request *)(void *)value;
}

void request_free(struct request *r)
{
	json_decref((json_t *)(void *)r);
}

char *request_id(const struct request *r)
{
	const json_t *id = member(r, "id");
	return id ? json_dumps(id, JSON_ENCODE_ANY | JSON_COMPACT) : NULL;
}

const char *request_string(const struct request *r, const char *key)
{
	return json_string_value(member(r, key));
}

struct span request_text(const struct request *r, const char *key)
{
	return span_of(json_string_value(member(r, key)), json_string_length(member(r, key)));
}

bool request_has(const struct request *r, const char *key)
{
	return member(r, key) != NULL;
}

bool request_number(const struct request *r, const char *key, uint64_t *out)
{
	const json_t *value = member(r, key);
	if (json_is_integer(value) && json_integer_value(value) >= 0) {
		*out = (uint64_t)json_integer_value(value);
		return true;
	}
	const char *text = json_string_value(value);
	size_t n = text ? strlen(text) : 0;
	if (n == 0 || n > 16 || strspn(text, "0123456789abcdefABCDEF") != n)
		return false;
	*out = strtoull(text, NULL, 16);
	return true;
}

bool request_true(const struct request *r, const char *key)
{
	return json_is_true(member(r, key));
}

size_t request_count(const struct request *r, const char *key)
{
	return json_array_size(member(r, key));
}

const struct request *request_at(const struct request *r, const char *key, size_t i)
{
	return (const struct request *)(const void *)json_array_get(member(r, key), i);
}

bool request_hex(const struct request *r, const char *key, uint8_t **out, size_t *n)
{
	static const char digits[] = "0123456789abcdef";
	const char *text = request_string(r, key);
	size_t length = text ? strlen(text) : 1;
	if (length % 2)
		return false;
	uint8_t *octets = calloc(length / 2 + 1, 1);
	for (size_t i = 0; octets && i < length; i++) {
		const char *digit = strchr(digits, text[i] | 0x20);
		if (!digit || !*digit) {
			free(octets);
			return false;
		}
		octets[i / 2] = (uint8_t)(octets[i / 2] << 4 | (digit - digits));
	}
	*out = octets;
	*n = length / 2;
	return octets;
}
