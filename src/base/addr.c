// SPDX-License-Identifier: Apache-2.0
#include "base/addr.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const uint8_t mapped[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff };
enum { MAPPED_BITS = 96 };

bool addr_is_v4(const struct addr *a)
{
	return memcmp(a->ip, mapped, sizeof mapped) == 0;
}

bool addr_is_loopback(const struct addr *a)
{
	static const uint8_t one[16] = { [15] = 1 };
	return addr_is_v4(a) ? a->ip[12] == 127 : memcmp(a->ip, one, 16) == 0;
}

bool addr_is_any(const struct addr *a)
{
	static const uint8_t zero[16];
	return memcmp(a->ip + 12, zero, 4) == 0 && (addr_is_v4(a) || memcmp(a->ip, zero, 16) == 0);
}

void addr_loopback(struct addr *a)
{
	bool v4 = addr_is_v4(a);
	memset(a->ip, 0, sizeof a->ip);
	if (v4) {
		memcpy(a->ip, mapped, sizeof mapped);
		a->ip[12] = 127;
	}
	a->ip[15] = 1;
	a->scope = 0;
}

bool addr_same_ip(const struct addr *a, const struct addr *b)
{
	return memcmp(a->ip, b->ip, 16) == 0 && a->scope == b->scope;
}

struct addr addr_from_sockaddr(const struct sockaddr *sa)
{
	struct addr a = { 0 };
	if (sa->sa_family == AF_INET) {
		struct sockaddr_in in;
		memcpy(&in, sa, sizeof in);
		memcpy(a.ip, mapped, sizeof mapped);
		memcpy(a.ip + 12, &in.sin_addr, 4);
		a.port = ntohs(in.sin_port);
	} else if (sa->sa_family == AF_INET6) {
		struct sockaddr_in6 in6;
		memcpy(&in6, sa, sizeof in6);
		memcpy(a.ip, &in6.sin6_addr, 16);
		a.scope = in6.sin6_scope_id;
		a.port = ntohs(in6.sin6_port);
	}
	return a;
}

socklen_t addr_to_sockaddr(const struct addr *a, bool as_v6, struct sockaddr_storage *out)
{
	memset(out, 0, sizeof *out);
	if (addr_is_v4(a) && !as_v6) {
		struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = htons(a->port) };
		memcpy(&in.sin_addr, a->ip + 12, 4);
		memcpy(out, &in, sizeof in);
		return sizeof in;
	}
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6, .sin6_port = htons(a->port), .sin6_scope_id = a->scope };
	memcpy(&in6.sin6_addr, a->ip, 16);
	memcpy(out, &in6, sizeof in6);
	return sizeof in6;
}

char *addr_ip_text(const struct addr *a, char out[static ADDR_TEXT])
{
	char ip[INET6_ADDRSTRLEN];
	if (addr_is_v4(a))
		inet_ntop(AF_INET, a->ip + 12, ip, sizeof ip);
	else
		inet_ntop(AF_INET6, a->ip, ip, sizeof ip);
	if (a->scope)
		snprintf(out, ADDR_TEXT, "%s%%%u", ip, a->scope);
	else
		snprintf(out, ADDR_TEXT, "%s", ip);
	return out;
}

char *addr_text(const struct addr *a, char out[static ADDR_TEXT])
{
	char ip[ADDR_TEXT];
	addr_ip_text(a, ip);
	if (addr_is_v4(a))
		snprintf(out, ADDR_TEXT, "%.60s:%u", ip, a->port);
	else
		snprintf(out, ADDR_TEXT, "[%.60s]:%u", ip, a->port);
	return out;
}

// The scope of a link-local address: an interface's name, or its index in digits. 0: no such interface.
static uint32_t scope_parse(const char *text)
{
	if (!*text || text[strspn(text, "0123456789")])
		return if_nametoindex(text);
	errno = 0;
	unsigned long index = strtoul(text, NULL, 10);
	return errno || index > UINT32_MAX ? 0 : (uint32_t)index;
}

static enum st ip_parse(const char *text, size_t n, struct addr *out)
{
	char copy[ADDR_TEXT];
	if (n == 0 || n >= sizeof copy)
		return ST_SYNTAX;
	memcpy(copy, text, n);
	copy[n] = 0;
	char *percent = strchr(copy, '%');
	uint32_t scope = 0;
	if (percent) {
		*percent++ = 0;
		scope = scope_parse(percent);
		if (!scope)
			return ST_SYNTAX;
	}
	struct addr a = { .scope = scope };
	if (!percent && inet_pton(AF_INET, copy, a.ip + 12) == 1)
		memcpy(a.ip, mapped, sizeof mapped);
	else if (inet_pton(AF_INET6, copy, a.ip) != 1)
		return ST_SYNTAX;
	*out = a;
	return ST_OK;
}

static enum st number_parse(const char *text, unsigned long max, unsigned long *out)
{
	if (!*text || strspn(text, "0123456789") != strlen(text) || strlen(text) > 5)
		return ST_SYNTAX;
	unsigned long v = strtoul(text, NULL, 10);
	if (v > max)
		return ST_SYNTAX;
	*out = v;
	return ST_OK;
}

enum st addr_parse(const char *text, struct addr *out)
{
	const char *colon = strrchr(text, ':');
	if (!colon)
		return ST_SYNTAX;
	const char *from = text, *to = colon;
	if (*text == '[') {
		if (colon == text || colon[-1] != ']')
			return ST_SYNTAX;
		from++;
		to--;
	} else if (memchr(text, ':', (size_t)(colon - text))) {
		return ST_SYNTAX; // an IPv6 address needs its brackets
	}
	struct addr a;
	unsigned long port;
	if (ip_parse(from, (size_t)(to - from), &a) || number_parse(colon + 1, UINT16_MAX, &port))
		return ST_SYNTAX;
	a.port = (uint16_t)port;
	*out = a;
	return ST_OK;
}

enum st prefix_parse(const char *text, struct prefix *out)
{
	const char *slash = strchr(text, '/');
	struct addr a;
	if (ip_parse(text, slash ? (size_t)(slash - text) : strlen(text), &a) || a.scope)
		return ST_SYNTAX;
	unsigned long max = addr_is_v4(&a) ? 32 : 128, bits = max;
	if (slash && number_parse(slash + 1, max, &bits))
		return ST_SYNTAX;
	if (addr_is_v4(&a))
		bits += MAPPED_BITS;
	struct prefix p = { .bits = (uint8_t)bits };
	memcpy(p.ip, a.ip, 16);
	for (size_t i = bits; i < 128; i++)
		if (p.ip[i / 8] & 0x80 >> i % 8)
			return ST_SYNTAX;
	*out = p;
	return ST_OK;
}

bool prefix_holds(const struct prefix *p, const struct addr *a)
{
	if (p->bits < MAPPED_BITS && addr_is_v4(a))
		return false; // ::/0 is every IPv6 address, not every address
	size_t whole = p->bits / 8, rest = p->bits % 8;
	if (memcmp(p->ip, a->ip, whole) != 0)
		return false;
	return rest == 0 || ((p->ip[whole] ^ a->ip[whole]) & (0xff00 >> rest & 0xff)) == 0;
}
