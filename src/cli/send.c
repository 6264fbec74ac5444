// SPDX-License-Identifier: Apache-2.0
// `trapline send`: one trap or inform, and whether it was acknowledged.
#include "cli/send.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/commands.h"
#include "event/event.h"

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

// One of the two, by the version.
struct speaker {
	struct send_community community;
	struct send_v3 v3;
};

static int say_result(const struct args *a, const struct send_notification *n, const struct speaker *s,
                      const struct send_result *r, const char *name)
{
	if (!n->inform) {
		printf("sent to %s; a trap is not acknowledged\n", name);
	} else if (r->refused) {
		struct text why = { 0 };
		send_v3_explain(&s->v3, r->why, &why);
		args_failed(a, "%s refused: %s", name, text_str(&why));
		text_done(&why);
		return CLI_FAILED;
	} else if (!r->answered) {
		return args_failed(a, "not acknowledged by %s after %u tr%s", name, r->tries,
		                   r->tries == 1 ? "y" : "ies");
	} else if (r->error_status) {
		return args_failed(a, "%s answered with error-status %d", name, r->error_status);
	} else {
		printf("acknowledged by %s in %.1f ms\n", name, (double)r->took / 1e6);
	}
	return CLI_DONE;
}

static int send_it(const struct args *a, const struct send_target *t, const struct send_notification *n,
                   struct speaker *s, const char *name)
{
	struct send_result result;
	bool v3 = n->version == SNMP_V3;
	int code = v3 ? send_v3_of(a, n, &s->v3) : send_community_of(a, n, &s->community);
	if (code != CLI_DONE)
		return code;
	struct send_talk talk = v3 ? send_v3_talk(&s->v3) : send_community_talk(&s->community);
	switch (send_exchange(t, &talk, &result)) {
	case ST_OK:
		return say_result(a, n, s, &result, name);
	case ST_FULL:
		return args_failed(a, "the message is larger than %d octets", SNMP_DATAGRAM_MAX);
	default:
		return args_failed(a, "%s: %s", name, strerror(errno));
	}
}

int cmd_send(const struct args *a)
{
	struct send_notification *n = calloc(1, sizeof *n);
	struct speaker *s = calloc(1, sizeof *s);
	struct send_target target = { 0 };
	char name[ADDR_TEXT];
	if (!n || !s) {
		free(n);
		free(s);
		return args_failed(a, "out of memory");
	}
	s->v3.lock = -1;
	int code = send_notification_of(a, n);
	if (code == CLI_DONE)
		code = take_target(a, &target, name);
	if (code == CLI_DONE)
		code = send_it(a, &target, n, s, name);
	send_community_done(&s->community);
	send_v3_done(&s->v3);
	send_notification_done(n);
	free(s);
	free(n);
	return code;
}
