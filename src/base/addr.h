// SPDX-License-Identifier: Apache-2.0
// A transport address and an address prefix. IPv4 is held IPv4-mapped (::ffff:a.b.c.d), so there is one comparison.
#ifndef BASE_ADDR_H
#define BASE_ADDR_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/span.h"
#include "base/status.h"

enum { ADDR_TEXT = 80 }; // "[" IPv6 "%" scope "]:65535" and its NUL, with room

struct addr {
	uint8_t ip[16]; // network order, IPv4 mapped
	uint32_t scope; // interface index of a link-local address, else 0
	uint16_t port;  // host order
};

struct prefix {
	uint8_t ip[16];
	uint8_t bits; // 0..128, counted on the mapped form (an IPv4 /8 is 104)
};

bool addr_is_v4(const struct addr *a);
bool addr_is_loopback(const struct addr *a);
bool addr_is_any(const struct addr *a);
// Makes the address the loopback one of its family; the port stays.
void addr_loopback(struct addr *a);
bool addr_same_ip(const struct addr *a, const struct addr *b);

// From and to the kernel's form; v4 comes out as AF_INET unless as_v6. addr_to_sockaddr returns the length to pass.
struct addr addr_from_sockaddr(const struct sockaddr *sa);
socklen_t addr_to_sockaddr(const struct addr *a, bool as_v6, struct sockaddr_storage *out);

// "192.0.2.1:162", "[2001:db8::1%2]:162". Writes a NUL-terminated text into out[ADDR_TEXT] and returns out.
char *addr_text(const struct addr *a, char out[static ADDR_TEXT]);
// The same without the port and without brackets.
char *addr_ip_text(const struct addr *a, char out[static ADDR_TEXT]);

// "192.0.2.1:162" or "[::]:162" (port required), ST_SYNTAX otherwise; *out changes only on success.
enum st addr_parse(const char *text, struct addr *out);

// "10.0.0.0/8", "2001:db8::/32", or an address alone (all bits). Host bits that are set, or a scope: ST_SYNTAX.
enum st prefix_parse(const char *text, struct prefix *out);
// An IPv6 prefix never holds an IPv4 address: ::/0 is every IPv6 address.
bool prefix_holds(const struct prefix *p, const struct addr *a);

#endif
