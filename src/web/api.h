// SPDX-License-Identifier: Apache-2.0
// The HTTP API on DIR/control, a unix socket that file permission guards (mode 0660). What it serves is a table of routes
// given by the daemon; a route runs on the API's one thread.
#ifndef WEB_API_H
#define WEB_API_H

#include <stddef.h>
#include <stdint.h>

#include "base/json.h"
#include "base/status.h"

struct api_request {
	const char *method, *path;
	struct span body; // empty when there is none
	int64_t uid;      // the user who asks, as the kernel says it (SO_PEERCRED); -1: it does not
};

// Fills `body` with JSON and returns the HTTP status. Must not block for long: requests wait for each other.
typedef unsigned api_route_fn(void *arg, const struct api_request *request, struct text *body);

struct api_route {
	const char *method, *path; // "GET", "/api/v1/status"; a path that ends with "/*" is everything below
	api_route_fn *run;
};

struct api;

// Makes DIR/control and binds it; a socket that nobody answers on is replaced. No thread is started, so it may come before
// lock-in. ST_BUSY: another collector answers there; ST_DENIED, ST_SYSTEM; `why` says it in a sentence.
enum st api_open(const char *dir, struct api **out, struct text *why);
// Starts the thread and begins to answer. `routes` (ending with a row whose path is NULL) must outlive the API.
enum st api_start(struct api *api, const struct api_route *routes, void *arg, struct text *why);
// Ends the thread, waits for a request that is running, removes the socket. NULL and a never started API are fine.
void api_stop(struct api *api);

// {"error": text} as the body of an answer; returns `status`.
unsigned api_error(struct text *body, unsigned status, const char *text);

#endif
