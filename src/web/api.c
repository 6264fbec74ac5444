// SPDX-License-Identifier: Apache-2.0
// libmicrohttpd with one thread and epoll over our own listening socket.
#include "web/api.h"

#include <microhttpd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/scoped.h"
#include "web/limits.h"
#include "web/socket.h"

struct api {
	char *path;
	int fd; // -1 once the daemon owns it
	struct MHD_Daemon *daemon;
	const struct api_route *routes;
	void *arg;
};

// A request while its body comes in.
struct incoming {
	struct text body;
	bool over;
};

enum st api_open(const char *dir, struct api **out, struct text *why)
{
	struct api *api = calloc(1, sizeof *api);
	if (!api || asprintf(&api->path, "%s/control", dir) < 0) {
		free(api);
		return ST_NO_MEMORY;
	}
	enum st st = web_socket_listen(api->path, &api->fd, why);
	if (st) {
		free(api->path);
		free(api);
	} else {
		*out = api;
	}
	return st;
}

unsigned api_error(struct text *body, unsigned status, const char *text)
{
	struct json j = json_of(body);
	json_open(&j, '{');
	json_key_str(&j, "error", text);
	json_close(&j, '}');
	return status;
}

static bool is_path(const char *route, const char *path)
{
	size_t n = strlen(route);
	bool below = n > 1 && route[n - 1] == '*';
	return below ? strncmp(route, path, n - 1) == 0 && path[n - 1] : strcmp(route, path) == 0;
}

static unsigned run_route(const struct api *api, const struct api_request *request, struct text *body)
{
	bool known = false;
	for (const struct api_route *r = api->routes; r->path; r++) {
		if (!is_path(r->path, request->path))
			continue;
		if (strcmp(r->method, request->method) == 0)
			return r->run(api->arg, request, body);
		known = true;
	}
	return known ? api_error(body, MHD_HTTP_METHOD_NOT_ALLOWED, "this path has no such method")
	             : api_error(body, MHD_HTTP_NOT_FOUND, "no such path");
}

static enum MHD_Result answer(struct MHD_Connection *connection, unsigned status, struct text *body)
{
	if (body->bad) {
		text_clear(body);
		status = MHD_HTTP_INTERNAL_SERVER_ERROR;
	}
	// The response takes the text over and frees it.
	struct MHD_Response *response = MHD_create_response_from_buffer(body->n, body->p, MHD_RESPMEM_MUST_FREE);
	if (!response) {
		text_done(body);
		return MHD_NO;
	}
	MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, "application/json");
	enum MHD_Result result = MHD_queue_response(connection, status, response);
	MHD_destroy_response(response);
	return result;
}

static int64_t uid_of(struct MHD_Connection *connection)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
	struct ucred peer;
	socklen_t n = sizeof peer;
	if (!info || getsockopt(info->connect_fd, SOL_SOCKET, SO_PEERCRED, &peer, &n) < 0)
		return -1;
	return peer.uid == (uid_t)-1 ? -1 : (int64_t)peer.uid;
}

static enum MHD_Result handle(void *arg, struct MHD_Connection *connection, const char *path, const char *method,
                              const char *version, const char *data, size_t *n, void **state)
{
	struct api *api = arg;
	struct incoming *in = *state;
	if (!in) {
		*state = calloc(1, sizeof *in);
		return *state ? MHD_YES : MHD_NO;
	}
	if (*n) {
		in->over |= *n > API_BODY_MAX - in->body.n;
		if (!in->over)
			text_bytes(&in->body, span_of(data, *n));
		*n = 0;
		return MHD_YES;
	}
	const struct api_request request = { method, path, span_of(in->body.p, in->body.n), uid_of(connection) };
	struct text body = { 0 };
	unsigned status = in->over ? api_error(&body, MHD_HTTP_CONTENT_TOO_LARGE, "the body is larger than 1 MiB")
	                           : run_route(api, &request, &body);
	return answer(connection, status, &body);
}

static void finished(void *arg, struct MHD_Connection *connection, void **state, enum MHD_RequestTerminationCode why)
{
	struct incoming *in = *state;
	if (in && in->body.p)
		explicit_bzero(in->body.p, in->body.n); // there may be a password in it
	if (in)
		text_done(&in->body);
	free(in);
	*state = NULL;
}

// libmicrohttpd tells of clients that hang up; that is no news.
static void say_nothing(void *arg, const char *format, va_list args)
{
}

enum st api_start(struct api *api, const struct api_route *routes, void *arg, struct text *why)
{
	api->routes = routes;
	api->arg = arg;
	api->daemon = MHD_start_daemon(
	        MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_ITC | MHD_USE_ERROR_LOG, 0, NULL, NULL, handle, api,
	        MHD_OPTION_EXTERNAL_LOGGER, say_nothing, NULL, MHD_OPTION_LISTEN_SOCKET, api->fd,
	        MHD_OPTION_CONNECTION_LIMIT, (unsigned)API_CONNECTIONS_MAX, MHD_OPTION_CONNECTION_TIMEOUT,
	        (unsigned)API_IDLE_SECONDS, MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)API_CONNECTION_BYTES,
	        MHD_OPTION_NOTIFY_COMPLETED, finished, NULL, MHD_OPTION_END);
	if (!api->daemon) {
		text_printf(why, "%s: the control thread does not start", api->path);
		return ST_SYSTEM;
	}
	api->fd = -1;
	return ST_OK;
}

void api_stop(struct api *api)
{
	if (!api)
		return;
	unlink(api->path);
	if (api->daemon)
		MHD_stop_daemon(api->daemon);
	fd_close(&api->fd);
	free(api->path);
	free(api);
}
