// SPDX-License-Identifier: Apache-2.0
// The API over its real socket: routes, bodies, what is refused; a stale socket is replaced and a live one is not.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/scoped.h"
#include "web/api.h"
#include "web/limits.h"

static char dir[] = "/tmp/trapline-api-XXXXXX";

static int enter(void **state)
{
	return mkdtemp(dir) && chdir(dir) == 0 ? 0 : -1;
}

static int leave(void **state)
{
	unlink("control");
	return chdir("/") == 0 ? rmdir(dir) : -1;
}

static int dial(void)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX, .sun_path = "control" };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_true(fd >= 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&at, sizeof at), 0);
	return fd;
}

// One request by hand; the whole answer, headers too.
static void ask(const char *head, size_t body, struct text *answer)
{
	int scoped(fd_close) fd = dial();
	assert_int_equal(send(fd, head, strlen(head), MSG_NOSIGNAL), strlen(head));
	char part[4096];
	memset(part, 'x', sizeof part);
	while (body) {
		ssize_t n = send(fd, part, body < sizeof part ? body : sizeof part, MSG_NOSIGNAL);
		if (n < 0)
			break;
		body -= (size_t)n;
	}
	text_clear(answer);
	for (ssize_t n; (n = recv(fd, part, sizeof part, 0)) > 0;)
		text_bytes(answer, span_of(part, (size_t)n));
}

static unsigned route_hello(void *arg, const struct api_request *request, struct text *body)
{
	++*(int *)arg;
	text_printf(body, "{\"bytes\":%zu}", request->body.n);
	return 200;
}

static unsigned route_bad(void *arg, const struct api_request *request, struct text *body)
{
	body->bad = true;
	return 200;
}

static unsigned route_below(void *arg, const struct api_request *request, struct text *body)
{
	text_printf(body, "{\"path\":\"%s\"}", request->path);
	return 200;
}

static unsigned route_who(void *arg, const struct api_request *request, struct text *body)
{
	text_add(body, request->uid == (int64_t)geteuid() ? "me" : "another");
	return 200;
}

static const struct api_route routes[] = {
	{ "GET", "/below/*", route_below }, { "GET", "/hello", route_hello }, { "POST", "/hello", route_hello },
	{ "GET", "/bad", route_bad },       { "GET", "/who", route_who },     { 0 },
};

static struct api *start(int *calls)
{
	struct api *api = NULL;
	struct text why = { 0 };
	assert_int_equal(api_open(dir, &api, &why), ST_OK);
	assert_int_equal(api_start(api, routes, calls, &why), ST_OK);
	text_done(&why);
	return api;
}

static void test_routes(void **state)
{
	static const struct {
		const char *head;
		size_t body;
		const char *status, *answer;
	} rows[] = {
		{ "GET /hello HTTP/1.0\r\n\r\n", 0, "200", "{\"bytes\":0}" },
		{ "POST /hello HTTP/1.0\r\nContent-Length: 5\r\n\r\n", 5, "200", "{\"bytes\":5}" },
		{ "POST /hello HTTP/1.0\r\nContent-Length: 1048576\r\n\r\n", API_BODY_MAX, "200",
		  "{\"bytes\":1048576}" },
		{ "POST /hello HTTP/1.0\r\nContent-Length: 1048577\r\n\r\n", API_BODY_MAX + 1, "413",
		  "{\"error\":\"the body is larger than 1 MiB\"}" },
		{ "PUT /hello HTTP/1.0\r\n\r\n", 0, "405", "{\"error\":\"this path has no such method\"}" },
		{ "GET /hello/ HTTP/1.0\r\n\r\n", 0, "404", "{\"error\":\"no such path\"}" },
		{ "GET /below/7/x HTTP/1.0\r\n\r\n", 0, "200", "{\"path\":\"/below/7/x\"}" },
		{ "GET /below/ HTTP/1.0\r\n\r\n", 0, "404", "{\"error\":\"no such path\"}" },
		{ "GET /below HTTP/1.0\r\n\r\n", 0, "404", "{\"error\":\"no such path\"}" },
		{ "PUT /below/7 HTTP/1.0\r\n\r\n", 0, "405", "{\"error\":\"this path has no such method\"}" },
		{ "GET / HTTP/1.0\r\n\r\n", 0, "404", "{\"error\":\"no such path\"}" },
		{ "GET /who HTTP/1.0\r\n\r\n", 0, "200", "me" },
		{ "GET /bad HTTP/1.0\r\n\r\n", 0, "500", "\r\n\r\n" },
	};
	int calls = 0;
	struct api *api = start(&calls);
	struct text answer = { 0 };
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		ask(rows[i].head, rows[i].body, &answer);
		const char *text = text_str(&answer);
		size_t n = strlen(text), want = strlen(rows[i].answer);
		if (n < 12 || memcmp(text + 9, rows[i].status, 3) != 0 || n < want ||
		    strcmp(text + n - want, rows[i].answer) != 0)
			fail_msg("row %zu: %s", i, text);
	}
	assert_int_equal(calls, 3);
	text_done(&answer);
	api_stop(api);
}

static void test_garbage_is_survived(void **state)
{
	int calls = 0;
	struct api *api = start(&calls);
	struct text answer = { 0 };
	ask("\x16\x03\x01 not http\r\n\r\n", 0, &answer);
	ask("GET /hello HTTP/1.0\r\nX: ", 2 * API_CONNECTION_BYTES, &answer);
	int idle[3];
	for (size_t i = 0; i < 3; i++)
		idle[i] = dial();
	ask("GET /hello HTTP/1.0\r\n\r\n", 0, &answer);
	assert_non_null(strstr(text_str(&answer), "{\"bytes\":0}"));
	for (size_t i = 0; i < 3; i++)
		close(idle[i]);
	text_done(&answer);
	api_stop(api);
}

static void test_one_collector_a_folder(void **state)
{
	int calls = 0;
	struct text why = { 0 };
	struct api *api = start(&calls), *second = NULL;
	struct stat status;
	assert_int_equal(stat("control", &status), 0);
	assert_int_equal(status.st_mode & 0777, 0660);
	assert_int_equal(api_open(dir, &second, &why), ST_BUSY);
	assert_non_null(strstr(text_str(&why), "another collector answers here"));
	api_stop(api);
	assert_int_not_equal(access("control", F_OK), 0);
	text_done(&why);
}

static void test_a_stale_socket_is_replaced(void **state)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX, .sun_path = "control" };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
	close(fd);
	int calls = 0;
	api_stop(start(&calls));

	struct api *api = NULL; // opened, never started
	struct text why = { 0 };
	assert_int_equal(api_open(dir, &api, &why), ST_OK);
	api_stop(api);
	text_done(&why);
}

static void test_other_files_stay(void **state)
{
	struct text why = { 0 };
	struct api *api = NULL;
	FILE *f = fopen("control", "w");
	fclose(f);
	assert_int_equal(api_open(dir, &api, &why), ST_NOT_OURS);
	assert_int_equal(access("control", F_OK), 0);
	assert_null(api);
	unlink("control");
	char path[300] = "";
	memset(path, 'a', sizeof path - 1);
	text_clear(&why);
	assert_int_equal(api_open(path, &api, &why), ST_FULL);
	text_clear(&why);
	assert_int_equal(api_open("/nowhere", &api, &why), ST_SYSTEM);
	text_done(&why);
	api_stop(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_routes),
		cmocka_unit_test(test_garbage_is_survived),
		cmocka_unit_test(test_one_collector_a_folder),
		cmocka_unit_test(test_a_stale_socket_is_replaced),
		cmocka_unit_test(test_other_files_stay),
	};
	return cmocka_run_group_tests(tests, enter, leave);
}
