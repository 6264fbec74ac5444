// SPDX-License-Identifier: Apache-2.0
#include "cli/control.h"

#include <curl/curl.h>
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TIMEOUT_MS = 30000, ANSWER_MAX = 64 << 20 };

static size_t receive(char *bytes, size_t size, size_t n, void *arg)
{
	struct text *body = arg;
	if (n > ANSWER_MAX - body->n)
		return 0;
	text_bytes(body, span_of(bytes, n));
	return body->bad ? 0 : n;
}

static void set_up(CURL *curl, const char *socket, const char *url, const char *post, struct text *body)
{
	curl_easy_setopt(curl, CURLOPT_UNIX_SOCKET_PATH, socket);
	curl_easy_setopt(curl, CURLOPT_URL, url);
	curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http");
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)TIMEOUT_MS);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, receive);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, body);
	if (post)
		curl_easy_setopt(curl, CURLOPT_POSTFIELDS, post);
}

// {"error": "..."} in words.
static void refusal(long status, const struct text *body, struct text *why)
{
	json_t *o = json_loadb(text_str(body), body->n, 0, NULL);
	const char *error = json_string_value(json_object_get(o, "error"));
	if (error)
		text_add(why, error);
	else
		text_printf(why, "the collector refused (%ld): %s", status, text_str(body));
	json_decref(o);
}

static enum st explain(CURL *curl, CURLcode code, const char *socket, const struct text *body, struct text *why)
{
	long status = 0, system = 0;
	curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
	curl_easy_getinfo(curl, CURLINFO_OS_ERRNO, &system);
	if (code == CURLE_OK && status >= 200 && status < 300)
		return ST_OK;
	if (code == CURLE_OK) {
		refusal(status, body, why);
		return ST_IO;
	}
	if (code == CURLE_COULDNT_CONNECT && (system == EACCES || system == EPERM)) {
		text_printf(why, "%s: permission denied; run it as the collector's user or group", socket);
		return ST_DENIED;
	}
	if (code == CURLE_COULDNT_CONNECT) {
		text_printf(why, "no collector answers at %s; start one with: trapline serve", socket);
		return ST_NONE;
	}
	text_printf(why, "%s: %s", socket, curl_easy_strerror(code));
	return ST_IO;
}

enum st control_ask(const char *dir, const char *path, const char *post, struct text *body, struct text *why)
{
	char *socket = NULL, *url = NULL;
	CURL *curl = curl_easy_init();
	enum st st = ST_NO_MEMORY;
	if (curl && asprintf(&socket, "%s/control", dir) >= 0 && asprintf(&url, "http://localhost%s", path) >= 0) {
		set_up(curl, socket, url, post, body);
		st = explain(curl, curl_easy_perform(curl), socket, body, why);
	}
	curl_easy_cleanup(curl);
	free(url);
	free(socket);
	return st;
}
