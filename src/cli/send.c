// SPDX-License-Identifier: Apache-2.0
// `trapline send`: one trap or inform, and whether it was acknowledged.
#include "cli/send.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/scoped.h"
#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/place.h"

enum { HOST_MAX = 256, DEFAULT_TRIES = 3 };

static const char default_port[] = "2697";

// "HOST", "HOST:PORT", "[IPv6]:PORT" or a bare IPv6 address, split.
static bool split_host(const char *text, char host[HOST_MAX], const char **port)
{
	const char *from = text, *end = text + strlen(text), *colon = strrchr(text, ':');
	*port = default_port;
	if (*text == '[') {
		from++;
		end = strchr(text, ']');
		if (!end || (end[1] && end[1] != ':'))
			return false;
		if (end[1])
			*port = end + 2;
	} else if (colon && strchr(text, ':') == colon) {
		end = colon;
		*port = colon + 1;
	}
	if (end == from || end - from >= HOST_MAX || !**port)
		return false;
	memcpy(host, from, (size_t)(end - from));
	host[end - from] = 0;
	return true;
}

static int take_target(const struct args *a, struct send_target *t, char name[ADDR_TEXT])
{
	const char *to = args_value(a, "to"), *timeout = args_value(a, "timeout"), *port;
	char host[HOST_MAX], *end = NULL;
	unsigned long retries = DEFAULT_TRIES - 1;
	double seconds = timeout ? strtod(timeout, &end) : 1;
	if (!(seconds > 0 && seconds <= SEND_TIMEOUT_MAX) || (end && *end))
		return args_wrong(a, "--timeout %s: write seconds such as 0.5 or 3", timeout);
	if (!args_number(a, "retries", 0, SEND_TRIES_MAX - 1, &retries))
		return CLI_USAGE;
	if (!split_host(to ? to : "127.0.0.1", host, &port))
		return args_wrong(a, "--to %s: write HOST or HOST:PORT, IPv6 in brackets: [::1]:2697", to);
	t->tcp = args_has(a, "tcp");
	t->tries = (unsigned)retries + 1;
	t->timeout = (int64_t)(seconds * 1e9);
	const struct addrinfo want = { .ai_socktype = t->tcp ? SOCK_STREAM : SOCK_DGRAM, .ai_flags = AI_NUMERICSERV };
	struct addrinfo *found = NULL;
	int error = getaddrinfo(host, port, &want, &found);
	if (error)
		return args_failed(a, "--to %s: %s", to, gai_strerror(error));
	memcpy(&t->to, found->ai_addr, found->ai_addrlen);
	t->to_length = found->ai_addrlen;
	struct addr addr = addr_from_sockaddr(found->ai_addr);
	addr_text(&addr, name);
	freeaddrinfo(found);
	return CLI_DONE;
}

static int community_from_file(const struct args *a, const char *path, struct text *out)
{
	char bytes[SNMP_COMMUNITY_MAX + 2];
	int scoped(fd_close) fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, bytes, sizeof bytes);
	if (n < 0)
		return args_failed(a, "--community-file %s: %s", path, strerror(errno));
	if (n > 0 && bytes[n - 1] == '\n')
		n--;
	text_bytes(out, span_of(bytes, (size_t)n));
	explicit_bzero(bytes, sizeof bytes);
	return CLI_DONE;
}

static int community_from_config(const struct args *a, struct text *out)
{
	struct config *c = NULL;
	int code = place_config(a, &c);
	if (code)
		return code;
	if (c->policy->community_count == 0)
		code = args_failed(
		        a,
		        "no community in the configuration or in %s/local.yaml; give one with --community or "
		        "--community-file",
		        c->data);
	else
		text_bytes(out, span_of(c->policy->communities[0].community, c->policy->communities[0].n));
	config_free(c);
	return code;
}

static int take_community(const struct args *a, struct text *out)
{
	const char *given = args_value(a, "community"), *file = args_value(a, "community-file");
	if (given && file)
		return args_wrong(a, "--community and --community-file: give one of them");
	int code = CLI_DONE;
	if (given)
		text_add(out, given);
	else
		code = file ? community_from_file(a, file, out) : community_from_config(a, out);
	if (code == CLI_DONE && (out->n == 0 || out->n > SNMP_COMMUNITY_MAX))
		return args_wrong(a, "a community has 1 to %d octets", SNMP_COMMUNITY_MAX);
	return code;
}

static int say_result(const struct args *a, const struct send_notification *n, const struct send_result *r,
                      const char *name)
{
	if (!n->inform)
		printf("sent to %s; a trap is not acknowledged\n", name);
	else if (!r->answered)
		return args_failed(a, "not acknowledged by %s after %u tr%s", name, r->tries,
		                   r->tries == 1 ? "y" : "ies");
	else if (r->error_status)
		return args_failed(a, "%s answered with error-status %d", name, r->error_status);
	else
		printf("acknowledged by %s in %.1f ms\n", name, (double)r->took / 1e6);
	return CLI_DONE;
}

static int send_it(const struct args *a, const struct send_target *t, const struct send_notification *n,
                   const char *name)
{
	static const size_t room = SNMP_DATAGRAM_MAX;
	struct send_result result;
	uint8_t *bytes = malloc(room);
	if (!bytes)
		return args_failed(a, "out of memory");
	struct wr w = wr_of(bytes, room);
	int code;
	if (send_write(n, &w))
		code = args_failed(a, "the message is larger than %d octets", SNMP_DATAGRAM_MAX);
	else if (send_exchange(t, wr_span(&w), n, &result))
		code = args_failed(a, "%s: %s", name, strerror(errno));
	else
		code = say_result(a, n, &result, name);
	explicit_bzero(bytes, room);
	free(bytes);
	return code;
}

int cmd_send(const struct args *a)
{
	struct send_notification *n = malloc(sizeof *n);
	struct send_target target = { 0 };
	struct text community = { 0 };
	char name[ADDR_TEXT];
	if (!n)
		return args_failed(a, "out of memory");
	int code = send_notification_of(a, n);
	if (code == CLI_DONE)
		code = take_target(a, &target, name);
	if (code == CLI_DONE)
		code = take_community(a, &community);
	n->community = span_of(community.p, community.n);
	if (code == CLI_DONE)
		code = send_it(a, &target, n, name);
	if (community.p)
		explicit_bzero(community.p, community.n);
	text_done(&community);
	send_notification_done(n);
	free(n);
	return code;
}
